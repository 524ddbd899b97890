# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Re-reads the books and names what does not hold. Streams: the memory it takes grows with accounts and seals, not lines.

First every transaction in order of id: its facts against its memento, and each line of its memento against the line of the
passbook where it has to stand; then, for each book, the leaves in order of number against the seals, and the tallies; then
what the accounts say of themselves; then the audit trail.
"""

from __future__ import annotations

import bisect
import collections
import functools
import itertools
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import audit
from wenming.domain.ledger import dialect, memento, merkle, numbers, tallies
from wenming.domain.ledger.hashing import ALGORITHMS, Digest, certificate, digest_of, digests_of, seal_digest
from wenming.domain.ledger.models import PLACES, Book, Seal, Tally, Unit
from wenming.domain.ledger.stage import HOUSES, RESTORING

FAULTS_MOST = 100
UNITS = {unit.value: place for place, unit in enumerate(Unit)}
UNIT_NAMES = [unit.value for unit in Unit] + [""]
NO_PAST = memento.NOTHING * 2


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold: a code for machines, the book, the transaction's number if it has one, a sentence."""

    code: str
    book: str
    number: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    ok: bool
    books: int
    transactions: int
    entries: int
    faults: list[Fault]


WORDS = {
    "seal.root": gettext_lazy("第 {size} 笔处的封账指纹和账本对不上。"),
    "seal.nodes": gettext_lazy("第 {size} 笔处的封账证明材料对不上。"),
    "seal.houses": gettext_lazy("第 {size} 笔处的内部账户结余对不上。"),
    "seal.instant": gettext_lazy("第 {size} 笔处的封账时间不对。"),
    "seal.chain": gettext_lazy("第 {size} 笔处的封账和前一次接不上。"),
    "account.balance": gettext_lazy("账户 {id} 的结余和流水对不上。"),
    "account.totals": gettext_lazy("账户 {id} 的累计和流水对不上。"),
    "account.held": gettext_lazy("账户 {id} 的预留和流水对不上。"),
    "account.sequence": gettext_lazy("账户 {id} 的行数和流水对不上。"),
    "account.instant": gettext_lazy("账户 {id} 的最近记账时间和流水对不上。"),
    "account.certificate": gettext_lazy("账户 {id} 的开户内容被改过。"),
    "account.closed": gettext_lazy("账户 {id} 销户之后还有积分。"),
}
OF_ACCOUNTS = [code for code in WORDS if code.startswith("account.")]


class _Enough(Exception):
    """As many faults as are worth naming."""


class _Account:
    """An account's figures as its lines make them."""

    __slots__ = (
        "balance", "book_id", "code", "credited", "debited", "floor", "has_balance", "held", "is_escrow", "is_member", "last",
        "pk", "place", "public_id", "stored", "token", "unit",
    )  # fmt: skip

    def __init__(self, row: dialect.Row) -> None:
        self.pk = row[0]
        self.book_id, self.public_id, unit, self.code, is_member, self.floor = row[1:7]
        self.stored = row[7:]
        self.unit = UNITS.get(unit, -1)
        self.is_member = bool(is_member)
        self.has_balance = self.is_member or unit == Unit.FEN
        self.is_escrow = not self.is_member and str(self.code).endswith(":escrow")
        self.token = bytes.fromhex(self.public_id)
        self.place = self.pk * PLACES  # where its last line stands
        self.balance = self.credited = self.debited = self.held = self.last = 0


class _Volume:
    """A book, its seals, and what its house accounts moved between them."""

    def __init__(self, book: Book, accounts: dict[bytes, _Account]) -> None:
        self.book = book
        self.algorithm = book.algorithm if book.algorithm in ALGORITHMS else "sha256"
        self.digest: Digest = digest_of(self.algorithm)
        self.mark = memento.book_mark(book.code)
        self.end = len(self.mark) + 16  # of a transaction's public id
        self.length = memento.length_without_lines(book.code) - 2
        self.sizes = list(Seal.objects.filter(book=book).order_by("size").values_list("size", flat=True))
        own = [account for account in accounts.values() if account.book_id == book.pk]
        self.accounts = {account.token: account for account in own if account.unit >= 0}
        units = {account.token: UNIT_NAMES[account.unit] for account in own}
        houses = {account.token: str(account.code) for account in own if not account.has_balance}
        self.periods = [tallies.Sums(units, houses) for _size in range(len(self.sizes) + 1)]
        self.place, self.covers = 0, [0, 0]

    def add(self, posted: Iterable[tuple[int | None, dialect.Row]]) -> None:
        """Transactions with their numbers, to the sums of the seals that cover them."""
        alike: dict[tuple[int, str, int, str], list[bytes]] = collections.defaultdict(list)
        before, covered = self.covers
        for number, row in posted:
            if number is None:
                place = -1
            elif before < number <= covered:
                place = self.place
            else:
                place = self.place = bisect.bisect_left(self.sizes, number)
                before, covered = self.covers = [0, *self.sizes, number][place : place + 2]
            alike[place, row[4], row[9] // tallies.HOUR, row[2]].append(row[6])
        for (place, scope, hour, kind), many in alike.items():
            self.periods[place].add(scope, hour, kind, many)


@dataclass(slots=True)
class _Work:
    volumes: dict[int, _Volume]
    accounts: dict[bytes, _Account]
    faults: list[Fault] = field(default_factory=list)
    transactions: int = 0
    entries: int = 0
    passbook_lines: int = 0
    holds: dict[int, tuple[int, dict[bytes, int]]] = field(default_factory=dict)

    def fault(self, code: str, book_id: int | None, number: int | None, message: str, **details: object) -> None:
        book = self.volumes[book_id].book.code if book_id in self.volumes else ""
        self.faults.append(Fault(code, book, number, message.format(number=number, **details)))
        if len(self.faults) >= FAULTS_MOST:
            raise _Enough


def verify(book_id: int | None) -> Report:
    with dialect.snapshot():
        books = Book.objects.order_by("id") if book_id is None else Book.objects.filter(pk=book_id)
        accounts = _read_accounts(book_id)
        volumes = {book.pk: _Volume(book, accounts) for book in books}
        work = _Work(volumes, accounts)
        try:
            _check_transactions(work, book_id)
            _check_count(work, book_id)
            for volume in volumes.values():
                _check_tree(work, volume)
                _check_tallies(work, volume)
            _check_accounts(work)
            broken = audit.first_broken()
            if broken is not None:
                work.fault("audit.chain", None, broken, _("操作日志第 {number} 条和指纹链对不上。"))
        except _Enough:
            pass
    return Report(not work.faults, len(volumes), work.transactions, work.entries, work.faults)


def _read_accounts(book_id: int | None) -> dict[bytes, _Account]:
    opened, closed = dialect.raw_instant("opened_at"), dialect.raw_instant("closed_at")
    statement = (
        "SELECT id, book_id, public_id, unit, code, is_member, floor, balance, credited_total, debited_total, held, "
        f"last_sequence, last_recorded, {opened}, {closed}, certificate FROM ledger_account"
    )
    condition, parameters = ("", []) if book_id is None else (" WHERE book_id = %s", [book_id])
    return {account.token: account for account in map(_Account, dialect.stream(statement + condition, parameters))}


TRANSACTIONS = (
    "SELECT t.id, t.book_id, t.kind, t.subject, t.scope, t.key, t.memento, t.leaf_hash, t.occurred, t.recorded, "
    "t.ends_id, h.memento, t.reverses_id, r.memento FROM ledger_transaction t "
    "LEFT JOIN ledger_transaction h ON h.id = t.ends_id LEFT JOIN ledger_transaction r ON r.id = t.reverses_id "
)
PAGE = 2048
Lines = list[tuple[_Account, int, int]]  # account, amount, place in its passbook (0 where it keeps none)


def _check_transactions(work: _Work, book_id: int | None) -> None:
    """Page by page: where each line has to stand follows from the lines before it, so a page of them is read by key."""
    condition, parameters = ("", []) if book_id is None else ("WHERE +t.book_id = %s ", [book_id])
    numbering = numbers.InOrder(book_id)
    for page in dialect.pages(f"{TRANSACTIONS}{condition}ORDER BY t.id", parameters, PAGE):
        work.transactions += len(page)
        numbered = [(numbering.of(row[0]), row) for row in page]
        pks = {row[1] for row in page}
        for pk in sorted(pks):
            own = numbered if len(pks) == 1 else [one for one in numbered if one[1][1] == pk]
            if pk in work.volumes:
                _check_page(work, work.volumes[pk], own)
                continue
            for number, row in own:
                work.fault("transaction.book", None, number, _("第 {id} 笔账不在任何账本里。"), id=row[0])


def _check_page(work: _Work, volume: _Volume, numbered: list[tuple[int | None, dialect.Row]]) -> None:
    """Some transactions of one book, in order of id."""
    rows = [row for _number, row in numbered]
    lines = [_lines(work, volume, row, number) for number, row in numbered]
    ids, values = dialect.among("id", [place for some, _is_readable in lines for _account, _amount, place in some if place])
    statement = f"SELECT id, transaction_id, amount, balance_after, recorded FROM ledger_entry WHERE {ids}"
    found = {row[0]: row for row in dialect.rows_of(statement, [values])}
    work.passbook_lines += len(found)
    work.entries += sum(len(some) for some, _is_readable in lines)
    digests = digests_of(volume.algorithm)
    hashes = zip(
        digests([row[3].encode() for row in rows]),
        digests([row[5].encode() for row in rows]),
        digests([b"\x00" + row[6] for row in rows]),
        strict=True,
    )
    for (number, row), (some, _is_readable), hashed in zip(numbered, lines, hashes, strict=True):
        _check_transaction(work, volume, row, number, some, found, hashed)
    volume.add(one for one, (_some, is_readable) in zip(numbered, lines, strict=True) if is_readable)


def _written(whole: bytes) -> memento.Lines:
    """The lines that a memento holds; none where it can't be read."""
    try:
        return memento.lines_of(whole)
    except (IndexError, struct.error):
        return []


def _lines(work: _Work, volume: _Volume, row: dialect.Row, number: int | None) -> tuple[Lines, bool]:
    """The lines that a memento holds, each with the place where it has to stand; and whether all could be read."""
    lines: Lines = []
    whole, length = row[6], volume.length + len(_words(row[2], row[4]))
    original: memento.Lines
    if len(whole) == length + 2 * memento.LINE_LENGTH:
        one, amount, other, opposite = memento.two_lines(whole, length)
        original = (one, amount), (other, opposite)
    else:
        original = _written(whole)
    for token, amount in original:
        account = volume.accounts.get(token)
        if account is None:
            work.fault("entry.account", row[1], number, _("第 {id} 笔账有一行记在了别处的账户上。"), id=row[0])
        elif account.has_balance:
            account.place += 1
            lines.append((account, amount, account.place))
        else:
            lines.append((account, amount, 0))
    return lines, 0 < len(lines) == len(original)


@functools.lru_cache(maxsize=4096)
def _words(kind: str, scope: str) -> bytes:
    return memento.short(kind) + memento.short(scope)


def _check_transaction(
    work: _Work, volume: _Volume, row: dialect.Row, number: int | None, lines: Lines, found: dict[int, dialect.Row],
    hashed: tuple[bytes, bytes, bytes],
) -> None:  # fmt: skip
    """One transaction against its original; `hashed` are the hashes of its subject, its key, and its leaf."""
    (pk, book_id, kind, _subject, scope, _key, stored, leaf, occurred, recorded, ends_id, ends, reverses_id, reverses) = row
    is_restoring = reverses_id is not None or kind in RESTORING
    into_escrow = 0
    for account, amount, place in lines:
        if place:
            account.balance += amount
            if (amount > 0) != is_restoring:
                account.credited += amount
            else:
                account.debited -= amount
            line = found.get(place)
            if line != (place, pk, amount, account.balance, recorded):
                _name_line(work, account, amount, line, pk, recorded, number)
            if recorded < account.last:
                work.fault("entry.order", book_id, number, _("第 {id} 笔账的记账时间早于存折的前一行。"), id=pk)
            if account.floor is not None and account.balance < account.floor:
                work.fault("entry.floor", book_id, number, _("第 {id} 笔账之后账户低于最低结余。"), id=pk)
            account.last = recorded
        elif account.is_escrow:
            into_escrow += amount
    if not _is_balanced(lines):
        work.fault("transaction.unbalanced", book_id, number, _("第 {id} 笔账收支不平。"), id=pk)
    past = NO_PAST
    if ends or reverses:
        past = (memento.token_of(ends) if ends else memento.NOTHING) + (
            memento.token_of(reverses) if reverses else memento.NOTHING
        )
        if any(memento.recorded_of(earlier) > recorded for earlier in (ends, reverses) if earlier):
            work.fault("transaction.order", book_id, number, _("第 {id} 笔账的记账时间早于它所办结或更正的那一笔。"), id=pk)
    end = volume.end
    facts, rest = (pk, stored[end - 8 : end], recorded, hashed[1]), (hashed[0], occurred, past, len(lines))
    start = memento.start(volume.mark, facts, _words(kind, scope), rest)
    if len(stored) != len(start) + memento.LINE_LENGTH * len(lines) or not stored.startswith(start):
        work.fault("memento.differs", book_id, number, _("第 {id} 笔账的内容和存底原文不一样。"), id=pk)
    if hashed[2] != leaf:
        work.fault("leaf.differs", book_id, number, _("第 {id} 笔账的指纹和存底原文不一样。"), id=pk)
    if number is None and pk <= volume.book.sealed_id:
        work.fault("number.missing", book_id, None, _("第 {id} 笔账已经封账，却没有编号。"), id=pk)
    if ends_id is not None:
        _check_end(work, book_id, number, pk, ends_id, -into_escrow)
    elif into_escrow:
        _check_hold(work, book_id, number, pk, lines, into_escrow)
    if reverses_id is not None:
        _check_reversal(work, book_id, number, pk, reverses, lines)


def _is_balanced(lines: Lines) -> bool:
    """Whether what is given in each unit is taken in it."""
    if len(lines) == 2:
        (one, amount, _place), (other, opposite, _there) = lines
        return one.unit == other.unit and amount == -opposite
    sums = [0, 0, 0]
    for account, amount, _place in lines:
        sums[account.unit] += amount
    return len(lines) > 2 and not any(sums)


def _name_line(
    work: _Work, account: _Account, amount: int, line: dialect.Row | None, pk: int, recorded: int, number: int | None
) -> None:
    """What is wrong with the line of a passbook: its transaction, its amount, the balance after it, its instant, or all of it."""
    if line is None:
        work.fault("entry.missing", account.book_id, number, _("第 {id} 笔账在存折里少了一行。"), id=pk)
        return
    for code, holds, words in (
        ("entry.transaction", line[1] == pk, _("第 {id} 笔账在存折里的那一行写着别的账号。")),
        ("entry.amount", line[2] == amount, _("第 {id} 笔账在存折里的数额和存底原文不一样。")),
        ("entry.balance", line[3] == account.balance, _("第 {id} 笔账在存折里的结余不对。")),
        ("entry.instant", line[4] == recorded, _("第 {id} 笔账在存折里的记账时间不对。")),
    ):
        if not holds:
            work.fault(code, account.book_id, number, words, id=pk)


def _check_count(work: _Work, book_id: int | None) -> None:
    """No passbook has a line that no transaction asked for: every line that has to be there is, so there are not more."""
    if book_id is None:
        statement, parameters = "SELECT COUNT(*) FROM ledger_entry", []
    else:
        statement = (
            "SELECT COUNT(*) FROM ledger_account a JOIN ledger_entry e "
            f"ON e.id > a.id * {PLACES} AND e.id < (a.id + 1) * {PLACES} WHERE a.book_id = %s"
        )
        parameters = [book_id]
    extra = dialect.rows_of(statement, parameters)[0][0] - work.passbook_lines
    if extra > 0:
        work.fault("entry.orphan", book_id, None, _("存折里有 {count} 行流水不属于任何一笔账。"), count=extra)


def _check_hold(work: _Work, book_id: int, number: int | None, pk: int, lines: Lines, into_escrow: int) -> None:
    """What goes into escrow is a hold: remembered until its one end."""
    if into_escrow < 0:
        work.fault("hold.unended", book_id, number, _("第 {id} 笔账从预留里取走积分，却没写明办结哪一笔。"), id=pk)
        return
    holders: dict[bytes, int] = {}
    for account, amount, _place in lines:
        if account.has_balance and amount < 0:
            holders[account.token] = -amount
            account.held -= amount
    work.holds[pk] = (into_escrow, holders)


def _check_end(work: _Work, book_id: int, number: int | None, pk: int, hold: int, amount: int) -> None:
    """A hold has one end, of its own amount."""
    if hold not in work.holds:
        work.fault("hold.end", book_id, number, _("第 {id} 笔账办结的预留不存在，或者已经办结过。"), id=pk)
        return
    held, holders = work.holds.pop(hold)
    if held != amount:
        work.fault("hold.amount", book_id, number, _("第 {id} 笔账办结的积分和预留的不一样多。"), id=pk)
    for token, part in holders.items():
        work.accounts[token].held -= part


def _check_reversal(work: _Work, book_id: int, number: int | None, pk: int, original: bytes | None, lines: Lines) -> None:
    """A reversal is the mirror image, except that what a member no longer has may come out of "written_off"."""
    wanted = {token: -amount for token, amount in _written(original or b"")}
    given = {account.token: amount for account, amount, _place in lines}
    short = [0, 0, 0]
    is_mirror = bool(wanted)
    for token in wanted.keys() | given.keys():
        account = work.accounts.get(token)
        difference = given.get(token, 0) - wanted.get(token, 0)
        if account is None or not difference:
            continue
        short[account.unit] += difference
        is_taken = account.has_balance and 0 < difference <= -wanted.get(token, 0)
        is_mirror = is_mirror and (is_taken or str(account.code).endswith(":written_off"))
    if not is_mirror or any(short):
        work.fault("reversal.differs", book_id, number, _("第 {id} 笔账不是它所更正那一笔的反向。"), id=pk)


LEAVES = (
    f"SELECT n.number + t.id - n.id, t.leaf_hash, t.recorded, t.id FROM {numbers.NUMBERED} "
    "WHERE n.book_id = %s AND +t.book_id = n.book_id ORDER BY n.number, t.id"
)


def _check_tree(work: _Work, volume: _Volume) -> None:
    """Numbers without gap, instants in order, and at every seal's size its root, its nodes, its house balances, its chain."""
    book = volume.book
    leaves = dialect.stream(LEAVES, [book.pk])
    growth = merkle.Growth(volume.algorithm)
    last = last_id = 0
    chain, houses, sealed_last = b"", dict[str, int](), 0
    for place, seal in enumerate(Seal.objects.filter(book=book).order_by("size").iterator(chunk_size=16)):
        rows = list(itertools.islice(leaves, max(0, seal.size - growth.size)))
        for number, row in enumerate(rows, growth.size + 1):
            if row[0] != number:
                work.fault("number.gap", book.pk, number, _("第 {number} 号账不见了。"))
                return
            if row[2] < last:
                work.fault("number.order", book.pk, number, _("第 {number} 号账的记账时间早于前一号。"))
            last, last_id = row[2], max(last_id, row[3])
        if growth.size + len(rows) != seal.size:
            work.fault("seal.size", book.pk, seal.size, _("封账写着 {size} 笔，账本里没有这么多。"), size=seal.size)
            return
        nodes = growth.extend([bytes(row[1]) for row in rows])
        houses = volume.periods[place].house_balances(houses)
        sealed = memento.micros(seal.sealed_at)
        facts = [
            ("seal.root", bytes(seal.root) == growth.root()),
            ("seal.nodes", bytes(seal.nodes) == b"".join(nodes)),
            ("seal.houses", seal.house_balances == houses),
            ("seal.instant", sealed >= max(sealed_last, last)),
        ]  # fmt: skip
        chain = seal_digest(volume.digest, chain, seal.size, bytes(seal.root), sealed, seal.house_balances)
        facts.append(("seal.chain", bytes(seal.digest) == chain))
        for code, holds in facts:
            if not holds:
                work.fault(code, book.pk, seal.size, str(WORDS[code]), size=seal.size)
        chain, sealed_last = bytes(seal.digest), sealed
    extra = next(leaves, None)
    if extra is not None or numbers.count(book.pk) != growth.size:
        work.fault("number.unsealed", book.pk, growth.size + 1, _("第 {number} 号账没有封账。"))
    if (book.sealed_size, book.sealed_through, book.sealed_id) != (growth.size, last, last_id):
        work.fault("book.sealed", book.pk, growth.size, _("账本记着封到第 {size} 笔，和封账记录对不上。"), size=book.sealed_size)


def _check_tallies(work: _Work, volume: _Volume) -> None:
    """What is kept of every village day is what the sealed transactions add up to."""
    wanted: dict[tallies.Key, list[int]] = {}
    for period in volume.periods[:-1]:
        for key, (count, amount) in period.days.items():
            total = wanted.setdefault(key, [0, 0])
            total[0] += count
            total[1] += amount
    found = {(row.scope, row.day, row.kind, row.unit): [row.count, row.amount] for row in Tally.objects.filter(book=volume.book)}
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            work.fault("tally.differs", volume.book.pk, None, _("{day}的日汇总和账本对不上。"), day=key[1].isoformat())


def _check_accounts(work: _Work) -> None:
    """What accounts say of themselves, against their lines and their certificates."""
    opened_with: dict[int, list[tuple[str, int]]] = {pk: [] for pk in work.volumes}
    for account in work.accounts.values():
        pk = account.pk
        volume = work.volumes.get(account.book_id)
        if volume is None:
            work.fault("account.book", None, None, _("账户 {id} 不在任何账本里。"), id=pk)
            continue
        balance, credited, debited, held, sequence, last, opened, closed, proof = account.stored
        unit = UNIT_NAMES[account.unit]
        born = dialect.micros_of(opened)
        wanted = certificate(
            volume.digest, volume.book.code, account.public_id, unit, account.code, account.is_member, account.floor, born
        )
        if account.floor is None and not account.is_member:
            opened_with[account.book_id].append((str(account.code), born))
        is_left = held or (balance and unit != Unit.HONOUR)
        is_well_closed = closed is None or not (is_left or last > dialect.micros_of(closed))
        said = (balance, (credited, debited), held, sequence, last, bytes(proof), True)
        found = (
            account.balance, (account.credited, account.debited), account.held, account.place - pk * PLACES, account.last, wanted,
            is_well_closed,
        )  # fmt: skip
        if said != found:
            for code, here, there in zip(OF_ACCOUNTS, said, found, strict=True):
                if here != there:
                    work.fault(code, account.book_id, None, str(WORDS[code]), id=pk)
    expected = sorted(f"{unit}:{name}" for unit, names in HOUSES.items() for name in names)
    for book_id, houses in opened_with.items():
        book = work.volumes[book_id].book
        is_whole = sorted(code for code, _born in houses) == expected
        if (
            not is_whole
            or book.algorithm not in ALGORITHMS
            or any(born != memento.micros(book.opened_at) for _code, born in houses)
        ):
            work.fault("book.opening", book_id, None, _("账本的开立内容被改过。"))

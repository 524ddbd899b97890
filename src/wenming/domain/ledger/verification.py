# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Re-reads the books and names what does not hold. Streams: the memory it takes grows with accounts and seals, not lines.

First every transaction with its lines in order of id, each against its memento and its accounts; then, for each book, the
leaves in order of number against the seals; then what the accounts say of themselves; then the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import audit
from wenming.domain.ledger import dialect, memento, merkle
from wenming.domain.ledger.engine import HOUSES, RESTORING
from wenming.domain.ledger.hashing import ALGORITHMS, Digest, certificate, digest_of, seal_digest
from wenming.domain.ledger.models import ENTRIES_MOST, Book, Kind, Seal, Unit

FAULTS_MOST = 100
UNITS = {unit.value: place for place, unit in enumerate(Unit)}
KINDS = {kind.value for kind in Kind}


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


class _Enough(Exception):
    """As many faults as are worth naming."""


class _Account:
    """An account's figures as its lines make them."""

    __slots__ = (
        "balance", "book_id", "code", "credited", "debited", "floor", "has_balance", "held", "is_escrow", "is_member", "last",
        "public_id", "sequence", "stored", "token", "unit",
    )  # fmt: skip

    def __init__(self, row: dialect.Row) -> None:
        self.book_id, self.public_id, unit, self.code, is_member, self.floor = row[1:7]
        self.stored = row[7:]
        self.unit = UNITS.get(unit, -1)
        self.is_member = bool(is_member)
        self.has_balance = self.is_member or unit == Unit.FEN
        self.is_escrow = not self.is_member and str(self.code).endswith(":escrow")
        self.token = bytes.fromhex(self.public_id)
        self.balance = self.credited = self.debited = self.held = self.sequence = self.last = 0


class _Volume:
    """A book, its seals, and what its house accounts moved between them."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.digest: Digest = digest_of(book.algorithm if book.algorithm in ALGORITHMS else "sha256")
        self.mark = memento.book_mark(book.code)
        self.sizes = list(Seal.objects.filter(book=book).order_by("size").values_list("size", flat=True))
        self.moved: list[dict[int, int]] = [{} for _size in range(len(self.sizes) + 1)]
        self.place = 0
        self.numbered = 0

    def period(self, number: int | None) -> dict[int, int]:
        """The house movements of the seal that covers this number."""
        if number is None:
            return self.moved[-1]
        while self.place and self.sizes[self.place - 1] >= number:
            self.place -= 1
        while self.place < len(self.sizes) and self.sizes[self.place] < number:
            self.place += 1
        return self.moved[self.place]


@dataclass(slots=True)
class _Work:
    volumes: dict[int, _Volume]
    accounts: dict[int, _Account]
    faults: list[Fault] = field(default_factory=list)
    transactions: int = 0
    entries: int = 0
    holds: dict[int, tuple[int, dict[int, int]]] = field(default_factory=dict)

    def fault(self, code: str, book_id: int | None, number: int | None, message: str, **details: object) -> None:
        book = self.volumes[book_id].book.code if book_id in self.volumes else ""
        self.faults.append(Fault(code, book, number, message.format(number=number, **details)))
        if len(self.faults) >= FAULTS_MOST:
            raise _Enough


def verify(book_id: int | None) -> Report:
    with dialect.snapshot():
        books = Book.objects.order_by("id") if book_id is None else Book.objects.filter(pk=book_id)
        volumes = {book.pk: _Volume(book) for book in books}
        work = _Work(volumes, _read_accounts(book_id))
        try:
            _check_transactions(work, book_id)
            for volume in volumes.values():
                _check_tree(work, volume)
            _check_accounts(work)
            broken = audit.first_broken()
            if broken is not None:
                work.fault("audit.chain", None, broken, _("操作日志第 {number} 条和指纹链对不上。"))
        except _Enough:
            pass
    return Report(not work.faults, len(volumes), work.transactions, work.entries, work.faults)


def _read_accounts(book_id: int | None) -> dict[int, _Account]:
    opened, closed = dialect.raw_instant("opened_at"), dialect.raw_instant("closed_at")
    statement = (
        "SELECT id, book_id, public_id, unit, code, is_member, floor, balance, credited_total, debited_total, held, "
        f"last_sequence, last_recorded, {opened}, {closed}, certificate FROM ledger_account"
    )
    condition, parameters = ("", []) if book_id is None else (" WHERE book_id = %s", [book_id])
    return {row[0]: _Account(row) for row in dialect.stream(statement + condition, parameters)}


def _streams(book_id: int | None) -> tuple[Iterator[dialect.Row], Iterator[dialect.Row]]:
    occurred, recorded = dialect.raw_instant("t.occurred_at"), dialect.raw_instant("t.recorded_at")
    transactions = (
        "SELECT t.id, t.book_id, t.public_id, t.number, t.kind, t.subject, t.scope, t.key, t.request_hash, t.memento, "
        f"t.leaf_hash, {occurred}, {recorded}, t.ends_id, h.public_id, t.reverses_id, r.public_id FROM ledger_transaction t "
        "LEFT JOIN ledger_transaction h ON h.id = t.ends_id LEFT JOIN ledger_transaction r ON r.id = t.reverses_id "
    )
    entries = "SELECT id, transaction_id, account_id, sequence, amount, balance_after, recorded FROM ledger_entry "
    parameters: list[int] = []
    if book_id is not None:
        transactions += "WHERE +t.book_id = %s "
        entries += "WHERE +account_id IN (SELECT id FROM ledger_account WHERE book_id = %s) "
        parameters = [book_id]
    return (
        dialect.stream(transactions + "ORDER BY t.id", parameters),
        dialect.stream(entries + "ORDER BY id", parameters),
    )


def _check_transactions(work: _Work, book_id: int | None) -> None:
    transactions, entries = _streams(book_id)
    entry = next(entries, None)
    for row in transactions:
        work.transactions += 1
        first = row[0] * ENTRIES_MOST
        lines: list[dialect.Row] = []
        while entry is not None and entry[0] < first + ENTRIES_MOST:
            if entry[0] < first:
                work.fault("entry.orphan", None, None, _("有一行流水（{id}）不属于任何一笔账。"), id=entry[0])
            else:
                lines.append(entry)
            work.entries += 1
            entry = next(entries, None)
        volume = work.volumes.get(row[1])
        if volume is None:
            work.fault("transaction.book", None, row[3], _("第 {id} 笔账不在任何账本里。"), id=row[0])
            continue
        _check_transaction(work, volume, row, lines)
    while entry is not None:
        work.entries += 1
        work.fault("entry.orphan", None, None, _("有一行流水（{id}）不属于任何一笔账。"), id=entry[0])
        entry = next(entries, None)


def _check_transaction(work: _Work, volume: _Volume, row: dialect.Row, lines: list[dialect.Row]) -> None:
    (pk, book_id, public_id, number, kind, subject, scope, key, request_hash, stored, leaf, occurred, recorded) = row[:13]
    ends_id, ends, reverses_id, reverses = row[13:]
    occurred, recorded = dialect.micros_of(occurred), dialect.micros_of(recorded)
    is_restoring = reverses_id is not None or kind in RESTORING
    packed: list[bytes] = []
    sums = [0, 0, 0]
    into_escrow = 0
    period = volume.period(number)
    for place, line in enumerate(lines, start=pk * ENTRIES_MOST):
        account = work.accounts.get(line[2])
        if account is None or account.book_id != book_id or account.unit < 0:
            work.fault("entry.account", book_id, number, _("第 {id} 笔账有一行记在了别处的账户上。"), id=pk)
            continue
        amount = line[4]
        if line[1] != pk or line[0] != place:
            work.fault("entry.transaction", book_id, number, _("第 {id} 笔账有一行写着别的账号。"), id=pk)
        sums[account.unit] += amount
        packed.append(account.token + memento.pack_amount(amount))
        if account.has_balance:
            _check_line(work, account, line, recorded, is_restoring, number)
            continue
        period[line[2]] = period.get(line[2], 0) + amount
        if line[3] is not None or line[5] is not None or line[6] is not None:
            work.fault("entry.house", book_id, number, _("第 {id} 笔账的内部账户行多出了余额。"), id=pk)
        if account.is_escrow:
            into_escrow += amount
    if any(sums) or len(lines) < 2:
        work.fault("transaction.unbalanced", book_id, number, _("第 {id} 笔账收支不平。"), id=pk)
    digest = volume.digest
    body = memento.body(
        memento.short(kind), memento.short(scope), digest(subject.encode()), occurred,
        bytes.fromhex(ends) if ends else memento.NOTHING, bytes.fromhex(reverses) if reverses else memento.NOTHING, packed,
    )  # fmt: skip
    whole = memento.head(volume.mark, bytes.fromhex(public_id), recorded, digest(key.encode())) + body
    stored = bytes(stored)
    if whole != stored:
        work.fault("memento.differs", book_id, number, _("第 {id} 笔账的内容和存底原文不一样。"), id=pk)
    if digest(b"\x00" + stored) != bytes(leaf):
        work.fault("leaf.differs", book_id, number, _("第 {id} 笔账的指纹和存底原文不一样。"), id=pk)
    if digest(body) != bytes(request_hash):
        work.fault("request.differs", book_id, number, _("第 {id} 笔账的请求指纹对不上。"), id=pk)
    if number is None and pk <= volume.book.sealed_id:
        work.fault("number.missing", book_id, None, _("第 {id} 笔账已经封账，却没有编号。"), id=pk)
    if ends_id is not None:
        _check_end(work, book_id, number, pk, ends_id, -into_escrow)
    elif into_escrow:
        _check_hold(work, book_id, number, pk, lines, into_escrow)
    if reverses_id is not None:
        _check_reversal(work, book_id, number, pk, reverses_id, lines)


def _check_line(work: _Work, account: _Account, line: dialect.Row, recorded: int, is_restoring: bool, number: int | None) -> None:
    """A line of a passbook: its place, the balance after it, its instant, its floor."""
    _id, pk, _account, sequence, amount, balance_after, at = line
    account.balance += amount
    account.sequence += 1
    if (amount > 0) != is_restoring:
        account.credited += amount
    else:
        account.debited -= amount
    if sequence != account.sequence:
        work.fault("entry.sequence", account.book_id, number, _("第 {id} 笔账在存折里的行次不连续。"), id=pk)
        account.sequence = sequence if isinstance(sequence, int) else account.sequence
    if balance_after != account.balance:
        work.fault("entry.balance", account.book_id, number, _("第 {id} 笔账在存折里的结余不对。"), id=pk)
    if at != recorded or recorded < account.last:
        work.fault("entry.instant", account.book_id, number, _("第 {id} 笔账在存折里的记账时间不对。"), id=pk)
    if account.floor is not None and account.balance < account.floor:
        work.fault("entry.floor", account.book_id, number, _("第 {id} 笔账之后账户低于最低结余。"), id=pk)
    account.last = recorded


def _check_hold(work: _Work, book_id: int, number: int | None, pk: int, lines: list[dialect.Row], into_escrow: int) -> None:
    """What goes into escrow is a hold: remembered until its one end."""
    if into_escrow < 0:
        work.fault("hold.unended", book_id, number, _("第 {id} 笔账从预留里取走积分，却没写明办结哪一笔。"), id=pk)
        return
    holders: dict[int, int] = {}
    for line in lines:
        account = work.accounts.get(line[2])
        if account is not None and account.has_balance and line[4] < 0:
            holders[line[2]] = -line[4]
            account.held -= line[4]
    work.holds[pk] = (into_escrow, holders)


def _check_end(work: _Work, book_id: int, number: int | None, pk: int, hold: int, amount: int) -> None:
    """A hold has one end, of its own amount."""
    if hold not in work.holds:
        work.fault("hold.end", book_id, number, _("第 {id} 笔账办结的预留不存在，或者已经办结过。"), id=pk)
        return
    held, holders = work.holds.pop(hold)
    if held != amount:
        work.fault("hold.amount", book_id, number, _("第 {id} 笔账办结的积分和预留的不一样多。"), id=pk)
    for account_id, part in holders.items():
        work.accounts[account_id].held -= part


def _check_reversal(work: _Work, book_id: int, number: int | None, pk: int, reverses_id: int, lines: list[dialect.Row]) -> None:
    """A reversal is the mirror image, except that what a member no longer has may come out of "written_off"."""
    first = reverses_id * ENTRIES_MOST
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, amount FROM ledger_entry WHERE id BETWEEN %s AND %s", [first, first + ENTRIES_MOST - 1]
        )
        wanted = {account_id: -amount for account_id, amount in cursor.fetchall()}
    short = [0, 0, 0]
    given = {line[2]: line[4] for line in lines}
    is_mirror = bool(wanted)
    for account_id in wanted.keys() | given.keys():
        account = work.accounts.get(account_id)
        difference = given.get(account_id, 0) - wanted.get(account_id, 0)
        if account is None or not difference:
            continue
        short[account.unit] += difference
        is_taken = account.has_balance and 0 < difference <= -wanted.get(account_id, 0)
        is_mirror = is_mirror and (is_taken or str(account.code).endswith(":written_off"))
    if not is_mirror or any(short):
        work.fault("reversal.differs", book_id, number, _("第 {id} 笔账不是它所更正那一笔的反向。"), id=pk)


def _check_tree(work: _Work, volume: _Volume) -> None:
    """Numbers without gap, instants in order, and at every seal's size its root, its nodes, its house balances, its chain."""
    book = volume.book
    statement = (
        f"SELECT number, leaf_hash, {dialect.raw_instant('recorded_at')} FROM ledger_transaction "
        "WHERE book_id = %s AND number IS NOT NULL ORDER BY number"
    )
    leaves = dialect.stream(statement, [book.pk])
    growth = merkle.Growth(volume.digest)
    last: Any = None
    chain, houses, sealed_last = b"", dict[str, int](), 0
    for place, seal in enumerate(Seal.objects.filter(book=book).order_by("size").iterator(chunk_size=16)):
        nodes: list[bytes] = []
        while growth.size < seal.size:
            row = next(leaves, None)
            if row is None:
                work.fault("seal.size", book.pk, seal.size, _("封账写着 {size} 笔，账本里没有这么多。"), size=seal.size)
                return
            if row[0] != growth.size + 1:
                work.fault("number.gap", book.pk, growth.size + 1, _("第 {number} 号账不见了。"))
                return
            if last is not None and row[2] < last:
                work.fault("number.order", book.pk, row[0], _("第 {number} 号账的记账时间早于前一号。"))
            last = row[2]
            nodes += growth.add(bytes(row[1]))
        for account_id, amount in volume.moved[place].items():
            code = str(work.accounts[account_id].code)
            houses[code] = houses.get(code, 0) + amount
        sealed = memento.micros(seal.sealed_at)
        facts = [
            ("seal.root", bytes(seal.root) == growth.root()),
            ("seal.nodes", bytes(seal.nodes) == b"".join(nodes)),
            ("seal.houses", seal.house_balances == houses),
            ("seal.instant", sealed >= max(sealed_last, dialect.micros_of(last))),
        ]  # fmt: skip
        chain = seal_digest(volume.digest, chain, seal.size, bytes(seal.root), sealed, seal.house_balances)
        facts.append(("seal.chain", bytes(seal.digest) == chain))
        for code, holds in facts:
            if not holds:
                work.fault(code, book.pk, seal.size, str(WORDS[code]), size=seal.size)
        chain, sealed_last = bytes(seal.digest), sealed
    extra = next(leaves, None)
    if extra is not None:
        work.fault("number.unsealed", book.pk, extra[0], _("第 {number} 号账没有封账。"))
    through = memento.micros(book.sealed_through) if book.sealed_through else None
    if book.sealed_size != growth.size or through != (dialect.micros_of(last) if last is not None else None):
        work.fault("book.sealed", book.pk, growth.size, _("账本记着封到第 {size} 笔，和封账记录对不上。"), size=book.sealed_size)


def _check_accounts(work: _Work) -> None:
    """What accounts say of themselves, against their lines and their certificates."""
    opened_with: dict[int, list[tuple[str, int]]] = {pk: [] for pk in work.volumes}
    for pk, account in work.accounts.items():
        volume = work.volumes.get(account.book_id)
        if volume is None:
            work.fault("account.book", None, None, _("账户 {id} 不在任何账本里。"), id=pk)
            continue
        balance, credited, debited, held, sequence, last, opened, closed, proof = account.stored
        unit = next((name for name, place in UNITS.items() if place == account.unit), "")
        born = dialect.micros_of(opened)
        wanted = certificate(
            volume.digest, volume.book.code, account.public_id, unit, account.code, account.is_member, account.floor, born
        )
        if account.floor is None and not account.is_member:
            opened_with[account.book_id].append((str(account.code), born))
        is_left = held or (balance and unit != Unit.HONOUR)
        is_well_closed = closed is None or not (is_left or last > dialect.micros_of(closed))
        facts = [
            ("account.balance", balance == account.balance),
            ("account.totals", (credited, debited) == (account.credited, account.debited)),
            ("account.held", held == account.held),
            ("account.sequence", sequence == account.sequence),
            ("account.instant", last == account.last),
            ("account.certificate", bytes(proof) == wanted),
            ("account.closed", is_well_closed),
        ]  # fmt: skip
        for code, holds in facts:
            if not holds:
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

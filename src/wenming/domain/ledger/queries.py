# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Every read of the books. Plain SQL on indexes where pages wait for it; nothing here reads a whole book but `verify`."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.ledger import dialect, leaves, memento, merkle, numbers, tallies, verification
from wenming.domain.ledger.hashing import digest_of, leaf_hash
from wenming.domain.ledger.models import PLACES, Account, Book, Kind, Seal, Transaction, Unit
from wenming.domain.ledger.seals import latest_seal, latest_seals, seal_of_size, seals
from wenming.domain.ledger.stage import HOUSES, RESTORING
from wenming.domain.ledger.tallies import amounts
from wenming.domain.ledger.verification import Fault, Report

__all__ = ["Fault", "Kind", "Report", "Unit", "amounts", "latest_seal", "latest_seals", "seal_of_size", "seals"]
_RESTORES = "(t.reverses_id IS NOT NULL OR t.kind IN ({}))".format(", ".join(f"'{kind}'" for kind in sorted(RESTORING)))

KIND_NAMES = {kind.value: kind.label for kind in Kind}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a passbook."""

    sequence: int
    amount: int
    balance_after: int
    kind: str
    subject: str
    transaction_id: int
    public_id: str
    number: int | None
    occurred_at: datetime
    recorded_at: datetime
    reverses_id: int | None
    reversed_by_id: int | None

    @property
    def kind_name(self) -> str:
        return str(KIND_NAMES[self.kind])


@dataclass(frozen=True, slots=True)
class Side:
    """One line of a transaction, house accounts and all; place and balance only where the account keeps one."""

    account: Account
    amount: int
    sequence: int | None = None
    balance_after: int | None = None

    @property
    def account_id(self) -> int:
        return self.account.pk


@dataclass(frozen=True, slots=True)
class Flow:
    earned: int
    spent: int


@dataclass(frozen=True, slots=True)
class Counts:
    books: int
    transactions: int
    entries: int
    outstanding: int


@dataclass(frozen=True, slots=True)
class KindTotal:
    """How many transactions of a kind, and how much moved in one unit."""

    scope: str
    kind: str
    unit: str
    count: int
    amount: int

    @property
    def kind_name(self) -> str:
        return str(KIND_NAMES[self.kind])


@dataclass(frozen=True, slots=True)
class DaySheet:
    """What one village day wrote in a book, and the last seal at its end."""

    book: str
    day: date
    totals: list[KindTotal]
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """A transaction's place under a sealed root, checkable without the books. Hashes and bytes in hexadecimal."""

    book: str
    algorithm: str
    number: int
    size: int
    root: str
    sealed_at: datetime
    memento: str
    path: tuple[str, ...]

    def leads_to(self, root: str) -> bool:
        """Whether the bytes of the entry lead, by the path, to this root. Asks nothing of the books."""
        digest = digest_of(self.algorithm)
        leaf = leaf_hash(digest, bytes.fromhex(self.memento))
        path = [bytes.fromhex(step) for step in self.path]
        return merkle.root_of(digest, leaf, self.number, self.size, path) == bytes.fromhex(root)


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the book of `first` transactions is the beginning of the book of `second`."""

    book: str
    algorithm: str
    first: int
    first_root: str
    second: int
    second_root: str
    path: tuple[str, ...]


# Balances and lines


def balance(account_id: int) -> int:
    return _figure("balance", account_id)


def balances(account_ids: Iterable[int]) -> dict[int, int]:
    condition, values = dialect.among("id", list(account_ids))
    return dict(dialect.rows_of(f"SELECT id, balance FROM ledger_account WHERE {condition}", [values]))


def held(account_id: int) -> int:
    """Points that stand in escrow for this account."""
    return _figure("held", account_id)


def _figure(column: str, account_id: int) -> int:
    found = dialect.rows_of(f"SELECT {column} FROM ledger_account WHERE id = %s", [account_id])
    if not found:
        raise NotFound(field="account")
    return int(found[0][0])


def _search(earlier: str) -> str:
    """SQL that bisects (account, sequence): where low = high, `low` is the last line recorded `earlier` than an instant."""
    at_middle = "(SELECT e.recorded FROM ledger_entry e WHERE e.id = %s + (low + high + 1) / 2)"
    return (
        "WITH RECURSIVE search(low, high) AS ("
        "SELECT CAST(0 AS bigint), last_sequence FROM ledger_account WHERE id = %s UNION ALL "
        f"SELECT CASE WHEN {at_middle} {earlier} %s THEN (low + high + 1) / 2 ELSE low END, "
        f"CASE WHEN {at_middle} {earlier} %s THEN high ELSE (low + high + 1) / 2 - 1 END FROM search WHERE low < high) "
    )


def _place(account_id: int, at: datetime, *, is_included: bool) -> tuple[int, int]:
    """The last line recorded until `at` (or before it) and the balance after it."""
    first, instant = account_id * PLACES, memento.micros(at)
    statement = _search("<=" if is_included else "<") + (
        "SELECT s.low, COALESCE((SELECT e.balance_after FROM ledger_entry e WHERE e.id = %s + s.low), 0) "
        "FROM search s WHERE s.low = s.high"
    )
    found = dialect.rows_of(statement, [account_id, first, instant, first, instant, first])
    return (int(found[0][0]), int(found[0][1])) if found else (0, 0)


def balance_at(account_id: int, at: datetime) -> int:
    """The balance once everything recorded until this instant was in it."""
    return _place(account_id, at, is_included=True)[1]


def _bound(edge: date | datetime) -> datetime:
    return edge if isinstance(edge, datetime) else clock.day_start(edge)


def statement(
    account_id: int,
    before: int | None = None,
    limit: int = 30,
    start: date | datetime | None = None,
    end: date | datetime | None = None,
) -> list[Line]:
    """Lines newest first. `before` is the sequence of the last line of the page before; the period is [start, end)."""
    low = _place(account_id, _bound(start), is_included=False)[0] if start is not None else 0
    high = before - 1 if before is not None else PLACES - 1
    if end is not None:
        high = min(high, _place(account_id, _bound(end), is_included=False)[0])
    first = account_id * PLACES
    rows = dialect.rows_of(
        "SELECT e.id, e.amount, e.balance_after, t.kind, t.subject, t.id, t.memento, t.occurred, t.recorded, "
        f"{numbers.NUMBER_OF_T}, t.reverses_id, r.id FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id "
        "LEFT JOIN ledger_transaction r ON r.reverses_id = t.id AND r.reverses_id IS NOT NULL "
        "WHERE e.id > %s AND e.id <= %s ORDER BY e.id DESC LIMIT %s",
        [first + low, first + high, limit],
    )
    lines = []
    for place, amount, balance_after, kind, subject, pk, whole, occurred, recorded, number, reverses, reversed_by in rows:
        happened, written = memento.instant(occurred), memento.instant(recorded)
        public_id = memento.token_of(whole).hex()
        facts = (amount, balance_after, kind, subject, pk, public_id, number, happened, written, reverses, reversed_by)
        lines.append(Line(place - first, *facts))
    return lines


def flow(account_id: int, start: datetime, end: datetime | None = None) -> Flow:
    """What was earned and spent in [start, end), or since `start`; what came back lowers what was spent, what was taken back
    what was earned. Each line asks for its transaction by its id, so that the work grows with the lines alone."""
    first, instant = account_id * PLACES, memento.micros(start)
    last = first + (_place(account_id, end, is_included=False)[0] if end is not None else PLACES - 1)
    row = dialect.rows_of(
        _search("<") + "SELECT COALESCE(SUM(CASE WHEN is_in <> is_back THEN amount ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN is_in <> is_back THEN 0 ELSE -amount END), 0) "
        f"FROM (SELECT e.amount AS amount, e.amount > 0 AS is_in, (SELECT {_RESTORES} FROM ledger_transaction t "
        "WHERE t.id = e.transaction_id) AS is_back FROM ledger_entry e "
        "WHERE e.id > %s + (SELECT s.low FROM search s WHERE s.low = s.high) AND e.id <= %s) AS lines",
        [account_id, first, instant, first, instant, first, last],
    )[0]
    return Flow(earned=max(0, int(row[0])), spent=max(0, int(row[1])))


def month_flow(account_id: int, month: date) -> Flow:
    """What was earned and spent in the village month of this day."""
    return flow(account_id, clock.day_start(clock.month_start(month)), clock.day_start(clock.next_month(month)))


def expirable(account_id: int, cutoff: datetime) -> int:
    """What is left of everything earned before `cutoff`, first in first out; nothing that came back counts as earned anew."""
    account = Account.objects.get(pk=account_id)
    low = _place(account_id, cutoff, is_included=False)[0]
    later = dialect.rows_of(
        "SELECT COALESCE(SUM(CASE "
        f"WHEN e.amount > 0 AND NOT {_RESTORES} THEN e.amount "
        "WHEN e.amount < 0 AND o.recorded >= %s THEN e.amount ELSE 0 END), 0) "
        "FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id "
        "LEFT JOIN ledger_transaction o ON o.id = t.reverses_id WHERE e.id > %s AND e.id < %s",
        [memento.micros(cutoff), account_id * PLACES + low, (account_id + 1) * PLACES],
    )[0][0]
    return min(account.balance, max(0, account.credited_total - int(later) - account.debited_total))


def remainders(account_ids: Iterable[int], cutoffs: Sequence[datetime]) -> dict[int, tuple[int, ...]]:
    """`expirable` of many accounts at several cutoffs, in one query."""
    condition, values = dialect.among("a.id", list(account_ids))
    later = ", ".join(
        f"COALESCE(SUM(CASE WHEN e.recorded < %s THEN 0 WHEN e.amount > 0 AND NOT {_RESTORES} THEN e.amount "
        "WHEN e.amount < 0 AND o.recorded >= %s THEN e.amount ELSE 0 END), 0)"
        for _cutoff in cutoffs
    )
    edges = [edge for cutoff in cutoffs for edge in [memento.micros(cutoff)] * 2]
    rows = dialect.rows_of(
        f"SELECT a.id, a.balance, {later} FROM ledger_account a LEFT JOIN ledger_entry e ON e.id > a.id * {PLACES} "
        f"AND e.id < (a.id + 1) * {PLACES} AND e.recorded >= %s LEFT JOIN ledger_transaction t ON t.id = e.transaction_id "
        f"LEFT JOIN ledger_transaction o ON o.id = t.reverses_id WHERE {condition} GROUP BY a.id, a.balance",
        [*edges, memento.micros(min(cutoffs)), values],
    )
    return {pk: tuple(min(balance, max(0, balance - int(one))) for one in earned) for pk, balance, *earned in rows}


# Transactions


def as_recorded(at: datetime) -> int:
    """An instant as the books keep it, for rooms that choose their own rows by when they were recorded."""
    return memento.micros(at)


def _pk_of(public_id: str) -> int:
    """The number of the row with which a public id begins; 0, which no row has, where it is none."""
    is_one = len(public_id) == 32 and not set(public_id) - set(string.hexdigits.lower()) and public_id < "8"
    return int(public_id[:16], 16) if is_one else 0


def transaction(public_id: str) -> Transaction:
    found = Transaction.objects.filter(pk=_pk_of(public_id)).first()
    if found is None or found.public_id != public_id:
        raise NotFound()
    return found


def transaction_by_key(book_id: int, key: str) -> Transaction | None:
    return Transaction.objects.filter(book_id=book_id, key=key).first()


def entries(transaction_id: int) -> list[Side]:
    """The lines of a transaction, house accounts and all, in the order of its memento."""
    posted = Transaction.objects.get(pk=transaction_id)
    return [_placed(posted, side) for side in _sides(posted)]


def _sides(posted: Transaction) -> list[Side]:
    lines = memento.lines_of(posted.memento)
    accounts = {account.public_id: account for account in Account.objects.filter(public_id__in=[line[0].hex() for line in lines])}
    return [Side(accounts[token.hex()], amount) for token, amount in lines]


def _placed(posted: Transaction, side: Side) -> Side:
    """The same line with its place in its passbook, found by the instant."""
    account = side.account
    if not account.is_member and account.unit != Unit.FEN:
        return side
    low, high = (_place(account.pk, posted.recorded_at, is_included=is_included)[0] for is_included in (False, True))
    first = account.pk * PLACES
    statement = "SELECT id, balance_after FROM ledger_entry WHERE id > %s AND id <= %s AND transaction_id = %s"
    ((place, balance_after),) = dialect.rows_of(statement, [first + low, first + high, posted.pk])
    return Side(account, side.amount, place - first, balance_after)


def reversal_of(transaction_id: int) -> Transaction | None:
    return Transaction.objects.filter(reverses_id=transaction_id).first()


def end_of(hold_id: int) -> Transaction | None:
    """What closed a hold."""
    return Transaction.objects.filter(ends_id=hold_id).first()


def mirror(original: Transaction) -> tuple[list[tuple[int, int, int]], bool]:
    """The moves that undo a transaction (source, destination, amount), and whether it is a hold."""
    lines = _sides(original)
    is_hold = any(line.amount > 0 and (line.account.code or "").endswith(":escrow") for line in lines)
    moves: list[tuple[int, int, int]] = []
    for unit in dict.fromkeys(line.account.unit for line in lines):
        givers = [[line.account_id, line.amount] for line in lines if line.account.unit == unit and line.amount > 0]
        for taker in (line for line in lines if line.account.unit == unit and line.amount < 0):
            wanted = -taker.amount
            while wanted:
                giver = givers[0]
                amount = min(wanted, giver[1])
                moves.append((giver[0], taker.account_id, amount))
                wanted -= amount
                giver[1] -= amount
                if not giver[1]:
                    givers.pop(0)
    return moves, is_hold


# Books


def book(book_id: int) -> Book:
    return Book.objects.get(pk=book_id)


def book_by_code(code: str) -> Book:
    found = Book.objects.filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def books(after: int = 0, limit: int | None = None) -> list[Book]:
    return list(Book.objects.filter(pk__gt=after).order_by("id")[:limit])


def house_balances(book_id: int) -> dict[str, int]:
    """Every house account of points and honour: the checkpoint of the last seal, and what came after it."""
    totals = {f"{unit}:{name}": 0 for unit, names in HOUSES.items() if unit != Unit.FEN for name in names}
    with dialect.snapshot():
        seal = latest_seal(book_id)
        totals.update(seal.house_balances if seal else {})
        return tallies.unsealed(book_id).house_balances(totals)


def outstanding(book_id: int) -> int:
    """Points in members' hands, held ones too."""
    houses = house_balances(book_id)
    return -sum(amount for code, amount in houses.items() if code.startswith("points:") and code != "points:escrow")


def counts() -> Counts:
    """What the books hold, house accounts' lines too: they stand in the mementos, whose lengths tell how many there are."""
    transactions = lines = 0
    counted = books()
    for one in counted:
        statement = (
            "SELECT COUNT(*), COALESCE(SUM(LENGTH(memento) - LENGTH(kind) - LENGTH(scope)), 0) "
            "FROM ledger_transaction WHERE book_id = %s"
        )
        count, length = dialect.rows_of(statement, [one.pk])[0]
        transactions += count
        lines += (int(length) - count * memento.length_without_lines(one.code)) // memento.LINE_LENGTH
    return Counts(len(counted), transactions, lines, sum(outstanding(one.pk) for one in counted))


def totals_by_kind(book_id: int, scope: str | None, start: datetime, end: datetime) -> list[KindTotal]:
    """What was recorded, by kind and unit, of one branch or (scope None) of each, on the village days from that of `start`
    on and before `end`: whole days, so an end in the middle of one takes all of it."""
    first, last = clock.local_date(start), clock.local_date(end - memento.MICROSECOND)
    with dialect.snapshot():
        found = tallies.kept(book_id, first, last + timedelta(days=1), scope)
        fresh = tallies.unsealed(book_id).days
    totals: dict[tuple[str, str, str], list[int]] = {}
    for days in (found, fresh):
        for (branch, day, kind, unit), (count, amount) in days.items():
            if first <= day <= last and scope in (None, branch):
                total = totals.setdefault((branch, kind, unit), [0, 0])
                total[0] += count
                total[1] += amount
    return [KindTotal(*key, *total) for key, total in sorted(totals.items())]


def day_sheet(book_id: int, day: date) -> DaySheet:
    """What a village day wrote, by branch and kind, and the head of the tree at its end."""
    seal = Seal.objects.filter(book_id=book_id, sealed_at__lt=clock.day_end(day)).order_by("-size").first()
    return DaySheet(
        book=book(book_id).code,
        day=day,
        totals=totals_by_kind(book_id, None, clock.day_start(day), clock.day_end(day)),
        size=seal.size if seal else 0,
        root=bytes(seal.root).hex() if seal else "",
    )


# Seals and proofs


def _sealed_size(book_id: int, size: int) -> Seal:
    found = seal_of_size(book_id, size)
    if found is None:
        raise NotFound(field="size")
    return found


def inclusion_proof(public_id: str, size: int | None = None) -> InclusionProof:
    """The proof of one transaction under the newest seal, or under the seal of this size."""
    wanted, parameters = ("b.sealed_size", []) if size is None else ("%s", [size])
    rows = dialect.rows_of(
        f"SELECT t.memento, {numbers.NUMBER_OF_T}, b.id, b.code, b.algorithm, s.size, s.root, "
        f"{dialect.raw_instant('s.sealed_at')} FROM ledger_transaction t JOIN ledger_book b ON b.id = t.book_id "
        f"JOIN ledger_seal s ON s.book_id = b.id AND s.size = {wanted} WHERE t.id = %s",
        [*parameters, _pk_of(public_id)],
    )
    whole, number, book_id, code, algorithm, sealed, root, sealed_at = rows[0] if rows else (None,) * 8
    if number is None or number > sealed or memento.token_of(whole).hex() != public_id:
        raise NotFound()
    digest = digest_of(algorithm)
    path = leaves.walk(book_id, lambda read: merkle.inclusion_path(digest, number - 1, sealed, read))
    return InclusionProof(
        book=code,
        algorithm=algorithm,
        number=number,
        size=sealed,
        root=bytes(root).hex(),
        sealed_at=memento.instant(dialect.micros_of(sealed_at)),
        memento=bytes(whole).hex(),
        path=tuple(step.hex() for step in path),
    )


def consistency_proof(book_id: int, first: int, second: int) -> ConsistencyProof:
    """The proof that the seal of size `second` grew out of that of size `first`."""
    earlier, later = _sealed_size(book_id, first), _sealed_size(book_id, second)
    if first > second:
        raise NotFound(field="second")
    sealed = book(book_id)
    digest = digest_of(sealed.algorithm)
    path = leaves.walk(sealed.pk, lambda read: merkle.consistency_path(digest, first, second, read))
    return ConsistencyProof(
        book=sealed.code,
        algorithm=sealed.algorithm,
        first=first,
        first_root=bytes(earlier.root).hex(),
        second=second,
        second_root=bytes(later.root).hex(),
        path=tuple(step.hex() for step in path),
    )


def verify(book_id: int | None = None) -> Report:
    """Re-read everything and name what does not hold: one book and the audit trail, or all books."""
    return verification.verify(book_id)

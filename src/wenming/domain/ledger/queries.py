# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Every read of the books. Plain SQL on indexes where pages wait for it; nothing here reads a whole book but `verify`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.ledger import dialect, memento, merkle, verification
from wenming.domain.ledger.engine import HOUSES, RESTORING
from wenming.domain.ledger.hashing import digest_of, leaf_hash
from wenming.domain.ledger.models import ENTRIES_MOST, Account, Book, Entry, Kind, Seal, Transaction, Unit
from wenming.domain.ledger.verification import Fault, Report

__all__ = ["Fault", "Kind", "Report", "Unit"]
LAST_PLACE = 2**62
LINES_OF_TRANSACTION = f"e.id BETWEEN t.id * {ENTRIES_MOST} AND t.id * {ENTRIES_MOST} + {ENTRIES_MOST - 1}"
_RESTORES = "(t.reverses_id IS NOT NULL OR t.kind IN ({}))".format(", ".join(f"'{kind}'" for kind in sorted(RESTORING)))


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
        return str(Kind(self.kind).label)


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
        return str(Kind(self.kind).label)


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


def _rows(statement: str, parameters: Iterable[Any]) -> list[dialect.Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return list(cursor.fetchall())


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# Balances and lines


def balance(account_id: int) -> int:
    return int(Account.objects.values_list("balance", flat=True).get(pk=account_id))


def balances(account_ids: Iterable[int]) -> dict[int, int]:
    condition, values = dialect.among("id", list(account_ids))
    return dict(_rows(f"SELECT id, balance FROM ledger_account WHERE {condition}", [values]))


def held(account_id: int) -> int:
    """Points that stand in escrow for this account."""
    return int(Account.objects.values_list("held", flat=True).get(pk=account_id))


def _place(account_id: int, at: datetime, *, is_included: bool) -> tuple[int, int]:
    """The last line recorded until `at` (or before it) and the balance after it, by bisecting (account, sequence)."""
    earlier = "<=" if is_included else "<"
    at_middle = (
        "(SELECT e.recorded FROM ledger_entry e WHERE e.account_id = %s AND e.sequence = (low + high + 1) / 2 "
        "AND e.sequence IS NOT NULL)"
    )
    statement = (
        "WITH RECURSIVE search(low, high) AS ("
        "SELECT CAST(0 AS bigint), last_sequence FROM ledger_account WHERE id = %s UNION ALL "
        f"SELECT CASE WHEN {at_middle} {earlier} %s THEN (low + high + 1) / 2 ELSE low END, "
        f"CASE WHEN {at_middle} {earlier} %s THEN high ELSE (low + high + 1) / 2 - 1 END FROM search WHERE low < high) "
        "SELECT s.low, COALESCE((SELECT e.balance_after FROM ledger_entry e WHERE e.account_id = %s AND e.sequence = s.low "
        "AND e.sequence IS NOT NULL), 0) FROM search s WHERE s.low = s.high"
    )
    instant = memento.micros(at)
    found = _rows(statement, [account_id, account_id, instant, account_id, instant, account_id])
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
    conditions, parameters = ["e.account_id = %s", "e.sequence > %s"], [account_id, low]
    if end is not None:
        conditions.append("e.sequence <= %s")
        parameters.append(_place(account_id, _bound(end), is_included=False)[0])
    if before is not None:
        conditions.append("e.sequence < %s")
        parameters.append(before)
    rows = _rows(
        "SELECT e.sequence, e.amount, e.balance_after, t.kind, t.subject, t.id, t.public_id, t.number, t.occurred_at, "
        "t.recorded_at, t.reverses_id, r.id FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id "
        "LEFT JOIN ledger_transaction r ON r.reverses_id = t.id AND r.reverses_id IS NOT NULL "
        f"WHERE {' AND '.join(conditions)} ORDER BY e.sequence DESC LIMIT %s",
        [*parameters, limit],
    )
    return [Line(*(*row[:8], _aware(row[8]), _aware(row[9]), row[10], row[11])) for row in rows]


def flow(account_id: int, start: datetime, end: datetime | None = None) -> Flow:
    """What was earned and spent in [start, end), or since `start`; what came back lowers what was spent, what was taken back
    what was earned."""
    low = _place(account_id, start, is_included=False)[0]
    high = _place(account_id, end, is_included=False)[0] if end is not None else LAST_PLACE
    if low == high:
        return Flow(0, 0)
    row = _rows(
        f"SELECT COALESCE(SUM(CASE WHEN (e.amount > 0) <> {_RESTORES} THEN e.amount ELSE 0 END), 0), "
        f"COALESCE(SUM(CASE WHEN (e.amount > 0) <> {_RESTORES} THEN 0 ELSE -e.amount END), 0) "
        "FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id "
        "WHERE e.account_id = %s AND e.sequence > %s AND e.sequence <= %s",
        [account_id, low, high],
    )[0]
    return Flow(earned=max(0, int(row[0])), spent=max(0, int(row[1])))


def month_flow(account_id: int, month: date) -> Flow:
    """What was earned and spent in the village month of this day."""
    return flow(account_id, clock.day_start(clock.month_start(month)), clock.day_start(clock.next_month(month)))


def expirable(account_id: int, cutoff: datetime) -> int:
    """What is left of everything earned before `cutoff`, first in first out; nothing that came back counts as earned anew."""
    account = Account.objects.get(pk=account_id)
    low = _place(account_id, cutoff, is_included=False)[0]
    later = _rows(
        "SELECT COALESCE(SUM(CASE "
        f"WHEN e.amount > 0 AND NOT {_RESTORES} THEN e.amount "
        "WHEN e.amount < 0 AND o.recorded_at >= %s THEN e.amount ELSE 0 END), 0) "
        "FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id "
        "LEFT JOIN ledger_transaction o ON o.id = t.reverses_id WHERE e.account_id = %s AND e.sequence > %s",
        [dialect.stored(cutoff), account_id, low],
    )[0][0]
    return min(account.balance, max(0, account.credited_total - int(later) - account.debited_total))


def remainders(account_ids: Iterable[int], cutoffs: Sequence[datetime]) -> dict[int, tuple[int, ...]]:
    """`expirable` of many accounts at several cutoffs, in one query."""
    condition, values = dialect.among("a.id", list(account_ids))
    later = ", ".join(
        f"COALESCE(SUM(CASE WHEN e.recorded < %s THEN 0 WHEN e.amount > 0 AND NOT {_RESTORES} THEN e.amount "
        "WHEN e.amount < 0 AND o.recorded_at >= %s THEN e.amount ELSE 0 END), 0)"
        for _cutoff in cutoffs
    )
    edges = [edge for cutoff in cutoffs for edge in (memento.micros(cutoff), dialect.stored(cutoff))]
    rows = _rows(
        f"SELECT a.id, a.balance, {later} FROM ledger_account a LEFT JOIN ledger_entry e ON e.account_id = a.id "
        "AND e.sequence IS NOT NULL AND e.recorded >= %s LEFT JOIN ledger_transaction t ON t.id = e.transaction_id "
        f"LEFT JOIN ledger_transaction o ON o.id = t.reverses_id WHERE {condition} GROUP BY a.id, a.balance",
        [*edges, memento.micros(min(cutoffs)), values],
    )
    return {pk: tuple(min(balance, max(0, balance - int(one))) for one in earned) for pk, balance, *earned in rows}


# Transactions


def transaction(public_id: str) -> Transaction:
    found = Transaction.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def transaction_by_key(book_id: int, key: str) -> Transaction | None:
    return Transaction.objects.filter(book_id=book_id, key=key).first()


def entries(transaction_id: int) -> QuerySet[Entry]:
    """The lines of a transaction, house accounts and all."""
    first = transaction_id * ENTRIES_MOST
    return Entry.objects.filter(pk__range=(first, first + ENTRIES_MOST - 1)).select_related("account").order_by("pk")


def reversal_of(transaction_id: int) -> Transaction | None:
    return Transaction.objects.filter(reverses_id=transaction_id).first()


def end_of(hold_id: int) -> Transaction | None:
    """What closed a hold."""
    return Transaction.objects.filter(ends_id=hold_id).first()


def mirror(original: Transaction) -> tuple[list[tuple[int, int, int]], bool]:
    """The moves that undo a transaction (source, destination, amount), and whether it is a hold."""
    lines = list(entries(original.pk))
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


def house_names(book_id: int) -> dict[int, str]:
    """The house accounts of a book that carry no balance of their own, such as "points:issuance"."""
    houses = Account.objects.filter(book_id=book_id, code__isnull=False, is_member=False).exclude(unit=Unit.FEN)
    return {pk: str(code) for pk, code in houses.values_list("pk", "code")}


def house_balances(book_id: int) -> dict[str, int]:
    """Every house account of points and honour: the checkpoint of the last seal, and what came after it."""
    seal = latest_seal(book_id)
    totals = {f"{unit}:{name}": 0 for unit, names in HOUSES.items() if unit != Unit.FEN for name in names}
    totals.update(seal.house_balances if seal else {})
    names = house_names(book_id)
    first = (book(book_id).sealed_id + 1) * ENTRIES_MOST
    statement = "SELECT account_id, SUM(amount) FROM ledger_entry WHERE id >= %s AND sequence IS NULL GROUP BY account_id"
    for account_id, amount in _rows(statement, [first]):
        if account_id in names:
            totals[names[account_id]] += int(amount)
    return totals


def outstanding(book_id: int) -> int:
    """Points in members' hands, held ones too."""
    houses = house_balances(book_id)
    return -sum(amount for code, amount in houses.items() if code.startswith("points:") and code != "points:escrow")


def counts(book_id: int | None = None) -> Counts:
    books_counted = Book.objects.all() if book_id is None else Book.objects.filter(pk=book_id)
    keys = list(books_counted.values_list("pk", flat=True))
    if book_id is None:
        transactions, lines = Transaction.objects.count(), Entry.objects.count()
    else:
        transactions = Transaction.objects.filter(book_id=book_id).count()
        lines = Entry.objects.filter(account__book_id=book_id).count()
    return Counts(len(keys), transactions, lines, sum(outstanding(key) for key in keys))


def totals_by_kind(book_id: int, scope: str | None, start: datetime, end: datetime) -> list[KindTotal]:
    """What was written in [start, end), by kind and unit, of one branch or (scope None) of each."""
    parameters: list[Any] = [book_id, dialect.stored(start), dialect.stored(end)]
    scopes = ""
    if scope is not None:
        scopes = "AND t.scope = %s "
        parameters.append(scope)
    rows = _rows(
        "SELECT t.scope, t.kind, a.unit, COUNT(DISTINCT t.id), SUM(e.amount) "
        f"FROM ledger_transaction t JOIN ledger_entry e ON {LINES_OF_TRANSACTION} JOIN ledger_account a ON a.id = e.account_id "
        f"WHERE t.book_id = %s AND t.recorded_at >= %s AND t.recorded_at < %s {scopes}AND e.amount > 0 "
        "GROUP BY t.scope, t.kind, a.unit ORDER BY t.scope, t.kind, a.unit",
        parameters,
    )
    return [KindTotal(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]


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


def latest_seal(book_id: int) -> Seal | None:
    return Seal.objects.filter(book_id=book_id).defer("nodes").order_by("-size").first()


def latest_seals(book_ids: Iterable[int]) -> dict[int, Seal]:
    """The newest seal of each of these books that has one."""
    found = Seal.objects.filter(book_id__in=list(book_ids), size=F("book__sealed_size")).defer("nodes")
    return {seal.book_id: seal for seal in found}


def seals(book_id: int) -> QuerySet[Seal]:
    """The seals of a book, newest first."""
    return Seal.objects.filter(book_id=book_id).defer("nodes").order_by("-size")


def seal_of_size(book_id: int, size: int) -> Seal | None:
    """The seal over the first `size` transactions, if there is one."""
    return Seal.objects.filter(book_id=book_id, size=size).defer("nodes").first()


def reader(sealed: Book) -> merkle.Reader:
    """Reads the hash of a complete subtree: a leaf from its transaction, an inner node from the seal that completed it."""

    def read(start: int, height: int) -> bytes:
        last = start + (1 << height)
        if height == 0:
            found = _rows("SELECT leaf_hash FROM ledger_transaction WHERE book_id = %s AND number = %s", [sealed.pk, last])
            return bytes(found[0][0])
        found = _rows(
            "SELECT s.id, (SELECT COALESCE(MAX(p.size), 0) FROM ledger_seal p WHERE p.book_id = s.book_id AND p.size < s.size) "
            "FROM ledger_seal s WHERE s.book_id = %s AND s.size >= %s ORDER BY s.size LIMIT 1",
            [sealed.pk, last],
        )
        seal_id, before = found[0]
        offset = 32 * (merkle.place(last, height) - merkle.nodes_before(before))
        return bytes(_rows("SELECT substr(nodes, %s, 32) FROM ledger_seal WHERE id = %s", [offset + 1, seal_id])[0][0])

    return read


def _sealed_size(book_id: int, size: int) -> Seal:
    found = seal_of_size(book_id, size)
    if found is None:
        raise NotFound(field="size")
    return found


def inclusion_proof(public_id: str, size: int | None = None) -> InclusionProof:
    """The proof of one transaction under the newest seal, or under the seal of this size."""
    posted = transaction(public_id)
    number = posted.number
    seal = latest_seal(posted.book_id) if size is None else _sealed_size(posted.book_id, size)
    if number is None or seal is None or number > seal.size:
        raise NotFound()
    sealed = book(posted.book_id)
    path = merkle.inclusion_path(digest_of(sealed.algorithm), number - 1, seal.size, reader(sealed))
    return InclusionProof(
        book=sealed.code,
        algorithm=sealed.algorithm,
        number=number,
        size=seal.size,
        root=bytes(seal.root).hex(),
        sealed_at=seal.sealed_at,
        memento=bytes(posted.memento).hex(),
        path=tuple(step.hex() for step in path),
    )


def consistency_proof(book_id: int, first: int, second: int) -> ConsistencyProof:
    """The proof that the seal of size `second` grew out of that of size `first`."""
    earlier, later = _sealed_size(book_id, first), _sealed_size(book_id, second)
    if first > second:
        raise NotFound(field="second")
    sealed = book(book_id)
    path = merkle.consistency_path(digest_of(sealed.algorithm), first, second, reader(sealed))
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


def log(book_id: int) -> QuerySet[Transaction, tuple[Any, ...]]:
    """Every numbered transaction in order, lean, for an archive: number, public id, kind, subject, scope and memento."""
    numbered = Transaction.objects.filter(book_id=book_id, number__isnull=False).order_by("number")
    return numbered.values_list("number", "public_id", "kind", "subject", "scope", "memento")

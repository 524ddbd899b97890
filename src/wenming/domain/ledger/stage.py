# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""What a batch is planned against: the book and its house accounts, the members' figures, earlier transactions it speaks of."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from wenming.domain.ledger import dialect, memento
from wenming.domain.ledger.hashing import Digests, digests_of
from wenming.domain.ledger.models import PLACES, Kind, Unit

HOUSES: dict[Unit, tuple[str, ...]] = {
    Unit.POINTS: ("issuance", "escrow", "redeemed", "expired", "opening", "written_off"),
    Unit.HONOUR: ("issuance", "escrow", "redeemed", "expired", "opening", "written_off"),
    Unit.FEN: ("outside",),
}
# What these kinds bring back was spent before: it lowers what was spent and does not count as earned again.
RESTORING = frozenset({Kind.ORDER_RELEASED.value, Kind.ORDER_REFUNDED.value, Kind.FUND_RETURNED.value})


class Move(NamedTuple):
    """From where, to where, how much (> 0): an account's pk, or the name of a house account such as "issuance"."""

    source: int | str
    destination: int | str
    amount: int


class Posting(NamedTuple):
    """One act to post. `scope` is the branch's code; `ends` the hold that it closes; `reverses` what it puts right."""

    kind: str
    subject: str
    moves: tuple[Move, ...]
    key: str
    occurred_at: datetime
    recorded_at: datetime
    scope: str = ""
    ends: int | None = None
    reverses: int | None = None
    write_off: bool = False


class AccountState:
    """An account's figures while a batch is planned."""

    __slots__ = (
        "balance", "closed", "code", "credited", "debited", "floor", "has_balance", "held", "is_escrow", "last", "pk", "place",
        "token", "unit",
    )  # fmt: skip

    def __init__(self, row: dialect.Row) -> None:
        (
            self.pk, public_id, self.unit, self.code, self.has_balance, self.floor, self.balance, self.credited, self.debited,
            self.held, sequence, self.last, self.closed,
        ) = row  # fmt: skip
        self.place = self.pk * PLACES + sequence
        self.token = bytes.fromhex(public_id)
        self.is_escrow = not self.has_balance and self.code.endswith(":escrow")


Group = dict[str, AccountState]  # the houses of one name, by unit

ACCOUNT_COLUMNS = (
    "id, public_id, unit, code, is_member OR unit = 'fen', floor, balance, credited_total, debited_total, held, "
    "last_sequence, last_recorded, closed_at IS NOT NULL"
)
BOOK = (
    "SELECT b.code, b.algorithm, b.sealed_through, i.public_id FROM ledger_book b JOIN ledger_account i "
    "ON i.book_id = b.id AND i.code = 'points:issuance' WHERE b.id = %s"
)
BOOK_AND_MEMBERS = BOOK.replace(
    "i.public_id FROM",
    "i.public_id, a.id, a.public_id, a.unit, a.code, a.is_member OR a.unit = 'fen', a.floor, a.balance, a.credited_total, "
    "a.debited_total, a.held, a.last_sequence, a.last_recorded, a.closed_at IS NOT NULL FROM",
).replace(" WHERE", " JOIN ledger_account a ON +a.book_id = b.id WHERE")
FEW = 64


@dataclass(slots=True)
class Past:
    """An earlier transaction that an act ends or reverses."""

    token: bytes
    recorded: int
    is_ended: bool
    is_reversed: bool
    into_escrow: int
    holders: dict[int, int]  # what each member or fund gave


@dataclass(slots=True)
class Stage:
    """What a batch is planned against, and what comes out of it: `linked` are the transactions that end or reverse one."""

    book_id: int
    ids: Sequence[int]  # for new transactions: taken after the locks, so that the lines of a passbook rise with them
    mark: bytes
    digests: Digests
    sealed_through: int
    accounts: dict[int, AccountState]
    houses: dict[str, Group]
    past: dict[int, Past]
    touched: set[AccountState] = field(default_factory=set)
    plain: list[dialect.Row] = field(default_factory=list)
    linked: list[dialect.Row] = field(default_factory=list)
    entries: list[dialect.Row] = field(default_factory=list)


@functools.lru_cache(maxsize=64)
def _houses_of(book_id: int, _public_id: str) -> tuple[dict[str, Group], dict[int, AccountState]]:
    """The house accounts of a book by name and unit, and those without figures by pk, of which one copy serves every batch.

    They are opened with the book and never change: it is known by the random id of the first of them.
    """
    statement = f"SELECT {ACCOUNT_COLUMNS} FROM ledger_account WHERE book_id = %s AND code IS NOT NULL"
    names = {f"{unit.value}:{name}" for unit, group in HOUSES.items() for name in group}
    by_name: dict[str, Group] = {}
    for house in map(AccountState, dialect.rows_of(statement, [book_id])):
        if house.code in names:
            by_name.setdefault(house.code.partition(":")[2], {})[house.unit] = house
    return by_name, {house.pk: house for group in by_name.values() for house in group.values() if not house.has_balance}


def set_stage(book_id: int, postings: Sequence[Posting]) -> Stage:
    """Everything that a batch is planned against, its members' rows locked."""
    earlier_ids: set[int | None] = {None}
    sides: set[int | str] = set()
    for posting in postings:
        earlier_ids.update(posting[7:9])
        for source, destination, _amount in posting[2]:
            sides.add(source)
            sides.add(destination)
    wanted = {side for side in sides if isinstance(side, int)}
    is_simple = len(earlier_ids) == 1 and "outside" not in sides and len(wanted) <= FEW
    statement, parameters = _few(book_id, sorted(wanted)) if is_simple else (BOOK, [book_id])
    ids, rows = dialect.join_posting(book_id, len(postings) if is_simple else 0, statement, parameters)
    code, algorithm, sealed_through, public_id = (rows or dialect.rows_of(BOOK, [book_id]))[0][:4]
    houses, without_figures = _houses_of(book_id, public_id)
    outside = houses["outside"][Unit.FEN].pk
    past = _read_past({pk for pk in earlier_ids if pk is not None}, houses)
    if "outside" in sides:
        wanted.add(outside)
    for earlier in past.values():
        wanted.update(earlier.holders)
    if is_simple:
        accounts = {row[4]: AccountState(row[4:17]) for row in rows}
    else:
        accounts = _lock_members(book_id, sorted(wanted))
        ids = dialect.next_ids("ledger_transaction", len(postings))
    if outside in accounts:
        houses = {**houses, "outside": {Unit.FEN: accounts[outside]}}
    accounts.update(without_figures)
    return Stage(
        book_id=book_id,
        ids=ids,
        mark=memento.book_mark(code),
        digests=digests_of(algorithm),
        sealed_through=sealed_through,
        accounts=accounts,
        houses=houses,
        past=past,
    )


def _few(book_id: int, ids: Sequence[int]) -> tuple[str, list[object]]:
    """How to read the book and a few members' rows, locked, in one statement: nothing where none of them is there."""
    condition, values = dialect.among("a.id", ids)
    return _book_and_members(condition, dialect.for_update("a")), [book_id, values]


@functools.cache
def _book_and_members(condition: str, lock: str) -> str:
    return f"{BOOK_AND_MEMBERS} AND {condition}{lock}"


def _lock_members(book_id: int, ids: Sequence[int]) -> dict[int, AccountState]:
    """Lock the rows of these accounts in ascending id and read them. Points house accounts are never among them."""
    condition, values = dialect.among("id", ids)
    statement = f"SELECT {ACCOUNT_COLUMNS} FROM ledger_account WHERE +book_id = %s AND {condition}"
    return {row[0]: AccountState(row) for row in dialect.rows_of(statement + dialect.for_update(), [book_id, values])}


def _read_past(ids: set[int], houses: dict[str, Group]) -> dict[int, Past]:
    """The transactions that a batch ends or reverses: their public ids, what they put in escrow, and who gave."""
    if not ids:
        return {}
    condition, values = dialect.among("t.id", sorted(ids))
    statement = (
        "SELECT t.id, t.memento, EXISTS (SELECT 1 FROM ledger_transaction o WHERE o.ends_id = t.id), "
        f"EXISTS (SELECT 1 FROM ledger_transaction o WHERE o.reverses_id = t.id) FROM ledger_transaction t WHERE {condition}"
    )
    rows = dialect.rows_of(statement, [values])
    escrow = {house.token for house in houses["escrow"].values()}
    without_figures = {house.token for group in houses.values() for house in group.values() if not house.has_balance}
    lines = {pk: memento.lines_of(whole) for pk, whole, _ended, _reversed in rows}
    pks = _pks_of({token for found in lines.values() for token, _amount in found} - without_figures)
    past: dict[int, Past] = {}
    for pk, whole, is_ended, is_reversed in rows:
        into_escrow = sum(amount for token, amount in lines[pk] if token in escrow)
        holders = {pks[token]: -amount for token, amount in lines[pk] if amount < 0 and token in pks}
        past[pk] = Past(
            memento.token_of(whole), memento.recorded_of(whole), bool(is_ended), bool(is_reversed), into_escrow, holders
        )
    return past


def _pks_of(tokens: set[bytes]) -> dict[bytes, int]:
    """The accounts of these public ids."""
    condition, values = dialect.among("public_id", sorted(token.hex() for token in tokens))
    return {
        bytes.fromhex(public_id): pk
        for public_id, pk in dialect.rows_of(f"SELECT public_id, id FROM ledger_account WHERE {condition}", [values])
    }

# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Sums that never read history: what each village day recorded, and what the house accounts stand at.

The sealer adds up what it seals and keeps it in the same act; a reader takes what is kept and adds the few transactions
that are not sealed yet; `verify` adds everything up again.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from wenming.core import clock
from wenming.domain.ledger import dialect, memento
from wenming.domain.ledger.models import Unit

Line = tuple[bytes, int]  # an account's public id and a signed amount, as mementos hold them
Key = tuple[str, date, str, str]  # scope, day, kind, unit
UNSEALED = (
    "SELECT t.recorded, t.scope, t.kind, t.memento FROM ledger_book b JOIN ledger_transaction t ON t.id > b.sealed_id "
    "WHERE b.id = %s AND +t.book_id = %s"
)
HOUR = 3_600_000_000
COLUMNS = (
    ("book_id", "bigint"), ("scope", "text"), ("day", "date"), ("kind", "text"), ("unit", "text"), ("count", "bigint"),
    ("amount", "bigint"),
)  # fmt: skip


@functools.lru_cache(maxsize=4096)
def _day_of_hour(hour: int) -> date:
    return clock.local_date(memento.instant(hour * HOUR))


class Sums:
    """Counts and amounts by scope, village day, kind and unit; and what the house accounts without a balance moved."""

    def __init__(self, units: Mapping[bytes, str], houses: Mapping[bytes, str]) -> None:
        self.units, self.houses = units, houses
        self.days: dict[Key, list[int]] = {}
        self.moved: dict[str, int] = {}

    def add(self, recorded: int, scope: str, kind: str, lines: Iterable[Line]) -> None:
        given: dict[str, int] = {}
        for token, amount in lines:
            if token in self.houses:
                code = self.houses[token]
                self.moved[code] = self.moved.get(code, 0) + amount
            if amount > 0:
                unit = self.units[token]
                given[unit] = given.get(unit, 0) + amount
        day = _day_of_hour(recorded // HOUR)
        for unit, amount in given.items():
            found = self.days.setdefault((scope, day, kind, unit), [0, 0])
            found[0] += 1
            found[1] += amount

    def house_balances(self, before: Mapping[str, int]) -> dict[str, int]:
        return {code: before.get(code, 0) + self.moved.get(code, 0) for code in sorted(before.keys() | self.moved.keys())}


Parsed = tuple[int, str, str, list[Line]]  # recorded, scope, kind, lines


def parse(rows: Sequence[dialect.Row]) -> list[Parsed]:
    """Transactions as sums need them, from recorded, scope, kind and memento."""
    return [(recorded, scope, kind, memento.lines_of(whole)) for recorded, scope, kind, whole in rows]


def blank(book_id: int, parsed: Sequence[Parsed]) -> Sums:
    """Empty sums that know every account of these transactions."""
    houses = dialect.rows_of(
        "SELECT public_id, unit, code FROM ledger_account WHERE book_id = %s AND code IS NOT NULL AND is_member = %s",
        [book_id, False],
    )
    units = {bytes.fromhex(public_id): str(unit) for public_id, unit, _code in houses}
    codes = {bytes.fromhex(public_id): str(code) for public_id, unit, code in houses if unit != Unit.FEN}
    wanted = {token.hex() for row in parsed for token, amount in row[3] if amount > 0 and token not in units}
    condition, values = dialect.among("public_id", sorted(wanted))
    members = dialect.rows_of(f"SELECT public_id, unit FROM ledger_account WHERE {condition}", [values])
    units.update((bytes.fromhex(public_id), str(unit)) for public_id, unit in members)
    return Sums(units, codes)


def unsealed(book_id: int) -> Sums:
    """The sums of what is posted and not sealed yet: the rows after the last sealed one, found by their id alone."""
    parsed = parse(dialect.rows_of(UNSEALED, [book_id, book_id]))
    sums = blank(book_id, parsed)
    for row in parsed:
        sums.add(*row)
    return sums


def keep(book_id: int, sums: Sums) -> None:
    """Add these sums to the tallies kept. Only the sealer does, and the book is locked."""
    rows = [
        (book_id, scope, dialect.stored_day(day), kind, unit, *found)
        for (scope, day, kind, unit), found in sorted(sums.days.items())
    ]
    dialect.add("ledger_tally", COLUMNS, rows, ("count", "amount"))


def kept(book_id: int, start: date, end: date, scope: str | None) -> dict[Key, list[int]]:
    """The tallies kept of the days in [start, end), of one branch or (scope None) of each."""
    condition = "book_id = %s AND day >= %s AND day < %s"
    parameters = [book_id, dialect.stored_day(start), dialect.stored_day(end)]
    if scope is not None:
        condition, parameters = f"{condition} AND scope = %s", [*parameters, scope]
    statement = f"SELECT scope, day, kind, unit, count, amount FROM ledger_tally WHERE {condition}"
    return {(row[0], dialect.day_of(row[1]), row[2], row[3]): [row[4], row[5]] for row in dialect.rows_of(statement, parameters)}

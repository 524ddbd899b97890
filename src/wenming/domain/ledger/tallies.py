# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Sums that never read history: what each village day recorded, and what the house accounts stand at.

The sealer adds up what it seals and keeps it in the same act; a reader takes what is kept and adds the few transactions
that are not sealed yet; `verify` adds everything up again.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from wenming.core import clock
from wenming.domain.ledger import dialect, memento
from wenming.domain.ledger.models import Unit

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
    """Counts and amounts by scope, village day, kind and unit; and what the house accounts without a balance moved.

    `units` are the accounts known so far: where a house stands on one side, it alone tells the unit.
    """

    def __init__(self, units: dict[bytes, str], houses: Mapping[bytes, str]) -> None:
        self.units, self.houses = units, houses
        self.days: dict[Key, list[int]] = {}
        self.moved: dict[str, int] = {}

    def add(self, scope: str, hour: int, kind: str, mementos: Sequence[memento.Bytes]) -> None:
        """Add transactions of one book, scope, hour (since 1970) and kind."""
        pairs = memento.pairs_of(mementos)
        given = self._alike(pairs) if pairs else None
        if given is None:
            given = self._one_by_one(mementos)
        day = _day_of_hour(hour)
        for unit, amounts in given.items():
            total = self.days.setdefault((scope, day, kind, unit), [0, 0])
            total[0] += len(amounts)
            total[1] += sum(amounts)

    def _alike(self, pairs: Sequence[tuple[bytes, int, bytes, int]]) -> dict[str, list[int]] | None:
        """What transactions of two lines move, by unit, where the same house stands on one side of all of them and none on the
        other; None where that is not so."""
        firsts, amounts, seconds, opposite = zip(*pairs, strict=True)
        for side, moved, others in ((firsts, amounts, seconds), (seconds, opposite, firsts)):
            house = self.houses.get(side[0])
            if house and side.count(side[0]) == len(side) and self.houses.keys().isdisjoint(others):
                self.moved[house] = self.moved.get(house, 0) + sum(moved)
                return {self.units[side[0]]: list(map(abs, amounts))}
        return None

    def _one_by_one(self, mementos: Sequence[memento.Bytes]) -> dict[str, list[int]]:
        """The same of any transactions."""
        houses, moved = self.houses, self.moved
        given: dict[str, list[int]] = {}
        for whole in mementos:
            lines = memento.lines_of(whole)
            for unit, amount in self._given(lines).items():
                given.setdefault(unit, []).append(amount)
            for token, amount in lines:
                if token in houses:
                    moved[houses[token]] = moved.get(houses[token], 0) + amount
        return given

    def add_posted(
        self, recorded: Iterable[int], scopes: Iterable[str], kinds: Iterable[str], mementos: Iterable[memento.Bytes]
    ) -> None:
        """Add transactions as the books hold them, column by column."""
        alike: dict[tuple[int, str, str], list[memento.Bytes]] = collections.defaultdict(list)
        for key, whole in zip(zip([at // HOUR for at in recorded], scopes, kinds, strict=True), mementos, strict=True):
            alike[key].append(whole)
        for (hour, scope, kind), many in alike.items():
            self.add(scope, hour, kind, many)

    def _given(self, lines: memento.Lines) -> dict[str, int]:
        """What moved in each unit. What was given is what was taken, so the side whose accounts are known tells."""
        given = self._side(lines, -1) or self._side(lines, 1)
        if given is None:
            condition, values = dialect.among("public_id", [token.hex() for token, _amount in lines])
            found = dialect.rows_of(f"SELECT public_id, unit FROM ledger_account WHERE {condition}", [values])
            self.units.update((bytes.fromhex(public_id), str(unit)) for public_id, unit in found)
            given = self._side(lines, -1)
        return given or {}

    def _side(self, lines: memento.Lines, sign: int) -> dict[str, int] | None:
        """What the lines of one sign move in each unit; None if the unit of one is not known."""
        units, given = self.units, dict[str, int]()
        for token, amount in lines:
            if amount * sign > 0:
                unit = units.get(token)
                if unit is None:
                    return None
                given[unit] = given.get(unit, 0) + amount * sign
        return given

    def house_balances(self, before: Mapping[str, int]) -> dict[str, int]:
        return {code: before.get(code, 0) + self.moved.get(code, 0) for code in sorted(before.keys() | self.moved.keys())}


def blank(book_id: int) -> Sums:
    """Empty sums that know the house accounts of a book; members' accounts they look up."""
    houses = dialect.rows_of(
        "SELECT public_id, unit, code FROM ledger_account WHERE book_id = %s AND code IS NOT NULL AND is_member = %s",
        [book_id, False],
    )
    units = {bytes.fromhex(public_id): str(unit) for public_id, unit, _code in houses}
    codes = {bytes.fromhex(public_id): str(code) for public_id, unit, code in houses if unit != Unit.FEN}
    return Sums(units, codes)


def unsealed(book_id: int) -> Sums:
    """The sums of what is posted and not sealed yet: the rows after the last sealed one, found by their id alone."""
    sums = blank(book_id)
    rows = dialect.rows_of(UNSEALED, [book_id, book_id])
    if rows:
        sums.add_posted(*zip(*rows, strict=True))
    return sums


def keep(book_id: int, sums: Sums) -> None:
    """Add these sums to the tallies kept. Only the sealer does, and the book is locked."""
    rows = [
        (book_id, scope, dialect.stored_day(day), kind, unit, *found)
        for (scope, day, kind, unit), found in sorted(sums.days.items())
    ]
    dialect.add("ledger_tally", COLUMNS, rows, ("count", "amount"))


def amounts(book_id: int, spans: Sequence[tuple[date, date]], kind: str, unit: str) -> dict[str, list[int]]:
    """What one kind moved at each branch in each of these spans of days [first, end): one read of the tallies, however many
    branches and spans."""
    columns = ", ".join(["SUM(CASE WHEN day >= %s AND day < %s THEN amount ELSE 0 END)"] * len(spans))
    ends = [dialect.stored_day(day) for span in spans for day in span]
    whole = [dialect.stored_day(min(first for first, _end in spans)), dialect.stored_day(max(end for _first, end in spans))]
    statement = (
        f"SELECT scope, {columns} FROM ledger_tally "
        "WHERE book_id = %s AND day >= %s AND day < %s AND kind = %s AND unit = %s GROUP BY scope"
    )
    with dialect.snapshot():
        rows = dialect.rows_of(statement, [*ends, book_id, *whole, kind, unit])
        fresh = unsealed(book_id).days
    found = {scope: [int(amount) for amount in sums] for scope, *sums in rows}
    for (scope, day, of_kind, of_unit), (_count, amount) in fresh.items():
        for place, (first, end) in enumerate(spans):
            if (of_kind, of_unit) == (kind, unit) and first <= day < end:
                found.setdefault(scope, [0] * len(spans))[place] += amount
    return found


def kept(book_id: int, start: date, end: date, scope: str | None) -> dict[Key, list[int]]:
    """The tallies kept of the days in [start, end), of one branch or (scope None) of each."""
    condition = "book_id = %s AND day >= %s AND day < %s"
    parameters = [book_id, dialect.stored_day(start), dialect.stored_day(end)]
    if scope is not None:
        condition, parameters = f"{condition} AND scope = %s", [*parameters, scope]
    statement = f"SELECT scope, day, kind, unit, count, amount FROM ledger_tally WHERE {condition}"
    return {(row[0], dialect.day_of(row[1]), row[2], row[3]): [row[4], row[5]] for row in dialect.rows_of(statement, parameters)}

# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""The numbers of sealed transactions: kept as runs of ids, read one by one or in order."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from wenming.domain.ledger import dialect

NUMBER_OF_T = (
    "(SELECT CASE WHEN t.id < n.id + n.count THEN n.number + t.id - n.id END FROM ledger_numbering n "
    "WHERE n.id <= t.id ORDER BY n.id DESC LIMIT 1)"
)
"""The number of the transaction `t`, NULL where it has none: for the columns of a read."""
NUMBERED = "ledger_numbering n JOIN ledger_transaction t ON t.id >= n.id AND t.id < n.id + n.count"
"""Every numbered transaction `t`, its number `n.number + t.id - n.id`; in order by `n.number, t.id`."""
COLUMNS = (("id", "bigint"), ("book_id", "bigint"), ("number", "bigint"), ("count", "bigint"))

NO_MORE = (1 << 63, 0, 1 << 63)

Run = tuple[int, int, int]  # first id, its number, how many


def number_of(transaction_id: int) -> int | None:
    """The number of one transaction; None where it has none."""
    number: int | None = dialect.rows_of(f"SELECT {NUMBER_OF_T} FROM (SELECT CAST(%s AS bigint) AS id) t", [transaction_id])[0][0]
    return number


def count(book_id: int) -> int:
    """How many transactions of a book have a number."""
    return int(dialect.rows_of("SELECT COALESCE(SUM(count), 0) FROM ledger_numbering WHERE book_id = %s", [book_id])[0][0])


class InOrder:
    """The numbers of transactions that are asked for by rising ids."""

    def __init__(self, book_id: int | None) -> None:
        condition, parameters = ("", []) if book_id is None else ("WHERE book_id = %s ", [book_id])
        self.runs = dialect.stream(f"SELECT id, number, id + count FROM ledger_numbering {condition}ORDER BY id", parameters)
        self.first = self.number = self.end = 0

    def of(self, transaction_id: int) -> int | None:
        while transaction_id >= self.end:
            self.first, self.number, self.end = next(self.runs, NO_MORE)
        return self.number + transaction_id - self.first if transaction_id >= self.first else None


def leaf_of(book_id: int, number: int) -> bytes:
    """The leaf hash of the transaction with this number."""
    statement = (
        "SELECT leaf_hash FROM ledger_transaction WHERE id = (SELECT id + %s - number FROM ledger_numbering "
        "WHERE book_id = %s AND number <= %s ORDER BY number DESC LIMIT 1)"
    )
    return bytes(dialect.rows_of(statement, [number, book_id, number])[0][0])


def runs(ids: Sequence[int], number: int) -> list[Run]:
    """These ids, numbered in this order from `number` on, as runs."""
    if ids[-1] - ids[0] + 1 == len(ids) and all(map(operator.lt, ids, ids[1:])):
        return [(ids[0], number, len(ids))]
    found: list[Run] = []
    first = following = -1
    for pk in ids:
        if pk != following:
            if first >= 0:
                found.append((first, number, following - first))
                number += following - first
            first = pk
        following = pk + 1
    if first >= 0:
        found.append((first, number, following - first))
    return found


def give(book_id: int, ids: Sequence[int], number: int) -> None:
    """Number these transactions in this order, from `number` on."""
    rows = [(first, book_id, start, count) for first, start, count in runs(ids, number)]
    dialect.insert("ledger_numbering", COLUMNS, rows)

# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""The hashes of a book's tree as the tables keep them: leaves in transactions, inner nodes in seals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wenming.domain.ledger import dialect, merkle, numbers

T = TypeVar("T")


def peaks(book_id: int, size: int) -> list[bytes]:
    """The complete subtrees of the tree of this size, largest first."""
    return walk(book_id, lambda read: merkle.peaks(size, read))


def walk(book_id: int, work: Callable[[merkle.Reader], T]) -> T:
    """What `work` makes of the tree. It is done twice: once to learn which hashes it asks for, then with all of them read."""
    wanted: set[tuple[int, int]] = set()

    def note(start: int, height: int) -> bytes:
        wanted.add((start, height))
        return b""

    work(note)
    found = _read(book_id, wanted)
    return work(lambda start, height: found[start, height])


def _read(book_id: int, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes of complete subtrees: a leaf from its transaction, an inner node from the seal that completed it."""
    found = {(start, 0): numbers.leaf_of(book_id, start + 1) for start, height in wanted if height == 0}
    inner = [(start, height) for start, height in sorted(wanted) if height]
    if not inner:
        return found
    lasts = [start + (1 << height) for start, height in inner]
    spots = [
        (size, 32 * (merkle.place(last, height) - merkle.nodes_before(before)) + 1)
        for (_start, height), last, (size, before) in zip(inner, lasts, _seals_over(book_id, lasts), strict=True)
    ]
    marks = ", ".join(["(%s, %s, %s)"] * len(spots))
    statement = (
        f"SELECT g.column1, SUBSTR(s.nodes, CAST(g.column3 AS integer), 32) FROM (VALUES {marks}) AS g "
        "JOIN ledger_seal s ON s.book_id = %s AND s.size = g.column2"
    )
    parameters = [part for place, spot in enumerate(spots) for part in (place, *spot)]
    for place, node in dialect.rows_of(statement, [*parameters, book_id]):
        found[inner[place]] = bytes(node)
    return found


def _seals_over(book_id: int, lasts: list[int]) -> list[tuple[int, int]]:
    """For each of these numbers the size of the seal that covers it, and of the seal before that."""
    statement = (
        "SELECT (SELECT MIN(s.size) FROM ledger_seal s WHERE s.book_id = %s AND s.size >= g.column2), "
        "(SELECT COALESCE(MAX(s.size), 0) FROM ledger_seal s WHERE s.book_id = %s AND s.size < g.column2) "
        f"FROM (VALUES {', '.join(['(%s, %s)'] * len(lasts))}) AS g ORDER BY g.column1"
    )
    parameters = [part for numbered in enumerate(lasts) for part in numbered]
    return [(row[0], row[1]) for row in dialect.rows_of(statement, [book_id, book_id, *parameters])]

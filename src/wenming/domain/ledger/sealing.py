# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Numbers and seals: the committed, unnumbered transactions of a book get their places in its Merkle tree."""

from __future__ import annotations

from datetime import datetime

from wenming.core.failpoints import failpoint
from wenming.domain.ledger import dialect, leaves, memento, merkle, queries, tallies
from wenming.domain.ledger.hashing import digest_of, seal_digest
from wenming.domain.ledger.models import Book, Seal

READ_MOST = 65_536
SEAL_MOST = 1_024
"""Leaves of one seal: a proof reads whole seals, so they stay small."""


def seal(book_id: int, at: datetime) -> Seal | None:
    """Seal everything that is posted, each seal over at most SEAL_MOST transactions; the last one, None if nothing was new."""
    dialect.stop_posting(book_id)
    book = Book.objects.select_for_update(no_key=True).get(pk=book_id)
    sealed_id, latest = book.sealed_id, queries.latest_seal(book.pk)
    before = newest = latest
    growth = merkle.Growth(digest_of(book.algorithm), book.sealed_size, merkle.peaks(book.sealed_size, leaves.reader(book.pk)))
    while rows := _number(book):
        sealed_id = max(sealed_id, *(row[0] for row in rows))
        parsed = tallies.parse([row[2:] for row in rows])
        sums = tallies.blank(book.pk, parsed)
        for start in range(0, len(rows), SEAL_MOST):
            part = slice(start, start + SEAL_MOST)
            for one in parsed[part]:
                sums.add(*one)
            houses = sums.house_balances(before.house_balances if before else {})
            latest = _grow(book, growth, rows[part], houses, latest, at)
        tallies.keep(book.pk, sums)
        before = latest
    if latest is newest:
        return None
    book.sealed_id = sealed_id
    book.save(update_fields=["sealed_size", "sealed_id", "sealed_through"])
    failpoint("ledger.seal_remembered")
    return latest


def _number(book: Book) -> list[dialect.Row]:
    """Give the next numbers in order of (recorded, id); the rows numbered: id, leaf hash, instant, and what tallies need.

    All in one statement: one for each row would, inside a savepoint, walk what the savepoint holds again and again.
    """
    number = (
        "UPDATE ledger_transaction SET number = given.number FROM (SELECT id, CAST(%s AS bigint) + row_number() "
        "OVER (ORDER BY recorded, id) AS number FROM ledger_transaction WHERE id > %s AND +book_id = %s AND number IS NULL "
        "ORDER BY recorded, id LIMIT %s) AS given WHERE ledger_transaction.id = given.id"
    )
    dialect.do(number, [book.sealed_size, book.sealed_id, book.pk, READ_MOST])
    numbered = (
        "SELECT id, leaf_hash, recorded, scope, kind, memento FROM ledger_transaction "
        "WHERE book_id = %s AND number > %s ORDER BY number"
    )
    rows = dialect.rows_of(numbered, [book.pk, book.sealed_size])
    if rows:
        failpoint("ledger.numbered")
    return rows


def _grow(
    book: Book, growth: merkle.Growth, rows: list[dialect.Row], houses: dict[str, int], before: Seal | None, at: datetime
) -> Seal:
    """Let the tree grow over these rows and write the seal of its new head."""
    nodes: list[bytes] = []
    for row in rows:
        nodes += growth.add(bytes(row[1]))
    through = rows[-1][2]
    sealed = Seal(
        book=book,
        size=growth.size,
        root=growth.root(),
        sealed_at=max(at, memento.instant(through), before.sealed_at if before else at),
        house_balances=houses,
        nodes=b"".join(nodes),
    )
    sealed.digest = seal_digest(
        growth.digest,
        bytes(before.digest) if before else b"",
        sealed.size,
        bytes(sealed.root),
        memento.micros(sealed.sealed_at),
        sealed.house_balances,
    )
    sealed.save(force_insert=True)
    failpoint("ledger.seal_written")
    book.sealed_size, book.sealed_through = sealed.size, through
    return sealed

# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Numbers and seals: the committed, unnumbered transactions of a book get their places in its Merkle tree."""

from __future__ import annotations

from datetime import datetime

from wenming.core.failpoints import failpoint
from wenming.domain.ledger import dialect, memento, merkle, queries, tallies
from wenming.domain.ledger.hashing import digest_of, seal_digest
from wenming.domain.ledger.models import Book, Seal

SEAL_MOST = 65_536


def seal(book_id: int, at: datetime) -> Seal | None:
    """Seal everything that is posted, in steps of at most SEAL_MOST transactions; the last seal, None if nothing was new."""
    dialect.stop_posting(book_id)
    book = Book.objects.select_for_update(no_key=True).get(pk=book_id)
    sealed_id, latest = book.sealed_id, None
    while rows := _number(book):
        sealed_id = max(sealed_id, *(row[0] for row in rows))
        latest = _grow(book, rows, at)
    if latest is not None:
        book.sealed_id = sealed_id
        book.save(update_fields=["sealed_size", "sealed_id", "sealed_through"])
        failpoint("ledger.seal_remembered")
    return latest


def _number(book: Book) -> list[dialect.Row]:
    """Give the next numbers in order of (recorded, id); the rows numbered: id, leaf hash, instant, and what tallies need."""
    statement = (
        "SELECT id, leaf_hash, recorded, scope, kind, memento FROM ledger_transaction "
        "WHERE id > %s AND +book_id = %s AND number IS NULL ORDER BY recorded, id LIMIT %s"
    )
    rows = dialect.rows_of(statement, [book.sealed_id, book.pk, SEAL_MOST])
    numbered = [(number, row[0]) for number, row in enumerate(rows, start=book.sealed_size + 1)]
    if numbered:
        dialect.update("ledger_transaction", (("number", "bigint"),), numbered)
        failpoint("ledger.numbered")
    return rows


def _grow(book: Book, rows: list[dialect.Row], at: datetime) -> Seal:
    """Let the tree grow over these rows and write the seal of its new head, and the tallies of what it covers."""
    digest = digest_of(book.algorithm)
    before = queries.latest_seal(book.pk)
    growth = merkle.Growth(digest, book.sealed_size, merkle.peaks(book.sealed_size, queries.reader(book)))
    nodes: list[bytes] = []
    for row in rows:
        nodes += growth.add(bytes(row[1]))
    sums = tallies.add_up(book.pk, [row[2:] for row in rows])
    tallies.keep(book.pk, sums)
    through = rows[-1][2]
    sealed = Seal(
        book=book,
        size=growth.size,
        root=growth.root(),
        sealed_at=max(at, memento.instant(through), before.sealed_at if before else at),
        house_balances=sums.house_balances(before.house_balances if before else {}),
        nodes=b"".join(nodes),
    )
    sealed.digest = seal_digest(
        digest,
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

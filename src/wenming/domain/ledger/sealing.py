"""Numbers and seals: the committed, unnumbered transactions of a book get their places in its Merkle tree."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from wenming.core.failpoints import failpoint
from wenming.domain.ledger import dialect, memento, merkle, queries
from wenming.domain.ledger.hashing import digest_of, seal_digest
from wenming.domain.ledger.models import ENTRIES_MOST, Book, Seal

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
    """Give the next numbers in order of (recorded_at, id); the rows numbered: id, leaf hash, instant."""
    statement = (
        "SELECT id, leaf_hash, recorded_at FROM ledger_transaction "
        "WHERE id > %s AND +book_id = %s AND number IS NULL ORDER BY recorded_at, id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [book.sealed_id, book.pk, SEAL_MOST])
        rows: list[dialect.Row] = cursor.fetchall()
    numbered = [(number, row[0]) for number, row in enumerate(rows, start=book.sealed_size + 1)]
    if numbered:
        dialect.update("ledger_transaction", (("number", "bigint"),), numbered)
        failpoint("ledger.numbered")
    return rows


def _grow(book: Book, rows: list[dialect.Row], at: datetime) -> Seal:
    """Let the tree grow over these rows and write the seal of its new head."""
    digest = digest_of(book.algorithm)
    before = queries.latest_seal(book.pk)
    growth = merkle.Growth(digest, book.sealed_size, merkle.peaks(book.sealed_size, queries.reader(book)))
    nodes: list[bytes] = []
    for _id, leaf, _recorded in rows:
        nodes += growth.add(bytes(leaf))
    through = memento.instant(memento.micros(rows[-1][2]))
    sealed = Seal(
        book=book,
        size=growth.size,
        root=growth.root(),
        sealed_at=max(at, through, before.sealed_at if before else at),
        house_balances=_house_balances(book, rows, before),
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


def _house_balances(book: Book, rows: list[dialect.Row], before: Seal | None) -> dict[str, int]:
    """What every house account of points and honour stands at: the seal before, and what came after it."""
    balances: dict[str, int] = dict(before.house_balances) if before else {}
    statement = (
        "SELECT e.account_id, SUM(e.amount) FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id "
        "WHERE e.id >= %s AND e.id < %s AND e.sequence IS NULL AND t.number > %s AND t.number <= %s GROUP BY e.account_id"
    )
    ids = [row[0] for row in rows]
    bounds = [min(ids) * ENTRIES_MOST, (max(ids) + 1) * ENTRIES_MOST, book.sealed_size, book.sealed_size + len(rows)]
    names = queries.house_names(book.pk)
    with connection.cursor() as cursor:
        cursor.execute(statement, bounds)
        for account_id, amount in cursor.fetchall():
            if account_id in names:
                code = names[account_id]
                balances[code] = balances.get(code, 0) + int(amount)
    return dict(sorted(balances.items()))

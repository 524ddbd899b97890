# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""Numbers and seals: the committed, unnumbered transactions of a book get their places in its Merkle tree."""

from __future__ import annotations

import contextlib
import operator
from datetime import datetime

from wenming.core.failpoints import failpoint
from wenming.core.prepared import save_new
from wenming.domain.ledger import dialect, leaves, memento, merkle, numbers, queries, tallies
from wenming.domain.ledger.hashing import seal_digest
from wenming.domain.ledger.models import Book, Seal

SEAL_MOST = 1_024
"""Leaves of one seal."""
POSTED = (
    "SELECT id, leaf_hash, recorded, scope, kind, memento FROM ledger_transaction "
    "WHERE id > %s AND +book_id = %s ORDER BY {order}"
)


class _OutOfOrder(Exception):
    """An instant before that of a lower id."""


def seal(book_id: int, at: datetime) -> Seal | None:
    """Seal everything that is posted, each seal over at most SEAL_MOST transactions; the last one, None if nothing was new.

    Mostly instants rise with ids, and reading by id needs no sorting; where they do not, it is done again in their order.
    """
    dialect.stop_posting(book_id)
    try:
        with dialect.attempt():
            return _seal_in(POSTED.format(order="id"), book_id, at)
    except _OutOfOrder:
        return _seal_in(POSTED.format(order="recorded, id"), book_id, at)


def _seal_in(posted: str, book_id: int, at: datetime) -> Seal | None:
    """Seal what this read gives, in its order; raises `_OutOfOrder` where instants would fall."""
    book = Book.objects.select_for_update(no_key=True).get(pk=book_id)
    sealed_id, latest = book.sealed_id, queries.latest_seal(book.pk)
    growth = merkle.Growth(book.algorithm, book.sealed_size, leaves.peaks(book.pk, book.sealed_size))
    sums, houses = tallies.blank(book.pk), latest.house_balances if latest else {}
    is_new, before = False, 0
    with contextlib.closing(dialect.pages(posted, [book.sealed_id, book.pk], SEAL_MOST)) as pages:
        for rows in pages:
            is_new = True
            ids, leaf_hashes, recorded, *rest = zip(*rows, strict=True)
            if not all(map(operator.le, (before, *recorded), recorded)):
                raise _OutOfOrder
            before = recorded[-1]
            sealed_id = max(sealed_id, *ids)
            numbers.give(book.pk, ids, growth.size + 1)
            failpoint("ledger.numbered")
            sums.add_posted(recorded, *rest)
            nodes = growth.extend(leaf_hashes)
            latest = _write(book, growth, nodes, recorded[-1], sums.house_balances(houses), latest, at)
    if not is_new:
        return None
    tallies.keep(book.pk, sums)
    book.sealed_id = sealed_id
    book.save(update_fields=["sealed_size", "sealed_id", "sealed_through"])
    failpoint("ledger.seal_remembered")
    return latest


def _write(
    book: Book, growth: merkle.Growth, nodes: list[bytes], through: int, houses: dict[str, int], before: Seal | None, at: datetime
) -> Seal:
    """Write the seal of the tree's new head, through which everything is recorded."""
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
    save_new(sealed)
    failpoint("ledger.seal_written")
    book.sealed_size, book.sealed_through = sealed.size, through
    return sealed

"""Reads of the seals. The nodes beside a root are left in the store: they are for the sealer alone."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, QuerySet

from wenming.core.prepared import prepared
from wenming.domain.ledger.models import Seal


@prepared
def _newest(book_id: int) -> QuerySet[Seal]:
    return seals(book_id)[:1]


def latest_seal(book_id: int) -> Seal | None:
    return _newest.one(book_id=book_id)


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

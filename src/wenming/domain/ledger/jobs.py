"""What the timetable runs: every minute, and at the end of the village day."""

from __future__ import annotations

from datetime import datetime

from django.db import OperationalError

from wenming.domain.ledger import dialect, queries, services


def seal_books(at: datetime) -> int:
    """Seal every book that has something new; how many were sealed. A book too busy just now waits for the next run."""
    sealed = 0
    for book in queries.books():
        try:
            sealed += services.seal(book_id=book.pk, at=at) is not None
        except OperationalError as error:
            if not dialect.is_busy(error):
                raise
    return sealed

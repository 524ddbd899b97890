"""Reads and proofs as history grows: what a page, a balance at an instant, a month's board and a proof cost."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from wenming.core import clock
from wenming.domain.ledger import queries
from wenming.domain.ledger import services as ledger
from wenming.surfaces.cli.bench import seconds
from wenming.surfaces.cli.bench.books import Books

LOAD = 8000
YEARS = 3
TIMES = 200
GOAL_MILLISECONDS, GOAL_RATIO = 2.0, 1.3


def run(*, at: datetime, sizes: tuple[int, ...]) -> dict[str, Any]:
    """For each size of the books the milliseconds of each read; the last beside the first as a ratio."""
    books = Books(at - timedelta(days=366 * YEARS), code="GROWTH")
    found: list[dict[str, Any]] = []
    for size in sizes:
        _grow(books, size, sizes[-1])
        found.append({"entries": size, "milliseconds": _measure(books)})
    first, last = found[0]["milliseconds"], found[-1]["milliseconds"]
    ratios = {name: last[name] / first[name] for name in last}
    return {"sizes": found, "last_over_first": ratios, "goal_milliseconds": GOAL_MILLISECONDS, "goal_ratio": GOAL_RATIO}


def _grow(books: Books, size: int, most: int) -> None:
    """Post through the years until there are so many lines; one in fifty is the measured member's own."""
    own = books.favoured[0]
    span = timedelta(days=365 * YEARS) / most
    while books.made < size:
        at = books.at + span * books.made
        transfers = [one._replace(occurred_at=at, recorded_at=at) for one in books.transfers(min(LOAD, size - books.made))]
        transfers[::50] = [one._replace(moves=(ledger.Move("issuance", own, 300),)) for one in transfers[::50]]
        ledger.post_many(book_id=books.book_id, postings=transfers)
        ledger.seal(book_id=books.book_id, at=at)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _measure(books: Books) -> dict[str, float]:
    own, source = books.favoured[0], random.Random(5)
    lines = queries.statement(own, limit=1)[0]
    middle, month = lines.sequence // 2, clock.month_start(clock.local_date(lines.recorded_at))
    start, end = clock.day_start(month), clock.day_start(clock.next_month(month))
    numbers = [line.public_id for line in queries.statement(own, limit=TIMES)]
    reads: dict[str, Callable[[], object]] = {
        "statement_newest_page": lambda: queries.statement(own, limit=30),
        "statement_deep_page": lambda: queries.statement(own, before=middle, limit=30),
        "balance_at_an_instant": lambda: queries.balance_at(own, books.at + (lines.recorded_at - books.at) * source.random()),
        "month_by_kind_of_a_branch": lambda: queries.totals_by_kind(books.book_id, "BENCH", start, end),
        "house_balances": lambda: queries.house_balances(books.book_id),
        "inclusion_proof": lambda: queries.inclusion_proof(source.choice(numbers)),
    }
    return {name: statistics.median(seconds(read) for _time in range(TIMES)) * 1000 for name, read in reads.items()}

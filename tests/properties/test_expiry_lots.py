"""L21, points in lots: whatever is earned, spent, held, given back and put right, the lots add up to the balance, the oldest is
used first, each goes once and in time, and what the preview says is what then happens, however the clock jumps."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from tests import deeds_stage as stage
from tests.village import Village
from wenming.core import clock
from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.rulebooks import expiry, jobs, queries, services
from wenming.domain.rulebooks.expiry import ExpiryRule
from wenming.domain.rulebooks.models import ExpiryRound
from wenming.domain.rulebooks.queries import Expiry

pytestmark = pytest.mark.django_db
NAMES = ("王秀梅", "张伟", "单秀兰")
START = datetime(2025, 5, 20, 12, tzinfo=clock.ZONE)
MONTHS = 6
EXAMPLES = 25 if connection.vendor == "sqlite" else 12
KINDS = (
    "earn",
    "earn",
    "earn",
    "spend",
    "hold",
    "hold",
    "release",
    "collect",
    "refund",
    "reverse",
    "month",
    "month",
    "month",
    "leap",
)
ACTS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 60), st.integers(0, 2)), min_size=10, max_size=40)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Village]:
    """Points last half a year here, and some other village's for two years."""
    with django_db_blocker.unblock(), transaction.atomic():
        village = stage.build(stage.THURSDAY)
        services.adopt_edition(
            actor=system("shell"),
            organisation_id=village.branch_id,
            items=stage.CLAUSES,
            in_force_from=date(2025, 1, 1),
            at=START,
            rule=ExpiryRule(Expiry.AFTER_MONTHS, months=MONTHS),
        )
        yield village
        transaction.set_rollback(True)


class Lot:
    """Points that came in on one day."""

    def __init__(self, day: date, amount: int, posted: int) -> None:
        self.day, self.amount, self.posted = day, amount, posted


class Book:
    """A passbook as a careful person would keep it: lots in order, and how much of them was used."""

    def __init__(self, account_id: int) -> None:
        self.account_id, self.lots, self.used, self.gone = account_id, [], 0, 0
        self.holds: list[tuple[Any, int]] = []
        self.collected: list[tuple[Any, int]] = []
        self.is_mended = False

    lots: list[Lot]

    def left(self) -> list[tuple[Lot, int]]:
        """What is left of each lot when the oldest is used first."""
        used, found = self.used, []
        for lot in self.lots:
            taken = min(used, lot.amount)
            used -= taken
            found.append((lot, lot.amount - taken))
        return found

    @property
    def balance(self) -> int:
        return sum(amount for _lot, amount in self.left())


class Life:
    """Three people, one clock."""

    def __init__(self, village: Village) -> None:
        self.village, self.at, self.made = village, START, 0
        self.books = {name: Book(self.account(name)) for name in NAMES}
        self.honour = {name: stage.honour_of(village, name) for name in NAMES}

    def account(self, name: str) -> int:
        return depositors.passbook_of(depositor_id=self.village.person(name)).points_account_id

    def act(self, name: str, count: int, place: int) -> None:
        self.at += timedelta(minutes=1)
        work: Callable[[Book, int, int], None] = getattr(self, name)
        with contextlib.suppress(Refusal):
            work(self.books[NAMES[place % 3]], count, place)
        self.check()

    def check(self) -> None:
        for book in self.books.values():
            assert ledger_queries.balance(book.account_id) == book.balance

    def post(self, kind: str, source: int | str, destination: int | str, amount: int, ends: int | None = None) -> Any:
        self.made += 1
        posting = ledger.Posting(
            kind, f"x:{self.made}", (ledger.Move(source, destination, amount),), f"x:{self.made}", self.at, self.at, ends=ends
        )
        return ledger.post(book_id=self.village.book_id, posting=posting)

    def earn(self, book: Book, count: int, place: int) -> None:
        posted = self.post(ledger.Kind.DEED_DEPOSITED, "issuance", book.account_id, count * 100)
        book.lots.append(Lot(clock.local_date(self.at), count * 100, posted.pk))

    def spend(self, book: Book, count: int, place: int) -> None:
        self.post(ledger.Kind.PENALTY, book.account_id, "redeemed", count * 50)
        book.used += count * 50

    def hold(self, book: Book, count: int, place: int) -> None:
        held = self.post(ledger.Kind.ORDER_PLACED, book.account_id, "escrow", count * 50)
        book.used += count * 50
        book.holds.append((held, count * 50))

    def release(self, book: Book, count: int, place: int) -> None:
        if book.holds:
            held, amount = book.holds.pop(count % len(book.holds))
            self.post(ledger.Kind.ORDER_RELEASED, "escrow", book.account_id, amount, ends=held.pk)
            book.used -= amount

    def collect(self, book: Book, count: int, place: int) -> None:
        if book.holds:
            held, amount = book.holds.pop(count % len(book.holds))
            self.post(ledger.Kind.ORDER_COLLECTED, "escrow", "redeemed", amount, ends=held.pk)
            book.collected.append((held, amount))

    def refund(self, book: Book, count: int, place: int) -> None:
        if book.collected:
            _held, amount = book.collected.pop(count % len(book.collected))
            self.post(ledger.Kind.ORDER_REFUNDED, "redeemed", book.account_id, amount)
            book.used -= amount

    def reverse(self, book: Book, count: int, place: int) -> None:
        """A deed that was none: its lot was never there, and what was used of it came from the others."""
        if book.lots:
            lot = book.lots[count % len(book.lots)]
            ledger.reverse(transaction_id=lot.posted, key=f"reverse:{lot.posted}", at=self.at)
            book.lots.remove(lot)
            book.is_mended = True

    def month(self, book: Book, count: int, place: int) -> None:
        """The timetable runs on, as far as this matters: a day in the middle, and the first of the next month."""
        for _half in range(2):
            self.at += timedelta(days=15 + count % 2)
            self.job(book, count, place)

    def leap(self, book: Book, count: int, place: int) -> None:
        """An outage."""
        self.at += timedelta(days=count * 5)
        self.job(book, count, place)

    def job(self, book: Book, count: int, place: int) -> None:
        """Twice is once; what goes is what the preview said, of the lots whose time was over."""
        said = self.said()
        before = self.gone_days()
        jobs.expire_points(at=self.at)
        fresh = sorted(self.gone_days() - before)
        for day in fresh:
            self.take(day)
        self.check()
        if fresh:
            assert said == self.taken or len(fresh) > 1, "the preview said otherwise"
        jobs.expire_points(at=self.at)
        assert self.gone_days() == before | set(fresh)
        assert {name: stage.honour_of(self.village, name) for name in NAMES} == self.honour

    def said(self) -> dict[str, int]:
        rows = queries.expiry_losses(actor=system(), branch_id=self.village.branch_id, on=clock.local_date(self.at), limit=99)
        return {row.name: row.points for row in rows}

    def gone_days(self) -> set[date]:
        rounds = ExpiryRound.objects.filter(branch_id=self.village.branch_id, days_before=expiry.GONE, ended_at__isnull=False)
        return set(rounds.values_list("due_on", flat=True))

    def take(self, due_on: date) -> None:
        cutoff = expiry.months_before(due_on, MONTHS)
        assert due_on <= clock.local_date(self.at)
        self.taken = {}
        for name, book in self.books.items():
            lost = sum(left for lot, left in book.left() if lot.day < cutoff)
            book.used, book.gone = book.used + lost, book.gone + lost
            self.taken |= {name: lost} if lost else {}
            assert book.is_mended or book.gone <= sum(lot.amount for lot in book.lots), "a lot goes once"

    taken: dict[str, int]


LATE_REFUND = [
    *(("earn", count, 0) for count in (49, 55, 13, 23, 11, 52, 10, 57)), ("hold", 9, 0), ("collect", 11, 0), ("earn", 58, 0),
    ("leap", 17, 0), *(("earn", count, 0) for count in (55, 54, 7)), ("leap", 22, 0), ("month", 57, 0), ("earn", 9, 0),
    ("month", 60, 0), *[("earn", 1, 0)] * 7, ("refund", 1, 0),
]  # fmt: skip
"""Points that come back after their time goes again with the round of the next month."""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
@example(acts=LATE_REFUND)
def test_lots(built: Village, acts: list[tuple[str, int, int]]) -> None:
    live(built, acts)


def live(built: Village, acts: list[tuple[str, int, int]]) -> None:
    """One life, and some weeks more; it is undone."""
    with transaction.atomic():
        life = Life(built)
        for act in acts:
            life.act(*act)
        for _week in range(6):  # over the first of a month, and sixteen days more
            life.at += timedelta(days=8)
            life.act("job", 1, 0)
        today = clock.local_date(life.at)
        over = expiry.months_before(clock.month_start(today - timedelta(days=16)), MONTHS)
        for book in life.books.values():
            assert all(lot.day >= over or not left for lot, left in book.left()), "something outlived its time"
        assert ledger_queries.verify(built.book_id).ok
        transaction.set_rollback(True)

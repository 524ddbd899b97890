"""Two timetables at once take points once; somebody who spends meanwhile loses nothing twice. With the guard off they do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, time

import pytest
from django.db import connection

from tests import deeds_stage as stage
from tests.races_mall.together import together
from tests.village import Village
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.rulebooks import expiring, jobs, queries
from wenming.domain.rulebooks.models import ExpiryRound

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("王秀梅", "张伟", "单秀兰", "刘德福")
DUE = datetime.combine(date(2027, 4, 1), time(0, 5), tzinfo=clock.ZONE)


def account(village: Village, name: str) -> int:
    return depositors.passbook_of(depositor_id=village.person(name)).points_account_id


def post(village: Village, kind: str, source: int | str, destination: int | str, amount: int, at: datetime) -> None:
    key = f"{kind}:{source}:{destination}:{at.isoformat()}"
    posting = ledger.Posting(kind, "x:1", (ledger.Move(source, destination, amount),), key, at, at)
    ledger.post(book_id=village.book_id, posting=posting)


@pytest.fixture
def village(at: datetime, transactional_db: None) -> Iterator[Village]:
    """A thousand old and a thousand young hundredths each, told a month before."""
    built = stage.build(at)
    for day in (date(2025, 3, 20), date(2026, 3, 20)):
        for name in NAMES:
            moment = datetime.combine(day, time(12), tzinfo=clock.ZONE)
            post(built, ledger.Kind.DEED_DEPOSITED, "issuance", account(built, name), 1000, moment)
    jobs.expire_points(at=datetime.combine(date(2027, 3, 2), time(12), tzinfo=clock.ZONE))
    yield built


def test_four_timetables_take_once(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "AT_ONCE", 3)
    together([lambda: jobs.expire_points(at=DUE)] * 4)
    assert [ledger_queries.balance(account(village, name)) for name in NAMES] == [1000] * len(NAMES)
    (walk,) = ExpiryRound.objects.filter(branch_id=village.branch_id, due_on=date(2027, 4, 1), days_before=0)
    assert (walk.people, walk.points) == (4, 4000)
    assert ledger_queries.verify(village.book_id).ok


def spend_while_it_runs(village: Village, monkeypatch: pytest.MonkeyPatch) -> int:
    """Somebody spends 600 right after the walk has looked and before it has taken; what is left."""
    mine, looked = account(village, "王秀梅"), threading.Event()
    look = expiring._look
    spent = threading.Event()

    def look_slowly(due: queries.DueRound, accounts: list[int]) -> dict[int, int]:
        found = look(due, accounts)
        if mine in found and due.days_before == 0:
            looked.set()
            if connection.vendor == "postgresql":
                spent.wait(timeout=60)
        return found

    def spend() -> None:
        looked.wait(timeout=60)
        try:
            post(village, ledger.Kind.PENALTY, mine, "redeemed", 600, DUE)
        finally:
            spent.set()

    monkeypatch.setattr(expiring, "_look", look_slowly)
    together([lambda: jobs.expire_points(at=DUE), spend])
    return ledger_queries.balance(mine)


@pytest.mark.postgresql_only
def test_points_spent_meanwhile_are_not_taken_again(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """600 of the 1,000 old ones are spent first: 400 go, and the young thousand stays."""
    assert spend_while_it_runs(village, monkeypatch) == 1000


@pytest.mark.postgresql_only
def test_what_was_seen_before_the_lock_is_too_much(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: taking what was looked at before, without working it out again under the lock, eats into young points."""

    def take_what_was_seen(due: queries.DueRound, accounts: list[int], at: datetime) -> dict[int, int]:
        seen = expiring._look(due, accounts)
        for pk, amount in seen.items():
            post(village, ledger.Kind.EXPIRED, pk, "expired", amount, at)
        return seen

    monkeypatch.setattr(expiring, "_take", take_what_was_seen)
    assert spend_while_it_runs(village, monkeypatch) < 1000


def test_without_the_row_of_the_walk_everyone_walks(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: a round that is never remembered meets everyone again; the key of each account still takes once."""
    due = next(one for one in queries.due_rounds(today=DUE.date()) if one.branch_id == village.branch_id and not one.days_before)
    monkeypatch.setattr(expiring, "_locked", lambda due, at: ExpiryRound(branch_id=due.branch_id, due_on=due.term.due_on,
                                                                        days_before=99, begun_at=at))  # fmt: skip
    for _again in range(2):
        ExpiryRound.objects.filter(days_before=99).delete()
        expiring.advance_round(actor=system(), due=due, at=DUE)
    assert [ledger_queries.balance(account(village, name)) for name in NAMES] == [1000] * len(NAMES)

"""Many tellers at once: nothing is made, nothing is lost, nobody goes below zero. With a guard off, the same test fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from django.db import connection

from tests.books import Bank
from tests.reliability.crowd import all_at_once, bank_workload
from wenming.core.errors import Refusal
from wenming.core.transactions import service
from wenming.domain.ledger import dialect, engine, queries, services
from wenming.domain.ledger.models import Transaction
from wenming.domain.ledger.services import Kind

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bank(at: datetime) -> Bank:
    return Bank(at)


def test_bank_workload(bank: Bank) -> None:
    assert bank_workload(bank, bank.members(8, 100), each=100, callers=8, steps=15, seed=1) == []


def test_bank_workload_fails_without_the_check_of_floors(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_check_floor", lambda account, balance, position: None)
    assert bank_workload(bank, bank.members(8, 100), each=100, callers=8, steps=15, seed=2) != []


@pytest.mark.postgresql_only
def test_bank_workload_fails_without_row_locks(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "for_update", lambda table="": "")
    assert bank_workload(bank, bank.members(3, 1000), each=1000, callers=8, steps=25, seed=3) != []


def say_it_many_times(bank: Bank) -> list[object]:
    """One deposit and one order, each said by ten callers five times; half of them in acts of their own."""

    def both() -> tuple[int, int]:
        return bank.earn(300, "once"), bank.post(bank.wang, "redeemed", 250, "spent", kind=Kind.MOVED)

    def say(place: int) -> Sequence[tuple[int, int]]:
        return [service(both)() if place % 2 else both() for _time in range(5)]

    return all_at_once(10, say)


def test_the_same_key_fifty_times(bank: Bank) -> None:
    answers = say_it_many_times(bank)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert len({pair for answer in answers for pair in answer}) == 1  # type: ignore[attr-defined]
    assert (queries.balance(bank.wang), Transaction.objects.count()) == (50, 2)
    assert bank.faults() == []


def test_the_same_key_fifty_times_fails_when_keys_are_not_looked_up(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_known", lambda book_id, postings: {})
    answers = say_it_many_times(bank)
    assert [answer for answer in answers if isinstance(answer, Exception)]


def test_one_hold_ten_counters(bank: Bank) -> None:
    bank.earn(300, "a")
    hold = bank.hold(300, "b")

    def collect(place: int) -> int:
        return bank.post("escrow", "redeemed", 300, f"end:{place}", kind=Kind.ORDER_COLLECTED, subject="order:b", ends=hold)

    answers = all_at_once(10, collect)
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert all(isinstance(answer, int | services.HoldEnded) for answer in answers)
    assert bank.faults() == []


def test_one_reversal_of_many(bank: Bank) -> None:
    earned = bank.earn(300, "a")

    def undo(place: int) -> int:
        return services.reverse(transaction_id=earned, key=f"undo:{place % 5}", at=bank.at).pk

    answers = all_at_once(10, undo)
    assert len({answer for answer in answers if isinstance(answer, int)}) == 1
    assert all(isinstance(answer, int | Refusal) for answer in answers)
    assert queries.balance(bank.wang) == 0
    assert bank.faults() == []


def test_sealing_while_others_post(bank: Bank) -> None:
    members = bank.members(6, 1_000)

    def work(place: int) -> None:
        for step in range(12):
            if place == 0:
                services.seal(book_id=bank.book.pk, at=bank.at)
            else:
                bank.post("issuance", members[place % 6], 5, f"{place}:{step}")

    answers = [answer for answer in all_at_once(7, work) if isinstance(answer, Exception)]
    assert [answer for answer in answers if not dialect.is_busy(answer)] == []
    services.seal(book_id=bank.book.pk, at=bank.at)
    numbers = sorted(posted.number or 0 for posted in Transaction.objects.all())
    assert numbers == list(range(1, 6 * 12 + 7))
    assert connection.vendor in ("sqlite", "postgresql")
    assert bank.faults() == []

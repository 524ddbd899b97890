"""Requests that wait together are done as one act; a refused one touches nobody else; nobody is answered too early."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from django.db import DatabaseError, OperationalError, connection

from tests.books import Bank
from tests.reliability.crowd import all_at_once
from wenming.core import trays
from wenming.core.errors import Refusal
from wenming.domain.ledger import queries, services
from wenming.domain.ledger.models import Transaction
from wenming.domain.ledger.services import Kind

pytestmark = pytest.mark.django_db(transaction=True)
Asked = tuple[int, services.Posting]


@pytest.fixture
def bank(at: datetime) -> Bank:
    return Bank(at)


class Crowd:
    """Callers of one tray: the first is kept until all others lie on it, so that they are done as one set."""

    def __init__(self, callers: int) -> None:
        self.callers, self.sets = callers, list[int]()
        self.tray = trays.Tray(self.do)
        self.is_first_in = threading.Event()

    def do(self, asked: list[Asked]) -> list[Transaction]:
        if not self.sets:
            self.sets.append(len(asked))
            self.is_first_in.set()
            while len(self.tray._slips) < self.callers - 1:
                continue
        else:
            self.sets.append(len(asked))
        return services._post_set(asked)

    def ask(self, bank: Bank, postings: list[services.Posting]) -> list[object]:
        def call(place: int) -> object:
            if place:
                self.is_first_in.wait(20)
            return self.tray.ask((bank.book.pk, postings[place])).pk

        return all_at_once(self.callers, call)


def test_who_waits_is_done_in_one_act(bank: Bank) -> None:
    crowd = Crowd(6)
    answers = crowd.ask(bank, [bank.posting("issuance", bank.wang, 100, f"k{place}") for place in range(6)])
    assert crowd.sets == [1, 5]
    assert len(set(answers)) == 6 and queries.balance(bank.wang) == 600
    assert bank.faults() == []


def with_refusals(bank: Bank) -> list[object]:
    bank.earn(50, "start")
    postings = [bank.posting("issuance", bank.wang, 100, f"k{place}") for place in range(6)]
    postings[2] = bank.posting(bank.li, "redeemed", 1, "too much", kind=Kind.ORDER_PLACED)
    postings[4] = bank.posting("issuance", bank.wang, 7, "start")
    return Crowd(6).ask(bank, postings)


def test_a_refusal_touches_nobody_else(bank: Bank) -> None:
    answers = with_refusals(bank)
    assert isinstance(answers[2], services.NotEnoughPoints) and isinstance(answers[4], services.KeyReused)
    assert [type(answers[place]) for place in (0, 1, 3, 5)] == [int] * 4
    assert (queries.balance(bank.wang), queries.balance(bank.li)) == (450, 0)
    assert bank.faults() == []


def test_a_refusal_touches_everybody_where_nobody_is_done_alone(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_all(tray: object, slips: list[trays._Slip[Asked, Transaction]]) -> None:
        for slip in slips:
            slip.fault = Refusal()

    monkeypatch.setattr(trays.Tray, "_answer_each", refuse_all)
    answers = with_refusals(bank)
    assert [isinstance(answer, Refusal) for answer in answers] == [False] + [True] * 5
    assert bank.faults() == []


class Broken(Crowd):
    """The set is refused, so each is done alone; then the store gives up everything while it does the third."""

    def do(self, asked: list[Asked]) -> list[Transaction]:
        done = super().do(asked)
        if len(asked) > 1:
            raise Refusal
        if len(self.sets) == 5:
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            connection.connection.execute("ROLLBACK")
            raise OperationalError("the disk is full")
        return done


def test_nobody_is_answered_where_the_store_gave_up_more_than_one(bank: Bank) -> None:
    """Found by cutting sessions: who had been done before the cut was told so, and nothing of it was there."""
    postings = [bank.posting("issuance", bank.wang, 100, f"k{place}") for place in range(6)]
    answers = Broken(6).ask(bank, postings)
    assert isinstance(answers[0], int)
    assert all(isinstance(answer, DatabaseError) for answer in answers[1:]), answers
    connection.close()
    assert (queries.balance(bank.wang), Transaction.objects.count()) == (100, 1)
    assert [services.post(book_id=bank.book.pk, posting=one).pk for one in postings][0] == answers[0]
    assert queries.balance(bank.wang) == 600 and bank.faults() == []


def test_the_same_request_twice_in_one_set_is_done_once(bank: Bank) -> None:
    postings = [bank.posting("issuance", bank.wang, 100, f"k{min(place, 1)}") for place in range(4)]
    answers = Crowd(4).ask(bank, postings)
    assert len(set(answers)) == 2 and len(set(answers[1:])) == 1
    assert queries.balance(bank.wang) == 200


def seen_by_others(bank: Bank) -> list[int]:
    """What another connection sees of the books at the moment when each caller is answered."""
    postings = [bank.posting("issuance", bank.wang, 100, f"k{place}") for place in range(5)]
    seen: list[int] = []

    class Slip(trays._Slip[Asked, Transaction]):
        def result(self) -> Transaction:
            answer = super().result()
            with connection.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM ledger_transaction WHERE id = %s", [answer.pk])
                seen.append(cursor.fetchone()[0])
            return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trays, "_Slip", Slip)
        Crowd(5).ask(bank, postings)
    return seen


def test_everybody_is_answered_when_it_is_there_to_see(bank: Bank) -> None:
    assert seen_by_others(bank) == [1] * 5


def test_who_is_interrupted_while_he_waits_holds_nobody_up(bank: Bank) -> None:
    tray = trays.Tray(services._post_set)
    tray._is_attended = True
    waiting = [trays._Slip[Asked, Transaction]((bank.book.pk, bank.posting("issuance", bank.wang, 1, key))) for key in "ab"]
    tray._slips = list(waiting)
    tray._call_next()
    tray._give_up(waiting[0])
    assert waiting[1].is_called and tray._is_attended
    tray._give_up(waiting[1])
    assert not tray._is_attended
    assert tray.ask((bank.book.pk, bank.posting("issuance", bank.wang, 1, "c"))).pk
    with pytest.raises(Refusal):
        tray.ask((bank.book.pk, bank.posting(bank.li, "redeemed", 1, "d", kind=Kind.ORDER_PLACED)))

"""Acts that share a commit: undone alone, answered only when durable, all or nothing when the store gives up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from tests.books import Bank
from wenming.core import writing
from wenming.core.errors import Refusal
from wenming.core.transactions import act
from wenming.domain.ledger import queries
from wenming.domain.ledger.models import Transaction

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite_only]


@pytest.fixture
def bank(at: datetime) -> Bank:
    return Bank(at)


class Callers:
    """Threads that call one after the other while the first of them is still at the counter, so that they share a commit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(writing, "TOGETHER", 60)
        self.may_go, self.may_leave = threading.Event(), threading.Event()
        self.answered = threading.Semaphore(0)
        self.answers: dict[str, object] = {}
        self.threads: list[threading.Thread] = []

    def call(self, name: str, work: Callable[[], object]) -> None:
        """Start a caller, and come back when he is at the counter or in line behind the others."""
        in_line = len(writing._line._waiting)
        at_counter = threading.Event()

        def run() -> None:
            try:
                with act():
                    at_counter.set()
                    if name == "first":
                        self.may_go.wait(20)
                    answer = work()
                self.answers[name] = answer
            except BaseException as error:
                self.answers[name] = error
            finally:
                self.answered.release()
                self.may_leave.wait(60)
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        self.threads.append(thread)
        while not at_counter.wait(0.001) and len(writing._line._waiting) == in_line:
            continue

    def finish(self) -> dict[str, object]:
        self.may_go.set()
        while len(self.answers) < len(self.threads):
            assert self.answered.acquire(timeout=30)
        self.may_leave.set()
        for thread in self.threads:
            thread.join(30)
        return self.answers


@pytest.fixture
def callers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callers]:
    callers = Callers(monkeypatch)
    yield callers
    callers.finish()


def test_who_waits_shares_the_transaction(bank: Bank, callers: Callers) -> None:
    for name in ("first", "second", "third"):
        callers.call(name, lambda name=name: (bank.earn(100, name), connection.connection))  # type: ignore[misc]
    answers = callers.finish()
    assert len({store for _pk, store in answers.values()}) == 1  # type: ignore[misc]
    assert queries.balance(bank.wang) == 300
    assert bank.faults() == []


def test_an_act_that_fails_is_undone_alone(bank: Bank, callers: Callers) -> None:
    def fail() -> None:
        bank.earn(700, "undone")
        raise Refusal

    def ask_for_it() -> None:
        bank.earn(900, "undone too")
        transaction.set_rollback(True)

    callers.call("first", lambda: bank.earn(1, "a"))
    callers.call("fails", fail)
    callers.call("asks", ask_for_it)
    callers.call("last", lambda: (bank.earn(10, "b"), queries.balance(bank.wang))[1])
    answers = callers.finish()
    assert isinstance(answers["fails"], Refusal) and isinstance(answers["asks"], writing.NotKept)
    assert answers["last"] == 11
    assert (queries.balance(bank.wang), Transaction.objects.count()) == (11, 2)
    assert bank.faults() == []


def test_a_first_act_that_fails_takes_nobody_with_it(bank: Bank, callers: Callers) -> None:
    callers.call("first", lambda: bank.post(bank.wang, "redeemed", 1, "too much"))
    callers.call("second", lambda: bank.earn(10, "b"))
    answers = callers.finish()
    assert isinstance(answers["first"], Refusal)
    assert queries.balance(bank.wang) == 10


def answered_early(bank: Bank, callers: Callers) -> bool:
    """Whether a caller is answered while another, later in the same transaction, is still at the counter."""
    seen: list[bool] = []

    def look() -> None:
        for _time in range(100):
            callers.threads[1].join(0.003)
            if "second" in callers.answers:
                break
        seen.append("second" in callers.answers)

    callers.call("first", lambda: bank.earn(1, "a"))
    callers.call("second", lambda: bank.earn(1, "b"))
    callers.call("third", look)
    callers.finish()
    return seen[0]


def test_nobody_is_answered_before_the_commit(bank: Bank, callers: Callers) -> None:
    assert not answered_early(bank, callers)


def test_somebody_is_answered_before_the_commit_when_nobody_waits_for_it(
    bank: Bank, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing.Together, "wait", lambda self: None)
    assert answered_early(bank, callers)


@pytest.mark.parametrize("swallowed", [False, True])
def test_when_the_store_gives_up_everybody_is_told(bank: Bank, callers: Callers, swallowed: bool) -> None:
    """A full disk makes SQLite undo the whole transaction by itself, under the feet of those who shared it."""

    def break_down() -> None:
        bank.earn(5, "b")
        connection.connection.execute("ROLLBACK")
        if not swallowed:
            raise RuntimeError("disk full")

    callers.call("first", lambda: bank.earn(1, "a"))
    callers.call("second", break_down)
    callers.call("third", lambda: bank.earn(7, "c"))
    answers = callers.finish()
    assert isinstance(answers["first"], writing.NotKept)
    assert isinstance(answers["second"], writing.NotKept)
    assert isinstance(answers["third"], int)
    assert (queries.balance(bank.wang), Transaction.objects.count()) == (7, 1)


class CutShort:
    """A connection whose user is interrupted as he commits."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own, name)

    def commit(self) -> None:
        raise KeyboardInterrupt


def test_when_who_commits_is_interrupted_nobody_is_told_that_it_is_kept(bank: Bank, callers: Callers) -> None:
    def cut_short() -> None:
        bank.earn(5, "b")
        connection.connection = CutShort(connection.connection)

    callers.call("first", lambda: bank.earn(1, "a"))
    callers.call("second", cut_short)
    answers = callers.finish()
    assert isinstance(answers["first"], writing.NotKept)
    assert isinstance(answers["second"], KeyboardInterrupt | writing.NotKept)
    assert Transaction.objects.count() == 0
    assert bank.earn(7, "c")


def test_alone_with_a_store_that_gives_up(bank: Bank) -> None:
    with pytest.raises(writing.NotKept), act():
        bank.earn(5, "a")
        connection.connection.execute("ROLLBACK")
    assert bank.earn(5, "a")
    assert queries.balance(bank.wang) == 5


def test_what_follows_the_commit_follows_it_in_its_own_thread(bank: Bank, callers: Callers) -> None:
    done: dict[str, object] = {}

    def work(name: str) -> None:
        bank.earn(100, name)
        me = threading.get_ident()
        transaction.on_commit(lambda: done.update({name: (threading.get_ident() == me, queries.balance(bank.wang))}))

    def fail() -> None:
        transaction.on_commit(lambda: done.update(fails=True))
        raise Refusal

    callers.call("first", lambda: work("first"))
    callers.call("second", lambda: work("second"))
    callers.call("fails", fail)
    callers.finish()
    assert done == {"first": (True, 200), "second": (True, 200)}


def test_a_transaction_left_open_is_ended_by_who_waits(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was next in line gave up before his turn came."""
    monkeypatch.setattr(writing.Line, "has_more", lambda self: True)
    assert bank.earn(5, "a")
    monkeypatch.undo()
    assert queries.balance(bank.wang) == 5
    assert not connection.in_atomic_block


def test_who_gives_up_waiting_leaves_the_line() -> None:
    line, gate = writing.Line(), threading.Lock()
    line.enter()
    line._waiting.append(gate)
    line._step_out(gate)
    assert not line.has_more()
    line._step_out(gate)
    line.enter()
    assert not line.has_more()

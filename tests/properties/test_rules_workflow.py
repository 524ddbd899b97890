"""The workflow as a machine: whatever is done in whatever order, no deed ends with an open objection, each gives exactly
one award, an edit starts review and notice anew, and the passbook agrees with the deeds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q, QuerySet
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests import deeds_stage as stage
from tests.village import Village
from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.core.prepared import prepared
from wenming.domain.deeds import jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.models import Declaration
from wenming.domain.deeds.queries import Status
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.ledger.models import Transaction
from wenming.domain.notices import queries as notices
from wenming.domain.notices import services as notice_services

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db
WHO = st.sampled_from(["王秀梅", "张伟"])
CLAUSE = st.sampled_from(["1.1", "1.2", "1.4"])
REVIEWER = st.sampled_from(["reviewer", "reviewer2", "director"])
PLACE = st.integers(0, 5)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass
class Seen:
    """What the machine knows of a declaration: the last edit and when its present notice was hung up."""

    edited_at: datetime


@prepared
def standing(first: int, second: int) -> QuerySet[Declaration, Any]:
    """Where each deed of two people stands."""
    theirs = Declaration.objects.filter(Q(depositor_id=first) | Q(depositor_id=second))
    return theirs.values_list("pk", "status", "points", "depositor_id", "status_at")


@prepared
def keys_of(book_id: int) -> QuerySet[Transaction, Any]:
    return Transaction.objects.filter(book_id=book_id).values_list("key")


def machine(village: Village) -> type[RuleBasedStateMachine]:
    people = [village.person(name) for name in ("王秀梅", "张伟")]
    accounts_of = {one: depositors.passbook_of(depositor_id=one).points_account_id for one in people}
    accounts = list(accounts_of.values())

    class Workflow(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.stack = contextlib.ExitStack()
            self.stack.enter_context(undone())
            self.at = stage.THURSDAY
            self.made: dict[int, Seen] = {}
            self.looked_at: dict[int, list[Any]] = {}

        def teardown(self) -> None:
            """At the end of a life everything that is deposited is looked at once more."""
            try:
                for pk, (status, *_facts) in self.looked_at.items():
                    if status == Status.DEPOSITED:
                        self.look_at(pk)
            finally:
                self.stack.close()

        def pick(self, place: int) -> deed_queries.Declaration | None:
            ids = list(self.made)
            return deed_queries.declaration(actor=system(), declaration_id=ids[place % len(ids)]) if ids else None

        @initialize(published=st.booleans())
        def begin(self, published: bool) -> None:
            """Some deeds are on their way already, so that few steps lead to the end of one."""
            for who, code in (("王秀梅", "1.1"), ("张伟", "1.1"), ("王秀梅", "1.2")):
                self.declare(who, code)
                self.review(len(self.made) - 1, "reviewer", "approve")
            if published:
                self.publish()

        @rule(days=st.integers(0, 4))
        def time_goes_by(self, days: int) -> None:
            self.at += timedelta(days=days, hours=5)

        @rule(who=WHO, code=CLAUSE)
        def declare(self, who: str, code: str) -> None:
            with contextlib.suppress(Refusal):
                made = stage.declare(village, who, code, at=self.at, key=f"k{len(self.made)}")
                self.made[made.pk] = Seen(self.at)

        @rule(place=PLACE, by=REVIEWER, decision=st.sampled_from(["approve", "approve", "approve", "return", "reject"]))
        def review(self, place: int, by: str, decision: str) -> None:
            found = self.pick(place)
            if found is not None:
                with contextlib.suppress(Refusal):
                    stage.review(village, found, at=self.at, by=by, decision=decision)

        @rule(place=PLACE)
        def amend(self, place: int) -> None:
            found = self.pick(place)
            if found is None:
                return
            with contextlib.suppress(Refusal):
                changed = deeds.amend_declaration(
                    actor=village.officer("clerk", at=self.at), declaration_id=found.pk, happened_on=found.happened_on,
                    quantity=1, words=f"改 {found.revision}", photos=[], at=self.at,
                )  # fmt: skip
                assert (changed.status, changed.revision, changed.points) == (Status.SUBMITTED, found.revision + 1, None)
                assert len(changed.history) == found.revision
                self.made[found.pk].edited_at = self.at

        @rule(place=PLACE)
        def withdraw(self, place: int) -> None:
            found = self.pick(place)
            if found is not None:
                with contextlib.suppress(Refusal):
                    deeds.withdraw_declaration(actor=village.officer("clerk"), declaration_id=found.pk, at=self.at)

        @rule()
        def publish(self) -> None:
            with contextlib.suppress(Refusal):
                stage.publish(village, at=self.at)

        @rule(place=PLACE)
        def object_to(self, place: int) -> None:
            found = self.pick(place)
            if found is not None and found.notice_line_id is not None:
                with contextlib.suppress(Refusal):
                    notice_services.raise_objection(
                        actor=village.villager("刘德福"), line_id=found.notice_line_id, reason="other", words="那天没看见他",
                        at=self.at,
                    )  # fmt: skip

        @rule(upheld=st.booleans())
        def answer(self, upheld: bool) -> None:
            supervisor = village.officer("supervisor", at=self.at)
            for file in notices.objections_to_answer(actor=supervisor, at=self.at)[:1]:
                deeds.resolve_objection(actor=supervisor, objection_id=file.id, upheld=upheld, answer="查过签到了", at=self.at)

        @rule(place=PLACE)
        def put_right(self, place: int) -> None:
            found = self.pick(place)
            if found is None:
                return
            with contextlib.suppress(Refusal):
                deeds.propose_reversal(actor=village.officer("clerk"), declaration_id=found.pk, reason="记错了", at=self.at)
            for reversal in deed_queries.reversals_to_confirm(actor=village.officer("head"))[:1]:
                with contextlib.suppress(Refusal):
                    deeds.confirm_reversal(actor=village.officer("head"), reversal_id=reversal.pk, at=self.at)

        @rule()
        def run_the_timetable(self) -> None:
            contested = {
                found.pk
                for found in map(self.pick, range(len(self.made)))
                if found is not None
                and found.status == Status.ON_NOTICE
                and notices.has_open_objection(subject=f"deed:{found.pk}")
            }
            jobs.run_due(at=self.at)
            for pk in contested:
                assert deed_queries.declaration(actor=system(), declaration_id=pk).status == Status.ON_NOTICE

        @rule(place=PLACE)
        def deposit_by_hand(self, place: int) -> None:
            found = self.pick(place)
            if found is None:
                return
            blocked = notices.has_open_objection(subject=f"deed:{found.pk}")
            try:
                done = deeds.deposit_deed(actor=village.officer("clerk"), declaration_id=found.pk, at=self.at)
            except Refusal:
                return
            assert found.status == Status.DEPOSITED or not (blocked and done.status == Status.DEPOSITED)

        @invariant()
        def every_award_is_in_the_books_exactly_once(self) -> None:
            held = dict.fromkeys(accounts, 0)
            in_store = {pk: row for pk, *row in standing(first=people[0], second=people[1])}
            assert set(in_store) == set(self.made)
            keys = {key for (key,) in keys_of(book_id=village.book_id)}
            for pk, (status, points, who, _changed_at) in in_store.items():
                assert (f"deed:{pk}" in keys) == (status in (Status.DEPOSITED, Status.REVERSED))
                assert (f"deed:{pk}:reversed" in keys) == (status == Status.REVERSED)
                if status == Status.DEPOSITED:
                    held[accounts_of[who]] += points or 0
                    if self.looked_at.get(pk) != in_store[pk]:
                        self.look_at(pk)
            self.looked_at = in_store
            assert ledger.balances(accounts) == held

        def look_at(self, pk: int) -> None:
            """What was deposited follows from the rules, and stood on the wall for its whole time."""
            found = deed_queries.declaration(actor=system(), declaration_id=pk)
            assert deed_queries.replay(found).points == found.points
            if found.item.code != "1.2":
                assert found.notice_line_id is not None
                line = notices.line(line_id=found.notice_line_id, at=self.at)
                hung_up = notices.notice_of(notice_id=line.notice_id)
                assert line.status == "cleared"
                assert self.made[pk].edited_at <= hung_up.published_at and hung_up.ends_at <= found.status_at

    return Workflow


def run(village: Village, examples: int, *phases: Phase) -> None:
    village.villager("刘德福")
    run_state_machine_as_test(
        machine(village),
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            phases=phases or tuple(Phase),
            suppress_health_check=list(HealthCheck),
            deadline=None,
            database=None,
        ),
    )


def test_no_path_ends_wrong(village: Village) -> None:
    run(village, 12)


def test_without_the_guard_of_the_notice_a_path_ends_wrong(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: a line that clears at any time lets a deed end early, and the machine finds it."""
    monkeypatch.setattr(notice_services, "check_may_clear", lambda line, at: None)
    with pytest.raises(AssertionError):
        run(village, 1_000, Phase.generate)  # the first that is found ends it; mostly one of the first ten

"""R11: random lives of the books and of the deeds against plain models, by Hypothesis, in the store in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import hypothesis.core
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from tests import deeds_stage
from tests.properties.test_ledger_machine import Books
from tests.properties.test_rules_workflow import machine
from tests.simulation.store import Store

STEPS = 50
taken = 0


@functools.cache
def store() -> Store:
    opened = Store().__enter__()
    opened.migrate()
    return opened


def counting(plain: type[RuleBasedStateMachine]) -> type[RuleBasedStateMachine]:
    """The same machine; every step it takes is counted."""

    class Counted(plain):  # type: ignore[misc, valid-type]
        @invariant()
        def one_step_more(self) -> None:
            global taken
            taken += 1

    return Counted


def until(units: int, run: Callable[[int], None]) -> None:
    """Lives of at most STEPS steps, until so many steps were taken."""
    begun = taken
    while (left := units - (taken - begun)) > 0:
        run(max(1, left // STEPS))


def lives_of(plain: type[RuleBasedStateMachine], seed: int, units: int) -> None:
    counted, round_ = counting(plain), 0

    def run(examples: int) -> None:
        nonlocal round_
        round_ += 1
        hypothesis.core.global_force_seed = seed * 1000 + round_
        run_state_machine_as_test(
            counted,
            settings=settings(
                max_examples=examples, stateful_step_count=STEPS, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip

    until(units, run)


def work(seed: int, units: int) -> dict[str, Any]:
    """Half of the steps in the books, half in the deeds."""
    store()
    begun = taken
    with transaction.atomic():
        lives_of(Books, seed, units // 2)
        transaction.set_rollback(True)
    in_books = taken - begun
    with transaction.atomic():
        village = deeds_stage.build(deeds_stage.THURSDAY)
        village.villager("刘德福")
        lives_of(machine(village), seed, units - units // 2)
        transaction.set_rollback(True)
    return {"steps_in_books": in_books, "steps_in_deeds": taken - begun - in_books, "failed": 0}

"""What an act writes last: in its own transaction, after everything else, and not for an inner act that is undone."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection

from wenming.core import audit
from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.core.transactions import act, at_the_end

pytestmark = pytest.mark.django_db


def record(words: str, at: datetime) -> None:
    audit.record(actor=system(), act=words, subject="act:1", at=at)


def acts() -> list[str]:
    return [event.act for event in reversed(audit.trail(subject="act:1"))]


def test_the_last_things_come_last_and_in_order() -> None:
    done: list[str] = []
    with act():
        at_the_end(lambda: done.append("a"))
        with act():
            at_the_end(lambda: done.append("b"))
        done.append("work")
    assert done == ["work", "a", "b"]
    at_the_end(lambda: done.append("alone"))
    assert done[-1] == "alone"


def test_an_inner_act_that_is_undone_leaves_no_trace(at: datetime) -> None:
    with act():
        record("kept", at)
        with pytest.raises(Refusal), act():
            record("undone", at)
            raise Refusal
    with pytest.raises(Refusal), act():
        record("undone too", at)
        raise Refusal
    record("alone", at)
    assert acts() == ["kept", "alone"] and audit.first_broken() is None


def test_they_are_written_inside_the_transaction(at: datetime) -> None:
    inside: list[bool] = []
    with act():
        at_the_end(lambda: inside.append(connection.in_atomic_block))
    assert inside == [True]

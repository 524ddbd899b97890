"""Thirty approvers at once never pass a cap; with the guard off they do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import pytest
from django.db import connection, connections

from tests import deeds_stage as stage
from tests.village import Village
from wenming.core.actor import Actor, Grant
from wenming.core.errors import Refusal
from wenming.domain.deeds import caps
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.models import Declaration
from wenming.domain.identity import services as identity
from wenming.domain.rulebooks.engine import CapReached, Usage

APPROVERS = 30


def approve_at_once(village: Village, made: list[Declaration], at: datetime) -> list[str]:
    """Each declaration by another reviewer, all starting together; what came of each."""
    reviewers = [identity.register_user(display_name=f"审核{chr(0x4E00 + n)}", at=at).pk for n in range(len(made))]
    grant = Grant("reviewer", village.branch_id, frozenset({village.branch_id}))
    gate = threading.Barrier(len(made))

    def approve(turn: tuple[int, Declaration]) -> str:
        user_id, declaration = turn
        try:
            gate.wait(timeout=60)
            deeds.review_declaration(
                actor=Actor(user_id, "console", (grant,)),
                declaration_id=declaration.pk,
                decision="approve",
                reason="",
                revision=1,
                at=at,
            )
        except Refusal as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "approved"

    with ThreadPoolExecutor(len(made)) as pool:
        return list(pool.map(approve, zip(reviewers, made, strict=True)))


@pytest.fixture
def queue(at: datetime, transactional_db: None) -> Iterator[tuple[Village, list[Declaration]]]:
    """Thirty declarations of one person for a clause that holds three in a month."""
    village = stage.build(at)
    yield village, [stage.declare(village, at=at, on=date(2026, 3, 1), key=f"d{n}") for n in range(APPROVERS)]


def test_thirty_approvers_do_not_pass_a_cap(queue: tuple[Village, list[Declaration]], at: datetime) -> None:
    village, made = queue
    outcomes = approve_at_once(village, made, at)
    assert sorted(outcomes) == ["approved"] * 3 + [CapReached.code] * (APPROVERS - 3)
    assert deed_queries.counts_by_status()["approved"] == 3


def test_thirty_approvers_of_one_family_do_not_pass_its_cap(at: datetime, transactional_db: None) -> None:
    village = stage.build(at)
    family = ["王建国", "李秀英", "王小雨"]
    made = [stage.declare(village, family[n % 3], "2.1", at=at, key=f"d{n}") for n in range(12)]
    outcomes = approve_at_once(village, made, at)
    assert sorted(outcomes) == ["approved"] * 2 + [CapReached.code] * 10


def test_without_the_guard_the_cap_is_passed(
    queue: tuple[Village, list[Declaration]], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: nothing used up is ever seen. On PostgreSQL it is enough to take no turns."""
    village, made = queue
    if connection.vendor == "postgresql":
        together = threading.Barrier(APPROVERS)
        counted = caps.usage_of

        def counted_together(**given: object) -> Usage:
            found = counted(**given)  # type: ignore[arg-type]
            together.wait(timeout=60)
            return found

        monkeypatch.setattr(caps, "hold", lambda declarations: None)
        monkeypatch.setattr(caps, "usage_of", counted_together)
    else:
        monkeypatch.setattr(caps, "usage_of", lambda **given: Usage())
    assert approve_at_once(village, made, at).count("approved") > 3

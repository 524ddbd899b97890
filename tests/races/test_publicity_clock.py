"""The publicity period under a clock that jumps: points never post before its end, and post once."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from tests import deeds_stage as stage
from tests.village import Village
from wenming.core import clock
from wenming.domain.deeds import jobs
from wenming.domain.ledger import queries as ledger
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db


def stand_on_notice(village: Village, at: datetime) -> notice_queries.Notice:
    made = stage.declare(village, at=at)
    stage.review(village, made, at=at)
    return stage.publish(village, at=at)


def walk(village: Village, notice: notice_queries.Notice, seed: int) -> list[tuple[datetime, int]]:
    """Run the timetable under a clock that leaps forwards and backwards; when points were there, and how many."""
    source = random.Random(seed)
    seen = []
    instant = notice.published_at
    for _ in range(12):
        instant = instant + timedelta(minutes=source.randint(-3 * 24 * 60, 3 * 24 * 60))
        instant = min(instant, notice.ends_at - timedelta(microseconds=1))
        jobs.run_due(at=instant)
        seen.append((instant, stage.points_of(village, "王秀梅")))
    return seen


@pytest.mark.parametrize("seed", range(5))
def test_no_jump_of_the_clock_shortens_the_period(village: Village, at: datetime, seed: int) -> None:
    notice = stand_on_notice(village, at)
    assert all(points == 0 for _instant, points in walk(village, notice, seed))
    for instant in (notice.ends_at, notice.ends_at - timedelta(days=30), notice.ends_at + timedelta(days=300)):
        jobs.run_due(at=instant)
        assert stage.points_of(village, "王秀梅") == 200
    assert ledger.verify().ok


def test_the_end_is_fixed_when_the_notice_is_hung_up(village: Village, at: datetime) -> None:
    """Neither a later clock nor a later plan of holidays moves it: the row keeps the instant."""
    notice = stand_on_notice(village, at)
    assert notice.ends_at == notices.ends_at(at=at, after=5) and notice.ends_at.astimezone(clock.ZONE).hour == 0
    jobs.run_due(at=at - timedelta(days=365))
    assert notice_queries.notice(number=notice.number).ends_at == notice.ends_at


def test_without_the_guard_points_post_early(village: Village, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: a line that is cleared whatever the clock says lets the points through on the first day."""
    notice = stand_on_notice(village, at)
    monkeypatch.setattr(notices, "check_may_clear", lambda line, at: None)
    found = notice_queries.due_subjects(at=notice.ends_at)
    monkeypatch.setattr(notice_queries, "due_subjects", lambda *, at, limit, after: [] if after else found)
    assert any(points for _instant, points in walk(village, notice, 1))

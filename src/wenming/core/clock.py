"""The one clock. Surfaces and jobs read it and hand the instant down as `at`; nothing below reads it again."""

from __future__ import annotations

import functools
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant, aware. A test clock file holds one ISO 8601 instant and stands for the wall clock."""
    if settings.TEST_CLOCK:
        return parse_instant(Path(settings.TEST_CLOCK).read_text(encoding="utf-8").strip())
    return timezone.now()  # noqa: TID251


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; one without an offset is village time."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=ZONE)


def local_date(at: datetime, zone: tzinfo = ZONE) -> date:
    """The village day on which an instant falls."""
    return at.astimezone(zone).date()


@functools.lru_cache(maxsize=4096)
def day_start(day: date, zone: tzinfo = ZONE) -> datetime:
    """The first instant of a village day; days are half-open, [start, start of the next)."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def day_end(day: date, zone: tzinfo = ZONE) -> datetime:
    """The first instant after a village day."""
    return day_start(day + timedelta(days=1), zone)


def month_start(day: date) -> date:
    return day.replace(day=1)


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)

"""Chinese working days: the State Council's yearly plan where it is known, weekends where it is not yet published."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar


def is_workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def add_workdays(day: date, count: int) -> date:
    """The day on which the `count`-th working day after `day` falls."""
    while count > 0:
        day += timedelta(days=1)
        if is_workday(day):
            count -= 1
    return day

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


def known_years() -> tuple[int, int]:
    """The first and the last year whose plan is known."""
    years = {day.year for day in chinese_calendar.holidays}
    return min(years), max(years)


def exceptions(start: date, end: date) -> tuple[list[date], list[date]]:
    """From `start` to `end`: the Saturdays and Sundays that are worked, and the other days that are free."""
    days = [start + timedelta(days=count) for count in range((end - start).days + 1)]
    worked = [day for day in days if day.weekday() >= 5 and is_workday(day)]
    return worked, [day for day in days if day.weekday() < 5 and not is_workday(day)]

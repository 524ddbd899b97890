"""How days read in words, in the language of the page: 3月17日, or 17 Mar."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MONTHS = (
    gettext_lazy("1月"),
    gettext_lazy("2月"),
    gettext_lazy("3月"),
    gettext_lazy("4月"),
    gettext_lazy("5月"),
    gettext_lazy("6月"),
    gettext_lazy("7月"),
    gettext_lazy("8月"),
    gettext_lazy("9月"),
    gettext_lazy("10月"),
    gettext_lazy("11月"),
    gettext_lazy("12月"),
)
WEEKDAYS = (
    gettext_lazy("周一"),
    gettext_lazy("周二"),
    gettext_lazy("周三"),
    gettext_lazy("周四"),
    gettext_lazy("周五"),
    gettext_lazy("周六"),
    gettext_lazy("周日"),
)


def month(day: date) -> str:
    """3月, Mar"""
    return str(MONTHS[day.month - 1])


def weekday(day: date) -> str:
    """周六, Sat"""
    return str(WEEKDAYS[day.weekday()])


def short(day: date) -> str:
    """3月17日, 17 Mar"""
    return _("{month}{day}日").format(month=month(day), day=day.day)


def full(day: date) -> str:
    """2026年3月17日, 17 Mar 2026"""
    return _("{year}年{month}{day}日").format(year=day.year, month=month(day), day=day.day)


def of_year(day: date) -> str:
    """2026年3月, Mar 2026"""
    return _("{year}年{month}").format(year=day.year, month=month(day))

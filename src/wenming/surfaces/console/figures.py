"""这个月的数: the rhythm of the month and its figures beside the last one's; today's page loads them behind its list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from wenming.core import clock
from wenming.domain.deeds.figures import Month, months_of
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger.queries import Kind, Unit
from wenming.domain.notices import queries as notice_queries
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.console.page import REVIEW_WITHIN, Desk, console
from wenming.ui.filters import last_day

RECORDING, ON_NOTICE, POSTING = "recording", "notice", "posting"
NOTICES_READ = 62
RUNS_SAID = 3


@dataclass(frozen=True)
class Beat:
    """One thing that goes on in the month, on which days of it, and whether today."""

    kind: str
    words: str
    days: str
    is_now: bool


@dataclass(frozen=True)
class Rhythm:
    """The days of the month, each with what it is for (nothing yet for days to come), and the same in words."""

    today: int
    days: list[str]
    beats: list[Beat]


def rhythm_of(notices: Iterable[Any], on: date) -> Rhythm:
    """A notice hangs from its first day to its last; the day after, its points go in. Every other day is for recording."""
    first = clock.month_start(on)
    length = (clock.next_month(on) - first).days
    kinds = [RECORDING if number <= on.day else "" for number in range(1, length + 1)]
    spells = [(clock.local_date(one.published_at), last_day(one.ends_at)) for one in notices]
    hanging = {number for start, end in spells for number in _days_in(first, length, start, end)}
    ends = {end + timedelta(days=1) for _start, end in spells}
    posting = {number for end in ends for number in _days_in(first, length, end, end)}
    for kind, numbers in ((ON_NOTICE, hanging), (POSTING, posting)):
        for number in numbers:
            kinds[number - 1] = kind
    now = kinds[on.day - 1]
    beats = [
        Beat(RECORDING, _("记录、审核"), _("天天"), now == RECORDING),
        Beat(ON_NOTICE, _("公示"), _runs(hanging), now == ON_NOTICE),
        Beat(POSTING, _("入账"), _runs(posting), now == POSTING),
    ]
    return Rhythm(on.day, kinds, beats)


def _days_in(first: date, length: int, start: date, end: date) -> range:
    """The days of the month between two dates, both included."""
    return range(max((start - first).days, 0) + 1, min((end - first).days + 1, length) + 1)


def _runs(numbers: set[int]) -> str:
    """11–17、25 日: days in a row as one, the first few."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    if not runs:
        return _("还没有")
    said = _("、").join("–".join(str(number) for number in run) for run in runs[:RUNS_SAID])
    return _("{days} 日").format(days=said) if len(runs) <= RUNS_SAID else _("{days} 日等").format(days=said)


@console("desk")
def figures(desk: Desk) -> HttpResponse:
    """The branch's month; the desk loads it behind the list, or by its link."""
    month = clock.month_start(desk.on)
    before = clock.month_start(month - timedelta(days=1))
    span = desk.at - clock.day_start(month)
    book_id = organisations.book_of(branch_id=desk.branch.pk)
    notices = notice_queries.notices_on_wall(branch_id=desk.branch.pk, limit=NOTICES_READ)
    template = "desk/figures_part.html" if desk.request.headers.get("HX-Request") else "desk/figures.html"
    deeds = months_of(branch_ids=[desk.branch.pk], month=month, within=REVIEW_WITHIN).get(desk.branch.pk, Month())
    return desk.show(
        template,
        rhythm=rhythm_of(notices, desk.on),
        this=_flow(book_id, desk, clock.day_start(month), desk.at),
        last=_flow(book_id, desk, clock.day_start(before), min(clock.day_start(before) + span, clock.day_start(month))),
        homes=deeds.households,
        waited=_long(deeds.waited) if deeds.waited is not None else "",
        people=depositor_queries.counts(branch_ids=[desk.branch.pk]),
    )


def _long(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return _("{n} 天").format(n=f"{hours / 24:.1f}") if hours >= 24 else _("{n} 小时").format(n=max(1, round(hours)))


def _flow(book_id: int, desk: Desk, start: datetime, end: datetime) -> dict[str, int]:
    totals = ledger_queries.totals_by_kind(book_id, desk.branch.code, start, end)
    found = {"earned": 0, "spent": 0, "deeds": 0, "orders": 0}
    for total in totals:
        if total.kind == Kind.DEED_DEPOSITED and total.unit == Unit.POINTS:
            found["earned"], found["deeds"] = total.amount, total.count
        if total.kind == Kind.ORDER_COLLECTED and total.unit == Unit.POINTS:
            found["spent"], found["orders"] = total.amount, total.count
    return found

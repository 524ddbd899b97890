"""各分行怎么样: the branches of a bank side by side in this month, at the top of the page of branches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from wenming.core import clock, points
from wenming.domain.deeds.figures import Month, late_reviews, months_of, points_by_category
from wenming.domain.depositors.census import Census, census_of
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger.queries import Kind, Unit
from wenming.domain.notices import queries as notice_queries
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks.queries import Category
from wenming.surfaces.console.page import REVIEW_WITHIN, Desk

MONTHS = 6
IN_TIME_WANTED = 80
WIDTH, HEIGHT = 90, 22


def percent(part: int, whole: int) -> int | None:
    """Of a hundred; at least one where there is a part at all, and None where there is no whole."""
    return max(round(100 * part / whole), int(part > 0)) if whole else None


def parts_of_a_hundred(amounts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Each category's name and its share; together they are a hundred."""
    shares = points.split(100, list(amounts.values())) if amounts else []
    return [(str(Category(name).label), share) for name, share in zip(amounts, shares, strict=True)]


@dataclass(frozen=True)
class Line:
    """A small curve: the points of its path in a box of WIDTH by HEIGHT, and the place of its last one."""

    path: str
    last: tuple[float, float]

    @classmethod
    def of(cls, values: list[int]) -> Line:
        most, step = max(*values, 1), WIDTH / (len(values) - 1)
        spots = [(round(place * step, 1), round(HEIGHT * (1 - max(value, 0) / most), 1)) for place, value in enumerate(values)]
        return cls(" ".join(f"{x:g},{y:g}" for x, y in spots), spots[-1])


@dataclass(frozen=True)
class Row:
    """One branch. `earned` are the last months' deposits, this month's last; `words` say whether it wants help, and why."""

    branch: Any
    census: Census
    month: Month
    earned: list[int]
    objections: int
    late: int

    @property
    def line(self) -> Line:
        return Line.of(self.earned)

    @property
    def share(self) -> int | None:
        return percent(self.month.households, self.census.households)

    @property
    def in_time(self) -> int | None:
        return percent(self.month.in_time, self.month.looks)

    @property
    def wants_help(self) -> bool:
        return bool(self.late) or not (self.month.households or self.earned[-1])

    @property
    def words(self) -> str:
        if self.late:
            return _("要帮：{n} 笔超过 2 天没审").format(n=self.late)
        return _("要帮：这个月还没有记录") if self.wants_help else _("正常")


def _months(on: date) -> list[date]:
    """The first days of the last six months, this one's last."""
    found = [clock.month_start(on)]
    while len(found) < MONTHS:
        found.insert(0, clock.month_start(found[0] - timedelta(days=1)))
    return found


def _rows(desk: Desk, branches: list[Any], earned: dict[str, list[int]]) -> list[Row]:
    ids = [branch.pk for branch in branches]
    people, months = census_of(branch_ids=ids), months_of(branch_ids=ids, month=desk.on, within=REVIEW_WITHIN)
    late = late_reviews(branch_ids=ids, at=desk.at, within=REVIEW_WITHIN)
    objections = notice_queries.open_objections(branch_ids=ids)
    found = [
        Row(
            branch,
            people.get(branch.pk, Census()),
            months.get(branch.pk, Month()),
            earned.get(branch.code, [0] * (MONTHS + 1))[:MONTHS],
            objections.get(branch.pk, 0),
            late.get(branch.pk, 0),
        )
        for branch in branches
    ]
    return sorted(found, key=lambda row: (not row.wants_help, -row.late, row.share or 0, row.branch.code))


def overview_of(desk: Desk) -> dict[str, object]:
    """Every branch of the bank, those that want help first, and the town's sums. The same questions however many branches."""
    branches = [branch for branch in desk.branches if branch.parent_id == desk.bank.pk]
    months, tomorrow = _months(desk.on), desk.on + timedelta(days=1)
    before = months[-2], min(months[-2] + (tomorrow - months[-1]), months[-1])
    spans = [*zip(months, [*months[1:], tomorrow], strict=True), before]
    book_id = organisations.book_of(branch_id=desk.bank.pk)
    earned = ledger_queries.amounts(book_id, spans, Kind.DEED_DEPOSITED, Unit.POINTS)
    spent = ledger_queries.amounts(book_id, spans[MONTHS - 1 : MONTHS], Kind.ORDER_COLLECTED, Unit.POINTS)
    rows = _rows(desk, branches, earned)
    categories = points_by_category(branch_ids=[branch.pk for branch in branches], month=desk.on)
    total = sum(row.earned[-1] for row in rows)
    used = sum(spent.get(row.branch.code, [0])[0] for row in rows)
    looks, in_time = sum(row.month.looks for row in rows), sum(row.month.in_time for row in rows)
    homes, with_deed = sum(row.census.households for row in rows), sum(row.month.households for row in rows)
    return {
        "rows": rows,
        "months": months,
        "people": sum(row.census.people for row in rows),
        "homes": homes,
        "with_deed": with_deed,
        "share": percent(with_deed, homes),
        "earned": total,
        "earned_before": sum(earned.get(row.branch.code, [0] * (MONTHS + 1))[MONTHS] for row in rows),
        "spent": used,
        "spent_share": percent(used, total),
        "in_time": percent(in_time, looks),
        "behind": sum(row.in_time is not None and row.in_time < IN_TIME_WANTED for row in rows),
        "wanted": IN_TIME_WANTED,
        "categories": parts_of_a_hundred(categories),
        "box": (WIDTH, HEIGHT),
    }

"""The past of the demo, month by month and branch by branch, through the same bulk services that an import uses."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import services as rulebooks
from wenming.surfaces.cli import building
from wenming.surfaces.cli.town import enrolment, goods
from wenming.surfaces.cli.town.choices import Doing, Saver, Year
from wenming.surfaces.cli.town.people import Family
from wenming.surfaces.cli.town.structure import Branch, Town

GROWTH = {2018: 0.75, 2019: 1.0, 2020: 0.9, 2021: 1.1, 2022: 1.25}
LAST_DAYS = 6
SEASONS = (1.15, 0.8, 1.0, 1.1, 1.05, 1.0, 0.9, 0.9, 1.0, 1.1, 1.0, 1.2)
QUARTER_ENDS, HALF_YEARS = (3, 6, 9, 12), (6, 12)


def months(town: Town) -> Iterator[tuple[date, float]]:
    """Every month of the past with its part of all points."""
    scale = town.scale
    weights = [
        (date(year, month, 1), GROWTH[year] * SEASONS[month - 1])
        for year in range(scale.first_year, scale.last_year + 1)
        for month in range(1, 13)
    ]
    whole = sum(weight for _, weight in weights)
    return ((month, weight / whole) for month, weight in weights)


class Past:
    """Lives through the years: enrols each year's newcomers, records the registers, holds exchange days, seals.

    In the last year a branch hands in its register every month and exchanges every quarter; before, every quarter and
    every half-year, as the branches grew into it.
    """

    def __init__(
        self,
        *,
        actor: Actor,
        source: random.Random,
        town: Town,
        rolls: dict[int, list[Family]],
        shelf: goods.Shelf,
        stars: frozenset[str],
    ) -> None:
        self.stars = stars
        self.actor, self.source, self.town, self.rolls, self.shelf = actor, source, town, rolls, shelf
        self.book_id = organisations.book_of(branch_id=town.head_bank_id)
        self.drafts = rulebooks.starter_items()
        self.savers: dict[int, list[Saver]] = {}
        self.years: dict[int, Year] = {}
        self.sheets: dict[int, deeds.Reckoner] = {}
        self.waiting: dict[int, list[tuple[date, Doing]]] = defaultdict(list)

    def live(self, say: Callable[[float, str], None]) -> None:
        """Month after month."""
        passed = 0.0
        for month, part in months(self.town):
            say(passed, f"{month:%Y-%m}")
            with building.together():
                self._live_month(month, int(self.town.scale.points * 100 * part))
            ledger.seal(book_id=self.book_id, at=clock.day_start(clock.next_month(month)) - timedelta(hours=2))
            passed += part

    def _live_month(self, month: date, target: int) -> None:
        if month.month == 1:
            self._new_year(month)
        is_last_year = month.year == self.town.scale.last_year
        if month.month in (QUARTER_ENDS if is_last_year else HALF_YEARS):
            self._exchange(month.replace(day=20))
        whole = sum(saver.weight for some in self.savers.values() for saver in some)
        for branch in self.town.branches:
            weight = sum(saver.weight for saver in self.savers[branch.number])
            self._draw(branch, month, int(target * weight / whole))
            if is_last_year or month.month in QUARTER_ENDS:
                self._hand_in(branch, month)

    def _new_year(self, month: date) -> None:
        start = clock.day_start(month) + timedelta(days=1, hours=9)
        is_first = month.year == self.town.scale.first_year
        if not is_first:
            goods.receive(actor=self.actor, town=self.town, fund_ids=self.shelf.fund_ids, year=month.year, at=start)
        for branch in self.town.branches:
            if not is_first:
                newcomers = [family for family in self.rolls[branch.number] if family.joined_in == month.year]
                enrolment.enrol(actor=self.actor, branch_id=branch.id, families=newcomers, at=start)
            before = self.sheets.get(branch.number)
            sheet = deeds.begin_history(branch_id=branch.id, year=month.year, at=start, before=before)
            on = month + timedelta(days=1)
            self.sheets[branch.number] = sheet
            self.savers[branch.number] = enrolment.savers(source=self.source, sheet=sheet, on=on, stars=self.stars)
            self.years[branch.number] = Year(self.source, self.drafts)

    def _draw(self, branch: Branch, month: date, target: int) -> None:
        """The deeds of one month, from its 3rd day until a week before its end."""
        days = (clock.next_month(month) - month).days - LAST_DAYS - 3
        drawn = self.years[branch.number].month(self.savers[branch.number], target, days)
        drawn.sort(key=lambda doing: doing.day)
        self.waiting[branch.number] += [(month.replace(day=doing.day + 2), doing) for doing in drawn]

    def _hand_in(self, branch: Branch, month: date) -> None:
        """The register since the last one: on the wall in the last week of the month, recorded on its last day."""
        last = clock.next_month(month) - timedelta(days=1)
        rows = [
            deeds.RegisterRow(number, doing.saver.id, doing.code, on, doing.quantity)
            for number, (on, doing) in enumerate(self.waiting.pop(branch.number), 3)
        ]
        recorded = deeds.record_register(
            actor=self.actor,
            branch_id=branch.id,
            rows=rows,
            batch_key=f"{branch.code}-{month:%Y-%m}",
            at=clock.day_start(last) + timedelta(hours=10, seconds=branch.number),
            noticed_on=last - timedelta(days=LAST_DAYS),
            history=self.sheets[branch.number],
            brought_by=branch.user_ids["clerk"],
            signed_by=branch.user_ids["director"],
        )
        if month.month in HALF_YEARS and branch.number % 8 == month.month // 6:
            self._put_right(branch, recorded.first_id, clock.day_start(last) + timedelta(hours=16))

    def _put_right(self, branch: Branch, declaration_id: int, at: datetime) -> None:
        """One line was entered twice: the clerk proposes to take it back, the director confirms."""
        clerk = depositors.actor_for(user_id=branch.user_ids["clerk"], door="console", at=at)
        director = depositors.actor_for(user_id=branch.user_ids["director"], door="console", at=at)
        try:
            found = deeds.propose_reversal(actor=clerk, declaration_id=declaration_id, reason="台账里登了两遍，撤回一遍。", at=at)
            deeds.confirm_reversal(actor=director, reversal_id=found.pk, at=at + timedelta(minutes=30))
        except (deeds.Recused, deeds.SecondOfficerNeeded):
            return

    def _exchange(self, on: date) -> None:
        for branch in self.town.branches:
            goods.exchange_day(
                actor=self.actor,
                source=self.source,
                branch=branch,
                savers=self.savers[branch.number],
                shelf=self.shelf,
                on=on,
                part=self.source.uniform(0.6, 0.95),
            )

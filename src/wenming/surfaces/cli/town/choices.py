"""Which deeds happen in a month: chance draws that keep within the rule book's classes and caps.

A family takes an item at most once a month here, which keeps every cap of a day or a month; the caps of a year are counted.
"""

from __future__ import annotations

import itertools
import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from wenming.domain.rulebooks.services import ItemDraft

# Hours and half-days are tallied over the whole month in one line of the register.
TALLIED = {
    "1.3": 5.0,
    "3.7": 40.0,
    "5.1": 9.0,
    "1.7": 6.0,
    "3.9": 0.3,
    "2.3": 0.4,
    "2.4": 0.4,
    "2.5": 0.2,
    "4.2": 0.2,
    "6.5": 0.3,
}
OFTEN = {"volunteering": 3.0, "participation": 3.0, "contests": 1.6, "customs": 1.0, "good_deeds": 1.0}


@dataclass(slots=True)
class Saver:
    """A depositor as the draws see one: how active, since when, of which classes."""

    id: int
    household: int
    account: int
    classes: frozenset[str]
    joined_on: date
    weight: float
    kind: str = "person"


class Doing(NamedTuple):
    """One drawn deed and what it should be worth."""

    saver: Saver
    code: str
    day: int
    quantity: int
    points: int


@dataclass(frozen=True, slots=True)
class Option:
    """One item for one set of classes: its worth a time, and the caps of a year."""

    draft: ItemDraft
    code: str
    points: int
    times_year: int | None
    points_year: int | None
    household_points_year: int | None

    def quantity(self, source: random.Random) -> int:
        if self.draft.value_kind == "per_unit":
            return source.randint((2 * self.draft.quantity_max + 2) // 3, self.draft.quantity_max)
        if self.draft.value_kind == "steps":
            starts = [start for start, _ in self.draft.steps if start <= self.draft.quantity_max]
            return starts[min(int(source.expovariate(1.6)), len(starts) - 1)]
        return 1

    def worth(self, quantity: int) -> int:
        if self.draft.value_kind == "per_unit":
            return self.points * quantity
        if self.draft.value_kind == "steps":
            return max(worth for start, worth in self.draft.steps if start <= quantity)
        return self.points


def options_for(drafts: Iterable[ItemDraft], classes: frozenset[str]) -> tuple[list[Option], list[float]]:
    """The items a register may hold for people of these classes, with the running weights for a draw."""
    options, weights = [], []
    held = {"minor"} if "minor" in classes else classes
    for draft in drafts:
        if "sheet" not in draft.declarers or draft.direction != "merit" or draft.effect == "honour":
            continue
        allowed = [name for name in sorted(held) if not draft.classes or name in draft.classes]
        if not allowed:
            continue
        own = max((draft.classes.get(name, {}) for name in allowed), key=lambda one: one.get("points", draft.points))
        caps = {**draft.caps, **{name: value for name, value in own.items() if name != "points"}}
        option = Option(
            draft,
            draft.code,
            own.get("points", draft.points),
            caps.get("person_times_year"),
            caps.get("person_points_year"),
            caps.get("household_points_year"),
        )
        options.append(option)
        usual = max(option.worth(draft.steps[0][0] if draft.steps else 1), 50)
        weights.append(OFTEN.get(draft.category, 0.5) / (usual / 100) ** 0.05 * TALLIED.get(draft.code, 1.0))
    return options, list(itertools.accumulate(weights))


class Year:
    """Draws the deeds of one branch, month by month, and remembers what counts against the caps of the year."""

    def __init__(self, source: random.Random, drafts: Sequence[ItemDraft]) -> None:
        self.source = source
        self.drafts = drafts
        self.offers: dict[frozenset[str], tuple[list[Option], list[float]]] = {}
        self.times: dict[tuple[int, str], int] = defaultdict(int)
        self.points: dict[tuple[int, str], int] = defaultdict(int)
        self.home_points: dict[tuple[int, str], int] = defaultdict(int)

    def month(self, savers: Sequence[Saver], target: int, days: int) -> list[Doing]:
        """Deeds worth about `target` hundredths of a point, in no particular order."""
        heaped = list(itertools.accumulate(saver.weight for saver in savers))
        drawn: list[Doing] = []
        taken: set[tuple[int, str]] = set()
        total, misses = 0, 0
        while total < target and misses < 4000:
            for saver in self.source.choices(savers, cum_weights=heaped, k=200):
                doing = self._one(saver, taken, days)
                if doing is None:
                    misses += 1
                    continue
                drawn.append(doing)
                total += doing.points
                if total >= target:
                    break
        return drawn

    def _one(self, saver: Saver, taken: set[tuple[int, str]], days: int) -> Doing | None:
        if saver.classes not in self.offers:
            self.offers[saver.classes] = options_for(self.drafts, saver.classes)
        options, heaped = self.offers[saver.classes]
        if not options:
            return None
        option = options[bisect(heaped, self.source.random() * heaped[-1], 0, len(options) - 1)]
        quantity = option.quantity(self.source)
        worth = option.worth(quantity)
        home = (saver.household, option.code)
        if home in taken or not self._count(option, saver, worth):
            return None
        taken.add(home)
        return Doing(saver, option.code, self.source.randint(1, days), quantity, worth)

    def _count(self, option: Option, saver: Saver, worth: int) -> bool:
        """Count one more deed against the caps of the year, where the item has any; False when it would pass one."""
        person, home = (saver.id, option.code), (saver.household, option.code)
        if option.times_year is not None and self.times[person] >= option.times_year:
            return False
        if option.points_year is not None and self.points[person] + worth > option.points_year:
            return False
        if option.household_points_year is not None and self.home_points[home] + worth > option.household_points_year:
            return False
        self.times[person] += 1
        self.points[person] += worth
        self.home_points[home] += worth
        return True

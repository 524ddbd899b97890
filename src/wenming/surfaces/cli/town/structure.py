"""The county, the head bank and its branches, with the villages that each serves."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from wenming.core.actor import Actor
from wenming.domain.organisations import services as organisations
from wenming.surfaces.cli.town.people import Counts, share

REGIONS = Path(organisations.__file__).parent / "regions" / "lucheng.csv"
COUNTY, TOWN = "110112", "110112119"


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a demo is: `served` villages are shared out among the branches, the rest have none."""

    branches: int
    served: int
    depositors: int
    household_passbooks: int
    units: int
    collectives: int
    first_year: int
    last_year: int
    points: int


SCALES = {
    "town": Scale(33, 50, 18_754, 420, 40, 60, 2018, 2022, 2_700_000),
    "village": Scale(2, 3, 400, 8, 2, 4, 2022, 2022, 14_400),
}


@dataclass(slots=True)
class Branch:
    """One branch of the demo: its place in the town, its size, and its villages as (code, name)."""

    number: int
    id: int
    code: str
    name: str
    villages: list[tuple[str, str]]
    counts: Counts
    user_ids: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Town:
    scale: Scale
    head_bank_id: int
    branches: list[Branch]


def region_rows() -> list[organisations.RegionRow]:
    with REGIONS.open(encoding="utf-8-sig", newline="") as file:
        return [
            organisations.RegionRow(
                row["code"], row["name"], row["level"], row["parent_code"], date.fromisoformat(row["valid_from"])
            )
            for row in csv.DictReader(file)
        ]


def found(*, actor: Actor, source: random.Random, scale: Scale, at: datetime) -> Town:
    """Open the county, the head bank and the branches. Villages go to branches in order of their codes."""
    rows = region_rows()
    organisations.add_regions(rows=rows)
    county = organisations.open_county(actor=actor, code=COUNTY, name="通州区", at=at)
    bank = organisations.open_head_bank(actor=actor, code=TOWN, name="潞城镇文明银行总行", at=at, county_id=county.pk)
    villages = [(row.code, row.name) for row in rows if row.level == "village"]
    served = sorted(source.sample(villages[1:], scale.served - 1) + villages[:1])
    doubles = set(source.sample(range(1, scale.branches), scale.served - scale.branches)) if scale.branches > 2 else {0}
    branches: list[Branch] = []
    counts = _sizes(source, scale, doubles)
    for number in range(scale.branches):
        own = [served.pop(0) for _ in range(2 if number in doubles else 1)]
        code, name = f"LC{number + 1:02d}", f"{own[0][1]}分行"
        opened = organisations.open_branch(
            actor=actor, head_bank_id=bank.pk, code=code, name=name, village_codes=[code for code, _ in own], at=at
        )
        branches.append(Branch(number + 1, opened.pk, code, name, own, counts[number]))
    return Town(scale, bank.pk, branches)


def _sizes(source: random.Random, scale: Scale, doubles: set[int]) -> list[Counts]:
    """Persons by the size of the villages; a few family passbooks, units and collectives everywhere."""
    weights = [source.uniform(0.7, 1.4) * (1.5 if number in doubles else 1.0) for number in range(scale.branches)]
    persons = scale.depositors - scale.household_passbooks - scale.units - scale.collectives
    even = [1.0] * scale.branches
    parts = zip(
        share(persons, weights),
        share(scale.household_passbooks, weights),
        share(scale.units, even),
        share(scale.collectives, even),
        strict=True,
    )
    return [Counts(*part) for part in parts]

"""Families, units and collectives of the demo, planned before they are enrolled: who, how old, in which lane, of which class.

About one resident in three holds a passbook, most of them for their family (DOMAIN 6.3: 3.2 residents a depositor).
Phones begin with 160, a range that no carrier uses, so that no message can reach a stranger; nobody has an ID number.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from wenming.surfaces.cli.town import names

LANES = ("东街", "西街", "前街", "后街", "中心街", "南胡同", "北胡同", "河沿街", "新街")
RESIDENTS = ((1, 10), (2, 24), (3, 27), (4, 20), (5, 12), (6, 5), (7, 2))
JOINING = ((2018, 62), (2019, 14), (2020, 10), (2021, 9), (2022, 5))


@dataclass(slots=True)
class Member:
    """One depositor to be: a person, or a family, unit or collective that holds its own passbook.

    `classes` are those beyond what follows from kind and age.
    """

    name: str
    kind: str = "person"
    sex: str = ""
    born_on: date | None = None
    phone: str = ""
    classes: tuple[str, ...] = ()
    guardian: str = ""
    is_head: bool = False


@dataclass(slots=True)
class Family:
    """One household of the roll; units and collectives stand alone, without a number."""

    number: str
    village: str
    lane: str
    joined_in: int
    resident_count: int
    members: list[Member] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many depositors of each kind one branch gets."""

    persons: int
    households: int
    units: int
    collectives: int


def share(total: int, weights: list[float]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to the total."""
    whole, shares, passed, given = sum(weights), [], 0.0, 0
    for weight in weights:
        passed += weight
        upto = round(total * passed / whole)
        shares.append(upto - given)
        given = upto
    return shares


class Roll:
    """Plans the families of one town, branch by branch, out of one seeded source."""

    def __init__(self, source: random.Random, first_year: int, last_year: int) -> None:
        self.source = source
        self.names = names.Names(source)
        self.years = [(year, weight) for year, weight in JOINING if first_year <= year <= last_year] or [(first_year, 1)]
        self.phones = 0

    def families(self, *, number: int, villages: list[tuple[str, str]], counts: Counts) -> list[Family]:
        """All households of one branch, then its units and collectives."""
        made: list[Family] = []
        left = counts.persons
        homes = [(code, self.names.clans(), self.source.randint(4, len(LANES))) for code, _ in villages]
        while left > 0:
            code, clans, lanes = homes[(counts.persons - left) * len(homes) // counts.persons]
            family = self._family(f"{number:02d}{len(made) + 1:04d}", code, clans, LANES[self.source.randrange(lanes)])
            del family.members[left:]
            left -= len(family.members)
            made.append(family)
        for family in self.source.sample(made, min(counts.households, len(made))):
            family.members.append(Member(f"{family.members[0].name}家", kind="household"))
        self._name_lane_chiefs(made)
        return made + self._bodies(villages, counts)

    def _name_lane_chiefs(self, made: list[Family]) -> None:
        """The first grown-up head of the first year in each lane looks after it."""
        seen: set[tuple[str, str]] = set()
        for family in made:
            head = family.members[0]
            if family.joined_in == self.years[0][0] and (family.village, family.lane) not in seen and head.phone:
                seen.add((family.village, family.lane))
                head.classes = (*head.classes, "lane_chief")

    def _bodies(self, villages: list[tuple[str, str]], counts: Counts) -> list[Family]:
        made = []
        for kind, count, titles in (("unit", counts.units, names.UNITS), ("collective", counts.collectives, names.COLLECTIVES)):
            for title in self.source.sample(titles, min(count, len(titles))):
                code, village = self.source.choice(villages)
                body = Member(f"{village}{title}", kind=kind)
                made.append(Family("", code, "", self.years[0][0], 1, [body]))
        return made

    def _family(self, number: str, village: str, clans: tuple[str, ...], lane: str) -> Family:
        joined = self.source.choices([y for y, _ in self.years], [w for _, w in self.years])[0]
        residents = self.source.choices([n for n, _ in RESIDENTS], [w for _, w in RESIDENTS])[0]
        head_sex = "m" if self.source.random() < 0.7 else "f"
        surname = self.names.surname(clans)
        head = self._adult(surname, head_sex, self._birthday(1936, 1990), is_head=True)
        family = Family(number, village, lane, joined, residents, [head])
        born = head.born_on.year if head.born_on else 1960
        if self.source.random() < 0.07:
            other = "f" if head_sex == "m" else "m"
            spouse_surname = self.names.surname(()) if other == "f" else surname
            family.members.append(self._adult(spouse_surname, other, self._birthday(born - 3, born + 4)))
        if self.source.random() < 0.05 and born <= 1976:
            sex = self.source.choice("mf")
            family.members.append(self._adult(surname, sex, self._birthday(born + 22, min(born + 30, 1999))))
        if self.source.random() < 0.045 and residents >= 3:
            sex = self.source.choice("mf")
            birthday = self._birthday(2011, 2014)
            child = Member(surname + self.names.given(sex, 2011), "person", sex, birthday, guardian=head.name)
            family.members.append(child)
        family.resident_count = max(residents, len(family.members))
        return family

    def _adult(self, surname: str, sex: str, born_on: date, is_head: bool = False) -> Member:
        classes = []
        if self.source.random() < 0.09:
            classes.append("party_member")
        elif self.source.random() < 0.04:
            classes.append("new_villager")
        phone = ""
        if self.source.random() < 0.62:
            self.phones += 1
            phone = f"160{self.phones:08d}"
        return Member(
            surname + self.names.given(sex, born_on.year), "person", sex, born_on, phone, tuple(classes), is_head=is_head
        )

    def _birthday(self, first: int, last: int) -> date:
        start, end = date(first, 1, 1), date(max(first, last), 12, 31)
        return start + timedelta(days=self.source.randrange((end - start).days + 1))

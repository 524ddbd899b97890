"""What counts against a cap: whose deeds, of which days, by which worth; and whose turns are taken before anybody counts."""

from __future__ import annotations

from datetime import date

import pytest

from tests import deeds_stage as stage
from tests.village import Village
from wenming.domain.deeds import caps
from wenming.domain.deeds.models import Declaration, Status
from wenming.domain.depositors.models import Depositor
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.engine import CAPS

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 12)
ROWS = [
    (date(2026, 3, 12), 200, None), (date(2026, 3, 1), -300, 100), (date(2026, 3, 31), None, 700), (date(2026, 4, 1), 11, None),
    (date(2026, 2, 28), 13, None), (date(2026, 1, 1), 17, None), (date(2026, 12, 31), 19, None), (date(2025, 12, 31), 23, None),
    (date(2027, 1, 1), 29, None), (date(2026, 3, 12), None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cap", "used"),
    [
        ("person_times_day", 2), ("person_times_month", 4), ("person_times_year", 8), ("person_points_day", 200),
        ("person_points_month", 1200), ("person_points_year", 1260),
    ],
)  # fmt: skip
def test_the_window_holds_its_first_day_and_not_the_one_after_its_last(cap: str, used: int) -> None:
    assert caps.tally(cap, ROWS, DAY) == caps.tally(cap.replace("person", "household"), ROWS, DAY) == used


@pytest.mark.parametrize(
    ("points", "honour", "worth"),
    [(300, None, 300), (-300, None, 300), (None, 500, 500), (200, 500, 500), (500, 200, 500), (None, None, 0), (0, 0, 0)],
)
def test_what_a_deed_is_worth(points: int | None, honour: int | None, worth: int) -> None:
    assert caps.worth_of(points, honour) == worth


def told(made: Declaration, who: int, home: int | None, day: date, points: int | None, status: str = Status.APPROVED) -> int:
    """The deed once more, for somebody, on a day."""
    number = Declaration.objects.count()
    made.pk, made.public_id, made.submission_key = None, f"{number:032x}", f"caps-{number}"
    made.depositor_id, made.household_id, made.happened_on, made.points, made.status = who, home, day, points, status
    made.honour = 0
    made.save(force_insert=True)
    return int(made.pk)


def test_the_persons_deeds_and_the_households(village: Village) -> None:
    made = stage.declare(village, "王秀梅", "1.1", at=stage.THURSDAY)
    Declaration.objects.all().delete()
    me, husband, stranger = (village.person(name) for name in ("王秀梅", "赵志强", "张伟"))
    home = home_of(me)
    assert home == home_of(husband) != home_of(stranger)
    mine = told(made, me, home, DAY, 200)
    told(made, me, home, date(2026, 1, 1), 100)
    told(made, me, home, date(2025, 12, 31), 1_000)
    told(made, me, home, date(2027, 1, 1), 1_000)
    told(made, husband, home, DAY, 30)
    told(made, stranger, home_of(stranger), DAY, 4_000)
    told(made, me, home, DAY, None, Status.SUBMITTED)
    told(made, me, None, date(2026, 3, 1), 7)  # before the person was of the household
    item = rulebooks.item(item_id=village.items["1.1"])

    used = caps.usage_of(depositor_id=me, household_id=home, item=item, happened_on=DAY).used
    assert used == {
        "person_times_day": 1, "person_times_month": 2, "person_times_year": 3, "household_times_month": 2,
        "person_points_day": 200, "person_points_month": 207, "person_points_year": 307, "household_points_month": 230,
        "household_points_year": 330,
    }  # fmt: skip
    alone = caps.usage_of(depositor_id=me, household_id=None, item=item, happened_on=DAY).used
    assert alone == used | {"household_times_month": 2, "household_points_month": 207, "household_points_year": 307}
    anew = caps.usage_of(depositor_id=me, household_id=home, item=item, happened_on=DAY, without=[mine]).used
    assert (anew["person_times_day"], anew["household_points_month"]) == (0, 30) and set(anew) == set(CAPS)


def home_of(person: int) -> int | None:
    return Depositor.objects.get(pk=person).household_id


def test_whose_turns_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The branch's for reading with others; then, each alone, those of the people and of their households."""
    taken: list[tuple[set[str], bool]] = []
    monkeypatch.setattr(caps, "take_turn", lambda *keys, shared=False: taken.append((set(keys), shared)))
    deeds = [Declaration(branch_id=1, depositor_id=2, household_id=3), Declaration(branch_id=1, depositor_id=4)]
    caps.hold(iter(deeds))
    assert taken == [({"caps:branch:1"}, True), ({"caps:person:2", "caps:person:4", "caps:household:3"}, False)]
    caps.hold_branch(1)
    assert taken[2:] == [({"caps:branch:1"}, False)]

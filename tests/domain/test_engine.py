"""The engine by examples: values, classes, caps, and the paragraph that explains."""

from __future__ import annotations

from datetime import date

import pytest

from wenming.core.errors import Refusal
from wenming.domain.rulebooks import engine
from wenming.domain.rulebooks.engine import CapReached, DeedFacts, ItemTerms, Usage

DAY = date(2026, 3, 12)
LITTER = ItemTerms(code="1.1", title="捡拾垃圾", points=300, caps={"person_times_month": 8})
HOURS = ItemTerms(code="1.3", title="志愿服务", points=100, value_kind="per_unit", unit="小时", quantity_max=8)
TIERS = ItemTerms(
    code="1.4", title="服务时长", value_kind="steps", unit="小时", quantity_max=300, steps=((10, 200), (20, 500), (50, 1000))
)


def give(terms: ItemTerms, *classes: str, quantity: int = 1, **used: int) -> engine.Assessment:
    return engine.assess(terms, DeedFacts(DAY, quantity, frozenset(classes or ("villager",))), Usage(used))


def words(terms: ItemTerms, *classes: str, quantity: int = 1, **used: int) -> str:
    return engine.explain(give(terms, *classes, quantity=quantity, **used).steps)


def test_fixed() -> None:
    assert (give(LITTER).points, give(LITTER).honour) == (300, 300)
    assert words(LITTER, person_times_month=1) == "这一笔记 3 分：捡拾垃圾每次 3 分，按村民记，3月第 2 次（最多 8 次）。"


def test_per_unit() -> None:
    assert give(HOURS, quantity=3).points == 300
    assert words(HOURS, quantity=3) == "这一笔记 3 分：志愿服务每小时 1 分，这次 3 小时，按村民记。"


@pytest.mark.parametrize(("hours", "points"), [(10, 200), (19, 200), (20, 500), (50, 1000), (300, 1000)])
def test_tiers(hours: int, points: int) -> None:
    assert give(TIERS, quantity=hours).points == points


def test_tiers_in_words() -> None:
    assert words(TIERS, quantity=23) == "这一笔记 5 分：服务时长满 20 小时记 5 分，这次 23 小时，按村民记。"
    with pytest.raises(engine.BelowFirstStep) as told:
        give(TIERS, quantity=9)
    assert told.value.words == "满 10 小时才记分，这次还不到。"


@pytest.mark.parametrize(
    ("effect", "points", "honour"), [("points", 300, 0), ("honour", 0, 300), ("points_and_honour", 300, 300)]
)
def test_effects(effect: str, points: int, honour: int) -> None:
    given = give(ItemTerms(code="1", title="一", points=300, effect=effect))
    assert (given.points, given.honour, given.worth) == (points, honour, 300)


def test_honour_in_words() -> None:
    assert words(ItemTerms(code="1", title="先进", points=300, effect="honour")).startswith("这一笔记 3 荣誉分：")


def test_the_best_class_applies_and_is_named() -> None:
    terms = ItemTerms(code="6.1", title="巡查", points=300, classes={"villager": {}, "party_member": {"points": 500}})
    given = give(terms, "villager", "party_member")
    assert given.points == 500 and given.identity_class == "party_member"
    assert "按党员记（几种身份里对您最好的一种）" in engine.explain(given.steps)


def test_a_class_with_room_beats_one_that_is_full() -> None:
    terms = ItemTerms(
        code="6",
        title="六",
        points=300,
        caps={"person_times_month": 1},
        classes={"villager": {}, "lane_chief": {"person_times_month": 4}},
    )  # noqa: E501
    assert give(terms, "villager", "lane_chief", person_times_month=1).identity_class == "lane_chief"


def test_a_minor_is_not_scored_as_a_grown_up() -> None:
    terms = ItemTerms(code="1", title="一", points=300, classes={"villager": {}, "minor": {"points": 100}})
    assert give(terms, "villager", "minor").points == 100
    with pytest.raises(engine.NotEligible):
        give(ItemTerms(code="1", title="一", points=300, classes={"villager": {}}), "villager", "minor")


def test_demerits_count_down_and_take_the_mildest_class() -> None:
    terms = ItemTerms(
        code="2",
        title="杂物",
        points=200,
        direction="demerit",
        effect="points",
        classes={"villager": {}, "party_member": {"points": 400}},
    )
    given = give(terms, "villager", "party_member")
    assert (given.points, given.honour, given.worth) == (-200, 0, 200)
    assert engine.explain(given.steps).startswith("这一笔减 2 分：")
    with pytest.raises(engine.MinorsSpared):
        give(terms, "villager", "minor")


TIMES = [
    ("person_times_day", "这一项3月12日记满 2 次了，3月13日再记。", "2026-03-13"),
    ("person_times_month", "这一项3月记满 2 次了，4月1日再记。", "2026-04-01"),
    ("person_times_year", "这一项2026年记满 2 次了，2027年1月1日再记。", "2027-01-01"),
    ("household_times_month", "这一项您家3月记满 2 次了，4月1日再记。", "2026-04-01"),
]


@pytest.mark.parametrize(("cap", "said", "opens"), TIMES)
def test_caps_of_times_refuse_with_the_day_they_open(cap: str, said: str, opens: str) -> None:
    terms = ItemTerms(code="1", title="一", points=300, caps={cap: 2})
    assert give(terms, **{cap: 1}).points == 300
    with pytest.raises(CapReached) as told:
        give(terms, **{cap: 2})
    assert (told.value.words, told.value.details["again_on"], told.value.details["used"]) == (said, opens, 2)


@pytest.mark.parametrize("cap", [cap for cap in engine.CAPS if "_points_" in cap])
def test_caps_of_points_give_what_is_left(cap: str) -> None:
    terms = ItemTerms(code="1", title="一", points=300, caps={cap: 1000})
    assert give(terms, **{cap: 700}).points == 300
    part = give(terms, **{cap: 800})
    assert part.points == 200 and part.worth == 200
    assert "还剩 2 分可记，所以记 2 分" in engine.explain(part.steps)
    with pytest.raises(CapReached):
        give(terms, **{cap: 1000})


def test_steps_are_data_and_come_back() -> None:
    given = give(LITTER, person_times_month=1)
    assert engine.steps_from([step.as_data() for step in given.steps]) == given.steps


@pytest.mark.parametrize("quantity", [0, -1, 9])
def test_quantities_out_of_range(quantity: int) -> None:
    with pytest.raises(Refusal) as told:
        give(HOURS, quantity=quantity)
    assert told.value.field == "quantity" and told.value.words == "数量填 1 到 8 小时。"

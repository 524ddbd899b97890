"""The engine under any terms, facts and history: it replays, it never passes a cap, the order of classes is nothing to it."""

from __future__ import annotations

import json
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from wenming.core.errors import Refusal
from wenming.domain.rulebooks import engine
from wenming.domain.rulebooks.engine import CAPS, CLASS_NAMES, DeedFacts, ItemTerms, Usage

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
VALUES = st.integers(1, 10_000)
LIMITS = st.dictionaries(st.sampled_from(CAPS), st.integers(1, 5_000), max_size=4)
CLASSES = st.sets(st.sampled_from(sorted(CLASS_NAMES)), min_size=1).map(frozenset)
OWN = st.one_of(LIMITS, st.builds(lambda limits, value: {**limits, "points": value}, LIMITS, VALUES))
TIERS = st.lists(st.tuples(st.integers(1, 50), VALUES), min_size=1, max_size=4, unique_by=lambda tier: tier[0])
TERMS = st.builds(
    ItemTerms,
    code=st.just("1"),
    title=st.just("一"),
    points=VALUES,
    direction=st.sampled_from(["merit", "merit", "merit", "demerit"]),
    effect=st.sampled_from(["points", "honour", "points_and_honour"]),
    value_kind=st.sampled_from(["fixed", "per_unit", "steps"]),
    quantity_max=st.integers(1, 60),
    steps=TIERS.map(lambda tiers: tuple(sorted(tiers))),
    classes=st.dictionaries(st.sampled_from(sorted(CLASS_NAMES)), OWN, max_size=4),
    caps=LIMITS,
)
FACTS = st.builds(DeedFacts, happened_on=DAYS, quantity=st.integers(1, 60), classes=CLASSES)
USAGE = st.builds(Usage, st.dictionaries(st.sampled_from(CAPS), st.integers(0, 5_000)))


def ask(terms: ItemTerms, facts: DeedFacts, usage: Usage) -> engine.Assessment | str:
    try:
        return engine.assess(terms, facts, usage)
    except Refusal as refusal:
        assert refusal.words and "{" not in refusal.words
        return refusal.code


@given(TERMS, FACTS, USAGE)
@settings(max_examples=400, deadline=None)
def test_the_same_question_has_the_same_answer_after_a_trip_through_json(
    terms: ItemTerms, facts: DeedFacts, usage: Usage
) -> None:
    first = ask(terms, facts, usage)
    kept = json.loads(json.dumps({"classes": sorted(facts.classes, reverse=True), "used": dict(usage.used)}))
    again = ask(terms, DeedFacts(facts.happened_on, facts.quantity, frozenset(kept["classes"])), Usage(kept["used"]))
    assert again == first
    if isinstance(first, engine.Assessment):
        data = json.loads(json.dumps([step.as_data() for step in first.steps]))
        assert engine.steps_from(data) == first.steps
        assert engine.explain(engine.steps_from(data)).endswith("。")


@given(TERMS, FACTS, USAGE)
@settings(max_examples=400, deadline=None)
def test_no_answer_passes_a_cap(terms: ItemTerms, facts: DeedFacts, usage: Usage) -> None:
    found = ask(terms, facts, usage)
    if isinstance(found, str):
        return
    limits = {**terms.caps, **{cap: limit for cap, limit in terms.classes.get(found.identity_class, {}).items() if cap in CAPS}}
    for cap, limit in limits.items():
        assert usage.used.get(cap, 0) + (1 if "_times_" in cap else found.worth) <= limit
    assert found.worth > 0 and found.worth == max(abs(found.points), found.honour)


@given(TERMS, st.lists(FACTS, min_size=1, max_size=25))
@settings(max_examples=200, deadline=None)
def test_no_row_of_deeds_passes_a_cap(terms: ItemTerms, deeds: list[DeedFacts]) -> None:
    """Counted as the register counts: one after the other, each in its own windows."""
    plain = ItemTerms(code="1", title="一", points=terms.points, quantity_max=60, caps=terms.caps)
    used: dict[tuple[str, date], int] = {}
    for facts in deeds:
        keys = {cap: (cap, engine.window_start(cap, facts.happened_on)) for cap in CAPS}
        found = ask(plain, facts, Usage({cap: used.get(key, 0) for cap, key in keys.items()}))
        if not isinstance(found, str):
            for cap, key in keys.items():
                used[key] = used.get(key, 0) + (1 if "_times_" in cap else found.worth)
    assert all(count <= plain.caps[cap] for (cap, _window), count in used.items() if cap in plain.caps)


@given(TERMS, FACTS, USAGE, st.sampled_from(sorted(CLASS_NAMES)))
@settings(max_examples=300, deadline=None)
def test_another_class_never_makes_it_worse(terms: ItemTerms, facts: DeedFacts, usage: Usage, more: str) -> None:
    if "minor" in facts.classes or more == "minor":
        return
    before = ask(terms, facts, usage)
    after = ask(terms, DeedFacts(facts.happened_on, facts.quantity, facts.classes | {more}), usage)
    if isinstance(before, engine.Assessment):
        assert isinstance(after, engine.Assessment)
        assert (after.points, after.honour) >= (before.points, before.honour)


@given(DAYS, st.sampled_from(CAPS))
def test_windows_meet_without_gap_or_overlap(day: date, cap: str) -> None:
    start, opens = engine.window_start(cap, day), engine.again_on(cap, day)
    assert start <= day < opens and engine.window_start(cap, opens) == opens

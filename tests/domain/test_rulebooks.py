"""Editions, clauses and the starter book."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import deeds_stage as stage
from tests.village import Village
from wenming.core.actor import system
from wenming.core.errors import NotAllowed, NotFound, Refusal
from wenming.domain.rulebooks import clauses, queries, services
from wenming.domain.rulebooks.models import RuleItem
from wenming.domain.rulebooks.services import ItemDraft

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db
GOOD = stage.clause("9.1", "植树", 300)


def test_the_starter_book_may_stand() -> None:
    items = services.starter_items()
    assert 45 <= len(items) <= 60 and len({one.code for one in items}) == len(items)
    assert {one.category for one in items} == set(queries.Category.values)
    assert [problem for one in items for problem in clauses.problems(one)] == []
    demerits = [one for one in items if one.direction == "demerit"]
    assert demerits and all(one.repair and one.demerit_kind for one in demerits)


def test_a_clause_goes_to_a_row_and_back(village: Village, at: datetime) -> None:
    services.adopt_edition(
        actor=system(), organisation_id=village.branch_id, items=services.starter_items(), in_force_from=date(2026, 1, 1), at=at
    )
    rows = queries.items_in_force(branch_id=village.branch_id, on=at.date())
    assert [clauses.draft_of(row) for row in rows] == services.starter_items()


BAD = [
    (replace(GOOD, code="一点一"), "code"),
    (replace(GOOD, title=" "), "title"),
    (replace(GOOD, category="other"), "category"),
    (replace(GOOD, effect="subsidy"), "effect"),
    (replace(GOOD, points=0), "points"),
    (replace(GOOD, points=-100), "points"),
    (replace(GOOD, value_kind="steps", steps=((20, 100), (10, 200))), "steps"),
    (replace(GOOD, value_kind="steps", steps=()), "steps"),
    (replace(GOOD, quantity_max=0), "quantity_max"),
    (replace(GOOD, classes={"cadre": {}}), "classes"),
    (replace(GOOD, classes={"villager": {"points": 0}}), "classes"),
    (replace(GOOD, caps={"person_times_week": 1}), "caps"),
    (replace(GOOD, caps={"person_times_day": 0}), "caps"),
    (replace(GOOD, declarers=()), "declarers"),
    (replace(GOOD, evidence=("rumour",)), "evidence"),
    (replace(GOOD, reviews_needed=6), "reviews_needed"),
    (replace(GOOD, notice_workdays=2), "notice_workdays"),
    (replace(GOOD, window_days=0), "window_days"),
    (replace(GOOD, plain="没来的扣低保"), "plain"),
    (replace(GOOD, demerit_kind="yard"), "demerit_kind"),
]


@pytest.mark.parametrize(("draft", "field"), BAD)
def test_what_may_not_stand(draft: ItemDraft, field: str) -> None:
    assert field in {problem.field for problem in clauses.problems(draft)}
    assert all("{" not in problem.words for problem in clauses.problems(draft))


DEMERIT = next(one for one in stage.CLAUSES if one.direction == "demerit")
UNLAWFUL = [
    (replace(DEMERIT, demerit_kind=""), "demerit_kind"),
    (replace(DEMERIT, effect="points_and_honour"), "effect"),
    (replace(DEMERIT, classes={"villager": {}, "minor": {}}), "classes"),
    (replace(DEMERIT, repair=""), "repair"),
    (replace(DEMERIT, track="post_first"), "track"),
    (replace(DEMERIT, demerit_kind="ruling", evidence=("witness",)), "evidence"),
]


@pytest.mark.parametrize(("draft", "field"), UNLAWFUL)
def test_demerits_only_of_lawful_kinds(draft: ItemDraft, field: str) -> None:
    assert clauses.problems(DEMERIT) == []
    assert field in {problem.field for problem in clauses.problems(draft)}


@pytest.mark.parametrize("column", [{"effect": "subsidy"}, {"direction": "demerit"}, {"points": -1}, {"notice_workdays": 2}])
def test_the_database_repeats_the_red_line(village: Village, column: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleItem.objects.filter(pk=village.items["1.1"]).update(**column)


def draft(village: Village, at: datetime, by: str = "director") -> int:
    return services.draft_edition(actor=village.officer(by), organisation_id=village.branch_id, at=at).pk


def test_a_branch_writes_its_own_book_and_a_second_person_brings_it_in(village: Village, at: datetime) -> None:
    edition_id = draft(village, at)
    director, head = village.officer("director"), village.officer("head")
    made = services.add_item(actor=director, edition_id=edition_id, draft=GOOD, at=at)
    services.change_item(actor=director, item_id=made.pk, draft=replace(GOOD, points=400), at=at)
    with pytest.raises(services.SecondPersonNeeded):
        services.put_in_force(actor=director, edition_id=edition_id, on=at.date(), at=at)
    with pytest.raises(services.TooEarly):
        services.put_in_force(actor=head, edition_id=edition_id, on=at.date() - timedelta(days=1), at=at)
    on = at.date() + timedelta(days=7)
    services.put_in_force(actor=head, edition_id=edition_id, on=on, at=at)
    before = queries.item_in_force(branch_id=village.branch_id, code="9.1", on=on - timedelta(days=1))
    after = queries.item_in_force(branch_id=village.branch_id, code="9.1", on=on)
    assert before is None and after is not None and after.points == 400
    assert queries.item_in_force(branch_id=village.other_branch_id, code="9.1", on=on) is None
    for act in (
        lambda: services.add_item(actor=director, edition_id=edition_id, draft=replace(GOOD, code="9.2"), at=at),
        lambda: services.remove_item(actor=director, item_id=made.pk, at=at),
        lambda: services.put_in_force(actor=head, edition_id=edition_id, on=on, at=at),
    ):
        with pytest.raises(services.EditionClosed):
            act()


def test_the_clause_in_the_place_of_another_is_of_its_number_and_book(village: Village, at: datetime) -> None:
    """One question, and the same as three: the clause, what holds under its number, whether the books agree."""
    services.adopt_edition(
        actor=system(), organisation_id=village.branch_id, items=[GOOD, replace(GOOD, code="1.1")], in_force_from=at.date(), at=at
    )
    items = list(RuleItem.objects.select_related("edition").order_by("pk"))
    found = 0
    for branch_id in (village.branch_id, village.other_branch_id):
        for on in (date(2000, 1, 1), at.date() - timedelta(days=1), at.date(), at.date() + timedelta(days=400)):
            for one in items:
                holds = queries.item_in_force(branch_id=branch_id, code=one.code, on=on)
                is_same = holds is not None and holds.edition.rule_book_id == one.edition.rule_book_id
                assert queries.item_in_its_place(branch_id=branch_id, item_id=one.pk, on=on) == (holds if is_same else None)
                found += is_same
    assert 0 < found < len(items) * 8
    with pytest.raises(NotFound):
        queries.item_in_its_place(branch_id=village.branch_id, item_id=10**9, on=at.date())


@pytest.mark.sqlite_only
def test_no_book_of_another_branch_is_gone_through_for_a_clause(village: Village, at: datetime) -> None:
    with CaptureQueriesContext(connection) as asked:
        queries.item_in_its_place(branch_id=village.branch_id, item_id=1, on=at.date())
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]['sql']}")
        steps = [detail for *_places, detail in cursor.fetchall()]
    assert any("rulebooks_ruleitem" in step for step in steps) and [step for step in steps if step.startswith("SCAN")] == []


def test_editions_never_overlap(village: Village, at: datetime) -> None:
    head, director = village.officer("head"), village.officer("director")
    first, second = draft(village, at), draft(village, at)
    services.put_in_force(actor=head, edition_id=first, on=date(2026, 4, 1), at=at)
    with pytest.raises(services.EditionOverlaps):
        services.put_in_force(actor=head, edition_id=second, on=date(2026, 4, 1), at=at)
    services.put_in_force(actor=head, edition_id=second, on=date(2026, 5, 1), at=at)
    spans = [(one.in_force_from, one.in_force_to) for one in queries.editions_of(organisation_id=village.branch_id)]
    assert spans == [(date(2026, 5, 1), None), (date(2026, 4, 1), date(2026, 5, 1))]
    for on, number in ((date(2026, 4, 30), 1), (date(2026, 5, 1), 2)):
        found = queries.edition_in_force(branch_id=village.branch_id, on=on)
        assert found is not None and found.number == number
    with pytest.raises(services.TooEarly):
        services.adopt_edition(
            actor=director, organisation_id=village.branch_id, items=[GOOD], in_force_from=date(2026, 1, 1), at=at
        )


def test_paper_books_may_begin_in_the_past_once(village: Village, at: datetime) -> None:
    director = village.officer("director")
    services.adopt_edition(
        actor=director,
        organisation_id=village.branch_id,
        items=[GOOD],
        in_force_from=date(2020, 1, 1),
        at=at,
        note="村民代表会议",
    )
    found = queries.edition_in_force(branch_id=village.branch_id, on=date(2020, 1, 1))
    assert found is not None and found.adopted_note == "村民代表会议"
    assert queries.item_index(branch_id=village.branch_id).find("植树", at.date()) is not None
    assert queries.item_index(branch_id=village.branch_id).find("捡拾垃圾", at.date()) is None


def test_drafting_refuses(village: Village, at: datetime) -> None:
    for who in ("clerk", "reviewer", "other_director"):
        with pytest.raises(NotAllowed):
            draft(village, at, who)
    edition_id = draft(village, at)
    director = village.officer("director")
    with pytest.raises(services.RedLineCrossed) as told:
        services.add_item(actor=director, edition_id=edition_id, draft=replace(GOOD, title="不来的停水停电"), at=at)
    assert "停水" in told.value.words and told.value.field == "title"
    with pytest.raises(services.CodeTwice):
        services.add_item(actor=director, edition_id=edition_id, draft=replace(GOOD, code="1.1"), at=at)
    with pytest.raises(services.BadClause):
        services.add_item(actor=director, edition_id=edition_id, draft=replace(GOOD, points=0), at=at)
    with pytest.raises(NotFound):
        queries.edition(actor=village.villager("张伟"), edition_id=edition_id)
    empty = services.draft_edition(actor=director, organisation_id=village.branch_id, at=at, with_items=False)
    with pytest.raises(services.EditionEmpty):
        services.put_in_force(actor=village.officer("head"), edition_id=empty.pk, on=at.date(), at=at)


def test_no_refusal_is_without_words(village: Village) -> None:
    for kind in (services.SecondPersonNeeded, services.TooEarly, services.EditionEmpty, services.EditionClosed):
        refusal: Refusal = kind()
        assert refusal.words and refusal.code.startswith("rulebooks.")

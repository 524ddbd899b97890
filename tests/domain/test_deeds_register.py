"""A paper register: every rule and cap down the sheet, all or nothing, once."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests import deeds_stage as stage
from tests.village import Village
from wenming.core.errors import NotAllowed
from wenming.domain.deeds import jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.services import RegisterRow
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as enrolling
from wenming.domain.depositors.queries import EnrolRow
from wenming.domain.ledger import queries as ledger
from wenming.domain.notices import queries as notices
from wenming.domain.notices import services as noticing

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db
PAPER = date(2026, 2, 1)


def rows(village: Village, *given: tuple[str, str, str]) -> list[RegisterRow]:
    """Rows of (name, clause, day)."""
    return [
        RegisterRow(row=3 + n, depositor_id=village.person(name), item=item, happened_on=date.fromisoformat(day))
        for n, (name, item, day) in enumerate(given)
    ]


def record(
    village: Village, sheet: list[RegisterRow], at: datetime, *, noticed_on: date | None = PAPER, key: str = "b1"
) -> deeds.RegisterResult:
    return deeds.record_register(
        actor=village.officer("clerk"), branch_id=village.branch_id, rows=sheet, batch_key=key, at=at, noticed_on=noticed_on
    )


SHEET = (
    ("王秀梅", "1.1", "2026-01-05"),
    ("王秀梅", "捡拾垃圾", "2026-01-06"),
    ("张伟", "1.2", "2026-01-06"),
    ("李秀英", "2.1", "2026-01-07"),
    ("王秀梅", "2.2", "2026-01-08"),
)


def test_a_register_posts_at_once_and_once(village: Village, at: datetime) -> None:
    sheet = rows(village, *SHEET)
    assert deeds.check_register(branch_id=village.branch_id, rows=sheet, at=at) == []
    made = record(village, sheet, at)
    assert (made.count, made.points, made.is_repeat) == (5, 800, False)
    assert stage.points_of(village, "王秀梅") == 400 and stage.honour_of(village, "王秀梅") == 1400
    assert stage.points_of(village, "王建国家") == 100
    again = record(village, sheet, at)
    assert again == replace(made, is_repeat=True) and stage.points_of(village, "王秀梅") == 400
    with pytest.raises(deeds.KeyReused):
        record(village, sheet[:1], at)
    kept = deed_queries.declarations_of(depositor_ids=[village.person("王秀梅")])
    assert all(deed_queries.replay(one).points == one.points and deed_queries.explain(one) for one in kept)
    assert ledger.verify().ok
    assert deed_queries.awaiting_notice(actor=village.officer("clerk"), branch_id=village.branch_id) == []


def test_without_a_notice_on_paper_the_sheet_hangs_on_one(village: Village, at: datetime) -> None:
    made = record(village, rows(village, *SHEET), at, noticed_on=None)
    notice = notices.notice(number=made.notice_number)
    assert notice.line_count == 5 and notices.is_true_to_fingerprint(notice)
    assert stage.points_of(village, "王秀梅") == 400
    assert jobs.run_due(at=notice.ends_at) == {"deposited": 5, "notices_closed": 1}
    assert stage.points_of(village, "王秀梅") == 400


def test_single_deeds_and_the_register_count_the_same_caps(village: Village, at: datetime) -> None:
    record(village, rows(village, *[("王秀梅", "1.1", f"2026-03-0{n}") for n in (1, 2)]), at)
    made = stage.declare(village, at=at)
    stage.review(village, made, at=at)
    problems = deeds.check_register(branch_id=village.branch_id, rows=rows(village, ("王秀梅", "1.1", "2026-03-09")), at=at)
    assert [one.code for one in problems] == ["rulebooks.cap_reached"]


def test_caps_count_down_the_sheet(village: Village, at: datetime) -> None:
    sheet = rows(village, *[("王秀梅", "1.1", f"2026-01-{n:02d}") for n in range(1, 6)], ("王秀梅", "1.1", "2026-02-01"))
    problems = deeds.check_register(branch_id=village.branch_id, rows=sheet, at=at)
    assert [(one.row, one.code, one.message) for one in problems] == [
        (row, "rulebooks.cap_reached", "这一项1月记满 3 次了，2月1日再记。") for row in (6, 7)
    ]
    with pytest.raises(deeds.RegisterHasProblems) as told:
        record(village, sheet, at)
    assert told.value.words == "表里有 2 行不能记，请先改好。"
    assert stage.points_of(village, "王秀梅") == 0


WRONG = [
    ({"item": "9.9"}, "deeds.item_not_in_force", "item"),
    ({"happened_on": date(2026, 3, 13)}, "deeds.not_yet_happened", "happened_on"),
    ({"happened_on": date(2019, 1, 1)}, "deeds.item_not_in_force", "item"),
    ({"depositor_id": 0}, "deeds.not_on_roll", "depositor_id"),
    ({"points": 300}, "deeds.points_differ", "points"),
    ({"quantity": 2}, "rulebooks.quantity_out_of_range", "quantity"),
    ({"item": "1.5"}, "rulebooks.not_eligible", "depositor"),
]


@pytest.mark.parametrize(("change", "code", "field"), WRONG)
def test_each_wrong_row_is_named(village: Village, at: datetime, change: dict[str, object], code: str, field: str) -> None:
    sheet = rows(village, ("王秀梅", "1.1", "2026-01-05"), ("张伟", "1.1", "2026-01-05"))
    sheet[1] = replace(sheet[1], **change)  # type: ignore[arg-type]
    problems = deeds.check_register(branch_id=village.branch_id, rows=sheet, at=at)
    assert [(one.row, one.code, one.field) for one in problems] == [(4, code, field)]
    assert problems[0].message and "{" not in problems[0].message


def test_the_points_on_paper_may_agree(village: Village, at: datetime) -> None:
    sheet = [replace(rows(village, ("王秀梅", "1.1", "2026-01-05"))[0], points=200)]
    assert record(village, sheet, at).points == 200


def test_demerits_take_what_the_sheet_has_given_so_far(village: Village, at: datetime) -> None:
    sheet = rows(village, ("王秀梅", "2.91", "2026-01-04"), ("王秀梅", "1.2", "2026-01-05"), ("王秀梅", "2.91", "2026-01-06"))
    assert record(village, sheet, at).points == 100
    assert stage.points_of(village, "王秀梅") == 100 and ledger.verify().ok


def test_demerits_are_on_a_notice_before_they_count(village: Village, at: datetime) -> None:
    sheet = rows(village, ("王秀梅", "2.91", "2026-01-04"))
    with pytest.raises(deeds.RegisterHasProblems) as told:
        record(village, sheet, at, noticed_on=None)
    assert [one.code for one in told.value.details["problems"]] == ["deeds.demerit_unnoticed"]  # type: ignore[attr-defined]


def test_recording_refuses(village: Village, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        deeds.record_register(
            actor=village.officer("teller"), branch_id=village.branch_id, rows=[], batch_key="x", at=at, noticed_on=PAPER
        )
    with pytest.raises(deeds.NothingChosen):
        record(village, [], at)


def test_a_register_may_be_old(village: Village, at: datetime) -> None:
    old = (at - timedelta(days=400)).date().isoformat()
    assert deeds.check_register(branch_id=village.branch_id, rows=rows(village, ("王秀梅", "1.1", old)), at=at) == []
    late = deeds.check_register(branch_id=village.branch_id, rows=rows(village, ("王秀梅", "1.1", old)), at=at, has_window=True)
    assert [one.code for one in late] == ["deeds.too_late"]


def test_every_explanation_is_that_of_its_own_row(village: Village, at: datetime) -> None:
    """Rows of one kind are reckoned once; each keeps its own day and what was counted before it."""
    source = random.Random(7)
    sheet = []
    for number in range(3, 200):
        name, item = (
            source.choice(["王秀梅", "张伟", "王建国", "清溪供销社"]),
            source.choice(["1.1", "1.2", "1.3", "2.1", "2.91"]),
        )
        day = date(2026, source.choice([1, 2]), source.randint(1, 9))
        quantity = source.randint(1, 8) if item == "1.3" else 1
        sheet.append(RegisterRow(number, village.person(name), item, day, quantity))
    bad = {one.row for one in deeds.check_register(branch_id=village.branch_id, rows=sheet, at=at)}
    good = [row for row in sheet if row.row not in bad]
    assert 20 < len(good) < len(sheet)
    record(village, good, at)
    people = {row.depositor_id for row in good}
    kept = sorted(deed_queries.declarations_of(depositor_ids=people, limit=len(good)), key=lambda one: one.pk)
    assert len(kept) == len(good)
    for one, row in zip(kept, good, strict=True):
        again = deed_queries.replay(one)
        classes = depositors.classes_on(depositor_ids=[row.depositor_id], on=row.happened_on)[row.depositor_id]
        inputs = one.explanation["inputs"]
        assert (inputs["on"], inputs["quantity"]) == (row.happened_on.isoformat(), row.quantity)
        assert inputs["classes"] == sorted(classes)
        assert one.explanation["steps"] == [step.as_data() for step in again.steps]
        assert (one.points, one.honour) == (again.points, again.honour)
    assert all(len({str(one.explanation["inputs"][name]) for one in kept}) > 2 for name in ("used", "classes"))


def test_a_past_goes_on_from_year_to_year(village: Village, at: datetime) -> None:
    """What is read once for a year counts on; the next year's knows the newcomers."""
    clerk = village.officer("clerk")

    def hand_in(history: deeds.Reckoner, sheet: list[RegisterRow], key: str) -> None:
        deeds.record_register(
            actor=clerk, branch_id=village.branch_id, rows=sheet, batch_key=key, at=at, noticed_on=PAPER, history=history
        )

    first = deeds.begin_history(branch_id=village.branch_id, year=2025, at=at)
    for number in (1, 2, 3):
        hand_in(first, rows(village, ("王秀梅", "1.1", f"2025-12-0{number}")), f"h{number}")
    made = enrolling.enrol_many(
        actor=clerk, branch_id=village.branch_id, rows=[EnrolRow(name="孙新来", joined_on=date(2026, 1, 1))], at=at
    )
    second = deeds.begin_history(branch_id=village.branch_id, year=2026, at=at, before=first)
    hand_in(second, [RegisterRow(3, made[0].pk, "1.1", date(2026, 1, 5))], "h4")
    with pytest.raises(deeds.RegisterHasProblems):
        hand_in(second, rows(village, ("王秀梅", "1.1", "2025-12-20")), "h5")
    hand_in(
        deeds.begin_history(branch_id=village.branch_id, year=2026, at=at), rows(village, ("王秀梅", "1.1", "2026-01-20")), "h6"
    )


@pytest.mark.parametrize(("by", "is_barred"), [("director", True), ("supervisor", True), ("head", False)])
def test_who_had_a_register_in_hand_answers_no_objection_to_it(village: Village, at: datetime, by: str, is_barred: bool) -> None:
    """W09: here the director brought it and the supervisor signed it; the head bank's officer had no part in it."""
    made = deeds.record_register(
        actor=village.officer("clerk"),
        branch_id=village.branch_id,
        rows=rows(village, *SHEET[2:]),
        batch_key="b1",
        at=at,
        brought_by=village.users["director"],
        signed_by=village.users["supervisor"],
    )
    notice = notices.notice(number=made.notice_number)
    line = notices.lines(notice_id=notice.pk, at=at)[0]
    objection = noticing.raise_objection(
        actor=village.villager("刘德福"), line_id=line.id, reason="not_done", words="那天没看见他去", at=at
    )
    if is_barred:
        with pytest.raises(deeds.Recused):
            answer(village, objection.pk, by, at)
        assert notices.has_open_objection(subject=line.subject)
    else:
        answer(village, objection.pk, by, at)
        assert not notices.has_open_objection(subject=line.subject)


def answer(village: Village, objection_id: int, by: str, at: datetime) -> None:
    deeds.resolve_objection(actor=village.officer(by), objection_id=objection_id, upheld=False, answer="查过值班表了", at=at)

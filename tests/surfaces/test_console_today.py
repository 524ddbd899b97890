"""The clerk's first page: the rhythm of the month, its figures, and what hangs without a photo."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from types import SimpleNamespace

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.surfaces import stage as stages
from tests.surfaces.stage import Stage
from tests.surfaces.test_villager import english_in, text_of
from wenming.core import clock
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.figures import Month, months_of
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.surfaces.console.figures import ON_NOTICE as UP
from wenming.surfaces.console.figures import POSTING, RECORDING, Rhythm, rhythm_of

MOST_QUESTIONS = 18


def enter(stage: Stage, key: str) -> Client:
    return stage.client_of(stage.village.users[key])


def month_of(stage: Stage, day: date) -> Month:
    pk = stage.village.branch_id
    return months_of(branch_ids=[pk], month=day, within=timedelta(days=2)).get(pk, Month())


def march(*spells: tuple[date, date], on: date = date(2026, 3, 12)) -> Rhythm:
    """The rhythm with notices up from a day to a last day."""
    hung = [
        SimpleNamespace(published_at=datetime(*start.timetuple()[:3], 15, 30, tzinfo=clock.ZONE), ends_at=clock.day_end(end))
        for start, end in spells
    ]
    return rhythm_of(hung, on)


def said(rhythm: Rhythm) -> list[tuple[str, bool]]:
    return [(beat.days, beat.is_now) for beat in rhythm.beats]


def test_a_notice_hangs_and_then_its_points_go_in() -> None:
    found = march((date(2026, 3, 11), date(2026, 3, 17)))
    assert found.days == [RECORDING] * 10 + [UP] * 7 + [POSTING] + [""] * 13 and found.today == 12
    assert said(found) == [("天天", False), ("11–17 日", True), ("18 日", False)]


def test_a_month_without_notices_is_for_recording_up_to_today() -> None:
    found = march(on=date(2026, 2, 27))
    assert found.days == [RECORDING] * 27 + [""]
    assert said(found) == [("天天", True), ("还没有", False), ("还没有", False)]


def test_notices_reach_over_the_ends_of_the_month_and_over_each_other() -> None:
    found = march(
        (date(2026, 2, 20), date(2026, 2, 28)),
        (date(2026, 2, 26), date(2026, 3, 3)),
        (date(2026, 3, 2), date(2026, 3, 6)),
        (date(2026, 3, 30), date(2026, 4, 3)),
        (date(2026, 1, 5), date(2026, 1, 9)),
        on=date(2026, 3, 4),
    )
    assert found.days[:7] == [POSTING, UP, UP, POSTING, UP, UP, POSTING] and found.days[-2:] == [UP, UP]
    assert said(found) == [("天天", False), ("1–6、30–31 日", False), ("1、4、7 日", True)]


def test_the_figures_are_those_of_this_month_and_ask_the_same_however_much_there_is(stage: Stage) -> None:
    client = enter(stage, "clerk")
    client.get("/console/")

    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/console/figures/").status_code == 200
        return len(asked)

    few = questions()
    page = client.get("/console/figures/").content.decode()
    assert english_in(page) == ["wm"], "the hint of the search"
    assert f"{stage.now.year}年{stage.now.month}月的节奏" in page
    month = month_of(stage, clock.local_date(stage.now))
    assert f"有记录的户 {month.households} 共" in " ".join(text_of(page).split()) and month.households > 0
    assert month.waited == timedelta(0), "looked at in the instant in which they were handed in"
    before = month_of(stage, date(2020, 1, 1))
    assert before == Month()
    made = [stage.declare(title, "单秀兰", days_ago=1) for title in list(stage.items)[3:6]]
    stage.turn_to(stage.now + timedelta(hours=48))
    for number in made:
        stage.review(number)
    stage.publish()
    later = month_of(stage, clock.local_date(stage.now))
    assert later.households == month.households + 1
    assert later.waited is not None and timedelta(hours=12) < later.waited < timedelta(hours=48)
    assert questions() == few <= MOST_QUESTIONS


def test_a_reviewer_reads_how_many_are_complete(stage: Stage) -> None:
    title = list(stage.items)[3]
    stage.declare(title, "单秀兰", days_ago=1)
    deeds.declare_deed(
        actor=stage.village.officer("clerk"),
        door="counter",
        depositor_ids=[stage.village.person("张伟")],
        item_id=stage.items[title],
        happened_on=clock.local_date(stage.now),
        quantity=1,
        words="",
        photos=[],
        submission_key="at the counter",
        at=stage.now,
    )

    def fresh(key: str) -> str:
        page = text_of(enter(stage, key).get("/console/").content.decode())
        return " ".join(page.split("审核新交的记录")[1].split()).split("笔要细看")[0]

    for key in ("reviewer", "director"):
        assert fresh(key).endswith(" 2 笔齐全 1 "), fresh(key)


def test_a_sheet_without_a_photo_is_asked_for_until_there_is_one(stage: Stage) -> None:
    (number,) = stages.notices_up(stage)
    found = notice_queries.notice(number=number)

    def asked(key: str) -> bool:
        page = enter(stage, key).get("/console/").content.decode()
        return re.search(rf'href="/console/notices/{number}/".*?张榜留照', page, re.DOTALL) is not None

    assert asked("clerk") and not asked("teller") and not asked("other_clerk")
    notices.keep_photo(actor=stage.village.officer("clerk"), notice_id=found.pk, photo=stages.photo(), at=stage.now)
    assert not asked("clerk")

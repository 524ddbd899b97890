"""Notices: what hangs, for how long, and what an objection does."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta

import pytest

from tests.village import Village
from wenming.core import audit, clock
from wenming.core.errors import NotAllowed, NotFound, WrongInput
from wenming.domain.inbox import queries as inbox
from wenming.domain.notices import queries, services
from wenming.domain.notices.services import LineDraft

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db


def publish(village: Village, at: datetime, *subjects: str, workdays: int = 5) -> queries.Notice:
    lines = [LineDraft(subject, "王*梅", "捡拾垃圾", 200, date(2026, 3, 10)) for subject in subjects or ("deed:1", "deed:2")]
    return services.publish(
        actor=village.officer("clerk"), branch_id=village.branch_id, title="三月上旬", lines=lines, workdays=workdays, at=at
    )


def line(notice: queries.Notice, place: int = 1) -> int:
    return queries.lines(notice_id=notice.pk, at=notice.published_at)[place - 1].id


def objection(village: Village, notice: queries.Notice, at: datetime, name: str = "刘德福", place: int = 1) -> int:
    return services.raise_objection(
        actor=village.villager(name), line_id=line(notice, place), reason="amount", words="那天只去了一半人", at=at
    ).pk


PERIODS = [
    ("2026-03-12T09:30", 5, "2026-03-19"),  # Thursday: Friday, then Monday to Thursday
    ("2026-03-12T23:59", 3, "2026-03-17"),
    ("2026-03-14T10:00", 3, "2026-03-18"),  # a Saturday
    ("2026-04-30T10:00", 5, "2026-05-11"),  # the May holiday, with a Saturday of work on the 9th
    ("2026-09-30T10:00", 3, "2026-10-10"),  # the long holiday ends with a Saturday of work
    ("2030-01-04T10:00", 3, "2030-01-09"),  # no plan published yet: weekends only
]


@pytest.mark.parametrize(("hung_up", "workdays", "last_day"), PERIODS)
def test_the_period_is_counted_in_working_days(village: Village, hung_up: str, workdays: int, last_day: str) -> None:
    notice = publish(village, clock.parse_instant(hung_up), workdays=workdays)
    assert notice.ends_at == clock.day_end(date.fromisoformat(last_day))


def test_numbers_run_by_branch_and_year(village: Village, at: datetime) -> None:
    numbers = [publish(village, at, f"deed:{n}").number for n in (1, 2)]
    numbers.append(publish(village, at + timedelta(days=365), "deed:3").number)
    assert numbers == ["LX01-2026-001", "LX01-2026-002", "LX01-2027-001"]


def test_the_fingerprint_follows_from_the_sheet(village: Village, at: datetime) -> None:
    notice = publish(village, at, "deed:7")
    sheet = json.dumps([notice.number, [[1, "王*梅", "捡拾垃圾", 200, "2026-03-10"]]], ensure_ascii=False, separators=(",", ":"))
    assert notice.fingerprint == hashlib.sha256(sheet.encode()).hexdigest()
    assert queries.is_true_to_fingerprint(notice)


def test_publishing_refuses(village: Village, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        services.publish(actor=village.officer("teller"), branch_id=village.branch_id, title="", lines=[], workdays=5, at=at)
    with pytest.raises(services.NothingToPublish):
        services.publish(actor=village.officer("clerk"), branch_id=village.branch_id, title="", lines=[], workdays=5, at=at)
    for workdays in (2, 8):
        with pytest.raises(services.PeriodOutOfRange):
            publish(village, at, workdays=workdays)
    publish(village, at, "deed:1")
    with pytest.raises(services.AlreadyOnNotice):
        publish(village, at, "deed:1")
    with pytest.raises(services.AlreadyOnNotice):
        publish(village, at, "deed:2", "deed:2")


def test_a_line_clears_only_after_the_period(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    with pytest.raises(services.StillOnNotice) as told:
        services.clear_line(subject="deed:1", at=notice.ends_at - timedelta(microseconds=1))
    assert told.value.words == "还在公示，3月19日公示期满才入账。"
    assert [due.subject for due in queries.due_subjects(at=notice.ends_at)] == ["deed:1", "deed:2"]
    services.clear_line(subject="deed:1", at=notice.ends_at)
    with pytest.raises(services.NotOnNotice):
        services.clear_line(subject="deed:1", at=notice.ends_at)
    assert services.close_notices(at=notice.ends_at) == 0
    services.clear_line(subject="deed:2", at=notice.ends_at)
    assert services.close_notices(at=notice.ends_at) == 1 and services.close_notices(at=notice.ends_at) == 0


def test_an_objection_stops_one_line_and_nobody_can_tell(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    objection(village, notice, at)
    assert {row.status for row in queries.lines(notice_id=notice.pk, at=at)} == {"standing"}
    assert queries.tally_of(notice=notice, at=at) is None
    with pytest.raises(services.Contested):
        services.clear_line(subject="deed:1", at=notice.ends_at)
    with pytest.raises(services.Contested):
        services.strike_line(subject="deed:1", at=at)
    assert [due.subject for due in queries.due_subjects(at=notice.ends_at)] == ["deed:2"]
    assert [row.status for row in queries.lines(notice_id=notice.pk, at=notice.ends_at)] == ["contested", "standing"]
    assert queries.tally_of(notice=notice, at=notice.ends_at) == queries.Tally(1, 0)


def test_objecting_refuses(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    with pytest.raises(NotAllowed):
        objection(village, notice, at, "孙立")
    villager = village.villager("张伟")
    with pytest.raises(WrongInput):
        services.raise_objection(actor=villager, line_id=line(notice), reason="spite", words="那天没看见", at=at)
    for words in ("", "不对", "话" * 501):
        with pytest.raises((services.WordsNeeded, WrongInput)):
            services.raise_objection(actor=villager, line_id=line(notice), reason="other", words=words, at=at)
    objection(village, notice, at, "张伟")
    with pytest.raises(services.AlreadyObjected):
        objection(village, notice, at, "张伟")
    with pytest.raises(services.NoticeOver):
        objection(village, notice, notice.ends_at)
    with pytest.raises(NotFound):
        services.raise_objection(actor=villager, line_id=0, reason="other", words="那天没看见", at=at)


def test_answers_come_within_three_working_days_from_somebody_else(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    raised = objection(village, notice, at)
    supervisor = village.officer("supervisor")
    waiting = queries.objections_to_answer(actor=supervisor, at=at)
    assert [(one.id, one.due_on) for one in waiting] == [(raised, date(2026, 3, 17))]
    assert queries.objections_to_answer(actor=village.officer("other_director"), at=at) == []
    with pytest.raises(services.AnswerNeeded):
        services.resolve_objection(actor=supervisor, objection_id=raised, upheld=True, answer="", at=at)
    with pytest.raises(NotAllowed):
        services.resolve_objection(actor=village.officer("clerk"), objection_id=raised, upheld=True, answer="查过了，属实", at=at)
    services.resolve_objection(actor=supervisor, objection_id=raised, upheld=False, answer="查过了，属实", at=at)
    with pytest.raises(services.AlreadyAnswered):
        services.resolve_objection(actor=supervisor, objection_id=raised, upheld=False, answer="查过了，属实", at=at)
    mine = queries.my_objections(actor=village.villager("刘德福"), at=at)
    assert mine[0].answer == "查过了，属实"
    user_id = village.users["刘德福"]
    assert "notices.answered" in {message.about for message in inbox.messages_of(user_id=user_id)}


def test_nobody_answers_oneself(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    supervisor = village.officer("supervisor")
    raised = services.raise_objection(actor=supervisor, line_id=line(notice), reason="other", words="名单和签到对不上", at=at).pk
    with pytest.raises(services.OwnObjection):
        services.resolve_objection(actor=supervisor, objection_id=raised, upheld=True, answer="查过了，属实", at=at)


def test_the_objector_is_known_to_who_answers_only_and_each_look_is_written_down(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    raised = objection(village, notice, at)
    supervisor = village.officer("supervisor")
    assert "刘德福" not in str(queries.objection(actor=supervisor, objection_id=raised, at=at))
    with pytest.raises(NotFound):
        queries.objection(actor=village.villager("张伟"), objection_id=raised, at=at)
    with pytest.raises(NotAllowed):
        services.reveal_objector(actor=village.officer("reviewer"), objection_id=raised, at=at)
    assert services.reveal_objector(actor=supervisor, objection_id=raised, at=at) == "刘德福"
    events = audit.trail(subject=f"objection:{raised}")
    assert [(event.act, event.user_id) for event in events] == [
        ("notices.objector_revealed", supervisor.user_id),
        ("notices.objection_raised", None),
    ]


def test_two_objections_to_one_line(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    first, second = objection(village, notice, at), objection(village, notice, at, "张伟")
    supervisor = village.officer("supervisor")
    services.resolve_objection(actor=supervisor, objection_id=first, upheld=False, answer="查过了，属实", at=at)
    with pytest.raises(services.Contested):
        services.clear_line(subject="deed:1", at=notice.ends_at)
    services.resolve_objection(actor=supervisor, objection_id=second, upheld=True, answer="确实记多了", at=at)
    assert queries.line(line_id=line(notice), at=at).status == "struck"
    assert not queries.is_standing(subject="deed:1")


def test_one_that_holds_closes_the_others_with_its_answer(village: Village, at: datetime) -> None:
    notice = publish(village, at)
    first, second = objection(village, notice, at), objection(village, notice, at, "张伟")
    services.resolve_objection(actor=village.officer("supervisor"), objection_id=first, upheld=True, answer="确实记多了", at=at)
    other = queries.objection(actor=village.officer("supervisor"), objection_id=second, at=at)
    assert (other.status, other.answer) == ("upheld", "确实记多了")


def test_the_wall(village: Village, at: datetime) -> None:
    first, second = publish(village, at, "deed:1"), publish(village, at, "deed:2")
    assert [one.pk for one in queries.notices_on_wall(branch_id=village.branch_id)] == [second.pk, first.pk]
    services.clear_line(subject="deed:2", at=second.ends_at)
    services.close_notices(at=second.ends_at)
    assert [one.pk for one in queries.notices_on_wall(branch_id=village.branch_id)] == [first.pk, second.pk]
    assert queries.notice(number=first.number).pk == first.pk
    assert [row.subject for row in queries.standing_lines(branch_id=village.branch_id, at=at)] == ["deed:1"]
    with pytest.raises(NotFound):
        queries.notice(number="LX01-2026-999")

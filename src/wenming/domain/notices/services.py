"""Writes of the notices: hang up, object, answer, clear, strike, take down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import IO

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from wenming.core import attachments, audit, bulk, clock, states, workdays
from wenming.core.actor import Actor
from wenming.core.errors import NotAllowed, NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.prepared import prepared
from wenming.core.transactions import service, take_turn
from wenming.domain.depositors.queries import UnderWay
from wenming.domain.inbox import services as inbox
from wenming.domain.notices import policies, queries
from wenming.domain.notices.models import Notice, NoticeLine, Objection, Reason
from wenming.domain.notices.sheets import PrintedLine, fingerprint
from wenming.domain.organisations import queries as organisations

ANSWER_WORKDAYS = 3
PHOTOS_MOST = 3


class NothingToPublish(Refusal):
    code, message = "notices.nothing_to_publish", _("现在没有要公示的。")


class PeriodOutOfRange(Refusal):
    code, message = "notices.period_out_of_range", _("公示填 3 到 7 个工作日。")


class AlreadyOnNotice(Refusal):
    code, message, status = "notices.already_on_notice", _("这一笔已经在公示了。"), 409


class StillOnNotice(Refusal):
    code, message, status = "notices.still_on_notice", _("还在公示，{last_day}公示期满才入账。"), 409


class Contested(Refusal):
    code, message, status = "notices.contested", _("有人对这一笔提了意见，答复以后再办。"), 409


class NotOnNotice(Refusal):
    code, message, status = "notices.not_on_notice", _("这一笔不在公示。"), 409


class NoticeOver(Refusal):
    code, message, status = "notices.over", _("这一榜的公示已经结束了。有话还可以到村里说。"), 409


class AlreadyObjected(Refusal):
    code, message, status = "notices.already_objected", _("您对这一笔提过意见了，正在办。"), 409


class WordsNeeded(Refusal):
    code, message = "notices.words_needed", _("请说一说您知道的，最少 4 个字。")


class EnoughPhotos(Refusal):
    code, message = "notices.enough_photos", _("这张榜已经有 {most} 张照片，够了。")


class AnswerNeeded(Refusal):
    code, message = "notices.answer_needed", _("请写清楚答复，最少 4 个字。")


class AlreadyAnswered(Refusal):
    code, message, status = "notices.already_answered", _("这条意见已经答复过了。"), 409


class OwnObjection(NotAllowed):
    code, message = "notices.own_objection", _("自己提的意见要由别人来答复。")


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line to hang up: about whom (masked already), what, how many hundredths of a point."""

    subject: str
    masked_name: str
    words: str
    points: int
    happened_on: date


@service
def publish(*, actor: Actor, branch_id: int, title: str, lines: Sequence[LineDraft], workdays: int, at: datetime) -> Notice:
    """Hang up a notice. Its period is counted from the day after, and ends with the last working day."""
    require(policies.may_publish(actor, branch_id))
    if not lines:
        raise NothingToPublish
    if not 3 <= workdays <= 7:
        raise PeriodOutOfRange(field="workdays")
    subjects = [line.subject for line in lines]
    if len(set(subjects)) < len(subjects) or _any_open(subjects):
        raise AlreadyOnNotice
    notice = _number(branch_id, at)
    notice.title = title[:60]
    notice.published_at, notice.published_by = at, actor.user_id
    notice.workdays, notice.ends_at = workdays, ends_at(at=at, after=workdays)
    notice.line_count, notice.points_total = len(lines), sum(line.points for line in lines)
    printed = [
        PrintedLine(place, line.masked_name, line.words[:120], line.points, line.happened_on)
        for place, line in enumerate(lines, 1)
    ]
    notice.fingerprint = fingerprint(notice.number, printed)
    notice.save(force_insert=True)
    failpoint("notices.notice_written")
    rows = [
        (notice.pk, one.place, line.subject, one.masked_name, one.words, one.points, one.happened_on, NoticeLine.Status.STANDING)
        for one, line in zip(printed, lines, strict=True)
    ]
    columns = ("notice", "place", "subject", "masked_name", "words", "points", "happened_on", "status")
    bulk.insert(NoticeLine, columns, rows)
    failpoint("notices.lines_written")
    facts = {"lines": len(rows), "fingerprint": notice.fingerprint}
    _record(actor, "notices.published", queries.subject_of(notice), branch_id, at, **facts)
    return notice


@service
def keep_photo(*, actor: Actor, notice_id: int, photo: IO[bytes], at: datetime) -> None:
    """Keep a photo of the sheet where it hangs: that it was printed and put up, and what it said. Nothing replaces one."""
    notice = Notice.objects.select_for_update().filter(pk=notice_id).first()
    if notice is None:
        raise NotFound
    require(policies.may_publish(actor, notice.branch_id))
    subject = queries.subject_of(notice)
    if len(attachments.of(subject)) >= PHOTOS_MOST:
        raise EnoughPhotos(field="photo", most=PHOTOS_MOST)
    attachments.keep(actor=actor, file=photo, subject=subject, at=at, field="photo")
    _record(actor, "notices.photo_kept", subject, notice.branch_id, at)


def ends_at(*, at: datetime, after: int) -> datetime:
    """The instant when a notice hung up at `at` has been up for so many working days."""
    return clock.day_end(workdays.add_workdays(clock.local_date(at), after))


def _any_open(subjects: list[str]) -> bool:
    """Whether any of these is on the wall already: asked by name where they are few, else against all that stand."""
    standing = NoticeLine.objects.filter(status__in=queries.OPEN_LINES)
    if len(subjects) <= 500:
        return standing.filter(subject__in=subjects).exists()
    return not set(subjects).isdisjoint(standing.values_list("subject", flat=True))


def _number(branch_id: int, at: datetime) -> Notice:
    """The next number of the branch in this year, for example LX-2026-003."""
    branch = organisations.organisation(organisation_id=branch_id)
    year = clock.local_date(at).year
    take_turn(f"notices:{branch_id}")
    last = Notice.objects.filter(branch_id=branch_id, year=year).order_by("-sequence").first()
    sequence = last.sequence + 1 if last else 1
    return Notice(branch=branch, year=year, sequence=sequence, number=f"{branch.code}-{year}-{sequence:03d}")


@prepared
def _open_line_of(subject: str) -> QuerySet[NoticeLine]:
    lines = NoticeLine.objects.select_for_update(of=("self",)).select_related("notice").order_by("pk")
    return lines.filter(subject=subject, status__in=queries.OPEN_LINES)[:1]


def _open_line(*, subject: str) -> NoticeLine | None:
    """The line on the wall about a subject, locked."""
    return _open_line_of.one(subject=subject)


@service
def clear_line(*, subject: str, at: datetime) -> None:
    """Let a subject pass: its period is over and nobody's objection is open. Refuses otherwise."""
    line = _open_line(subject=subject)
    if line is None:
        raise NotOnNotice
    check_may_clear(line=line, at=at)
    states.move(line, to=NoticeLine.Status.CLEARED)
    line.save(update_fields=["status"])
    failpoint("notices.line_cleared")


def check_may_clear(*, line: NoticeLine, at: datetime) -> None:
    """The guard before points: no open objection, and the whole period has passed."""
    if line.status == NoticeLine.Status.CONTESTED or line.objections.filter(status=Objection.Status.OPEN).exists():
        raise Contested
    if at < line.notice.ends_at:
        raise StillOnNotice(last_day=_day(line.notice.ends_at - timedelta(days=1)))


@service
def strike_line(*, subject: str, at: datetime) -> bool:
    """Take a subject off the wall, because it was edited, rejected or reversed. Refuses while an objection is open."""
    line = _open_line(subject=subject)
    if line is None:
        return False
    if line.objections.filter(status=Objection.Status.OPEN).exists():
        raise Contested
    states.move(line, to=NoticeLine.Status.STRUCK)
    line.save(update_fields=["status"])
    failpoint("notices.line_struck")
    return True


@service
def raise_objection(*, actor: Actor, line_id: int, reason: str, words: str, at: datetime) -> Objection:
    """A resident says that a line is wrong. The line waits; nobody on the wall can see that somebody objected."""
    line = NoticeLine.objects.select_for_update(of=("self",)).select_related("notice").filter(pk=line_id).first()
    if line is None:
        raise NotFound
    require(policies.may_object(actor, line.notice.branch_id))
    assert actor.user_id is not None
    if reason not in Reason.values:
        raise WrongInput(field="reason")
    words = words.strip()
    if len(words) < 4:
        raise WordsNeeded(field="words")
    if len(words) > 500:
        raise WrongInput(field="words", message=str(_("最多写 500 个字。")))
    if line.status not in queries.OPEN_LINES or at >= line.notice.ends_at:
        raise NoticeOver
    if line.objections.filter(raised_by_id=actor.user_id, status=Objection.Status.OPEN).exists():
        raise AlreadyObjected
    objection = Objection.objects.create(
        line=line,
        raised_by_id=actor.user_id,
        reason=reason,
        words=words,
        raised_at=at,
        due_on=workdays.add_workdays(clock.local_date(at), ANSWER_WORKDAYS),
    )
    failpoint("notices.objection_written")
    if line.status == NoticeLine.Status.STANDING:
        states.move(line, to=NoticeLine.Status.CONTESTED)
        line.save(update_fields=["status"])
        failpoint("notices.line_contested")
    someone = Actor(user_id=None, door=actor.door)
    _record(someone, "notices.objection_raised", f"objection:{objection.pk}", line.notice.branch_id, at)
    return objection


@service
def resolve_objection(*, actor: Actor, objection_id: int, upheld: bool, answer: str, at: datetime) -> Objection:
    """Answer an objection in writing. Upheld: the line leaves the wall. Not upheld: it stands on as before.

    The rooms above say who else is barred (who reviewed the deed); here: the objector.
    """
    objection = _locked(objection_id)
    line = objection.line
    require(policies.may_answer(actor, line.notice.branch_id))
    if actor.user_id is not None and actor.user_id == objection.raised_by_id:
        raise OwnObjection
    if objection.status != Objection.Status.OPEN:
        raise AlreadyAnswered
    answer = answer.strip()
    if not 4 <= len(answer) <= 500:
        raise AnswerNeeded(field="answer")
    outcome = Objection.Status.UPHELD if upheld else Objection.Status.DISMISSED
    closing = [objection]
    if upheld:
        closing += list(line.objections.select_for_update().filter(status=Objection.Status.OPEN).exclude(pk=objection.pk))
    for one in closing:
        states.move(one, to=outcome)
        one.answer, one.resolved_by, one.resolved_at = answer, actor.user_id, at
        one.save(update_fields=["status", "answer", "resolved_by", "resolved_at"])
        failpoint("notices.objection_closed")
        inbox.send(to=one.raised_by_id, about="notices.answered", subject=f"objection:{one.pk}", at=at, upheld=upheld)
    if upheld:
        states.move(line, to=NoticeLine.Status.STRUCK)
        line.save(update_fields=["status"])
    elif not line.objections.filter(status=Objection.Status.OPEN).exists():
        states.move(line, to=NoticeLine.Status.STANDING)
        line.save(update_fields=["status"])
    failpoint("notices.line_settled")
    _record(actor, "notices.objection_resolved", f"objection:{objection.pk}", line.notice.branch_id, at, upheld=upheld)
    return objection


def _locked(objection_id: int) -> Objection:
    """An objection and its line, the line locked first: the order in which objecting takes them."""
    found = Objection.objects.filter(pk=objection_id).values_list("line_id", flat=True).first()
    if found is None:
        raise NotFound
    NoticeLine.objects.select_for_update().get(pk=found)
    return Objection.objects.select_for_update(of=("self",)).select_related("line__notice").get(pk=objection_id)


@service
def reveal_objector(*, actor: Actor, objection_id: int, at: datetime) -> str:
    """The objector's name, for who answers the objection. Every look is written into the audit trail."""
    objection = Objection.objects.select_related("line__notice").filter(pk=objection_id).first()
    if objection is None:
        raise NotFound
    branch_id = objection.line.notice.branch_id
    require(policies.may_answer(actor, branch_id))
    _record(actor, "notices.objector_revealed", f"objection:{objection_id}", branch_id, at)
    return objection.raised_by.display_name


@service
def forget_erased(*, erasure: UnderWay) -> None:
    """What somebody who is being erased wrote against lines, and the name in what others wrote and answered."""
    own = Objection.objects.filter(raised_by_id=erasure.user_id) if erasure.user_id is not None else Objection.objects.none()
    own.exclude(words="").update(words="")
    if not erasure.name:
        return
    of_bank = Objection.objects.filter(line__notice__branch_id__in=erasure.branch_ids)
    for one in of_bank.filter(Q(words__contains=erasure.name) | Q(answer__contains=erasure.name)):
        one.words, one.answer = erasure.hide(one.words), erasure.hide(one.answer)
        one.save(update_fields=["words", "answer"])


@service
def close_notices(*, at: datetime) -> int:
    """Take down what has been up long enough and has no line left to settle; says how many."""
    over = Notice.objects.select_for_update().filter(status=Notice.Status.UP, ends_at__lte=at)
    waiting = NoticeLine.objects.filter(status__in=queries.OPEN_LINES, notice__status=Notice.Status.UP)
    closed = 0
    for notice in over.exclude(pk__in=waiting.values("notice_id")).order_by("pk"):
        states.move(notice, to=Notice.Status.CLOSED)
        notice.closed_at = at
        notice.save(update_fields=["status", "closed_at"])
        failpoint("notices.closed")
        closed += 1
    return closed


def _day(instant: datetime) -> str:
    day = clock.local_date(instant)
    return str(_("{month}月{day}日")).format(month=day.month, day=day.day)


def _record(actor: Actor, act: str, subject: str, branch_id: int, at: datetime, **facts: object) -> None:
    audit.record(actor=actor, act=act, subject=subject, at=at, organisation_id=branch_id, facts=facts)

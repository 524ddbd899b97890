"""Reads of the notices. What hangs on the wall is for everyone, masked; objections are for those who answer them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max, Q, QuerySet

from wenming.core import attachments
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, require
from wenming.core.models import Attachment
from wenming.domain.notices import models, policies, sheets

Notice = models.Notice
NoticeLine = models.NoticeLine
Objection = models.Objection
NoticeStatus = Notice.Status
LineStatus = NoticeLine.Status
ObjectionStatus = Objection.Status
Reason = models.Reason
NO_OBJECTIONS = {"raised": 0, "upheld": 0, "open": 0, "settled_at": None}
OPEN_LINES = (NoticeLine.Status.STANDING, NoticeLine.Status.CONTESTED)


@dataclass(frozen=True, slots=True)
class WallLine:
    """One line as the public sees it. While the period runs nobody can tell whether somebody objected."""

    id: int
    notice_id: int
    place: int
    subject: str
    masked_name: str
    words: str
    points: int
    happened_on: date
    status: str
    status_label: str


@dataclass(frozen=True, slots=True)
class Due:
    """A line whose period is over without an open objection."""

    line_id: int
    subject: str


@dataclass(frozen=True, slots=True)
class ObjectionFile:
    """An objection as the officers who answer see it: what is said to be wrong, not who says so."""

    id: int
    branch_id: int
    notice_number: str
    line: WallLine
    reason: str
    reason_label: str
    words: str
    raised_at: datetime
    due_on: date
    status: str
    status_label: str
    answer: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Objections of a closed period: how many were raised, how many held."""

    raised: int
    upheld: int


def notices_on_wall(*, branch_id: int, limit: int = 20) -> QuerySet[Notice]:
    """The notices of a branch: those that are up first, then the newest that ended."""
    return Notice.objects.filter(branch_id=branch_id).select_related("branch").order_by("-status", "-id")[:limit]


def notices_of(*, branch_id: int, before: int | None = None, limit: int = 50) -> list[Notice]:
    """Every notice of a branch, newest first; `before` is the id at which the last page ended."""
    found = Notice.objects.filter(branch_id=branch_id).order_by("-id")
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found[:limit])


def notice(*, number: str) -> Notice:
    """One notice by the number printed on it."""
    found = Notice.objects.select_related("branch").filter(number=number.strip()).first()
    if found is None:
        raise NotFound
    return found


def subject_of(notice: Notice) -> str:
    """What the audit trail and the photos call a notice."""
    return f"notice:{notice.pk}"


def photos(*, actor: Actor, notice: Notice) -> list[Attachment]:
    """Photos of the sheet where it hangs, oldest first, for the officers of the branch."""
    require(actor.is_system or notice.branch_id in actor.branches(), NotFound)
    return attachments.of(subject_of(notice))


def without_photo(*, branch_id: int, limit: int = 20) -> list[Notice]:
    """The notices that are up and of which no photo shows how they hang, the one that ends first before the others."""
    up = list(Notice.objects.filter(branch_id=branch_id, status=Notice.Status.UP).order_by("ends_at", "id")[:limit])
    kept = attachments.counts(subject_of(one) for one in up)
    return [one for one in up if not kept.get(subject_of(one))]


def ends_of(*, line_ids: Iterable[int]) -> dict[int, datetime]:
    """When the notices end on which these lines stand."""
    return dict(NoticeLine.objects.filter(pk__in=list(line_ids)).values_list("pk", "notice__ends_at"))


def notice_of(*, notice_id: int) -> Notice:
    """One notice by its id."""
    found = Notice.objects.select_related("branch").filter(pk=notice_id).first()
    if found is None:
        raise NotFound
    return found


def _wall_line(line: NoticeLine, at: datetime) -> WallLine:
    status = line.status
    if status == NoticeLine.Status.CONTESTED and at < line.notice.ends_at:
        status = NoticeLine.Status.STANDING
    return WallLine(
        line.pk,
        line.notice_id,
        line.place,
        line.subject,
        line.masked_name,
        line.words,
        line.points,
        line.happened_on,
        status,
        str(NoticeLine.Status(status).label),
    )


def lines(
    *,
    notice_id: int,
    at: datetime,
    after: int = 0,
    limit: int = 50,
    only: Iterable[int] | None = None,
    surname: str = "",
    deductions: bool = False,
) -> list[WallLine]:
    """The lines of a notice from a place on, in the order of the sheet: all of them, those with these ids, those whose shown
    name begins so, or the deductions, which show no name."""
    found = NoticeLine.objects.select_related("notice").filter(notice_id=notice_id, place__gt=after).order_by("place")
    if only is not None:
        found = found.filter(pk__in=list(only))
    if surname:
        found = found.filter(masked_name__startswith=surname, points__gte=0)
    if deductions:
        found = found.filter(points__lt=0)
    return [_wall_line(line, at) for line in found[:limit]]


def line(*, line_id: int, at: datetime) -> WallLine:
    found = NoticeLine.objects.select_related("notice").filter(pk=line_id).first()
    if found is None:
        raise NotFound
    return _wall_line(found, at)


def is_open(notice: Notice, at: datetime) -> bool:
    """Whether objections may still be raised."""
    return notice.status == Notice.Status.UP and at < notice.ends_at


def printed_lines(*, notice_id: int) -> list[sheets.PrintedLine]:
    """Exactly what the fingerprint covers."""
    rows = NoticeLine.objects.filter(notice_id=notice_id).order_by("place")
    return [sheets.PrintedLine(*row) for row in rows.values_list("place", "masked_name", "words", "points", "happened_on")]


def printed_bytes(notice: Notice) -> bytes:
    """The exact bytes whose SHA-256 is the fingerprint."""
    return sheets.canonical(notice.number, printed_lines(notice_id=notice.pk))


def printed(*, branch_id: int, at: datetime) -> Iterator[dict[str, object]]:
    """Every notice of a branch as it hung, line by line, for an archive. Objections are counted once the period is over."""
    for notice in Notice.objects.filter(branch_id=branch_id).order_by("pk").iterator(chunk_size=100):
        is_over = at >= notice.ends_at
        counted = _objections(notice) if is_over else {}
        names = ("number", "title", "workdays", "status", "line_count", "points_total", "fingerprint")
        yield {
            **{name: getattr(notice, name) for name in names},
            "published_at": notice.published_at,
            "ends_at": notice.ends_at,
            "closed_at": notice.closed_at,
            "lines": [
                {
                    "place": line.place,
                    "name": line.masked_name,
                    "words": line.words,
                    "points": line.points,
                    "happened_on": line.happened_on,
                    "subject": line.subject,
                    "status": _wall_line(line, at).status,
                    "objections": counted.get(line.pk, {"raised": 0, "upheld": 0, "open": 0, "settled_at": None})
                    if is_over
                    else None,
                }
                for line in NoticeLine.objects.select_related("notice").filter(notice=notice).order_by("place")
            ],
        }


def places(*, branch_id: int) -> dict[int, str]:
    """Where each line of a branch's notices hung: the number of the sheet and the place on it."""
    rows = NoticeLine.objects.filter(notice__branch_id=branch_id).values_list("pk", "notice__number", "place")
    return {pk: f"{number}/{place}" for pk, number, place in rows.iterator(chunk_size=2000)}


def _objections(notice: Notice) -> dict[int, dict[str, object]]:
    """How many objections each line had, how many held and are open still, and when the last was settled."""
    rows = (
        Objection.objects.filter(line__notice=notice)
        .values_list("line_id")
        .annotate(
            raised=Count("id"),
            upheld=Count("id", filter=Q(status=Objection.Status.UPHELD)),
            open=Count("id", filter=Q(status=Objection.Status.OPEN)),
            settled_at=Max("resolved_at"),
        )
    )
    return {row[0]: dict(zip(("raised", "upheld", "open", "settled_at"), row[1:], strict=True)) for row in rows}


def is_true_to_fingerprint(notice: Notice) -> bool:
    return sheets.fingerprint(notice.number, printed_lines(notice_id=notice.pk)) == notice.fingerprint


def due_subjects(*, at: datetime, limit: int = 500, after: int = 0) -> list[Due]:
    """Lines whose period ended and against which no objection is open, oldest first, from a line on."""
    found = NoticeLine.objects.filter(status=NoticeLine.Status.STANDING, notice__ends_at__lte=at, pk__gt=after).order_by("pk")
    return [Due(pk, subject) for pk, subject in found.values_list("pk", "subject")[:limit]]


def has_open_objection(*, subject: str) -> bool:
    return Objection.objects.filter(line__subject=subject, line__status__in=OPEN_LINES, status=Objection.Status.OPEN).exists()


def is_standing(*, subject: str) -> bool:
    """Whether a subject is on the wall and not yet cleared or struck."""
    return NoticeLine.objects.filter(subject=subject, status__in=OPEN_LINES).exists()


def line_ids(*, notice_id: int) -> dict[str, int]:
    """The line of each subject of a notice."""
    return dict(NoticeLine.objects.filter(notice_id=notice_id).values_list("subject", "pk"))


def standing_lines(*, branch_id: int, at: datetime, limit: int = 500) -> list[WallLine]:
    """Every line of a branch that is on the wall and not yet cleared."""
    found = NoticeLine.objects.select_related("notice").filter(notice__branch_id=branch_id, status__in=OPEN_LINES)
    return [_wall_line(line, at) for line in found.order_by("pk")[:limit]]


def ends_for(*, subjects: Sequence[str]) -> dict[str, datetime]:
    """When the period ends of each of these subjects that is on the wall."""
    found = NoticeLine.objects.filter(subject__in=subjects, status__in=OPEN_LINES)
    return dict(found.values_list("subject", "notice__ends_at"))


def _file(objection: Objection, at: datetime) -> ObjectionFile:
    found = objection.line
    return ObjectionFile(
        id=objection.pk,
        branch_id=found.notice.branch_id,
        notice_number=found.notice.number,
        line=_wall_line(found, at),
        reason=objection.reason,
        reason_label=str(objection.get_reason_display()),
        words=objection.words,
        raised_at=objection.raised_at,
        due_on=objection.due_on,
        status=objection.status,
        status_label=str(objection.get_status_display()),
        answer=objection.answer,
        resolved_at=objection.resolved_at,
    )


def objections_to_answer(
    *, actor: Actor, at: datetime, branch_id: int | None = None, after: int | None = None, limit: int = 50
) -> list[ObjectionFile]:
    """Open objections at the branches where the actor answers them, oldest first, so that the nearest due day comes first."""
    found = Objection.objects.select_related("line__notice").filter(status=Objection.Status.OPEN)
    if not actor.is_system:
        found = found.filter(line__notice__branch_id__in=actor.branches(*policies.ANSWERERS))
    if branch_id is not None:
        found = found.filter(line__notice__branch_id=branch_id)
    if after is not None:
        found = found.filter(pk__gt=after)
    return [_file(one, at) for one in found.order_by("pk")[:limit]]


def open_objections(*, branch_ids: Iterable[int]) -> dict[int, int]:
    """How many objections wait for an answer at each of these branches."""
    found = Objection.objects.filter(status=Objection.Status.OPEN, line__notice__branch_id__in=list(branch_ids))
    return dict(found.values_list("line__notice__branch_id").annotate(Count("pk")))


def objection(*, actor: Actor, objection_id: int, at: datetime) -> ObjectionFile:
    """One objection, for those who answer at its branch and for the one who raised it."""
    found = Objection.objects.select_related("line__notice").filter(pk=objection_id).first()
    if found is None:
        raise NotFound
    is_own = actor.user_id is not None and actor.user_id == found.raised_by_id
    if not is_own and not policies.may_answer(actor, found.line.notice.branch_id):
        raise NotFound
    return _file(found, at)


def my_objections(*, actor: Actor, at: datetime, limit: int = 20) -> list[ObjectionFile]:
    """What the actor objected to, and the answers."""
    if actor.user_id is None:
        return []
    found = Objection.objects.select_related("line__notice").filter(raised_by_id=actor.user_id)
    return [_file(one, at) for one in found.order_by("-id")[:limit]]


def tally_of(*, notice: Notice, at: datetime) -> Tally | None:
    """Objections to a notice once its period is over; None while it runs, so that no count gives an objector away."""
    if at < notice.ends_at:
        return None
    counted = Objection.objects.filter(line__notice=notice).aggregate(
        raised=Count("id"), upheld=Count("id", filter=Q(status=Objection.Status.UPHELD))
    )
    return Tally(counted["raised"], counted["upheld"])

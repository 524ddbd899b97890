"""Notices on the wall, for anyone and masked; objections and their answers."""

from datetime import date, datetime
from typing import Any, Literal

from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router

from wenming.core import clock
from wenming.domain.deeds import services as deeds
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.organisations import queries as organisation_queries
from wenming.surfaces.api.operations import (
    CLERK,
    DIRECTOR,
    HEAD_OFFICER,
    PUBLIC,
    SUPERVISOR,
    VILLAGER,
    Flag,
    Given,
    Id,
    Page,
    PageOf,
    Ref,
    Request,
    Shown,
    operation,
)

router = Router(tags=["notices"])


class NoticeOut(Shown):
    number: str
    branch_id: Id
    title: str
    published_at: datetime
    ends_at: datetime
    status: str
    line_count: int
    points_total: int = Field(description=_("百分之一分"))
    fingerprint: str


class NoticeLineOut(Shown):
    id: int
    place: int
    name: str = Field(description=_("已隐去部分的姓名"))
    words: str
    points: int
    happened_on: date
    status: str


class ObjectionOut(Shown):
    id: int
    branch_id: Id
    notice_number: str
    line_id: Id
    line_words: str
    reason: str
    words: str
    raised_at: datetime
    due_on: date
    status: str
    answer: str


class Received(Shown):
    """What the objector gets: the number under which to ask."""

    id: int
    due_on: date


class NewNotice(Given):
    branch_id: Ref
    declaration_ids: list[Ref] | None = Field(None, max_length=5000, description=_("不填就是全部待公示的"))
    workdays: int | None = Field(None, ge=3, le=7, strict=True)


class NewObjection(Given):
    reason: Literal["not_done", "amount", "person", "other"]
    words: str = Field(min_length=4, max_length=500)


class Resolution(Given):
    upheld: Flag
    answer: str = Field(min_length=4, max_length=500)


def shown(notice: Any) -> NoticeOut:
    return NoticeOut.model_validate(notice)


def shown_line(line: notice_queries.WallLine) -> NoticeLineOut:
    return NoticeLineOut(
        id=line.id,
        place=line.place,
        name=line.masked_name,
        words=line.words,
        points=line.points,
        happened_on=line.happened_on,
        status=line.status,
    )


def shown_objection(found: notice_queries.ObjectionFile) -> ObjectionOut:
    plain = {name: getattr(found, name) for name in ObjectionOut.model_fields if name not in ("line_id", "line_words")}
    return ObjectionOut(line_id=found.line.id, line_words=found.line.words, **plain)


@operation(
    router,
    "GET",
    "/branches/{branch_id}/notices",
    roles=[PUBLIC],
    scopes=[],
    says="一个分行的公示榜，新的在前：在榜的和已结束的。",
    answer=Page[NoticeOut],
)
def list_notices(request: Request, branch_id: Id, page_of: Query[PageOf]) -> Page[NoticeOut]:
    """The notices of a branch, newest first: those that are up and those that ended."""
    branch = organisation_queries.organisation(organisation_id=branch_id)
    rows = notice_queries.notices_of(branch_id=branch.pk, before=page_of.position, limit=page_of.rows)
    return page_of.of(rows, shown, lambda row: row.pk)


@operation(
    router, "GET", "/notices/{number}", roles=[PUBLIC], scopes=[], says="按榜上印的编号查一张榜，带指纹。", answer=NoticeOut
)
def read_notice(request: Request, number: str) -> NoticeOut:
    """One notice by the number printed on it, with its fingerprint."""
    return shown(notice_queries.notice(number=number))


@operation(
    router,
    "GET",
    "/notices/{number}/lines",
    roles=[PUBLIC],
    scopes=[],
    says="一张榜上的各行，照榜上的顺序，姓名已隐去部分。",
    answer=Page[NoticeLineOut],
)
def list_notice_lines(request: Request, number: str, page_of: Query[PageOf]) -> Page[NoticeLineOut]:
    """The masked lines of a notice, in the order of the sheet."""
    rows = notice_queries.lines(
        notice_id=notice_queries.notice(number=number).pk,
        at=clock.now(),
        after=page_of.position or 0,
        limit=page_of.rows,
    )
    return page_of.of(rows, shown_line, lambda row: row.place)


@operation(
    router,
    "POST",
    "/notices",
    roles=[CLERK, DIRECTOR, HEAD_OFFICER],
    scopes=["notices:write"],
    says="把一个分行审核通过的事张榜公示。",
    answer=NoticeOut,
    status=201,
)
def publish_notice(request: Request, payload: NewNotice) -> NoticeOut:
    """Hang a branch's approved deeds on the wall."""
    return shown(deeds.publish_notice(actor=request.actor, at=clock.now(), **payload.model_dump()))


@operation(
    router,
    "POST",
    "/notice-lines/{line_id}/objections",
    roles=[VILLAGER, SUPERVISOR],
    scopes=["notices:object"],
    says="对榜上一行提意见；只有答复的人看得到是谁提的。",
    answer=Received,
    status=201,
)
def raise_objection(request: Request, line_id: Id, payload: NewObjection) -> Received:
    """Say that a line is wrong; only who answers can see who said so."""
    made = notices.raise_objection(
        actor=request.actor, line_id=line_id, reason=payload.reason, words=payload.words, at=clock.now()
    )
    return Received(id=made.pk, due_on=made.due_on)


@operation(
    router,
    "GET",
    "/objections",
    roles=[DIRECTOR, SUPERVISOR, HEAD_OFFICER],
    scopes=["notices:answer"],
    says="我能答复的意见，到期早的在前；不显示谁提的。",
    answer=Page[ObjectionOut],
)
def list_objections(request: Request, page_of: Query[PageOf], branch_id: Id | None = None) -> Page[ObjectionOut]:
    """Open objections that one may answer, nearest due day first; not who raised them."""
    rows = notice_queries.objections_to_answer(
        actor=request.actor, at=clock.now(), branch_id=branch_id, after=page_of.position, limit=page_of.rows
    )
    return page_of.of(rows, shown_objection, lambda row: row.id)


@operation(
    router,
    "GET",
    "/objections/{objection_id}",
    roles=[VILLAGER, DIRECTOR, SUPERVISOR, HEAD_OFFICER],
    scopes=["notices:read"],
    says="一条意见：自己提的，或我能答复的。",
    answer=ObjectionOut,
)
def read_objection(request: Request, objection_id: Id) -> ObjectionOut:
    """One objection: one's own, or one that one may answer."""
    return shown_objection(notice_queries.objection(actor=request.actor, objection_id=objection_id, at=clock.now()))


@operation(
    router,
    "POST",
    "/objections/{objection_id}/resolution",
    roles=[DIRECTOR, SUPERVISOR, HEAD_OFFICER],
    scopes=["notices:answer"],
    says="书面答复一条意见；意见成立的，这一行撤下榜。",
    answer=ObjectionOut,
)
def resolve_objection(request: Request, objection_id: Id, payload: Resolution) -> ObjectionOut:
    """Answer an objection in writing; upheld, the line leaves the wall."""
    deeds.resolve_objection(
        actor=request.actor,
        objection_id=objection_id,
        upheld=payload.upheld,
        answer=payload.answer,
        at=clock.now(),
    )
    return shown_objection(notice_queries.objection(actor=request.actor, objection_id=objection_id, at=clock.now()))

"""今天要办的事: what waits at this branch, by deadline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from wenming.core import attachments
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.funds import policies as fund_policies
from wenming.domain.intake import queries as intake_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.notices import queries as notice_queries
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations.queries import Role
from wenming.surfaces.console.deeds import is_complete
from wenming.surfaces.console.page import CLERKS, COUNTER, REVIEW_WITHIN, REVIEWERS, RUNNERS, Desk, console
from wenming.ui.filters import day, last_day

OPEN_SHEETS = ("checked", "signed")


@dataclass(frozen=True)
class Job:
    """One line of the list: what, why now, until when, how many, and where to go. `good` says how many are easily done."""

    icon: str
    tint: str
    title: str
    why: str
    tag: str
    tag_kind: str
    count: int
    url: str
    urgent: bool = False
    good: str = ""


def ago(then: datetime, now: datetime) -> str:
    hours = int((now - then).total_seconds() // 3600)
    return _("{n} 天").format(n=hours // 24) if hours >= 24 else _("{n} 小时").format(n=hours)


def _objections(desk: Desk) -> Iterator[Job]:
    """What residents said about lines on the wall; late or due within a day stands first."""
    waiting = notice_queries.objections_to_answer(actor=desk.actor, at=desk.at, branch_id=desk.branch.pk)
    if not waiting:
        return
    first = min(waiting, key=lambda objection: objection.due_on)
    days = (first.due_on - desk.on).days
    tag = _("已超 {n} 天").format(n=-days) if days < 0 else _("今天") if days == 0 else _("{n} 天内").format(n=days)
    why = _("{name}那一笔：{reason}").format(name=first.line.masked_name, reason=first.reason_label)
    url = reverse("console:notices") + "#objections"
    yield Job("scale", "w", _("答复公示意见"), why, tag, "w", len(waiting), url, days <= 1)


def _reviews(desk: Desk) -> Iterator[Job]:
    if not desk.may(*REVIEWERS):
        return
    queue = deed_queries.declarations_to_review(actor=desk.actor, branch_id=desk.branch.pk, limit=100)
    late = [declaration for declaration in queue if desk.at - declaration.declared_at > REVIEW_WITHIN]
    fresh = queue[len(late) :]
    url = reverse("console:review")
    if late:
        why = _("最早一笔 {day}交上来，{title}").format(day=day(late[0].declared_at), title=late[0].item.title)
        tag = _("已超 {time}").format(time=ago(late[0].declared_at + REVIEW_WITHIN, desk.at))
        yield Job("okc", "w", _("审核记录（超过 2 天）"), why, tag, "w", len(late), url, True)
    if fresh:
        titles = list(dict.fromkeys(declaration.item.title for declaration in fresh))[:3]
        tag, kind, good = _how_complete(desk, fresh)
        yield Job("okc", "r", _("审核新交的记录"), _("、").join(titles), tag, kind, len(fresh), url, good=good)


def _how_complete(desk: Desk, queue: list[Any]) -> tuple[str, str, str]:
    """The tag of fresh declarations, its kind, and how many have all that their clause asks for: told to those who review."""
    if not desk.may(Role.REVIEWER, Role.DIRECTOR):
        return _("2 天内"), "", ""
    photos = attachments.counts(deed_queries.subject_of(declaration.pk) for declaration in queue)
    complete = sum(is_complete(declaration, photos) for declaration in queue)
    good = _("{n} 笔齐全").format(n=complete) if complete else ""
    doubtful = len(queue) - complete
    return (_("{n} 笔要细看").format(n=doubtful), "i", good) if doubtful else (_("2 天内"), "", good)


def _reversals(desk: Desk) -> Iterator[Job]:
    if desk.may(*RUNNERS):
        waiting = list(deed_queries.reversals_to_confirm(actor=desk.actor))
        if waiting:
            why = _("记错的要另一位点头才更正")
            url = reverse("console:notices") + "#reversals"
            yield Job("undo", "w", _("确认更正"), why, _("等您"), "w", len(waiting), url, True)


def _second_words(desk: Desk) -> Iterator[Job]:
    """What a first officer began and this one may confirm: payments above the limit, offices at the bank."""
    if desk.may(*RUNNERS):
        waiting = mall_queries.costly_orders(actor=desk.actor, branch_id=desk.branch.pk)
        dear = [one for one in waiting if fund_policies.may_approve(desk.actor, one.product.fund.organisation_id)]
        if dear:
            why = _("、").join(dict.fromkeys(order.product.title for order in dear))
            yield Job("money", "w", _("点头大额支出"), why, _("等您"), "w", len(dear), reverse("console:funds") + "#dear", True)
    if desk.may(Role.HEAD_OFFICER):
        proposals = organisations.proposals_to_confirm(actor=desk.actor)
        mine = [one for one in proposals if desk.actor.user_id not in (one.proposed_by, one.user_id)]
        if mine:
            why = _("、").join(one.user.display_name for one in mine)
            yield Job("case", "w", _("确认总行任职"), why, _("等您"), "w", len(mine), reverse("console:bank"), True)


def _others(desk: Desk) -> Iterator[Job]:
    if desk.may(*COUNTER):
        orders = mall_queries.orders_to_hand_over(actor=desk.actor, branch_id=desk.branch.pk)
        if orders:
            titles: dict[str, int] = {}
            for order in orders:
                titles[order.product.title] = titles.get(order.product.title, 0) + order.quantity
            why = _("、").join(f"{title} {count}" for title, count in list(titles.items())[:3])
            yield Job("tkt", "g", _("兑换预约"), why, _("等人来领"), "", len(orders), reverse("console:counter"))
    if desk.may(*CLERKS):
        found = intake_queries.sheets_of(actor=desk.actor, branch_id=desk.branch.pk)
        sheets = [sheet for sheet in found if sheet.status in OPEN_SHEETS]
        unsigned = [sheet for sheet in sheets if intake_queries.may_sign(actor=desk.actor, sheet=sheet)]
        if unsigned:
            url = reverse("console:sheet", kwargs={"public_id": unsigned[0].public_id})
            yield Job("edit", "w", _("给导入的表签字"), unsigned[0].file_name, _("等您"), "w", len(unsigned), url, True)
        sheets = [sheet for sheet in sheets if sheet not in unsigned]
        if sheets:
            bad = sum(sheet.bad_count for sheet in sheets)
            why = sheets[0].file_name + (_("，有 {n} 行要改").format(n=bad) if bad else "")
            yield Job("xls", "i", _("核对导入的表"), why, _("存着，没入账"), "i", len(sheets), reverse("console:sheets"))
    yield from _on_the_wall(desk)


def _on_the_wall(desk: Desk) -> Iterator[Job]:
    """What waits for the wall, hangs there, or hangs without a photo that shows it."""
    approved = desk.counts.get("approved", 0)
    if approved and desk.may(*CLERKS):
        why = _("审过的等着上榜，满期没意见才入账")
        yield Job("mega", "", _("发布公示"), why, _("今天"), "", approved, reverse("console:notices"))
    on_notice = desk.counts.get("on_notice", 0)
    if on_notice:
        why = _("满期没意见的自动入账")
        yield Job("clock", "", _("公示中的记录"), why, _("公示中"), "g", on_notice, reverse("console:notices"))
    if on_notice and desk.may(Role.CLERK):
        unseen = notice_queries.without_photo(branch_id=desk.branch.pk)
        if unseen:
            why = _("红榜 {number} 还差一张贴好的照片").format(number=unseen[0].number)
            tag = _("公示到 {day}").format(day=day(last_day(unseen[0].ends_at)))
            url = reverse("console:notice", kwargs={"number": unseen[0].number})
            yield Job("cam", "", _("张榜留照"), why, tag, "", len(unseen), url)


@console("desk")
def today(desk: Desk) -> HttpResponse:
    jobs = [*_objections(desk), *_reversals(desk), *_second_words(desk), *_reviews(desk), *_others(desk)]
    urgent = [job for job in jobs if job.urgent]
    calm = [job for job in jobs if not job.urgent]
    return desk.show("desk/today.html", urgent=urgent, calm=calm, first=(urgent + calm)[0] if jobs else None)


@require_POST
@console("desk")
def switch(desk: Desk) -> HttpResponse:
    """Open another branch within reach."""
    chosen = desk.request.POST.get("branch", "")
    if chosen not in {str(branch.pk) for branch in desk.branches}:
        raise NotFound()
    desk.request.session["branch"] = int(chosen)
    onward = desk.request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(onward, allowed_hosts={desk.request.get_host()})
    return redirect(onward if safe else "console:desk")

"""Messages: what the village told this person, in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from wenming.core import clock, points
from wenming.domain.inbox import queries
from wenming.domain.inbox import services as inbox
from wenming.surfaces.statements import titles_for
from wenming.surfaces.villager.door import page, with_passbook
from wenming.ui.filters import full_day

LINES = 30
WORDS: dict[str, tuple[str | Promise, str, str]] = {
    "deeds.declared": (_("替您记了一笔，等村里看"), "edit", "i"),
    "deeds.approved": (_("审核通过，接下来公示"), "okc", "k"),
    "deeds.returned": (_("村里请您补一补"), "alert", "w"),
    "deeds.rejected": (_("这一次没有记上"), "info", ""),
    "deeds.withdrawn": (_("这一笔撤回了"), "undo", ""),
    "deeds.on_notice": (_("正在公示，没人有意见就入账"), "mega", "g"),
    "deeds.deposited": (_("存进善行簿了"), "book", "r"),
    "deeds.reversed": (_("有一笔更正，请看善行簿"), "undo", "w"),
    "notices.answered": (_("您提的意见有答复了"), "scale", "i"),
    "notices.objection_answered": (_("您提的意见有答复了"), "scale", "i"),
    "rulebooks.points_expiring": (_("有积分快到期了，先用先得"), "clock", "w"),
    "rulebooks.points_expired": (_("有积分到期了"), "clock", ""),
    "mall.order_placed": (_("换好了，凭码来领"), "qr", "g"),
    "mall.order_collected": (_("东西领走了"), "gift", "k"),
    "mall.order_cancelled": (_("退掉了，积分退回善行簿"), "undo", ""),
    "mall.order_expired": (_("过期没领，积分退回善行簿"), "clock", "w"),
    "mall.order_refunded": (_("退换了，积分退回善行簿"), "undo", ""),
}
OTHER = (_("村里有话跟您说"), "bell", "")


def _amount(message: Any) -> str:
    amount = message.facts["points"]
    if message.about.startswith(("mall.", "rulebooks.")):
        return str(_("{points} 分")).format(points=points.show(amount))
    return points.show_signed(amount)


def _until(message: Any) -> str:
    """The last day of points that are about to go."""
    if message.about != "rulebooks.points_expiring":
        return ""
    return str(_("能用到 {day}")).format(day=full_day(date.fromisoformat(message.facts["last_day"])))


def _worded(message: Any, titles: dict[str, str]) -> dict[str, Any]:
    words, glyph, tone = WORDS.get(message.about, OTHER)
    amount = message.facts.get("points")
    return {
        "message": message,
        "words": words,
        "glyph": glyph,
        "tone": tone,
        "title": _until(message) or titles.get(message.subject, ""),
        "points": _amount(message) if isinstance(amount, int) else "",
        "reason": message.facts.get("reason", ""),
    }


@require_http_methods(["GET", "POST"])
@with_passbook
def messages(request: HttpRequest, *, book: Any) -> HttpResponse:
    """The newest first. POST marks all as read."""
    if request.method == "POST":
        inbox.mark_read(actor=request.actor, at=clock.now())
        return redirect("villager:messages")
    text = request.GET.get("before", "")
    before = int(text) if text.isdecimal() and len(text) < 16 else None
    found = queries.messages_of(user_id=request.user.pk, before=before, limit=LINES + 1)
    titles = titles_for(message.subject for message in found)
    context = {
        "rows": [_worded(message, titles) for message in found[:LINES]],
        "has_unread": any(message.read_at is None for message in found[:LINES]),
        "following": found[LINES - 1].pk if len(found) > LINES else None,
    }
    return page(request, "villager/household/messages.html", context, here="me")

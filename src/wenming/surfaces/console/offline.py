"""兑换柜台 without network: a short list of what waits here, taken along beforehand, and the hand-overs made from it.

Only orders on the list can be handed over, by their code. Two counters may give out the same order while neither hears of
the other: the first to be heard is booked, the other is a conflict that both are shown; the books count one.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from wenming.core import clock, fates
from wenming.core.errors import Conflict, NotFound, Refusal
from wenming.core.fates import Effect, Fate, Outcome
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import queries as identity
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.surfaces import delivery
from wenming.surfaces.console.page import COUNTER, Desk, console
from wenming.ui.filters import day, moment

ROUNDS = 10_000
LINES = 100
CONFLICTS_SHOWN = timedelta(days=14)


class NotYourOrder(Refusal):
    code, message = "counter.not_your_order", gettext_lazy("这一单不在您的柜台，没有记。请找这一单的柜台或会计补办。")


@login_not_required
@require_safe
def counter_offline(request: HttpRequest) -> HttpResponse:
    """The counter as it opens without network. The page itself knows nobody: the list kept beforehand fills it."""
    return render(request, "console/mall/offline.html", {})


@require_safe
@console("counter", *COUNTER)
def counter_list(desk: Desk) -> HttpResponse:
    """What waits at this counter, to take along: masked names, and codes only as hashes that take their time."""
    waiting = mall_queries.orders_to_hand_over(actor=desk.actor, branch_id=desk.branch.pk, limit=LINES)
    names = depositors.public_names(depositor_ids=[order.depositor_id for order in waiting], on=desk.on)
    lines = [
        {
            "order": order.public_id,
            "tag": code_tag(order.public_id, order.pickup_code),
            "who": names.get(order.depositor_id, ""),
            "what": _("{title} ×{n}").format(title=order.product.title, n=order.quantity),
            "until": order.pick_up_by.isoformat(),
            "until_words": day(order.pick_up_by - timedelta(seconds=1)),
        }
        for order in waiting
    ]
    place = {"branch": desk.branch.name, "teller": desk.request.user.display_name, "rounds": ROUNDS}
    answer = JsonResponse({**place, "at": desk.at.isoformat(), "at_words": moment(desk.at), "lines": lines})
    answer["Cache-Control"] = "no-store"
    return answer


@functools.lru_cache(maxsize=4096)
def code_tag(order: str, code: str) -> str:
    """The hash by which a counter without network knows a code again; salted by the order, slow on purpose."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), order.encode(), ROUNDS).hex()


@require_POST
def counter_outbox(request: HttpRequest) -> JsonResponse:
    """Hand-overs made without network. Whoever lost the office meanwhile may still bring them: each is then refused."""
    return delivery.settle_batch(request, kind="hand_over", do=functools.partial(_hand_over, request), say=_say)


def _hand_over(request: HttpRequest, key: str, asked: Mapping[str, Any]) -> Effect:
    """Without network there is no hand-over without the code: nobody could be looked up."""
    code = mall_queries.plain_code(delivery.text(asked, "code", most=12))
    if not code:
        raise mall.WrongCode(field="code")
    try:
        order = mall_queries.order_by_public_id(actor=request.actor, public_id=delivery.text(asked, "order", most=32))
    except NotFound as error:
        raise NotYourOrder from error
    subject = f"order:{order.pk}"
    try:
        mall.hand_over_order(actor=request.actor, order_id=order.pk, code=code, at=clock.now())
    except Refusal as refusal:
        outcome = Outcome.CONFLICT if isinstance(refusal, Conflict) else Outcome.REFUSED
        return Effect(subject, order.branch_id, outcome, refusal)
    return Effect(subject, order.branch_id)


def _say(fate: Fate) -> dict[str, str]:
    return {"address": reverse("console:order", args=[_order_id(fate)])} if fate.subject else {}


def conflicts(desk: Desk) -> list[dict[str, Any]]:
    """What was given out twice, or after it was given back: for every counter of the branch to see."""
    found = fates.conflicts(organisation_id=desk.branch.pk, since=desk.at - CONFLICTS_SHOWN)
    orders = {fate.subject: _order(desk, fate) for fate in found}
    users = [one for fate in found for one in (fate.user_id, orders[fate.subject].ended_by) if one]
    names = identity.display_names(user_ids=users)
    return [
        {
            "order": orders[fate.subject],
            "words": fate.words,
            "claimed_at": fate.claimed_at,
            "by": names.get(fate.user_id, ""),
            "first_by": names.get(orders[fate.subject].ended_by or 0, ""),
        }
        for fate in found
    ]


def _order(desk: Desk, fate: Fate) -> Any:
    return mall_queries.order(actor=desk.actor, order_id=_order_id(fate))


def _order_id(fate: Fate) -> int:
    return int(fate.subject.removeprefix("order:"))

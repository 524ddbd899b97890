"""The first page: what is in the passbook, what is under way, what the village says."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from wenming.core import clock
from wenming.domain.deeds import queries as deeds
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall
from wenming.domain.notices import queries as notices
from wenming.surfaces.villager.door import page, unread, with_passbook
from wenming.surfaces.villager.passbook import standing_of
from wenming.ui.filters import last_day
from wenming.ui.looks import looks_of
from wenming.ui.tiers import tier_of


@require_safe
@with_passbook
def home(request: HttpRequest, *, book: Any) -> HttpResponse:
    now = clock.now()
    today = clock.local_date(now)
    standing = standing_of(book)
    under_way = deeds.open_of(depositor_id=book.depositor_id)
    context = {
        "book": book,
        "today": today,
        "standing": standing,
        "tier": tier_of(standing.honour),
        "flow": ledger.flow(book.points_account_id, clock.day_start(clock.month_start(today))),
        "pending": sum(deed.points or 0 for deed in under_way if deed.status in deeds.PENDING),
        "returned": [deed for deed in under_way if deed.status == deeds.Status.RETURNED],
        "to_collect": mall.orders_to_collect(actor=request.actor),
        "unread": unread(request),
        "hide_tabs": looks_of(request).is_elder,
    }
    if looks_of(request).is_elder:
        return page(request, "villager/home_elder.html", context, here="home")
    context["notices"] = hung = list(notices.notices_on_wall(branch_id=book.depositor.branch_id, limit=3))
    context["open"] = {notice.number for notice in hung if notices.is_open(notice, now)}
    context["ending"] = [notice for notice in hung if notices.is_open(notice, now) and last_day(notice.ends_at) == today]
    return page(request, "villager/home.html", context, here="home")

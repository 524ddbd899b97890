"""The wall: the town's branches, one branch's notices and accounts, one notice sheet, one day. Masked, without log-in."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall
from wenming.domain.notices import queries as notices
from wenming.domain.organisations import queries as organisations

LINES = 200


@login_not_required
@require_safe
def town(request: HttpRequest) -> HttpResponse:
    """Every town with its branches and the villages they serve; the latest seal of each."""
    villages = organisations.villages_by_branch()
    towns = [
        {
            "bank": bank,
            "branches": [(branch, villages.get(branch.pk, [])) for branch in organisations.branches_of(head_bank_id=bank.pk)],
            "seal": ledger.latest_seal(bank.book_id),
        }
        for bank in organisations.head_banks()
        if bank.book_id is not None
    ]
    return render(request, "board/town.html", {"towns": towns})


@login_not_required
@require_safe
def branch(request: HttpRequest, code: str) -> HttpResponse:
    """One branch: what is on notice, yesterday's and today's accounts, this month in figures, the seal."""
    found = organisations.branch_by_code(code=code)
    at = clock.now()
    today = clock.local_date(at)
    book_id = organisations.book_of(branch_id=found.pk)
    hung = list(notices.notices_on_wall(branch_id=found.pk))
    totals = ledger.totals_by_kind(book_id, found.code, clock.day_start(clock.month_start(today)), clock.day_end(today))
    of_points = [total for total in totals if total.unit == ledger.Unit.POINTS]
    context = {
        "branch": found,
        "villages": organisations.villages_of(branch_id=found.pk),
        "open": [one for one in hung if notices.is_open(one, at)],
        "closed": [one for one in hung if not notices.is_open(one, at)][:6],
        "people": depositors.counts(branch_ids=[found.pk]),
        "earned": sum(total.amount for total in of_points if total.kind == ledger.Kind.DEED_DEPOSITED),
        "redeemed": sum(total.amount for total in of_points if total.kind == ledger.Kind.ORDER_COLLECTED),
        "deposits": sum(total.count for total in of_points if total.kind == ledger.Kind.DEED_DEPOSITED),
        "today": today,
        "days": [today - timedelta(days=back) for back in range(7)],
        "seal": ledger.latest_seal(book_id),
    }
    return render(request, "board/branch.html", context)


@login_not_required
@require_safe
def notice(request: HttpRequest, number: str) -> HttpResponse:
    """One sheet, line by line as it hangs at the village's gate, with its number and fingerprint."""
    at = clock.now()
    found = notices.notice(number=number)
    lines = notices.lines(notice_id=found.pk, at=at, limit=found.line_count)
    wanted = request.GET.get("q", "").strip()[:20]
    context = {
        "notice": found,
        "lines": [line for line in lines if not wanted or wanted[0] == line.masked_name[:1]] if wanted else lines,
        "wanted": wanted,
        "is_open": notices.is_open(found, at),
        "is_true": notices.is_true_to_fingerprint(found),
        "tally": notices.tally_of(notice=found, at=at),
        "address": request.build_absolute_uri(reverse("board:notice", args=[found.number])),
    }
    return render(request, "board/notice.html", context)


@login_not_required
@require_safe
def notice_data(request: HttpRequest, number: str) -> HttpResponse:
    """The exact bytes that a red list's fingerprint covers: their SHA-256 is what is printed on it."""
    found = notices.notice(number=number)
    answer = HttpResponse(notices.printed_bytes(found), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.json"'
    return answer


@login_not_required
@require_safe
def day(request: HttpRequest, code: str, day: str) -> HttpResponse:
    """One day of one branch: who was credited for what, what was given out. Names masked, nobody under age, no deductions."""
    found = organisations.branch_by_code(code=code)
    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise NotFound from error
    context = {
        "branch": found,
        "day": wanted,
        "today": clock.local_date(clock.now()),
        "before": wanted - timedelta(days=1),
        "after": wanted + timedelta(days=1),
        "deposits": deeds.day_deposits(branch_id=found.pk, day=wanted),
        "receipts": mall.day_receipts(branch_id=found.pk, day=wanted),
    }
    return render(request, "board/day.html", context)

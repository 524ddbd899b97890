"""What hangs on the wall of one's own village, and objecting to a line of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deeds
from wenming.domain.notices import queries
from wenming.domain.notices import services as notice_services
from wenming.surfaces.villager.door import page, with_passbook
from wenming.ui.filters import last_day
from wenming.ui.forms import Form, posted

LINES = 50


class ObjectionForm(Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("哪里不对？"),
        choices=queries.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("请选哪里不对。"),
            "invalid_choice": gettext_lazy("请选哪里不对。"),
        },
    )
    words = forms.CharField(
        label=gettext_lazy("说一说您知道的"),
        max_length=500,
        widget=forms.Textarea,
        error_messages={
            "required": gettext_lazy("请说一说您知道的，几个字也行。"),
            "max_length": gettext_lazy("最多写 500 字，请删短些。"),
        },
    )


@require_safe
@with_passbook
def notices(request: HttpRequest, *, book: Any) -> HttpResponse:
    at = clock.now()
    found = list(queries.notices_on_wall(branch_id=book.depositor.branch_id))
    context = {
        "book": book,
        "open": [notice for notice in found if queries.is_open(notice, at)],
        "closed": [notice for notice in found if not queries.is_open(notice, at)],
        "objections": queries.my_objections(actor=request.actor, at=at),
    }
    return page(request, "villager/notices/notices.html", context, here="home")


def _own_notice(book: Any, number: str) -> Any:
    """Other villages' notices are on the public board, not here."""
    found = queries.notice(number=number)
    if found.branch_id != book.depositor.branch_id:
        raise NotFound
    return found


@require_safe
@with_passbook
def notice(request: HttpRequest, number: str, *, book: Any) -> HttpResponse:
    at = clock.now()
    found = _own_notice(book, number)
    text = request.GET.get("after", "")
    after = int(text) if text.isdecimal() and len(text) < 9 else 0
    show, wanted = request.GET.get("show", ""), request.GET.get("q", "").strip()[:1]
    person = book.depositor
    ids = deeds.noticed_lines(depositor_id=person.pk, household_id=person.household_id)
    own = queries.lines(notice_id=found.pk, at=at, only=ids)
    lines = own
    if show != "home" or wanted:
        is_of_deductions = show == "deductions" and not wanted
        lines = queries.lines(
            notice_id=found.pk, at=at, after=after, limit=LINES + 1, surname=wanted, deductions=is_of_deductions
        )
    context = {
        "own": {line.id for line in own},
        "show": show if show in ("home", "deductions") else "",
        "wanted": wanted,
        "book": book,
        "notice": found,
        "is_open": queries.is_open(found, at),
        "lines": lines[:LINES],
        "following": lines[LINES - 1].place if len(lines) > LINES else None,
        "days_left": max(0, (last_day(found.ends_at) - clock.local_date(at)).days),
    }
    return page(request, "villager/notices/notice.html", context, here="home")


@never_cache
@require_http_methods(["GET", "POST"])
@with_passbook
def object_to(request: HttpRequest, number: str, line_id: int, *, book: Any) -> HttpResponse:
    """Say that a line is wrong. Only the officers who answer know who said it."""
    at = clock.now()
    found = _own_notice(book, number)
    line = queries.line(line_id=line_id, at=at)
    if line.notice_id != found.pk:
        raise NotFound
    form = ObjectionForm(*posted(request))
    if form.is_valid():
        with form.catching_refusals():
            notice_services.raise_objection(
                actor=request.actor,
                line_id=line.id,
                reason=form.cleaned_data["reason"],
                words=form.cleaned_data["words"],
                at=at,
            )
            messages.success(request, _("意见交上去了，3 个工作日内答复您。"))
            return redirect("villager:notices")
    context = {"notice": found, "line": line, "form": form}
    return page(request, "villager/notices/object.html", context, here="home", status=422 if form.errors else 200)

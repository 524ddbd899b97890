"""The rule book in force, for everybody to read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wenming.core import clock
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import queries as rulebooks


@login_not_required
@require_safe
def rules(request: HttpRequest, code: str) -> HttpResponse:
    branch = organisations.branch_by_code(code=code)
    on = clock.local_date(clock.now())
    items = list(rulebooks.items_in_force(branch_id=branch.pk, on=on))
    groups = [
        (category.label, [item for item in items if item.category == category])
        for category in rulebooks.Category
        if any(item.category == category for item in items)
    ]
    context = {
        "branch": branch,
        "lasting": rulebooks.rule_at(branch_id=branch.pk, on=on).words,
        "edition": rulebooks.edition_in_force(branch_id=branch.pk, on=on),
        "groups": groups,
        "count": len(items),
        "caps": ("person_times_day", "person_times_month", "person_times_year", "household_times_month"),
    }
    return render(request, "board/rules.html", context)

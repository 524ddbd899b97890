"""My household and its passbooks; my own page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.depositors import family
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import services as identity
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall
from wenming.surfaces.villager import passbook
from wenming.surfaces.villager.door import page, unread, with_passbook
from wenming.ui.tiers import tier_of

SHOWN_CLASSES = ("party_member", "lane_chief", "new_villager")


@require_safe
@with_passbook
def household(request: HttpRequest, *, book: Any) -> HttpResponse:
    now = clock.now()
    today = clock.local_date(now)
    home = book.depositor.household
    members = depositors.members_of(household_id=home.pk) if home else [book.depositor]
    books = [member.passbook for member in members]
    balances = ledger.balances([one for found in books for one in (found.points_account_id, found.honour_account_id)])
    classes = depositors.classes_on(depositor_ids=[member.pk for member in members], on=today)
    readable = set(family.readable_of_family(actor=request.actor))
    purses = {purse.pk for purse in mall.purses(actor=request.actor, at=now)}
    people = [
        {
            "person": member,
            "balance": balances[member.passbook.points_account_id],
            "is_self": member.pk == book.depositor_id,
            "may_spend": member.pk in purses,
            "may_read": member.pk in readable,
            "is_head": home is not None and home.head_id == member.pk,
            "is_minor": "minor" in classes[member.pk],
            "classes": [depositors.IdentityClass(name).label for name in SHOWN_CLASSES if name in classes[member.pk]],
        }
        for member in members
    ]
    context = {
        "book": book,
        "home": home,
        "people": sorted(people, key=lambda one: not one["is_self"]),
        "is_open": family.is_open_to_family(depositor_id=book.depositor_id),
        "is_grown_up": request.actor.minors_after is not None,
        "total": sum(one["balance"] for one in people),
        "tier": tier_of(sum(balances[found.honour_account_id] for found in books)),
    }
    return page(request, "villager/household/household.html", context, here="me")


@require_safe
@with_passbook
def passbook_of(request: HttpRequest, number: str, *, book: Any) -> HttpResponse:
    """The passbook of somebody of the own household: the family's, a child's, or that of who lets the family read it."""
    members = depositors.members_of(household_id=book.depositor.household_id) if book.depositor.household_id else []
    member = next((one for one in members if one.passbook.number == number), None)
    if member is None:
        raise NotFound
    family.passbook_to_read(actor=request.actor, depositor_id=member.pk)
    return passbook.of_household(request, number)


@require_POST
@with_passbook
def open_to_family(request: HttpRequest, *, book: Any) -> HttpResponse:
    """Let the family's grown-ups read the own passbook, or take that back; both at one tap."""
    said = family.OPEN if request.POST.get("family") == family.OPEN else ""
    identity.set_preference(user_id=request.user.pk, name=family.FAMILY, value=said)
    return redirect("villager:household")


@require_safe
@with_passbook
def me(request: HttpRequest, *, book: Any) -> HttpResponse:
    context = {"book": book, "unread": unread(request), "is_officer": request.actor.is_officer}
    return page(request, "villager/household/me.html", context, here="me")

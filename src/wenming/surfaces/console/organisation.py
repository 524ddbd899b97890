"""人员与任职, 操作记录, 各分行: who holds which office, what was done by whom, and the branches of the bank."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from wenming.core import audit, clock
from wenming.core.errors import NotFound
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.identity import queries as identity_queries
from wenming.domain.organisations import policies as organisation_policies
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations import services as organisations_service
from wenming.domain.organisations.queries import Role
from wenming.surfaces.console import words
from wenming.surfaces.console.page import RUNNERS, Desk, Entry, console, cursor, page_of

AUDIT_PAGE = 50


@console("officers", *RUNNERS, "supervisor")
def officers(desk: Desk) -> HttpResponse:
    """Who holds which office here; an office may be ended at once."""
    form = Entry.of(desk.request)
    found = organisations.officers_of(branch_id=desk.branch.pk, at=desk.at)
    if desk.request.method == "POST":
        desk.require(*RUNNERS)
        number = form.ids("appointment")
        if not number or number[0] not in {officer.appointment_id for officer in found}:
            raise NotFound()
        with form.catching("appointment"):
            organisations_service.end_appointment(actor=desk.actor, appointment_id=number[0], at=desk.at)
        if form.ok:
            desk.say(_("任职到此为止，权限已经收回。"))
            return redirect("console:officers")
    return desk.show(
        "organisation/officers.html",
        status=form.status if desk.request.method == "POST" else 200,
        officers=found,
        role_words=dict(Role.choices),
        may_appoint=desk.may(*RUNNERS),
        may_end={o.appointment_id: organisation_policies.may_appoint(desk.actor, desk.branch, o.role) for o in found},
        form=form,
    )


@console("officers", *RUNNERS)
def appoint(desk: Desk) -> HttpResponse:
    """Give someone of the roll an office; they log in with their own name."""
    form = Entry.of(desk.request)
    text = (desk.request.GET.get("q") or "").strip()[:40]
    chosen = form.ids("depositor")
    person = depositor_queries.depositor(actor=desk.actor, depositor_id=chosen[0]) if chosen else None
    if desk.request.method == "POST":
        role = form.choice("role", Role.values, ask=_("请选岗位。"))
        ends_on = form.day("ends_on")
        lane = form.text("lane", most=30)
        if role == Role.LANE_CHIEF and not lane:
            form.wrong("lane", _("街巷长要填管哪条街巷。"))
        if person is None:
            form.wrong("depositor", _("请先找到这个人。"))
        elif person.user_id is None:
            form.wrong("depositor", _("他还没有登录账号，先到他的页面发激活码。"))
        if form.ok and person is not None:
            with form.catching("role"):
                organisations_service.appoint_officer(
                    actor=desk.actor,
                    user_id=person.user_id,
                    organisation_id=desk.branch.pk,
                    role=role,
                    at=desk.at,
                    ends_at=clock.day_end(ends_on) if ends_on else None,
                    lane=lane,
                )
        if form.ok and person is not None:
            desk.say(_("{name}任{role}。").format(name=person.name, role=Role(role).label))
            return redirect("console:officers")
    found = depositor_queries.find_depositors(actor=desk.actor, text=text, branch_id=desk.branch.pk) if text else []
    roles = [(r.value, r.label) for r in Role if organisation_policies.may_appoint(desk.actor, desk.branch, r)]
    return desk.show(
        "organisation/appoint.html",
        status=form.status if desk.request.method == "POST" else 200,
        text=text,
        found=[one for one in found if one.kind == "person"],
        person=person,
        roles=[role for role in roles if organisation_policies.suits(role[0], desk.branch)],
        form=form,
    )


@console("audit", *RUNNERS, "supervisor")
def audit_trail(desk: Desk) -> HttpResponse:
    """What was done at this branch, the newest first; nothing here can be changed."""
    before = cursor(desk.request, "before")
    events = audit.trail(organisation_ids=frozenset({desk.branch.pk}), before=before, limit=AUDIT_PAGE + 1)
    rows, last = page_of(events, AUDIT_PAGE)
    people = identity_queries.display_names(user_ids=[row.user_id for row in rows if row.user_id])
    return desk.show(
        "organisation/audit.html",
        rows=[(row, words.act_of(row.act), people.get(row.user_id, _("系统"))) for row in rows],
        before=last.pk if last else None,
        about=words.subject_of,
    )


@console("branches", Role.HEAD_OFFICER)
def branches(desk: Desk) -> HttpResponse:
    """The branches of the bank with what waits at each."""
    served = organisations.villages_by_branch()
    return desk.show("organisation/branches.html", served=served)

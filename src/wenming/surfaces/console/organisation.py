"""人员与任职, 操作记录: who holds which office at a branch, and what was done by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

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


@dataclass(frozen=True)
class Candidate:
    """Somebody who might be given an office: out of the roll, or an officer already. `key` leads back to them."""

    key: str
    name: str
    where: str
    user_id: int | None


def candidates(desk: Desk, branch_id: int | None = None) -> list[Candidate]:
    """Whom the search finds, each log-in once."""
    text = desk.request.GET.get("q", "").strip()[:40]
    people = depositor_queries.find_depositors(actor=desk.actor, text=text, branch_id=branch_id) if text else []
    found = [
        Candidate(f"depositor-{one.pk}", one.name, one.household.number if one.household else one.branch.name, one.user_id)
        for one in people
        if one.kind == "person"
    ]
    known = {one.user_id for one in found}
    for held in organisations.find_officers(actor=desk.actor, text=text, at=desk.at):
        if held.user_id not in known:
            known.add(held.user_id)
            found.append(Candidate(f"officer-{held.appointment_id}", held.name, held.role_label, held.user_id))
    return found


def candidate(desk: Desk, key: str) -> Candidate | None:
    """The one that was chosen; whoever is out of reach is not found."""
    kind, _dash, number = key.partition("-")
    if not number.isdecimal() or len(number) > 18:
        return None
    if kind == "officer":
        held = organisations.officer(actor=desk.actor, appointment_id=int(number), at=desk.at)
        return Candidate(key, held.name, held.role_label, held.user_id)
    one = depositor_queries.depositor(actor=desk.actor, depositor_id=int(number))
    return Candidate(key, one.name, one.household.number if one.household else "", one.user_id)


def check_person(form: Entry, person: Candidate | None) -> None:
    if person is None:
        form.wrong("person", _("请先找到这个人。"))
    elif person.user_id is None:
        form.wrong("person", _("他还没有登录账号，先到他的页面发激活码。"))


def ends_at_of(form: Entry) -> datetime | None:
    ends_on = form.day("ends_on")
    return clock.day_end(ends_on) if ends_on else None


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


@require_POST
@console("officers", *RUNNERS)
def officer_code(desk: Desk) -> HttpResponse:
    """A new activation code for an officer who forgot the password, shown this once."""
    form = Entry.of(desk.request)
    number = form.ids("appointment")
    held = organisations.officer(actor=desk.actor, appointment_id=number[0], at=desk.at) if number else None
    if held is None:
        raise NotFound()
    code = organisations_service.reissue_activation(actor=desk.actor, user_id=held.user_id, at=desk.at)
    answer = desk.show("organisation/code.html", name=held.name, code=code)
    answer["Cache-Control"] = "private, no-store"
    return answer


@console("officers", *RUNNERS)
def appoint(desk: Desk) -> HttpResponse:
    """Give someone an office here for a term; they log in with their own name."""
    form = Entry.of(desk.request)
    person = candidate(desk, form["person"]) if form["person"] else None
    if desk.request.method == "POST":
        role = form.choice("role", Role.values, ask=_("请选岗位。"))
        starts_on, ends_at = form.day("starts_on"), ends_at_of(form)
        lane = form.text("lane", most=30)
        if starts_on is not None and starts_on < desk.on:
            form.wrong("starts_on", _("不能早于今天。"))
        if role == Role.LANE_CHIEF and not lane:
            form.wrong("lane", _("街巷长要填管哪条街巷。"))
        check_person(form, person)
        if form.ok and person is not None and person.user_id is not None:
            with form.catching("role"):
                organisations_service.appoint_officer(
                    actor=desk.actor,
                    user_id=person.user_id,
                    organisation_id=desk.branch.pk,
                    role=role,
                    at=desk.at,
                    starts_at=clock.day_start(starts_on) if starts_on is not None and starts_on > desk.on else None,
                    ends_at=ends_at,
                    lane=lane,
                )
        if form.ok and person is not None:
            desk.say(_("{name}任{role}。").format(name=person.name, role=Role(role).label))
            return redirect("console:officers")
    roles = [(r.value, r.label) for r in Role if organisation_policies.may_appoint(desk.actor, desk.branch, r)]
    return desk.show(
        "organisation/appoint.html",
        status=form.status if desk.request.method == "POST" else 200,
        text=desk.request.GET.get("q", ""),
        found=candidates(desk, desk.branch.pk) if not form["person"] else [],
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

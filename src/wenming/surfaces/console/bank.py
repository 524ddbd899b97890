"""总行: the branches of the bank with the villages they serve, and the offices above the villages, given by two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from wenming.core.errors import NotFound
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.identity import queries as identity_queries
from wenming.domain.organisations import policies as organisation_policies
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations import services as organisations_service
from wenming.domain.organisations.queries import Role
from wenming.locale import packs
from wenming.surfaces.console.organisation import candidate, candidates, check_person, ends_at_of
from wenming.surfaces.console.overview import overview_of
from wenming.surfaces.console.page import Desk, Entry, console


@console("branches", Role.HEAD_OFFICER)
def branches(desk: Desk) -> HttpResponse:
    """How the branches of the bank do, and the villages that each serves."""
    return desk.show(
        "bank/branches.html",
        served=organisations.villages_by_branch(),
        bank=desk.bank,
        may_open=organisation_policies.may_open_branch(desk.actor, desk.bank),
        packs=packs.names(get_language() or "") if organisation_policies.may_choose_words(desk.actor, desk.bank) else [],
        **overview_of(desk),
    )


@console("branches", Role.HEAD_OFFICER)
def choose_words(desk: Desk) -> HttpResponse:
    """By which words the bank and its branches go from now on."""
    if desk.request.method == "POST":
        form = Entry.of(desk.request)
        with form.catching("pack"):
            organisations_service.choose_word_pack(actor=desk.actor, head_bank_id=desk.bank.pk, pack=form["pack"], at=desk.at)
        if form.ok:
            cache.clear()
            desk.say(_("叫法改好了，从现在起各处都这样叫。"))
    return redirect("console:branches")


@dataclass(frozen=True)
class Choice:
    """One village to tick: served by this branch, free, or (with `taken_by`) another branch's."""

    code: str
    name: str
    is_ours: bool
    taken_by: str
    households: int


def _villages(desk: Desk, branch: Any | None) -> dict[str, object]:
    """The villages of one town to choose from, the branch's own first; other towns are a click away."""
    towns = organisations.towns_for(head_bank_id=desk.bank.pk, on=desk.on)
    asked = desk.request.GET.get("town", "")
    town = next((one for one in towns if one.code == asked), towns[0] if towns else None)
    names = {one.pk: one.name for one in organisations.branches_of(head_bank_id=desk.bank.pk)}
    homes = depositor_queries.households_by_village(branch_id=branch.pk) if branch is not None else {}
    own = organisations.villages_of(branch_id=branch.pk) if branch is not None else []
    under = organisations.villages_under(parent_code=town.code, on=desk.on) if town is not None else []
    mine = {village.code for village in own}
    choices = [Choice(one.code, one.name, True, "", homes.get(one.code, 0)) for one in own]
    choices += [
        Choice(one.code, one.name, False, names.get(one.branch_id, _("别的行")) if one.branch_id else "", 0)
        for one in under
        if one.code not in mine
    ]
    return {
        "towns": [(one.code, one.name) for one in towns],
        "town": town,
        "choices": choices,
        "posted": desk.request.method == "POST",
    }


@console("branches", Role.HEAD_OFFICER)
def open_branch(desk: Desk) -> HttpResponse:
    """A new branch with its code, its name and the villages it serves; then a director is appointed there."""
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        code = form.text("code", ask=_("请填分行代码，例如 LC07。"), most=12)
        name = form.text("name", ask=_("请填分行名称。"), most=30)
        opened_on = form.day("opened_on")
        made: Any = None
        if form.ok:
            with form.catching("code"):
                made = organisations_service.open_branch(
                    actor=desk.actor,
                    head_bank_id=desk.bank.pk,
                    code=code,
                    name=name,
                    village_codes=form.many("village_codes"),
                    opened_on=opened_on,
                    at=desk.at,
                )
        if form.ok:
            desk.request.session["branch"] = made.pk
            desk.say(_("{name}开好了。下一步，任一位行长。").format(name=made.name))
            return redirect("console:appoint")
    return desk.show(
        "bank/open.html", status=form.status if desk.request.method == "POST" else 200, form=form, **_villages(desk, None)
    )


@console("branches", Role.HEAD_OFFICER)
def branch_villages(desk: Desk, number: int) -> HttpResponse:
    """Which villages a branch serves from today on."""
    desk.see(number)
    branch = organisations.organisation(organisation_id=number)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        with form.catching("village_codes"):
            organisations_service.serve_villages(
                actor=desk.actor, branch_id=number, village_codes=form.many("village_codes"), on=desk.on, at=desk.at
            )
        if form.ok:
            desk.say(_("{name}服务的村改好了，从今天起。").format(name=branch.name))
            return redirect("console:branches")
    return desk.show(
        "bank/villages.html",
        status=form.status if desk.request.method == "POST" else 200,
        place=branch,
        form=form,
        **_villages(desk, branch),
    )


@console("bank", Role.HEAD_OFFICER)
def officers(desk: Desk) -> HttpResponse:
    """Who holds an office at the bank, and who is proposed for one: proposed by one, confirmed by another."""
    form = Entry.of(desk.request)
    found = organisations.officers_of(branch_id=desk.bank.pk, at=desk.at)
    waiting = [one for one in organisations.proposals_to_confirm(actor=desk.actor) if one.organisation_id == desk.bank.pk]
    if desk.request.method == "POST":
        said = _decide(desk, form, {one.appointment_id for one in found}, {one.pk for one in waiting})
        if form.ok:
            desk.say(said)
            return redirect("console:bank")
    return desk.show(
        "bank/officers.html",
        status=form.status if desk.request.method == "POST" else 200,
        bank=desk.bank,
        officers=found,
        waiting=waiting,
        people=identity_queries.display_names(user_ids=[one.proposed_by for one in waiting]),
        role_words=dict(Role.choices),
        me_id=desk.actor.user_id,
        form=form,
    )


def _decide(desk: Desk, form: Entry, held: set[int], waiting: set[int]) -> str:
    act = form.choice("act", ("confirm", "drop", "end"))
    number = next(iter(form.ids("number")), 0)
    if form.ok and number not in (held if act == "end" else waiting):
        raise NotFound()
    with form.catching("form"):
        if act == "confirm":
            depositors.confirm_appointment(actor=desk.actor, proposal_id=number, at=desk.at)
            return _("确认了，从现在起任职。")
        if act == "drop":
            organisations_service.drop_proposal(actor=desk.actor, proposal_id=number, at=desk.at)
            return _("这个提议放下了。")
        if act == "end":
            organisations_service.end_appointment(actor=desk.actor, appointment_id=number, at=desk.at)
    return _("任职到此为止，权限已经收回。")


@console("bank", Role.HEAD_OFFICER)
def propose(desk: Desk) -> HttpResponse:
    """Propose somebody for an office at the bank; a colleague has to confirm."""
    form = Entry.of(desk.request)
    person = candidate(desk, form["person"]) if form["person"] else None
    roles = [(r.value, r.label) for r in Role if organisation_policies.suits(r, desk.bank)]
    if desk.request.method == "POST":
        role = form.choice("role", dict(roles), ask=_("请选岗位。"))
        ends_at = ends_at_of(form)
        check_person(form, person)
        if form.ok and person is not None and person.user_id is not None:
            with form.catching("person"):
                organisations_service.propose_appointment(
                    actor=desk.actor,
                    user_id=person.user_id,
                    organisation_id=desk.bank.pk,
                    role=role,
                    ends_at=ends_at,
                    at=desk.at,
                )
        if form.ok and person is not None:
            desk.say(_("提了{name}，等另一位总行工作人员确认。").format(name=person.name))
            return redirect("console:bank")
    return desk.show(
        "bank/propose.html",
        status=form.status if desk.request.method == "POST" else 200,
        bank=desk.bank,
        text=desk.request.GET.get("q", ""),
        found=candidates(desk) if not form["person"] else [],
        person=person,
        roles=roles,
        form=form,
    )

"""户: one household with its members, and what may happen to it: facts put right, a new head, dividing, moving, joining."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from wenming.core.errors import NotFound
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.queries import DepositorKind
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.console.page import ENROLLERS, Desk, Entry, console

Said = tuple[str, int]


def _found(desk: Desk, number: int) -> Any:
    home = depositor_queries.household(actor=desk.actor, household_id=number)
    desk.see(home.branch_id)
    return home


def _members(home: Any) -> tuple[list[Any], dict[int, int]]:
    """Those on the roll, and what each passbook holds."""
    members = depositor_queries.members_of(household_id=home.pk)
    balances = ledger_queries.balances([member.passbook.points_account_id for member in members])
    return members, {member.pk: balances.get(member.passbook.points_account_id, 0) for member in members}


@console("depositors")
def household(desk: Desk, number: int) -> HttpResponse:
    """The members with their passbooks; every change is a form of its own, named by the button that was pressed."""
    home = _found(desk, number)
    form = Entry()
    if desk.request.method == "POST":
        desk.require(*ENROLLERS)
        form = Entry.of(desk.request)
        acts: dict[str, Callable[[Desk, Any, Entry], Said]] = {
            "facts": _facts,
            "head": _head,
            "split": _split,
            "move": _move,
        }
        if form["act"] not in acts:
            raise NotFound()
        said, onward = acts[form["act"]](desk, home, form)
        if form.ok:
            desk.say(said)
            return redirect("console:household", number=onward)
    members, balances = _members(home)
    people = [member for member in members if member.kind == DepositorKind.PERSON]
    return desk.show(
        "households/household.html",
        status=form.status,
        home=home,
        members=members,
        balances=balances,
        total=sum(balances.values()),
        others=[(member.pk, member.name) for member in people if member.pk != home.head_id],
        grown=[
            (member.pk, member.name)
            for member in people
            if member.pk != home.head_id and not depositor_queries.is_minor(member.born_on, desk.on)
        ],
        everyone=[(member.pk, member.name) for member in people],
        villages=_villages(home),
        may_change=desk.may(*ENROLLERS) and home.closed_on is None,
        form=form,
        act=form["act"],
    )


def _villages(home: Any) -> list[tuple[str, str]]:
    """Those that the branch serves, and the household's own if the branch has given it up since."""
    found = [(village.code, village.name) for village in organisations.villages_of(branch_id=home.branch_id)]
    if home.village_code and home.village_code not in dict(found):
        found.append((home.village_code, _("原来的村（{code}）").format(code=home.village_code)))
    return found


def _facts(desk: Desk, home: Any, form: Entry) -> Said:
    lane = form.text("lane", most=30)
    residents = form.count("resident_count", most=99)
    if form.ok and residents is not None:
        with form.catching("lane"):
            depositors.change_household(
                actor=desk.actor,
                household_id=home.pk,
                lane=lane,
                resident_count=residents,
                village_code=form["village_code"] if "village_code" in form.typed else None,
                at=desk.at,
            )
    return _("这一户的登记改好了。"), home.pk


def _chosen(form: Entry, name: str, ask: str) -> int:
    chosen = form.ids(name)
    if not chosen:
        form.wrong(name, ask)
    return chosen[0] if chosen else 0


def _head(desk: Desk, home: Any, form: Entry) -> Said:
    chosen = _chosen(form, "new_head", _("请选新户主。"))
    if form.ok:
        with form.catching("new_head"):
            depositors.change_head(actor=desk.actor, household_id=home.pk, depositor_id=chosen, at=desk.at)
    return _("户主换好了。用户号登录的，要给新户主发激活码。"), home.pk


def _split(desk: Desk, home: Any, form: Entry) -> Said:
    number = form.text("split_number", ask=_("请填新户的户号。"), most=20)
    leaving = form.ids("leaving")
    if not leaving:
        form.wrong("leaving", _("请勾上分出去的人。"))
    head = _chosen(form, "split_head", _("请选新户的户主。"))
    if form.ok and head not in leaving:
        form.wrong("split_head", _("新户主要在分出去的人里。"))
    lane = form.text("split_lane", most=30)
    made = home.pk
    if form.ok:
        with form.catching("split_number"):
            made = depositors.split_household(
                actor=desk.actor,
                household_id=home.pk,
                number=number,
                member_ids=leaving,
                head_id=head,
                lane=lane or None,
                at=desk.at,
            ).pk
    return _("分好户了，这是新的一户。"), made


def other_home(branch_id: int, form: Entry, name: str) -> Any | None:
    """The household of a branch whose number was typed, still open."""
    number = form.text(name, ask=_("请填户号。"), most=20)
    found = depositor_queries.household_by_number(branch_id=branch_id, number=number) if number else None
    if number and (found is None or found.closed_on is not None):
        form.wrong(name, _("这个分行没有这个户号，或者已经销了。"))
        return None
    return found


def _move(desk: Desk, home: Any, form: Entry) -> Said:
    who = _chosen(form, "mover", _("请选换户的人。"))
    target = other_home(home.branch_id, form, "to_number")
    if form.ok and target is not None:
        with form.catching("mover"):
            depositors.move_member(actor=desk.actor, depositor_id=who, household_id=target.pk, at=desk.at)
    return _("换好户了，存折跟着人走。这是新的一户。"), target.pk if target else home.pk


@console("depositors", *ENROLLERS)
def merge(desk: Desk, number: int) -> HttpResponse:
    """Another household joins this one: first say which, then look at what becomes of both, then do it."""
    home = _found(desk, number)
    form = Entry.of(desk.request)
    other = other_home(home.branch_id, form, "with_number") if "with_number" in form.typed else None
    if other is not None and other.pk == home.pk:
        form.wrong("with_number", _("要选另外一户。"))
        other = None
    if desk.request.method == "POST" and other is not None:
        with form.catching("with_number"):
            depositors.merge_households(actor=desk.actor, kept_id=home.pk, closed_id=other.pk, at=desk.at)
        if form.ok:
            desk.say(_("两户并好了。"))
            return redirect("console:household", number=home.pk)
    members, balances = _members(home)
    joining, theirs = _members(other) if other is not None else ([], {})
    family = [member for member in joining if member.kind == DepositorKind.HOUSEHOLD]
    shared = next((member for member in members if member.kind == DepositorKind.HOUSEHOLD), home.head)
    return desk.show(
        "households/merge.html",
        status=form.status,
        home=home,
        other=other,
        members=members,
        balances=balances,
        joining=joining,
        theirs=theirs,
        family=[(member, theirs[member.pk]) for member in family],
        shared=shared,
        form=form,
    )

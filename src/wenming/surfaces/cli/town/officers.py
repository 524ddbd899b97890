"""Fills the offices of every branch, and gives the demo's log-ins their fixed password."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_noop as _

from wenming.core.actor import Actor
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as enrolling
from wenming.domain.identity import services as identity
from wenming.domain.organisations import services as organisations
from wenming.surfaces.cli.town.people import Family
from wenming.surfaces.cli.town.structure import Branch, Town

PASSWORD = "lucheng-2022"  # noqa: S105 (printed on the screen: the demo's people are invented)
ROLES = ("director", "clerk", "reviewer", "teller", "supervisor")
LOGINS = {
    "head_officer": ("zonghang", _("总行工作人员")),
    "director": ("hangzhang", _("行长")),
    "clerk": ("kuaiji", _("会计")),
    "reviewer": ("shenhe", _("审核员")),
    "teller": ("guiyuan", _("柜员")),
    "supervisor": ("jiandu", _("监督员")),
    "lane_chief": ("jiexiang", _("街巷长")),
}


def appoint(*, actor: Actor, town: Town, rolls: dict[int, list[Family]], at: datetime) -> dict[str, int]:
    """Officers of every branch out of its own residents, and two head officers, who are returned.

    The lane chiefs all have their class; in the first branch all of them have their office too, elsewhere one.
    """
    head: dict[str, int] = {}
    for place, name in enumerate(("潞城镇文明办 甲", "潞城镇文明办 乙")):
        user = identity.register_user(display_name=name, at=at)
        organisations.appoint_officer(actor=actor, user_id=user.pk, organisation_id=town.head_bank_id, role="head_officer", at=at)
        head["head_officer" if place == 0 else "second"] = user.pk
    for branch in town.branches:
        _fill(actor, branch, rolls[branch.number], at)
    return head


def _fill(actor: Actor, branch: Branch, families: Sequence[Family], at: datetime) -> None:
    index = depositors.roll_index(branch_id=branch.id)
    first = min(family.joined_in for family in families)
    able = [family for family in families if family.number and family.joined_in == first and family.members[0].phone]
    chiefs = [family for family in able if "lane_chief" in family.members[0].classes]
    others = iter(family for family in able if "lane_chief" not in family.members[0].classes)
    for role in ROLES:
        branch.user_ids[role] = _office(actor, branch, index, next(others), role, at)
    for place, family in enumerate(chiefs if branch.number == 1 else chiefs[:1]):
        user_id = _office(actor, branch, index, family, "lane_chief", at)
        if place == 0:
            branch.user_ids["lane_chief"] = user_id


def _office(actor: Actor, branch: Branch, index: depositors.RollIndex, family: Family, role: str, at: datetime) -> int:
    user_id = _user(actor, branch, index, family, at)
    organisations.appoint_officer(
        actor=actor,
        user_id=user_id,
        organisation_id=branch.id,
        role=role,
        at=at,
        lane=family.lane if role == "lane_chief" else "",
    )
    return user_id


def _user(actor: Actor, branch: Branch, index: depositors.RollIndex, family: Family, at: datetime) -> int:
    """In the first branch officers have a passbook under the same log-in, so that they meet their own recusals."""
    if branch.number > 1:
        return identity.register_user(display_name=family.members[0].name, at=at).pk
    depositor_id = index.heads[family.number]
    enrolling.give_login(actor=actor, depositor_id=depositor_id, at=at)
    user_id = depositors.user_ids_of(depositor_ids=[depositor_id])[depositor_id]
    assert user_id is not None
    return user_id


def open_doors(
    *, actor: Actor, town: Town, head: dict[str, int], rolls: dict[int, list[Family]], at: datetime
) -> list[dict[str, str]]:
    """The demo's log-ins, all of the first branch: officers by their work name, two villagers by phone."""
    branch = town.branches[0]
    found = []
    index = depositors.roll_index(branch_id=branch.id)
    for role, family in zip(("villager", "elder"), villagers(rolls[branch.number], town.scale.last_year), strict=True):
        user_id = branch.user_ids[role] = _user(actor, branch, index, family, at)
        label = _("村民") if role == "villager" else _("老年村民")
        name = family.members[0].name
        found.append({"role": label, "name": name, "login": family.members[0].phone, "password": PASSWORD, "door": ""})
        if role == "elder":
            identity.set_preference(user_id=user_id, name="type", value="large")
    users = {**branch.user_ids, "head_officer": head["head_officer"]}
    for role, (login, label) in LOGINS.items():
        identity.add_login_name(user_id=users[role], kind="officer", name=login)
        found.append({"role": label, "name": "", "login": login, "password": PASSWORD, "door": "console/"})
    doors = [branch.user_ids["villager"], branch.user_ids["elder"], *(users[role] for role in LOGINS)]
    identity.set_passwords(user_ids=doors, password=PASSWORD, at=at)
    return found


def villagers(families: Sequence[Family], year: int) -> list[Family]:
    """One villager in the middle of life with a family of several members, and one elder; neither holds an office."""
    first = min(family.joined_in for family in families)
    able = [
        family
        for family in families
        if family.number and family.joined_in == first and family.members[0].phone and not family.members[0].classes
    ]
    able = able[len(able) // 2 :]
    ages = {family.number: year - family.members[0].born_on.year for family in able if family.members[0].born_on}
    middle = [family for family in able if 35 <= ages[family.number] <= 58]
    joint = [family for family in middle if len(family.members) > 1]
    elder = [family for family in able if ages[family.number] >= 68]
    return [(joint or middle or able)[0], (elder or able)[-1]]

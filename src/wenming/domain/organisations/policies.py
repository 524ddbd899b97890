"""Who may open organisations and fill offices."""

from __future__ import annotations

from wenming.core.actor import Actor
from wenming.domain.organisations.models import Appointment, Organisation, Role

ROLES_AT = {
    Organisation.Kind.COUNTY: frozenset({Role.HEAD_OFFICER, Role.SUPERVISOR}),
    Organisation.Kind.HEAD_BANK: frozenset({Role.HEAD_OFFICER, Role.SUPERVISOR}),
    Organisation.Kind.BRANCH: frozenset(Role) - {Role.HEAD_OFFICER},
}
ROLES_BY_DIRECTOR = frozenset(Role) - {Role.HEAD_OFFICER, Role.DIRECTOR}


def suits(role: str, organisation: Organisation) -> bool:
    """Whether this role exists at this kind of organisation."""
    return role in ROLES_AT[Organisation.Kind(organisation.kind)]


def may_open_branch(actor: Actor, head_bank: Organisation) -> bool:
    return actor.holds(Role.HEAD_OFFICER, organisation_id=head_bank.pk)


def may_choose_words(actor: Actor, head_bank: Organisation) -> bool:
    return head_bank.kind == Organisation.Kind.HEAD_BANK and actor.holds(Role.HEAD_OFFICER, organisation_id=head_bank.pk)


def may_appoint(actor: Actor, organisation: Organisation, role: str) -> bool:
    """The head bank fills the offices of its branches; a director those of the own branch, but for director."""
    if actor.is_system:
        return True
    if organisation.kind == Organisation.Kind.BRANCH and actor.holds(Role.HEAD_OFFICER, branch_id=organisation.pk):
        return True
    return role in ROLES_BY_DIRECTOR and actor.holds(Role.DIRECTOR, organisation_id=organisation.pk)


def may_propose(actor: Actor, organisation: Organisation) -> bool:
    """Offices above the villages: an officer of that bank or county, or of the county above the bank."""
    if organisation.kind == Organisation.Kind.BRANCH or actor.user_id is None:
        return False
    places = {organisation.pk, organisation.parent_id} - {None}
    return any(grant.role == Role.HEAD_OFFICER and grant.organisation_id in places for grant in actor.grants)


def may_end(actor: Actor, held: Appointment) -> bool:
    """Who may fill an office may end it, a colleague above the villages too; and everyone the own one."""
    is_own = actor.user_id is not None and actor.user_id == held.user_id
    return is_own or may_appoint(actor, held.organisation, held.role) or may_propose(actor, held.organisation)

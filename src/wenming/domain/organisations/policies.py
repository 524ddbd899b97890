"""Who may open organisations and fill offices."""

from __future__ import annotations

from wenming.core.actor import Actor
from wenming.domain.organisations.models import Organisation, Role

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


def may_appoint(actor: Actor, organisation: Organisation, role: str) -> bool:
    """The head bank fills the offices of its branches; a director those of the own branch, but for director."""
    if actor.is_system:
        return True
    if organisation.kind == Organisation.Kind.BRANCH and actor.holds(Role.HEAD_OFFICER, branch_id=organisation.pk):
        return True
    return role in ROLES_BY_DIRECTOR and actor.holds(Role.DIRECTOR, organisation_id=organisation.pk)

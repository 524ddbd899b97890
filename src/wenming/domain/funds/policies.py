"""Who may open funds, record money and see what is left."""

from __future__ import annotations

from wenming.core.actor import Actor
from wenming.domain.organisations.queries import Role

KEEPERS = (Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER)


def may_open_fund(actor: Actor, organisation_id: int) -> bool:
    return _holds(actor, organisation_id, Role.DIRECTOR, Role.HEAD_OFFICER)


def may_receive_money(actor: Actor, organisation_id: int) -> bool:
    return _holds(actor, organisation_id, *KEEPERS)


def may_approve(actor: Actor, organisation_id: int) -> bool:
    """The second word on a payment above the limit: the director, or the head bank."""
    return actor.user_id is not None and _holds(actor, organisation_id, Role.DIRECTOR, Role.HEAD_OFFICER)


def may_set_limit(actor: Actor, organisation_id: int) -> bool:
    """The limit is the bank's to set, for its own funds and those of its branches."""
    return _holds(actor, organisation_id, Role.HEAD_OFFICER)


def may_draw(actor: Actor) -> bool:
    """Draws are made by the rooms above (the mall), whose own rules let the officer act; a villager never draws."""
    return actor.is_system or actor.is_officer


def may_see_funds(actor: Actor, organisation_id: int) -> bool:
    return actor.is_system or organisation_id in seen_organisations(actor)


def seen_organisations(actor: Actor) -> frozenset[int]:
    """The branches that the actor's appointments reach, and the organisations where they stand."""
    return actor.branches() | frozenset(grant.organisation_id for grant in actor.grants)


def _holds(actor: Actor, organisation_id: int, *roles: str) -> bool:
    return actor.holds(*roles, organisation_id=organisation_id) or actor.holds(*roles, branch_id=organisation_id)

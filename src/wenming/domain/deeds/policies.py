"""Who may declare, review, publish and put right. Who is barred from one deed is a question for `queries.blocked_reviewers`."""

from __future__ import annotations

from wenming.core.actor import Actor
from wenming.domain.deeds.models import Declaration, Door
from wenming.domain.depositors import policies as reach
from wenming.domain.organisations.queries import Role

COUNTER = (Role.CLERK, Role.TELLER, Role.DIRECTOR)
REVIEWERS = (Role.REVIEWER, Role.DIRECTOR, Role.HEAD_OFFICER)
PUBLISHERS = (Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER)
IMPORTERS = (Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER)
PROPOSERS = (Role.CLERK, Role.REVIEWER, Role.DIRECTOR, Role.SUPERVISOR, Role.HEAD_OFFICER)
CONFIRMERS = (Role.DIRECTOR, Role.HEAD_OFFICER)
ANSWERERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.HEAD_OFFICER)


def may_declare(actor: Actor, door: str, branch_id: int, household_id: int | None, depositor_id: int, lane: str) -> bool:
    """Through this door, for this depositor."""
    if actor.is_system:
        return True
    if door == Door.SELF:
        own_home = actor.household_id is not None and actor.household_id == household_id
        return actor.depositor_id == depositor_id or own_home
    if door == Door.OTHER:
        return actor.branch_id == branch_id
    if door == Door.LANE_CHIEF:
        return any(
            grant.role == Role.LANE_CHIEF and branch_id in grant.branch_ids and grant.lane in ("", lane) for grant in actor.grants
        )
    return actor.holds(*COUNTER, branch_id=branch_id)


def may_review(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*REVIEWERS, branch_id=branch_id)


def reviews_from_above(actor: Actor, branch_id: int) -> bool:
    """Whether only an office at the head bank gives the right to review here."""
    return not actor.is_system and not actor.holds(Role.REVIEWER, Role.DIRECTOR, branch_id=branch_id)


def may_publish(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*PUBLISHERS, branch_id=branch_id)


def may_import(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*IMPORTERS, branch_id=branch_id)


def may_propose_reversal(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*PROPOSERS, branch_id=branch_id)


def may_confirm_reversal(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*CONFIRMERS, branch_id=branch_id)


def may_answer(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*ANSWERERS, branch_id=branch_id)


def is_own(actor: Actor, declaration: Declaration) -> bool:
    """Declared by the actor, or about the actor or somebody for whom the actor reads at home."""
    if actor.user_id is not None and actor.user_id == declaration.declared_by:
        return True
    if actor.depositor_id is not None and actor.depositor_id == declaration.depositor_id:
        return True
    is_home = actor.household_id is not None and actor.household_id == declaration.household_id
    return is_home and reach.may_read_entries(actor, declaration.depositor)


def may_see(actor: Actor, declaration: Declaration) -> bool:
    if actor.is_system or is_own(actor, declaration) or declaration.branch_id in reach.wide_branches(actor):
        return True
    home = declaration.household
    return home is not None and reach.is_chief_of(actor, declaration.branch_id, home.lane)


def may_amend(actor: Actor, declaration: Declaration) -> bool:
    """Whoever declared it, whom it is about or who reads for them at home, and the branch's clerk or director."""
    return is_own(actor, declaration) or actor.holds(Role.CLERK, Role.DIRECTOR, branch_id=declaration.branch_id)

"""Who may see, enrol and change depositors."""

from __future__ import annotations

from django.db.models import Q

from wenming.core.actor import Actor
from wenming.domain.depositors.models import Depositor
from wenming.domain.organisations.queries import Role

ENROLLERS = (Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER)
TELLERS = (Role.TELLER, *ENROLLERS)


def may_enrol(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*ENROLLERS, branch_id=branch_id)


def may_serve(actor: Actor, branch_id: int) -> bool:
    """At the counter: hand out activation codes, look people up."""
    return actor.holds(*TELLERS, branch_id=branch_id)


def may_erase(actor: Actor, branch_id: int) -> bool:
    """Forgetting can't be undone: the director's or the head bank's decision."""
    return actor.holds(Role.DIRECTOR, Role.HEAD_OFFICER, branch_id=branch_id)


def may_reveal(actor: Actor, depositor: Depositor) -> bool:
    return may_serve(actor, depositor.branch_id) or (actor.depositor_id is not None and actor.depositor_id == depositor.pk)


def within_reach(actor: Actor) -> Q:
    """Rows with a branch and a household that an office reaches: its branches, or a lane chief's lane of them."""
    wide = wide_branches(actor)
    seen = Q(branch_id__in=wide)
    for grant in actor.grants:
        if _is_lane(grant.role, grant.lane) and not grant.branch_ids <= wide:
            seen |= Q(branch_id__in=grant.branch_ids, household__lane=grant.lane)
    return seen


def is_chief_of(actor: Actor, branch_id: int, lane: str) -> bool:
    """Whether the actor is the chief of this lane of the branch."""
    return any(branch_id in grant.branch_ids and grant.lane == lane for grant in actor.grants if _is_lane(grant.role, grant.lane))


def wide_branches(actor: Actor) -> frozenset[int]:
    """The branches that an office reaches whole, not by one lane only."""
    return frozenset[int]().union(*(grant.branch_ids for grant in actor.grants if not _is_lane(grant.role, grant.lane)))


def visible(actor: Actor) -> Q:
    """Which depositors exist for this actor: within the office's reach, the own household, oneself."""
    if actor.is_system:
        return Q()
    seen = within_reach(actor)
    if actor.household_id is not None:
        seen |= Q(household_id=actor.household_id)
    if actor.depositor_id is not None:
        seen |= Q(pk=actor.depositor_id)
    return seen


def plainly_sees(actor: Actor, depositor: Depositor) -> bool:
    """Whether the depositor is `visible` to the system, to himself or by a whole branch; others may be by lane or household."""
    is_own = actor.depositor_id == depositor.pk
    return actor.is_system or is_own or depositor.branch_id in wide_branches(actor)


def _is_lane(role: str, lane: str) -> bool:
    return role == Role.LANE_CHIEF and bool(lane)

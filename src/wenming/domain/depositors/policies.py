"""Who may see, enrol and change depositors."""

from __future__ import annotations

from django.db.models import Q

from wenming.core.actor import Actor
from wenming.domain.depositors.models import Depositor, DepositorKind
from wenming.domain.organisations.queries import Role

ENROLLERS = (Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER)
TELLERS = (Role.TELLER, *ENROLLERS)
FAMILY, OPEN = "family", "open"
"""The preference by which a grown-up lets the family's other grown-ups read the own passbook."""


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


def readable(actor: Actor) -> Q:
    """Whose entries the actor may read: within the office's reach, and of the family."""
    return within_reach(actor) | of_family(actor)


def of_family(actor: Actor) -> Q:
    """Whose entries are read at home: one's own; the family's passbook; for grown-ups those of minors and of who lets the
    family read."""
    own = Q(pk=actor.depositor_id)
    if actor.household_id is None:
        return own
    open_to = Q(kind=DepositorKind.HOUSEHOLD)
    if actor.minors_after is not None:
        open_to |= Q(born_on__gt=actor.minors_after) | Q(**{f"user__preferences__{FAMILY}": OPEN})
    return own | Q(household_id=actor.household_id) & open_to


def may_read_entries(actor: Actor, depositor: Depositor) -> bool:
    """The same for one depositor."""
    if actor.depositor_id is not None and actor.depositor_id == depositor.pk:
        return True
    if actor.household_id is None or actor.household_id != depositor.household_id:
        return False
    if depositor.kind == DepositorKind.HOUSEHOLD or actor.minors_after is None:
        return depositor.kind == DepositorKind.HOUSEHOLD
    is_minor = depositor.born_on is not None and depositor.born_on > actor.minors_after
    return is_minor or (depositor.user is not None and depositor.user.preferences.get(FAMILY) == OPEN)


def _is_lane(role: str, lane: str) -> bool:
    return role == Role.LANE_CHIEF and bool(lane)

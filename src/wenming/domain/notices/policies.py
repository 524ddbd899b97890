"""Who may publish, object and answer."""

from __future__ import annotations

from wenming.core.actor import Actor
from wenming.domain.organisations.queries import Role

PUBLISHERS = (Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER)
ANSWERERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.HEAD_OFFICER)


def may_publish(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*PUBLISHERS, branch_id=branch_id)


def may_object(actor: Actor, branch_id: int) -> bool:
    """Residents of the branch, and its supervisors."""
    if actor.user_id is None:
        return False
    return actor.branch_id == branch_id or actor.holds(Role.SUPERVISOR, branch_id=branch_id)


def may_answer(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*ANSWERERS, branch_id=branch_id)

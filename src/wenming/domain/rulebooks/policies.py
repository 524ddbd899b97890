"""Who may write rule books. Everyone may read what is in force."""

from __future__ import annotations

from wenming.core.actor import Actor
from wenming.domain.organisations.queries import Role


def may_write(actor: Actor, organisation_id: int) -> bool:
    """The director of a branch, and the head bank's officers for its own book and those of its branches."""
    roles = (Role.DIRECTOR, Role.HEAD_OFFICER)
    return actor.holds(*roles, organisation_id=organisation_id) or actor.holds(*roles, branch_id=organisation_id)


def may_see_expiry(actor: Actor, branch_id: int) -> bool:
    """Whoever holds an office at a branch sees whose points are about to go there."""
    return actor.is_system or branch_id in actor.branches()


def may_see_draft(actor: Actor, organisation_id: int) -> bool:
    return actor.is_system or any(
        grant.organisation_id == organisation_id or organisation_id in grant.branch_ids for grant in actor.grants
    )

"""Who acts, by which appointments, through which door. Every service takes one; every list is scoped by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Grant:
    """One appointment in force: a role at an organisation, the branches that it reaches, the words that the bank goes by."""

    role: str
    organisation_id: int
    branch_ids: frozenset[int]
    lane: str = ""
    word_pack: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or the timetable, or the shell) at a door. `scopes` narrows an API key; None means no narrowing.

    `word_pack` names the words that pages use for this person: those of the own bank, else of the first office.
    `minors_after` is the birthday after which one is a minor today, None for an actor who is one.
    """

    user_id: int | None
    door: str
    grants: tuple[Grant, ...] = ()
    depositor_id: int | None = None
    household_id: int | None = None
    branch_id: int | None = None
    scopes: frozenset[str] | None = None
    is_system: bool = False
    word_pack: str = ""
    minors_after: date | None = None

    def branches(self, *roles: str) -> frozenset[int]:
        """Branches reached through any of these roles (any role at all when none is named)."""
        reached: frozenset[int] = frozenset()
        for grant in self.grants:
            if not roles or grant.role in roles:
                reached |= grant.branch_ids
        return reached

    def holds(self, *roles: str, branch_id: int | None = None, organisation_id: int | None = None) -> bool:
        """Whether one of the roles is held, at this branch or organisation if one is named."""
        if self.is_system:
            return True
        for grant in self.grants:
            if grant.role not in roles:
                continue
            if branch_id is not None and branch_id not in grant.branch_ids:
                continue
            if organisation_id is not None and organisation_id != grant.organisation_id:
                continue
            return True
        return False

    @property
    def is_officer(self) -> bool:
        return bool(self.grants)


def system(door: str = "timetable") -> Actor:
    """The timetable or the operator's shell: no person, all branches; what it does is audited under its door."""
    return Actor(user_id=None, door=door, is_system=True)

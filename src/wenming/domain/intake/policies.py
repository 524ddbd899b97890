"""Who may take sheets in."""

from __future__ import annotations

from wenming.core.actor import Actor
from wenming.domain.intake.models import Kind
from wenming.domain.organisations.queries import Role

IMPORTERS = (Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER)
RULE_WRITERS = (Role.DIRECTOR, Role.HEAD_OFFICER)
TWO_SIGNATURES = frozenset({Kind.RULEBOOK, Kind.BALANCES, Kind.REGISTER})


def may_import(actor: Actor, branch_id: int) -> bool:
    """Clerks, directors and the head bank may bring a sheet."""
    return actor.holds(*IMPORTERS, branch_id=branch_id)


def may_mend(actor: Actor, branch_id: int, uploaded_by: int | None) -> bool:
    """Who brought the sheet, and nobody else: so the hand that signs has not written in it."""
    return may_import(actor, branch_id) and actor.user_id == uploaded_by


def may_take_in(actor: Actor, branch_id: int, kind: str) -> bool:
    """The same; a rule book only those who may write rules."""
    return actor.holds(*(RULE_WRITERS if kind == Kind.RULEBOOK else IMPORTERS), branch_id=branch_id)


def may_sign(actor: Actor, branch_id: int, kind: str, uploaded_by: int | None) -> bool:
    """A second officer, never the one who brought the sheet."""
    return may_take_in(actor, branch_id, kind) and actor.user_id is not None and actor.user_id != uploaded_by


def needs_second(actor: Actor, kind: str) -> bool:
    """Rules, and points in one sweep, need two persons; the operator's shell stands for both, and the audit trail says so."""
    return kind in TWO_SIGNATURES and not actor.is_system

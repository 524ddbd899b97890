"""Whose entries are read at home: decision 11."""

from __future__ import annotations

from django.db.models import QuerySet

from wenming.core.actor import Actor
from wenming.core.errors import NotFound
from wenming.domain.depositors import policies
from wenming.domain.depositors.models import Depositor, Passbook
from wenming.domain.depositors.policies import FAMILY, OPEN

__all__ = ["FAMILY", "OPEN"]


def passbook_to_read(*, actor: Actor, depositor_id: int) -> Passbook:
    """The passbook of somebody whose entries the actor may read, with its holder; everybody else's is not found."""
    found = Depositor.objects.select_related("household", "branch", "passbook").exclude(status=Depositor.Status.ERASED)
    if not actor.is_system:
        found = found.filter(policies.readable(actor))
    holder = found.filter(pk=depositor_id).first()
    if holder is None:
        raise NotFound
    return holder.passbook


def readable_of_family(*, actor: Actor) -> QuerySet[Depositor, int]:
    """The ids of those of the own household whose entries the actor may read, also as a part of another question."""
    return Depositor.objects.filter(policies.of_family(actor)).values_list("pk", flat=True)


def is_open_to_family(*, depositor_id: int) -> bool:
    """Whether the holder lets the family's other grown-ups read the own passbook."""
    wanted = {f"user__preferences__{FAMILY}": OPEN}
    return Depositor.objects.filter(pk=depositor_id, **wanted).exists()

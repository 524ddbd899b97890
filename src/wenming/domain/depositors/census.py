"""How many live at each branch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from wenming.domain.depositors.models import Depositor, Household


@dataclass(frozen=True, slots=True)
class Census:
    households: int = 0
    people: int = 0


def census_of(*, branch_ids: Iterable[int]) -> dict[int, Census]:
    """The households that are open and the depositors on the roll, by branch; a branch without any is left out."""
    ids = list(branch_ids)
    people = dict(
        Depositor.objects.filter(status=Depositor.Status.ACTIVE, branch_id__in=ids).values_list("branch_id").annotate(Count("pk"))
    )
    homes = dict(
        Household.objects.filter(closed_on__isnull=True, branch_id__in=ids).values_list("branch_id").annotate(Count("pk"))
    )
    return {pk: Census(homes.get(pk, 0), people.get(pk, 0)) for pk in people.keys() | homes.keys()}

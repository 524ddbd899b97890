"""What a month of deeds came to, branch by branch. Reads the deeds of that month and what waits now, and no other history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Avg, Count, F, Q, QuerySet, Sum

from wenming.core import clock
from wenming.domain.deeds.caps import COUNTED
from wenming.domain.deeds.models import Declaration, Review, Status
from wenming.domain.deeds.queries import DEAD


@dataclass(frozen=True, slots=True)
class Month:
    """How many households have a deed in it; how many looks were taken at its deeds, how many of them within the span asked
    for, and how long a look took on average, if one was taken."""

    households: int = 0
    looks: int = 0
    in_time: int = 0
    waited: timedelta | None = None


def months_of(*, branch_ids: Iterable[int], month: date, within: timedelta) -> dict[int, Month]:
    """The month of this day at each of these branches; those without a deed in it are left out."""
    deeds = _of_month(branch_ids, month)
    homes = dict(deeds.exclude(status__in=DEAD).values_list("branch_id").annotate(Count("household_id", distinct=True)))
    first_looks = Review.objects.filter(declaration__in=deeds, revision=1).values_list("declaration__branch_id")
    prompt = Q(reviewed_at__lte=F("declaration__declared_at") + within)
    mean = Avg(F("reviewed_at") - F("declaration__declared_at"))
    counted = first_looks.annotate(looks=Count("pk"), in_time=Count("pk", filter=prompt), mean=mean)
    looks = {branch_id: found for branch_id, *found in counted}
    return {pk: Month(homes.get(pk, 0), *looks.get(pk, [])) for pk in homes.keys() | looks.keys()}


def points_by_category(*, branch_ids: Iterable[int], month: date) -> Mapping[str, int]:
    """What the deeds of a month give, by the category of their clause, the most first."""
    merits = _of_month(branch_ids, month).filter(status__in=COUNTED, points__gt=0).order_by()
    return dict(merits.values_list("item__category").annotate(total=Sum("points")).order_by("-total", "item__category"))


def late_reviews(*, branch_ids: Iterable[int], at: datetime, within: timedelta) -> dict[int, int]:
    """How many deeds at each of these branches have waited for a look longer than the span asked for."""
    late = Declaration.objects.filter(branch_id__in=list(branch_ids), status=Status.SUBMITTED, declared_at__lt=at - within)
    return dict(late.values_list("branch_id").annotate(Count("pk")))


def _of_month(branch_ids: Iterable[int], month: date) -> QuerySet[Declaration]:
    start, end = clock.month_start(month), clock.next_month(month)
    return Declaration.objects.filter(branch_id__in=list(branch_ids), happened_on__gte=start, happened_on__lt=end)

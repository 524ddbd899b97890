"""Who is near whom: one household, or kin of somebody in it. Asked before anyone decides on what concerns another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import F, Q, QuerySet

from wenming.core.actor import Actor
from wenming.core.prepared import prepared
from wenming.domain.depositors.models import Depositor, DepositorKind, Kinship


def own_and_shared(actor: Actor) -> QuerySet[Depositor]:
    """The actor as a depositor, and the household's own passbook of the actor's family; to narrow what other rooms ask."""
    found = Q(pk=actor.depositor_id)
    if actor.household_id is not None:
        found |= Q(household_id=actor.household_id, kind=DepositorKind.HOUSEHOLD)
    return Depositor.objects.filter(found)


def relatives_of(*, depositor_ids: Iterable[int]) -> frozenset[int]:
    """These depositors, everyone of their households, and the registered kin of all of them."""
    ids = set(depositor_ids)
    homes = Depositor.objects.filter(pk__in=ids, household__isnull=False).values("household_id")
    family = Depositor.objects.filter(Q(pk__in=ids) | Q(household_id__in=homes))
    kin = Kinship.objects.filter(Q(first_id__in=family.values("pk")) | Q(second_id__in=family.values("pk")))
    pairs = family.annotate(other=F("pk")).values_list("pk", "other").union(kin.values_list("first_id", "second_id"), all=True)
    return frozenset(ids.union(*pairs))


@prepared
def _borne_by(user_id: int) -> QuerySet[Depositor, tuple[int]]:
    return Depositor.objects.filter(user_id=user_id).values_list("pk")


def _beside(some: Q) -> QuerySet[Depositor, tuple[int, int | None]]:
    """Some depositors and everyone of their households, each with the household."""
    homes = Depositor.objects.filter(some, household__isnull=False).values("household_id")
    return Depositor.objects.filter(some | Q(household_id__in=homes)).values_list("pk", "household_id")


@prepared
def _beside_two(one: int, other: int) -> QuerySet[Depositor, tuple[int, int | None]]:
    return _beside(Q(pk=one) | Q(pk=other))


def is_kin_of_user(*, user_id: int | None, depositor_ids: Iterable[int]) -> bool:
    """Whether any of these is the user, of one household with the user, or kin of either household's members."""
    if user_id is None:
        return False
    own, others = {pk for (pk,) in _borne_by(user_id=user_id)}, set(depositor_ids)
    if not own or not others:
        return False
    mine, theirs = _families(own, others)
    if mine & others or theirs & own:
        return True
    pairs = Kinship.objects.filter(Q(first_id__in=mine | own) | Q(second_id__in=mine | own)).values_list("first_id", "second_id")
    near = {frozenset(pair) for pair in pairs}
    return any(
        (one in mine and other in others) or (one in own and other in theirs)
        for pair in near
        for one in pair
        for other in pair - {one}
    )


def _families(own: set[int], others: set[int]) -> tuple[set[int], set[int]]:
    """Everyone of the households of either group, the groups themselves included, in one look."""
    rows = _beside_two(one=min(own), other=min(others)) if len(own) == len(others) == 1 else _beside(Q(pk__in=own | others))
    members: dict[int | None, set[int]] = defaultdict(set)
    for pk, home in rows:
        members[home].add(pk)
    home_of = {pk: home for home, people in members.items() for pk in people if home is not None}
    return tuple(  # type: ignore[return-value]
        group | {pk for one in group if one in home_of for pk in members[home_of[one]]} for group in (own, others)
    )


def are_kin(user_id: int, other_id: int) -> bool:
    """Whether two users are of one household or kin of each other's. Somebody without a passbook has no kin on record."""
    theirs = list(Depositor.objects.filter(user_id=other_id).values_list("pk", flat=True))
    return bool(theirs) and is_kin_of_user(user_id=user_id, depositor_ids=theirs)


def circle_of_user(*, user_id: int | None) -> frozenset[int]:
    """Everyone for whom `is_kin_of_user` says yes, at once, for lists of thousands. Empty for who has no passbook."""
    if user_id is None:
        return frozenset()
    own = set(Depositor.objects.filter(user_id=user_id).values_list("pk", flat=True))
    mine, _theirs = _families(own, set())
    pairs = Kinship.objects.filter(Q(first_id__in=mine) | Q(second_id__in=mine)).values_list("first_id", "second_id")
    near = {other for pair in pairs for one, other in (pair, pair[::-1]) if one in mine}
    own_kin = {other for pair in pairs for one, other in (pair, pair[::-1]) if one in own}
    _mine, beside = _families(set(), own_kin)
    return frozenset(mine | near | beside)

"""Reads of the organisations room: regions, banks, branches, offices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from wenming.core.actor import Actor, Grant
from wenming.core.errors import NotFound
from wenming.core.prepared import prepared
from wenming.domain.organisations import models, policies
from wenming.domain.organisations.models import Appointment, Organisation, Proposal, Region, ServiceArea

Role = models.Role
Kind = Organisation.Kind


@dataclass(frozen=True, slots=True)
class Village:
    """A village by its official code, and whether a branch serves it (`branch_id` is None if not)."""

    code: str
    name: str
    branch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Officer:
    """One office held: who, as what, where, from when until when."""

    appointment_id: int
    user_id: int
    name: str
    role: str
    lane: str
    starts_at: datetime
    ends_at: datetime | None

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)


@dataclass(frozen=True, slots=True)
class Counts:
    counties: int
    head_banks: int
    branches: int
    villages: int
    villages_served: int


def in_force(at: datetime, held: str = "") -> Q:
    """Appointments in force at an instant; `held` leads to them, as in `appointments__`."""
    still = Q(**{f"{held}ends_at__isnull": True}) | Q(**{f"{held}ends_at__gt": at})
    return Q(**{f"{held}starts_at__lte": at}) & still


OFFICE = ("role", "lane", "organisation_id", "organisation__kind", "organisation__word_pack", "organisation__parent__word_pack")
"""What of an appointment makes a grant."""


@prepared
def _held(user_id: int, at: datetime) -> QuerySet[Appointment, Any]:
    return Appointment.objects.filter(in_force(at), user_id=user_id).order_by("id").values_list(*OFFICE)


def grants_of(*, user_id: int, at: datetime) -> tuple[Grant, ...]:
    """The appointments in force at this instant, with the branches that each reaches. At most two queries."""
    return grants_from(offices=_held(user_id=user_id, at=at))


def grants_from(*, offices: Sequence[Any]) -> tuple[Grant, ...]:
    """The same of appointments that were read already, `OFFICE` of each. At most one query."""
    above = [place for _role, _lane, place, kind, *_words in offices if kind != Kind.BRANCH]
    reached: list[tuple[int, int | None, int | None]] = []
    if above:
        below = Organisation.objects.filter(kind=Kind.BRANCH).filter(Q(parent_id__in=above) | Q(parent__parent_id__in=above))
        reached = list(below.values_list("pk", "parent_id", "parent__parent_id"))
    grants = []
    for role, lane, place, kind, own_words, bank_words in offices:
        if kind == Kind.BRANCH:
            grants.append(Grant(role, place, frozenset({place}), lane=lane, word_pack=bank_words or ""))
        else:
            branches = frozenset(pk for pk, *parents in reached if place in parents)
            grants.append(Grant(role, place, branches, lane=lane, word_pack=own_words))
    return tuple(grants)


def _words_of(found: Organisation) -> str:
    """The word pack of an organisation: a branch goes by its head bank's."""
    bank = found.parent if found.kind == Kind.BRANCH else found
    return bank.word_pack if bank is not None else ""


@prepared
def _coded(code: str) -> QuerySet[Organisation]:
    return Organisation.objects.select_related("parent").filter(code=code).order_by("pk")[:1]


@prepared
def _packs() -> QuerySet[Organisation, tuple[str]]:
    return Organisation.objects.filter(kind=Kind.HEAD_BANK).values_list("word_pack")


def word_pack_at(*, code: str = "") -> str:
    """The words for people who are not logged in: of the place with this code, else those that all head banks here share."""
    place = _coded.one(code=code) if code else None
    if place is not None:
        return _words_of(place)
    packs = {pack for (pack,) in _packs()}
    return packs.pop() if len(packs) == 1 else ""


def bank_above(branch_id: int) -> QuerySet[Organisation, Any]:
    """The id of what a branch stands under, as a question inside another."""
    return Organisation.objects.filter(pk=branch_id).values("parent_id")


@prepared
def _organisation(organisation_id: int) -> QuerySet[Organisation]:
    return Organisation.objects.select_related("parent").filter(pk=organisation_id)


def organisation(*, organisation_id: int) -> Organisation:
    found = _organisation.one(organisation_id=organisation_id)
    if found is None:
        raise NotFound
    return found


def organisation_by_code(*, code: str) -> Organisation:
    found = Organisation.objects.select_related("parent").filter(code=code.strip()).first()
    if found is None:
        raise NotFound(field="code")
    return found


def branch_by_code(*, code: str) -> Organisation:
    found = organisation_by_code(code=code)
    if found.kind != Kind.BRANCH:
        raise NotFound(field="code")
    return found


def head_banks() -> list[Organisation]:
    return list(Organisation.objects.filter(kind=Kind.HEAD_BANK).order_by("code"))


def branches_of(*, head_bank_id: int) -> list[Organisation]:
    return list(Organisation.objects.filter(kind=Kind.BRANCH, parent_id=head_bank_id).order_by("code"))


def all_branches() -> list[Organisation]:
    """Every branch of this store by code, for the operator's shell and the public board."""
    return list(Organisation.objects.select_related("parent").filter(kind=Kind.BRANCH).order_by("code"))


def branches_page(*, after: int | None, limit: int) -> list[Organisation]:
    """The branches of this store in the order in which they were opened; `after` is the id at which the last page ended."""
    return list(Organisation.objects.filter(kind=Kind.BRANCH, pk__gt=after or 0).order_by("pk")[:limit])


def visible_branches(*, actor: Actor) -> list[Organisation]:
    """The branches that exist for this actor: those of the offices, and the own one as a depositor."""
    branches = Organisation.objects.select_related("parent").filter(kind=Kind.BRANCH).order_by("code")
    if not actor.is_system:
        own = {actor.branch_id} if actor.branch_id is not None else set()
        branches = branches.filter(pk__in=actor.branches() | own)
    return list(branches)


def may_see(*, actor: Actor, branch_id: int) -> bool:
    return actor.is_system or branch_id in actor.branches() or branch_id == actor.branch_id


def _bank(found: Organisation) -> Organisation:
    bank = found.parent if found.kind == Kind.BRANCH else found
    if bank is None or bank.book_id is None:
        raise NotFound
    return bank


def book_and_scope(*, branch_id: int) -> tuple[int, str]:
    """The book into which a branch (or a head bank) writes, and its code there."""
    found = organisation(organisation_id=branch_id)
    book_id = _bank(found).book_id
    assert book_id is not None
    return book_id, found.code


def banks_by_book() -> dict[str, str]:
    """The name of every head bank by the code of its book."""
    banks = Organisation.objects.filter(book__isnull=False).order_by("id")
    return dict(banks.values_list("book__code", "name"))


def book_of(*, branch_id: int) -> int:
    return book_and_scope(branch_id=branch_id)[0]


def head_bank_of(*, branch_id: int) -> int:
    """The head bank above a branch; a head bank is its own."""
    return _bank(organisation(organisation_id=branch_id)).pk


def villages_of(*, branch_id: int, on: date | None = None) -> list[Village]:
    """The villages that a branch serves now, or on a day."""
    areas = ServiceArea.objects.filter(branch_id=branch_id).select_related("region").order_by("region__code")
    if on is None:
        areas = areas.filter(valid_to__isnull=True)
    else:
        areas = areas.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)
    return [Village(area.region.code, area.region.name, branch_id) for area in areas]


def villages_by_branch(*, branch_ids: Iterable[int] | None = None) -> dict[int, list[Village]]:
    """The villages served now, of every branch or of these, in one query."""
    areas = ServiceArea.objects.filter(valid_to__isnull=True).select_related("region").order_by("region__code")
    if branch_ids is not None:
        areas = areas.filter(branch_id__in=list(branch_ids))
    found: dict[int, list[Village]] = {}
    for area in areas:
        found.setdefault(area.branch_id, []).append(Village(area.region.code, area.region.name, area.branch_id))
    return found


def villages_under(*, parent_code: str, on: date) -> list[Village]:
    """The villages of a town on a day, with the branch that serves each, if any."""
    regions = Region.objects.filter(_valid(on), level="village", parent_code=parent_code).order_by("code")
    served = dict(ServiceArea.objects.filter(valid_to__isnull=True, region__in=regions).values_list("region_id", "branch_id"))
    return [Village(region.code, region.name, served.get(region.pk)) for region in regions]


def towns_for(*, head_bank_id: int, on: date) -> list[Village]:
    """The towns whose villages a bank may serve; where its branches are already comes first."""
    served = ServiceArea.objects.filter(branch__parent_id=head_bank_id, valid_to__isnull=True)
    ours = set(served.values_list("region__parent_code", flat=True))
    towns = [Village(town.code, town.name) for town in Region.objects.filter(_valid(on), level="town").order_by("code")]
    return sorted(towns, key=lambda town: (town.code not in ours, town.code))


def _valid(on: date) -> Q:
    return Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gt=on))


def regions_by_code(*, codes: Iterable[str], on: date) -> dict[str, Region]:
    return {region.code: region for region in Region.objects.filter(_valid(on), code__in=list(codes))}


def officers_of(*, branch_id: int, at: datetime) -> list[Officer]:
    """Who holds which office at a branch (or head bank) at this instant."""
    return _officers(Appointment.objects.filter(in_force(at), organisation_id=branch_id))


def find_officers(*, actor: Actor, text: str, at: datetime, limit: int = 20) -> list[Officer]:
    """Who holds an office within the actor's reach and has this in the name."""
    places = actor.branches() | {grant.organisation_id for grant in actor.grants}
    held = Appointment.objects.filter(in_force(at), organisation_id__in=places, user__display_name__contains=text.strip())
    return _officers(held)[:limit] if text.strip() else []


def officer(*, actor: Actor, appointment_id: int, at: datetime) -> Officer:
    """One office in force within the actor's reach; others are not found."""
    places = actor.branches() | {grant.organisation_id for grant in actor.grants}
    found = _officers(Appointment.objects.filter(in_force(at), pk=appointment_id, organisation_id__in=places))
    if not found:
        raise NotFound
    return found[0]


def appointments_of(*, user_id: int) -> list[Officer]:
    """Every office a user holds or held."""
    return _officers(Appointment.objects.filter(user_id=user_id))


def appointment(*, appointment_id: int) -> Appointment:
    found = Appointment.objects.select_related("organisation", "user").filter(pk=appointment_id).first()
    if found is None:
        raise NotFound
    return found


def proposals_to_confirm(*, actor: Actor) -> list[Proposal]:
    """The offices above the villages that wait for a second officer's word, at the banks where the actor has one."""
    places = {grant.organisation_id for grant in actor.grants if grant.role == Role.HEAD_OFFICER}
    waiting = Proposal.objects.select_related("organisation", "user").filter(status=Proposal.Status.PROPOSED).order_by("pk")
    return list(waiting.filter(Q(organisation_id__in=places) | Q(organisation__parent_id__in=places))) if places else []


def may_hand_code(*, actor: Actor, user_id: int, at: datetime) -> bool:
    """Whether this officer may hand over an activation code, which opens everything that the user may do.

    So each office that the user holds, or is proposed for, must be one that the actor may fill: above the villages that is
    the operator's shell alone.
    """
    held = Appointment.objects.select_related("organisation").filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), user_id=user_id)
    waiting = Proposal.objects.filter(user_id=user_id, status=Proposal.Status.PROPOSED).exists()
    may_fill = all(policies.may_appoint(actor, office.organisation, office.role) for office in held)
    return actor.is_system or (may_fill and not waiting)


def _officers(held: QuerySet[Appointment]) -> list[Officer]:
    return [
        Officer(a.pk, a.user_id, a.user.display_name, a.role, a.lane, a.starts_at, a.ends_at)
        for a in held.select_related("user").order_by("role", "id")
    ]


def counts() -> Counts:
    kinds = list(Organisation.objects.values_list("kind", flat=True))
    return Counts(
        counties=kinds.count(Kind.COUNTY),
        head_banks=kinds.count(Kind.HEAD_BANK),
        branches=kinds.count(Kind.BRANCH),
        villages=Region.objects.filter(level="village", valid_to__isnull=True).count(),
        villages_served=ServiceArea.objects.filter(valid_to__isnull=True).count(),
    )

"""Whose hands a passbook's lines went through, and what is on its way into it: one question for a whole page of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F, FilteredRelation, Q

from wenming.core.actor import Actor
from wenming.core.errors import Refusal
from wenming.domain.deeds import policies, queries
from wenming.domain.deeds.models import Declaration, Door, RegisterBatch, Reversal, Review, Status
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import queries as identity
from wenming.domain.rulebooks import engine
from wenming.domain.rulebooks import queries as rulebooks

BY_OFFICERS = (Door.OTHER, Door.LANE_CHIEF, Door.COUNTER)


@dataclass(slots=True)
class Hands:
    """A deed as a statement speaks of it: who passed it (its reviewers, or who signed its register), and who proposed and
    who confirmed its reversal. Users by id; None is the operator's shell."""

    deed: Declaration
    passed_by: list[int] = field(default_factory=list)
    put_right_by: tuple[int | None, ...] = ()

    @property
    def nameless(self) -> set[int]:
        """Those whose names did not come with the reviews."""
        recorder = {self.deed.declared_by} if self.deed.door in BY_OFFICERS else set()
        return {user for user in (*recorder, *self.put_right_by) if user is not None}


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A deed whose points are not in the passbook yet. Before its review `points` is what the clause gives on its own, caps
    aside; None where it gives nothing. `is_mine` says that it stands in the actor's queue."""

    hands: Hands
    points: int | None
    is_mine: bool

    @property
    def is_approved(self) -> bool:
        return self.hands.deed.status in queries.PENDING


@dataclass(frozen=True, slots=True)
class Book:
    """The deeds behind a page of lines by subject, what is under way (newest first), and the names of officers."""

    lines: dict[str, Hands]
    under_way: list[UnderWay]
    names: dict[int, str]


def book_of(
    *, actor: Actor, depositor_id: int, classes: frozenset[str], subjects: Sequence[str], has_under_way: bool = True
) -> Book:
    """What a page of a passbook says of the deeds in it and before it. `classes` are those of its holder today."""
    wanted = Q(pk__in={pk for subject in subjects if (pk := queries.id_of(subject)) is not None})
    if has_under_way:
        wanted |= Q(depositor_id=depositor_id, status__in=queries.OPEN)
    found, names = _read(wanted)
    nameless = {user for one in found.values() for user in one.nameless} | _add_signers(found)
    if nameless - names.keys():
        names |= identity.display_names(user_ids=sorted(nameless))
    own = depositors.relatives_of(depositor_ids=[actor.depositor_id]) if actor.depositor_id is not None else frozenset()
    waiting = [one for one in found.values() if one.deed.depositor_id == depositor_id and one.deed.status in queries.OPEN]
    return Book(
        lines={queries.subject_of(pk): one for pk, one in found.items()},
        under_way=[UnderWay(one, _worth(one.deed, classes), _is_mine(actor, one, own)) for one in waiting],
        names=names,
    )


def _add_signers(found: dict[int, Hands]) -> set[int]:
    """What came with a register was passed by who signed it."""
    registered = [one for one in found.values() if one.deed.batch_key]
    if not registered:
        return set()
    batches = RegisterBatch.objects.filter(key__in={one.deed.batch_key for one in registered}, signed_by__isnull=False)
    signers = dict(batches.values_list("key", "signed_by"))
    for one in registered:
        if signer := signers.get(one.deed.batch_key):
            one.passed_by.append(signer)
    return {signer for signer in signers.values() if signer}


def _read(wanted: Q) -> tuple[dict[int, Hands], dict[int, str]]:
    """The deeds with everybody who approved the revision that stands, and their confirmed reversals, in one question; and
    the reviewers' names."""
    approved = Q(reviews__decision=Review.Decision.APPROVE, reviews__revision=F("revision"))
    confirmed = Q(reversals__status=Reversal.Status.CONFIRMED)
    rows = (
        Declaration.objects.filter(wanted)
        .select_related("item")
        .defer("explanation", "history", "words")
        .annotate(
            approval=FilteredRelation("reviews", condition=approved),
            righting=FilteredRelation("reversals", condition=confirmed),
        )
        .annotate(
            reviewer=F("approval__reviewer_id"),
            reviewer_name=F("approval__reviewer__display_name"),
            righting_id=F("righting__id"),
            proposed_by=F("righting__proposed_by"),
            decided_by=F("righting__decided_by"),
        )
        .order_by("-pk", "approval__id")
    )
    found: dict[int, Hands] = {}
    names: dict[int, str] = {}
    for row in rows:
        one = found.setdefault(row.pk, Hands(row))
        if row.reviewer is not None:
            one.passed_by.append(row.reviewer)
            names[row.reviewer] = row.reviewer_name
        if row.righting_id is not None:
            one.put_right_by = (row.proposed_by, row.decided_by)
    return found, names


def _is_mine(actor: Actor, hands: Hands, own: frozenset[int]) -> bool:
    """The rule of the queue: not declared by the actor, not of the own household or kin, not reviewed by the actor before."""
    deed = hands.deed
    may = deed.status == Status.SUBMITTED and policies.may_review(actor, deed.branch_id)
    return may and actor.user_id not in (deed.declared_by, *hands.passed_by) and deed.depositor_id not in own


def _worth(deed: Declaration, classes: frozenset[str]) -> int | None:
    if deed.points is not None:
        return deed.points
    facts = engine.DeedFacts(deed.happened_on, deed.quantity, classes)
    try:
        return engine.assess(rulebooks.terms_of(deed.item), facts, engine.Usage()).points
    except Refusal:
        return None

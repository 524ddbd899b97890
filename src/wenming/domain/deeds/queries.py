"""Reads of the deeds' room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal
from wenming.core.prepared import prepared
from wenming.domain.deeds import caps, models, policies
from wenming.domain.deeds.models import Declaration, RegisterBatch, Review
from wenming.domain.depositors import family
from wenming.domain.depositors import policies as reach
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import engine
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.queries import RuleItem

Status = models.Status
Door = models.Door
Decision = Review.Decision
Reversal = models.Reversal
ReversalStatus = models.Reversal.Status
PENDING = (Status.APPROVED, Status.ON_NOTICE)
OPEN = (Status.SUBMITTED, Status.RETURNED, *PENDING)
DEAD = (Status.REJECTED, Status.WITHDRAWN, Status.REVERSED)
SHOWN = ("item__edition", "depositor", "household", "branch")


@dataclass(frozen=True, slots=True)
class Offer:
    """A clause that a depositor may be given today, what is left of its caps (None: no cap of times), and how often it came
    in the year so far."""

    item: RuleItem
    times_left: int | None
    refusal: str
    times_this_year: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Declarations that wait for an act, by what they wait for."""

    to_review: int
    to_publish: int
    on_notice: int
    to_reverse: int


def subject_of(declaration_id: int) -> str:
    return f"deed:{declaration_id}"


def id_of(subject: str) -> int | None:
    """The declaration behind a subject such as `deed:12`; None for subjects of other rooms."""
    room, _colon, number = subject.partition(":")
    return int(number) if room == "deed" and number.isdigit() else None


def _seen_by(actor: Actor) -> QuerySet[Declaration]:
    found = Declaration.objects.select_related(*SHOWN)
    if actor.is_system:
        return found
    own = reach.within_reach(actor)
    if actor.user_id is not None:
        own |= Q(declared_by=actor.user_id)
    if actor.depositor_id is not None:
        own |= Q(depositor_id__in=family.readable_of_family(actor=actor))
    return found.filter(own)


@prepared
def _any(declaration_id: int) -> QuerySet[Declaration]:
    return Declaration.objects.select_related(*SHOWN).filter(pk=declaration_id)


def declaration(*, actor: Actor, declaration_id: int) -> Declaration:
    """One declaration, for the officers who reach it, who declared it, whom it is about, and who reads for them at home."""
    sees_all = actor.is_system
    found = _any.one(declaration_id=declaration_id) if sees_all else _seen_by(actor).filter(pk=declaration_id).first()
    if found is None:
        raise NotFound
    return found


def by_public_id(*, actor: Actor, public_id: str) -> Declaration:
    found = _seen_by(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def declarations_to_review(
    *, actor: Actor, branch_id: int | None = None, after: int | None = None, limit: int = 30
) -> list[Declaration]:
    """The queue, oldest first, without what the actor is barred from and what the actor has reviewed already."""
    found = Declaration.objects.select_related(*SHOWN).filter(status=Status.SUBMITTED)
    if not actor.is_system:
        found = found.filter(branch_id__in=actor.branches(*policies.REVIEWERS)).exclude(declared_by=actor.user_id)
        mine = depositors.relatives_of(depositor_ids=[actor.depositor_id]) if actor.depositor_id is not None else frozenset()
        found = found.exclude(depositor_id__in=mine)
        reviewed = Review.objects.filter(reviewer_id=actor.user_id, declaration__status=Status.SUBMITTED)
        found = found.exclude(pk__in=reviewed.filter(revision=F("declaration__revision")).values("declaration_id"))
    if branch_id is not None:
        found = found.filter(branch_id=branch_id)
    if after is not None:
        found = found.filter(pk__gt=after)
    return list(found.order_by("pk")[:limit])


def declarations_of(*, depositor_ids: Iterable[int], before: int | None = None, limit: int = 30) -> list[Declaration]:
    """What was declared for these depositors, newest first."""
    found = Declaration.objects.select_related(*SHOWN).filter(depositor_id__in=list(depositor_ids))
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def declared_at_home(*, actor: Actor, before: int | None = None, limit: int = 30) -> list[Declaration]:
    """What was declared for those whose entries the actor reads at home, and by the actor for others there; newest first."""
    found = Q(depositor_id__in=family.readable_of_family(actor=actor))
    if actor.household_id is not None:
        found |= Q(declared_by=actor.user_id, household_id=actor.household_id)
    rows = Declaration.objects.select_related(*SHOWN).filter(found)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def noticed_lines(*, depositor_id: int, household_id: int | None, limit: int = 200) -> list[int]:
    """The ids of the newest notice lines that speak of the depositor or of the household."""
    own = Q(household_id=household_id) if household_id else Q(depositor_id=depositor_id)
    found = Declaration.objects.filter(own, notice_line_id__isnull=False).order_by("-pk")
    return [line for (line,) in found.values_list("notice_line_id")[:limit] if line is not None]


def declared_by(*, actor: Actor, limit: int = 30) -> list[Declaration]:
    """What the actor declared, for oneself or for others, newest first."""
    if actor.user_id is None:
        return []
    return list(Declaration.objects.select_related(*SHOWN).filter(declared_by=actor.user_id).order_by("-pk")[:limit])


def declarations_in(
    *,
    actor: Actor,
    branch_ids: Iterable[int] | None = None,
    status: str | None = None,
    before: int | None = None,
    limit: int = 30,
) -> list[Declaration]:
    """Every declaration that the actor may see, newest first."""
    found = _seen_by(actor)
    if branch_ids is not None:
        found = found.filter(branch_id__in=list(branch_ids))
    if status is not None:
        found = found.filter(status=status)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def group_of(declaration: Declaration) -> list[Declaration]:
    """The declarations of one deed done by several, this one among them."""
    if declaration.group_key is None:
        return [declaration]
    return list(Declaration.objects.select_related(*SHOWN).filter(group_key=declaration.group_key).order_by("pk"))


def beneficiaries_of(declaration: Declaration) -> list[int]:
    """Everyone whom the deed gives points: the whole group."""
    if declaration.group_key is None:
        return [declaration.depositor_id]
    return list(Declaration.objects.filter(group_key=declaration.group_key).values_list("depositor_id", flat=True))


def open_of(*, depositor_id: int) -> list[Declaration]:
    """What was declared for somebody and is neither in the passbook nor at another end, newest first."""
    return _open(depositor_id=depositor_id)


@prepared
def _open(depositor_id: int) -> QuerySet[Declaration]:
    found = Declaration.objects.select_related("item").filter(depositor_id=depositor_id, status__in=OPEN)
    return found.order_by("-pk")


def pending_points(*, depositor_id: int) -> int:
    """The points of deeds that are approved and wait for their notice to end: shown apart, not to be spent."""
    found = Declaration.objects.filter(depositor_id=depositor_id, status__in=PENDING)
    return int(found.aggregate(total=Sum("points"))["total"] or 0)


def is_barred(*, user_id: int | None, declaration: Declaration) -> bool:
    """W04: whether the user declared or imported it, gains by it, or is of the household or kin of someone who does."""
    return user_id is not None and _is_barred(user_id, declaration, batch_of(declaration=declaration))


def _is_barred(user_id: int, declaration: Declaration, batch: RegisterBatch | None) -> bool:
    if user_id == declaration.declared_by or (batch is not None and user_id in (batch.brought_by, batch.recorded_by)):
        return True
    return depositors.is_kin_of_user(user_id=user_id, depositor_ids=beneficiaries_of(declaration))


def batch_of(*, declaration: Declaration) -> RegisterBatch | None:
    """The register that the deed came with, if it came with one."""
    return RegisterBatch.objects.filter(key=declaration.batch_key).first() if declaration.batch_key else None


def is_barred_from_answering(*, user_id: int | None, declaration: Declaration) -> bool:
    """W09: whether the user reviewed the deed or signed the register that it came with, or is barred as a reviewer would be."""
    if user_id is None:
        return False
    batch = batch_of(declaration=declaration)
    has_signed = batch is not None and batch.signed_by == user_id
    has_judged = has_signed or declaration.reviews.filter(reviewer_id=user_id).exists()
    return has_judged or _is_barred(user_id, declaration, batch)


def blocked_reviewers(*, declaration: Declaration, at: datetime) -> frozenset[int]:
    """The users with a right to review at the branch who are barred from this deed."""
    holders = {
        officer.user_id
        for officer in organisations.officers_of(branch_id=declaration.branch_id, at=at)
        if officer.role in policies.REVIEWERS
    }
    batch = batch_of(declaration=declaration)
    return frozenset(user for user in holders if _is_barred(user, declaration, batch))


def free_reviewers(*, declaration: Declaration, at: datetime) -> frozenset[int]:
    """Reviewers and directors of the branch who are not barred and have not reviewed this revision yet."""
    holders = {
        officer.user_id
        for officer in organisations.officers_of(branch_id=declaration.branch_id, at=at)
        if officer.role in (organisations.Role.REVIEWER, organisations.Role.DIRECTOR)
    }
    holders -= set(declaration.reviews.filter(revision=declaration.revision).values_list("reviewer_id", flat=True))
    batch = batch_of(declaration=declaration)
    return frozenset(user for user in holders if not _is_barred(user, declaration, batch))


def reviews_of(*, declaration: Declaration) -> list[Review]:
    return list(Review.objects.select_related("reviewer").filter(declaration=declaration).order_by("pk"))


def free_approvers(*, declaration: Declaration) -> list[int]:
    """Who approved this revision and is free of interest as things stand now: kin may have been registered since."""
    given = decisions_on(declaration=declaration).items()
    return [user for user, said in given if said == Decision.APPROVE and not is_barred(user_id=user, declaration=declaration)]


def decisions_on(*, declaration: Declaration) -> dict[int, str]:
    """What each reviewer decided on this revision."""
    return dict(_decisions(declaration_id=declaration.pk, revision=declaration.revision))


@prepared
def _decisions(declaration_id: int, revision: int) -> QuerySet[Review, tuple[int, str]]:
    return Review.objects.filter(declaration_id=declaration_id, revision=revision).values_list("reviewer_id", "decision")


def usage_of(*, depositor_id: int, item: RuleItem, on: date, household_id: int | None = None) -> engine.Usage:
    """What counts against the caps of a clause around a day."""
    return caps.usage_of(depositor_id=depositor_id, household_id=household_id, item=item, happened_on=on)


def preview(*, declaration: Declaration) -> engine.Assessment | Refusal:
    """What the declaration would be given if it were approved now, or why not."""
    day = declaration.happened_on
    item = rulebooks.item_in_force(branch_id=declaration.branch_id, code=declaration.item.code, on=day) or declaration.item
    usage = caps.usage_of(
        depositor_id=declaration.depositor_id,
        household_id=declaration.household_id,
        item=item,
        happened_on=day,
        without=[declaration.pk],
    )
    classes = depositors.classes_on(depositor_ids=[declaration.depositor_id], on=day)
    facts = engine.DeedFacts(day, declaration.quantity, classes[declaration.depositor_id])
    try:
        return engine.assess(rulebooks.terms_of(item), facts, usage)
    except Refusal as refusal:
        return refusal


def declarable_items(
    *, actor: Actor, depositor_id: int, on: date, door: str, after: int | None = None, limit: int | None = None
) -> list[Offer]:
    """The clauses that may be declared for a depositor through a door, each with what its caps still allow."""
    who = depositors.depositor(actor=actor, depositor_id=depositor_id)
    items = [one for one in rulebooks.items_in_force(branch_id=who.branch_id, on=on, after=after) if _is_open(one, door)][:limit]
    classes = depositors.classes_on(depositor_ids=[depositor_id], on=on)[depositor_id]
    start, end = date(on.year, 1, 1), date(on.year + 1, 1, 1)
    near = Q(depositor_id=depositor_id) | (Q(household_id=who.household_id) if who.household_id is not None else Q())
    used = Declaration.objects.filter(near, status__in=caps.COUNTED, happened_on__gte=start, happened_on__lt=end)
    rows = list(used.values_list("item__code", "depositor_id", "happened_on", "points", "honour"))
    return [_offer(one, classes, on, [row for row in rows if row[0] == one.code], depositor_id) for one in items]


def _is_open(item: RuleItem, door: str) -> bool:
    if item.direction == rulebooks.Direction.DEMERIT and not item.edition.demerits_vote:
        return False
    return declarer_of(door) in item.declarers


def declarer_of(door: str) -> str:
    """The word in `RuleItem.declarers` for a door: programs declare as the counter does."""
    return "counter" if door == Door.API else door


def _offer(item: RuleItem, classes: frozenset[str], on: date, rows: list[Any], depositor_id: int) -> Offer:
    own = [row[2:] for row in rows if row[1] == depositor_id]
    home = [row[2:] for row in rows]
    used = {cap: caps.tally(cap, own if cap.startswith("person") else home, on) for cap in engine.CAPS}
    terms = rulebooks.terms_of(item)
    quantity = terms.steps[0][0] if terms.steps else 1
    refusal = ""
    try:
        engine.assess(terms, engine.DeedFacts(on, quantity, classes), engine.Usage(used))
    except Refusal as no:
        refusal = no.words
    left = [limit - used[cap] for cap, limit in terms.caps.items() if "_times_" in cap]
    return Offer(item, max(0, min(left)) if left else None, refusal, len(own))


def possible_duplicates(*, declaration: Declaration) -> list[Declaration]:
    """Other live declarations of the same household for the same clause within three days."""
    near = timedelta(days=3)
    found = Declaration.objects.select_related(*SHOWN).filter(
        Q(depositor_id=declaration.depositor_id)
        | (Q(household_id=declaration.household_id) if declaration.household_id is not None else Q()),
        item__code=declaration.item.code,
        happened_on__range=(declaration.happened_on - near, declaration.happened_on + near),
    )
    return list(found.exclude(status__in=DEAD).exclude(pk=declaration.pk).order_by("pk")[:10])


@prepared
def _told(declared_by: int, code: str, happened_on: date, quantity: int, words: str, except_key: str) -> QuerySet[Declaration]:
    told = Declaration.objects.filter(declared_by=declared_by, item__code=code, happened_on=happened_on)
    told = told.filter(quantity=quantity, words=words).exclude(status__in=DEAD)
    return told.exclude(submission_key__contains="/").exclude(submission_key=except_key).order_by("pk")


def told_before(
    *,
    actor: Actor,
    depositor_ids: Iterable[int],
    code: str,
    happened_on: date,
    quantity: int,
    words: str,
    except_key: str,
) -> Declaration | None:
    """A live declaration by the actor that says the very same: clause, day, people, quantity and words."""
    if actor.user_id is None:
        return None
    told = _told(
        declared_by=actor.user_id, code=code, happened_on=happened_on, quantity=quantity, words=words, except_key=except_key
    )
    people = set(depositor_ids)
    return next((one for one in told if set(beneficiaries_of(one)) == people), None)


def explain(declaration: Declaration) -> str:
    """Why this many points: one plain paragraph; empty before it is approved."""
    steps = declaration.explanation.get("steps")
    return engine.explain(engine.steps_from(steps)) if steps else ""


def replay(declaration: Declaration) -> engine.Assessment:
    """Work the points out again from the kept inputs and the clause: the answer must be what was given."""
    inputs = declaration.explanation["inputs"]
    facts = engine.DeedFacts(date.fromisoformat(inputs["on"]), inputs["quantity"], frozenset(inputs["classes"]))
    return engine.assess(rulebooks.terms_of(declaration.item), facts, engine.Usage(inputs["used"]))


def titles_for(*, subjects: Sequence[str]) -> dict[str, str]:
    """The clause's title for each subject of this room, for statements."""
    ids = {pk: subject for subject in subjects if (pk := id_of(subject)) is not None}
    found = Declaration.objects.filter(pk__in=list(ids)).values_list("pk", "item__title")
    return {ids[pk]: title for pk, title in found}


def codes_for(*, subjects: Sequence[str]) -> dict[str, str]:
    """The clause's number for each subject of this room, for paper."""
    ids = {pk: subject for subject in subjects if (pk := id_of(subject)) is not None}
    found = Declaration.objects.filter(pk__in=list(ids)).values_list("pk", "item__code")
    return {ids[pk]: code for pk, code in found}


def public_ids_for(*, subjects: Sequence[str]) -> dict[str, str]:
    """The public id behind each subject of this room, for links."""
    ids = {pk: subject for subject in subjects if (pk := id_of(subject)) is not None}
    return {ids[pk]: public_id for pk, public_id in Declaration.objects.filter(pk__in=list(ids)).values_list("pk", "public_id")}


def open_counts(*, branch_id: int) -> dict[str, int]:
    """How many declarations of a branch stand at the steps before the last. Reads none that is done."""
    found = Declaration.objects.filter(branch_id=branch_id, status__in=OPEN)
    return dict(found.values_list("status").annotate(count=Count("pk")))


def counts_by_status(*, branch_ids: Iterable[int] | None = None) -> dict[str, int]:
    """How many declarations stand at each step; every step is named."""
    found = Declaration.objects.all()
    if branch_ids is not None:
        found = found.filter(branch_id__in=list(branch_ids))
    counted = dict.fromkeys(Status.values, 0)
    counted.update(found.values_list("status").annotate(count=Count("pk")))
    return counted


def waiting(*, branch_ids: Iterable[int]) -> Waiting:
    """What waits at these branches, for the desk."""
    ids = list(branch_ids)
    counted = counts_by_status(branch_ids=ids)
    unpublished = to_publish(branch_ids=ids).count()
    proposed = Reversal.objects.filter(status=ReversalStatus.PROPOSED, declaration__branch_id__in=ids).count()
    return Waiting(counted[Status.SUBMITTED], unpublished, counted[Status.ON_NOTICE], proposed)


def to_publish(*, branch_ids: Iterable[int]) -> QuerySet[Declaration]:
    """What the next notice will carry: approved deeds, and deeds that were posted first."""
    waiting_for = (Status.APPROVED, Status.DEPOSITED)
    return Declaration.objects.filter(is_noticed=False, status__in=waiting_for, branch_id__in=list(branch_ids))


def awaiting_notice(*, actor: Actor, branch_id: int, limit: int = 500) -> list[Declaration]:
    """Approved deeds, and deeds posted first, that the next notice will carry: those within the actor's reach."""
    if not actor.is_system and branch_id not in actor.branches():
        raise NotFound
    found = to_publish(branch_ids=[branch_id]).select_related(*SHOWN)
    if not actor.is_system:
        found = found.filter(reach.within_reach(actor))
    return list(found.order_by("pk")[:limit])


def reversals_to_confirm(*, actor: Actor, after: int | None = None, limit: int = 50) -> list[models.Reversal]:
    """Proposals that the actor may confirm, oldest first: not the actor's own."""
    found = Reversal.objects.select_related("declaration__item", "declaration__depositor", "declaration__branch").filter(
        status=ReversalStatus.PROPOSED
    )
    if not actor.is_system:
        branches = actor.branches(*policies.CONFIRMERS)
        found = found.filter(declaration__branch_id__in=branches).exclude(proposed_by=actor.user_id)
    if after is not None:
        found = found.filter(pk__gt=after)
    return list(found.order_by("pk")[:limit])


def reversal_of(*, declaration: Declaration) -> models.Reversal | None:
    """The proposed or confirmed reversal of a declaration."""
    return Reversal.objects.filter(declaration=declaration).exclude(status=ReversalStatus.DROPPED).first()


def of_transactions(*, transaction_ids: Iterable[int]) -> Mapping[int, Declaration]:
    """The declarations that these transactions deposited."""
    found = Declaration.objects.select_related(*SHOWN).filter(transaction_id__in=list(transaction_ids))
    return {one.transaction_id: one for one in found if one.transaction_id is not None}


def recorded_between(*, branch_id: int, start: date, end: date) -> QuerySet[Declaration, tuple[int, str, date, str, str]]:
    """What stands recorded at a branch over these days, lean, for sheets: person, clause number, day, batch, public id."""
    dead = (Status.REJECTED, Status.WITHDRAWN, Status.REVERSED)
    found = Declaration.objects.filter(branch_id=branch_id, happened_on__gte=start, happened_on__lte=end).exclude(status__in=dead)
    return found.values_list("depositor_id", "item__code", "happened_on", "batch_key", "public_id")


@dataclass(frozen=True, slots=True)
class DayDeposit:
    """One deposit of a day as it hangs on the wall: the name is masked."""

    masked_name: str
    title: str
    points: int


def day_deposits(*, branch_id: int, day: date) -> list[DayDeposit]:
    """What was credited at a branch on a village day, for all to see: no deductions, and minors without a name."""
    found = Declaration.objects.filter(
        branch_id=branch_id,
        status=Status.DEPOSITED,
        points__gt=0,
        transaction__recorded__gte=ledger.as_recorded(clock.day_start(day)),
        transaction__recorded__lt=ledger.as_recorded(clock.day_end(day)),
    )
    rows = list(found.order_by("transaction_id").values_list("depositor_id", "item__title", "points"))
    names = depositors.public_names(depositor_ids=[row[0] for row in rows], on=day)
    return [DayDeposit(names.get(depositor_id, ""), title, points or 0) for depositor_id, title, points in rows]

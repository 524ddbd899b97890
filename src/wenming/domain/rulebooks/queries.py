"""Reads of the rule books. What is in force is public; drafts are seen by the officers they concern."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Subquery, Value, When
from django.utils.translation import gettext as _

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.core.errors import NotFound
from wenming.core.prepared import prepared
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import expiry, models, policies
from wenming.domain.rulebooks.engine import CAPS, ItemTerms
from wenming.domain.rulebooks.expiry import NEVER, ExpiryRule, Span, Term

Edition = models.Edition
RuleItem = models.RuleItem
Category = models.Category
Direction = models.Direction
ValueKind = models.ValueKind
Effect = models.Effect
Track = models.Track
DemeritKind = models.DemeritKind
EditionStatus = Edition.Status
Expiry = models.Expiry
Ended = dict[date, dict[int, date]]


def _of_branch(branch_id: int) -> Q:
    """The book of the branch itself or of the bank above it."""
    above = Subquery(organisations.bank_above(branch_id))
    return Q(rule_book__organisation_id=branch_id) | Q(rule_book__organisation_id=above)


def _in_force() -> QuerySet[Edition]:
    return Edition.objects.filter(status=Edition.Status.IN_FORCE).select_related("rule_book__organisation")


def _own_first(branch_id: int) -> Case:
    """Sorts the branch's own book before the bank's."""
    return Case(When(rule_book__organisation_id=branch_id, then=Value(0)), default=Value(1), output_field=IntegerField())


@prepared
def _edition_in_force(branch_id: int, on: date) -> QuerySet[Edition]:
    return _holding(branch_id, on)[:1]


def edition_in_force(*, branch_id: int, on: date) -> Edition | None:
    """The edition that holds at a branch on a day: the branch's own, else the head bank's; None if there is neither."""
    return _edition_in_force.one(branch_id=branch_id, on=on)


def _holding(branch_id: int, on: date) -> QuerySet[Edition]:
    """What could hold at a branch on a day; the first one does."""
    that_day = Q(in_force_from__lte=on) & (Q(in_force_to__isnull=True) | Q(in_force_to__gt=on))
    return _in_force().filter(_of_branch(branch_id), that_day).order_by(_own_first(branch_id), "-in_force_from")


def items_in_force(*, branch_id: int, on: date, after: int | None = None) -> QuerySet[RuleItem]:
    """The clauses that hold at a branch on a day, in the order of the book; `after` is the id at which the last page ended."""
    found = edition_in_force(branch_id=branch_id, on=on)
    if found is None:
        return RuleItem.objects.none()
    items = RuleItem.objects.filter(edition=found).select_related("edition").order_by("place", "id")
    return items.filter(pk__gt=after) if after is not None else items


@prepared
def _item_in_force(branch_id: int, code: str, on: date) -> QuerySet[RuleItem]:
    holding = _holding(branch_id, on).values("pk")[:1]
    return RuleItem.objects.filter(edition__in=holding, code=code).select_related("edition").order_by("pk")[:1]


def item_in_force(*, branch_id: int, code: str, on: date) -> RuleItem | None:
    """The clause of this number that holds at a branch on a day."""
    return _item_in_force.one(branch_id=branch_id, code=code, on=on)


@prepared
def _in_its_place(branch_id: int, item_id: int, on: date) -> QuerySet[RuleItem]:
    asked = RuleItem.objects.filter(pk=item_id)
    holding = Subquery(_holding(branch_id, on).values("pk")[:1])
    found = RuleItem.objects.filter(edition=holding, code=Subquery(asked.values("code")))
    return found.filter(edition__rule_book=Subquery(asked.values("edition__rule_book"))).select_related("edition")


def item_in_its_place(*, branch_id: int, item_id: int, on: date) -> RuleItem | None:
    """The clause of the same number and book as this one that holds at a branch on a day. Refuses a clause that is not there."""
    found = _in_its_place.one(branch_id=branch_id, item_id=item_id, on=on)
    if found is None:
        item(item_id=item_id)
    return found


@prepared
def _item(item_id: int) -> QuerySet[RuleItem]:
    return RuleItem.objects.select_related("edition__rule_book").filter(pk=item_id)


def item(*, item_id: int) -> RuleItem:
    found = _item.one(item_id=item_id)
    if found is None:
        raise NotFound(field="item")
    return found


def editions_of(*, organisation_id: int) -> QuerySet[Edition]:
    """Every edition of an organisation's own book, newest first."""
    return Edition.objects.filter(rule_book__organisation_id=organisation_id).select_related("rule_book").order_by("-number")


def editions_page(*, branch_id: int, before: int | None = None, limit: int = 50) -> list[Edition]:
    """What holds, held or will hold at a branch: its own editions and its bank's, newest first; no drafts."""
    branch = organisations.organisation(organisation_id=branch_id)
    found = _in_force().filter(rule_book__organisation_id__in=[branch.pk, branch.parent_id]).order_by("-pk")
    return list((found.filter(pk__lt=before) if before is not None else found)[:limit])


def edition(*, actor: Actor, edition_id: int) -> Edition:
    """An edition; a draft only for the officers it concerns."""
    found = Edition.objects.select_related("rule_book__organisation").filter(pk=edition_id).first()
    if found is None:
        raise NotFound
    if found.status == Edition.Status.DRAFT and not policies.may_see_draft(actor, found.rule_book.organisation_id):
        raise NotFound
    return found


def items_of(*, actor: Actor, edition_id: int) -> QuerySet[RuleItem]:
    """The clauses of an edition that the actor may see."""
    found = edition(actor=actor, edition_id=edition_id)
    return RuleItem.objects.filter(edition=found).select_related("edition").order_by("place", "id")


def terms_of(item: RuleItem) -> ItemTerms:
    """What of a clause the engine needs."""
    return ItemTerms(
        code=item.code,
        title=item.title,
        points=item.points,
        direction=item.direction,
        effect=item.effect,
        value_kind=item.value_kind,
        unit=item.unit,
        quantity_max=item.quantity_max,
        steps=tuple((int(step["from"]), int(step["points"])) for step in item.steps),
        classes=item.classes,
        caps={cap: limit for cap in CAPS if (limit := getattr(item, cap)) is not None},
    )


def same_clause(*, rule_book_id: int, code: str) -> QuerySet[RuleItem]:
    """A clause through the editions of its book: caps count over all of them."""
    return RuleItem.objects.filter(edition__rule_book_id=rule_book_id, code=code)


@dataclass(frozen=True, slots=True)
class ItemIndex:
    """Every clause that ever held at a branch, for sheets of thousands of rows: one query, then no more."""

    editions: tuple[tuple[bool, date, date | None, int], ...]
    by_code: dict[tuple[int, str], RuleItem]
    by_title: dict[tuple[int, str], RuleItem]

    def edition_on(self, on: date) -> int | None:
        for _is_bank, start, end, pk in self.editions:
            if start <= on and (end is None or on < end):
                return pk
        return None

    def find(self, text: str, on: date) -> RuleItem | None:
        """A clause by its number or its title, in the edition that holds on that day."""
        pk = self.edition_on(on)
        if pk is None:
            return None
        words = text.strip()
        return self.by_code.get((pk, words)) or self.by_title.get((pk, words))


def item_index(*, branch_id: int) -> ItemIndex:
    """The clauses of a branch and of the bank above it, by edition, number and title."""
    items = RuleItem.objects.filter(edition__in=_in_force().filter(_of_branch(branch_id))).select_related("edition__rule_book")
    editions: dict[int, tuple[bool, date, date | None, int]] = {}
    by_code, by_title = {}, {}
    for one in items:
        found = one.edition
        if found.in_force_from is not None:
            is_bank = found.rule_book.organisation_id != branch_id
            editions[found.pk] = (is_bank, found.in_force_from, found.in_force_to, found.pk)
        by_code[found.pk, one.code] = one
        by_title[found.pk, one.title] = one
    return ItemIndex(tuple(sorted(editions.values(), key=lambda row: row[0])), by_code, by_title)


# How long points last

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class DueRound:
    """One walk that is to be made now: over the passbooks of a branch, `days_before` their points go (0: they go)."""

    branch_id: int
    branch_code: str
    term: Term
    earlier: Term | None
    days_before: int
    gone_on: date


@dataclass(frozen=True, slots=True)
class Expiring:
    """What of a passbook goes next, and the last day on which it can be used."""

    points: int
    last_day: date


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a passbook."""

    points: int
    honour: int
    expiring: Expiring | None


@dataclass(frozen=True, slots=True)
class Loss:
    """What one passbook loses on a day unless it is used before."""

    passbook_id: int
    passbook_number: str
    depositor_id: int
    name: str
    points: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """The rule of a branch and what goes next under it; no days when nothing goes within ninety days."""

    rule: ExpiryRule
    since: date | None
    last_day: date | None
    cutoff: date | None
    people: int
    points: int


def rule_of(edition: Edition) -> ExpiryRule:
    """How long points last under an edition."""
    return ExpiryRule(edition.expiry, edition.expiry_months, edition.carry_percent)


def rule_at(*, branch_id: int, on: date) -> ExpiryRule:
    """How long points last at a branch on a day; for ever where no edition holds."""
    found = edition_in_force(branch_id=branch_id, on=on)
    return rule_of(found) if found is not None else NEVER


def _rules(organisation_ids: Iterable[int]) -> dict[int, list[tuple[date, date | None, ExpiryRule]]]:
    """The rules of each organisation's own editions, with the days between which each holds."""
    found: dict[int, list[tuple[date, date | None, ExpiryRule]]] = {}
    for one in _in_force().filter(rule_book__organisation_id__in=list(organisation_ids)):
        if one.in_force_from is not None:
            held = found.setdefault(one.rule_book.organisation_id, [])
            held.append((one.in_force_from, one.in_force_to, rule_of(one)))
    return found


def _spans(branches: Sequence[Any]) -> dict[int, list[Span]]:
    """The rules over time at each branch: its own and those of the bank above it."""
    books = _rules({pk for branch in branches for pk in (branch.pk, branch.parent_id) if pk is not None})
    found: dict[int, list[Span]] = {branch.pk: [] for branch in branches}
    for branch in branches:
        for pk in (branch.pk, branch.parent_id):
            found[branch.pk] += [Span(start, end, pk == branch.pk, rule) for start, end, rule in books.get(pk, ())]
    return found


def _ended(branch_ids: Iterable[int], days: Collection[date]) -> dict[int, Ended]:
    """For each branch and due day the rounds that came to their end, and when."""
    found: dict[int, Ended] = {pk: {} for pk in branch_ids}
    if days:
        rounds = models.ExpiryRound.objects.filter(branch_id__in=list(found), due_on__in=days, ended_at__isnull=False)
        for one in rounds:
            assert one.ended_at is not None
            told_on = clock.local_date(one.ended_at) if one.people else expiry.NOBODY
            found[one.branch_id].setdefault(one.due_on, {})[one.days_before] = told_on
    return found


def _terms(branches: Sequence[Any], today: date) -> dict[int, tuple[list[Span], list[Term], Ended]]:
    """For each branch the rules over time, the terms that are not over, soonest first, and which rounds of each ended when."""
    spans = _spans(branches)
    near = {pk: expiry.terms_near(held, today) for pk, held in spans.items()}
    ended = _ended(near, {term.due_on for terms in near.values() for term in terms})
    return {
        pk: (spans[pk], [term for term in terms if not expiry.is_done(ended[pk].get(term.due_on, {}))], ended[pk])
        for pk, terms in near.items()
    }


def due_rounds(*, today: date) -> list[DueRound]:
    """Every round that is due today, soonest term first."""
    branches = organisations.all_branches()
    found = []
    for branch, (_spans_of, terms, ended) in zip(branches, _terms(branches, today).values(), strict=True):
        for term, earlier in zip(terms, [None, *terms], strict=False):
            told = ended.get(term.due_on, {})
            wanted = expiry.round_due(term, told, today)
            is_blocked = wanted == expiry.GONE and earlier is not None
            if wanted is not None and not is_blocked:
                gone = expiry.gone_on(term, told, today)
                found.append(DueRound(branch.pk, branch.code, term, earlier, wanted, gone))
    return sorted(found, key=lambda due: (due.term.due_on, due.branch_id))


def losses_of(*, account_ids: Sequence[int], term: Term, earlier: Term | None) -> dict[int, int]:
    """What each of these accounts loses by a term beyond what an earlier one takes; those that lose nothing are left out."""
    cutoffs = [clock.day_start(one.cutoff) for one in (term, earlier) if one is not None]
    found = {}
    for pk, (left, *before) in ledger.remainders(account_ids, cutoffs).items():
        whole = max(0, left - sum(before)) * (100 - term.carry_percent) // 100
        if whole:
            found[pk] = whole
    return found


def standing(*, branch: Any, points_account_id: int, honour_account_id: int, on: date) -> Standing:
    """What stands in a passbook at a branch, and what of it goes next within ninety days. Two queries, seldom a third."""
    terms = expiry.terms_near(_spans([branch])[branch.pk], on)
    cutoffs = [clock.day_start(term.cutoff) for term in terms] + [clock.day_start(on + timedelta(days=400))]
    found = ledger.remainders([points_account_id, honour_account_id], cutoffs)
    *left, points = found[points_account_id]
    going = None
    for term, whole in zip(terms, left, strict=True):
        lost = whole * (100 - term.carry_percent) // 100
        last_day = _last_day(branch, term, on) if lost else None
        if last_day is not None:
            going = Expiring(lost, last_day)
            break
    return Standing(points, found[honour_account_id][-1], going)


def _last_day(branch: Any, term: Term, on: date) -> date | None:
    """The last day of the points of a term; None where their day has come and they are gone, or came back since."""
    if term.due_on > on:
        return term.due_on - timedelta(days=1)
    ended = _ended([branch.pk], {term.due_on})[branch.pk].get(term.due_on, {})
    return None if expiry.is_done(ended) else expiry.gone_on(term, ended, on) - timedelta(days=1)


def _seen_branch(actor: Actor, branch_id: int) -> Any:
    if not policies.may_see_expiry(actor, branch_id):
        raise NotFound
    return organisations.organisation(organisation_id=branch_id)


def expiry_losses(*, actor: Actor, branch_id: int, on: date, after: int | None = None, limit: int = 50) -> list[Loss]:
    """Who loses how much on the next day on which points go at a branch, in the order of the passbooks."""
    _spans_of, terms, _ended = _terms([_seen_branch(actor, branch_id)], on)[branch_id]
    found: list[Loss] = []
    for books, lost in _walk(branch_id, terms[0], after or 0) if terms else ():
        found += [
            Loss(book.pk, book.number, book.depositor_id, book.depositor.name, lost[book.points_account_id])
            for book in books
            if book.points_account_id in lost
        ]
        if len(found) >= limit:
            break
    return found[:limit]


def _walk(branch_id: int, term: Term, after: int) -> Iterator[tuple[list[Any], dict[int, int]]]:
    """The open passbooks of a branch in large pieces, each with what its accounts lose by a term."""
    while True:
        books = depositors.open_passbooks(branch_id=branch_id, after=after, limit=CHUNK)
        yield books, losses_of(account_ids=[book.points_account_id for book in books], term=term, earlier=None)
        if len(books) < CHUNK:
            return
        after = books[-1].pk


def expiry_outlook(*, actor: Actor, branch_id: int, on: date) -> Outlook:
    """The rule of a branch, the next day on which points go, and how many people and points that concerns as things stand."""
    branch = _seen_branch(actor, branch_id)
    spans, terms, ended = _terms([branch], on)[branch_id]
    held = expiry.rule_on(spans, on)
    rule, since = (held.rule, expiry.since(spans, on)) if held is not None else (NEVER, None)
    if not terms:
        return Outlook(rule, since, None, None, 0, 0)
    term, people, points = terms[0], 0, 0
    for _books, lost in _walk(branch_id, term, 0):
        people, points = people + len(lost), points + sum(lost.values())
    last_day = expiry.gone_on(term, ended.get(term.due_on, {}), on) - timedelta(days=1)
    return Outlook(rule, since, last_day, term.cutoff, people, points)


def expiry_subject(term: Term) -> str:
    """Under which subject the points of a term go: everyone who reads it knows which points they were."""
    return f"expiry:{term.cutoff.isoformat()}"


def titles_for(*, subjects: Iterable[str]) -> dict[str, str]:
    """Words for the passbook's lines: `expiry:2024-04-01` → which points went."""
    found = {}
    for subject in subjects:
        kind, _colon, day = subject.partition(":")
        if kind == "expiry":
            last = date.fromisoformat(day) - timedelta(days=1)
            found[subject] = _("{year}年{month}月底前存的积分").format(year=last.year, month=last.month)
    return found

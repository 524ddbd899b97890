"""Reads of the rule books. What is in force is public; drafts are seen by the officers they concern."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from wenming.core.actor import Actor
from wenming.core.errors import NotFound
from wenming.domain.rulebooks import models, policies
from wenming.domain.rulebooks.engine import CAPS, ItemTerms

Edition = models.Edition
RuleItem = models.RuleItem
Category = models.Category
Direction = models.Direction
ValueKind = models.ValueKind
Effect = models.Effect
Track = models.Track
DemeritKind = models.DemeritKind
EditionStatus = Edition.Status


def _of_branch(branch_id: int) -> Q:
    """The book of the branch itself or of the bank above it."""
    return Q(rule_book__organisation_id=branch_id) | Q(rule_book__organisation__branches=branch_id)


def _in_force() -> QuerySet[Edition]:
    return Edition.objects.filter(status=Edition.Status.IN_FORCE).select_related("rule_book__organisation")


def _own_first(branch_id: int) -> Case:
    """Sorts the branch's own book before the bank's."""
    return Case(When(rule_book__organisation_id=branch_id, then=Value(0)), default=Value(1), output_field=IntegerField())


def edition_in_force(*, branch_id: int, on: date) -> Edition | None:
    """The edition that holds at a branch on a day: the branch's own, else the head bank's; None if there is neither."""
    that_day = Q(in_force_from__lte=on) & (Q(in_force_to__isnull=True) | Q(in_force_to__gt=on))
    return _in_force().filter(_of_branch(branch_id), that_day).order_by(_own_first(branch_id), "-in_force_from").first()


def items_in_force(*, branch_id: int, on: date, after: int | None = None) -> QuerySet[RuleItem]:
    """The clauses that hold at a branch on a day, in the order of the book; `after` is the id at which the last page ended."""
    found = edition_in_force(branch_id=branch_id, on=on)
    if found is None:
        return RuleItem.objects.none()
    items = RuleItem.objects.filter(edition=found).select_related("edition").order_by("place", "id")
    return items.filter(pk__gt=after) if after is not None else items


def item_in_force(*, branch_id: int, code: str, on: date) -> RuleItem | None:
    """The clause of this number that holds at a branch on a day."""
    return items_in_force(branch_id=branch_id, on=on).filter(code=code).first()


def item(*, item_id: int) -> RuleItem:
    found = RuleItem.objects.select_related("edition__rule_book").filter(pk=item_id).first()
    if found is None:
        raise NotFound(field="item")
    return found


def editions_of(*, organisation_id: int) -> QuerySet[Edition]:
    """Every edition of an organisation's own book, newest first."""
    return Edition.objects.filter(rule_book__organisation_id=organisation_id).select_related("rule_book").order_by("-number")


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


def same_clause(*, item: RuleItem) -> list[int]:
    """The ids of this clause through the editions of its book: caps count over all of them."""
    return list(
        RuleItem.objects.filter(edition__rule_book_id=item.edition.rule_book_id, code=item.code).values_list("pk", flat=True)
    )


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

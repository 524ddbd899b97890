"""Writes of the rule books. An edition in force never changes; two persons bring one into force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from wenming.core import audit, clock, states
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.depositors import services as depositors
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import clauses, expiry, policies, queries
from wenming.domain.rulebooks.clauses import BadClause, DemeritNotLawful, ItemDraft, RedLineCrossed
from wenming.domain.rulebooks.expiring import advance_round
from wenming.domain.rulebooks.expiry import USUAL, ExpiryRule
from wenming.domain.rulebooks.models import Edition, Expiry, RuleBook, RuleItem
from wenming.domain.rulebooks.starter import ITEMS

__all__ = [
    "BadClause", "BadExpiry", "CodeTwice", "DemeritNotLawful", "EditionClosed", "EditionEmpty", "EditionOverlaps", "ItemDraft",
    "RedLineCrossed", "SecondPersonNeeded", "TooEarly", "add_item", "adopt_edition", "advance_round", "change_item",
    "draft_edition", "put_in_force", "remove_item", "set_expiry", "starter_items",
]  # fmt: skip


class EditionClosed(Refusal):
    code, message, status = "rulebooks.edition_closed", _("这一版已经生效，不能再改。要改请起草新的一版。"), 409


class EditionEmpty(Refusal):
    code, message = "rulebooks.edition_empty", _("这一版还没有一条，先添上再生效。")


class SecondPersonNeeded(Refusal):
    code, message, status = "rulebooks.second_person", _("写草稿的人不能自己批准，请另一位行长或总行来办。"), 403


class TooEarly(Refusal):
    code, message = "rulebooks.too_early", _("生效日子不能早于今天。")


class EditionOverlaps(Refusal):
    code, message, status = "rulebooks.edition_overlaps", _("{existing} 起已有一版生效，新的一版要比它晚。"), 409


class BadExpiry(Refusal):
    code, message = "rulebooks.bad_expiry", _("有效期填 6 到 120 个月；年底结转填 0 到 99 的百分数。")


class CodeTwice(Refusal):
    code, message = "rulebooks.code_twice", _("编号 {number} 用了两次，请改一个。")


def starter_items() -> list[ItemDraft]:
    """The starter rule book: merits first, a few lawful demerits that stay off until the village votes for them."""
    return list(ITEMS)


def _book(organisation_id: int) -> RuleBook:
    """The book of an organisation, begun when it is first needed; its row is locked."""
    name = organisations.organisation(organisation_id=organisation_id).name
    RuleBook.objects.get_or_create(organisation_id=organisation_id, defaults={"title": name})
    return RuleBook.objects.select_for_update().get(organisation_id=organisation_id)


def _draft(actor: Actor, edition_id: int) -> Edition:
    """A draft that the actor may write, locked."""
    found = Edition.objects.select_for_update().filter(pk=edition_id).first()
    if found is None:
        raise NotFound
    require(policies.may_write(actor, found.rule_book.organisation_id))
    if found.status != Edition.Status.DRAFT:
        raise EditionClosed
    return found


def _vouch(edition: Edition, actor: Actor) -> None:
    """Whoever writes in a draft stands for the whole of it as it now is; somebody else has to bring it into force."""
    if actor.user_id is not None and edition.drafted_by != actor.user_id:
        edition.drafted_by = actor.user_id
        edition.save(update_fields=["drafted_by"])


def _begin(book: RuleBook, actor: Actor, at: datetime, rule: ExpiryRule | None = None) -> Edition:
    """A new edition. Points last as they do where it is written for, two years where nothing holds yet, unless told."""
    last = Edition.objects.filter(rule_book=book).order_by("-number").first()
    if rule is None:
        held = queries.edition_in_force(branch_id=book.organisation_id, on=clock.local_date(at))
        rule = queries.rule_of(held) if held is not None else USUAL
    return Edition.objects.create(
        rule_book=book,
        number=last.number + 1 if last else 1,
        drafted_by=actor.user_id,
        drafted_at=at,
        **_expiry_columns(rule),
    )


def _expiry_columns(rule: ExpiryRule) -> dict[str, Any]:
    """A rule of expiry as it is kept. Refuses a term nobody could plan with."""
    if rule.kind == Expiry.AFTER_MONTHS and not expiry.MONTHS[0] <= rule.months <= expiry.MONTHS[1]:
        raise BadExpiry(field="expiry_months")
    if rule.kind == Expiry.YEAR_END and not 0 <= rule.carry_percent <= expiry.CARRY_MOST:
        raise BadExpiry(field="carry_percent")
    if rule.kind not in Expiry.values:
        raise BadExpiry(field="expiry")
    return {
        "expiry": rule.kind,
        "expiry_months": rule.months if rule.kind == Expiry.AFTER_MONTHS else 0,
        "carry_percent": rule.carry_percent if rule.kind == Expiry.YEAR_END else 0,
    }


def _write(edition: Edition, drafts: Sequence[ItemDraft]) -> None:
    """Add clauses to a draft. Refuses the first that may not stand."""
    before = dict(RuleItem.objects.filter(edition=edition).values_list("code", "place"))
    seen, place = set(before), max(before.values(), default=0)
    rows = []
    for draft in drafts:
        for problem in clauses.problems(draft):
            raise problem
        if draft.code in seen:
            raise CodeTwice(field="code", number=draft.code)
        seen.add(draft.code)
        place += 1
        rows.append(RuleItem(edition=edition, place=place, **clauses.columns(draft)))
    RuleItem.objects.bulk_create(rows, batch_size=500)


@service
def draft_edition(*, actor: Actor, organisation_id: int, at: datetime, with_items: bool = True) -> Edition:
    """Begin a draft, carrying over what holds today (or the starter book where nothing holds yet)."""
    require(policies.may_write(actor, organisation_id))
    edition = _begin(_book(organisation_id), actor, at)
    if with_items:
        current = queries.items_in_force(branch_id=organisation_id, on=clock.local_date(at))
        _write(edition, [clauses.draft_of(one) for one in current] or starter_items())
    _record(actor, "rulebooks.edition_drafted", edition, at)
    return edition


@service
def add_item(*, actor: Actor, edition_id: int, draft: ItemDraft, at: datetime) -> RuleItem:
    """Add a clause to a draft. Refuses what crosses a red line, saying which and on what ground."""
    edition = _draft(actor, edition_id)
    _write(edition, [draft])
    _vouch(edition, actor)
    _record(actor, "rulebooks.item_added", edition, at, code=draft.code)
    return RuleItem.objects.get(edition=edition, code=draft.code)


@service
def change_item(*, actor: Actor, item_id: int, draft: ItemDraft, at: datetime) -> RuleItem:
    """Change a clause of a draft."""
    item = queries.item(item_id=item_id)
    edition = _draft(actor, item.edition_id)
    for problem in clauses.problems(draft):
        raise problem
    if RuleItem.objects.filter(edition=edition, code=draft.code).exclude(pk=item.pk).exists():
        raise CodeTwice(field="code", number=draft.code)
    for name, value in clauses.columns(draft).items():
        setattr(item, name, value)
    item.save()
    _vouch(edition, actor)
    _record(actor, "rulebooks.item_changed", edition, at, code=draft.code)
    return item


@service
def set_expiry(*, actor: Actor, edition_id: int, rule: ExpiryRule, at: datetime) -> Edition:
    """Say in a draft how long points last. Points that are there already count from the day on which it comes into force."""
    edition = _draft(actor, edition_id)
    for name, value in _expiry_columns(rule).items():
        setattr(edition, name, value)
    edition.save(update_fields=["expiry", "expiry_months", "carry_percent"])
    _vouch(edition, actor)
    _record(actor, "rulebooks.expiry_set", edition, at, expiry=rule.kind)
    return edition


@service
def remove_item(*, actor: Actor, item_id: int, at: datetime) -> None:
    """Take a clause out of a draft."""
    item = queries.item(item_id=item_id)
    edition = _draft(actor, item.edition_id)
    _record(actor, "rulebooks.item_removed", edition, at, code=item.code)
    item.delete()
    _vouch(edition, actor)


@service
def put_in_force(*, actor: Actor, edition_id: int, on: date, at: datetime, demerits_vote: str = "", note: str = "") -> Edition:
    """A second person brings a draft into force from a day, today or later. The edition before it ends that day.

    Not who wrote in it last, nor kin of theirs; both are in office now.
    """
    edition = _draft(actor, edition_id)
    if edition.drafted_by is not None and edition.drafted_by == actor.user_id:
        raise SecondPersonNeeded
    place = edition.rule_book.organisation_id
    depositors.check_pair(
        first_id=edition.drafted_by,
        second_id=actor.user_id,
        at=at,
        may_first=lambda who: policies.may_write(who, place),
        may_second=lambda who: policies.may_write(who, place),
    )
    if on < clock.local_date(at):
        raise TooEarly(field="on")
    _bring_in(edition, actor, on, at, demerits_vote, note)
    return edition


@service
def adopt_edition(
    *,
    actor: Actor,
    organisation_id: int,
    items: Sequence[ItemDraft],
    in_force_from: date,
    at: datetime,
    note: str = "",
    demerits_vote: str = "",
    rule: ExpiryRule | None = None,
) -> Edition:
    """Enter a whole rule book that was adopted on paper. The first of an organisation may lie in the past; later ones
    may not, so that no rule changes behind a deed already recorded (the operator's shell may, for a bank's history)."""
    require(policies.may_write(actor, organisation_id))
    book = _book(organisation_id)
    has_edition = Edition.objects.filter(rule_book=book, status=Edition.Status.IN_FORCE).exists()
    if has_edition and in_force_from < clock.local_date(at) and not actor.is_system:
        raise TooEarly(field="in_force_from")
    edition = _begin(book, actor, at, rule)
    _write(edition, items)
    edition.drafted_by = None
    _bring_in(edition, actor, in_force_from, at, demerits_vote, note)
    return edition


def _bring_in(edition: Edition, actor: Actor, on: date, at: datetime, demerits_vote: str, note: str) -> None:
    """Close the edition before, open this one: no gap, no overlap."""
    RuleBook.objects.select_for_update().get(pk=edition.rule_book_id)
    items = RuleItem.objects.filter(edition=edition)
    if not items.exists():
        raise EditionEmpty
    in_force = Edition.objects.filter(rule_book_id=edition.rule_book_id, status=Edition.Status.IN_FORCE)
    last = in_force.order_by("in_force_from").last()
    if last is not None and last.in_force_from is not None:
        if on <= last.in_force_from:
            raise EditionOverlaps(field="on", existing=last.in_force_from.isoformat())
        last.in_force_to = on
        last.save(update_fields=["in_force_to"])
        failpoint("rulebooks.earlier_edition_ended")
    states.move(edition, to=Edition.Status.IN_FORCE)
    edition.in_force_from, edition.approved_by, edition.approved_at = on, actor.user_id, at
    edition.demerits_vote, edition.adopted_note = demerits_vote.strip()[:120], note.strip()[:200]
    edition.save()
    failpoint("rulebooks.in_force")
    _record(actor, "rulebooks.edition_in_force", edition, at, on=on.isoformat(), items=items.count())


def _record(actor: Actor, act: str, edition: Edition, at: datetime, **facts: object) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject=f"edition:{edition.pk}",
        at=at,
        organisation_id=edition.rule_book.organisation_id,
        facts=facts,
    )

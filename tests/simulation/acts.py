"""What people do in a village, as gestures: each picks somebody and something by the dice and can be done at any instant."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from tests.deeds_stage import photo
from tests.simulation.world import World
from wenming.core import clock
from wenming.core.prepared import prepared
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.models import Declaration, Reversal
from wenming.domain.depositors.models import Depositor
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order
from wenming.domain.notices import services as notices
from wenming.domain.notices.models import NoticeLine, Objection
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.models import RuleItem


@dataclass(frozen=True)
class Gesture:
    """One thing that somebody does. With a key it may be said again at any later instant and has one answer;
    `other` says other words under the same key; a forbidden one must be refused."""

    name: str
    do: Callable[[datetime], Any]
    key: str = ""
    other: Callable[[datetime], Any] | None = None
    is_forbidden: bool = False


Maker = Callable[[World, datetime], Gesture | None]


def some(dice: random.Random, rows: Any, most: int = 300) -> Any:
    """One of the first rows of a query, or None."""
    found = list(rows.values_list("pk", flat=True)[:most])
    return rows.get(pk=dice.choice(found)) if found else None


def people(world: World) -> list[int]:
    return [pk for (pk,) in _enrolled(branch_id=world.branch_id)]


@prepared
def _enrolled(branch_id: int) -> QuerySet[Depositor, Any]:
    return Depositor.objects.filter(branch_id=branch_id).order_by("pk").values_list("pk")


@prepared
def _borne_by(user_id: int) -> QuerySet[Depositor, Any]:
    return Depositor.objects.filter(user_id=user_id).order_by("pk").values_list("pk")[:1]


@prepared
def _submitted(branch_id: int) -> QuerySet[Declaration, Any]:
    found = Declaration.objects.filter(branch_id=branch_id, status="submitted").order_by("pk")
    return found.values_list("pk", "revision")[:300]


@prepared
def _placed() -> QuerySet[Order, Any]:
    return Order.objects.filter(status="placed").order_by("-pk").values_list("pk", "pickup_code")[:40]


def items_on(world: World, on: date) -> list[RuleItem]:
    """The clauses in force; those of one edition never change."""
    edition = rulebooks.edition_in_force(branch_id=world.branch_id, on=on)
    assert edition is not None
    if edition.pk not in world.clauses:
        world.clauses[edition.pk] = list(rulebooks.items_in_force(branch_id=world.branch_id, on=on))
    return world.clauses[edition.pk]


# Deeds


def declare(world: World, now: datetime) -> Gesture | None:
    dice = world.dice
    on = clock.local_date(now) - timedelta(days=dice.choice((0, 0, 0, 0, 0, 1, 1, 1, 2, 2, *range(3, 20), 29, 40, -1)))
    items = items_on(world, clock.local_date(now))
    key = f"deed-{world.number()}"
    door = dice.choice(("self", "self", "self", "other", "counter", "counter", "counter", "api", "api", "lane_chief"))
    chosen = dice.sample(people(world), dice.choice((1, 1, 1, 1, 1, 2, 3)))
    user = world.officer("lane_chief") if door == "lane_chief" else world.officer("teller")
    if door in ("self", "other"):
        user = dice.choice(world.users)
        own = _borne_by(user_id=user)
        chosen = [*own[0]] if door == "self" and own else chosen
    item, has_photo = dice.choice(items), dice.random() < 0.01
    quantity = dice.randrange(1, item.quantity_max + 1) if dice.random() < 0.98 else 99

    def say(at: datetime, words: str = "在村口") -> list[Declaration]:
        return deeds.declare_deed(
            actor=world.actor(user, at), door=door, depositor_ids=chosen, item_id=item.pk, happened_on=on, quantity=quantity,
            words=words, photos=[photo()] if has_photo else [], submission_key=key, at=at,
        )  # fmt: skip

    return Gesture("declare", say, key, lambda at: say(at, "在村尾"))


def review(world: World, now: datetime) -> Gesture | None:
    dice = world.dice
    waiting = _submitted(branch_id=world.branch_id)
    if not waiting:
        return None
    pk, seen = dice.choice(waiting)
    user = world.officer(dice.choice(("reviewer",) * 12 + ("director",) * 4 + ("head",)))
    decision = dice.choice(("approve",) * 8 + ("return", "reject"))
    revision = seen - (dice.random() < 0.02)
    return Gesture(
        "review",
        lambda at: deeds.review_declaration(
            actor=world.actor(user, at), declaration_id=pk, decision=decision, reason="看过了", revision=revision, at=at
        ),
    )


def approve_many(world: World, now: datetime) -> Gesture | None:
    waiting = Declaration.objects.filter(branch_id=world.branch_id, status="submitted").order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[: world.dice.randrange(1, 12)])
    user = world.officer("reviewer")
    return Gesture("approve_many", lambda at: deeds.approve_many(actor=world.actor(user, at), declaration_ids=ids, at=at))


def amend(world: World, now: datetime) -> Gesture | None:
    states = world.dice.choice((("returned",), ("returned", "submitted"), ("approved", "on_notice", "deposited")))
    found = some(world.dice, Declaration.objects.filter(branch_id=world.branch_id, status__in=states).order_by("-pk"), 60)
    if found is None:
        return None
    user, quantity = world.officer("clerk"), world.dice.choice((1, 1, 2))
    on = found.happened_on - timedelta(days=world.dice.choice((0, 0, 1)))
    return Gesture(
        "amend",
        lambda at: deeds.amend_declaration(
            actor=world.actor(user, at), declaration_id=found.pk, happened_on=on, quantity=quantity, words="补充说明", photos=[],
            at=at,
        ),
    )  # fmt: skip


def withdraw(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Declaration.objects.filter(status__in=("submitted", "returned")).order_by("-pk"), 60)
    if found is None:
        return None
    user = found.declared_by
    return Gesture("withdraw", lambda at: deeds.withdraw_declaration(actor=world.actor(user, at), declaration_id=found.pk, at=at))


def publish(world: World, now: datetime) -> Gesture:
    user, days = world.officer(world.dice.choice(("clerk", "director"))), world.dice.choice((None, None, 7, 3))
    return Gesture(
        "publish",
        lambda at: deeds.publish_notice(actor=world.actor(user, at), branch_id=world.branch_id, at=at, workdays=days),
    )


def object_to(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, NoticeLine.objects.filter(status__in=("standing", "contested")).order_by("-pk"), 100)
    if found is None:
        return None
    user = world.dice.choice(world.users)
    return Gesture(
        "object",
        lambda at: notices.raise_objection(
            actor=world.actor(user, at, "villager"), line_id=found.pk, reason="not_done", words="那天没有看见他", at=at
        ),
    )


def answer(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Objection.objects.filter(status="open").order_by("pk"))
    if found is None:
        return None
    user, upheld = world.officer(world.dice.choice(("supervisor", "director", "head"))), world.dice.random() < 0.4
    return Gesture(
        "answer",
        lambda at: deeds.resolve_objection(
            actor=world.actor(user, at), objection_id=found.pk, upheld=upheld, answer="查过了，如上答复", at=at
        ),
    )


def look_at_objector(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Objection.objects.filter(status="open").order_by("pk"))
    if found is None:
        return None
    user = world.officer("supervisor")
    return Gesture(
        "reveal_objector", lambda at: notices.reveal_objector(actor=world.actor(user, at), objection_id=found.pk, at=at)
    )


def deposit(world: World, now: datetime) -> Gesture | None:
    """Somebody presses the button by hand, often too early."""
    found = some(world.dice, Declaration.objects.filter(status__in=("approved", "on_notice")).order_by("pk"))
    if found is None:
        return None
    user = world.officer("clerk")
    return Gesture("deposit", lambda at: deeds.deposit_deed(actor=world.actor(user, at), declaration_id=found.pk, at=at))


def propose_reversal(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Declaration.objects.filter(branch_id=world.branch_id, status="deposited").order_by("-pk"))
    if found is None:
        return None
    user = world.officer(world.dice.choice(("clerk", "reviewer", "director", "supervisor")))
    return Gesture(
        "propose_reversal",
        lambda at: deeds.propose_reversal(actor=world.actor(user, at), declaration_id=found.pk, reason="记错人了", at=at),
    )


def decide_reversal(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Reversal.objects.filter(status="proposed").order_by("pk"))
    if found is None:
        return None
    user = world.officer(world.dice.choice(("director", "head")))
    if world.dice.random() < 0.15:
        return Gesture("drop_reversal", lambda at: deeds.drop_reversal(actor=world.actor(user, at), reversal_id=found.pk, at=at))
    write_off = world.dice.random() < 0.5
    return Gesture(
        "confirm_reversal",
        lambda at: deeds.confirm_reversal(actor=world.actor(user, at), reversal_id=found.pk, at=at, write_off=write_off),
    )


def preview(world: World, now: datetime) -> Gesture | None:
    """A reviewer looks and writes nothing."""
    found = some(world.dice, Declaration.objects.filter(branch_id=world.branch_id, status="submitted").order_by("pk"))
    return None if found is None else Gesture("preview", lambda at: deed_queries.preview(declaration=found))


# The mall


def order(world: World, now: datetime) -> Gesture:
    dice, key = world.dice, f"order-{world.number()}"
    product, quantity = dice.choice(world.products), dice.choice((1, 1, 1, 1, 2, 3))
    who = dice.choice(people(world))
    user = world.officer("teller")
    if dice.random() < 0.5:
        user = dice.choice(world.users)
        own = _borne_by(user_id=user)
        who = own[0][0] if own and dice.random() < 0.9 else who

    def place(at: datetime, more: int = 0) -> Order:
        return mall.place_order(
            actor=world.actor(user, at), product_id=product, branch_id=world.branch_id, depositor_id=who,
            quantity=quantity + more, submission_key=key, at=at,
        )  # fmt: skip

    return Gesture("order", place, key, lambda at: place(at, 1))


def hand_over(world: World, now: datetime) -> Gesture | None:
    """Usually an open order; now and then one that was fetched already, or the wrong code."""
    if world.dice.random() < 0.9:
        orders = _placed()
    else:
        ended = Order.objects.filter(status__in=("collected", "cancelled", "expired")).order_by("-pk")
        orders = list(ended.values_list("pk", "pickup_code")[:40])
    if not orders:
        return None
    pk, right = world.dice.choice(orders)
    user, code = world.officer("teller"), "00000000" if world.dice.random() < 0.03 else right
    return Gesture("hand_over", lambda at: mall.hand_over_order(actor=world.actor(user, at), order_id=pk, code=code, at=at))


def cancel(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Order.objects.order_by("-pk"), 20)
    if found is None:
        return None
    user = world.officer("teller")
    return Gesture("cancel", lambda at: mall.cancel_order(actor=world.actor(user, at), order_id=found.pk, at=at))


def refund(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Order.objects.filter(status__in=("collected", "refunded")).order_by("-pk"), 40)
    if found is None:
        return None
    user, restock = world.officer("clerk"), world.dice.random() < 0.5
    return Gesture(
        "refund",
        lambda at: mall.refund_order(actor=world.actor(user, at), order_id=found.pk, reason="坏了", restock=restock, at=at),
    )

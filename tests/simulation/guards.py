"""Switches that take one guard of the product away, to see that the simulation notices: its negative controls."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from wenming.core import audit, idempotency, writing
from wenming.core.actor import Actor
from wenming.domain.deeds import caps, declaring, depositing, register, reversing, reviewing
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.depositors import facts
from wenming.domain.depositors import policies as depositor_policies
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.inbox import services as inbox
from wenming.domain.ledger import engine
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order, Stock
from wenming.domain.notices import services as notices
from wenming.domain.rulebooks.engine import Usage

Switch = tuple[Any, str, Any]


def nothing(*_arguments: object, **_more: object) -> None:
    """A guard that lets everything through."""


def take_anyway(stock: Stock, quantity: int) -> bool:
    Stock.objects.filter(pk=stock.pk).update(quantity=max(0, stock.quantity - quantity))
    return True


def claim_anyway(order: Order, *, to: str, actor: Actor, at: datetime, reason: str = "") -> None:
    Order.objects.filter(pk=order.pk).update(status=to, ended_at=at, ended_by=actor.user_id)
    order.status = to


def remember_rights() -> Callable[..., Actor]:
    """Rights as they were when somebody came in first."""
    plain = depositor_queries.actor_for

    @functools.cache
    def known(user_id: int | None) -> Any:
        return []

    def actor_for(*, user_id: int | None, door: str, at: datetime) -> Actor:
        kept = known(user_id)
        if not kept:
            kept.append(plain(user_id=user_id, door=door, at=at))
        found: Actor = kept[0]
        return found

    return actor_for


def unlinked(event: Any) -> None:
    event.previous_hash = audit.START
    event.hash = audit.START
    event.save(force_insert=True)


def once_or_more(*, do: Callable[[], idempotency.Answer], **_rest: object) -> idempotency.Answer:
    return do()


@dataclass(frozen=True)
class Guard:
    """Which functions stand for it, and what people are busy with so that its absence shows soon (empty: with everything)."""

    switches: tuple[Switch, ...]
    busy: Mapping[str, int] = field(default_factory=dict)
    minutes: int = 60  # from gesture to gesture
    is_quick: bool = True  # shows within a hundred gestures or so; the others are left to the long run


DEEDS = {"declare": 8, "review": 8}
ORDERS = {"order": 8, "hand_over": 5, "receive_goods": 1}
WALL = {**DEEDS, "publish": 1, "timetable": 1}


def guards() -> Mapping[str, Guard]:
    """What can be switched off, by what it keeps."""
    return {
        "floor of a passbook": Guard(((engine, "_check_floor", nothing),), ORDERS),
        "caps": Guard(((caps, "usage_of", lambda **_given: Usage()),), DEEDS, is_quick=False),
        "publicity period": Guard(((notices, "check_may_clear", nothing),), {**WALL, "deposit": 4}),
        "an edit leaves the wall": Guard(((notices, "strike_line", lambda **_given: False),), {**WALL, "amend": 4}),
        "the day of a deed": Guard(((declaring, "check_day", nothing), (register, "check_day", nothing)), DEEDS),
        "rules of the day": Guard(
            ((reviewing, "put_under_rules_of_the_day", nothing),),
            {"declare": 8, "review": 4, "new_rules": 4},
            minutes=5,
            is_quick=False,
        ),
        "nobody reviews kin": Guard(((deed_queries, "is_barred", lambda **_given: False),), DEEDS),
        "kin once more at the deposit": Guard(
            ((depositing, "reviewer_is_kin", lambda _declaration: False),),
            {**WALL, "change_people": 5},
            minutes=90,
            is_quick=False,
        ),
        "who reviewed does not answer": Guard(
            ((reversing, "_check_handler", nothing),), {**WALL, "object_to": 4, "answer": 6}, is_quick=False
        ),
        "the last item": Guard(((mall, "_reserve", take_anyway),), ORDERS, is_quick=False),
        # An order that is fetched twice meets three more guards: the key of the posting, the end of the hold, the store itself.
        "one pick-up": Guard(
            (
                (mall, "_claim", claim_anyway),
                (engine, "_known", lambda _book_id, _postings: {}),
                (engine, "_check_past", nothing),
            ),
            ORDERS,
        ),
        "limit of one person": Guard(((mall, "_check_limit", nothing),), ORDERS, is_quick=False),
        "one delivery for one key": Guard(((idempotency, "once", once_or_more),), {"receive_goods": 1}),
        "all or nothing": Guard(((writing, "Turn", contextlib.nullcontext),)),
        "own village only": Guard(
            ((depositor_policies, "visible", lambda _actor: Q()), (Actor, "holds", lambda *_given, **_more: True)),
            {**DEEDS, **ORDERS, "intrude": 8},
        ),
        "rights end with the office": Guard(
            ((depositor_queries, "actor_for", remember_rights()),), {**DEEDS, **ORDERS, "intrude": 16, "change_office": 4}
        ),
        "minors have no name": Guard(((depositor_queries, "is_minor", lambda *_given: False),), WALL),
        "guardians of children": Guard(((facts, "GUARDIAN_AGE", 0),), {"child_born": 1}),
        "people are told": Guard(((inbox, "send", nothing),), ORDERS),
        "the trail is a chain": Guard(((audit, "_append", unlinked),)),
    }


@contextlib.contextmanager
def switched(switches: tuple[Switch, ...]) -> Iterator[None]:
    """Each attribute is something else for now."""
    before = [(place, attribute, getattr(place, attribute)) for place, attribute, _off in switches]
    try:
        for place, attribute, off in switches:
            setattr(place, attribute, off)
        yield
    finally:
        for place, attribute, plain in before:
            setattr(place, attribute, plain)


def without(name: str) -> contextlib.AbstractContextManager[None]:
    """Live with this guard switched off."""
    return switched(guards()[name].switches)

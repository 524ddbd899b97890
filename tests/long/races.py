"""R09: live races, round after round: the last item, one code at two counters, a cap, the end of a hold, a reversal.

Each round is started behind one barrier, every runner on a connection of its own. The twins run the same with the guard
off, on tables that are thrown away afterwards, and have to come to grief.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

from django.db import connection

from tests import deeds_stage
from tests.emptying import empty_tables
from tests.races_mall.together import together
from tests.shop import Shop, open_shop
from tests.simulation.guards import Switch, claim_anyway, nothing, switched
from wenming.core.actor import Actor, Grant, system
from wenming.core.errors import Refusal
from wenming.core.transactions import service
from wenming.domain.deeds import caps
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.models import Declaration
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.identity import services as identity
from wenming.domain.ledger import engine
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order, Stock
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks
from wenming.domain.rulebooks.engine import Usage

AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
BUYERS = ("王建国", "王秀梅", "单秀兰", "张伟", "王建国家")
LIMIT, APPROVERS = 3, 5
TWINS = 2  # rounds of each kind with the guard off, in every portion


@dataclass
class Field:
    """Where the races are run, and how many there were."""

    shop: Shop
    reviewers: list[int] = field(default_factory=list)
    number: int = 0

    @classmethod
    def prepare(cls) -> Field:
        shop = open_shop(AT, powder=0, money=100_000_000, points=0)
        mall.change_product(
            actor=shop.village.officer("clerk"), product_id=shop.powder_id, at=AT, times_max=None, price=1, cost=1
        )
        for name in BUYERS:
            shop.give(name, 1_000_000)
        items = deeds_stage.CLAUSES
        rulebooks.adopt_edition(
            actor=system("shell"), organisation_id=shop.village.head_bank_id, items=items, in_force_from=AT.date(), at=AT
        )
        for one in rulebook_queries.items_in_force(branch_id=shop.village.branch_id, on=AT.date()):
            shop.village.items[one.code] = one.pk
        made = cls(shop)
        made.reviewers = [identity.register_user(display_name="审核员", at=AT).pk for _place in range(APPROVERS)]
        return made

    def next(self) -> int:
        self.number += 1
        return self.number

    def buy(self, name: str, key: str) -> Order:
        return self.shop.order(name, key=key)


def last_item(ground: Field) -> bool:
    """One on the shelf and five buyers: one is sold."""
    shop, number = ground.shop, ground.next()
    mall.receive_stock(
        actor=shop.village.officer("clerk"), product_id=shop.powder_id, branch_id=shop.village.branch_id, quantity=1, at=AT
    )
    answers = together([partial(ground.buy, name, f"last-{number}-{name}") for name in BUYERS])
    return sum(isinstance(answer, Order) for answer in answers) == 1


def pick_up(ground: Field) -> bool:
    """One code at two counters: it is given out once."""
    shop, number = ground.shop, ground.next()
    mall.receive_stock(
        actor=shop.village.officer("clerk"), product_id=shop.powder_id, branch_id=shop.village.branch_id, quantity=1, at=AT
    )
    order = ground.buy(BUYERS[number % len(BUYERS)], f"pick-{number}")
    counters = [shop.village.officer(role) for role in ("teller", "clerk")]
    answers = together(
        [partial(mall.hand_over_order, actor=one, order_id=order.pk, code=order.pickup_code, at=AT) for one in counters]
    )
    return sum(isinstance(answer, Order) for answer in answers) == 1


def cap(ground: Field) -> bool:
    """Five deeds of one person under a clause that holds three in a month, approved at once: three are."""
    shop, number = ground.shop, ground.next()
    at = AT + timedelta(days=32 * number)
    village = shop.village
    made = [deeds_stage.declare(village, "王秀梅", "1.1", at=at, key=f"cap-{number}-{place}") for place in range(APPROVERS)]
    with counting_together():
        answers = together([partial(approve, ground, place, one, at) for place, one in enumerate(made)])
    return sum(isinstance(answer, Declaration) for answer in answers) == LIMIT


def approve(ground: Field, place: int, declaration: Declaration, at: datetime) -> Declaration:
    branch_id = ground.shop.village.branch_id
    actor = Actor(ground.reviewers[place], "console", (Grant("reviewer", branch_id, frozenset({branch_id})),))
    return deeds.review_declaration(actor=actor, declaration_id=declaration.pk, decision="approve", reason="", revision=1, at=at)


def hold_end(ground: Field) -> bool:
    """Four ways to end one hold: one does."""
    number, account = ground.next(), account_of(ground, "王建国")
    held = post(ground, account, "escrow", f"hold-{number}", ledger.Kind.ORDER_PLACED)
    answers = together(
        [
            partial(post, ground, "escrow", "redeemed", f"end-{number}-{place}", ledger.Kind.ORDER_COLLECTED, held)
            for place in range(4)
        ]
    )
    return sum(isinstance(answer, int) for answer in answers) == 1


def reversal(ground: Field) -> bool:
    """Four who put the same line right, each under a key of his own: one does."""
    number, account = ground.next(), account_of(ground, "单秀兰")
    earned = post(ground, "issuance", account, f"earn-{number}", ledger.Kind.DEED_DEPOSITED)
    answers = together(
        [partial(ledger.reverse, transaction_id=earned, key=f"undo-{number}-{place}", at=AT) for place in range(4)]
    )
    return sum(not isinstance(answer, Refusal) for answer in answers) == 1


def account_of(ground: Field, name: str) -> int:
    return depositor_queries.passbook_of(depositor_id=ground.shop.village.person(name)).points_account_id


def post(ground: Field, source: int | str, target: int | str, key: str, kind: str, ends: int | None = None) -> int:
    moves = (ledger.Move(source, target, 1),)
    posting = ledger.Posting(ledger.Kind(kind), f"race:{key}"[:64], moves, key, AT, AT, "", ends)
    return service(ledger.post)(book_id=ground.shop.village.book_id, posting=posting).pk


# The twins


def take_all(stock: Stock, quantity: int) -> bool:
    Stock.objects.filter(pk=stock.pk).update(quantity=0)
    return True


_meeting: Barrier | None = None


@contextlib.contextmanager
def counting_together() -> Iterator[None]:
    """Where no turns are taken, everybody counts before anybody approves."""
    global _meeting
    _meeting = Barrier(APPROVERS)
    try:
        yield
    finally:
        _meeting = None


def without_turns() -> tuple[Switch, ...]:
    plain = caps.usage_of

    def usage_of(**given: Any) -> Usage:
        if connection.vendor == "sqlite":
            return Usage()
        found = plain(**given)
        if _meeting is not None:
            _meeting.wait(timeout=60)
        return found

    return (caps, "hold", nothing), (caps, "usage_of", usage_of)


def twins() -> Mapping[str, tuple[Switch, ...]]:
    return {
        "last_item": ((mall, "_reserve", take_all),),
        "pick_up": ((mall, "_claim", claim_anyway),),
        "cap": without_turns(),
        "hold_end": ((engine, "_check_past", nothing),),
        "reversal": ((engine, "_check_past", nothing), (ledger_queries, "reversal_of", nothing)),
    }


RACES: Mapping[str, Callable[[Field], bool]] = {
    "last_item": last_item,
    "pick_up": pick_up,
    "cap": cap,
    "hold_end": hold_end,
    "reversal": reversal,
}


def comes_to_grief(race: Callable[[Field], bool], ground: Field) -> bool:
    """Whether the rule was broken, or the store itself had to say no."""
    try:
        return not race(ground)
    except Exception:
        return True


def work(seed: int, units: int) -> dict[str, Any]:
    """So many rounds, the kinds in turn; then a few of each kind with its guard off."""
    dice, found = random.Random(seed), Counter[str](failed=0)
    empty_tables()
    ground = Field.prepare()
    kinds = list(RACES)
    dice.shuffle(kinds)
    for place in range(units):
        name = kinds[place % len(kinds)]
        found[f"rounds {name}"] += 1
        found["failed"] += not RACES[name](ground)
    found["failed"] += not ledger_queries.verify().ok or bool(mall_queries.stock_faults())
    for name, switches in twins().items():
        empty_tables()
        ground = Field.prepare()
        with switched(switches):
            for _round in range(TWINS):
                found["twins"] += 1
                found["twins_failed"] += comes_to_grief(RACES[name], ground)
    empty_tables()
    return dict(found)

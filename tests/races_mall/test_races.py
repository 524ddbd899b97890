"""Races in the mall, each with its twin: with the guard off the same test must see the damage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.races_mall.together import together
from tests.shop import Shop, open_shop
from wenming.core import audit, idempotency
from wenming.core.actor import Actor, system
from wenming.core.errors import Refusal
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import queries
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order, Stock

pytestmark = pytest.mark.django_db(transaction=True)
BUYERS = ("王建国", "王秀梅", "单秀兰", "张伟", "王建国家")


def hold_true(shop: Shop) -> None:
    """After every race: stock adds up, the books verify, the trail is one chain."""
    assert queries.stock_faults() == []
    assert ledger_queries.verify().ok
    assert audit.first_broken() is None


def buy(shop: Shop, teller: Actor, place: int, name: str, key: str = "") -> Order:
    return mall.place_order(
        actor=teller,
        product_id=shop.powder_id,
        branch_id=shop.village.branch_id,
        depositor_id=shop.village.person(name),
        quantity=1,
        submission_key=key or f"race-{place}",
        at=shop.at,
    )


def left(shop: Shop) -> int:
    return Stock.objects.get(product_id=shop.powder_id, branch_id=shop.village.branch_id).quantity


# The last item, twenty buyers


def race_for_the_last(shop: Shop) -> None:
    mall.change_product(actor=shop.village.officer("clerk"), product_id=shop.powder_id, at=shop.at, times_max=None)
    teller = shop.village.officer("teller")
    results = together([partial(buy, shop, teller, place, BUYERS[place % len(BUYERS)]) for place in range(20)])
    sold = [result for result in results if isinstance(result, Order)]
    assert len(sold) == 1, f"{len(sold)} sold of the last one"
    assert all(isinstance(result, mall.NothingLeft) for result in results if result not in sold)
    assert left(shop) == 0


def test_the_last_item_is_sold_once(at: datetime) -> None:
    shop = open_shop(at, powder=1)
    race_for_the_last(shop)
    hold_true(shop)


def test_the_last_item_without_its_guard(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def unguarded(stock: Stock, quantity: int) -> bool:
        Stock.objects.filter(pk=stock.pk).update(quantity=0)
        return True

    monkeypatch.setattr(mall, "_reserve", unguarded)
    with pytest.raises(AssertionError, match="sold of the last one"):
        race_for_the_last(open_shop(at, powder=1))


# One code at two counters


def race_for_pick_up(shop: Shop) -> None:
    teller, clerk = shop.village.officer("teller"), shop.village.officer("clerk")
    for place in range(5):
        order = buy(shop, teller, place, BUYERS[place])
        hand_over: Callable[..., Any] = partial(
            mall.hand_over_order, order_id=order.pk, code=order.pickup_code, at=shop.at + timedelta(hours=1)
        )
        results = together([partial(hand_over, actor=actor) for actor in (teller, clerk)])
        given = [result for result in results if isinstance(result, Order)]
        assert len(given) == 1, "handed over twice"
        (refused,) = [result for result in results if isinstance(result, Refusal)]
        assert isinstance(refused, mall.AlreadyCollected) and "领过了" in refused.words
    assert shop.money() == 100_000 - 5 * 1500


def test_a_code_is_taken_once(at: datetime) -> None:
    shop = open_shop(at)
    race_for_pick_up(shop)
    hold_true(shop)


def test_a_code_without_its_guard(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def unguarded(order: Order, *, to: str, actor: Actor, at: datetime, reason: str = "") -> None:
        Order.objects.filter(pk=order.pk).update(status=to, ended_at=at, ended_by=actor.user_id)
        order.status = to

    monkeypatch.setattr(mall, "_claim", unguarded)
    with pytest.raises(AssertionError, match="handed over twice"):
        race_for_pick_up(open_shop(at))


# The limit of one person


def race_for_the_limit(shop: Shop) -> None:
    teller = shop.village.officer("teller")
    results = together([partial(buy, shop, teller, place, "王建国") for place in range(4)])
    sold = [result for result in results if isinstance(result, Order)]
    assert len(sold) == 3, f"{len(sold)} over a limit of three"
    assert sum(isinstance(result, mall.LimitReached) for result in results) == 1


def test_limits_hold_under_concurrency(at: datetime) -> None:
    shop = open_shop(at)
    race_for_the_limit(shop)
    hold_true(shop)


def test_limits_without_their_guard(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mall, "_check_limit", lambda order, at: None)
    with pytest.raises(AssertionError, match="over a limit of three"):
        race_for_the_limit(open_shop(at))


# Ends that meet


def test_pick_up_and_expiry_meet(at: datetime) -> None:
    """Clocks three seconds apart around the end: an order ends once, one way or the other."""
    shop = open_shop(at)
    teller = shop.village.officer("teller")
    for place in range(4):
        order = buy(shop, teller, place, BUYERS[place])
        end = order.pick_up_by
        results = together(
            [
                partial(mall.hand_over_order, actor=teller, order_id=order.pk, at=end - timedelta(seconds=2)),
                partial(mall.expire_order, actor=system(), order_id=order.pk, at=end + timedelta(seconds=1)),
                partial(mall.cancel_order, actor=teller, order_id=order.pk, at=end),
            ]
        )
        assert sum(isinstance(result, Order) for result in results) == 1
    hold_true(shop)


def test_the_same_submission_from_all_sides(at: datetime) -> None:
    shop = open_shop(at)
    teller = shop.village.officer("teller")
    results = together([partial(buy, shop, teller, place, "王建国", "same") for place in range(20)])
    assert len({order.pk for order in results}) == 1
    assert shop.points_of("王建国") == 8000 and left(shop) == 9
    hold_true(shop)


# The same Idempotency-Key, fifty times at once


def race_with_one_key(shop: Shop) -> None:
    clerk = shop.village.officer("clerk")

    def deliver() -> idempotency.Answer:
        stock = mall.receive_stock(
            actor=clerk, product_id=shop.powder_id, branch_id=shop.village.branch_id, quantity=5, at=shop.at
        )
        return idempotency.Answer(201, str(stock.quantity).encode())

    say = partial(idempotency.once, owner_id=1, key="k", request="same", at=shop.at, do=deliver)
    answers = together([say] * 50)
    assert left(shop) == 15, "delivered more than once"
    assert {(answer.status, answer.body) for answer in answers} == {(201, b"15")}
    assert sum(answer.is_repeat for answer in answers) == 49


def test_one_key_counts_once(at: datetime) -> None:
    shop = open_shop(at)
    race_with_one_key(shop)
    hold_true(shop)


def test_one_key_without_its_guard(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "once", lambda *, do, **_rest: do())
    with pytest.raises(AssertionError, match="delivered more than once"):
        race_with_one_key(open_shop(at))

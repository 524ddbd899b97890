"""Copies that arrive at the same instant, and two counters that gave out one order: settled once, whoever comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from tests.races_mall.together import together
from tests.shop import Shop, open_shop
from wenming.core import fates
from wenming.core.actor import Actor
from wenming.core.errors import Conflict
from wenming.core.models import Fate
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order

pytestmark = pytest.mark.django_db(transaction=True)
COPIES = 12


def hand_over(actor: Actor, order: Order, at: datetime) -> fates.Effect:
    subject = f"order:{order.pk}"
    try:
        mall.hand_over_order(actor=actor, order_id=order.pk, code=order.pickup_code, at=at)
    except Conflict as refusal:
        return fates.Effect(subject, order.branch_id, fates.Outcome.CONFLICT, refusal)
    return fates.Effect(subject, order.branch_id)


def a_copy(shop: Shop, key: str, do: Callable[[], fates.Effect]) -> Callable[[], Fate]:
    item = fates.Item(key * 32, "hand_over", "the same", shop.at)
    return partial(fates.settle, user_id=1, item=item, at=shop.at, do=do)


def race_of_copies(shop: Shop) -> None:
    order = shop.order("王建国", key="raced")
    give = partial(hand_over, shop.village.officer("teller"), order, shop.at)
    told = together([a_copy(shop, "a", give) for _ in range(COPIES)])
    assert [fate.outcome for fate in told] == ["applied"] * COPIES, "a copy was settled anew"
    assert Fate.objects.count() == 1


def test_copies_at_once_have_one_fate(at: datetime) -> None:
    shop = open_shop(at)
    race_of_copies(shop)
    assert mall_queries.stock_faults() == [] and ledger_queries.verify().ok


def test_copies_at_once_without_the_guard(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(*, user_id: int, item: fates.Item, at: datetime, do: Callable[[], fates.Effect]) -> fates.Effect:
        return do()

    monkeypatch.setattr(fates, "settle", forgetful)
    with pytest.raises(AssertionError, match="a copy was settled anew"):
        race_of_copies(open_shop(at))


def test_two_counters_that_gave_out_one_order(at: datetime) -> None:
    """One is booked, the others are conflicts that name it; stock, points and money count one."""
    shop = open_shop(at)
    order = shop.order("王建国", key="raced")
    teller, clerk = shop.village.officer("teller"), shop.village.officer("clerk")
    keys = "abcdef"
    gives = [partial(hand_over, (teller, clerk)[place % 2], order, at) for place in range(len(keys))]
    told = together([a_copy(shop, key, give) for key, give in zip(keys, gives, strict=True)])
    assert Counter(fate.outcome for fate in told) == {"applied": 1, "conflict": len(keys) - 1}
    assert {fate.code for fate in told if fate.outcome == "conflict"} == {"mall.already_collected"}
    assert shop.points_of("王建国") == 8000 and shop.money() == 100_000 - 1500
    assert mall_queries.stock_faults() == [] and ledger_queries.verify().ok

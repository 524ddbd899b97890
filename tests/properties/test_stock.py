"""Stock against a plain number: whatever is received, counted, ordered, fetched, given up, expired or taken back, the changes
add up to the stock, nothing goes below zero, no order has more than one deduction, and the books verify at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from tests.shop import Shop, standing_shop
from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.domain.funds import queries as fund_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import queries
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order, Stock

pytestmark = pytest.mark.django_db
NAMES = ("王建国", "王秀梅", "张伟")
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["receive", "count", "order", "order", "order", "fetch", "cancel", "expire", "refund", "lose"]),
        st.integers(0, 6),
        st.integers(0, 5),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Shop]:
    with standing_shop(django_db_blocker) as shop:
        yield shop


class Model:
    """What a careful shopkeeper would have in the head."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.left, self.open, self.done = shop, 10, {}, {}
        self.points = {name: shop.points_of(name) for name in NAMES}
        self.money = shop.money()
        self.clerk, self.teller = shop.village.officer("clerk"), shop.village.officer("teller")
        self.made = 0

    def act(self, name: str, count: int, place: int) -> None:
        work: Callable[[int, int], None] = getattr(self, name)
        try:
            work(count, place)
        except Refusal:
            return

    def receive(self, count: int, place: int) -> None:
        mall.receive_stock(actor=self.clerk, **self.here(), quantity=count, at=self.shop.at)
        self.left += count

    def count(self, count: int, place: int) -> None:
        mall.count_stock(actor=self.clerk, **self.here(), counted=count, at=self.shop.at)
        self.left = count

    def here(self) -> dict[str, int]:
        return {"product_id": self.shop.powder_id, "branch_id": self.shop.village.branch_id}

    def order(self, count: int, place: int) -> None:
        self.made += 1
        name = NAMES[place % len(NAMES)]
        order = self.shop.order(name, key=f"o{self.made}", quantity=count)
        self.left -= count
        self.points[name] -= 2000 * count
        self.open[order.pk] = (order, name)

    def pick(self, among: dict[int, tuple[Order, str]], place: int) -> tuple[Order, str]:
        if not among:
            raise mall.NotCollected
        return among[sorted(among)[place % len(among)]]

    def fetch(self, count: int, place: int) -> None:
        order, name = self.pick(self.open, place)
        mall.hand_over_order(actor=self.teller, order_id=order.pk, code=order.pickup_code, at=self.shop.at)
        self.done[order.pk] = self.open.pop(order.pk)
        self.money -= order.cost

    def give_back(self, order: Order, name: str) -> None:
        self.left += order.quantity
        self.points[name] += order.price

    def cancel(self, count: int, place: int) -> None:
        order, name = self.pick(self.open, place)
        mall.cancel_order(actor=self.teller, order_id=order.pk, at=self.shop.at)
        del self.open[order.pk]
        self.give_back(order, name)

    def expire(self, count: int, place: int) -> None:
        order, name = self.pick(self.open, place)
        mall.expire_order(actor=system(), order_id=order.pk, at=self.shop.at + timedelta(days=30))
        del self.open[order.pk]
        self.give_back(order, name)

    def refund(self, count: int, place: int) -> None:
        self.take_back(place, restock=True)

    def lose(self, count: int, place: int) -> None:
        self.take_back(place, restock=False)

    def take_back(self, place: int, *, restock: bool) -> None:
        order, name = self.pick(self.done, place)
        mall.refund_order(actor=self.clerk, order_id=order.pk, reason="坏了", restock=restock, at=self.shop.at)
        del self.done[order.pk]
        self.money += order.cost
        self.give_back(order, name)
        if not restock:
            self.left -= order.quantity

    def check(self) -> None:
        assert Stock.objects.get(**self.here()).quantity == self.left >= 0
        assert queries.stock_faults() == []
        assert {name: self.shop.points_of(name) for name in NAMES} == self.points
        assert self.shop.money() == self.money
        drawn = fund_queries.draws_for(subjects=[f"order:{pk}" for pk in [*self.open, *self.done]])
        assert set(drawn) == {f"order:{pk}" for pk in self.done}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_stock_points_and_money_follow_the_model(built: Shop, acts: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        model = Model(deepcopy(built))
        for name, count, place in acts:
            model.act(name, count, place)
            model.check()
        assert ledger_queries.verify().ok
        transaction.set_rollback(True)

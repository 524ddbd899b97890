"""A small mall in Willow Creek for tests: a fund with money, washing powder, one basketball, and people with points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests import village as villages
from tests.copies import kept
from wenming.core import clock
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.funds import queries as fund_queries
from wenming.domain.funds import services as funds
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order


@dataclass
class Shop:
    village: villages.Village
    fund_id: int
    powder_id: int
    ball_id: int

    @property
    def at(self) -> datetime:
        return self.village.at

    def points_of(self, name: str) -> int:
        passbook = depositor_queries.passbook_of(depositor_id=self.village.person(name))
        return ledger_queries.balance(account_id=passbook.points_account_id)

    def money(self) -> int:
        (row,) = [row for row in fund_queries.fund_balances(actor=self.village.officer("clerk")) if row.id == self.fund_id]
        return row.balance

    def give(self, name: str, points: int) -> None:
        """Points as an old paper book would bring them in."""
        passbook = depositor_queries.passbook_of(depositor_id=self.village.person(name))
        ledger.post(
            book_id=self.village.book_id,
            posting=ledger.Posting(
                kind=ledger.Kind.OPENING_BALANCE,
                subject=f"opening:{passbook.pk}",
                moves=(ledger.Move("opening", passbook.points_account_id, points),),
                key=f"opening:{passbook.pk}:{points}",
                occurred_at=self.at - timedelta(days=30),
                recorded_at=self.at - timedelta(days=30),
            ),
        )

    def order(
        self, name: str, *, key: str, quantity: int = 1, product_id: int | None = None, at: datetime | None = None
    ) -> Order:
        """An order made at the counter."""
        return mall.place_order(
            actor=self.village.officer("teller"),
            product_id=product_id or self.powder_id,
            branch_id=self.village.branch_id,
            depositor_id=self.village.person(name),
            quantity=quantity,
            submission_key=key,
            at=at or self.at,
        )


MORNING = datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)


@contextmanager
def standing_shop(blocker: DjangoDbBlocker, **more: int) -> Iterator[Shop]:
    """One shop for a whole module of tests: each test runs in a savepoint over it, and it is gone at the end."""
    with blocker.unblock(), transaction.atomic():
        yield open_shop(MORNING, **more)
        transaction.set_rollback(True)


@kept
def open_shop(at: datetime, *, powder: int = 10, money: int = 100_000, points: int = 10_000) -> Shop:
    """A shop with washing powder at 20 points (cost 15 yuan) and a basketball for minors at 60."""
    village = villages.build(at)
    director, clerk = village.officer("director"), village.officer("clerk")
    fund = funds.open_fund(actor=director, organisation_id=village.branch_id, source="donation", name="爱心超市专款", at=at)
    if money:
        funds.receive_money(
            actor=clerk,
            fund_id=fund.pk,
            amount=money,
            number="0001",
            payer="清溪供销社",
            received_on=clock.local_date(at),
            at=at,
        )
    made = [
        mall.add_product(
            actor=clerk,
            organisation_id=village.branch_id,
            kind="goods",
            title=title,
            price=price,
            at=at,
            fund_id=fund.pk,
            **facts,
        ).pk
        for title, price, facts in (
            ("洗衣粉", 2000, {"cost": 1500, "times_max": 3, "unit": "袋"}),
            ("篮球", 6000, {"cost": 4000, "is_for_minors": True, "unit": "个"}),
        )
    ]
    shop = Shop(village, fund.pk, *made)
    for product_id, quantity in zip(made, (powder, 1), strict=True):
        if quantity:
            mall.receive_stock(actor=clerk, product_id=product_id, branch_id=village.branch_id, quantity=quantity, at=at)
    if points:
        for name in ("王建国", "王小雨", "王秀梅", "单秀兰", "王建国家", "张伟"):
            shop.give(name, points)
    return shop

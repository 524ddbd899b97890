"""Funds: money in under a receipt, drawn once for a subject, taken back once, never below zero."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta

import pytest
from pytest_django import DjangoDbBlocker

from tests.shop import Shop, standing_shop
from wenming.core.actor import system
from wenming.core.errors import Conflict, NotAllowed, NotFound, WrongInput
from wenming.core.points import NotPositive, TooLarge
from wenming.domain.funds import queries
from wenming.domain.funds import services as funds
from wenming.domain.ledger import queries as ledger_queries

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Shop]:
    with standing_shop(django_db_blocker, points=0) as shop:
        yield shop


@pytest.fixture
def shop(built: Shop) -> Shop:
    return deepcopy(built)


def receive(shop: Shop, amount: int = 500, number: str = "7", on: date = date(2026, 3, 12), who: str = "clerk") -> int:
    return funds.receive_money(
        actor=shop.village.officer(who), fund_id=shop.fund_id, amount=amount, number=number, payer="", received_on=on, at=shop.at
    ).pk


def draw(shop: Shop, subject: str = "order:900", amount: int = 400) -> funds.Draw:
    return funds.draw(
        actor=shop.village.officer("teller"),
        fund_id=shop.fund_id,
        subject=subject,
        amount=amount,
        at=shop.at,
        key=f"draw:{subject}",
    )


def test_a_receipt_counts_once(shop: Shop) -> None:
    assert receive(shop) == receive(shop) and shop.money() == 100_500
    with pytest.raises(funds.ReceiptNumberTaken):
        receive(shop, amount=600)
    assert [row.amount for row in queries.receipts_of(actor=shop.village.officer("supervisor"), fund_id=shop.fund_id)] == [
        500,
        100_000,
    ]


@pytest.mark.parametrize(("amount", "refusal"), [(0, NotPositive), (-5, NotPositive), (10**11, TooLarge)])
def test_absurd_amounts(shop: Shop, amount: int, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        receive(shop, amount=amount)


def test_money_cannot_come_tomorrow(shop: Shop) -> None:
    with pytest.raises(WrongInput):
        receive(shop, on=shop.at.date() + timedelta(days=1))


def test_who_keeps_the_money(shop: Shop) -> None:
    with pytest.raises(NotAllowed):
        receive(shop, who="teller")
    with pytest.raises(NotFound):
        receive(shop, who="other_clerk")
    with pytest.raises(NotAllowed):
        funds.open_fund(
            actor=shop.village.officer("clerk"), organisation_id=shop.village.branch_id, source="fiscal", name="专项", at=shop.at
        )
    with pytest.raises(NotAllowed):
        funds.open_fund(
            actor=shop.village.officer("director"),
            organisation_id=shop.village.head_bank_id,
            source="fiscal",
            name="专项",
            at=shop.at,
        )
    assert queries.fund_balances(actor=shop.village.officer("other_director")) == []
    assert [row.name for row in queries.fund_balances(actor=shop.village.officer("head"))] == ["爱心超市专款"]


def test_a_branch_sees_what_is_left_in_the_funds_its_goods_draw_on(shop: Shop) -> None:
    """The head bank's funds: the balance is open to the branch's officers, the movements are not; other people see nothing."""
    village = shop.village
    fund = funds.open_fund(
        actor=village.officer("head"), organisation_id=village.head_bank_id, source="donation", name="爱心捐赠", at=shop.at
    )
    clerk = village.officer("clerk")
    assert [(row.name, row.balance) for row in queries.funds_behind(actor=clerk, branch_id=village.branch_id)] == [
        ("爱心捐赠", 0)
    ]
    with pytest.raises(NotFound):
        queries.receipts_of(actor=clerk, fund_id=fund.pk)
    for other in (village.officer("other_clerk"), village.villager("王建国")):
        with pytest.raises(NotFound):
            queries.funds_behind(actor=other, branch_id=village.branch_id)


def test_names_are_unique_and_sources_known(shop: Shop) -> None:
    director = shop.village.officer("director")
    with pytest.raises(funds.FundNameTaken):
        funds.open_fund(actor=director, organisation_id=shop.village.branch_id, source="fiscal", name="爱心超市专款", at=shop.at)
    for source, name in (("lottery", "彩票"), ("fiscal", "  "), ("fiscal", "长" * 61)):
        with pytest.raises(WrongInput):
            funds.open_fund(actor=director, organisation_id=shop.village.branch_id, source=source, name=name, at=shop.at)


def test_one_draw_a_subject_one_way_back(shop: Shop) -> None:
    assert draw(shop).pk == draw(shop).pk and shop.money() == 99_600
    with pytest.raises(Conflict):
        draw(shop, amount=500)
    for _ in range(2):
        funds.return_draw(actor=shop.village.officer("clerk"), subject="order:900", at=shop.at)
    assert shop.money() == 100_000
    with pytest.raises(funds.NoDraw):
        funds.return_draw(actor=shop.village.officer("clerk"), subject="order:901", at=shop.at)
    assert ledger_queries.verify().ok


def test_never_below_zero(shop: Shop) -> None:
    funds.set_limit(actor=system("shell"), fund_id=shop.fund_id, limit=10**6, at=shop.at)
    with pytest.raises(funds.FundTooLow):
        draw(shop, amount=100_001)
    rows = [funds.DrawRow(shop.fund_id, f"order:{number}", 60_000, shop.at) for number in (1, 2)]
    with pytest.raises(funds.FundTooLow):
        funds.draw_many(actor=shop.village.officer("clerk"), rows=rows)
    assert shop.money() == 100_000 and queries.draws_for(subjects=["order:1"]) == {}


def test_villagers_do_not_draw(shop: Shop) -> None:
    with pytest.raises(NotAllowed):
        funds.draw(actor=shop.village.villager("张伟"), fund_id=shop.fund_id, subject="x:1", amount=1, at=shop.at, key="draw:x:1")

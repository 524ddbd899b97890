"""Redemptions of the past, thousands at a time: the same rows, postings and draws that one order makes. Part of the services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from wenming.core import audit, bulk, chance, clock
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.funds import services as funds
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import policies
from wenming.domain.mall.models import Order, Product, Stock, StockChange
from wenming.domain.organisations import queries as organisation_queries


class NotEnoughInStock(Refusal):
    code, message, status = "mall.not_enough_in_stock", _("“{title}”的库存不够这么多次兑换，请先补登入库。"), 409


@dataclass(frozen=True, slots=True)
class RedeemRow:
    """One redemption that a paper book shows: what, for whom, how many, ordered when, fetched when."""

    product_id: int
    depositor_id: int
    quantity: int
    placed_at: datetime
    collected_at: datetime


class Sale(NamedTuple):
    """One row with the number that its order gets, and what it costs in all: points, and fen."""

    pk: int
    row: RedeemRow
    product: Product
    passbook: depositor_queries.Passbook
    price: int
    cost: int

    @property
    def subject(self) -> str:
        return f"order:{self.pk}"


@service
def redeem_many(*, actor: Actor, branch_id: int, rows: Sequence[RedeemRow], key: str, at: datetime) -> list[int]:
    """Record collected redemptions as they happened: the ids of the orders. The same `key` again has no second effect.

    Refuses the whole batch when stock, points or a fund would not have been enough. Limits per person are not asked
    again: these goods have been given out.
    """
    require(actor.is_system or policies.may_keep_products(actor, branch_id))
    known = Order.objects.filter(submission_key__gt=f"{key}:", submission_key__lt=f"{key};").order_by("id")
    done = list(known.values_list("pk", flat=True))
    if done or not rows:
        return done
    if not key or len(key) > 80 or ":" in key:
        raise WrongInput(field="key")
    sales = _sales(branch_id, sorted(rows, key=lambda row: row.collected_at))
    _take_from_stocks(actor, branch_id, sales)
    posted = _post(branch_id, sales)
    failpoint("mall.history_posted")
    _write_orders(actor, branch_id, sales, key, posted)
    failpoint("mall.history_written")
    draws = [
        funds.DrawRow(sale.product.fund_id, sale.subject, sale.cost, sale.row.collected_at)
        for sale in sales
        if sale.cost and sale.product.fund_id is not None
    ]
    funds.draw_many(actor=actor, rows=draws)
    audit.record(
        actor=actor,
        act="mall.history_recorded",
        subject=f"orders:{key}",
        at=at,
        organisation_id=branch_id,
        facts={"orders": len(sales)},
    )
    return [sale.pk for sale in sales]


def _sales(branch_id: int, rows: Sequence[RedeemRow]) -> list[Sale]:
    """Every row with its product, passbook and number; the number is the subject under which the points move."""
    products = Product.objects.in_bulk({row.product_id for row in rows})
    passbooks = depositor_queries.passbooks_of(depositor_ids={row.depositor_id for row in rows})
    sales = []
    for pk, row in zip(bulk.next_ids(Order, len(rows)), rows, strict=True):
        product, passbook = products.get(row.product_id), passbooks.get(row.depositor_id)
        if product is None or passbook is None or passbook.branch_id != branch_id:
            raise NotFound(field="rows")
        if row.quantity < 1 or row.collected_at < row.placed_at:
            raise WrongInput(field="rows")
        sales.append(Sale(pk, row, product, passbook, product.price * row.quantity, product.cost * row.quantity))
    return sales


def _new_codes(count: int) -> list[str]:
    """Distinct pickup codes that no open order has."""
    taken = set(Order.objects.filter(status=Order.Status.PLACED).values_list("pickup_code", flat=True))
    codes: list[str] = []
    while len(codes) < count:
        code = chance.digits(8)
        if code not in taken:
            taken.add(code)
            codes.append(code)
    return codes


def _take_from_stocks(actor: Actor, branch_id: int, sales: Sequence[Sale]) -> None:
    """The stocks, locked, are lowered once each; every order still has its own change."""
    totals: dict[int, int] = defaultdict(int)
    for sale in sales:
        totals[sale.row.product_id] += sale.row.quantity
    found = Stock.objects.select_for_update().filter(branch_id=branch_id, product_id__in=totals).order_by("pk")
    stocks = {stock.product_id: stock for stock in found}
    for product_id, total in totals.items():
        stock = stocks.get(product_id)
        if stock is None or stock.quantity < total:
            raise NotEnoughInStock(title=next(one.product.title for one in sales if one.row.product_id == product_id))
    bulk.update(Stock, ["quantity"], [(stock.quantity - totals[pk], stock.pk) for pk, stock in stocks.items()])
    changes = [
        (
            stocks[sale.row.product_id].pk,
            StockChange.Reason.RESERVED,
            -sale.row.quantity,
            sale.subject,
            actor.user_id,
            sale.row.placed_at,
        )
        for sale in sales
    ]
    bulk.insert(StockChange, ("stock", "reason", "quantity", "subject", "changed_by", "changed_at"), changes)


def _post(branch_id: int, sales: Sequence[Sale]) -> list[tuple[int, int]]:
    """Hold and redeem, two batches: every order has both transactions, as if it had been placed and fetched alone."""
    book_id, scope = organisation_queries.book_and_scope(branch_id=branch_id)
    holds = [
        ledger.Posting(
            kind=ledger.Kind.ORDER_PLACED,
            subject=sale.subject,
            moves=(ledger.Move(sale.passbook.points_account_id, "escrow", sale.price),),
            key=f"{sale.subject}:hold",
            occurred_at=sale.row.placed_at,
            recorded_at=sale.row.placed_at,
            scope=scope,
        )
        for sale in sales
    ]
    held = ledger.post_many(book_id=book_id, postings=holds)
    ends = [
        ledger.Posting(
            kind=ledger.Kind.ORDER_COLLECTED,
            subject=sale.subject,
            moves=(ledger.Move("escrow", "redeemed", sale.price),),
            key=f"{sale.subject}:end",
            occurred_at=sale.row.collected_at,
            recorded_at=sale.row.collected_at,
            scope=scope,
            ends=hold,
        )
        for sale, hold in zip(sales, held, strict=True)
    ]
    return list(zip(held, ledger.post_many(book_id=book_id, postings=ends), strict=True))


COLUMNS = (
    "id", "public_id", "branch", "product", "depositor", "passbook", "quantity", "price", "cost", "pickup_code", "status", "door",
    "placed_by", "placed_at", "pick_up_by", "ended_at", "ended_by", "reason", "submission_key", "request_hash", "held", "settled",
)  # fmt: skip


def _write_orders(actor: Actor, branch_id: int, sales: Sequence[Sale], key: str, posted: Sequence[tuple[int, int]]) -> None:
    """The orders, collected already, without an object for each."""
    codes, public_ids = _new_codes(len(sales)), chance.public_ids(len(sales))
    rows = [
        (
            sale.pk, public_ids[place], branch_id, sale.product.pk, sale.row.depositor_id, sale.passbook.pk, sale.row.quantity,
            sale.price, sale.cost, codes[place], Order.Status.COLLECTED, "sheet", actor.user_id, sale.row.placed_at,
            clock.day_end(clock.local_date(sale.row.placed_at) + timedelta(days=sale.product.pickup_days)), sale.row.collected_at,
            actor.user_id, "", f"{key}:{place}", "", *posted[place],
        )
        for place, sale in enumerate(sales)
    ]  # fmt: skip
    bulk.insert(Order, COLUMNS, rows)

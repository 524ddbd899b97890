"""Redemptions of the past, thousands at a time: the same rows, postings and draws that one order makes. Part of the services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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


@service
def redeem_many(*, actor: Actor, branch_id: int, rows: Sequence[RedeemRow], key: str, at: datetime) -> list[Order]:
    """Record collected redemptions as they happened; the same `key` again has no second effect.

    Refuses the whole batch when stock, points or a fund would not have been enough. Limits per person are not asked
    again: these goods have been given out.
    """
    require(actor.is_system or policies.may_keep_products(actor, branch_id))
    known = Order.objects.filter(submission_key__gt=f"{key}:", submission_key__lt=f"{key};").order_by("id")
    if known.exists() or not rows:
        return list(known)
    if not key or len(key) > 80 or ":" in key:
        raise WrongInput(field="key")
    orders = _write_orders(actor, branch_id, sorted(rows, key=lambda row: row.collected_at), key)
    _take_from_stocks(actor, branch_id, orders)
    _post(branch_id, orders)
    failpoint("mall.history_posted")
    _finish(orders)
    failpoint("mall.history_written")
    draws = [
        funds.DrawRow(order.product.fund_id, f"order:{order.pk}", order.cost, order.ended_at or at)
        for order in orders
        if order.cost and order.product.fund_id is not None
    ]
    funds.draw_many(actor=actor, rows=draws, at=at)
    audit.record(
        actor=actor,
        act="mall.history_recorded",
        subject=f"orders:{key}",
        at=at,
        organisation_id=branch_id,
        facts={"orders": len(orders)},
    )
    return orders


def _write_orders(actor: Actor, branch_id: int, rows: Sequence[RedeemRow], key: str) -> list[Order]:
    """The order rows, still open: their numbers are the subjects under which the points move."""
    products = Product.objects.in_bulk({row.product_id for row in rows})
    passbooks = depositor_queries.passbooks_of(depositor_ids={row.depositor_id for row in rows})
    codes = _new_codes(len(rows))
    orders = []
    for place, row in enumerate(rows):
        product, passbook = products.get(row.product_id), passbooks.get(row.depositor_id)
        if product is None or passbook is None or passbook.branch_id != branch_id:
            raise NotFound(field="rows")
        if row.quantity < 1 or row.collected_at < row.placed_at:
            raise WrongInput(field="rows")
        orders.append(
            Order(
                public_id=chance.public_id(),
                branch_id=branch_id,
                product=product,
                depositor_id=row.depositor_id,
                passbook=passbook,
                quantity=row.quantity,
                price=product.price * row.quantity,
                cost=product.cost * row.quantity,
                pickup_code=codes[place],
                door="sheet",
                placed_by=actor.user_id,
                placed_at=row.placed_at,
                pick_up_by=clock.day_end(clock.local_date(row.placed_at) + timedelta(days=product.pickup_days)),
                submission_key=f"{key}:{place}",
            )
        )
    bulk.create(orders)
    for order, row in zip(orders, rows, strict=True):
        order.ended_at, order.ended_by = row.collected_at, actor.user_id
    return orders


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


def _take_from_stocks(actor: Actor, branch_id: int, orders: Iterable[Order]) -> None:
    """The stocks, locked, are lowered once each; every order still has its own change."""
    totals: dict[int, int] = defaultdict(int)
    for order in orders:
        totals[order.product_id] += order.quantity
    found = Stock.objects.select_for_update(of=("self",)).select_related("product").order_by("pk")
    stocks = {stock.product_id: stock for stock in found.filter(branch_id=branch_id, product_id__in=totals)}
    for product_id, total in totals.items():
        stock = stocks.get(product_id)
        if stock is None or stock.quantity < total:
            raise NotEnoughInStock(title=next(one.product.title for one in orders if one.product_id == product_id))
    bulk.update(Stock, ["quantity"], [(stock.quantity - totals[pk], stock.pk) for pk, stock in stocks.items()])
    bulk.create(
        [
            StockChange(
                stock_id=stocks[order.product_id].pk,
                reason=StockChange.Reason.RESERVED,
                quantity=-order.quantity,
                subject=f"order:{order.pk}",
                changed_by=actor.user_id,
                changed_at=order.placed_at,
            )
            for order in orders
        ]
    )


def _post(branch_id: int, orders: Sequence[Order]) -> None:
    """Hold and redeem, two batches: every order has both transactions, as if it had been placed and fetched alone."""
    book_id = organisation_queries.book_of(branch_id=branch_id)
    scope = organisation_queries.organisation(organisation_id=branch_id).code
    held = ledger.post_many(
        book_id=book_id,
        postings=[
            ledger.Posting(
                kind=ledger.Kind.ORDER_PLACED,
                subject=f"order:{order.pk}",
                moves=(ledger.Move(order.passbook.points_account_id, "escrow", order.price),),
                key=f"order:{order.pk}:hold",
                occurred_at=order.placed_at,
                recorded_at=order.placed_at,
                scope=scope,
            )
            for order in orders
        ],
    )
    settled = ledger.post_many(
        book_id=book_id,
        postings=[
            ledger.Posting(
                kind=ledger.Kind.ORDER_COLLECTED,
                subject=f"order:{order.pk}",
                moves=(ledger.Move("escrow", "redeemed", order.price),),
                key=f"order:{order.pk}:end",
                occurred_at=order.ended_at or order.placed_at,
                recorded_at=order.ended_at or order.placed_at,
                scope=scope,
                ends=hold,
            )
            for order, hold in zip(orders, held, strict=True)
        ],
    )
    for order, hold, end in zip(orders, held, settled, strict=True):
        order.held_id, order.settled_id, order.status = hold, end, Order.Status.COLLECTED


def _finish(orders: Iterable[Order]) -> None:
    """Write the end of each order: one prepared statement, run for all of them."""
    names = ("status", "ended_at", "ended_by", "held", "settled")
    rows = [(order.status, order.ended_at, order.ended_by, order.held_id, order.settled_id, order.pk) for order in orders]
    bulk.update(Order, names, rows)

"""Products, stock and orders."""

from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router

from wenming.core import clock
from wenming.core.points import LARGEST
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.surfaces.api.operations import (
    CLERK,
    DIRECTOR,
    EVERYBODY,
    HEAD_OFFICER,
    PUBLIC,
    TELLER,
    VILLAGER,
    Day,
    Flag,
    Given,
    Id,
    Page,
    PageOf,
    Ref,
    Request,
    Shown,
    operation,
)

router = Router(tags=["mall"])


class ShelfItemOut(Shown):
    product_id: Id
    public_id: str
    kind: str
    title: str
    plain: str
    unit: str
    price: int = Field(description=_("百分之一分"))
    left: int
    is_for_minors: bool
    times_max: int | None
    period_days: int
    pickup_days: int


class ProductOut(Shown):
    id: int
    public_id: str
    organisation_id: Id
    kind: str
    title: str
    plain: str
    unit: str
    price: int = Field(description=_("百分之一分"))
    cost: int = Field(description=_("钱数，单位是分"))
    fund_id: Id | None
    times_max: int | None
    period_days: int
    pickup_days: int
    is_for_minors: bool
    is_on_shelf: bool


class StockOut(Shown):
    product_id: Id
    title: str
    left: int
    reserved: int
    is_on_shelf: bool


class StockNow(Shown):
    product_id: Id
    branch_id: Id
    left: int


class OrderOut(Shown):
    id: int
    public_id: str
    branch_id: Id
    product_id: Id
    title: str
    depositor_id: Id
    quantity: int
    price: int = Field(description=_("整单的积分，百分之一分"))
    status: str
    pickup_code: str = Field(description=_("只给下单的人看，等待领取时才有"))
    placed_at: datetime
    pick_up_by: datetime
    ended_at: datetime | None
    reason: str


class DayReceiptOut(Shown):
    name: str
    title: str
    quantity: int
    unit: str
    points: int
    collected_at: datetime


class ProductTerms(Given):
    plain: str = Field("", max_length=200)
    unit: str = Field("份", min_length=1, max_length=8)
    cost: int = Field(0, ge=0, le=LARGEST, strict=True, description=_("钱数，单位是分"))
    fund_id: Ref | None = None
    times_max: int | None = Field(None, ge=1, le=1_000_000, strict=True)
    period_days: int = Field(30, ge=0, le=3660, strict=True)
    pickup_days: int = Field(7, ge=1, le=60, strict=True)
    is_for_minors: Flag = False
    is_on_shelf: Flag = True


class NewProduct(ProductTerms):
    organisation_id: Ref
    kind: Literal["goods", "service"]
    title: str = Field(min_length=1, max_length=40)
    price: int = Field(ge=1, le=LARGEST, strict=True, description=_("百分之一分"))


class ProductChange(ProductTerms):
    """Only what is sent is changed."""

    title: str = Field("", min_length=1, max_length=40)
    price: int = Field(0, ge=1, le=LARGEST, strict=True, description=_("百分之一分"))


class Delivery(Given):
    branch_id: Ref
    quantity: int = Field(ge=1, le=1_000_000, strict=True)


class Count(Given):
    branch_id: Ref
    counted: int = Field(ge=0, le=1_000_000, strict=True)


class NewOrder(Given):
    product_id: Ref
    branch_id: Ref
    depositor_id: Ref
    quantity: int = Field(1, ge=1, le=100, strict=True)
    price_seen: int | None = Field(None, ge=1, le=LARGEST, strict=True, description=_("看到的单价，变了就不下单"))


class HandOver(Given):
    code: str = Field("", max_length=16, description=_("认得本人时可以不填"))


class Why(Given):
    reason: str = Field("", max_length=200)


class Refund(Given):
    reason: str = Field(min_length=1, max_length=200)
    restock: Flag = True


def shown(request: Request, order: Any) -> OrderOut:
    """An order; its code only for the people whose order it is, while it is open."""
    is_theirs = order.depositor_id == request.actor.depositor_id or (
        order.depositor.household_id is not None and order.depositor.household_id == request.actor.household_id
    )
    return OrderOut(
        id=order.pk,
        public_id=order.public_id,
        branch_id=order.branch_id,
        product_id=order.product_id,
        title=order.product.title,
        depositor_id=order.depositor_id,
        quantity=order.quantity,
        price=order.price,
        status=order.status,
        pickup_code=order.pickup_code if is_theirs and order.status == mall_queries.Status.PLACED else "",
        placed_at=order.placed_at,
        pick_up_by=order.pick_up_by,
        ended_at=order.ended_at,
        reason=order.reason,
    )


def shown_receipt(row: mall_queries.DayReceipt) -> DayReceiptOut:
    return DayReceiptOut(
        name=row.masked_name,
        title=row.title,
        quantity=row.quantity,
        unit=row.unit,
        points=row.points,
        collected_at=row.collected_at,
    )


def shown_product(product: Any) -> ProductOut:
    return ProductOut(id=product.pk, **{n: getattr(product, n) for n in ProductOut.model_fields if n != "id"})


@operation(
    router,
    "GET",
    "/branches/{branch_id}/shelf",
    roles=EVERYBODY,
    scopes=["mall:read"],
    says="一个分行能兑换什么，还剩多少。",
    answer=Page[ShelfItemOut],
)
def list_shelf(request: Request, branch_id: Id, page_of: Query[PageOf]) -> Page[ShelfItemOut]:
    """What a branch offers for points, with what is left."""
    rows = mall_queries.shelf_page(actor=request.actor, branch_id=branch_id, after=page_of.position, limit=page_of.rows)
    return page_of.of(rows, ShelfItemOut.model_validate, lambda row: row.product_id)


@operation(
    router,
    "GET",
    "/branches/{branch_id}/stock",
    roles=[TELLER, CLERK, DIRECTOR],
    scopes=["mall:read"],
    says="一个分行货架上有多少，给没领的兑换留了多少。",
    answer=Page[StockOut],
)
def list_stock(request: Request, branch_id: Id, page_of: Query[PageOf]) -> Page[StockOut]:
    """What stands on a branch's shelf and what is set aside for open orders."""
    rows = mall_queries.stock_for_keepers(actor=request.actor, branch_id=branch_id, after=page_of.position, limit=page_of.rows)
    return page_of.of(rows, StockOut.model_validate, lambda row: row.product_id)


@operation(
    router,
    "GET",
    "/branches/{branch_id}/receipts",
    roles=[PUBLIC],
    scopes=[],
    says="一个分行某一天兑换出去的；姓名已隐去部分。",
    answer=Page[DayReceiptOut],
)
def list_day_receipts(request: Request, branch_id: Id, day: Day, page_of: Query[PageOf]) -> Page[DayReceiptOut]:
    """What was handed over at a branch on a day; names masked."""
    rows = mall_queries.receipts_page(branch_id=branch_id, day=day, after=page_of.position, limit=page_of.rows)
    return page_of.of(rows, shown_receipt, lambda row: row.order_id)


@operation(
    router,
    "POST",
    "/products",
    roles=[CLERK, DIRECTOR, HEAD_OFFICER],
    scopes=["mall:write"],
    says="给一个机构上一样商品或服务。",
    answer=ProductOut,
    status=201,
)
def add_product(request: Request, payload: NewProduct) -> ProductOut:
    """Add a product to an organisation's range."""
    return shown_product(mall.add_product(actor=request.actor, at=clock.now(), **payload.model_dump()))


@operation(
    router,
    "PATCH",
    "/products/{product_id}",
    roles=[CLERK, DIRECTOR, HEAD_OFFICER],
    scopes=["mall:write"],
    says="改一样商品的说明；没写的不动。",
    answer=ProductOut,
)
def change_product(request: Request, product_id: Id, payload: ProductChange) -> ProductOut:
    """Change what is said of a product; what is not sent stays."""
    facts = payload.dict(exclude_unset=True)
    return shown_product(mall.change_product(actor=request.actor, product_id=product_id, at=clock.now(), **facts))


@operation(
    router,
    "POST",
    "/products/{product_id}/deliveries",
    roles=[TELLER, CLERK, DIRECTOR],
    scopes=["mall:write"],
    says="到货入库。",
    answer=StockNow,
    status=201,
)
def receive_stock(request: Request, product_id: Id, payload: Delivery) -> StockNow:
    """Put goods that came in on a branch's shelf."""
    stock = mall.receive_stock(actor=request.actor, product_id=product_id, at=clock.now(), **payload.model_dump())
    return StockNow(product_id=product_id, branch_id=stock.branch_id, left=stock.quantity)


@operation(
    router,
    "POST",
    "/products/{product_id}/counts",
    roles=[TELLER, CLERK, DIRECTOR],
    scopes=["mall:write"],
    says="把库存改成货架上点到的数。",
    answer=StockNow,
    status=201,
)
def count_stock(request: Request, product_id: Id, payload: Count) -> StockNow:
    """Set a stock to what was counted on the shelf."""
    stock = mall.count_stock(actor=request.actor, product_id=product_id, at=clock.now(), **payload.model_dump())
    return StockNow(product_id=product_id, branch_id=stock.branch_id, left=stock.quantity)


@operation(
    router,
    "POST",
    "/orders",
    roles=[VILLAGER, TELLER, CLERK],
    scopes=["mall:write"],
    says="兑换：给自己、给家里，或在柜台给来的人办。",
    answer=OrderOut,
    status=201,
)
def place_order(request: Request, payload: NewOrder) -> OrderOut:
    """Order for oneself, for the household, or at the counter for whoever stands there."""
    order = mall.place_order(
        actor=request.actor, submission_key=request.submission_key, at=clock.now(), door="api", **payload.model_dump()
    )
    return shown(request, order)


@operation(
    router, "GET", "/orders", roles=EVERYBODY, scopes=["mall:read"], says="一本善行簿的兑换，新的在前。", answer=Page[OrderOut]
)
def list_orders(request: Request, depositor_id: Id, page_of: Query[PageOf]) -> Page[OrderOut]:
    """The orders of one passbook, newest first."""
    depositor = depositor_queries.depositor(actor=request.actor, depositor_id=depositor_id)
    rows = mall_queries.orders_of(depositor_ids=[depositor.pk], before=page_of.position, limit=page_of.rows)
    return page_of.of(rows, lambda row: shown(request, row), lambda row: row.pk)


@operation(
    router,
    "GET",
    "/orders/open",
    roles=[TELLER, CLERK, DIRECTOR],
    scopes=["mall:read"],
    says="自己柜台上等领取的兑换，早的在前。",
    answer=Page[OrderOut],
)
def list_open_orders(request: Request, page_of: Query[PageOf], branch_id: Id | None = None) -> Page[OrderOut]:
    """The orders that wait to be fetched at the own counters, oldest first."""
    rows = mall_queries.orders_to_hand_over(actor=request.actor, branch_id=branch_id, after=page_of.position, limit=page_of.rows)
    return page_of.of(rows, lambda row: shown(request, row), lambda row: row.pk)


@operation(
    router,
    "GET",
    "/orders/by-code/{code}",
    roles=[TELLER, CLERK],
    scopes=["mall:read"],
    says="按领取码查兑换，只限自己的柜台。",
    answer=OrderOut,
)
def read_order_by_code(request: Request, code: str) -> OrderOut:
    """The order of a pickup code, at the counters where one serves."""
    return shown(request, mall_queries.order_by_code(actor=request.actor, code=code))


@operation(
    router,
    "GET",
    "/orders/{order_id}",
    roles=EVERYBODY,
    scopes=["mall:read"],
    says="一笔兑换：自己的，或自己任职的分行的。",
    answer=OrderOut,
)
def read_order(request: Request, order_id: Id) -> OrderOut:
    """One order of one's own, or of a branch where one holds an office."""
    return shown(request, mall_queries.order(actor=request.actor, order_id=order_id))


@operation(
    router,
    "POST",
    "/orders/{order_id}/hand-over",
    roles=[TELLER, CLERK],
    scopes=["mall:hand_over"],
    says="把东西交给本人，只交一次。",
    answer=OrderOut,
)
def hand_over_order(request: Request, order_id: Id, payload: HandOver) -> OrderOut:
    """Hand the goods over, once."""
    order = mall.hand_over_order(actor=request.actor, order_id=order_id, code=payload.code, at=clock.now())
    return shown(request, order)


@operation(
    router,
    "POST",
    "/orders/{order_id}/cancellation",
    roles=[VILLAGER, TELLER, CLERK, DIRECTOR],
    scopes=["mall:write"],
    says="取消还没领的兑换；积分和货都退回。",
    answer=OrderOut,
)
def cancel_order(request: Request, order_id: Id, payload: Why) -> OrderOut:
    """Give up an order that was not fetched; points and goods go back."""
    order = mall.cancel_order(actor=request.actor, order_id=order_id, reason=payload.reason, at=clock.now())
    return shown(request, order)


@operation(
    router,
    "POST",
    "/orders/{order_id}/refund",
    roles=[CLERK, DIRECTOR, HEAD_OFFICER],
    scopes=["mall:hand_over"],
    says="收回已领走的东西；积分退回原来的善行簿。",
    answer=OrderOut,
)
def refund_order(request: Request, order_id: Id, payload: Refund) -> OrderOut:
    """Take back goods that were handed over; the points return to the same passbook."""
    order = mall.refund_order(
        actor=request.actor, order_id=order_id, reason=payload.reason, restock=payload.restock, at=clock.now()
    )
    return shown(request, order)

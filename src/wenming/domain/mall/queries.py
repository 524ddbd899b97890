"""Reads of the mall's room."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Case, F, IntegerField, QuerySet, Sum, Value, When
from django.utils.translation import gettext_lazy as _

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.core.errors import NotFound
from wenming.core.prepared import prepared
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.funds import queries as fund_queries
from wenming.domain.mall import policies
from wenming.domain.mall.models import Order, Product, Stock
from wenming.domain.mall.policies import Holder
from wenming.domain.organisations import queries as organisation_queries

Status = Order.Status
Kind = Product.Kind
CODE_LENGTH = 8


class NoSuchCode(NotFound):
    code, message = "mall.no_such_code", _("没有这个取货码，请再核对一遍。")


@dataclass(frozen=True, slots=True)
class ShelfItem:
    """A product as it stands on a branch's shelf; `price` in hundredths of a point."""

    product_id: int
    public_id: str
    kind: str
    title: str
    plain: str
    picture: str
    unit: str
    price: int
    left: int
    is_for_minors: bool
    times_max: int | None
    period_days: int
    pickup_days: int


@dataclass(frozen=True, slots=True)
class StockLine:
    """A product at a branch as its keeper sees it; `reserved` stands ready for open orders and is not in `left`."""

    product_id: int
    public_id: str
    organisation_id: int
    title: str
    unit: str
    price: int
    cost: int
    fund_name: str
    left: int
    reserved: int
    is_on_shelf: bool


@dataclass(frozen=True, slots=True)
class DayReceipt:
    """One redemption of a day as it hangs on the wall: the name is masked."""

    order_id: int
    masked_name: str
    title: str
    quantity: int
    unit: str
    points: int
    collected_at: datetime


def _on_shelf(actor: Actor, branch_id: int) -> QuerySet[Stock]:
    if not policies.may_see_shelf(actor, branch_id):
        raise NotFound()
    return Stock.objects.filter(branch_id=branch_id, product__is_on_shelf=True).select_related("product")


def products_on_shelf(*, actor: Actor, branch_id: int) -> list[ShelfItem]:
    """What the branch offers, things in stock first, then by price."""
    stocks = _on_shelf(actor, branch_id).order_by(
        Case(When(quantity__gt=0, then=Value(0)), default=Value(1), output_field=IntegerField()),
        "product__price",
        "product_id",
    )
    return [_shelf_item(stock.product, stock.quantity) for stock in stocks]


def shelf_page(*, actor: Actor, branch_id: int, after: int | None, limit: int) -> list[ShelfItem]:
    """What the branch offers in the order of the products, which neither a sale nor a new price changes."""
    stocks = _on_shelf(actor, branch_id).filter(product_id__gt=after or 0).order_by("product_id")
    return [_shelf_item(stock.product, stock.quantity) for stock in stocks[:limit]]


def product(*, actor: Actor, public_id: str) -> Product:
    """One product that the actor's branches may stock."""
    found = Product.objects.select_related("organisation", "fund").filter(public_id=public_id).first()
    if found is None or not _reaches(actor, found):
        raise NotFound()
    return found


def shelf_item(*, actor: Actor, public_id: str, branch_id: int) -> ShelfItem:
    """One product on one branch's shelf, with what is left there."""
    if not policies.may_see_shelf(actor, branch_id):
        raise NotFound()
    stock = Stock.objects.select_related("product").filter(product__public_id=public_id, branch_id=branch_id).first()
    if stock is None or not stock.product.is_on_shelf:
        raise NotFound()
    return _shelf_item(stock.product, stock.quantity)


def products_of(*, actor: Actor, organisation_id: int) -> list[Product]:
    """All products of one organisation, on the shelf or not, for those who keep them."""
    if not policies.may_keep_products(actor, organisation_id):
        raise NotFound()
    return list(Product.objects.filter(organisation_id=organisation_id).select_related("fund").order_by("title"))


def order(*, actor: Actor, order_id: int) -> Order:
    """One order that the actor may see."""
    return _seen(actor, Order.objects.filter(pk=order_id))


def order_by_public_id(*, actor: Actor, public_id: str) -> Order:
    return _seen(actor, Order.objects.filter(public_id=public_id))


def order_by_code(*, actor: Actor, code: str) -> Order:
    """The order of a pickup code, at the branches where the actor serves: the open one first, else the newest past one."""
    plain = plain_code(code)
    orders = _with_things().filter(pickup_code=plain)
    if not actor.is_system:
        orders = orders.filter(branch_id__in=actor.branches(*policies.COUNTER))
    found = orders.order_by(Case(When(status=Status.PLACED, then=0), default=1), "-id").first() if plain else None
    if found is None:
        raise NoSuchCode(field="code")
    return found


def plain_code(code: str) -> str:
    """What was typed or scanned, as eight plain digits; empty when it can't be a code."""
    digits = "".join(unicodedata.normalize("NFKC", code).replace("-", " ").split())
    return digits if len(digits) == CODE_LENGTH and digits.isascii() and digits.isdigit() else ""


def orders_of(*, depositor_ids: Iterable[int], before: int | None = None, limit: int = 30) -> list[Order]:
    """Orders of some passbooks, newest first."""
    orders = _with_things().filter(depositor_id__in=list(depositor_ids)).order_by("-id")
    return list((orders.filter(pk__lt=before) if before else orders)[:limit])


def orders_to_collect(*, actor: Actor, limit: int = 20) -> list[Order]:
    """What is paid for and waits at the counter, from the own passbook and the family's, the first to run out first.

    Reads the orders of these passbooks alone: neither the order nor the step is left to the store, which would go through the
    orders of all by an index on them.
    """
    purses = depositor_queries.own_and_shared(actor).values("pk")
    waiting = _with_things().filter(depositor_id__in=purses, ended_at__isnull=True)
    return sorted(waiting, key=lambda order: (order.pick_up_by, order.pk))[:limit]


def orders_to_hand_over(
    *, actor: Actor, branch_id: int | None = None, after: int | None = None, limit: int = 100, depositor_id: int | None = None
) -> list[Order]:
    """Open orders at the branches where the actor serves, oldest first."""
    orders = _with_things().filter(status=Status.PLACED).order_by("id")
    if not actor.is_system:
        orders = orders.filter(branch_id__in=actor.branches(*policies.STOCK_KEEPERS))
    for name, value in (("branch_id", branch_id), ("pk__gt", after), ("depositor_id", depositor_id)):
        if value is not None:
            orders = orders.filter(**{name: value})
    return list(orders[:limit])


def subject_of(order_id: int) -> str:
    """Under which subject an order stands in the ledger and draws from its fund."""
    return f"order:{order_id}"


def costly_orders(*, actor: Actor, branch_id: int) -> list[Order]:
    """Open orders whose cost is above the limit of their fund and that no second officer approved yet, oldest first."""
    if not (actor.is_system or branch_id in actor.branches()):
        raise NotFound()
    dear = Order.objects.select_related("product__fund", "depositor").filter(
        status=Status.PLACED, branch_id=branch_id, cost__gt=F("product__fund__limit")
    )
    orders = list(dear.order_by("id"))
    approved = fund_queries.approvals_for(subjects=[subject_of(order.pk) for order in orders]) if orders else {}
    return [order for order in orders if subject_of(order.pk) not in approved]


def due_orders(*, at: datetime, limit: int = 500) -> list[int]:
    """Open orders whose last day to pick up is over."""
    late = Order.objects.filter(status=Status.PLACED, pick_up_by__lte=at).order_by("pick_up_by", "id")
    return list(late.values_list("pk", flat=True)[:limit])


def titles_for(*, subjects: Iterable[str]) -> dict[str, str]:
    """Words for the passbook's lines: `order:12` → 兑换 洗衣液 × 2."""
    numbers = {int(s.removeprefix("order:")): s for s in subjects if s.startswith("order:") and s[6:].isdigit()}
    rows = Order.objects.filter(pk__in=numbers).values_list("pk", "product__title", "quantity")
    return {numbers[pk]: f"{title} × {quantity}" if quantity > 1 else title for pk, title, quantity in rows}


def stock_of(*, branch_id: int) -> list[StockLine]:
    """Every product the branch has or had, with what is left and what stands ready for open orders."""
    stocks = Stock.objects.filter(branch_id=branch_id).select_related("product__fund").order_by("product__title")
    return _stock_lines(branch_id, stocks)


def _stock_lines(branch_id: int, stocks: Iterable[Stock]) -> list[StockLine]:
    reserved = dict(
        Order.objects.filter(branch_id=branch_id, status=Status.PLACED)
        .values_list("product_id")
        .annotate(total=Sum("quantity"))
        .order_by()
    )
    return [
        StockLine(
            product_id=stock.product_id,
            public_id=stock.product.public_id,
            organisation_id=stock.product.organisation_id,
            title=stock.product.title,
            unit=stock.product.unit,
            price=stock.product.price,
            cost=stock.product.cost,
            fund_name=stock.product.fund.name if stock.product.fund else "",
            left=stock.quantity,
            reserved=reserved.get(stock.product_id, 0),
            is_on_shelf=stock.product.is_on_shelf,
        )
        for stock in stocks
    ]


def stock_for_keepers(*, actor: Actor, branch_id: int, after: int | None, limit: int) -> list[StockLine]:
    """The same for those who keep the stock, in the order of the products; other branches' stocks do not exist for them."""
    if not policies.may_keep_stock(actor, branch_id):
        raise NotFound()
    stocks = Stock.objects.filter(branch_id=branch_id, product_id__gt=after or 0).select_related("product__fund")
    return _stock_lines(branch_id, stocks.order_by("product_id")[:limit])


def _collected_on(branch_id: int, day: date) -> QuerySet[Order]:
    start, end = clock.day_start(day), clock.day_end(day)
    return Order.objects.select_related("product").filter(
        branch_id=branch_id, status=Status.COLLECTED, ended_at__gte=start, ended_at__lt=end
    )


def day_receipts(*, branch_id: int, day: date) -> list[DayReceipt]:
    """What was handed over at a branch on a village day, masked, for all to see."""
    return _receipts(list(_collected_on(branch_id, day).order_by("ended_at", "id")), day)


def receipts_page(*, branch_id: int, day: date, after: int | None, limit: int) -> list[DayReceipt]:
    """The same in the order of the orders; `after` is the order at which the last page ended."""
    return _receipts(list(_collected_on(branch_id, day).filter(pk__gt=after or 0).order_by("pk")[:limit]), day)


def _receipts(orders: list[Order], day: date) -> list[DayReceipt]:
    names = depositor_queries.public_names(depositor_ids=[row.depositor_id for row in orders], on=day)
    return [
        DayReceipt(
            order_id=row.pk,
            masked_name=names.get(row.depositor_id, ""),
            title=row.product.title,
            quantity=row.quantity,
            unit=row.product.unit,
            points=row.price,
            collected_at=row.ended_at or row.placed_at,
        )
        for row in orders
    ]


def purses(*, actor: Actor, at: datetime) -> list[Holder]:
    """Whose points the actor may spend without an office: the own first, then the household's if the actor is grown up."""
    if actor.depositor_id is None or actor.branch_id is None:
        return []
    own = depositor_queries.depositor(actor=actor, depositor_id=actor.depositor_id)
    classes = depositor_queries.classes_on(depositor_ids=[own.pk], on=clock.local_date(at))
    members = depositor_queries.members_of(household_id=actor.household_id) if actor.household_id else []
    is_grown_up = depositor_queries.IdentityClass.MINOR not in classes[own.pk]
    others = [one for one in members if one.pk != own.pk]
    return [own, *(one for one in others if policies.may_spend_for(actor, one, actor.branch_id, is_grown_up=is_grown_up))]


@prepared
def _product_at(product_id: int, branch_id: int) -> QuerySet[Product]:
    return Product.objects.filter(pk=product_id, stocks__branch_id=branch_id)


def product_at(*, product_id: int, branch_id: int) -> Product | None:
    """A product that this branch has, on the shelf or off it."""
    return _product_at.one(product_id=product_id, branch_id=branch_id)


@prepared
def _open_under(code: str) -> QuerySet[Order, tuple[int]]:
    return Order.objects.filter(pickup_code=code, status=Order.Status.PLACED).values_list("pk")


def is_code_in_use(*, code: str) -> bool:
    """Whether an open order is fetched with this code."""
    return bool(_open_under(code=code))


def taken_in_period(*, product: Product, depositor_id: int, on: date) -> int:
    """How many of a product a passbook has ordered in the limit's period; what went back does not count."""
    taken = Order.objects.filter(product=product, depositor_id=depositor_id, status__in=[Status.PLACED, Status.COLLECTED])
    if product.period_days:
        first_day = date.fromordinal(on.toordinal() - product.period_days + 1)
        taken = taken.filter(placed_at__gte=clock.day_start(first_day))
    return int(taken.aggregate(total=Sum("quantity"))["total"] or 0)


def stock_faults() -> list[int]:
    """Stocks whose changes do not add up to what is there; empty when all is well."""
    sums = Stock.objects.annotate(total=Sum("changes__quantity"))
    return [stock.pk for stock in sums if (stock.total or 0) != stock.quantity]


def _shelf_item(found: Product, left: int) -> ShelfItem:
    return ShelfItem(
        product_id=found.pk,
        public_id=found.public_id,
        kind=found.kind,
        title=found.title,
        plain=found.plain,
        picture=found.picture,
        unit=found.unit,
        price=found.price,
        left=left,
        is_for_minors=found.is_for_minors,
        times_max=found.times_max,
        period_days=found.period_days,
        pickup_days=found.pickup_days,
    )


def _with_things() -> QuerySet[Order]:
    return Order.objects.select_related("product", "depositor", "branch", "passbook")


def _seen(actor: Actor, orders: QuerySet[Order]) -> Order:
    found = orders.select_related("product", "depositor", "branch", "passbook").first()
    if found is None or not policies.may_see_order(actor, found):
        raise NotFound()
    return found


def _reaches(actor: Actor, found: Product) -> bool:
    """A branch's product is for that branch; a head bank's for the branches under it."""
    if actor.is_system:
        return True
    branches = organisation_queries.visible_branches(actor=actor)
    return any(found.organisation_id in (branch.pk, branch.parent_id) for branch in branches)


def orders_in(*, actor: Actor, branch_ids: Iterable[int], before: int | None = None, limit: int = 100) -> list[Order]:
    """Every order placed at these branches, newest first, for officers' lists and exports."""
    ids = list(branch_ids)
    if not actor.is_system and not set(ids) <= actor.branches():
        raise NotFound()
    orders = _with_things().select_related("depositor__household").filter(branch_id__in=ids).order_by("-id")
    return list((orders.filter(pk__lt=before) if before else orders)[:limit])

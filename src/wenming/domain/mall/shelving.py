"""What is for sale and how much of it is there: products, deliveries, counts. Part of the mall's services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict, Unpack

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from wenming.core import audit, bulk, chance
from wenming.core.actor import Actor
from wenming.core.errors import Conflict, NotFound, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.points import LARGEST, NotPositive, TooLarge
from wenming.core.transactions import service
from wenming.domain.funds import queries as fund_queries
from wenming.domain.mall import policies
from wenming.domain.mall.models import Product, Stock, StockChange
from wenming.domain.organisations import queries as organisation_queries

STOCK_MOST = 1_000_000
PERIOD_MOST = 3660
PICKUP_MOST = 60


class TitleTaken(Conflict):
    code, message = "mall.title_taken", _("已经有叫“{title}”的了，请换个名字。")


class MoreFacts(TypedDict, total=False):
    """What may be said of a new product beyond its kind, title and price."""

    cost: int
    fund_id: int | None
    plain: str
    picture: str
    unit: str
    times_max: int | None
    period_days: int
    pickup_days: int
    is_for_minors: bool
    is_on_shelf: bool


class ProductFacts(MoreFacts, total=False):
    """What may be said of a product; what is left out stays as it is."""

    kind: str
    title: str
    price: int


@service
def add_product(
    *, actor: Actor, organisation_id: int, kind: str, title: str, price: int, at: datetime, **facts: Unpack[MoreFacts]
) -> Product:
    """Put a new product into an organisation's range. Refuses a title that is there already."""
    require(policies.may_keep_products(actor, organisation_id))
    product = Product(public_id=chance.public_id(), organisation_id=organisation_id, added_at=at)
    _apply(actor, product, {"kind": kind, "title": title, "price": price, **facts})
    product.save(force_insert=True)
    audit.record(actor=actor, act="mall.product_added", subject=f"product:{product.pk}", at=at, organisation_id=organisation_id)
    return product


@service
def change_product(*, actor: Actor, product_id: int, at: datetime, **facts: Unpack[ProductFacts]) -> Product:
    """Change what is said of a product. Orders already placed keep their price and cost."""
    product = Product.objects.select_for_update().filter(pk=product_id).first()
    if product is None or not policies.may_keep_products(actor, product.organisation_id):
        raise NotFound()
    before = product.price
    _apply(actor, product, facts)
    product.save()
    audit.record(
        actor=actor,
        act="mall.product_changed",
        subject=f"product:{product.pk}",
        at=at,
        organisation_id=product.organisation_id,
        facts={"fields": sorted(facts), "price_before": before, "price": product.price},
    )
    return product


@service
def receive_stock(*, actor: Actor, product_id: int, branch_id: int, quantity: int, at: datetime) -> Stock:
    """Goods came in: put them on the branch's shelf."""
    stock = _stock(actor, product_id, branch_id)
    _check_range("quantity", quantity, 1, STOCK_MOST)
    _check_range("quantity", stock.quantity + quantity, 1, STOCK_MOST)
    Stock.objects.filter(pk=stock.pk).update(quantity=F("quantity") + quantity)
    _note(actor, stock, StockChange.Reason.RECEIVED, quantity, at)
    return stock


@service
def receive_delivery(*, actor: Actor, branch_id: int, quantities: Mapping[int, int], at: datetime) -> None:
    """A whole delivery of many products at once, under one line of the audit trail."""
    require(policies.may_keep_stock(actor, branch_id))
    owners = (branch_id, organisation_queries.head_bank_of(branch_id=branch_id))
    if Product.objects.filter(pk__in=quantities, organisation_id__in=owners).count() < len(quantities):
        raise NotFound()
    Stock.objects.bulk_create([Stock(product_id=pk, branch_id=branch_id) for pk in quantities], ignore_conflicts=True)
    changes = []
    for stock in Stock.objects.select_for_update().filter(branch_id=branch_id, product_id__in=quantities).order_by("pk"):
        quantity = quantities[stock.product_id]
        _check_range("quantity", quantity, 1, STOCK_MOST)
        _check_range("quantity", stock.quantity + quantity, 1, STOCK_MOST)
        stock.quantity += quantity
        reason, by = StockChange.Reason.RECEIVED, actor.user_id
        changes.append(StockChange(stock=stock, reason=reason, quantity=quantity, changed_by=by, changed_at=at))
    Stock.objects.bulk_update([change.stock for change in changes], ["quantity"])
    bulk.create(changes)
    failpoint("mall.stock_changed")
    audit.record(
        actor=actor,
        act="mall.delivery_received",
        subject=f"organisation:{branch_id}",
        at=at,
        organisation_id=branch_id,
        facts={"quantities": {str(pk): quantity for pk, quantity in quantities.items()}},
    )


@service
def count_stock(*, actor: Actor, product_id: int, branch_id: int, counted: int, at: datetime) -> Stock:
    """Set a stock to what was counted on the shelf (goods set aside for open orders not included); the difference is kept."""
    stock = _stock(actor, product_id, branch_id)
    _check_range("counted", counted, 0, STOCK_MOST)
    difference = counted - stock.quantity
    if difference:
        Stock.objects.filter(pk=stock.pk).update(quantity=F("quantity") + difference)
        _note(actor, stock, StockChange.Reason.COUNTED, difference, at)
    return stock


def _apply(actor: Actor, product: Product, facts: ProductFacts) -> None:
    for name, value in facts.items():
        setattr(product, name, value)
    product.title, product.plain, product.unit = product.title.strip(), product.plain.strip(), product.unit.strip()
    if product.kind not in Product.Kind.values:
        raise WrongInput(field="kind", message=_("请选物品或服务。"))
    for name, longest in (("title", 40), ("unit", 8)):
        if not 1 <= len(getattr(product, name)) <= longest:
            raise WrongInput(field=name, message=_("请填写，不超过 {longest} 个字。"), longest=longest)
    if len(product.plain) > 200:
        raise WrongInput(field="plain", message=_("不要超过 {longest} 个字。"), longest=200)
    _check_range("price", product.price, 1, LARGEST)
    _check_range("cost", product.cost, 0, LARGEST)
    _check_range("period_days", product.period_days, 0, PERIOD_MOST)
    _check_range("pickup_days", product.pickup_days, 1, PICKUP_MOST)
    if product.times_max is not None:
        _check_range("times_max", product.times_max, 1, STOCK_MOST)
    if product.cost and product.fund_id is None:
        raise WrongInput(field="fund_id", message=_("有成本的东西，请选从哪笔资金支出。"))
    if product.fund_id is not None:
        _check_fund(product, product.fund_id)
    same = Product.objects.filter(organisation_id=product.organisation_id, title=product.title).exclude(pk=product.pk)
    if same.exists():
        raise TitleTaken(field="title", title=product.title)


def _check_fund(product: Product, fund_id: int) -> None:
    """The cost comes from a fund of the same organisation or of its head bank."""
    owners = {product.organisation_id, product.organisation.parent_id}
    if not any(fund_queries.funds_of(organisation_id=owner).filter(pk=fund_id).exists() for owner in owners if owner):
        raise WrongInput(field="fund_id", message=_("这笔资金不归这里用，请另选一笔。"))


def _check_range(field: str, value: int, least: int, most: int) -> None:
    if value < least:
        raise NotPositive(field=field)
    if value > most:
        raise TooLarge(field=field)


def _stock(actor: Actor, product_id: int, branch_id: int) -> Stock:
    """The stock row, locked; made at the first delivery. A product is for its own branch, or for its head bank's branches."""
    require(policies.may_keep_stock(actor, branch_id))
    product = Product.objects.filter(pk=product_id).first()
    if product is None:
        raise NotFound()
    if product.organisation_id not in (branch_id, organisation_queries.head_bank_of(branch_id=branch_id)):
        raise NotFound()
    Stock.objects.get_or_create(product=product, branch_id=branch_id)
    return Stock.objects.select_for_update().get(product=product, branch_id=branch_id)


def _note(actor: Actor, stock: Stock, reason: str, quantity: int, at: datetime) -> None:
    change = StockChange.objects.create(stock=stock, reason=reason, quantity=quantity, changed_by=actor.user_id, changed_at=at)
    failpoint("mall.stock_changed")
    stock.refresh_from_db()
    audit.record(
        actor=actor,
        act=f"mall.stock_{reason}",
        subject=f"product:{stock.product_id}",
        at=at,
        organisation_id=stock.branch_id,
        facts={"quantity": quantity, "change": change.pk},
    )

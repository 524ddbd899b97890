"""What the demo's mall offers, from which funds it is paid, and the redemptions of the past at the quarterly exchange days."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.domain.funds import services as funds
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import services as mall
from wenming.surfaces.cli.town.choices import Saver
from wenming.surfaces.cli.town.structure import Branch, Town

SOURCES = (
    ("fiscal", "财政以奖代补资金", "镇财政所", 6),
    ("collective", "村集体收入资金", "镇经管站", 3),
    ("donation", "爱心捐赠资金", "爱心企业", 2),
)
HUNDRED = 100
COMING = 0.25


@dataclass(frozen=True, slots=True)
class Ware:
    """One product: price in points, cost in fen, and how often it is wanted."""

    title: str
    price: int
    cost: int
    picture: str
    unit: str
    wish: int
    kind: str = "goods"
    source: str = "fiscal"
    times_max: int | None = None
    is_for_minors: bool = False
    plain: str = ""


WARES: tuple[Ware, ...] = (
    Ware("大米 5 千克", 45, 3600, "rice", "袋", 24, times_max=2, plain="每人每月最多两袋。"),
    Ware("花生油 5 升", 85, 7200, "oil", "桶", 16, times_max=1, plain="每人每月一桶。"),
    Ware("挂面 2 把", 12, 900, "meal", "份", 12),
    Ware("洗衣液 2 千克", 20, 1500, "soap", "瓶", 14, source="collective"),
    Ware("香皂 2 块", 10, 700, "soap", "份", 10, source="collective"),
    Ware("牙膏 1 支", 5, 400, "soap", "支", 10, source="collective"),
    Ware("抽纸 1 提", 15, 1100, "gift", "提", 12, source="collective"),
    Ware("扫帚簸箕", 18, 1300, "sweep", "套", 6, source="collective"),
    Ware("铅笔作业本", 8, 600, "study", "套", 5, source="donation", is_for_minors=True),
    Ware("跳绳", 15, 1100, "play", "根", 3, source="donation", is_for_minors=True),
    Ware("理发一次", 10, 1000, "hair", "次", 8, "service", plain="每周三上午在村委会院里。"),
    Ware("量血压测血糖", 5, 0, "clinic", "次", 6, "service", plain="村卫生室，带存折来。"),
    Ware("老年餐一份", 8, 1200, "meal", "份", 7, "service", source="donation", plain="60 岁以上的老人。"),
    Ware("磨剪子修小家电", 6, 500, "fix", "次", 3, "service"),
)


@dataclass(slots=True)
class Shelf:
    """The products made, in the order of WARES, and the funds by source."""

    product_ids: list[int]
    fund_ids: dict[str, int]


def stock_up(*, actor: Actor, town: Town, at: datetime) -> Shelf:
    """Open the funds, record the first receipts, make the products and put them on every branch's shelf."""
    fund_ids = {
        source: funds.open_fund(actor=actor, organisation_id=town.head_bank_id, source=source, name=name, at=at).pk
        for source, name, _, _ in SOURCES
    }
    receive(actor=actor, town=town, fund_ids=fund_ids, year=town.scale.first_year, at=at)
    product_ids = []
    for ware in WARES:
        product = mall.add_product(
            actor=actor,
            organisation_id=town.head_bank_id,
            kind=ware.kind,
            title=ware.title,
            price=ware.price * HUNDRED,
            at=at,
            cost=ware.cost,
            fund_id=fund_ids[ware.source] if ware.cost else None,
            plain=ware.plain,
            picture=ware.picture,
            unit=ware.unit,
            times_max=ware.times_max,
            is_for_minors=ware.is_for_minors,
        )
        product_ids.append(product.pk)
    wishes = {product_id: ware.wish for ware, product_id in zip(WARES, product_ids, strict=True)}
    for branch in town.branches:
        quantities = {product_id: 2 * wish + branch.number * 7 % 11 for product_id, wish in wishes.items()}
        mall.receive_delivery(actor=actor, branch_id=branch.id, quantities=quantities, at=at)
    return Shelf(product_ids, fund_ids)


def receive(*, actor: Actor, town: Town, fund_ids: dict[str, int], year: int, at: datetime) -> None:
    """The money of one year, by its three sources: enough for what the year's points may buy."""
    years = 1 + town.scale.last_year - town.scale.first_year
    whole = town.scale.points * 100 // years
    for source, _, payer, part in SOURCES:
        funds.receive_money(
            actor=actor,
            fund_id=fund_ids[source],
            amount=whole * part // 10,
            number=f"{year}-{source[:3].upper()}-01",
            payer=payer,
            received_on=clock.local_date(at),
            at=at,
        )


def exchange_day(
    *, actor: Actor, source: random.Random, branch: Branch, savers: Sequence[Saver], shelf: Shelf, on: date, part: float
) -> int:
    """One exchange day: those who come spend about `part` of what they have. Says how many redemptions there were.

    What they ordered comes with the delivery of the day before, so that the shelf is as full after it as it was.
    """
    balances = ledger.balances(account_ids=[saver.account for saver in savers])
    heaped = list(itertools.accumulate(ware.wish * ware.price for ware in WARES))
    rows = []
    opening = clock.day_start(on) + timedelta(hours=8, minutes=30)
    taken: dict[tuple[int, int], int] = defaultdict(int)
    for saver in savers:
        left = int(balances.get(saver.account, 0) * part) if source.random() < COMING else 0
        while left >= 1500 and source.random() < 0.8:
            place = source.choices(range(len(WARES)), cum_weights=heaped)[0]
            ware = WARES[place]
            if ware.price * HUNDRED > left or ("minor" in saver.classes and not ware.is_for_minors):
                break
            if ware.times_max is not None and taken[saver.id, place] >= ware.times_max:
                break
            taken[saver.id, place] += 1
            left -= ware.price * HUNDRED
            placed = opening + timedelta(seconds=source.randrange(7 * 3600))
            collected = placed + timedelta(seconds=source.randrange(60, 1500))
            rows.append(mall.RedeemRow(shelf.product_ids[place], saver.id, 1, placed, collected))
    if rows:
        ordered = Counter(row.product_id for row in rows)
        mall.receive_delivery(actor=actor, branch_id=branch.id, quantities=ordered, at=opening - timedelta(hours=17))
        at = opening + timedelta(hours=9)
        mall.redeem_many(actor=actor, branch_id=branch.id, rows=rows, key=f"{branch.code}-{on:%Y%m%d}", at=at)
    return len(rows)

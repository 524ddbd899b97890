"""Orders: placed, handed over once, cancelled, expired, refunded; limits, minors, households, kind words."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from tests.shop import Shop, standing_shop
from wenming.core.actor import system
from wenming.core.errors import NotAllowed, NotFound, WrongInput
from wenming.core.points import NotPositive
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.funds import queries as fund_queries
from wenming.domain.funds import services as funds
from wenming.domain.inbox import queries as inbox_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import jobs, queries
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order, StockChange

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Shop]:
    with standing_shop(django_db_blocker) as shop:
        yield shop


@pytest.fixture
def shop(built: Shop) -> Shop:
    return deepcopy(built)


def left(shop: Shop, product_id: int | None = None) -> int:
    rows = {row.product_id: row.left for row in queries.stock_of(branch_id=shop.village.branch_id)}
    return rows[product_id or shop.powder_id]


def account_of(shop: Shop, name: str) -> int:
    return depositor_queries.passbook_of(depositor_id=shop.village.person(name)).points_account_id


def hand_over(shop: Shop, order: Order, *, code: str = "", at: datetime | None = None) -> Order:
    return mall.hand_over_order(actor=shop.village.officer("teller"), order_id=order.pk, code=code, at=at or shop.at)


def test_the_whole_way(shop: Shop) -> None:
    """Placed: points held, goods aside. Handed over: points redeemed, cost drawn."""
    order = shop.order("王建国", key="a", quantity=2)
    assert (order.price, order.cost, order.status) == (4000, 3000, "placed")
    assert len(order.pickup_code) == 8 and order.pickup_code.isdigit()
    assert shop.points_of("王建国") == 6000
    assert ledger_queries.held(account_id=account_of(shop, "王建国")) == 4000
    assert left(shop) == 8
    done = hand_over(shop, order, code=order.pickup_code)
    assert (done.status, shop.money()) == ("collected", 97_000)
    assert ledger_queries.held(account_id=account_of(shop, "王建国")) == 0
    assert fund_queries.draws_for(subjects=[f"order:{order.pk}"])[f"order:{order.pk}"].amount == 3000
    assert queries.titles_for(subjects=[f"order:{order.pk}", "deed:1"]) == {f"order:{order.pk}": "洗衣粉 × 2"}
    (receipt,) = queries.day_receipts(branch_id=shop.village.branch_id, day=shop.at.date())
    assert (receipt.masked_name, receipt.title, receipt.points) == ("王*国", "洗衣粉", 4000)
    assert queries.stock_faults() == []
    assert ledger_queries.verify().ok


def test_same_submission_makes_one_order(shop: Shop) -> None:
    first, again = shop.order("王建国", key="a"), shop.order("王建国", key="a")
    assert first.pk == again.pk and shop.points_of("王建国") == 8000 and left(shop) == 9
    with pytest.raises(mall.KeyReused):
        shop.order("王建国", key="a", quantity=2)


def test_too_few_points_says_how_many_are_missing(shop: Shop) -> None:
    shop.give("李秀英", 600)
    with pytest.raises(mall.TooFewPoints) as refused:
        shop.order("李秀英", key="a")
    assert str(refused.value) == "还差 14 分。家里人可以一起凑。"
    assert left(shop) == 10 and shop.points_of("李秀英") == 600
    assert not Order.objects.exists() and queries.stock_faults() == []


def test_stock_runs_out(shop: Shop) -> None:
    clerk = shop.village.officer("clerk")
    mall.count_stock(actor=clerk, product_id=shop.powder_id, branch_id=shop.village.branch_id, counted=2, at=shop.at)
    with pytest.raises(mall.SoldOut) as refused:
        shop.order("王建国", key="a", quantity=3)
    assert str(refused.value) == "只剩 2 袋了，请少选一些或等补货。"
    shop.order("王建国", key="b", quantity=2)
    with pytest.raises(mall.NothingLeft):
        shop.order("王秀梅", key="c")


def test_limit_counts_what_was_not_given_back(shop: Shop) -> None:
    first = shop.order("王建国", key="a", quantity=2)
    with pytest.raises(mall.LimitReached) as refused:
        shop.order("王建国", key="b", quantity=2)
    assert str(refused.value) == "每人 30 天内最多换 3 袋，已经换了 2 袋。"
    mall.cancel_order(actor=shop.village.officer("teller"), order_id=first.pk, at=shop.at)
    shop.order("王建国", key="c", quantity=3)
    with pytest.raises(mall.LimitReached):
        shop.order("王建国", key="d")
    shop.order("王建国", key="e", at=shop.at + timedelta(days=30))


def test_minors_choose_among_things_for_minors(shop: Shop) -> None:
    with pytest.raises(mall.NotForMinors):
        shop.order("王小雨", key="a")
    assert shop.order("王小雨", key="b", product_id=shop.ball_id).price == 6000


def test_who_may_spend(shop: Shop) -> None:
    village = shop.village

    def place(name: str, passbook: str, key: str, product_id: int = 0) -> Order:
        return mall.place_order(
            actor=village.villager(name),
            product_id=product_id or shop.powder_id,
            branch_id=village.branch_id,
            depositor_id=village.person(passbook),
            quantity=1,
            submission_key=key,
            at=shop.at,
        )

    assert place("王建国", "王建国", "a").door == "villager"
    assert place("李秀英", "王建国家", "b").depositor_id == village.person("王建国家")
    with pytest.raises(NotAllowed):
        place("王小雨", "王建国家", "c")
    with pytest.raises(NotAllowed):
        place("李秀英", "王建国", "d")
    with pytest.raises(NotFound):
        place("张伟", "王建国", "e")
    with pytest.raises(NotFound):
        place("孙立", "王建国", "f")


def test_used_code_says_when(shop: Shop) -> None:
    order = shop.order("王建国", key="a")
    hand_over(shop, order, code=order.pickup_code, at=shop.at + timedelta(hours=2, minutes=12))
    with pytest.raises(mall.AlreadyCollected) as refused:
        hand_over(shop, order, code=order.pickup_code, at=shop.at + timedelta(hours=3))
    assert str(refused.value) == "这个码 3月12日 11:42 领过了。"
    assert shop.money() == 98_500
    found = queries.order_by_code(actor=shop.village.officer("teller"), code=f" {order.pickup_code[:4]} {order.pickup_code[4:]} ")
    assert found.pk == order.pk


def test_codes_are_read_as_people_type_them(shop: Shop) -> None:
    order = shop.order("王建国", key="a")
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in order.pickup_code)
    assert queries.order_by_code(actor=shop.village.officer("teller"), code=wide).pk == order.pk
    with pytest.raises(mall.WrongCode):
        hand_over(shop, order, code="1234")
    for wrong in ("", "12", "abcdefgh", "一二三四五六七八"):
        with pytest.raises(queries.NoSuchCode):
            queries.order_by_code(actor=shop.village.officer("teller"), code=wrong)
    with pytest.raises(NotFound):
        queries.order_by_code(actor=shop.village.officer("other_clerk"), code=order.pickup_code)


def test_only_the_counter_hands_over(shop: Shop) -> None:
    order = shop.order("王建国", key="a")
    for key in ("director", "reviewer", "head"):
        with pytest.raises(NotAllowed):
            mall.hand_over_order(actor=shop.village.officer(key), order_id=order.pk, at=shop.at)
    with pytest.raises(NotAllowed):
        mall.hand_over_order(actor=shop.village.villager("王建国"), order_id=order.pk, at=shop.at)
    for actor in (shop.village.officer("other_clerk"), shop.village.villager("张伟")):
        with pytest.raises(NotFound):
            mall.hand_over_order(actor=actor, order_id=order.pk, at=shop.at)


def test_a_dear_order_goes_out_once_a_second_officer_said_so(shop: Shop) -> None:
    director, branch_id = shop.village.officer("director"), shop.village.branch_id
    mall.change_product(actor=shop.village.officer("clerk"), product_id=shop.powder_id, at=shop.at, cost=60_000)
    order = shop.order("王建国", key="a")
    assert queries.costly_orders(actor=director, branch_id=branch_id) == [order]
    with pytest.raises(funds.ApprovalMissing):
        hand_over(shop, order)
    assert queries.order(actor=shop.village.officer("teller"), order_id=order.pk).status == "placed"
    subject = queries.subject_of(order.pk)
    funds.approve_draw(actor=director, fund_id=shop.fund_id, subject=subject, amount=order.cost, at=shop.at)
    assert queries.costly_orders(actor=director, branch_id=branch_id) == []
    hand_over(shop, order)
    assert shop.money() == 40_000


def test_fund_too_low_writes_nothing(shop: Shop) -> None:
    funds.set_limit(actor=system("shell"), fund_id=shop.fund_id, limit=10**6, at=shop.at)
    mall.change_product(actor=shop.village.officer("clerk"), product_id=shop.powder_id, at=shop.at, cost=100_001)
    order = shop.order("王建国", key="a")
    before = ledger_queries.counts()
    with pytest.raises(funds.FundTooLow) as refused:
        hand_over(shop, order, code=order.pickup_code)
    assert str(refused.value) == "“爱心超市专款”里的钱不够付这一笔，请先补充资金再发放。积分还替您留着。"
    assert ledger_queries.counts() == before
    assert queries.order(actor=shop.village.officer("teller"), order_id=order.pk).status == "placed"


def test_cancelling_gives_back(shop: Shop) -> None:
    order = shop.order("王建国", key="a", quantity=2)
    mall.cancel_order(actor=shop.village.villager("王建国"), order_id=order.pk, reason="买错了", at=shop.at)
    assert shop.points_of("王建国") == 10_000 and left(shop) == 10
    with pytest.raises(mall.OrderEnded) as refused:
        hand_over(shop, order)
    assert str(refused.value) == "这一单 3月12日 09:30 已经结束（已取消），积分已退回存折。"
    assert queries.stock_faults() == []


def test_expiry_is_half_open(shop: Shop) -> None:
    """The last village day belongs to the buyer; from its end on nobody can fetch, and the job gives back."""
    order = shop.order("王建国", key="a")
    end = order.pick_up_by
    assert end == datetime(2026, 3, 20, tzinfo=shop.at.tzinfo)
    just_before = end - timedelta(microseconds=1)
    assert jobs.expire_orders(just_before) == 0
    with pytest.raises(mall.NotYetDue):
        mall.expire_order(actor=system(), order_id=order.pk, at=just_before)
    with pytest.raises(mall.PickupOver) as refused:
        hand_over(shop, order, at=end)
    assert str(refused.value) == "取货期 3月19日 已过，积分会退回存折，可以重新换一次。"
    assert jobs.expire_orders(end) == 1 and jobs.expire_orders(end) == 0
    assert shop.points_of("王建国") == 10_000 and left(shop) == 10


def test_refund_returns_points_without_making_them_young(shop: Shop) -> None:
    order = shop.order("王建国", key="a")
    account = account_of(shop, "王建国")
    with pytest.raises(mall.NotCollected):
        mall.refund_order(actor=shop.village.officer("clerk"), order_id=order.pk, reason="坏了", at=shop.at)
    hand_over(shop, order)
    mall.refund_order(actor=shop.village.officer("clerk"), order_id=order.pk, reason="包装破了", at=shop.at)
    assert shop.points_of("王建国") == 10_000 and shop.money() == 100_000 and left(shop) == 10
    assert ledger_queries.expirable(account_id=account, cutoff=shop.at) == 10_000
    with pytest.raises(mall.OrderEnded):
        mall.refund_order(actor=shop.village.officer("clerk"), order_id=order.pk, reason="再退", at=shop.at)
    assert ledger_queries.verify().ok


def test_refund_rules(shop: Shop) -> None:
    order = hand_over(shop, shop.order("王建国", key="a"))
    with pytest.raises(NotAllowed):
        mall.refund_order(actor=shop.village.officer("teller"), order_id=order.pk, reason="坏了", at=shop.at)
    with pytest.raises(WrongInput):
        mall.refund_order(actor=shop.village.officer("clerk"), order_id=order.pk, reason=" ", at=shop.at)
    mall.refund_order(actor=shop.village.officer("director"), order_id=order.pk, reason="过期了", restock=False, at=shop.at)
    assert left(shop) == 9 and queries.stock_faults() == []


def test_price_is_the_one_that_was_seen(shop: Shop) -> None:
    order = shop.order("王建国", key="a")
    mall.change_product(actor=shop.village.officer("clerk"), product_id=shop.powder_id, at=shop.at, price=2500)
    assert queries.order(actor=shop.village.officer("clerk"), order_id=order.pk).price == 2000
    with pytest.raises(mall.PriceChanged):
        mall.place_order(
            actor=shop.village.villager("王建国"),
            product_id=shop.powder_id,
            branch_id=shop.village.branch_id,
            depositor_id=shop.village.person("王建国"),
            quantity=1,
            submission_key="b",
            price_seen=2000,
            at=shop.at,
        )


def test_off_the_shelf(shop: Shop) -> None:
    mall.change_product(actor=shop.village.officer("clerk"), product_id=shop.powder_id, at=shop.at, is_on_shelf=False)
    with pytest.raises(mall.OffShelf):
        shop.order("王建国", key="a")
    titles = [
        item.title for item in queries.products_on_shelf(actor=shop.village.officer("teller"), branch_id=shop.village.branch_id)
    ]
    assert titles == ["篮球"]


@pytest.mark.parametrize("quantity", [0, -1, 101, 10**12])
def test_absurd_quantities(shop: Shop, quantity: int) -> None:
    with pytest.raises(WrongInput):
        shop.order("王建国", key="a", quantity=quantity)


def test_products_are_kept_by_their_own(shop: Shop) -> None:
    village = shop.village
    for key in ("teller", "reviewer", "other_clerk"):
        with pytest.raises(NotAllowed):
            mall.add_product(
                actor=village.officer(key), organisation_id=village.branch_id, kind="goods", title="米", price=100, at=shop.at
            )
    with pytest.raises(mall.TitleTaken):
        mall.add_product(
            actor=village.officer("clerk"), organisation_id=village.branch_id, kind="goods", title="洗衣粉", price=1, at=shop.at
        )
    with pytest.raises(WrongInput):
        mall.add_product(
            actor=village.officer("clerk"),
            organisation_id=village.branch_id,
            kind="goods",
            title="米",
            price=1,
            cost=5,
            at=shop.at,
        )
    with pytest.raises(NotFound):
        mall.change_product(actor=village.officer("other_clerk"), product_id=shop.powder_id, at=shop.at, price=1)
    with pytest.raises(NotFound):
        mall.receive_stock(
            actor=village.officer("other_clerk"),
            product_id=shop.powder_id,
            branch_id=village.other_branch_id,
            quantity=1,
            at=shop.at,
        )


def test_head_bank_goods_stand_in_every_branch(shop: Shop) -> None:
    village = shop.village
    rice = mall.add_product(
        actor=village.officer("head"), organisation_id=village.head_bank_id, kind="goods", title="大米", price=5000, at=shop.at
    )
    mall.receive_stock(
        actor=village.officer("other_clerk"), product_id=rice.pk, branch_id=village.other_branch_id, quantity=4, at=shop.at
    )
    assert queries.product(actor=village.villager("王建国"), public_id=rice.public_id).pk == rice.pk
    with pytest.raises(NotFound):
        queries.products_on_shelf(actor=village.villager("王建国"), branch_id=village.other_branch_id)


def test_counting_keeps_the_difference(shop: Shop) -> None:
    clerk = shop.village.officer("clerk")
    mall.count_stock(actor=clerk, product_id=shop.powder_id, branch_id=shop.village.branch_id, counted=7, at=shop.at)
    assert left(shop) == 7 and StockChange.objects.filter(reason="counted", quantity=-3).count() == 1
    with pytest.raises(NotPositive):
        mall.count_stock(actor=clerk, product_id=shop.powder_id, branch_id=shop.village.branch_id, counted=-1, at=shop.at)
    assert queries.stock_faults() == []


def test_history_is_recorded_in_bulk(shop: Shop) -> None:
    """Thousands of past redemptions: each with its hold, its end, its stock change and its draw; the key counts once."""
    village, clerk = shop.village, shop.village.officer("clerk")
    names = ["王建国", "王秀梅", "张伟"]
    rows = [
        mall.RedeemRow(
            product_id=shop.powder_id,
            depositor_id=village.person(name),
            quantity=1,
            placed_at=shop.at - timedelta(days=20 - place, hours=1),
            collected_at=shop.at - timedelta(days=20 - place),
        )
        for place in range(3)
        for name in names
    ]
    made = mall.redeem_many(actor=clerk, branch_id=village.branch_id, rows=rows, key="2026-02", at=shop.at)
    again = mall.redeem_many(actor=clerk, branch_id=village.branch_id, rows=rows, key="2026-02", at=shop.at)
    assert made == again and len(made) == 9
    assert shop.points_of("王建国") == 4000 and left(shop) == 1 and shop.money() == 100_000 - 9 * 1500
    subjects = [f"order:{pk}" for pk in made]
    assert len(fund_queries.draws_for(subjects=subjects)) == 9
    stored = queries.order(actor=clerk, order_id=made[0])
    assert (stored.status, stored.ended_at) == ("collected", rows[0].collected_at)
    assert stored.held_id and stored.settled_id
    assert queries.stock_faults() == [] and ledger_queries.verify().ok
    with pytest.raises(mall.NotEnoughInStock):
        mall.redeem_many(actor=clerk, branch_id=village.branch_id, rows=rows[:2], key="2026-03", at=shop.at)


def test_bulk_is_set_based(shop: Shop) -> None:
    village, clerk = shop.village, shop.village.officer("clerk")
    mall.receive_stock(actor=clerk, product_id=shop.powder_id, branch_id=village.branch_id, quantity=5000, at=shop.at)
    mall.change_product(actor=clerk, product_id=shop.powder_id, at=shop.at, price=1, cost=1)

    def statements(count: int, key: str) -> int:
        rows = [
            mall.RedeemRow(shop.powder_id, village.person("王建国"), 1, shop.at - timedelta(minutes=2), shop.at)
            for _ in range(count)
        ]
        with CaptureQueriesContext(connection) as queries_made:
            mall.redeem_many(actor=clerk, branch_id=village.branch_id, rows=rows, key=key, at=shop.at)
        return len(queries_made)

    assert statements(300, "b") <= statements(30, "a") + 20


def test_people_are_told(shop: Shop) -> None:
    actor = shop.village.villager("王建国")
    order = shop.order("王建国", key="a")
    hand_over(shop, order)
    assert actor.user_id is not None
    about = [message.about for message in inbox_queries.messages_of(user_id=actor.user_id)]
    assert about == ["mall.order_collected", "mall.order_placed"]


def test_lists_are_scoped_and_flat(shop: Shop, django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    for number, name in enumerate(("王建国", "王秀梅", "张伟")):
        shop.order(name, key=f"k{number}")
    teller = shop.village.officer("teller")
    with django_assert_max_num_queries(1):  # type: ignore[operator]
        rows = queries.orders_to_hand_over(actor=teller)
        assert [(row.product.title, row.depositor.name) for row in rows] == [
            ("洗衣粉", "王建国"),
            ("洗衣粉", "王秀梅"),
            ("洗衣粉", "张伟"),
        ]
    assert queries.orders_to_hand_over(actor=shop.village.officer("other_clerk")) == []
    (line,) = [row for row in queries.stock_of(branch_id=shop.village.branch_id) if row.product_id == shop.powder_id]
    assert (line.left, line.reserved) == (7, 3)
    newest = queries.orders_of(depositor_ids=[shop.village.person("王建国")])
    assert [row.depositor_id for row in newest] == [shop.village.person("王建国")]

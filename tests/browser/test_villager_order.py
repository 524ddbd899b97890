"""The page of one thing in a real browser: one more, one less, and the sums beside it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from tests.surfaces.stage import Stage
from wenming.domain.mall import queries as mall_queries

Opener = Callable[..., BrowserContext]


def test_the_sums_follow_the_count_and_the_passbook(stage: Stage, live_server: LiveServer, open_context: Opener) -> None:
    (order,) = mall_queries.orders_of(depositor_ids=[stage.village.person("王建国")])
    family = stage.shop.points_of("王建国家") // 100
    has, price = stage.shop.points_of("王建国") // 100, order.product.price // 100
    session = stage.client("王建国").cookies["sessionid"].value
    context = open_context(live_server.url, width=360, height=780)
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"/mall/{order.product.public_id}/")
    expect(page.locator("[data-after]")).to_have_text(f"换后 {has - price} 分")
    page.get_by_label("多一份").click()
    expect(page.locator("#id_quantity")).to_have_value("2")
    expect(page.locator("[data-count]")).to_have_text("2 份共")
    expect(page.locator("[data-total]")).to_have_text(f"{2 * price} 分")
    page.get_by_label("少一份").click()
    page.get_by_label("少一份").click()
    expect(page.locator("#id_quantity")).to_have_value("1")
    page.get_by_text("王建国家").click()
    expect(page.locator("[data-purse]")).to_have_text(f"现有 {family} 分")
    page.locator("#id_quantity").fill("99")
    expect(page.locator("[data-after]")).to_have_text(f"还差 {99 * price - family:,} 分")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_text("还差")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

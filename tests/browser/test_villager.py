"""The villager's pages in a real browser: every page in its looks fits the phone; the main walk, with and without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests import village as villages
from tests.browser.conftest import enter, keep_picture, look_at, wait_until, wide_elements
from tests.surfaces import stage as stages
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.mall import queries as mall_queries

LOOKS = (("light", 390), ("light", 360), ("dark", 390), ("more", 390), ("light.elder", 360))
Opener = Callable[..., BrowserContext]


def pages_of(stage: stages.Stage) -> dict[str, str]:
    actor = stage.village.villager("王建国")
    returned = deed_queries.declaration(actor=actor, declaration_id=stage.deeds["returned"])
    done = [one for one in deed_queries.declarations_of(depositor_ids=[actor.depositor_id]) if one.transaction_id]
    (order,) = mall_queries.orders_of(depositor_ids=[actor.depositor_id])
    (notice,) = stages.notices_up(stage)
    line = deed_queries.declaration(actor=actor, declaration_id=stage.deeds["on_notice:王建国"]).notice_line_id
    return {
        "home": "/",
        "passbook": "/passbook/",
        "entry": f"/passbook/{done[0].transaction.public_id}/",
        "declare-1": "/declare/",
        "declare-2": f"/declare/{next(iter(stage.items.values()))}/",
        "deeds": "/deeds/",
        "deed-returned": f"/deeds/{returned.public_id}/",
        "deed-done": f"/deeds/{returned.public_id}/done/",
        "amend": f"/deeds/{returned.public_id}/amend/",
        "notices": "/notices/",
        "notice": f"/notices/{notice}/",
        "object": f"/notices/{notice}/lines/{line}/",
        "mall": "/mall/",
        "product": f"/mall/{order.product.public_id}/",
        "product-check": f"/mall/{order.product.public_id}/?quantity=2",
        "orders": "/orders/",
        "code": f"/orders/{order.public_id}/",
        "messages": "/messages/",
        "household": "/household/",
        "me": "/me/",
        "my-data": "/me/data/",
        "settings": "/settings/",
        "password": "/password/",
        "missing": "/deeds/nothing/",
    }


def test_every_page_fits_the_phone_in_every_look(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    page = enter(open_context(live_server.url, worker=False), stage, "王建国", live_server.url)
    assert look_at(page, live_server.url, pages_of(stage), LOOKS, picture="m-{name}-{looks}-{width}") == {}


def test_a_photo_chosen_before_the_script_is_there_is_kept(
    stage: stages.Stage, live_server: LiveServer, open_context: Opener, tmp_path: Path
) -> None:
    """On a slow phone the page can be used before its script has come."""
    shot = tmp_path / "shot.jpg"
    shot.write_bytes(stages.photo().getvalue())
    page = enter(open_context(live_server.url), stage, "李秀英", live_server.url)
    held: list[Route] = []
    page.route("**/villager/declare*.js", lambda route: held.append(route))
    page.goto(f"/declare/{list(stage.items.values())[4]}/", wait_until="commit")
    page.locator("input[type=file]").set_input_files(shot)
    wait_until(page, lambda: bool(held))
    held[0].continue_()
    expect(page.get_by_alt_text("第 1 张照片")).to_be_visible()
    expect(page.get_by_alt_text("第 2 张照片")).to_have_count(0)


@pytest.mark.parametrize("script", [True, False])
def test_a_deed_is_declared_by_hand(
    stage: stages.Stage, live_server: LiveServer, open_context: Opener, tmp_path: Path, script: bool
) -> None:
    """Three steps with a photo from the phone; a missing day is asked for and the photo is not lost."""
    title, item_id = list(stage.items.items())[4]
    shot = tmp_path / "shot.jpg"
    shot.write_bytes(stages.photo().getvalue())
    page = enter(open_context(live_server.url, script=script), stage, "李秀英", live_server.url)
    page.goto("/declare/")
    page.get_by_label("查找").fill(title[:2])
    page.get_by_label("查找").press("Enter")
    page.get_by_role("link", name=title).first.click()
    if script:  # the form is taken over once the phone's store has answered
        expect(page.locator("input[type=file]")).to_have_attribute("data-kept", "phone")
    page.locator("input[type=file]").set_input_files(shot)
    if script:
        expect(page.get_by_alt_text("第 1 张照片")).to_be_visible()
    page.get_by_label("李秀英").check()
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.get_by_role("heading", name="还差 1 处，补上就能交")).to_be_visible()
    keep_picture(page, f"m-declare-error-{'' if script else 'no-'}script")
    expect(page.get_by_alt_text("第 1 张照片")).to_be_visible()
    page.get_by_text("今天", exact=True).click()
    if script:
        expect(page.locator(".opt.on", has_text="今天")).to_be_visible()
    page.get_by_label("在哪儿做的").fill("槐树巷北口")
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.get_by_role("heading", name="看一遍，对了就交")).to_be_visible()
    keep_picture(page, f"m-declare-3-{'' if script else 'no-'}script")
    page.get_by_label("这是真事").check()
    page.get_by_role("button", name="交给村里").click()
    expect(page.get_by_role("heading", name="交上去了")).to_be_visible()
    page.get_by_role("link", name=title).click()
    expect(page.get_by_text("槐树巷北口")).to_be_visible()
    expect(page.get_by_text("待审核")).to_be_visible()


SMALL = """(least) => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
  .filter((one) => one.checkVisibility() && !one.closest(".skip, .vh"))
  .map((one) => one.matches("[type=radio], [type=checkbox]") ? one.closest("label") : one)
  .filter((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < least - 0.5)
  .map((one) => `${one.tagName}.${one.className}: ${one.textContent.trim()}`)"""
SMALLEST_TYPE = """() => Math.min(...[...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && !one.closest(".vh, .skip, script"))
  .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
  .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""


def test_an_elder_goes_from_the_log_in_to_the_code(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    """Large type chosen before the log-in and kept by the server; each step by what stands on the screen, in sizes for old
    hands and eyes: targets of 60 px, type of 18, nothing to push sideways."""
    stage.village.villager("单秀兰")
    villages.log_in(stage.village, "单秀兰")
    page = open_context(live_server.url, width=360, height=780).new_page()

    def at(heading: str) -> None:
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        assert page.evaluate(SMALL, 60) == [], heading
        assert page.evaluate(SMALLEST_TYPE) >= 18, heading
        assert page.evaluate("document.documentElement.scrollWidth") <= 360 and wide_elements(page) == [], heading
        keep_picture(page, f"m-elder-{heading}")

    page.goto("/login/")
    page.get_by_role("button", name="大字").click()
    expect(page.get_by_role("button", name="标准字")).to_be_visible()
    at("您好，请登录")
    page.get_by_label("手机号或户号").fill("0003")
    page.get_by_label("密码", exact=True).fill(villages.PASSWORD)
    page.get_by_role("button", name="登录").click()
    at("单秀兰，您好")
    page.get_by_role("link", name="换东西").click()
    at("积分商城")
    page.get_by_role("link", name="洗衣粉").click()
    at("洗衣粉")
    page.get_by_label("多一份").click()
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.get_by_text("洗衣粉 × 2")).to_be_visible()
    at("洗衣粉")
    page.get_by_role("button", name="确定换").click()
    at("兑换码")
    expect(page.locator(".code")).to_have_text(re.compile(r"^\d{4} \d{4}$"))


def test_chinese_is_drawn_and_not_boxes(chromium: Browser) -> None:
    """Without a Chinese font every character is the same empty box."""
    page = chromium.new_page(viewport={"width": 60, "height": 60})
    pictures = []
    for sign in "文明":
        page.set_content(f"<p style='font: 40px sans-serif; margin: 0'>{sign}")
        pictures.append(page.screenshot())
    page.close()
    assert pictures[0] != pictures[1]


def test_what_was_typed_is_back_after_the_log_in(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    """The log-in runs out while somebody writes, and no script helps."""
    (number,) = stages.notices_up(stage)
    deed = deed_queries.declaration(actor=stage.village.villager("王建国"), declaration_id=stage.deeds["on_notice:王建国"])
    villages.log_in(stage.village, "王建国")
    context = open_context(live_server.url, script=False)
    page = enter(context, stage, "王建国", live_server.url)
    page.goto(f"/notices/{number}/lines/{deed.notice_line_id}/")
    page.get_by_label("分数记多了或记少了").check()
    page.get_by_label("说一说您知道的").fill("那天是两个人一起去的")
    context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="交意见").click()
    expect(page.get_by_text("登录过期了")).to_be_visible()
    keep_picture(page, "m-login-expired")
    page.get_by_label("手机号或户号").fill("13800000001")
    page.get_by_label("密码", exact=True).fill(villages.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("说一说您知道的")).to_have_value("那天是两个人一起去的")
    expect(page.get_by_label("分数记多了或记少了")).to_be_checked()
    keep_picture(page, "m-typed-back")
    page.get_by_role("button", name="交意见").click()
    expect(page.get_by_text("意见交上去了")).to_be_visible()

"""A phone and a counter without network, in a real browser: kept, shown, handed in once; with and without a service worker."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import village as villages
from tests.browser import conftest
from tests.browser.conftest import ARGUMENTS, NAMES, dress, keep_picture, wait_until, wide_elements
from tests.surfaces.stage import Stage
from wenming.core import attachments, fates
from wenming.core.actor import system
from wenming.core.models import Fate
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.depositors import queries as depositors
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall

NAME = "李秀英"
NUMBERS = ("13800000001", "13800000002", "13800009999", "138 0000 0001")
EXECUTABLE = os.environ.get("WENMING_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
WORKER_READY = """() => Promise.race([
  navigator.serviceWorker.ready.then(() => true),
  new Promise((_done, fail) => setTimeout(fail, 30000, new Error("no worker"))),
])"""
STORED = """() => new Promise((done) => {
  const asked = indexedDB.open("wenming");
  asked.onupgradeneeded = () => asked.transaction.abort();
  asked.onerror = () => done("[]");
  asked.onsuccess = () => {
    const names = [...asked.result.objectStoreNames];
    if (!names.length) return done("[]");
    const deal = asked.result.transaction(names);
    const all = names.map((name) => deal.objectStore(name).getAll());
    deal.oncomplete = () => { asked.result.close(); done(JSON.stringify(all.map((one) => one.result))); };
  };
})"""
PHOTO_BYTES = """() => new Promise((done) => {
  const asked = indexedDB.open("wenming");
  asked.onsuccess = () => {
    const all = asked.result.transaction("entries").objectStore("entries").getAll();
    all.onsuccess = () => {
      asked.result.close();
      done(all.result.flatMap((one) => one.photos || []).reduce((sum, one) => sum + one.size, 0));
    };
  };
})"""
REGISTERED = "() => navigator.serviceWorker.getRegistrations().then((all) => all.length)"
Opener = Callable[..., BrowserContext]
Enter = Callable[[BrowserContext], Page]
Officer = Callable[[BrowserContext, str], Page]


@pytest.fixture
def phone(open_context: Opener, live_server: LiveServer) -> Opener:
    """Opens a fresh browser, with a service worker or as a web view that has none. Faults on its pages fail the test."""
    return partial(open_context, live_server.url)


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """A photograph of more than a megabyte, as a phone's camera makes them."""
    noise = random.Random(7).randbytes(320 * 240 * 3)
    picture = Image.frombytes("RGB", (320, 240), noise).resize((2560, 1920))
    path = tmp_path / "shot.jpg"
    picture.save(path, "JPEG", quality=97)
    assert path.stat().st_size > 1_000_000
    return path


@pytest.fixture
def enter(stage: Stage) -> Enter:
    """Log in through the page, as a person would: this is how a phone learns whose it is."""

    def make(context: BrowserContext) -> Page:
        stage.village.villager(NAME)
        villages.log_in(stage.village, NAME)
        page = context.new_page()
        log_in(page, stage)
        return page

    return make


def log_in(page: Page, stage: Stage, name: str = NAME) -> None:
    number = depositors.passbook_of(depositor_id=stage.village.person(name)).number
    if "/login/" not in page.url:
        page.goto("/login/")
    page.locator("[name=name]").fill(number)
    page.locator("[name=password]").fill(villages.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("[name=password]")).to_have_count(0)


def ready(page: Page, *, worker: bool) -> None:
    """The worker is in charge and the phone knows the clauses."""
    page.goto("/declare/")
    if worker:
        page.evaluate(WORKER_READY)
    wait_for(page, "kit:")


def wait_for(page: Page, text: str) -> None:
    """Until the phone keeps it."""
    wait_until(page, lambda: text in page.evaluate(STORED))


def open_form(page: Page, stage: Stage, place: int = 4) -> None:
    """The form of a clause, when the script has taken it over: until then it posts as it does without script."""
    page.goto(f"/declare/{list(stage.items.values())[place]}/")
    expect(page.locator("input[type=file]")).to_have_attribute("data-kept", "phone")


def fill_form(page: Page, shot: Path | None, words: str = "槐树巷北口") -> None:
    if shot is not None:
        page.locator("input[type=file]").set_input_files(shot)
        expect(page.get_by_alt_text("第 1 张照片")).to_be_visible(timeout=30_000)
    page.get_by_text("今天", exact=True).click()
    page.get_by_label(NAME).check()
    page.get_by_label("在哪儿做的").fill(words)


def hand_in(page: Page) -> None:
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.get_by_role("heading", name="看一遍，对了就交")).to_be_visible()
    page.get_by_label("这是真事").check()
    page.get_by_role("button", name="交给村里").click()


def declared(stage: Stage) -> list[Any]:
    return deed_queries.declared_by(actor=stage.village.villager(NAME))


def item_of(stage: Stage) -> tuple[str, int]:
    return list(stage.items.items())[4]


def photo_bytes(page: Page) -> int:
    """How many bytes of photos are kept on the phone."""
    return int(page.evaluate(PHOTO_BYTES))


@pytest.mark.parametrize("worker", [True, False])
def test_a_deed_declared_without_network_is_delivered_once(
    stage: Stage, phone: Opener, enter: Enter, shot: Path, worker: bool
) -> None:
    """Kept with its photo, counted on every page, handed in when the network is back; a double tap is one entry."""
    context = phone(worker=worker)
    page = enter(context)
    ready(page, worker=worker)
    title, _number = item_of(stage)
    open_form(page, stage)
    context.set_offline(True)
    fill_form(page, shot)
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.get_by_text("没有网络，照样能记。")).to_be_visible()
    page.get_by_label("这是真事").check()
    page.get_by_role("button", name="交给村里").dblclick()
    expect(page.get_by_role("heading", name="存在手机里了")).to_be_visible()
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    expect(page.locator("[data-state=waiting]")).to_have_count(1)
    assert 0 < photo_bytes(page) <= 120 * 1024
    assert declared(stage) == []
    context.set_offline(False)
    expect(page.locator("[data-state=applied]")).to_be_visible()
    expect(page.locator("#kept")).to_be_hidden()
    (deed,) = declared(stage)
    (fate,) = fates.of_subject(f"deed:{deed.pk}")
    assert deed.item.title == title and deed.words == "槐树巷北口" and fate.outcome == "applied"
    (picture,) = attachments.of(f"deed:{deed.pk}")
    assert picture.width <= 1280
    page.goto("/kept/")
    expect(page.get_by_text("交上去了")).to_be_visible()
    assert len(declared(stage)) == 1 and photo_bytes(page) == 0, "what was delivered does not stay on the phone"


def test_the_second_tap_of_two_goes_no_further(stage: Stage, phone: Opener, enter: Enter) -> None:
    """Where the button stood a link stands when the deed is kept: the second tap must not follow it; another tap does."""
    page = enter(phone())
    open_form(page, stage)
    fill_form(page, None)
    page.get_by_role("button", name="下一步：看一遍").click()
    page.get_by_label("这是真事").check()
    page.context.route("**/outbox/", lambda route: route.abort())
    page.get_by_role("button", name="交给村里").click()
    expect(page.get_by_role("heading", name="存在手机里了")).to_be_visible()
    link = page.get_by_role("link", name="回首页")
    assert link.evaluate("(a) => a.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, detail: 2}))") is False
    expect(page.get_by_role("heading", name="存在手机里了")).to_be_visible()
    link.click()
    page.wait_for_url("**/")
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()


def test_from_the_list_to_the_queue_without_any_page_fetched(stage: Stage, phone: Opener, enter: Enter, shot: Path) -> None:
    """With the worker every page of declaring opens without network; a reload in between loses nothing typed."""
    context = phone()
    page = enter(context)
    ready(page, worker=True)
    context.set_offline(True)
    page.goto("/mall/")
    expect(page.get_by_text("看余额、换东西、提意见要等有网")).to_be_visible()
    page.get_by_role("link", name="记一笔").last.click()
    title, _number = item_of(stage)
    page.locator("summary", has_text=title).or_(page.locator("details", has_text=title).locator("summary")).first.click()
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    fill_form(page, shot, words="没网时写的")
    wait_for(page, "没网时写的")
    page.reload()
    expect(page.get_by_text("上次没交完，写的都还在。")).to_be_visible()
    expect(page.get_by_label("在哪儿做的")).to_have_value("没网时写的")
    expect(page.get_by_alt_text("第 1 张照片")).to_be_visible()
    hand_in(page)
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    page.reload()
    page.goto("/passbook/")
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    expect(page.locator("[data-state=waiting]")).to_contain_text(title)
    context.set_offline(False)
    page.goto("/")
    expect(page.locator("#kept")).to_be_hidden()
    assert [deed.words for deed in declared(stage)] == ["没网时写的"]


def test_without_a_worker_the_open_list_still_declares(stage: Stage, phone: Opener, enter: Enter) -> None:
    """A web view has no worker: the page that is open goes on, and the next page that loads hands in."""
    context = phone(worker=False)
    page = enter(context)
    ready(page, worker=False)
    context.set_offline(True)
    title, _number = item_of(stage)
    page.locator("details", has_text=title).locator("summary").first.click()
    page.get_by_role("link", name=title).click()
    fill_form(page, None)
    hand_in(page)
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    page.close()
    context.set_offline(False)
    later = context.new_page()
    later.goto("/passbook/")
    expect(later.locator("#kept")).to_be_hidden()
    later.goto("/kept/")
    expect(later.locator("[data-state=applied]")).to_be_visible()
    assert len(declared(stage)) == 1


def test_the_worker_hands_in_by_itself(stage: Stage, phone: Opener, enter: Enter) -> None:
    """The browser wakes the worker when the network is back, with no page open that could do it."""
    context = phone()
    page = enter(context)
    ready(page, worker=True)
    open_form(page, stage)
    context.set_offline(True)
    fill_form(page, None)
    hand_in(page)
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    tools = context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    tools.send("ServiceWorker.enable")
    wait_until(page, lambda: bool(registrations))
    page.goto("about:blank")
    context.set_offline(False)
    wake = {"origin": stage_origin(registrations), "registrationId": registrations[0]["registrationId"]}
    tools.send("ServiceWorker.dispatchSyncEvent", {**wake, "tag": "outbox", "lastChance": True})
    wait_until(page, lambda: bool(declared(stage)))
    assert len(declared(stage)) == 1


def stage_origin(registrations: list[dict[str, Any]]) -> str:
    return str(registrations[0]["scopeURL"]).rstrip("/")


@pytest.mark.parametrize("worker", [True, False])
def test_a_log_in_that_ended_in_the_middle_of_the_form(stage: Stage, phone: Opener, enter: Enter, worker: bool) -> None:
    """What was typed is kept, the log-in is asked for, and it goes on by itself."""
    context = phone(worker=worker)
    page = enter(context)
    ready(page, worker=worker)
    open_form(page, stage)
    fill_form(page, None, words="登录过期了")
    context.clear_cookies(name="sessionid")
    hand_in(page)
    expect(page.get_by_text("要登录一下才能交")).to_be_visible()
    assert declared(stage) == []
    page.get_by_role("link", name="登录，接着交").click()
    log_in(page, stage)
    expect(page.locator("[data-state=applied]")).to_be_visible()
    assert [deed.words for deed in declared(stage)] == ["登录过期了"]


def test_what_is_refused_says_why_and_is_mended(stage: Stage, phone: Opener, enter: Enter) -> None:
    """Too late for its clause: the reason stands on the phone, nothing typed is lost, the mended one goes in."""
    context = phone()
    page = enter(context)
    ready(page, worker=True)
    open_form(page, stage)
    context.set_offline(True)
    page.get_by_text("别的日子", exact=True).click()
    page.get_by_text("选了“别的日子”").click()
    page.get_by_label("哪一天").fill("2026-01-05")
    page.get_by_label(NAME).check()
    page.get_by_label("在哪儿做的").fill("一月的事")
    hand_in(page)
    expect(page.get_by_text("已经过了能记的日子")).to_be_visible()
    context.set_offline(False)
    expect(page.locator("[data-state=refused]")).to_contain_text("天内记，已经过了")
    expect(page.get_by_text("有 1 件没记上，看一看")).to_be_visible()
    page.goto("/kept/")
    page.get_by_role("link", name="改一改再交").click()
    expect(page.locator("#errors")).to_contain_text("天内记，已经过了")
    expect(page.get_by_label("在哪儿做的")).to_have_value("一月的事")
    page.get_by_text("昨天", exact=True).click()
    hand_in(page)
    expect(page.get_by_role("heading", name="交上去了")).to_be_visible()
    assert [str(deed.happened_on) for deed in declared(stage)] == ["2026-03-11"]
    assert sorted(fates_of(stage)) == ["applied", "refused"]
    page.goto("/kept/")
    expect(page.get_by_text("手机里没有等着交的。")).to_be_visible()


def fates_of(stage: Stage) -> list[str]:
    return list(Fate.objects.filter(user_id=stage.village.users[NAME]).values_list("outcome", flat=True))


def test_with_network_the_answer_of_the_rules_comes_at_once(stage: Stage, phone: Opener, enter: Enter) -> None:
    """Refused beside its field, and told twice is said in words; nothing is left on the phone but the form."""
    context = phone()
    page = enter(context)
    for turn in range(2):
        open_form(page, stage)
        fill_form(page, None, words="同一件事")
        hand_in(page)
        if turn == 0:
            expect(page.get_by_role("heading", name="交上去了")).to_be_visible()
    expect(page.locator("#errors")).to_contain_text("已记过一模一样的")
    page.get_by_label("在哪儿做的").fill("同一件事，下午又做了一次")
    hand_in(page)
    expect(page.get_by_role("heading", name="交上去了")).to_be_visible()
    assert len(declared(stage)) == 2


def test_a_fault_of_the_server_is_said_with_its_number(stage: Stage, phone: Opener, enter: Enter) -> None:
    context = phone(worker=False)
    page = enter(context)
    open_form(page, stage)
    fill_form(page, None)
    context.route("**/outbox/", lambda route: route.fulfill(status=500, body="<p>没办成，请报 E-041277。</p>"))
    hand_in(page)
    expect(page.get_by_text("村里的服务器没有回应，不是您的错")).to_be_visible()
    expect(page.get_by_text("E-041277")).to_be_visible()
    context.unroute("**/outbox/")
    page.get_by_role("button", name="现在试着交").click()
    expect(page.locator("[data-state=applied]")).to_be_visible()
    assert len(declared(stage)) == 1


def test_logging_out_clears_the_phone_and_warns_before(stage: Stage, phone: Opener, enter: Enter) -> None:
    context = phone()
    page = enter(context)
    ready(page, worker=True)
    open_form(page, stage)
    context.set_offline(True)
    fill_form(page, None, words="退出前写的")
    hand_in(page)
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    context.route("**/outbox/", lambda route: route.abort())
    context.set_offline(False)
    page.goto("/me/")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_text("手机里还有没交上去的")).to_be_visible()
    assert "退出前写的" in page.evaluate(STORED)
    page.get_by_role("button", name="不要了，还是退出").click()
    expect(page.get_by_role("heading", name="您好，请登录")).to_be_visible()
    assert page.evaluate(STORED) == "[[],[]]"


def test_one_phone_two_people(stage: Stage, phone: Opener, enter: Enter) -> None:
    """What one person keeps is neither shown to the next nor handed in under the other name; it waits for its owner."""
    context = phone()
    page = enter(context)
    ready(page, worker=True)
    open_form(page, stage)
    context.set_offline(True)
    fill_form(page, None, words="只有我自己能看")
    hand_in(page)
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    context.clear_cookies(name="sessionid")
    page.goto("about:blank")
    context.set_offline(False)
    stage.village.villager("张伟")
    villages.log_in(stage.village, "张伟")
    log_in(page, stage, "张伟")
    expect(page.locator("#kept")).to_be_hidden()
    page.goto("/kept/")
    expect(page.get_by_text("手机里没有等着交的。")).to_be_visible()
    assert declared(stage) == []
    page.goto("/me/")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="您好，请登录")).to_be_visible()
    log_in(page, stage)
    page.goto("/kept/")
    expect(page.locator("[data-state=applied]")).to_be_visible()
    assert [deed.words for deed in declared(stage)] == ["只有我自己能看"]


def test_a_stolen_phone_is_cleared_at_its_next_page(stage: Stage, phone: Opener, enter: Enter) -> None:
    """Ended from another phone: it is logged out, what it kept is gone, and nothing of it arrives."""
    lost = phone()
    page = enter(lost)
    ready(page, worker=True)
    open_form(page, stage)
    lost.set_offline(True)
    fill_form(page, None, words="小偷写的")
    hand_in(page)
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    own = phone().new_page()
    log_in(own, stage)
    own.goto("/settings/")
    keep_picture(own, "m-devices")
    own.locator("li", has_not_text="就是这部").locator("summary").filter(has_text="停用").click()
    own.get_by_role("button", name="确定停用").click()
    expect(own.get_by_text("停用好了。")).to_be_visible()
    lost.set_offline(False)
    page.goto("/")
    expect(page.get_by_role("heading", name="您好，请登录")).to_be_visible()
    wait_until(page, lambda: page.evaluate(STORED) == "[[],[]]")
    log_in(page, stage)
    assert declared(stage) == []


def test_no_number_of_anybody_is_kept_on_the_phone(
    stage: Stage, live_server: LiveServer, chromium: Browser, tmp_path: Path
) -> None:
    """A search of every byte of the browser's profile: no phone, no ID number, and none goes in with the words."""
    folder = tmp_path / "profile"
    browser = chromium.browser_type.launch_persistent_context(
        folder, executable_path=EXECUTABLE, args=ARGUMENTS, base_url=live_server.url, locale="zh-CN"
    )
    page = browser.new_page()
    stage.village.villager(NAME)
    villages.log_in(stage.village, NAME)
    log_in(page, stage)
    ready(page, worker=True)
    open_form(page, stage)
    fill_form(page, None, words="请打 13800009999 找我")
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.locator("#errors")).to_contain_text("别写手机号和身份证号")
    page.get_by_label("在哪儿做的").fill("村口老槐树")
    browser.set_offline(True)
    hand_in(page)
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    browser.close()
    found = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    words = "村口老槐树"
    assert any(words.encode(kind) in found for kind in ("utf-8", "utf-16-le")), "the search would find what is there"
    for number in NUMBERS:
        assert not any(number.encode(kind) in found for kind in ("utf-8", "utf-16-le")), number


def test_the_switch_takes_worker_and_pages_away(stage: Stage, phone: Opener, enter: Enter, settings: LazySettings) -> None:
    context = phone()
    page = enter(context)
    ready(page, worker=True)
    assert page.evaluate("() => caches.keys()") != []
    settings.OFFLINE = False
    page.evaluate("() => navigator.serviceWorker.ready.then((found) => found.update())")
    wait_until(page, lambda: page.evaluate("() => caches.keys()") == [])
    wait_until(page, lambda: page.evaluate(REGISTERED) == 0)
    page.goto("/declare/")
    expect(page.get_by_role("heading", name="您做了哪件好事？")).to_be_visible()


# The counter


@pytest.fixture
def officer(stage: Stage, live_server: LiveServer) -> Officer:
    """A page of an officer whose computer has the list of the counter."""

    def make(context: BrowserContext, key: str) -> Page:
        page = conftest.enter(context, stage, key, live_server.url)
        page.goto("/console/counter/")
        page.evaluate(WORKER_READY)
        wait_for(page, "list:")
        return page

    return make


def look_up(page: Page, code: str) -> None:
    page.locator("#f-q").fill(code)
    page.get_by_role("button", name="查", exact=True).click()


def test_two_counters_without_network_give_out_one_order(stage: Stage, phone: Opener, officer: Officer) -> None:
    """Each knows the code from its list and gives the goods out; the first to be heard is booked, the other is a conflict that
    both see. The page says what works without network; a code that is not on the list is not served."""
    order = stage.shop.order("王秀梅", key="offline", at=stage.now)
    first, second = (phone(width=1366, height=768) for _ in range(2))
    teller, clerk = officer(first, "teller"), officer(second, "clerk")
    late = stage.shop.order("张伟", key="late", at=stage.now)
    left = stock_left(stage)
    for context, page in ((first, teller), (second, clerk)):
        context.set_offline(True)
        page.goto("/console/counter/")
        expect(page.get_by_text("名单上的单照样能发")).to_be_visible()
        look_up(page, late.pickup_code)
        expect(page.get_by_text("名单上没有这个码")).to_be_visible()
        look_up(page, "王秀梅")
        expect(page.get_by_text("没网时只能按 8 位取货码发")).to_be_visible()
        page.goto(f"/console/counter/?q={order.pickup_code}")
        expect(page.get_by_role("heading", name="洗衣粉 ×1")).to_be_visible()
        expect(page.locator("#found")).to_contain_text("王*梅")
        assert "王秀梅" not in page.evaluate(STORED) and order.pickup_code not in page.evaluate(STORED)
        keep_picture(page, f"c-offline-found-{page is clerk}")
        page.get_by_role("button", name="发货").dblclick()
        expect(page.locator("[data-state=waiting]")).to_have_count(1)
        look_up(page, order.pickup_code)
        expect(page.get_by_text("在这台电脑上发过了")).to_be_visible()
        keep_picture(page, f"c-offline-given-{page is clerk}")
    assert mall_queries.order(actor=system(), order_id=order.pk).status == "placed"
    first.set_offline(False)
    expect(teller.locator("[data-state=applied]")).to_be_visible()
    second.set_offline(False)
    expect(clerk.locator("[data-state=conflict]")).to_contain_text("领过了")
    for page in (teller, clerk):
        page.goto("/console/counter/")
        expect(page.locator("#conflicts")).to_contain_text("王秀梅")
        expect(page.locator("#conflicts")).to_contain_text("经手：蒋柜员")
        expect(page.locator("#conflicts")).to_contain_text("经手：钱会计")
        keep_picture(page, f"c-conflict-{page is clerk}")
        assert wide_elements(page) == []
    assert mall_queries.order(actor=system(), order_id=order.pk).status == "collected"
    assert stock_left(stage) == left and mall_queries.stock_faults() == []
    assert [fate.outcome for fate in fates.of_subject(f"order:{order.pk}")] == ["applied", "conflict"]


def stock_left(stage: Stage) -> int:
    (line,) = [one for one in mall_queries.stock_of(branch_id=stage.village.branch_id) if one.title == "洗衣粉"]
    return line.left


def test_an_order_that_was_given_back_meanwhile_is_a_conflict(stage: Stage, phone: Opener, officer: Officer) -> None:
    order = stage.shop.order("王秀梅", key="offline", at=stage.now)
    context = phone(width=1366, height=768)
    teller = officer(context, "teller")
    context.set_offline(True)
    teller.goto(f"/console/counter/?q={order.pickup_code}")
    teller.get_by_role("button", name="发货").click()
    expect(teller.locator("[data-state=waiting]")).to_be_visible()
    mall.cancel_order(actor=stage.village.officer("clerk", at=stage.now), order_id=order.pk, reason="不要了", at=stage.now)
    context.set_offline(False)
    expect(teller.locator("[data-state=conflict]")).to_contain_text("已经结束（已取消）")
    teller.get_by_role("button", name="知道了").click()
    expect(teller.locator("#counter-kept")).to_be_hidden()
    teller.goto("/console/counter/")
    expect(teller.locator("#conflicts")).to_contain_text("已取消"), "gone from the computer, not from the branch"


# Looks


@pytest.mark.parametrize("looks", [("light", "dark", "more"), ("light.elder",)])
def test_every_state_fits_the_phone(stage: Stage, phone: Opener, enter: Enter, shot: Path, looks: tuple[str, ...]) -> None:
    """The list, the form, the last look, kept, delivered, refused: each in all looks of its size, nothing sticks out."""
    width = 360 if looks == ("light.elder",) else 390
    context = phone(width=width, looks=looks[0])
    page = enter(context)
    ready(page, worker=True)
    wide = {}

    def seen(name: str) -> None:
        for words in (*looks[1:], looks[0]):
            dress(page, words, width, 844)
            keep_picture(page, f"m-offline-{name}-{words}-{width}")
            if found := wide_elements(page):
                wide[name, words] = found

    context.set_offline(True)
    page.goto("/mall/")
    expect(page.locator("#offline")).to_be_visible()
    seen("banner")
    page.goto("/declare/")
    expect(page.get_by_role("heading", name="您做了哪件好事？")).to_be_visible()
    seen("list")
    open_form(page, stage)
    page.get_by_role("button", name="下一步：看一遍").click()
    seen("missing")
    fill_form(page, shot)
    seen("form")
    page.get_by_role("button", name="下一步：看一遍").click()
    seen("check")
    page.get_by_label("这是真事").check()
    page.get_by_role("button", name="交给村里").click()
    expect(page.get_by_role("heading", name="存在手机里了")).to_be_visible()
    seen("kept")
    open_form(page, stage, 1)
    page.get_by_text("别的日子", exact=True).click()
    page.get_by_text("选了“别的日子”").click()
    page.get_by_label("哪一天").fill("2026-01-05")
    page.get_by_label(NAME).check()
    page.get_by_label("在哪儿做的").fill("一月的事")
    hand_in(page)
    expect(page.get_by_text("存在手机里 2 件，等网络")).to_be_visible()
    page.goto("/passbook/")
    expect(page.get_by_text("存在手机里 2 件，等网络")).to_be_visible()
    seen("two-waiting")
    stage.declare(list(stage.items)[2], NAME, words="重复的")
    context.set_offline(False)
    page.goto("/kept/")
    expect(page.locator("[data-state=refused]")).to_be_visible()
    expect(page.locator("[data-state=applied]")).to_be_visible()
    seen("settled")
    context.clear_cookies(name="sessionid")
    page.goto("/")
    expect(page.get_by_role("heading", name="您好，请登录")).to_be_visible()
    assert wide == {}

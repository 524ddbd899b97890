"""A phone and a counter without network, in a real browser: kept, shown, handed in once; with and without a service worker."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import village as villages
from tests.browser.conftest import keep_picture
from tests.surfaces import stage as stages
from wenming.core import attachments, fates
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.depositors import queries as depositors

NAME = "李秀英"
WORKER_READY = """() => new Promise((done) => {
  const look = () => (navigator.serviceWorker.controller ? done(true) : setTimeout(look, 50));
  look();
})"""
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
Opener = Callable[..., BrowserContext]


@pytest.fixture
def stage(transactional_db: None, at: datetime, tmp_path: Path, settings: LazySettings) -> stages.Stage:
    settings.TEST_CLOCK = str(tmp_path / "now")
    settings.MEDIA_ROOT = tmp_path / "media"
    return stages.build(at, tmp_path / "now")


@pytest.fixture
def phone(chromium: Browser, live_server: LiveServer) -> Iterator[Opener]:
    """Opens a fresh browser, with a service worker or as a web view that has none. Faults on its pages fail the test."""
    made: list[BrowserContext] = []
    faults: list[str] = []

    def make(*, worker: bool = True, width: int = 390, height: int = 844, looks: str = "") -> BrowserContext:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            device_scale_factor=2,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            service_workers="allow" if worker else "block",
        )
        if looks:
            context.add_cookies([{"name": "wm_look", "value": looks, "url": live_server.url}])
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
    assert faults == []


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """A noisy photograph of several megabytes, as a phone's camera makes them."""
    noise = random.Random(7).randbytes(1200 * 900 * 3)
    picture = Image.frombytes("RGB", (1200, 900), noise).resize((3000, 2250))
    path = tmp_path / "shot.jpg"
    picture.save(path, "JPEG", quality=95)
    assert path.stat().st_size > 1_000_000
    return path


def enter(context: BrowserContext, stage: stages.Stage, name: str = NAME) -> Page:
    """Log in through the page, as a person would."""
    stage.village.villager(name)
    villages.log_in(stage.village, name)
    page = context.new_page()
    log_in(page, stage, name)
    return page


def log_in(page: Page, stage: stages.Stage, name: str = NAME) -> None:
    number = depositors.passbook_of(depositor_id=stage.village.person(name)).number
    if "/login/" not in page.url:
        page.goto("/login/")
    page.locator("[name=name]").fill(number)
    page.locator("[name=password]").fill(villages.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator(".tabbar")).to_be_visible()


def ready(page: Page, *, worker: bool) -> None:
    """The worker is in charge and the phone knows the clauses."""
    page.goto("/declare/")
    if worker:
        page.evaluate(WORKER_READY)
    wait_for(page, "kit:")


def wait_for(page: Page, text: str) -> None:
    for _ in range(200):
        if text in page.evaluate(STORED):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{text} is not on the phone")


def fill_form(page: Page, shot: Path | None, words: str = "槐树巷北口") -> None:
    if shot is not None:
        page.locator("input[type=file]").set_input_files(shot)
        expect(page.get_by_alt_text("第 1 张照片")).to_be_visible()
    page.get_by_text("今天", exact=True).click()
    page.get_by_label(NAME).check()
    page.get_by_label("在哪儿做的").fill(words)


def hand_in(page: Page) -> None:
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.get_by_role("heading", name="看一遍，对了就交")).to_be_visible()
    page.get_by_label("这是真事").check()
    page.get_by_role("button", name="交给村里").click()


def declared(stage: stages.Stage) -> list[Any]:
    return deed_queries.declared_by(actor=stage.village.villager(NAME))


def item_of(stage: stages.Stage) -> tuple[str, int]:
    return list(stage.items.items())[4]


@pytest.mark.parametrize("worker", [True, False])
def test_a_deed_declared_without_network_is_delivered_once(stage: stages.Stage, phone: Opener, shot: Path, worker: bool) -> None:
    """Kept with its photo, counted on every page, handed in when the network is back; a double tap is one entry."""
    context = phone(worker=worker)
    page = enter(context, stage)
    ready(page, worker=worker)
    title, number = item_of(stage)
    page.goto(f"/declare/{number}/")
    context.set_offline(True)
    fill_form(page, shot)
    page.get_by_role("button", name="下一步：看一遍").click()
    expect(page.get_by_text("没有网络，照样能记。")).to_be_visible()
    keep_picture(page, f"offline-check-{worker}")
    page.get_by_label("这是真事").check()
    page.get_by_role("button", name="交给村里").dblclick()
    expect(page.get_by_role("heading", name="存在手机里了")).to_be_visible()
    expect(page.get_by_text("存在手机里 1 件，等网络")).to_be_visible()
    expect(page.get_by_text("等网络", exact=True)).to_be_visible()
    keep_picture(page, f"offline-kept-{worker}")
    assert declared(stage) == []
    context.set_offline(False)
    expect(page.locator("[data-state=applied]")).to_be_visible()
    expect(page.locator("#kept")).to_be_hidden()
    keep_picture(page, f"offline-delivered-{worker}")
    (deed,) = declared(stage)
    (fate,) = fates.of_subject(f"deed:{deed.pk}")
    assert deed.item.title == title and deed.words == "槐树巷北口" and fate.outcome == "applied"
    (picture,) = attachments.of(f"deed:{deed.pk}")
    assert picture.width <= 1280
    page.goto("/kept/")
    page.reload()
    expect(page.get_by_text("交上去了")).to_be_visible()
    assert len(declared(stage)) == 1

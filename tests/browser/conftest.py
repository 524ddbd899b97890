"""A real Chromium with Chinese fonts, a live server on the sample village, and pictures of what was seen.

`WENMING_CHROMIUM` names another browser; `WENMING_PICTURES` a folder that keeps the screenshots.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import manimgx_fonts_cjk
import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import village as villages
from tests.surfaces import stage as stages
from wenming.ui.looks import read as looks_of

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "microsoft-edge")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP wall.test 127.0.0.1",
]
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{folder}</dir>
<alias binding="strong"><family>sans-serif</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
<alias binding="strong"><family>system-ui</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
</fontconfig>"""
OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  const name = (element) => `${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 30)}`;
  const hidden = ".vh, .say, .skip, .chips, .box, .pic, svg, nav";
  const all = [...document.querySelectorAll("body *")].filter((e) => !e.closest(hidden));
  const out = all.filter((e) => e.getBoundingClientRect().width && e.getBoundingClientRect().right > wide + 1);
  const cut = all.filter((e) => getComputedStyle(e).overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1);
  return [...out, ...cut].slice(0, 5).map(name);
}"""


# A late part of a page stands as a link to itself until it has come.
COMPLETE = """() => [...document.querySelectorAll("[hx-trigger=load]")].every(
  (part) => !part.querySelector(`a[href="${part.getAttribute("hx-get")}"]`))"""
# What the server writes on the page for the words of the cookie; only the size changes more than this.
DRESS = """([words, scale]) => {
  const root = document.documentElement;
  const choose = (name, ...known) => {
    const word = known.find((one) => words.split(".").includes(one));
    if (word) root.dataset[name] = word; else delete root.dataset[name];
  };
  choose("theme", "light", "dark");
  choose("size", "elder");
  choose("contrast", "more");
  root.style.fontSize = "";
  if (scale !== 1) root.style.fontSize = `${parseFloat(getComputedStyle(root).fontSize) * scale}px`;
}"""
PATIENCE = 20
"""Seconds before a test gives up waiting: a machine that does much else besides must not fail it."""


expect.set_options(timeout=PATIENCE * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path).replace("\\", "/"):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = os.environ.get("WENMING_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    fonts = Path(tempfile.mkdtemp(prefix="wenming-fonts-")) / "fonts.conf"
    fonts.write_text(FONTS.format(folder=Path(manimgx_fonts_cjk.__file__).parent), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=ARGUMENTS, env={**os.environ, "FONTCONFIG_FILE": str(fonts)}
        )
        yield browser
        browser.close()
    shutil.rmtree(fonts.parent)


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a fresh browser profile; `looks` is the cookie's text such as `dark.elder`. Faults on pages fail the test."""
    made: list[BrowserContext] = []
    faults: list[str] = []

    def make(
        address: str, *, width: int = 390, height: int = 844, looks: str = "", script: bool = True, worker: bool = True
    ) -> BrowserContext:
        context = chromium.new_context(
            base_url=address,
            viewport={"width": width, "height": height},
            device_scale_factor=2,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=script,
            service_workers="allow" if worker else "block",
        )
        if looks:
            context.add_cookies([{"name": "wm_look", "value": looks, "url": address}])
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
    assert faults == []


@pytest.fixture
def stage(transactional_db: None, at: datetime, tmp_path: Path, settings: LazySettings) -> stages.Stage:
    """The village of the surfaces' tests, committed, so that the live server sees it; its clock stands still."""
    settings.TEST_CLOCK = str(tmp_path / "now")
    settings.MEDIA_ROOT = tmp_path / "media"
    return stages.build(at, tmp_path / "now")


def keep_picture(page: Page, name: str) -> None:
    """Keep a whole-page picture where `WENMING_PICTURES` says; nothing otherwise."""
    folder = os.environ.get("WENMING_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def wide_elements(page: Page) -> list[str]:
    """What sticks out of the page at the right."""
    return list(page.evaluate(OVERFLOW))


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Look again and again while the page goes on."""
    ending = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ending, "it has not come to be"
        page.wait_for_timeout(20)


def session_of(stage: stages.Stage, who: str) -> str:
    """The cookie of a villager, by name, or of an officer, by key, who is logged in; of nobody none."""
    if not who:
        return ""
    client = stage.client_of(stage.village.users[who]) if who in villages.OFFICERS else stage.client(who)
    return str(client.cookies["sessionid"].value)


def enter(context: BrowserContext, stage: stages.Stage, who: str, address: str) -> Page:
    """A page of somebody who is logged in already."""
    context.add_cookies([{"name": "sessionid", "value": session_of(stage, who), "url": address}])
    return context.new_page()


def dress(page: Page, looks: str, width: int, height: int, scale: int = 1) -> None:
    """Show the open page in other looks of the same size and in another window."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(DRESS, [looks, scale])


def look_at(
    page: Page,
    address: str,
    pages: Mapping[str, str],
    looks: Sequence[tuple[str, int]],
    *,
    picture: str,
    complete: str = COMPLETE,
) -> dict[str, list[str]]:
    """Open every page once in each size and look at it in all looks and widths: what sticks out. Each has one heading."""
    found: dict[str, list[str]] = {}
    for size in dict.fromkeys(looks_of(words).size for words, _width in looks):
        page.context.add_cookies([{"name": "wm_look", "value": size, "url": address}])
        for name, path in pages.items():
            page.goto(path)
            page.wait_for_function(complete)
            assert page.locator("h1").count() == 1, path
            for words, width in looks:
                if looks_of(words).size == size:
                    dress(page, words, width, 844 if width < 600 else 768)
                    keep_picture(page, picture.format(name=name, looks=words, width=width))
                    if wide := wide_elements(page):
                        found[f"{name} {words} {width}"] = wide
    return found

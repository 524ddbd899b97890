"""A real Chromium with Chinese fonts, a live server on the sample village, and pictures of what was seen.

`WENMING_CHROMIUM` names another browser; `WENMING_PICTURES` a folder that keeps the screenshots.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from copy import deepcopy
from datetime import datetime
from pathlib import Path

import manimgx_fonts_cjk
import pytest
from django.conf import LazySettings
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.surfaces import stage as stages

expect.set_options(timeout=20_000)  # a machine that does much else besides must not fail a test
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

    def make(address: str, *, width: int = 390, height: int = 844, looks: str = "", script: bool = True) -> BrowserContext:
        context = chromium.new_context(
            base_url=address,
            viewport={"width": width, "height": height},
            device_scale_factor=2,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=script,
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


class Keeper:
    """The sample village as it was built the first time: every test begins with a copy of the store and of the photos."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stage: stages.Stage | None = None

    def build(self, at: datetime, folder: Path) -> stages.Stage:
        if connection.vendor != "sqlite":
            return stages.build(at, folder / "now")
        if self.stage is None:
            self.stage = stages.build(at, folder / "now")
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(self.folder / "store")])
            shutil.copytree(folder / "media", self.folder / "media")
        else:
            connection.ensure_connection()
            with closing(sqlite3.connect(self.folder / "store")) as store:
                store.backup(connection.connection)
            shutil.copytree(self.folder / "media", folder / "media")
        stage = deepcopy(self.stage)
        stage.clock_file = folder / "now"
        stage.turn_to(stage.now)
        return stage


@pytest.fixture(scope="session")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Keeper:
    return Keeper(tmp_path_factory.mktemp("keeper"))


@pytest.fixture
def stage(transactional_db: None, at: datetime, tmp_path: Path, settings: LazySettings, keeper: Keeper) -> stages.Stage:
    """The village of the surfaces' tests, committed, so that the live server sees it; its clock stands still."""
    settings.TEST_CLOCK = str(tmp_path / "now")
    settings.MEDIA_ROOT = tmp_path / "media"
    return keeper.build(at, tmp_path)


def keep_picture(page: Page, name: str) -> None:
    """Keep a whole-page picture where `WENMING_PICTURES` says; nothing otherwise."""
    folder = os.environ.get("WENMING_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def wide_elements(page: Page) -> list[str]:
    """What sticks out of the page at the right."""
    return list(page.evaluate(OVERFLOW))


def look_at(
    page: Page, addresses: Mapping[str, str], *, widths: Sequence[int], height: int, picture: str
) -> dict[str, list[str]]:
    """Open every page once and look at it at each width: what sticks out, by page and width. Each has one heading."""
    found: dict[str, list[str]] = {}
    for name, address in addresses.items():
        page.goto(address)
        page.wait_for_function(COMPLETE)
        assert page.locator("h1").count() == 1, address
        for width in widths:
            page.set_viewport_size({"width": width, "height": height})
            keep_picture(page, picture.format(name=name, width=width))
            if wide := wide_elements(page):
                found[f"{name} {width}"] = wide
    return found

"""A real Chromium with Chinese fonts, a live server on the sample village, and pictures of what was seen.

`WENMING_CHROMIUM` names another browser; `WENMING_PICTURES` a folder that keeps the screenshots.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import manimgx_fonts_cjk
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
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


def keep_picture(page: Page, name: str) -> None:
    """Keep a whole-page picture where `WENMING_PICTURES` says; nothing otherwise."""
    folder = os.environ.get("WENMING_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def wide_elements(page: Page) -> list[str]:
    """What sticks out of the page at the right."""
    return list(page.evaluate(OVERFLOW))

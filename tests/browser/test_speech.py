"""Reading aloud and writing by speaking: there where the browser can, hidden where it cannot.

A headless browser has neither a voice nor a recogniser, and the real ones speak to a service of the browser's maker. A script
in the page stands in for them in the shape of the two standards; what is tested is ours.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import enter, keep_picture
from tests.surfaces import stage as stages
from tests.surfaces.stage import Stage
from wenming.domain.deeds import queries as deed_queries

Opener = Callable[..., BrowserContext]
VOICE = """
window.said = [];
const spoken = {getVoices: () => [{lang: "%s", name: "stand-in"}], cancel: () => said.push("cancel"),
  addEventListener: () => {}, speak: (one) => { said.push(one.text); window.last = one; }};
Object.defineProperty(window, "speechSynthesis", {value: spoken});
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
"""
EARS = """
window.SpeechRecognition = window.webkitSpeechRecognition = class {
  start() { window.ears = this; }
  stop() { this.onend(); }
};
window.hear = (text) => { ears.onresult({resultIndex: 0, results: [[{transcript: text}]]}); ears.onend(); };
"""
DEAF = "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;"


@pytest.fixture
def open_page(stage: Stage, live_server: LiveServer, open_context: Opener) -> Callable[..., Page]:
    def make(address: str, *scripts: str, name: str = "王建国", looks: str = "", width: int = 390) -> Page:
        context = open_context(live_server.url, looks=looks, width=width)
        for script in scripts:
            context.add_init_script(script)
        page = enter(context, stage, name, live_server.url)
        page.goto(address)
        return page

    return make


def test_the_elder_home_is_read_aloud_and_stops(open_page: Callable[..., Page]) -> None:
    page = open_page("/", VOICE % "zh-CN", looks="light.elder", width=360)
    button = page.get_by_role("button", name="读给我听")
    button.click()
    page.wait_for_function("said.some((one) => one !== 'cancel')")
    (text,) = [one for one in page.evaluate("said") if one != "cancel"]
    assert "您现在有" in text and "看善行簿" in text
    assert page.evaluate("last.lang") == "zh-CN"
    stop = page.get_by_role("button", name="停", exact=True)
    expect(stop).to_have_attribute("aria-pressed", "true")
    stop.click()
    expect(button).to_be_visible()
    keep_picture(page, "speech-elder")
    assert page.evaluate("said.at(-1)") == "cancel"
    button.click()
    page.evaluate("last.onend()")
    expect(button).to_be_visible()


def test_without_a_chinese_voice_there_is_no_button(open_page: Callable[..., Page]) -> None:
    for scripts in ((), (VOICE % "en-US",), ("delete window.speechSynthesis",)):
        page = open_page("/", *scripts, looks="light.elder", width=360)
        expect(page.get_by_role("heading", name="王建国，您好")).to_be_visible()
        expect(page.locator("#aloud")).to_be_hidden()


def listen(page: Page) -> None:
    page.get_by_role("button", name="说话输入").click()
    expect(page.get_by_role("button", name="说完了")).to_have_attribute("aria-pressed", "true")


def test_an_objection_is_spoken(stage: Stage, open_page: Callable[..., Page]) -> None:
    (number,) = stages.notices_up(stage)
    deed = deed_queries.declaration(actor=stage.village.villager("王建国"), declaration_id=stage.deeds["on_notice:王建国"])
    page = open_page(f"/notices/{number}/lines/{deed.notice_line_id}/", EARS)
    listen(page)
    keep_picture(page, "speech-object")
    assert page.evaluate("ears.lang") == "zh-CN"
    page.evaluate("hear('那天是两个人')")
    expect(page.locator("textarea")).to_have_value("那天是两个人")
    listen(page)
    page.evaluate("hear('一起去的')")
    expect(page.locator("textarea")).to_have_value("那天是两个人一起去的")
    listen(page)
    page.evaluate("ears.onerror({error: 'not-allowed'})")
    expect(page.get_by_text("键盘上的话筒键")).to_be_visible()
    expect(page.get_by_role("button", name="说话输入")).to_be_hidden()


def test_where_the_browser_cannot_listen_the_keyboard_is_named(stage: Stage, open_page: Callable[..., Page]) -> None:
    page = open_page(f"/declare/{next(iter(stage.items.values()))}/", DEAF)
    expect(page.get_by_text("键盘上的话筒键")).to_have_count(1)
    expect(page.locator("[data-speak] button")).to_be_hidden()

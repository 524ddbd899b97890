"""Only the keyboard: the five main tasks from the log-in on, and a hundred reviews of one key each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from tests import village as villages
from tests.surfaces import stage as stages
from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.notices import queries as notice_queries

Opener = Callable[..., BrowserContext]
MOST_TABS = 80
HERE = """() => {
  const here = document.activeElement, shown = here.closest("label") || here;
  const outlined = [here, shown].some((one) => getComputedStyle(one).outlineStyle !== "none");
  const box = shown.getBoundingClientRect();
  const words = (shown.textContent || "") + (here.getAttribute("aria-label") || "") + (here.name || "");
  return [words.trim(), outlined, box.bottom > 0 && box.top < innerHeight && box.width > 0, here === document.body];
}"""


class Hands:
    """Somebody without a mouse: goes on with Tab until what is wanted has the focus, which must always be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, words: str) -> None:
        for _turn in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            said, is_outlined, is_in_view, is_nowhere = self.page.evaluate(HERE)
            assert is_nowhere or (is_outlined and is_in_view), f"the focus is not seen: {said!r}"
            if words in said and not is_nowhere:
                return
        raise AssertionError(f"no way to {words!r} on {self.page.url}")

    def press(self, words: str) -> None:
        """Follow a link or hand a form in; the next page comes."""
        self.reach(words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def tick(self, words: str) -> None:
        self.reach(words)
        self.page.keyboard.press("Space")

    def choose(self, first: str, words: str) -> None:
        """One of several: Tab leads to the first, the arrows to the others."""
        self.tick(first)
        while words not in self.page.evaluate(HERE)[0]:
            self.page.keyboard.press("ArrowDown")

    def type(self, words: str, text: str) -> None:
        self.reach(words)
        self.page.keyboard.type(text)

    def log_in(self, name: str, where: str = "/") -> None:
        self.page.goto(f"/login/?next={where}")
        self.type("name", name)
        self.type("password", villages.PASSWORD)
        self.press("登录")
        self.page.wait_for_url(f"**{where}")


@pytest.fixture
def hands(stage: Stage, live_server: LiveServer, open_context: Opener) -> Callable[..., Hands]:
    def make(key: str, where: str, *, width: int = 390) -> Hands:
        if key in villages.OFFICERS:
            name = villages.OFFICERS[key][0]
        else:
            stage.village.villager(key)
            families = (person for family in villages.VILLAGERS.values() for person in family)
            name = next(phone for who, _sex, _born, phone in families if who == key)
        villages.log_in(stage.village, key)
        found = Hands(open_context(live_server.url, width=width, height=768).new_page())
        found.log_in(name, where)
        return found

    return make


def test_a_deed_is_declared(stage: Stage, hands: Callable[..., Hands], tmp_path: Path) -> None:
    item = list(stage.items)[4]
    person = hands("王秀梅", "/declare/")
    person.type("q", item)
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")
    person.reach(item)  # its group names it too
    person.press(item)
    shot = tmp_path / "shot.jpg"
    shot.write_bytes(stages.photo().getvalue())
    # The script takes the form over once the phone's store has answered; what has the focus then may be drawn anew.
    expect(person.page.locator("input[type=file]")).to_have_attribute("data-kept", "phone")
    # Choosers are caught by the browser from now on, not from the key press on, which could come to the page first.
    person.page.on("filechooser", lambda _chooser: None)
    person.reach("拍")
    with person.page.expect_file_chooser() as chooser:
        person.page.keyboard.press("Enter")
    chooser.value.set_files(shot)
    expect(person.page.get_by_alt_text("第 1 张照片")).to_be_visible()
    person.tick("今天")
    person.press("下一步")
    expect(person.page.get_by_role("heading", name="看一遍，对了就交")).to_be_visible()
    person.tick("这是真事")
    person.press("交给村里")
    expect(person.page.get_by_role("heading", name="交上去了")).to_be_visible()


def test_a_line_is_objected_to(stage: Stage, hands: Callable[..., Hands]) -> None:
    (number,) = stages.notices_up(stage)
    person = hands("张伟", f"/notices/{number}/")
    person.press("提意见")
    person.choose("没做过", "记错了人")
    person.type("words", "那天他不在村里")
    person.press("交")
    expect(person.page.get_by_text("意见交上去了")).to_be_visible()
    assert len(notice_queries.my_objections(actor=stage.village.villager("张伟"), at=stage.now)) == 1


def test_something_is_redeemed_and_handed_over(stage: Stage, hands: Callable[..., Hands]) -> None:
    person = hands("王建国", "/mall/")
    person.press("洗衣粉")
    person.press("下一步")
    person.press("确定换")
    expect(person.page.locator(".code")).to_be_visible()
    code = person.page.locator(".code").inner_text().replace(" ", "")
    teller = hands("teller", "/console/counter/", width=1366)
    expect(teller.page.locator("#f-q")).to_be_focused()
    teller.page.keyboard.type(code)
    teller.page.keyboard.press("Enter")
    teller.page.wait_for_url("**/orders/**")
    teller.press("发货")
    expect(teller.page.get_by_text("领过了").first).to_be_visible()
    newest = mall_queries.orders_of(depositor_ids=[stage.village.person("王建国")])[0]
    assert newest.status == "collected"


def test_a_return_is_written_and_handed_in(stage: Stage, hands: Callable[..., Hands]) -> None:
    reviewer = hands("reviewer", "/console/review/", width=1366)
    reviewer.page.wait_for_selector("#decide[data-ready]")
    reviewer.page.keyboard.press("b")
    expect(reviewer.page.locator("#f-reason")).to_be_focused()
    reviewer.page.keyboard.type("照片看不清，请再拍一张。")
    reviewer.page.keyboard.press("Control+Enter")
    expect(reviewer.page.get_by_text("退回补了").first).to_be_visible()
    deed = deed_queries.declaration(actor=system(), declaration_id=stage.deeds["submitted"])
    assert deed.status == "returned"


def test_without_network_the_decision_stays(stage: Stage, hands: Callable[..., Hands]) -> None:
    reviewer = hands("reviewer", "/console/review/", width=1366)
    reviewer.page.wait_for_selector("#decide[data-ready]")
    reviewer.page.context.set_offline(True)
    reviewer.page.keyboard.press("a")
    expect(reviewer.page.get_by_text("没有网络，还没交上去")).to_be_visible()
    reviewer.page.context.set_offline(False)
    reviewer.page.keyboard.press("a")
    expect(reviewer.page.get_by_text("通过了").first).to_be_visible()


def test_a_fault_behind_the_key_comes_as_a_page(stage: Stage, hands: Callable[..., Hands], settings: LazySettings) -> None:
    reviewer = hands("reviewer", "/console/review/", width=1366)
    reviewer.page.wait_for_selector("#decide[data-ready]")
    settings.MESSAGE_STORAGE = "nowhere.Storage"
    reviewer.page.keyboard.press("a")
    expect(reviewer.page.get_by_text("没交上去，不是您的错。")).to_be_visible()
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.fallback.FallbackStorage"
    reviewer.page.get_by_role("button", name="再交一次").click()
    expect(reviewer.page.get_by_text("通过了").first).to_be_visible()


def declare_many(stage: Stage, count: int) -> None:
    """Complete declarations, as the lane chief would write them down for the whole street."""
    people = [name for family in villages.VILLAGERS.values() for name, *_rest in family if name != "王秀梅"]
    titles = list(stage.items)[:4]
    free = iter((title, name, days) for days in range(2, 16) for title in titles for name in people)
    made = 0
    while made < count:
        title, name, days = next(free)
        stage.village.villager(name)
        stage.declare(title, name, words=f"第 {made} 件", days_ago=days, with_photo=False)
        made += 1


def counted(page: Page, count: int) -> Iterator[tuple[list[Request], list[str]]]:
    """Decide so many times; what was asked of the server, and where the focus was, each time."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    for _number in range(count):
        page.wait_for_selector("#decide[data-ready]")
        before = page.url
        asked.clear()
        page.keyboard.press("a")
        page.wait_for_function("before => location.href !== before", arg=before)
        page.wait_for_function("() => document.activeElement !== document.body")
        yield list(asked), [page.evaluate("document.activeElement.id || document.activeElement.tagName")]


def test_one_key_a_review_and_the_page_stays(stage: Stage, hands: Callable[..., Hands]) -> None:
    count = 12
    declare_many(stage, count)
    reviewer = hands("reviewer", "/console/review/", width=1366)
    reviewer.page.evaluate("window.stayed = true")
    for asked, focus in counted(reviewer.page, count):
        pages = [one for one in asked if one.resource_type in ("xhr", "fetch") and "/recent/" not in one.url]
        assert [one.method for one in pages] == ["POST", "GET"], "the decision, and what comes next"
        assert not [one for one in asked if one.is_navigation_request()]
        assert focus[0] in ("case", "H1")
    assert reviewer.page.evaluate("window.stayed")
    left = deed_queries.declarations_in(actor=system(), status="submitted")
    assert len(left) == 1

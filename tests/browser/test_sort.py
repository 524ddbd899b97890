"""Tables that sort by their heads, in a real browser: by mouse and by keys, and nothing that was ticked or typed is lost."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import keep_picture, wide_elements
from tests.browser.test_console import enter
from tests.surfaces.stage import Stage

Open = Callable[..., BrowserContext]
COLUMN = "(table, place) => [...table.tBodies].flatMap((b) => [...b.rows]).map((row) => row.cells[place].textContent.trim())"
MADE = """() => {
  const table = document.createElement("table");
  table.dataset.sort = "排";
  const rows = [
    ["王秀梅", "+3", "1.10", "2026-03-09"], ["阿依古丽", "−20", "1.9", "2025-12-31"],
    ["单秀兰", "—", "2.1", "2026-03-10"], ["李秀英", "1,200.5 分", "1.9", ""], ["陈立", "(+12)", "1.2", "2026-01-05"]];
  const cells = (row) => row.slice(0, 3).map((text) => `<td>${text}</td>`).join("")
    + (row[3] ? `<td><time datetime="${row[3]}">某天</time></td>` : "<td></td>");
  table.innerHTML = "<thead><tr><th>姓名</th><th>分</th><th data-by=code>细则</th><th>哪天</th></tr></thead>"
    + `<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody>`;
  document.querySelector("main").append(table);
  document.dispatchEvent(new Event("htmx:afterSettle"));
}"""

TICKED = """() => {
  const rows = Array.from({ length: 12 }, (_none, place) => `<tr><td>${place}<input type="checkbox" checked></td></tr>`);
  const whole = `<thead><tr><th>号</th></tr></thead><tbody>${rows.join("")}</tbody>`;
  const table = `<table id="ticked" data-sort="排" data-find="找">${whole}</table>`;
  document.querySelector("main").insertAdjacentHTML("beforeend", table);
  document.dispatchEvent(new Event("htmx:afterSettle"));
}"""


def column(table: Locator, place: int) -> list[str]:
    return list(table.evaluate(COLUMN, place))


def head(table: Locator, words: str) -> Locator:
    return table.get_by_role("columnheader", name=words)


def press(table: Locator, words: str, order: str) -> None:
    head(table, words).get_by_role("button").click()
    expect(head(table, words)).to_have_attribute("aria-sort", order)


def made(page: Page) -> Locator:
    """A table with everything that is hard to sort."""
    page.evaluate(MADE)
    return page.locator("table[data-sort=排]")


def test_names_amounts_codes_and_days_sort_as_a_clerk_reads_them(
    stage: Stage, live_server: LiveServer, open_context: Open
) -> None:
    page = enter(open_context(live_server.url, width=1366, height=768), stage, "clerk")
    page.goto("/console/depositors/")
    table = made(page)
    as_it_came = column(table, 0)
    press(table, "姓名", "ascending")
    assert column(table, 0) == ["阿依古丽", "陈立", "单秀兰", "李秀英", "王秀梅"]
    press(table, "分", "ascending")
    assert column(table, 1) == ["−20", "+3", "(+12)", "1,200.5 分", "—"]
    expect(head(table, "姓名")).to_have_attribute("aria-sort", "none")
    press(table, "分", "descending")
    assert column(table, 1) == ["1,200.5 分", "(+12)", "+3", "−20", "—"], "what is not said stands last either way"
    press(table, "分", "none")
    assert column(table, 0) == as_it_came
    press(table, "细则", "ascending")
    assert column(table, 2) == ["1.2", "1.9", "1.9", "1.10", "2.1"]
    assert column(table, 0)[1:3] == ["阿依古丽", "李秀英"], "equal ones stay in the order in which they came"
    press(table, "哪天", "ascending")
    assert column(table, 0) == ["阿依古丽", "陈立", "王秀梅", "单秀兰", "李秀英"]


def test_the_keyboard_sorts_and_no_tick_is_lost(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    for name in ("张伟", "王秀梅", "单秀兰"):
        stage.review(stage.declare(list(stage.items)[3], name, days_ago=2))
    page = enter(open_context(live_server.url, width=900, height=768, looks="dark"), stage, "clerk")
    page.goto("/console/notices/")
    table = page.locator("#f-declarations table")
    box = table.get_by_role("checkbox", name="张伟")
    box.uncheck()
    button = head(table, "谁").get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    page.keyboard.press("Space")
    expect(head(table, "谁")).to_have_attribute("aria-sort", "descending")
    assert column(table, 1) == ["张伟", "王秀梅", "单秀兰"]
    expect(box).not_to_be_checked()
    expect(table.get_by_role("checkbox", name="王秀梅")).to_be_checked()
    assert wide_elements(page) == []
    keep_picture(page, "sort-notices-900-dark")


def test_without_script_the_table_reads_as_it_came(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    page = enter(open_context(live_server.url, width=1366, height=768, script=False), stage, "clerk")
    page.goto("/console/depositors/")
    expect(page.locator("table[data-sort] th button")).to_have_count(0)
    expect(head(page.locator("table[data-sort]"), "姓名")).to_be_visible()


def test_a_page_of_many_says_that_it_sorts_only_itself(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    page = enter(open_context(live_server.url, width=1366, height=768), stage, "clerk")
    page.goto("/console/depositors/")
    button = head(page.locator("table[data-sort]"), "姓名").get_by_role("button")
    expect(button).to_have_attribute("title", "点一下，按这一列排")
    page.goto(f"/console/depositors/?after={stage.village.person('王建国')}")
    expect(button).to_have_attribute("title", "点一下，按这一列排；排的是这一页")
    keep_picture(page, "sort-roll-1366-light")


def test_a_long_table_is_searched_where_it_stands(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    page = enter(open_context(live_server.url, width=1366, height=768), stage, "clerk")
    page.goto("/console/depositors/")
    rows = page.locator("table.tbl tbody tr")
    whole = rows.count()
    field = page.get_by_label("在这张表里找")
    field.fill("王 小雨")
    expect(rows.filter(visible=True)).to_have_count(1)
    expect(rows.filter(visible=True)).to_contain_text("王小雨")
    head(page.locator("table.tbl"), "姓名").get_by_role("button").click()
    expect(rows.filter(visible=True)).to_have_count(1)
    field.fill("")
    expect(rows.filter(visible=True)).to_have_count(whole)
    keep_picture(page, "console-find-1366-light")
    assert wide_elements(page) == []
    page.evaluate(TICKED)
    expect(page.locator("#ticked .by")).to_be_visible()
    assert page.locator(".find").count() == 1, "what is ticked stays in sight"

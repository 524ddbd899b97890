"""What goes wrong is said in words, and nothing that was typed is lost: no network, a slow one, a tap too many, back."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import enter, keep_picture
from tests.browser.test_villager import Opener
from tests.surfaces import stage as stages
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.notices import queries as notice_queries

NAME = "王建国"
SAID = "那天是两个人一起去的"


def objection(stage: stages.Stage, live_server: LiveServer, page: Page) -> None:
    """The form of an objection, filled in."""
    (number,) = stages.notices_up(stage)
    actor = stage.village.villager(NAME)
    deed = deed_queries.declaration(actor=actor, declaration_id=stage.deeds[f"on_notice:{NAME}"])
    page.goto(f"{live_server.url}/notices/{number}/lines/{deed.notice_line_id}/")
    page.get_by_label("分数记多了或记少了").check()
    page.get_by_label("说一说您知道的").fill(SAID)


def objections(stage: stages.Stage) -> list[str]:
    return [one.words for one in notice_queries.my_objections(actor=stage.village.villager(NAME), at=stage.now)]


def test_without_network_a_form_stays_with_what_was_typed(
    stage: stages.Stage, live_server: LiveServer, open_context: Opener
) -> None:
    context = open_context(live_server.url)
    page = enter(context, stage, NAME, live_server.url)
    objection(stage, live_server, page)
    context.set_offline(True)
    page.get_by_role("button", name="交意见").click()
    words = page.get_by_role("alert").filter(has_text="您写的都还在这一页")
    expect(words).to_be_visible()
    expect(page.get_by_label("说一说您知道的")).to_have_value(SAID)
    keep_picture(page, "m-offline-form")
    context.set_offline(False)
    expect(words).to_have_count(0)
    page.get_by_role("button", name="交意见").click()
    expect(page.get_by_text("意见交上去了")).to_be_visible()
    assert objections(stage) == [SAID]


def test_after_three_seconds_words_say_that_it_is_slow(
    stage: stages.Stage, live_server: LiveServer, open_context: Opener
) -> None:
    """An answer that does not come, and an impatient second tap, which sends nothing."""
    page = enter(open_context(live_server.url, worker=False), stage, NAME, live_server.url)
    page.clock.install()
    objection(stage, live_server, page)
    sent: list[Route] = []

    def swallow(route: Route) -> None:
        sent.append(route)
        route.abort("aborted")

    page.route("**/lines/*/", swallow)
    page.get_by_role("button", name="交意见").evaluate("(button) => { button.click(); button.click(); }")
    page.clock.fast_forward(2900)
    expect(page.get_by_text("网络有点慢")).to_have_count(0)
    page.clock.fast_forward(200)
    expect(page.get_by_text("网络有点慢，正在办，请等一等。")).to_be_visible()
    expect(page.get_by_label("说一说您知道的")).to_have_value(SAID)
    assert len(sent) == 1


def test_back_from_an_order_says_that_there_is_one(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    context = open_context(live_server.url, worker=False)
    page = enter(context, stage, NAME, live_server.url)
    before = len(mall_queries.orders_of(depositor_ids=[stage.village.person(NAME)]))
    page.goto(f"{live_server.url}/mall/")
    page.locator(".it").first.click()
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="确定换").click()
    expect(page.get_by_role("heading", name="兑换码")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("再按“确定换”就是另一份")).to_be_visible()
    keep_picture(page, "m-ordered-before")
    page.get_by_role("link", name="看换好的").click()
    expect(page.get_by_role("heading", name="兑换码")).to_be_visible()
    assert len(mall_queries.orders_of(depositor_ids=[stage.village.person(NAME)])) == before + 1


def test_who_may_not_is_told_who_may_and_where_to_go(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    page = enter(open_context(live_server.url, worker=False), stage, NAME, live_server.url)
    page.goto(f"{live_server.url}/console/")
    expect(page.get_by_text("这一页只有村里和镇里的工作人员能看。")).to_be_visible()
    page.get_by_role("link", name="去“善行簿”").click()
    expect(page.get_by_role("heading", name="善行簿")).to_be_visible()

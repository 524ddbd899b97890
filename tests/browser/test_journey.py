"""One deed from a phone without network to a thing handed over at the counter, every hand in its own browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import village as villages
from tests.browser.test_offline import NAME, declared, fill_form, hand_in, log_in, open_form, ready
from tests.surfaces import stage as stages
from tests.surfaces.stage import Stage
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import queries as mall_queries

FAMILY = "王建国家"  # this clause is credited to the household
Opener = Callable[..., BrowserContext]


def test_a_deed_told_without_network_becomes_a_thing_in_the_hand(
    stage: Stage, live_server: LiveServer, open_context: Opener, tmp_path: Path
) -> None:
    def enter(user_id: int, *, width: int = 1366) -> Page:
        context = open_context(live_server.url, width=width, height=768)
        session = stage.client_of(user_id).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return context.new_page()

    # Declared without network; handed in by itself when it is back.
    stage.village.villager(NAME)
    villages.log_in(stage.village, NAME)
    context = open_context(live_server.url, worker=False)
    phone = context.new_page()
    log_in(phone, stage)
    ready(phone, worker=False)
    open_form(phone, stage)
    shot = tmp_path / "shot.jpg"
    shot.write_bytes(stages.photo().getvalue())
    context.set_offline(True)
    fill_form(phone, shot)
    hand_in(phone)
    expect(phone.get_by_role("heading", name="存在手机里了")).to_be_visible()
    context.set_offline(False)
    expect(phone.locator("[data-state=applied]")).to_be_visible()
    (deed,) = declared(stage)
    before = stage.shop.points_of(FAMILY)

    # Reviewed with one key.
    reviewer = enter(stage.village.users["reviewer"])
    reviewer.goto(f"/console/review/{deed.pk}/")
    reviewer.wait_for_selector("#decide[data-ready]")
    reviewer.keyboard.press("a")
    expect(reviewer.get_by_text("通过了").first).to_be_visible()

    # On notice; a neighbour objects; the objection does not hold.
    clerk = enter(stage.village.users["clerk"])
    clerk.goto("/console/notices/")
    clerk.get_by_role("button", name="封榜").click()
    clerk.wait_for_url("**/console/notices/*/")
    deed.refresh_from_db()
    number = clerk.url.rstrip("/").rpartition("/")[2]
    stage.village.villager("张伟")
    neighbour = enter(stage.village.users["张伟"], width=390)
    neighbour.goto(f"/notices/{number}/")
    neighbour.locator(f"a[href$='/lines/{deed.notice_line_id}/']").click()
    neighbour.get_by_label("没做过这件事").check()
    neighbour.get_by_label("说一说您知道的").fill("那天没看见有人打扫")
    neighbour.get_by_role("button", name="交意见").click()
    expect(neighbour.get_by_text("意见交上去了")).to_be_visible()
    supervisor = enter(stage.village.users["supervisor"])
    supervisor.goto("/console/notices/")
    supervisor.get_by_role("link", name="答复").first.click()
    supervisor.get_by_label("意见不成立").check()
    supervisor.get_by_label("答复", exact=True).fill("查了照片，确实打扫过。")
    supervisor.get_by_role("button", name="答复").click()
    expect(supervisor.get_by_text("答复好了").first).to_be_visible()

    # Posted when the notice is over; in the passbook; redeemed; handed over.
    stage.turn_to(stage.now + timedelta(days=14))
    call_command("jobs", verbosity=0)
    assert deed_queries.declaration(actor=stage.village.villager(NAME), declaration_id=deed.pk).status == "deposited"
    after = stage.shop.points_of(FAMILY)
    assert after > before
    phone.goto("/household/")
    if "/login/" in phone.url:
        log_in(phone, stage)
        phone.goto("/household/")
    phone.get_by_role("link", name=FAMILY).click()
    expect(phone.get_by_text(deed.item.title).first).to_be_visible()
    shelf = mall_queries.products_on_shelf(actor=stage.village.villager(NAME), branch_id=stage.village.branch_id)
    thing = next(one for one in shelf if one.price <= after and one.left)
    phone.goto(f"/mall/{thing.public_id}/")
    phone.locator("label", has_text=FAMILY).click()
    phone.get_by_role("button", name="下一步").click()
    phone.get_by_role("button", name="确定换").click()
    expect(phone.locator(".code")).to_be_visible()
    code = "".join(letter for letter in phone.locator(".code").inner_text() if letter.isdigit())
    teller = enter(stage.village.users["teller"])
    teller.goto("/console/counter/")
    expect(teller.locator("#f-q")).to_be_focused()
    teller.keyboard.type(code)
    teller.keyboard.press("Enter")
    teller.wait_for_url("**/orders/**")
    teller.get_by_role("button", name="发货").click()
    expect(teller.get_by_text("领过了").first).to_be_visible()
    assert stage.shop.points_of(FAMILY) == after - thing.price
    report = ledger_queries.verify()
    assert report.ok, report.faults

"""A clerk's month on the pages: an Excel sheet with a wrong cell comes in, deeds are reviewed by key, hung, printed, posted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from openpyxl import Workbook
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import enter, keep_picture, wait_until
from tests.surfaces import stage as stages
from tests.surfaces.stage import Stage
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.ledger import queries as ledger_queries

Opener = Callable[..., BrowserContext]


def register(stage: Stage, folder: Path) -> Path:
    """The month's register as a village keeps it, with one name written wrong."""
    book, item = Workbook(), next(iter(stage.items))
    assert book.active is not None
    day = (clock.local_date(stage.now) - timedelta(days=2)).isoformat()
    for row in (("户号", "姓名", "事项", "日期"), ("0004", "张玮", item, day), ("0005", "刘德福", item, day)):
        book.active.append(row)
    path = folder / "三月登记表.xlsx"
    book.save(path)
    return path


def bring_in(clerk: Page, director: Page, sheet: Path) -> None:
    """Uploaded, mended by one press, signed by the second officer, recorded."""
    clerk.goto("/console/import/")
    clerk.locator("input[name=kind][value=register]").check()
    clerk.locator("input[type=file]").set_input_files(sheet)
    clerk.get_by_role("button", name="上传，去核对").click()
    clerk.wait_for_url("**/console/import/*/")
    expect(clerk.get_by_role("button", name="入册")).to_have_count(0)
    keep_picture(clerk, "month-preview")
    clerk.get_by_role("button", name="改成 张伟").click()
    expect(clerk.get_by_text("第 2 行改好了")).to_be_visible()
    director.goto(clerk.url)
    director.get_by_role("link", name="改过的 1").click()
    expect(director.get_by_role("cell", name="张玮 张伟")).to_be_visible()
    director.get_by_role("button", name="我签字").click()
    expect(director.get_by_role("button", name="我签字")).to_have_count(0)
    clerk.reload()
    clerk.get_by_role("button", name="入册 2 行").click()
    expect(clerk.get_by_text("入册。").first).to_be_visible()


def review_all(reviewer: Page, count: int) -> None:
    """One key each; the page goes on by itself."""
    reviewer.goto("/console/review/")
    for _number in range(count):
        reviewer.wait_for_selector("#decide[data-ready]")
        before = reviewer.url
        reviewer.keyboard.press("a")
        reviewer.wait_for_function("before => location.href !== before", arg=before)
    expect(reviewer.get_by_text("没有要审的记录")).to_be_visible()


def hang(clerk: Page, photo: Path) -> str:
    """Sealed, printed on one sheet, photographed where it hangs: its number."""
    clerk.goto("/console/")
    clerk.get_by_role("link", name="发布公示").click()
    clerk.get_by_role("button", name="封榜").click()
    clerk.wait_for_url("**/console/notices/*/")
    papers: list[bytes] = []

    def keep(route: Route) -> None:
        """What the press brings goes to us and not to a viewer, which one browser has and another hasn't; the page stays."""
        papers.append(route.fetch().body())
        route.fulfill(status=204)

    clerk.route("**/redlist.pdf?*", keep)
    clerk.get_by_role("button", name="打 A3 红榜").click()
    wait_until(clerk, lambda: bool(papers))
    assert papers[0].startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page[^s]", papers[0])) == 1
    clerk.locator("#photos input[type=file]").set_input_files(photo)
    clerk.get_by_role("button", name="存下").click()
    expect(clerk.get_by_text("照片存好了")).to_be_visible()
    keep_picture(clerk, "month-notice")
    return clerk.url.rstrip("/").rpartition("/")[2]


def test_a_month_of_the_clerk(stage: Stage, live_server: LiveServer, open_context: Opener, tmp_path: Path) -> None:
    def desk(key: str) -> Page:
        return enter(open_context(live_server.url, width=1366, height=768), stage, key, live_server.url)

    made = [stage.deeds["submitted"], *(stage.declare(title, "张伟", days_ago=3) for title in list(stage.items)[3:5])]
    before = {name: stage.shop.points_of(name) for name in ("张伟", "刘德福")}
    clerk = desk("clerk")
    bring_in(clerk, desk("director"), register(stage, tmp_path))
    imported = {name: stage.shop.points_of(name) for name in before}
    assert all(imported[name] > had for name, had in before.items()), "what the register brought is in the passbooks"
    review_all(desk("reviewer"), len(made))
    shot = tmp_path / "wall.jpg"
    shot.write_bytes(stages.photo().getvalue())
    number = hang(clerk, shot)
    assert {name: stage.shop.points_of(name) for name in before} == imported, "on notice, and not to be spent"
    stage.turn_to(stage.now + timedelta(days=14))
    call_command("jobs", verbosity=0)
    for pk in made:
        deed = deed_queries.declaration(actor=system(), declaration_id=pk)
        assert deed.status == "deposited" and deed.transaction is not None, deed.item.title
    assert stage.shop.points_of("张伟") > imported["张伟"]
    clerk.goto(f"/console/notices/{number}/")
    expect(clerk.get_by_role("heading", name=f"红榜 {number} 已结束")).to_be_visible()
    report = ledger_queries.verify()
    assert report.ok, report.faults

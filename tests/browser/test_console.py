"""The console in a real browser: a review by keys, the counter by a scanner, pages that fit at every width, in both themes."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import village as villages
from tests.browser import conftest
from tests.browser.conftest import keep_picture, look_at
from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.mall import queries as mall_queries

Open = Callable[..., BrowserContext]
LOOKS = (("light", 1366), ("light", 900), ("light", 390), ("dark", 1366))
PAGES = (
    "",
    "review/",
    "depositors/",
    "depositors/enrol/",
    "import/",
    "counter/",
    "stock/",
    "notices/",
    "rules/",
    "funds/",
)
OF_THE_BANK = ("branches/", "branches/open/", "bank/", "bank/propose/", "officers/", "officers/appoint/?q=王")


def enter(context: BrowserContext, stage: Stage, key: str) -> Page:
    villages.log_in(stage.village, key)
    page = context.new_page()
    page.goto("/login/?next=/console/")
    page.fill("input[name=name]", villages.OFFICERS[key][0])
    page.fill("input[name=password]", villages.PASSWORD)
    page.click("main button.btn-p")
    page.wait_for_url("**/console/")
    return page


def test_pages_fit_at_every_width_in_both_themes(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    person, home = stage.village.person("王建国"), stage.village.households["0001"]
    of_people = ("", "declare/", "facts/", "leave/", "leave/?way=moved")
    pages = {
        "clerk": (
            *PAGES,
            *(f"depositors/{person}/{page}" for page in of_people),
            f"households/{home}/",
            f"households/{home}/merge/?with_number=0004",
        ),
        "head": (*OF_THE_BANK, f"branches/{stage.village.branch_id}/", f"depositors/{person}/leave/?way=erased"),
    }
    for key, paths in pages.items():
        page = conftest.enter(open_context(live_server.url, worker=False), stage, key, live_server.url)
        addresses = {path.strip("/").replace("/", "-") or "desk": f"/console/{path}" for path in paths}
        assert look_at(page, live_server.url, addresses, LOOKS, picture="console-{name}-{width}-{looks}") == {}


def test_where_one_is_stands_in_view_in_the_menu_of_a_phone(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    page = conftest.enter(open_context(live_server.url, worker=False), stage, "head", live_server.url)
    for name in ("bank", "notices", ""):
        page.goto(f"/console/{name}{'/' if name else ''}")
        expect(page.locator("nav [aria-current=page]").first).to_be_in_viewport(ratio=1)


def test_a_reviewer_decides_with_one_key(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    stage.declare(list(stage.items)[3], "张伟", words="第二件")
    page = enter(open_context(live_server.url, width=1366, height=768), stage, "reviewer")
    page.goto("/console/review/")
    page.wait_for_selector("#decide[data-ready]")
    first = page.locator(".qi[aria-current]").get_attribute("href")
    page.keyboard.press("j")
    page.wait_for_function("first => document.querySelector('.qi[aria-current]')?.getAttribute('href') !== first", arg=first)
    page.wait_for_selector("#decide[data-ready]")
    page.keyboard.press("k")
    page.wait_for_function("first => document.querySelector('.qi[aria-current]')?.getAttribute('href') === first", arg=first)
    page.wait_for_selector("#decide[data-ready]")
    page.keyboard.press("b")
    expect(page.locator("#f-reason")).to_be_focused()
    page.goto("/console/review/")
    page.wait_for_selector("#decide[data-ready]")
    page.keyboard.press("a")
    page.wait_for_selector(".note-k")
    deed = deed_queries.declaration(actor=system(), declaration_id=stage.deeds["submitted"])
    assert deed.status != deed_queries.Status.SUBMITTED
    page.uncheck("#keys-on")
    page.keyboard.press("a")
    assert page.locator("#decide").count() == 1
    page.reload()
    assert not page.is_checked("#keys-on")


def test_a_scanner_types_the_code_and_goods_go_out(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    order = mall_queries.orders_of(depositor_ids=[stage.village.person("王建国")])[0]
    page = enter(open_context(live_server.url, width=1366, height=768), stage, "teller")
    page.goto("/console/counter/")
    expect(page.locator("#f-q")).to_be_focused()
    page.keyboard.type(order.pickup_code)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/counter/orders/{order.pk}/")
    keep_picture(page, "console-order-1366-light")
    page.click("text=发货")
    page.wait_for_selector("text=领过了")
    assert mall_queries.order(actor=system(), order_id=order.pk).status == "collected"


def test_the_desk_works_without_script(stage: Stage, live_server: LiveServer, open_context: Open) -> None:
    page = enter(open_context(live_server.url, width=1366, height=768, script=False), stage, "reviewer")
    page.goto("/console/review/")
    page.check("input[name=decision][value=reject]", force=True)
    page.click("#decide button")
    expect(page.locator(".errsum")).to_have_count(1)
    page.fill("#f-reason", "这件事去年记过了。")
    with page.expect_navigation():
        page.click("#decide button")
    deed = deed_queries.declaration(actor=system(), declaration_id=stage.deeds["submitted"])
    assert deed.status == deed_queries.Status.REJECTED

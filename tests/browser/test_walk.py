"""The walk of the README in a real browser: sample books in, a deed declared, reviewed, on notice, posted, points turned into
rice, handed over, printed. Everything a person does here is done on the pages; only the bank itself is opened by services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import keep_picture
from tests.surfaces.stage import photo
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.funds import services as funds
from wenming.domain.identity import services as identity
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import services as mall
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.queries import Role

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PASSWORD = "liuxi-cun-2026"
START = datetime(2021, 4, 6, 9, 30, tzinfo=clock.ZONE)
OFFICERS = {"钱会计": Role.CLERK, "冯审核": Role.REVIEWER, "蒋柜员": Role.TELLER, "柳书记": Role.DIRECTOR}
BOOKS = (
    ("roll", "roll.xlsx", False),
    ("rulebook", "rulebook.xls", True),
    ("register", "register.csv", True),
    ("balances", "monthly-summary.xlsx", True),
)
Opener = Callable[..., BrowserContext]


class Walk:
    """One browser profile for each person, and the clock of the server."""

    def __init__(self, address: str, opener: Opener, clock_file: Path) -> None:
        self.address, self.opener, self.clock_file = address, opener, clock_file
        self.turn_to(START)

    def turn_to(self, at: datetime) -> None:
        self.clock_file.write_text(at.isoformat(), encoding="utf-8")

    def enter(self, name: str, *, width: int = 1366, height: int = 768) -> Page:
        page = self.opener(self.address, width=width, height=height).new_page()
        page.goto("/login/")
        page.locator("[name=name]").fill(name)
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.locator("[name=password]")).to_have_count(0)
        return page


@pytest.fixture
def walk(transactional_db: None, live_server: LiveServer, open_context: Opener, tmp_path: Path, settings: LazySettings) -> Walk:
    settings.TEST_CLOCK = str(tmp_path / "now")
    settings.MEDIA_ROOT = tmp_path / "media"
    walk = Walk(live_server.url, open_context, tmp_path / "now")
    open_bank(START - timedelta(days=400))
    return walk


def open_bank(at: datetime) -> None:
    """A town with one branch, its officers, a fund with money, and rice on the shelf."""
    shell = system("shell")
    town = organisations.open_head_bank(actor=shell, code="QX", name="清溪镇总行", at=at, opened_on=date(2020, 1, 1))
    branch = organisations.open_branch(
        actor=shell, head_bank_id=town.pk, code="LX01", name="柳溪分行", village_codes=[], at=at, opened_on=date(2020, 1, 1)
    )
    for name, role in OFFICERS.items():
        user = identity.register_user(display_name=name, at=at)
        identity.add_login_name(user_id=user.pk, kind="officer", name=name)
        identity.set_password(user_id=user.pk, password=PASSWORD, at=at)
        organisations.appoint_officer(actor=shell, user_id=user.pk, organisation_id=branch.pk, role=role, at=at)
    fund = funds.open_fund(actor=shell, organisation_id=branch.pk, source="collective", name="集体收入专款", at=at)
    funds.receive_money(
        actor=shell, fund_id=fund.pk, amount=50_000, number="2021-001", payer="村集体", received_on=START.date(), at=START
    )
    rice = mall.add_product(
        actor=shell,
        organisation_id=branch.pk,
        kind="goods",
        title="大米 5 斤",
        price=1500,
        cost=1500,
        fund_id=fund.pk,
        unit="袋",
        at=at,
    )
    mall.receive_stock(actor=shell, product_id=rice.pk, branch_id=branch.pk, quantity=3, at=at)


def take_in(page: Page, kind: str, file: str) -> None:
    """Upload one of the sample books and look at the preview."""
    page.goto("/console/import/")
    page.locator(f"input[name=kind][value={kind}]").check()
    page.locator("input[type=file]").set_input_files(SAMPLES / file)
    page.get_by_role("button", name="上传，去核对").click()
    page.wait_for_url("**/console/import/*/")
    keep_picture(page, f"walk-preview-{kind}")


def commit(page: Page) -> None:
    page.get_by_role("button", name="入册").click()
    expect(page.get_by_role("button", name="入册")).to_have_count(0)


def import_books(walk: Walk) -> Page:
    """The clerk brings all four books; all but the roll want the director's signature too."""
    clerk, director = walk.enter("钱会计"), walk.enter("柳书记")
    for kind, file, needs_second in BOOKS:
        take_in(clerk, kind, file)
        if needs_second:
            director.goto(clerk.url)
            director.get_by_role("button", name="我签字").click()
            commit(director)
        else:
            commit(clerk)
    return clerk


def hand_out_log_in(walk: Walk, clerk: Page) -> Page:
    """The clerk finds a depositor by pinyin and hands over a code; the depositor sets a password on the phone."""
    clerk.goto("/console/depositors/?q=zqs")
    clerk.get_by_text("发激活码").click()
    clerk.get_by_role("button", name="发一个").click()
    code = clerk.locator(".once").inner_text().replace(" ", "").replace("\u2009", "").replace("\u00a0", "")
    phone = walk.opener(walk.address).new_page()
    phone.goto("/activate/")
    phone.locator("[name=name]").fill("13900010102")
    phone.locator("[name=code]").fill(code)
    phone.locator("[name=password]").fill(PASSWORD)
    phone.locator("[name=again]").fill(PASSWORD)
    phone.get_by_role("button", name="定好，登录").click()
    expect(phone.locator(".book")).to_be_visible()
    return phone


def declare(phone: Page, folder: Path) -> None:
    picture = folder / "swept.jpg"
    picture.write_bytes(photo().getvalue())
    phone.goto("/declare/?q=清扫")
    phone.get_by_role("link", name="义务清扫公共区域").click()
    phone.locator("input[type=file]").set_input_files(picture)
    phone.get_by_text("今天", exact=True).click()
    phone.get_by_role("button", name="下一步").click()
    keep_picture(phone, "walk-check")
    phone.get_by_role("checkbox", name="这是真事").check()
    phone.get_by_role("button", name="交给村里").click()
    expect(phone.get_by_role("heading", name="交上去了")).to_be_visible()


def balance(phone: Page) -> int:
    phone.goto("/")
    return int(phone.locator(".bal").first.inner_text().split("\n")[0].replace("分", "").strip())


def redeem(phone: Page) -> str:
    phone.goto("/mall/")
    phone.get_by_role("link", name="大米").first.click()
    phone.get_by_role("button", name="下一步").click()
    phone.get_by_role("button", name="确定换").click()
    expect(phone.locator(".code")).to_be_visible()
    keep_picture(phone, "walk-code")
    return "".join(letter for letter in phone.locator(".code").inner_text() if letter.isdigit())


def is_pdf(page: Page, address: str) -> bool:
    answer = page.request.get(address)
    return answer.status == 200 and answer.body()[:5] == b"%PDF-"


def test_from_a_clerks_excel_to_a_bag_of_rice(walk: Walk, tmp_path: Path) -> None:
    clerk = import_books(walk)
    phone = hand_out_log_in(walk, clerk)
    before = balance(phone)
    assert before >= 16
    declare(phone, tmp_path)

    reviewer = walk.enter("冯审核")
    reviewer.goto("/console/review/")
    keep_picture(reviewer, "walk-review")
    reviewer.get_by_text("通过", exact=True).first.click()
    with reviewer.expect_response(lambda answer: answer.request.method == "POST"):
        reviewer.get_by_role("button", name="就这样").click()

    clerk.goto("/console/notices/")
    clerk.get_by_role("button", name="封榜").click()
    clerk.wait_for_url("**/console/notices/*/")
    keep_picture(clerk, "walk-notice")
    notice = clerk.url
    assert is_pdf(clerk, notice.rstrip("/") + "/redlist.pdf")
    assert balance(phone) == before, "points on notice are not spendable"

    walk.turn_to(START + timedelta(days=12))
    call_command("jobs", verbosity=0)
    assert balance(phone) == before + 2
    phone.goto("/passbook/")
    keep_picture(phone, "walk-passbook")
    expect(phone.get_by_text("义务清扫公共区域").first).to_be_visible()

    code = redeem(phone)
    assert balance(phone) == before + 2 - 15
    teller = walk.enter("蒋柜员")
    teller.goto("/console/counter/")
    teller.locator("[name=q]").last.fill(code)
    teller.get_by_role("button", name="查", exact=True).click()
    keep_picture(teller, "walk-counter")
    with teller.expect_navigation():
        teller.get_by_role("button", name="发货").click()
    teller.goto(f"/console/counter/?q={code}")
    expect(teller.get_by_text("领过了").first).to_be_visible()

    clerk.goto("/console/depositors/?q=zqs")
    assert is_pdf(clerk, clerk.url.split("?")[0].rstrip("/") + "/passbook.pdf")
    call_command("jobs", verbosity=0)
    report = ledger_queries.verify()
    assert report.ok, report.faults

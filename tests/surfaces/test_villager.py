"""The villager's door: pages, counts of queries, words, and what may not be seen."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.surfaces.stage import Stage, notices_up, photo
from wenming.core import days
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import queries as mall_queries
from wenming.domain.notices import queries as notice_queries
from wenming.ui.filters import last_day

OWN_PAGES = (
    "/",
    "/passbook/",
    "/passbook/?show=in",
    "/passbook/?show=out",
    "/passbook/?show=corrections",
    "/declare/",
    "/deeds/",
    "/notices/",
    "/mall/",
    "/mall/?show=affordable",
    "/mall/?q=没有的东西",
    "/orders/",
    "/messages/",
    "/household/",
    "/me/",
    "/me/data/",
    "/settings/",
    "/password/",
)
LATIN = re.compile(r"[A-Za-z]{2,}")
ALLOWED = re.compile(
    r"\b(?:LX01|HW02|QX)\w*(?:-\d+)*\b|\b[0-9A-F]{4}-[0-9A-F]{2}\b|\b[0-9a-f]{4,64}\b|\bSHA256\b|\bKB\b|\bEnglish\b"
)


def text_of(html: str) -> str:
    """What a person reads: tags, scripts and styles away; labels and hints kept."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    said = " ".join(re.findall(r'(?:placeholder|aria-label|alt|title|data-good|data-bad)="([^"]*)"', html))
    return re.sub(r"<[^>]+>", " ", html) + " " + said


def english_in(html: str) -> list[str]:
    return LATIN.findall(ALLOWED.sub(" ", text_of(html)))


def deed_page(stage: Stage, key: str) -> str:
    deed = deed_queries.declaration(actor=system(), declaration_id=stage.deeds[key])
    return f"/deeds/{deed.public_id}/"


def count_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


@pytest.mark.parametrize("address", OWN_PAGES)
def test_every_page_is_shown_in_chinese(stage: Stage, address: str) -> None:
    answer = stage.client("王建国").get(address)
    assert answer.status_code == 200
    assert english_in(answer.content.decode()) == []


def test_pages_with_few_facts_are_shown_too(stage: Stage) -> None:
    """Someone without points, deeds, orders and messages sees why it is empty, and no error."""
    client = stage.client("李秀英")
    for address in OWN_PAGES:
        assert client.get(address).status_code == 200, address


def test_home_and_passbook_need_few_queries_however_long_the_book(stage: Stage) -> None:
    client = stage.client("王建国")
    short = [count_queries(client, address) for address in ("/", "/passbook/")]
    for number in range(60):
        stage.shop.give("王建国", 100 + number)
    assert [count_queries(client, address) for address in ("/", "/passbook/")] == short
    assert max(short) <= 12


def test_every_page_asks_for_log_in(stage: Stage) -> None:
    for address in (*OWN_PAGES, deed_page(stage, "submitted")):
        answer = Client().get(address)
        if address != "/settings/":
            assert answer.status_code == 302 and answer["Location"].startswith("/login/"), address


def test_the_passbook_says_what_it_ever_held_and_what_is_on_its_way(stage: Stage) -> None:
    (number,) = notices_up(stage)
    notice = notice_queries.notice(number=number)
    stage.declare(list(stage.items)[3], "王秀梅", days_ago=0)
    seen = text_of(stage.client("王秀梅").get("/passbook/").content.decode())
    held, earned, spent = (
        float(re.search(rf"{words}\s*([\d,.]+)", seen)[1].replace(",", ""))  # type: ignore[index]
        for words in ("可用", "累计存入", "累计用去")
    )
    assert held == earned - spent and earned > 0
    assert "村里在看，一般 2 天内" in seen
    assert f"公示到 {days.short(last_day(notice.ends_at))}" in seen


def test_the_passbook_turns_its_pages(stage: Stage) -> None:
    """Following the link for older lines shows every line once."""
    for number in range(170):
        stage.shop.give("单秀兰", 100 + number)
    client, address, vouchers = stage.client("单秀兰"), "/passbook/", []
    for _page in range(10):
        html = client.get(address).content.decode()
        vouchers += re.findall(r'href="/board/proof/([0-9a-f]+)/"', html)
        following = re.search(r'href="(/passbook/\?before=\d+)"', html)
        if following is None:
            break
        address = following[1]
    assert len(vouchers) == len(set(vouchers)) == 172


def test_a_line_says_why_it_is_this_many_points(stage: Stage) -> None:
    actor = stage.village.villager("王建国")
    (done,) = [one for one in deed_queries.declarations_of(depositor_ids=[actor.depositor_id]) if one.transaction_id]
    html = stage.client("王建国").get(f"/passbook/{done.transaction.public_id}/").content.decode()
    assert "为什么是这么多分" in html and done.item.title in html
    assert stage.client("王秀梅").get(f"/passbook/{done.transaction.public_id}/").status_code == 404


def test_corrections_stand_as_a_pair(stage: Stage) -> None:
    actor = stage.village.villager("王建国")
    (done,) = [one for one in deed_queries.declarations_of(depositor_ids=[actor.depositor_id]) if one.transaction_id]
    ledger.reverse(transaction_id=done.transaction_id, key="undo", at=stage.now)
    html = stage.client("王建国").get("/passbook/?show=corrections").content.decode()
    assert "更正：" in html and "对应" in html and "已在" in html


def test_a_deed_is_declared_in_three_steps_and_nothing_typed_is_lost(stage: Stage) -> None:
    client = stage.client("李秀英")
    title, item_id = list(stage.items.items())[4]
    address = f"/declare/{item_id}/"
    half = client.post(address, {"words": "槐树巷北口", "photos": [photo()]})
    assert half.status_code == 422
    html = half.content.decode()
    assert "有 2 处要补" in html and "请选是哪天做的。" in html and "请选记给谁。" in html and "槐树巷北口" in html
    assert "第 1 张照片" in html
    own = stage.village.person("李秀英")
    assert client.post(address, {"words": "槐树巷北口", "day": "today", "people": [own]})["Location"] == "/declare/check/"
    seen = client.get("/declare/check/").content.decode()
    assert title in seen and "槐树巷北口" in seen and "李秀英" in seen
    assert re.search(r'src="/photos/[0-9a-f]{32}/"', seen)
    key = re.search(r'name="key" value="([0-9a-f]+)"', seen)
    assert key is not None
    assert client.post("/declare/check/", {"key": key[1]}).status_code == 422
    done = client.post("/declare/check/", {"key": key[1], "true": "1"})
    assert done.status_code == 302 and done["Location"].endswith("/done/")
    assert "交上去了" in client.get(done["Location"]).content.decode()
    assert client.get("/declare/check/")["Location"] == "/declare/"


def test_what_the_rules_refuse_is_said_on_the_last_step(stage: Stage) -> None:
    client, item_id = stage.client("王建国"), next(iter(stage.items.values()))
    own = stage.village.person("王建国")
    client.post(f"/declare/{item_id}/", {"day": "other", "other_day": "2025-12-30", "people": [own]})
    key = re.search(r'name="key" value="([0-9a-f]+)"', client.get("/declare/check/").content.decode())
    assert key is not None
    answer = client.post("/declare/check/", {"key": key[1], "true": "1"})
    assert answer.status_code == 422
    assert "还没交上去" in answer.content.decode() and "写的都还在" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("other_day", "2999-01-01", "这一天还没到"),
        ("other_day", "no day", "请选一个日子"),
        ("words", "字" * 501, "最多写 500 字"),
        ("quantity", "-1", "要填大于 0 的数"),
        ("people", "999999", "这一项选得不对"),
        ("person_name", "没有这人", "没找到这个人"),
    ],
)
def test_bad_input_is_answered_beside_its_field(stage: Stage, field: str, value: str, words: str) -> None:
    item_id = next(iter(stage.items.values()))
    data = {"day": "other", "other_day": "2026-03-11", "people": [stage.village.person("王建国")], field: value}
    answer = stage.client("王建国").post(f"/declare/{item_id}/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert english_in(answer.content.decode().replace(value, "")) == []


def test_what_is_no_photo_is_refused(stage: Stage) -> None:
    item_id = next(iter(stage.items.values()))
    data = {"day": "today", "people": [stage.village.person("王建国")]}
    bad = SimpleUploadedFile("a.jpg", b"<script>alert(1)</script>", "image/jpeg")
    answer = stage.client("王建国").post(f"/declare/{item_id}/", {**data, "photos": [bad]})
    assert answer.status_code == 422 and "这不是照片" in answer.content.decode()


def test_a_deed_on_notice_says_until_when_and_where(stage: Stage) -> None:
    (number,) = notices_up(stage)
    ends = days.short(last_day(notice_queries.notice(number=number).ends_at))
    html = stage.client("王建国").get(deed_page(stage, "on_notice:王建国")).content.decode()
    assert f"公示到 {ends}，没人有意见就入账" in html and f'href="/notices/{number}/"' in html


def test_photos_are_for_those_who_may_see_the_deed(stage: Stage) -> None:
    page = stage.client("王建国").get(deed_page(stage, "submitted")).content.decode()
    found = re.search(r'src="(/photos/[0-9a-f]{32}/)"', page)
    assert found is not None
    answer = stage.client("王建国").get(found[1])
    assert answer["Content-Type"] == "image/jpeg" and "private" in answer["Cache-Control"]
    assert stage.client("李秀英").get(found[1]).status_code == 404, "a grown-up's deeds are not the family's"
    assert stage.client("张伟").get(found[1]).status_code == 404
    assert stage.client("孙立").get(found[1]).status_code == 404
    assert Client().get(found[1]).status_code == 302


def test_a_returned_deed_is_mended_and_one_may_take_it_back(stage: Stage) -> None:
    client = stage.client("王建国")
    page = deed_page(stage, "returned")
    assert "照片看不清" in client.get(page).content.decode()
    answer = client.post(f"{page}amend/", {"day": "yesterday", "words": "重新拍过了", "photos": [photo()]})
    assert answer["Location"] == page
    assert "待审核" in client.get(page).content.decode()
    client.post(f"{page}withdraw/")
    assert "已撤回" in client.get(page).content.decode()


def test_objecting_to_a_line(stage: Stage) -> None:
    deed = deed_queries.declaration(actor=system(), declaration_id=stage.deeds["on_notice:张伟"])
    number = notice_queries.notices_on_wall(branch_id=stage.village.branch_id)[0].number
    address = f"/notices/{number}/lines/{deed.notice_line_id}/"
    client = stage.client("王秀梅")
    assert client.post(address, {}).status_code == 422
    assert client.post(address, {"reason": "amount", "words": "那天是我们俩一起去的"})["Location"] == "/notices/"
    assert "待答复" in client.get("/notices/").content.decode()
    assert "待答复" not in stage.client("王建国").get("/notices/").content.decode()
    assert stage.client("孙立").get(address).status_code == 404


def test_ordering_twice_with_one_tap_orders_once_and_it_can_be_given_back(stage: Stage) -> None:
    client = stage.client("王秀梅")
    item = next(one for one in mall_queries.products_on_shelf(actor=system(), branch_id=stage.village.branch_id) if one.left)
    page = client.get(f"/mall/{item.public_id}/?quantity=2").content.decode()
    key = re.search(r'name="submission_key" value="([0-9a-f]+)"', page)
    assert key is not None and "确定换" in page
    data = {"quantity": 2, "price": item.price, "submission_key": key[1]}
    first, second = (client.post(f"/mall/{item.public_id}/", data)["Location"] for _ in range(2))
    assert first == second
    code = client.get(first).content.decode()
    assert re.search(r"\d{4} \d{4}", code) and "<svg" in code
    assert stage.client("张伟").get(first).status_code == 404
    client.post(f"{first}cancel/")
    assert "已取消" in client.get(first).content.decode()


def test_too_few_points_is_said_in_points(stage: Stage) -> None:
    client = stage.client("李秀英")
    item = mall_queries.products_on_shelf(actor=system(), branch_id=stage.village.branch_id)[0]
    assert "还差 20 分" in client.get(f"/mall/{item.public_id}/?quantity=1").content.decode()
    data = {"quantity": 1, "price": item.price, "submission_key": "a"}
    answer = client.post(f"/mall/{item.public_id}/", data)
    assert answer.status_code == 422 and "还差 20 分" in answer.content.decode()


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "javascript:alert(1)"]
)
def test_what_people_write_stays_text(stage: Stage, words: str) -> None:
    number = stage.declare(list(stage.items)[5], "王建国", words=words)
    stage.deeds["written"] = number
    html = stage.client("王建国").get(deed_page(stage, "written")).content.decode()
    assert "<script>alert" not in html and "<img src=x" not in html and "49" not in html.split("说明")[1][:60]
    for address in ("/mall/", "/declare/"):
        html = stage.client("王建国").get(address, {"q": words}).content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html


def test_answers_carry_the_content_policy(stage: Stage) -> None:
    answer = stage.client("王建国").get("/")
    assert "style-src 'self'" in answer["Content-Security-Policy"]
    assert " style=" not in answer.content.decode() and "onclick" not in answer.content.decode()


def test_messages_are_read(stage: Stage) -> None:
    client = stage.client("王建国")
    assert 'class="cnt"' in client.get("/").content.decode()
    client.post("/messages/")
    assert 'class="cnt"' not in client.get("/").content.decode()


def test_officers_without_a_passbook_go_to_their_desk(stage: Stage) -> None:
    assert stage.client_of(stage.village.users["clerk"]).get("/")["Location"] == "/console/"

"""The console: who may open which page, what the acts do, what a wrong entry answers, how much a page asks of the store."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.surfaces.stage import Stage, notices_up, photo
from wenming.core import audit
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.queries import Role
from wenming.surfaces.console import organisation

PAGES = {
    "/console/": ("head", "director", "clerk", "reviewer", "teller", "lane_chief", "supervisor"),
    "/console/figures/": ("head", "director", "clerk"),
    "/console/review/": ("head", "director", "clerk", "reviewer", "supervisor"),
    "/console/review/several/": ("head", "director", "reviewer"),
    "/console/depositors/": ("head", "director", "clerk", "teller", "lane_chief", "supervisor"),
    "/console/depositors/enrol/": ("head", "director", "clerk"),
    "/console/depositors/enrol/?kind=person": ("clerk",),
    "/console/depositors/enrol/?kind=unit": ("clerk",),
    "/console/import/": ("head", "director", "clerk"),
    "/console/counter/": ("clerk", "teller"),
    "/console/stock/": ("head", "director", "clerk", "teller", "supervisor"),
    "/console/stock/new/": ("head", "director", "clerk"),
    "/console/notices/": ("head", "director", "clerk", "reviewer", "supervisor"),
    "/console/rules/": ("head", "director", "clerk", "supervisor"),
    "/console/funds/": ("head", "director", "clerk", "supervisor"),
    "/console/officers/": ("head", "director", "supervisor"),
    "/console/officers/appoint/": ("head", "director"),
    "/console/audit/": ("head", "director", "supervisor"),
    "/console/branches/": ("head",),
    "/console/branches/open/": ("head",),
    "/console/bank/": ("head",),
    "/console/bank/propose/": ("head",),
}
OFFICERS = ("head", "director", "clerk", "reviewer", "teller", "lane_chief", "supervisor")


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


def enter(stage: Stage, key: str) -> Client:
    return stage.client_of(stage.village.users[key])


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_every_page_opens_for_its_roles_and_only_for_them(stage: Stage) -> None:
    wrong = []
    for key in OFFICERS:
        client = enter(stage, key)
        for page, roles in PAGES.items():
            status = client.get(page).status_code
            if (status == 200) != (key in roles) and (page, key) not in ALSO:
                wrong.append((page, key, status))
            assert status in (200, 403)
    assert wrong == []


ALSO = {
    *(("/console/figures/", key) for key in ("reviewer", "teller", "lane_chief", "supervisor")),
    *(("/console/review/", key) for key in ("teller", "lane_chief")),
    *((f"/console/depositors/enrol/?kind={kind}", key) for kind in ("person", "unit") for key in ("head", "director")),
    *(("/console/notices/", key) for key in ("teller", "lane_chief")),
    *(("/console/rules/", key) for key in ("reviewer", "teller", "lane_chief")),
    ("/console/depositors/", "reviewer"),
}


def test_a_villager_and_a_stranger_stay_outside(stage: Stage) -> None:
    assert stage.client("王建国").get("/console/").status_code == 403
    assert Client().get("/console/").status_code == 302


def test_other_branches_do_not_exist(stage: Stage) -> None:
    client = enter(stage, "other_director")
    number = stage.deeds["submitted"]
    person = stage.village.person("王建国")
    order = mall_queries.orders_of(depositor_ids=[person])[0].pk
    for page in (
        f"/console/review/{number}/",
        f"/console/deeds/{number}/",
        f"/console/deeds/{number}/reverse/",
        f"/console/depositors/{person}/",
        f"/console/depositors/{person}/declare/",
        f"/console/depositors/{person}/passbook.pdf",
        f"/console/notices/{notices_up(stage)[0]}/",
    ):
        assert client.get(page).status_code == 404, page
    assert enter(stage, "other_clerk").get(f"/console/counter/orders/{order}/").status_code == 404
    assert enter(stage, "other_clerk").get(f"/console/counter/people/{person}/").status_code == 404
    assert client.post("/console/branch/", {"branch": stage.village.branch_id}).status_code == 404


def test_only_who_may_propose_a_correction_is_offered_one(stage: Stage) -> None:
    person = stage.village.person("王建国")
    for key, offered in (("teller", False), ("supervisor", True), ("clerk", True)):
        page = text_of(enter(stage, key).get(f"/console/depositors/{person}/"))
        assert ("/reverse/" in page) is offered, key


def test_only_who_keeps_a_product_is_offered_to_change_it(stage: Stage) -> None:
    village = stage.village
    towel = mall.add_product(
        actor=village.officer("head"), organisation_id=village.head_bank_id, kind="goods", title="总行的毛巾", plain="",
        picture="gift", unit="条", price=800, cost=0, fund_id=None, times_max=None, period_days=30, pickup_days=7,
        is_for_minors=False, is_on_shelf=True, at=stage.now,
    )  # fmt: skip
    mall.receive_stock(actor=village.officer("clerk"), product_id=towel.pk, branch_id=village.branch_id, quantity=3, at=stage.now)
    for key, offered in (("clerk", False), ("head", True)):
        client = enter(stage, key)
        client.post("/console/branch/", {"branch": village.branch_id})
        page = text_of(client.get("/console/stock/"))
        assert "总行的毛巾" in page and (f"/console/stock/{towel.public_id}/" in page) is offered, key


def test_the_desk_lists_what_waits_by_deadline(stage: Stage) -> None:
    stage.turn_to(stage.now + timedelta(days=3))
    page = text_of(enter(stage, "director").get("/console/"))
    assert page.index("先办这些") < page.index("审核记录（超过 2 天）")
    assert "公示中的记录" in page


def test_a_review_is_decided_and_the_next_one_comes(stage: Stage) -> None:
    client, number = enter(stage, "reviewer"), stage.deeds["submitted"]
    page = text_of(client.get(f"/console/review/{number}/"))
    assert "王建国" in page and "这一笔怎么算" in page and "console/photos/" in page
    answer = client.post(f"/console/review/{number}/", {"decision": "return", "revision": 1})
    assert answer.status_code == 422
    assert "都要写一句为什么" in text_of(answer) and 'href="#f-reason"' in text_of(answer)
    answer = client.post(f"/console/review/{number}/", {"decision": "approve", "reason": "", "revision": 1})
    assert answer.status_code == 302
    deed = deed_queries.declaration(actor=system(), declaration_id=number)
    assert deed.status in (deed_queries.Status.APPROVED, deed_queries.Status.ON_NOTICE)
    assert client.get(f"/console/review/{number}/").status_code == 302


def test_a_photo_is_shown_to_its_branch_alone(stage: Stage) -> None:
    client = enter(stage, "reviewer")
    page = text_of(client.get(f"/console/review/{stage.deeds['submitted']}/"))
    found = re.search(r"/console/photos/[0-9a-f]+/", page)
    assert found
    assert client.get(found[0])["Content-Type"] == "image/jpeg"
    assert enter(stage, "other_reviewer").get(found[0]).status_code == 404


def test_the_declarer_is_told_why_not_to_review(stage: Stage) -> None:
    person = stage.village.person("张伟")
    made = deeds.declare_deed(
        actor=stage.village.officer("director"),
        door=deed_queries.Door.COUNTER,
        depositor_ids=[person],
        item_id=list(stage.items.values())[2],
        happened_on=stage.now.date(),
        quantity=1,
        words="修路灯",
        photos=[photo()],
        submission_key="by-director",
        at=stage.now,
    )
    page = text_of(enter(stage, "director").get(f"/console/review/{made[0].pk}/"))
    assert "这一笔您不能审" in page and 'id="decide"' not in page


def test_several_are_approved_and_the_refused_say_why(stage: Stage) -> None:
    client, number = enter(stage, "reviewer"), stage.deeds["submitted"]
    assert "王建国" in text_of(client.get("/console/review/several/"))
    assert client.post("/console/review/several/", {}).status_code == 422
    waiting = stage.declare(list(stage.items)[3], "张伟", words="第二件")
    answer = client.post("/console/review/several/", {"declarations": [number, stage.deeds["returned"]]})
    assert answer.status_code == 422 and "有 1 笔没通过" in text_of(answer)
    assert deed_queries.declaration(actor=system(), declaration_id=number).status != deed_queries.Status.SUBMITTED
    assert client.post("/console/review/several/", {"declarations": [waiting]}).status_code == 302


def test_the_counter_finds_by_code_card_name_and_pinyin(stage: Stage) -> None:
    client, person = enter(stage, "teller"), stage.village.person("王建国")
    order = mall_queries.orders_of(depositor_ids=[person])[0]
    code = f"{order.pickup_code[:4]} {order.pickup_code[4:]}"
    assert client.get("/console/counter/", {"q": code})["Location"] == f"/console/counter/orders/{order.pk}/"
    card = depositor_queries.passbook_of(depositor_id=person).card_code
    there = f"/console/counter/people/{person}/"
    for typed in (card, "wjg", "王建国 "):
        answer = client.get("/console/counter/", {"q": typed})
        assert answer.status_code == 302 and answer["Location"] == there or "王建国" in text_of(answer), typed
    missing = client.get("/console/counter/", {"q": "没有这人"})
    assert missing.status_code == 422 and "没找到" in text_of(missing) and "没有这人" in text_of(missing)
    assert client.get("/console/counter/", {"q": "00000000"}).status_code == 422


def test_goods_are_handed_over_once_and_a_slip_is_printed(stage: Stage) -> None:
    client = enter(stage, "teller")
    order = mall_queries.orders_of(depositor_ids=[stage.village.person("王建国")])[0]
    page = f"/console/counter/orders/{order.pk}/"
    assert "码是真的，还没领过" in text_of(client.get(page))
    assert client.post(page, {"act": "hand_over"}).status_code == 302
    assert "领过了" in text_of(client.get(page))
    again = client.post(page, {"act": "hand_over"})
    assert again.status_code in (302, 422)
    assert client.get(f"{page}slip.pdf").content.startswith(b"%PDF")
    clerk = enter(stage, "clerk")
    assert clerk.post(page, {"act": "refund"}).status_code == 422
    assert clerk.post(page, {"act": "refund", "reason": "袋子破了", "restock": "yes"}).status_code == 302
    assert mall_queries.order(actor=system(), order_id=order.pk).status == "refunded"


def test_an_order_for_someone_without_a_phone_is_made_once(stage: Stage) -> None:
    client, person = enter(stage, "teller"), stage.village.person("王建国")
    before = len(mall_queries.orders_of(depositor_ids=[person]))
    body = {"product": stage.shop.powder_id, "quantity": "1", "submission_key": "counter-one"}
    answers = [client.post(f"/console/counter/people/{person}/", body) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {302}
    assert len(mall_queries.orders_of(depositor_ids=[person])) == before + 1
    wrong = client.post(f"/console/counter/people/{person}/", {**body, "quantity": "很多"})
    assert wrong.status_code == 422 and "请填数字" in text_of(wrong)


def test_a_record_shows_the_passbook_and_keeps_what_was_typed(stage: Stage) -> None:
    client, person = enter(stage, "clerk"), stage.village.person("王建国")
    for tab in ("passbook", "deeds", "orders", "changes"):
        assert client.get(f"/console/depositors/{person}/?tab={tab}").status_code == 200
    answer = client.post(f"/console/depositors/{person}/change/", {"act": "kin", "kin": "某某某", "relation": "表亲"})
    assert answer.status_code == 422 and 'value="某某某"' in text_of(answer) and "没找到这个人" in text_of(answer)
    assert client.post(f"/console/depositors/{person}/change/", {"act": "burn"}).status_code == 404
    assert client.get(f"/console/depositors/{person}/passbook.pdf").content.startswith(b"%PDF")


def test_a_phone_is_shown_for_a_purpose_and_written_down(stage: Stage) -> None:
    client, person = enter(stage, "clerk"), stage.village.person("王建国")
    page = f"/console/depositors/{person}/change/"
    assert client.post(page, {"act": "reveal", "fact": "phone", "purpose": ""}).status_code == 422
    shown = client.post(page, {"act": "reveal", "fact": "phone", "purpose": "contact"})
    assert "13800000001" in text_of(shown) and "no-store" in shown["Cache-Control"]
    assert any(event.act == "depositors.revealed" for event in audit.trail(subject=f"depositor:{person}"))


def test_an_activation_code_is_shown_once_and_printed(stage: Stage) -> None:
    client, person = enter(stage, "teller"), stage.village.person("单秀兰")
    answer = client.post(f"/console/depositors/{person}/activation/")
    page = text_of(answer)
    assert re.search(r"\d{4} \d{4}", page) and "no-store" in answer["Cache-Control"]
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert sealed
    printed = client.post(f"/console/depositors/{person}/activation.pdf", {"sealed": sealed[1]})
    assert printed.content.startswith(b"%PDF")
    other = stage.village.person("张伟")
    assert client.post(f"/console/depositors/{other}/activation.pdf", {"sealed": sealed[1]}).status_code == 404
    assert client.get(f"/console/depositors/{person}/activation/").status_code == 405


def test_a_household_a_person_and_a_unit_are_enrolled(stage: Stage) -> None:
    client = enter(stage, "clerk")
    body = {"kind": "household", "number": "0099", "name": "石大山", "lane": "南街", "member_name": ["石小山", ""],
            "member_born_on": ["2001-02-03", ""], "member_guardian": ["", ""]}  # fmt: skip
    assert client.post("/console/depositors/enrol/", {**body, "name": ""}).status_code == 422
    wrong = client.post("/console/depositors/enrol/", {**body, "member_born_on": ["2001年", ""]})
    assert wrong.status_code == 422 and "石小山" in text_of(wrong)
    assert client.post("/console/depositors/enrol/", body).status_code == 302
    home = depositor_queries.household_by_number(branch_id=stage.village.branch_id, number="0099")
    assert home is not None and len(depositor_queries.members_of(household_id=home.pk)) == 2
    person = {"kind": "person", "number": "0099", "name": "石中山"}
    assert client.post("/console/depositors/enrol/", {**person, "number": "9999"}).status_code == 422
    assert client.post("/console/depositors/enrol/", person).status_code == 302
    assert client.post("/console/depositors/enrol/", {"kind": "unit", "name": "柳溪卫生室"}).status_code == 302


def test_a_deed_is_declared_at_the_counter_for_several(stage: Stage) -> None:
    client = enter(stage, "clerk")
    first, second = stage.village.person("刘德福"), stage.village.person("张伟")
    page = f"/console/depositors/{first}/declare/"
    assert "张伟" in text_of(client.get(page, {"q": "张伟"}))
    body = {"with": [second], "item": list(stage.items.values())[0], "happened_on": stage.now.date().isoformat(),
            "quantity": "1", "words": "一起扫街", "submission_key": "counter-two"}  # fmt: skip
    wrong = client.post(page, {**body, "item": "", "photos": []})
    assert wrong.status_code == 422 and "一起扫街" in text_of(wrong) and "请选做的是哪一项" in text_of(wrong)
    assert client.post(page, {**body, "photos": [photo()]}).status_code == 302
    for person in (first, second):
        (made,) = [d for d in deed_queries.declarations_of(depositor_ids=[person]) if d.words == "一起扫街"]
        assert made.door == deed_queries.Door.COUNTER


def test_a_correction_needs_two_persons(stage: Stage) -> None:
    posted = next(
        one for one in deed_queries.declarations_of(depositor_ids=[stage.village.person("张伟")]) if one.status == "deposited"
    )
    clerk, director = enter(stage, "clerk"), enter(stage, "director")
    page = f"/console/deeds/{posted.pk}/reverse/"
    assert clerk.post(page, {"reason": ""}).status_code == 422
    assert clerk.post(page, {"reason": "记到别人头上了"}).status_code == 302
    (waiting,) = deed_queries.reversals_to_confirm(actor=stage.village.officer("director"))
    assert "确认更正" in text_of(director.get("/console/"))
    assert clerk.get(f"/console/reversals/{waiting.pk}/").status_code == 403
    assert director.post(f"/console/reversals/{waiting.pk}/", {}).status_code == 302
    record = text_of(clerk.get(f"/console/depositors/{posted.depositor_id}/"))
    assert "已更正" in record and "<b>更正</b>" in record


def test_a_notice_is_sealed_shown_and_printed(stage: Stage) -> None:
    stage.review(stage.deeds["submitted"])
    client = enter(stage, "clerk")
    assert "王建国" in text_of(client.get("/console/notices/"))
    assert client.post("/console/notices/publish/", {}).status_code == 422
    short = client.post("/console/notices/publish/", {"declarations": [stage.deeds["submitted"]], "workdays": "3"})
    assert short.status_code == 422 and "3 到 7 个工作日" in text_of(short)
    answer = client.post("/console/notices/publish/", {"declarations": [stage.deeds["submitted"]], "workdays": "7"})
    assert answer.status_code == 302
    page = text_of(client.get(answer["Location"]))
    assert "王*国" in page and "王建国" not in page and "指纹" in page
    for paper in ("a3", "a4"):
        assert client.get(f"{answer['Location']}redlist.pdf?paper={paper}").content.startswith(b"%PDF")
        assert client.get(f"{answer['Location']}redlist.pdf?paper={paper}&on=red").content.startswith(b"%PDF")


def test_the_posted_sheet_is_photographed(stage: Stage) -> None:
    """Proof that it hung: kept by who puts it up, seen by the branch's officers, never replaced."""
    page = f"/console/notices/{notices_up(stage)[0]}/"
    clerk, teller = enter(stage, "clerk"), enter(stage, "supervisor")
    assert "还没拍" in text_of(clerk.get(page)) and 'type="file"' not in text_of(teller.get(page))
    assert clerk.post(page, {}).status_code == 422
    nonsense = clerk.post(page, {"photo": SimpleUploadedFile("a.jpg", b"no picture")})
    assert nonsense.status_code == 422 and "这不是照片" in text_of(nonsense)
    for _time in range(3):
        assert clerk.post(page, {"photo": SimpleUploadedFile("a.jpg", photo().getvalue())}).status_code == 302
    too_many = clerk.post(page, {"photo": SimpleUploadedFile("a.jpg", photo().getvalue())})
    assert too_many.status_code == 422 and "已经有 3 张照片" in text_of(too_many)
    seen = text_of(teller.get(page))
    (address,) = set(re.findall(r'src="(/console/notices/[^"]+)"', seen)[:1])
    assert "打印张贴，拍一张" in seen and teller.get(address)["Content-Type"] == "image/jpeg"
    assert teller.post(page, {"photo": SimpleUploadedFile("a.jpg", photo().getvalue())}).status_code in (403, 422)
    assert enter(stage, "other_clerk").get(address).status_code == 404
    assert clerk.get(f"{page}photos/{'0' * 32}/").status_code == 404


def test_an_objection_is_answered_by_one_who_did_not_review(stage: Stage) -> None:
    number = notices_up(stage)[0]
    line = notice_queries.lines(notice_id=notice_queries.notice(number=number).pk, at=stage.now)[0]
    notices.raise_objection(
        actor=stage.village.villager("尉迟恭礼"), line_id=line.id, reason="amount", words="分数记多了两分", at=stage.now
    )
    client = enter(stage, "supervisor")
    (found,) = notice_queries.objections_to_answer(actor=stage.village.officer("supervisor"), at=stage.now)
    page = f"/console/objections/{found.id}/"
    assert "尉迟恭礼" not in text_of(client.get(page))
    wrong = client.post(page, {"outcome": "", "answer": "已经查过"})
    assert wrong.status_code == 422 and "已经查过" in text_of(wrong)
    assert client.post(page, {"outcome": "dismissed", "answer": "查了照片和时间，没有记多。"}).status_code == 302
    assert notice_queries.objections_to_answer(actor=stage.village.officer("supervisor"), at=stage.now) == []


def test_rules_are_drafted_checked_and_put_in_force_by_another(stage: Stage) -> None:
    director, head = enter(stage, "director"), enter(stage, "head")
    drafted = director.post("/console/rules/", {"place": "branch"})
    page = drafted["Location"]
    first = text_of(director.get(page))
    code = re.search(r"\?item=([\w.]+)", first)
    assert code
    item = f"{page}items/{code[1]}/"
    assert "存进草稿" in text_of(director.get(item))
    new = {"code": "9.9", "category": "volunteering", "direction": "merit", "title": "扫雪", "value_kind": "fixed", "points": "2",
           "unit": "次", "quantity_max": "1", "effect": "points_and_honour", "declarers": ["self"], "evidence": ["photo"],
           "track": "notice_first", "notice_workdays": "5", "reviews_needed": "1", "window_days": "30"}  # fmt: skip
    crossed = director.post(f"{page}new/", {**new, "plain": "不来扫雪就取消低保"})
    assert crossed.status_code == 422 and "红线" in text_of(crossed) and "不来扫雪就取消低保" in text_of(crossed)
    assert director.post(f"{page}new/", {**new, "points": "两分"}).status_code == 422
    checked = director.post(f"{page}new/", {**new, "act": "check"})
    assert checked.status_code == 200 and "红线检查通过" in text_of(checked)
    assert director.post(f"{page}new/", {**new, "act": "save"}).status_code == 302
    assert director.post(page, {"on": stage.now.date().isoformat()}).status_code == 422
    assert head.post(page, {"on": "", "note": "村民代表会议通过"}).status_code == 422
    assert head.post(page, {"on": stage.now.date().isoformat(), "note": "村民代表会议通过"}).status_code == 302
    assert "扫雪" in text_of(director.get("/console/rules/"))
    assert director.get(item).status_code == 404


def test_money_stock_and_products_are_kept(stage: Stage) -> None:
    client = enter(stage, "clerk")
    fund = {"act": "receive", "fund": stage.shop.fund_id, "amount": "一百", "number": "S-9", "received_on": "2026-03-11"}
    assert client.post("/console/funds/", fund).status_code == 422
    assert client.post("/console/funds/", {**fund, "amount": "100.50"}).status_code == 302
    assert "100.50" in text_of(client.get(f"/console/funds/?fund={stage.shop.fund_id}"))
    stock = {"act": "receive", "product": stage.shop.powder_id, "quantity": "0"}
    assert client.post("/console/stock/", stock).status_code == 422
    assert client.post("/console/stock/", {**stock, "quantity": "12"}).status_code == 302
    assert client.post("/console/stock/", {**stock, "act": "count", "quantity": "0"}).status_code == 302
    product = {"kind": "goods", "title": "毛巾", "unit": "条", "price": "8", "cost": "5.5", "picture": "soap",
               "fund_id": stage.shop.fund_id}  # fmt: skip
    assert client.post("/console/stock/new/", {**product, "price": "-8"}).status_code == 422
    assert client.post("/console/stock/new/", product).status_code == 302
    (towel,) = [
        one
        for one in mall_queries.products_of(actor=stage.village.officer("clerk"), organisation_id=stage.village.branch_id)
        if one.title == "毛巾"
    ]
    page = f"/console/stock/{towel.public_id}/"
    assert 'value="8"' in text_of(client.get(page)) and 'value="5.5"' in text_of(client.get(page))
    assert client.post(page, {**product, "title": ""}).status_code == 422


def test_an_office_is_given_for_a_term_and_ended(stage: Stage) -> None:
    client = enter(stage, "director")
    page, person = "/console/officers/appoint/", f"depositor-{stage.village.person('王建国')}"
    assert person in text_of(client.get(page, {"q": "王建国"}))
    assert client.post(page, {"person": person, "role": "lane_chief"}).status_code == 422
    assert client.post(page, {"role": "clerk"}).status_code == 422
    assert client.post(page, {"person": person, "role": "head_officer"}).status_code in (403, 422)
    term = {"person": person, "role": "lane_chief", "lane": "北街", "starts_on": "2026-03-12", "ends_on": "2026-12-31"}
    assert client.post(page, {**term, "starts_on": "2026-03-11"}).status_code == 422
    assert client.post(page, {**term, "ends_on": "2026-03-11"}).status_code == 422
    assert client.post(page, term).status_code == 302
    listed = text_of(client.get("/console/officers/"))
    assert "王建国" in listed and "2026年12月31日" in listed
    newest = max(int(number) for number in re.findall(r'name="appointment" value="(\d+)"', listed))
    assert client.post("/console/officers/", {"appointment": newest}).status_code == 302
    assert "王建国" not in text_of(client.get("/console/officers/"))
    assert client.post("/console/officers/", {"appointment": 10**9}).status_code == 404


def test_a_sheet_is_previewed_in_its_own_rows_and_taken_in(stage: Stage) -> None:
    client = enter(stage, "clerk")
    item = next(iter(stage.items))
    rows = f"户号,姓名,事项,日期\n0004,张伟,{item},2026-03-10\n0005,刘德福,{item},三月里\n9999,没人,{item},2026-03-10\n"
    from django.core.files.uploadedfile import SimpleUploadedFile

    assert client.post("/console/import/", {"kind": "register"}).status_code == 422
    sent = {"kind": "register", "file": SimpleUploadedFile("三月.csv", rows.encode())}
    answer = client.post("/console/import/", sent)
    assert answer.status_code == 302
    page = text_of(client.get(answer["Location"]))
    assert '<th scope="row" class="rn num">3</th>' in page and 'class="e nw">三月里' in page and "A 户号" in page
    assert client.get(f"{answer['Location']}problems.xlsx").content.startswith(b"PK")
    alone = client.post(answer["Location"], {"act": "commit"})
    assert alone.status_code == 422 and "两个人签字" in text_of(alone)
    assert "我签字" not in text_of(client.get(answer["Location"]))
    director = enter(stage, "director")
    assert "给导入的表签字" in text_of(director.get("/console/"))
    assert director.post(answer["Location"], {"act": "sign"}).status_code == 302
    assert client.post(answer["Location"], {"act": "commit"}).status_code == 302
    assert "入册" in text_of(client.get(answer["Location"]))
    assert enter(stage, "other_clerk").get(answer["Location"]).status_code == 404
    for kind in ("roll", "register", "rulebook", "balances"):
        assert client.get(f"/console/import/templates/{kind}.xlsx").content.startswith(b"PK")
    assert client.get("/console/import/templates/other.xlsx").status_code == 404


def test_the_books_of_the_branch_go_out_as_they_came_in(stage: Stage) -> None:
    client = enter(stage, "clerk")
    assert "导出本行现在的账册" in text_of(client.get("/console/import/"))
    for kind in ("roll", "register", "balances", "statements", "rulebook"):
        answer = client.post(f"/console/import/exports/{kind}.xlsx")
        assert answer.content.startswith(b"PK") and answer["Cache-Control"] == "private, no-store", kind
    sheet = openpyxl.load_workbook(io.BytesIO(client.post("/console/import/exports/roll.xlsx").content)).active
    assert "王建国" in {cell.value for row in sheet for cell in row}
    assert client.post("/console/import/exports/other.xlsx").status_code == 404
    assert client.get("/console/import/exports/roll.xlsx").status_code == 405
    event = audit.trail(limit=1)[0]
    assert (event.act, event.user_id) == ("intake.exported", stage.village.users["clerk"])
    assert event.facts["kind"] == "roll" and event.facts["rows"] > 5
    assert enter(stage, "teller").post("/console/import/exports/roll.xlsx").status_code == 403


def test_lists_go_on_by_cursor(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisation, "AUDIT_PAGE", 5)
    client = enter(stage, "director")
    page = text_of(client.get("/console/audit/"))
    onward = re.search(r"/console/audit/\?before=(\d+)", page)
    assert onward
    assert client.get(onward[0]).status_code == 200
    assert client.get("/console/audit/?before=x").status_code == 200


@pytest.mark.parametrize("page", ["/console/", "/console/review/", "/console/depositors/", "depositor", "queue"])
def test_busy_pages_ask_at_most_eleven_times(stage: Stage, page: str) -> None:
    address = {
        "depositor": f"/console/depositors/{stage.village.person('王建国')}/",
        "queue": f"/console/review/{stage.deeds['submitted']}/",
    }.get(page, page)
    for key in ("director", "clerk"):
        client = enter(stage, key)
        client.get("/console/notices/")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        statements = [query["sql"] for query in asked.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        assert len(statements) <= 11, "\n".join(statement[:60] + statement[-200:] for statement in statements)


def test_a_reviewer_with_a_passbook_of_her_own_asks_no_more_than_eleven_times(stage: Stage) -> None:
    """Kin of hers have to be looked up for the whole queue, and once for the deed that lies open."""
    stage.village.villager("单秀兰")
    organisations.appoint_officer(
        actor=system(),
        user_id=stage.village.users["单秀兰"],
        organisation_id=stage.village.branch_id,
        role=Role.REVIEWER,
        at=stage.now,
    )
    client = stage.client("单秀兰")
    assert client.get("/console/review/").status_code == 200
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/console/review/").status_code == 200
    assert len(asked) <= 11

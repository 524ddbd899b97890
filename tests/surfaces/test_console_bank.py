"""The console's forms of the bank: branches, offices and their terms, money that takes two."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client

from tests import village as villages
from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.domain.identity import services as identity
from wenming.domain.mall import queries as mall_queries
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.queries import Role


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


def enter(stage: Stage, key: str) -> Client:
    return stage.client_of(stage.village.users[key])


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def second_head(stage: Stage) -> Client:
    """A colleague of the head bank's officer."""
    user = identity.register_user(display_name="施副主任", at=stage.now)
    organisations.appoint_officer(
        actor=system(), user_id=user.pk, organisation_id=stage.village.head_bank_id, role=Role.HEAD_OFFICER, at=stage.now
    )
    return stage.client_of(user.pk)


def test_an_officer_gets_a_new_code_from_above_and_may_hold_a_second_office(stage: Stage) -> None:
    client = enter(stage, "director")
    (held,) = organisation_queries.appointments_of(user_id=stage.village.users["teller"])
    answer = client.post("/console/officers/code/", {"appointment": held.appointment_id})
    assert re.search(r"\d{4} \d{4}", text_of(answer)) and "no-store" in answer["Cache-Control"]
    (own,) = organisation_queries.appointments_of(user_id=stage.village.users["director"])
    assert client.post("/console/officers/code/", {"appointment": own.appointment_id}).status_code == 404
    assert enter(stage, "other_director").post("/console/officers/code/", {"appointment": held.appointment_id}).status_code == 404
    found = text_of(client.get("/console/officers/appoint/", {"q": "蒋柜"}))
    assert f"officer-{held.appointment_id}" in found
    given = client.post("/console/officers/appoint/", {"person": f"officer-{held.appointment_id}", "role": "clerk"})
    assert given.status_code == 302


def test_an_office_at_the_bank_takes_two(stage: Stage) -> None:
    head = enter(stage, "head")
    person = f"depositor-{stage.village.person('王建国')}"
    proposal = {"person": person, "role": "supervisor", "ends_on": "2026-12-31"}
    assert "王建国" in text_of(head.get("/console/bank/propose/", {"q": "王建国"}))
    never = head.post("/console/bank/propose/", proposal)
    assert never.status_code == 422 and "先请本人用激活码登录一次" in text_of(never)
    villages.log_in(stage.village, "王建国")
    assert head.post("/console/bank/propose/", {"person": person, "role": "clerk"}).status_code == 422
    assert head.post("/console/bank/propose/", proposal).status_code == 302
    again = head.post("/console/bank/propose/", proposal)
    assert again.status_code == 422 and "等另一位确认就行" in text_of(again)
    page = text_of(head.get("/console/bank/"))
    number = re.search(r'name="number" value="(\d+)"', page)
    assert number and "等另一位确认" in page and "核实过，我确认" not in page
    alone = head.post("/console/bank/", {"act": "confirm", "number": number[1]})
    assert alone.status_code == 422 and "提的人不能自己确认" in text_of(alone)
    second = second_head(stage)
    assert "确认总行任职" in text_of(second.get("/console/"))
    assert "核实过，我确认" in text_of(second.get("/console/bank/"))
    assert second.post("/console/bank/", {"act": "confirm", "number": number[1]}).status_code == 302
    held = organisation_queries.officers_of(branch_id=stage.village.head_bank_id, at=stage.now)
    assert ("王建国", "supervisor") in {(one.name, one.role) for one in held}
    assert head.post("/console/bank/", {"act": "confirm", "number": 10**9}).status_code == 404
    given = next(one for one in held if one.name == "王建国")
    assert second.post("/console/bank/", {"act": "end", "number": given.appointment_id}).status_code == 302
    assert head.post("/console/bank/propose/", proposal).status_code == 302
    dropped = re.search(r'name="number" value="(\d+)"', text_of(second.get("/console/bank/")))
    assert dropped and second.post("/console/bank/", {"act": "drop", "number": dropped[1]}).status_code == 302


def test_a_branch_is_opened_and_its_villages_change(stage: Stage) -> None:
    client = enter(stage, "head")
    page = text_of(client.get("/console/branches/open/"))
    assert "由柳溪分行服务" in page and 'value="990101100204"' in page
    new = {"code": "SQ03", "name": "石桥分行", "village_codes": ["990101100204"], "opened_on": "2026-03-12"}
    assert client.post("/console/branches/open/", {**new, "code": "石桥"}).status_code == 422
    taken = client.post("/console/branches/open/", {**new, "village_codes": ["990101100201"]})
    assert taken.status_code == 422 and "已经由别的分行服务" in text_of(taken)
    opened = client.post("/console/branches/open/", new)
    assert opened.status_code == 302 and opened["Location"] == "/console/officers/appoint/"
    branch = organisation_queries.branch_by_code(code="SQ03")
    assert "石桥分行" in text_of(client.get("/console/officers/appoint/"))
    villages_page = f"/console/branches/{stage.village.branch_id}/"
    assert re.search(r'value="990101100201" checked', text_of(client.get(villages_page)))
    assert client.post(villages_page, {"village_codes": ["990101100201"]}).status_code == 302
    assert client.post(f"/console/branches/{branch.pk}/", {"village_codes": ["990101100204", "990101100202"]}).status_code == 302
    served = organisation_queries.villages_by_branch()
    assert [one.name for one in served[branch.pk]] == ["上柳溪", "石桥"]
    assert client.get("/console/branches/999999/").status_code == 404


def test_a_bank_without_a_branch_opens_its_first(stage: Stage) -> None:
    bank = organisations.open_head_bank(actor=system(), code="ST", name="双塔镇总行", at=stage.now)
    user = identity.register_user(display_name="双塔甲", at=stage.now)
    organisations.appoint_officer(actor=system(), user_id=user.pk, organisation_id=bank.pk, role=Role.HEAD_OFFICER, at=stage.now)
    client = stage.client_of(user.pk)
    for page in ("/console/", "/console/depositors/", "/console/funds/"):
        assert client.get(page)["Location"] == "/console/branches/"
    assert "还没有分行" in text_of(client.get("/console/branches/"))
    assert client.get("/console/bank/").status_code == 200
    assert client.post("/console/branches/open/", {"code": "ST01", "name": "双塔分行"}).status_code == 302
    assert "双塔分行" in text_of(client.get("/console/"))


def test_a_dear_payment_and_a_higher_limit_take_two(stage: Stage) -> None:
    director, head = enter(stage, "director"), enter(stage, "head")
    limit = {"act": "limit", "fund": stage.shop.fund_id, "limit": "10"}
    assert director.post("/console/funds/", limit).status_code == 422
    assert head.post("/console/funds/", {**limit, "limit": "很多"}).status_code == 422
    assert head.post("/console/funds/", limit).status_code == 302
    order = mall_queries.orders_of(depositor_ids=[stage.village.person("王建国")])[0]
    teller = enter(stage, "teller")
    refused = teller.post(f"/console/counter/orders/{order.pk}/", {"act": "hand_over"})
    assert refused.status_code == 422 and "要行长或总行先点头" in text_of(refused)
    assert "点头大额支出" in text_of(director.get("/console/")) and "洗衣粉" in text_of(director.get("/console/funds/"))
    assert director.post("/console/funds/", {"act": "approve", "order": order.pk}).status_code == 302
    assert teller.post(f"/console/counter/orders/{order.pk}/", {"act": "hand_over"}).status_code == 302
    assert head.post("/console/funds/", {**limit, "limit": "900"}).status_code == 302
    assert "是您提的" in text_of(head.get("/console/funds/", {"fund": stage.shop.fund_id}))
    confirm = {"act": "confirm_limit", "fund": stage.shop.fund_id}
    assert head.post("/console/funds/", confirm).status_code == 422
    assert second_head(stage).post("/console/funds/", confirm).status_code == 302
    assert "900.00" in text_of(head.get("/console/funds/"))
    assert head.post("/console/funds/", {"act": "burn"}).status_code == 404

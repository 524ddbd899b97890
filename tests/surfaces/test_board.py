"""The public board: open to all, masked, and nothing on it that does not belong there."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.test import Client
from django.urls import get_resolver

from tests.surfaces.stage import Stage, notices_up
from tests.surfaces.test_villager import english_in
from tests.village import VILLAGERS
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.ledger import queries as ledger
from wenming.domain.ledger import services as ledger_services

PUBLIC = {
    "town", "notice", "notice_data", "compare", "steps", "find", "proof", "proof_data", "seals", "day_sheet", "branch", "day",
    "rules",
}  # fmt: skip
DAY = "/board/LX01/days/2026-03-06/"


def voucher(stage: Stage) -> str:
    done = [one for one in deed_queries.declarations_in(actor=system(), status="deposited") if one.transaction_id]
    return str(done[0].transaction.public_id)


def addresses(stage: Stage) -> list[str]:
    sheets = [f"/board/notices/{number}/" for number in notices_up(stage)]
    return [
        "/board/", "/board/LX01/", "/board/HW02/", DAY, "/board/LX01/rules/", "/board/seals/QX/", "/board/proof/",
        f"/board/proof/{voucher(stage)}/", f"/board/proof/{voucher(stage)}/proof.json", "/board/compare/",
        "/board/steps.json?book=QX&first=12&second=12", "/board/seals/QX/2026-03-11.pdf", *sheets,
        *(f"{sheet}lines.json" for sheet in sheets),
    ]  # fmt: skip


def test_the_list_of_public_pages() -> None:
    """Who adds a page to the board writes it down here."""
    board = next(entry for entry in get_resolver().url_patterns if getattr(entry, "namespace", "") == "board")
    assert {entry.name for entry in board.url_patterns} == PUBLIC
    assert all(not entry.callback.login_required for entry in board.url_patterns)
    assert REDIRECT_FIELD_NAME == "next"


def test_everybody_may_read_in_chinese(stage: Stage) -> None:
    for address in addresses(stage):
        answer = Client().get(address)
        assert answer.status_code == 200, address
        if "html" in answer["Content-Type"]:
            assert english_in(answer.content.decode()) == [], address


def test_no_name_is_whole_and_no_phone_is_there(stage: Stage) -> None:
    people = [person for family in VILLAGERS.values() for person in family]
    for address in addresses(stage):
        html = Client().get(address).content
        for name, _sex, _born, phone in people:
            assert name.encode() not in html, (address, name)
            assert not phone or phone.encode() not in html
    day = Client().get(DAY).content.decode()
    assert "王*国" in day and "未成年人" in day and "小雨" not in day


def test_a_day_that_is_none_is_not_found(stage: Stage) -> None:
    for day in ("2026-13-01", "yesterday", "0000-00-00"):
        assert Client().get(f"/board/LX01/days/{day}/").status_code == 404
    assert Client().get("/board/XX99/").status_code == 404
    assert Client().get("/board/notices/nothing/").status_code == 404


def test_a_sheet_shows_its_number_and_fingerprint(stage: Stage) -> None:
    (number,) = notices_up(stage)
    html = Client().get(f"/board/notices/{number}/").content.decode()
    assert number in html and "<svg" in html and "王*梅" in html
    groups = re.findall(r'<span class="flat">([0-9a-f]{4})</span>', html)
    assert len(groups) == 4
    found = Client().get(f"/board/notices/{number}/", {"q": "张"}).content.decode()
    assert "张*" in found and "王*梅" not in found


def test_a_proof_holds_and_a_changed_one_does_not(stage: Stage) -> None:
    public_id = voucher(stage)
    assert "是真的，没改过" in Client().get(f"/board/proof/{public_id}/").content.decode()
    proof = ledger.inclusion_proof(public_id)
    assert proof.leads_to(proof.root)
    assert not dataclasses.replace(proof, memento=proof.memento[:-2] + "00").leads_to(proof.root)
    assert not dataclasses.replace(proof, number=proof.number - 1).leads_to(proof.root)
    assert not dataclasses.replace(proof, path=proof.path[:-1]).leads_to(proof.root)
    assert not proof.leads_to("0" * 64)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 13])
def test_every_place_in_a_tree_is_proven(stage: Stage, count: int) -> None:
    for number in range(count):
        stage.shop.give("单秀兰", 1000 + number)
    ledger_services.seal(book_id=stage.village.book_id, at=stage.now)
    account = stage.client("单秀兰").get("/passbook/").content.decode()
    for public_id in set(re.findall(r'href="/board/proof/([0-9a-f]{32})/"', account)):
        proof = ledger.inclusion_proof(public_id)
        assert proof.leads_to(proof.root)


def test_what_is_not_sealed_yet_says_so(stage: Stage) -> None:
    stage.shop.give("单秀兰", 1234)
    page = stage.client("单秀兰").get("/passbook/").content.decode()
    newest = re.findall(r'href="/board/proof/([0-9a-f]{32})/"', page)[0]
    html = Client().get(f"/board/proof/{newest}/").content.decode()
    assert "等着封账" in html and "单*兰" in html


def test_looking_for_a_voucher(stage: Stage) -> None:
    public_id = voucher(stage)
    assert Client().get("/board/proof/", {"q": f" {public_id.upper()} "})["Location"] == f"/board/proof/{public_id}/"
    answer = Client().get("/board/proof/", {"q": "<script>alert(1)</script>"})
    assert (
        answer.status_code == 404
        and "没有这个凭证号" in answer.content.decode()
        and "<script>alert" not in answer.content.decode()
    )


def test_the_wall_is_for_reading_only(stage: Stage) -> None:
    for address in addresses(stage):
        assert Client().post(address).status_code == 405, address


def test_after_the_period_the_count_of_objections_stands_there(stage: Stage) -> None:
    (number,) = notices_up(stage)
    stage.turn_to(stage.now + timedelta(days=10))
    assert "收到意见 0 条" in Client().get(f"/board/notices/{number}/").content.decode()

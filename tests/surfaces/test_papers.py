"""A sheet in the hand against the books: the same or not the same, said plainly; and the sheets that the bank prints itself."""

from __future__ import annotations

import hashlib
import html
import json
from datetime import date, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
import verify_proof
from django.http import QueryDict
from django.test import Client

from tests.surfaces.stage import Stage, notices_up
from tests.surfaces.test_board import voucher
from tests.surfaces.test_print import pages
from wenming.core.actor import system
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import outgoing
from wenming.domain.ledger import queries as ledger
from wenming.domain.ledger import services as ledger_services
from wenming.domain.notices import queries as notices
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.board import papers
from wenming.ui import print as printing
from wenming.ui.print import Head


def newest(stage: Stage) -> Head:
    book = ledger.book(stage.village.book_id)
    seal = ledger.latest_seal(book.pk)
    assert seal is not None
    return Head(book.code, seal.size, bytes(seal.root).hex(), date(2026, 3, 6))


def sealed_on(stage: Stage) -> Head:
    """Write something more and seal it: the paper from before is now an old one."""
    old = newest(stage)
    for points in range(1000, 1005):
        stage.shop.give("单秀兰", points)
    ledger_services.seal(book_id=stage.village.book_id, at=stage.now)
    return old


def seen(**said: object) -> tuple[int, str]:
    answer = Client().get("/board/compare/", said)
    return answer.status_code, html.unescape(answer.content.decode())


def test_an_old_paper_still_fits(stage: Stage) -> None:
    old = sealed_on(stage)
    for paper in (old, newest(stage)):
        status, page = seen(**paper.facts)
        assert status == 200 and "<h2>一致</h2>" in page and "不一致</h2>" not in page
        assert f"第 {paper.size} 笔" in page and paper.root in page and "2026年3月6日" in page
    typed = {
        "book": old.book,
        "size": f" {old.size:,} ",
        "root": " ".join(old.root.upper()[at : at + 4] for at in range(0, 64, 4)),
    }
    assert "<h2>一致</h2>" in seen(**typed)[1]


def test_a_paper_that_does_not_fit_is_said_to_plainly(stage: Stage) -> None:
    old = sealed_on(stage)
    head = newest(stage)
    lies = {
        "总指纹和纸上的不一样": {**old.facts, "root": head.root},
        "总指纹和纸上的不一样。": {**old.facts, "root": f"{int(old.root[0], 16) ^ 1:x}{old.root[1:]}"},
        "账变短了": {**head.facts, "size": head.size + 1},
        "没有在第": {**old.facts, "size": old.size + 1},
        "没有编号是 HW 的账本": {**old.facts, "book": "HW"},
    }
    for words, said in lies.items():
        status, page = seen(**said)
        assert status == 200 and "<h2>不一致</h2>" in page and "<h2>一致</h2>" not in page, said
        assert words in page and "打监督电话" in page and 'class="card st st-s verdict bad"' in page


def test_the_bank_is_called_by_its_name(stage: Stage) -> None:
    name = organisations.organisation(organisation_id=stage.village.head_bank_id).name
    head = newest(stage)
    assert f"{name}（{head.book}）" in Client().get("/board/compare/").content.decode()
    assert name in seen(**head.facts)[1].split("<main", 1)[1]


@pytest.mark.parametrize(
    "said",
    [
        {"root": "ab"}, {"root": "ab" * 32}, {"size": "x", "root": "ab" * 32}, {"size": "0", "root": "ab" * 32},
        {"size": "-3", "root": "ab" * 32}, {"size": "٣", "root": "ab" * 32}, {"size": "9" * 30, "root": "ab" * 32},
        {"size": "12", "root": "zz" * 32}, {"size": "12", "root": "<script>alert(1)</script>"}, {"size": "12", "root": ""},
    ],
)  # fmt: skip
def test_half_a_code_is_asked_for_again(stage: Stage, said: dict[str, str]) -> None:
    status, page = seen(book="QX", **said)
    assert (
        status == 422
        and "再扫一次" in page
        and "一致</h2>" not in page
        and "<script>alert" not in Client().get("/board/compare/", said).content.decode()
    )


def test_a_red_list_is_compared_with_what_hangs_here(stage: Stage) -> None:
    (number,) = notices_up(stage)
    found = notices.notice(number=number)
    paper = newest(stage)
    status, page = seen(**paper.facts, notice=number, print=found.fingerprint[:16])
    assert status == 200 and "<h2>一致</h2>" in page and "是同一份" in page and f"/board/notices/{number}/" in page
    for other in ({"print": "0" * 16}, {"print": ""}, {"print": found.fingerprint[:8]}, {"notice": "LX01-2026-999"}):
        status, page = seen(**{**paper.facts, "notice": number, "print": found.fingerprint[:16], **other})
        assert "<h2>不一致</h2>" in page and "打监督电话" in page, other


def test_the_original_of_a_red_list_has_the_printed_fingerprint(stage: Stage) -> None:
    (number,) = notices_up(stage)
    answer = Client().get(f"/board/notices/{number}/lines.json")
    assert hashlib.sha256(answer.content).hexdigest() == notices.notice(number=number).fingerprint
    assert json.loads(answer.content)[0] == number


def test_what_a_code_carries_comes_back_whole(stage: Stage) -> None:
    (number,) = notices_up(stage)
    head = Head("QX", 12, "ab" * 32, date(2026, 3, 6), number, "cd" * 8)
    assert papers.read(QueryDict(head.address)) == head
    assert {name: values[0] for name, values in parse_qs(head.address).items()} == {
        "book": "QX", "size": "12", "root": "ab" * 32, "date": "2026-03-06", "notice": number, "print": "cd" * 8,
    }  # fmt: skip
    assert papers.read(QueryDict("book=QX&size=12&root=" + "ab" * 32 + "&date=soon&print=zz")) == Head("QX", 12, "ab" * 32)


def test_one_entry_against_the_paper_in_the_hand(stage: Stage) -> None:
    old = sealed_on(stage)
    public_id = voucher(stage)
    answer = Client().get("/board/proof/", {"q": public_id, **old.facts})
    assert answer.status_code == 302 and str(old.size) in answer["Location"]
    page = html.unescape(Client().get(answer["Location"]).content.decode())
    assert "是真的，没改过" in page and "您手里那张纸" in page
    file = json.loads(Client().get(f"/board/proof/{public_id}/proof.json", old.facts).content)
    typed = {"size": str(old.size), "root": old.root, "book": old.book}
    assert file["proof"] == "inclusion" and verify_proof.check(file, typed, {})
    assert not verify_proof.check(file, {**typed, "root": newest(stage).root}, {})
    forged = urlencode({**old.facts, "root": newest(stage).root})
    page = Client().get(f"/board/proof/{public_id}/?{forged}").content.decode()
    assert "<h2>对不上</h2>" in page and "是真的" not in page


def test_an_entry_later_than_the_paper_waits_for_the_next_one(stage: Stage) -> None:
    old = sealed_on(stage)
    ids = {row["number"]: row["id"] for row in outgoing.log(stage.village.book_id)}
    late = ids[old.size + 1]
    page = Client().get(f"/board/proof/{late}/", old.facts).content.decode()
    assert "这一笔比那张纸晚" in page and "是真的" not in page
    unknown = {**old.facts, "size": old.size - 1}
    page = Client().get(f"/board/proof/{ids[1]}/", unknown).content.decode()
    assert "没有在那张纸写的笔数处封过账" in page and "是真的" not in page


def test_growth_from_one_paper_to_another_is_a_file(stage: Stage) -> None:
    old, later = sealed_on(stage), newest(stage)
    steps = json.loads(Client().get("/board/steps.json", {"book": "QX", "first": old.size, "second": later.size}).content)
    sheets = [{"size": str(one.size), "root": one.root, "book": one.book} for one in (later, old)]
    assert verify_proof.check(steps, *sheets) and not verify_proof.check(steps, sheets[1], sheets[0])
    for said in (
        {"book": "QX", "first": later.size, "second": old.size}, {"book": "QX", "first": 0, "second": later.size},
        {"book": "QX", "first": old.size, "second": later.size + 1}, {"book": "QX", "first": "x", "second": "y"},
        {"book": "HW", "first": old.size, "second": later.size}, {},
    ):  # fmt: skip
        assert Client().get("/board/steps.json", said).status_code == 404, said


def test_the_sheet_of_a_day(stage: Stage) -> None:
    answer = Client().get("/board/seals/QX/2026-03-06.pdf")
    assert answer["Content-Type"] == "application/pdf" and pages(answer.content) == 1
    assert "/board/seals/QX/2026-03-06.pdf" in Client().get("/board/seals/QX/").content.decode()
    tomorrow = (stage.now + timedelta(days=1)).date().isoformat()
    for day in (tomorrow, "2019-01-01", "yesterday", "2026-13-01"):
        assert Client().get(f"/board/seals/QX/{day}.pdf").status_code == 404, day
    assert Client().get("/board/seals/LX01/2026-03-06.pdf").status_code == 404


def test_a_red_list_carries_the_head_of_the_book(stage: Stage) -> None:
    (number,) = notices_up(stage)
    client = stage.client_of(stage.village.users["clerk"])
    answer = client.get(f"/console/notices/{number}/redlist.pdf")
    assert answer.status_code == 200 and pages(answer.content) == 1


def test_a_page_of_the_passbook_is_compared_by_its_last_entry(stage: Stage) -> None:
    """What the QR code of a printed page leads to says whether every line is still the same; one digit off, and it isn't."""
    depositor = depositors.depositor(actor=system(), depositor_id=stage.village.person("王建国"))
    lines = ledger.statement(depositor.passbook.points_account_id, limit=22)[::-1]
    carried = lines[0].balance_after - lines[0].amount
    page = [printing.passbook_line(line, "") for line in lines]
    good = printing.page_fingerprint(depositor.passbook.number, carried, page)
    page[0]["amount"] += 1
    bad = printing.page_fingerprint(depositor.passbook.number, carried, page)
    address = f"/board/proof/{lines[-1].public_id}/"
    assert "每一行都和账上一样" in Client().get(address, {"page": "1", "print": good}).content.decode()
    for other in (bad, "x", "0" * 16):
        assert "和账上不一样" in Client().get(address, {"page": "1", "print": other}).content.decode()
    assert "这一页存折" not in Client().get(address).content.decode()
    stage.shop.give("王建国", 4321)
    assert "每一行都和账上一样" in Client().get(address, {"page": "1", "print": good}).content.decode(), (
        "later lines change nothing"
    )

"""A villager sees what is kept, sees who looked, and takes a copy; no number in full is among it."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.surfaces.stage import Stage
from wenming.domain.deeds import queries as declared
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as enrolling
from wenming.domain.ledger import queries as ledger

NAME = "王建国"
COPY = "/me/data/copy.xlsx"


def sheets_of(stage: Stage, name: str = NAME) -> dict[str, list[tuple[str, ...]]]:
    answer = stage.client(name).get(COPY)
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    lines = {sheet.title: sheet.iter_rows(min_row=2, values_only=True) for sheet in book}
    return {title: [tuple(str(cell or "") for cell in row) for row in rows] for title, rows in lines.items()}


def test_the_copy_holds_every_line_of_the_passbook(stage: Stage) -> None:
    book = depositors.passbook_of(depositor_id=stage.village.person(NAME))
    lines = list(ledger.statement(book.points_account_id, limit=500))
    sheets = sheets_of(stage)
    assert list(sheets) == ["登记资料", "善行簿", "荣誉积分", "好事", "换的东西", "提的意见", "登录过的手机", "谁看过号码"]
    assert [row[4] for row in sheets["善行簿"][1:]] == [line.public_id for line in lines] != []
    facts = dict(row[:2] for row in sheets["登记资料"])
    assert facts["姓名"] == NAME and facts["存折"] == book.number
    deeds = declared.declarations_of(depositor_ids=[stage.village.person(NAME)], limit=500)
    assert [row[2] for row in sheets["好事"][1:]] == [one.item.title for one in deeds] != []


def test_a_long_passbook_is_copied_whole(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wenming.surfaces.villager.own_data.AT_ONCE", 1)
    book = depositors.passbook_of(depositor_id=stage.village.person(NAME))
    lines = list(ledger.statement(book.points_account_id, limit=500))
    assert len(lines) > 1 and len(sheets_of(stage)["善行簿"]) == 1 + len(lines)


def test_who_looked_is_shown_and_no_number_is(stage: Stage) -> None:
    person = stage.village.person(NAME)
    phone = enrolling.reveal(
        actor=stage.village.officer("teller"), depositor_id=person, field="phone", purpose="counter", at=stage.now
    )
    page = stage.client(NAME).get("/me/data/").content.decode()
    assert "柜台核对本人" in page and "登记了，加密存着" in page
    sheets = sheets_of(stage)
    assert [row[1:3] for row in sheets["谁看过号码"][1:]] == [("手机号", "柜台核对本人")]
    assert phone not in page and phone not in str(sheets)
    assert "柜台核对本人" not in stage.client("李秀英").get("/me/data/").content.decode()

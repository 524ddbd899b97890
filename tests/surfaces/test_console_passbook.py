"""The passbook at the desk: what is under way, whose hands each line went through, corrected pairs, and the workbook."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from tests.surfaces.stage import Stage
from wenming.core import audit
from wenming.domain.deeds import jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds

MOST_QUESTIONS = 14


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


def enter(stage: Stage, key: str) -> Client:
    return stage.client_of(stage.village.users[key])


def record_of(stage: Stage, key: str, name: str = "王建国") -> str:
    return enter(stage, key).get(f"/console/depositors/{stage.village.person(name)}/").content.decode()


def rows_of(page: str) -> list[str]:
    """The statement's rows, as texts with one blank between cells."""
    table = page.split("善行簿流水")[1].split("</table>")[0]
    found = [re.sub(r"<[^>]+>", " ", row) for row in table.split("<tr")[2:]]
    return [" ".join(row.split(">", 1)[-1].split()) for row in found]


def put_right(stage: Stage, name: str) -> None:
    """The deed that was posted for somebody was a mistake: the clerk says so, the director confirms."""
    village = stage.village
    person = village.person(name)
    posted = next(one for one in deeds_of(person) if one.status == "deposited")
    proposed = deeds.propose_reversal(actor=village.officer("clerk"), declaration_id=posted.pk, reason="登了两遍", at=stage.now)
    deeds.confirm_reversal(actor=village.officer("director"), reversal_id=proposed.pk, at=stage.now)


def deeds_of(person: int) -> list:  # type: ignore[type-arg]

    return deed_queries.declarations_of(depositor_ids=[person])


def test_what_is_under_way_stands_on_top_in_brackets(stage: Stage) -> None:
    page = record_of(stage, "reviewer")
    rows = rows_of(page)
    returned, submitted, on_notice = rows[:3]
    assert "退回补充" in returned and "待审核" in submitted and "公示中" in on_notice
    assert re.search(r"\(\+\d+\) — —", submitted), submitted
    assert submitted.endswith("去审 " + submitted.split(" 待审核")[0].split(" ", 1)[1]), submitted
    assert f"/console/review/{stage.deeds['submitted']}/" in page
    assert "本人 / 冯审核" in on_notice and "本人 / —" in submitted
    assert "去审" not in " ".join(rows[3:])
    assert "去审" not in record_of(stage, "clerk"), "who may not review gets no way there"


def test_lines_name_their_clause_and_whose_hands_they_went_through(stage: Stage) -> None:
    rows = rows_of(record_of(stage, "clerk"))
    posted = next(row for row in rows if "更正 " in row)
    assert re.search(r" \d+\.\d+ 本人 / 冯审核 \+\d", posted), posted


def test_a_corrected_line_and_its_pair_name_each_other(stage: Stage) -> None:
    put_right(stage, "王秀梅")
    page = record_of(stage, "clerk", "王秀梅")
    rows = rows_of(page)
    righting = next(row for row in rows if "更正 ：" in row)
    struck = next(row for row in rows if "已更正" in row)
    assert "对应 2月20日" in righting and "钱会计 / 柳书记" in righting and "−" in righting
    assert "本人 / 冯审核" in struck and not struck.endswith("更正")
    anchors = set(re.findall(r'href="#(n\d+)"', page))
    assert len(anchors) == 2 and anchors <= set(re.findall(r'<tr id="(n\d+)"', page))


def test_the_number_is_not_on_the_page_and_identities_are(stage: Stage) -> None:
    page = record_of(stage, "clerk")
    assert "13800000001" not in page and "?open=reveal#f-fact" in page
    assert re.search(r"<dt>身份</dt><dd>[^<]*村民", page)
    opened = enter(stage, "clerk").get(f"/console/depositors/{stage.village.person('王建国')}/?open=reveal").content.decode()
    assert re.search(r"<details class=\"more\" open><summary>(?:(?!</summary>).)*看电话", opened)
    assert "看全号" not in record_of(stage, "reviewer")


def test_the_workbook_has_every_line_and_is_written_down(stage: Stage) -> None:
    person = stage.village.person("王建国")
    client = enter(stage, "clerk")
    page = f"/console/depositors/{person}/passbook.xlsx"
    answer = client.post(page)
    assert answer["Content-Disposition"].startswith("attachment") and "no-store" in answer["Cache-Control"]
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[1][:5] == ["日期", "存折号", "户号", "姓名", "摘要"]
    assert len(rows) - 2 == len([row for row in rows_of(record_of(stage, "clerk")) if "凭证" in row])
    (newest,) = audit.trail(subject=f"depositor:{person}", limit=1)
    assert newest.act == "intake.exported" and newest.facts == {"kind": "passbook", "rows": len(rows) - 2}
    assert "导出表格" in client.get(f"/console/depositors/{person}/?tab=changes").content.decode()
    assert client.get(page).status_code == 405
    assert enter(stage, "reviewer").post(page).status_code == 403
    assert enter(stage, "other_clerk").post(page).status_code == 404


def test_the_workbook_says_what_each_line_was_for(stage: Stage) -> None:
    put_right(stage, "王秀梅")
    page = f"/console/depositors/{stage.village.person('王秀梅')}/passbook.xlsx"
    sheet = load_workbook(io.BytesIO(enter(stage, "clerk").post(page).content)).active
    (words,) = [row[4].value for row in sheet.iter_rows(min_row=3) if row[6].value]
    assert words.startswith("更正：") and any(title in words for title in stage.items), words


def questions(stage: Stage, name: str) -> int:
    client = enter(stage, "director")
    record = f"/console/depositors/{stage.village.person(name)}/"
    client.get(record)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(record).status_code == 200
    return len(asked)


def test_more_lines_ask_no_more_of_the_store(stage: Stage) -> None:
    titles = list(stage.items)
    put_right(stage, "王秀梅")
    stage.declare(titles[2], "王秀梅")
    few = questions(stage, "王秀梅")
    numbers = [stage.declare(title, "王秀梅", days_ago=3) for title in titles[3:6]]
    for number in numbers:
        stage.review(number)
    for title in titles[6:9]:
        stage.declare(title, "王秀梅", days_ago=4)
    assert questions(stage, "王秀梅") == few
    stage.publish()
    stage.turn_to(stage.now + timedelta(days=20))
    jobs.run_due(at=stage.now)
    assert questions(stage, "王秀梅") == few <= MOST_QUESTIONS

"""Mending an uploaded sheet on its page: one press a cell, a list of near answers, rows left out and put back."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.domain.intake import queries as intake


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


def enter(stage: Stage, key: str) -> Client:
    return stage.client_of(stage.village.users[key])


def bring(stage: Stage, client: Client) -> str:
    """A register with a name that sounds right, a short number, a clause that is not there, and a line twice."""
    item = next(iter(stage.items))
    rows = (
        f"户号,姓名,事项,日期\n0004,张玮,{item},2026-03-10\n5,刘德福,{item},2026-03-10\n"
        f"0003,单秀兰,扫雪,2026-03-10\n0006,尉迟恭礼,{item},2026-03-10\n0006,尉迟恭礼,{item},2026-03-10\n"
    )
    sent = {"kind": "register", "file": SimpleUploadedFile("三月.csv", rows.encode())}
    return client.post("/console/import/", sent)["Location"]


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def press(client: Client, page: str, way: str, **picked: str) -> str:
    """Press one button; what the page says then."""
    answer = client.post(f"{page}?show=bad", {"act": "mend", "way": way, **picked})
    assert answer["Location"] == f"{page}?show=bad#grid"
    return text_of(client.get(page))


def test_one_press_mends_a_cell_and_a_list_offers_the_near_clauses(stage: Stage) -> None:
    client = enter(stage, "clerk")
    page = bring(stage, client)
    shown = text_of(client.get(page))
    assert "改成 张伟" in shown and "补成 0005" in shown and "能自动改的 2 处都改" in shown
    (near,) = re.findall(r'<select[^>]*name="pick-4-C">(.*?)</select>', shown)
    assert near.count("<option>") > 1
    assert "第 2 行改好了" in press(client, page, "2:B:张伟")
    picked = re.findall(r"<option>(.*?)</option>", near)[1]
    after = press(client, page, "4:C", **{"pick-4-C": picked})
    assert "第 4 行" in after and "扫雪" not in after.split('id="grid"')[1]
    assert "都改了，还有" in text_of(client.get(client.post(page, {"act": "sure"})["Location"].partition("#")[0]))
    mended = text_of(client.get(f"{page}?show=mended"))
    assert "<s>张玮</s> 张伟" in mended and "<s>5</s> 0005" in mended and "<s>扫雪</s>" in mended and "改回原样" in mended


def test_a_row_goes_and_comes_back(stage: Stage) -> None:
    client = enter(stage, "clerk")
    page = bring(stage, client)
    assert "第 6 行去掉了" in press(client, page, "6:out")
    mended = text_of(client.get(f"{page}?show=mended"))
    assert '<tr class="out">' in mended and "这一行去掉了，不入册" in mended and "放回来" in mended
    assert "第 6 行改回原样了" in press(client, page, "6:back")


def test_a_press_that_fits_nothing_is_refused_kindly(stage: Stage) -> None:
    client = enter(stage, "clerk")
    page = bring(stage, client)
    wrong = client.post(page, {"act": "mend", "way": "2:B:王建国"})
    assert wrong.status_code == 422 and "请再看一遍" in text_of(wrong)
    assert client.post(page, {"act": "mend", "way": "x"}).status_code == 404
    assert client.post(page, {"act": "mend"}).status_code == 404
    assert enter(stage, "other_clerk").post(page, {"act": "mend", "way": "2:B:张伟"}).status_code == 404


def test_the_second_officer_sees_what_was_mended_and_signs_that(stage: Stage) -> None:
    client, director = enter(stage, "clerk"), enter(stage, "director")
    page = bring(stage, client)
    seen = text_of(director.get(page))
    assert "改成 张伟" not in seen and "能自动改的" not in seen, "who signs does not write in it"
    press(client, page, "2:B:张伟")
    stale = director.post(page, {"act": "sign", "seen": "0"})
    assert stale.status_code == 422 and "刚刚又改过" in text_of(stale)
    assert "<s>张玮</s> 张伟" in text_of(director.get(f"{page}?show=mended"))
    assert 'name="seen" value="1"' in text_of(director.get(page))
    assert director.post(page, {"act": "sign", "seen": "1"}).status_code == 302
    assert client.post(page, {"act": "commit", "seen": "1"}).status_code == 302
    done = intake.sheet(actor=system(), public_id=page.split("/")[-2])
    assert (done.status, done.committed_count) == ("committed", 2)
    assert "改成" not in text_of(client.get(page)), "what went in is mended no more"
    trail = text_of(director.get("/console/audit/"))
    assert "改了表里的格子" in trail


def test_the_title_above_a_sheet_lies_over_its_columns(stage: Stage) -> None:
    client, item = enter(stage, "clerk"), next(iter(stage.items))
    rows = f"柳溪分行三月份积分登记表,,,\n户号,姓名,事项,日期\n0004,张伟,{item},2026-03-10\n"
    sent = {"kind": "register", "file": SimpleUploadedFile("三月.csv", rows.encode())}
    shown = text_of(client.get(client.post("/console/import/", sent)["Location"] + "?show=all"))
    assert '<td colspan="4">柳溪分行三月份积分登记表</td>' in shown
    assert re.search(r'<td class="nw">0004</td>\s*<td class="nw">张伟</td>', shown)

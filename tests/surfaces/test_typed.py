"""What was typed is not lost: an expired log-in, a fault of the server, a page that lay open too long."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client

from tests import village as villages
from tests.surfaces.stage import Stage, notices_up, photo
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.notices import queries as notice_queries
from wenming.ui import typed

pytestmark = pytest.mark.django_db
HOST = "http://testserver"
PHONES = {name: phone for family in villages.VILLAGERS.values() for name, _sex, _born, phone in family}


def log_in(client: Client, stage: Stage, key: str, page: str) -> str:
    """Log in on the form that came, and the address it leads to."""
    if key in PHONES:
        stage.village.villager(key)
    villages.log_in(stage.village, key)
    name = villages.OFFICERS[key][0] if key in villages.OFFICERS else PHONES[key]
    answer = client.post("/login/", {"name": name, "password": villages.PASSWORD, "next": page})
    assert answer.status_code == 302
    return str(answer["Location"])


def text_of(client: Client, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    return str(answer.content.decode())


def line_of(stage: Stage) -> str:
    (notice,) = notices_up(stage)
    line = notice_queries.lines(notice_id=notice_queries.notice(number=notice).pk, at=stage.now)[0]
    return f"/notices/{notice}/lines/{line.id}/"


def post_logged_out(client: Client, page: str, form: dict[str, object]) -> None:
    answer = client.post(page, form, headers={"referer": HOST + page})
    assert answer.status_code == 302 and answer["Location"].startswith("/login/?next=")
    assert "登录过期了" in text_of(client, answer["Location"])


def test_an_objection_is_still_there_after_the_log_in(stage: Stage) -> None:
    page, client = line_of(stage), Client()
    post_logged_out(client, page, {"reason": "amount", "words": "只扫了半天", "password": "x"})
    assert "只扫了半天" not in str(dict(client.session)), "it lies there encrypted"
    assert log_in(client, stage, "王秀梅", page) == page
    shown = text_of(client, page)
    assert "您填的都还在，接着交就行。" in shown and "只扫了半天</textarea>" in shown
    assert re.search(r'value="amount"[^>]* checked', shown) and "errsum" not in shown
    assert not notice_queries.my_objections(actor=stage.village.villager("王秀梅"), at=stage.now), "nothing is done by looking"
    assert client.post(page, {"reason": "amount", "words": "只扫了半天"}).status_code == 302
    assert "只扫了半天" not in text_of(client, page)


def test_what_waits_is_kept_a_quarter_of_an_hour(stage: Stage) -> None:
    page, client = line_of(stage), Client()
    post_logged_out(client, page, {"reason": "amount", "words": "只扫了半天"})
    log_in(client, stage, "王秀梅", page)
    stage.turn_to(stage.now + typed.KEPT_FOR + timedelta(seconds=1))
    assert "只扫了半天" not in text_of(client, page)


def test_a_declaration_comes_back_with_its_photos(stage: Stage) -> None:
    item_id = next(iter(stage.items.values()))
    page, client = f"/declare/{item_id}/", stage.client("王建国")
    person = stage.village.person("王建国")
    form = {"day": "today", "people": [person], "words": "扫了村口", "photos": photo()}
    assert client.post(page, form)["Location"] == "/declare/check/"
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text_of(client, "/declare/check/")))
    client.session.flush()
    post_logged_out(client, "/declare/check/", {**hidden, "true": "1"})
    log_in(client, stage, "王建国", "/declare/check/")
    shown = text_of(client, "/declare/check/")
    assert "扫了村口" in shown and "第 1 张照片" in shown
    assert client.post("/declare/check/", {"key": hidden["key"], "true": "1"}).status_code == 302
    found = deed_queries.declarations_of(depositor_ids=[person])
    assert [one.words for one in found].count("扫了村口") == 1
    other = Client()
    post_logged_out(other, "/declare/check/", {**hidden, "true": "1"})
    log_in(other, stage, "王秀梅", "/declare/check/")
    assert other.get("/declare/check/").status_code == 302, "nobody else gets it"


def test_pictures_have_to_be_chosen_again(stage: Stage) -> None:
    page, client = f"/declare/{next(iter(stage.items.values()))}/", Client()
    post_logged_out(client, page, {"day": "yesterday", "words": "扫了村口", "photos": photo()})
    log_in(client, stage, "王建国", page)
    shown = text_of(client, page)
    assert "照片要再选一次" in shown and "扫了村口</textarea>" in shown and re.search(r'value="yesterday"[^>]* checked', shown)


@pytest.mark.parametrize(
    ("key", "page", "form", "seen"),
    [
        ("clerk", "/console/depositors/{person}/facts/", {"name": "王建过", "phone": "13811112222"}, 'value="王建过"'),
        ("clerk", "/console/stock/new/", {"title": "豆油 5 升", "price": "30"}, 'value="豆油 5 升"'),
        ("reviewer", "/console/review/{deed}/", {"decision": "return", "reason": "看不清"}, "看不清</textarea>"),
        ("clerk", "/console/depositors/{person}/declare/", {"words": "修了水渠"}, "修了水渠</textarea>"),
    ],
)
def test_forms_of_the_console_come_back_too(stage: Stage, key: str, page: str, form: dict[str, object], seen: str) -> None:
    page, client = page.format(person=stage.village.person("王建国"), deed=stage.deeds["submitted"]), Client()
    post_logged_out(client, page, form)
    log_in(client, stage, key, page)
    shown = text_of(client, page)
    assert seen in shown and "您填的都还在" in shown and "errsum" not in shown


def test_a_script_is_not_kept_and_a_long_text_neither(stage: Stage) -> None:
    client = Client()
    assert client.post("/outbox/", "{}", content_type="application/json").status_code == 302
    client.post(line_of(stage), {"words": "长" * typed.MOST})
    assert typed.SLOT not in client.session


def test_a_fault_offers_to_send_the_same_once_more(stage: Stage, settings: LazySettings) -> None:
    page = line_of(stage)
    client = stage.client("王秀梅")
    client.raise_request_exception = False
    client.cookies["wm_look"] = "light"
    settings.MESSAGE_STORAGE = "nowhere.Storage"
    answer = client.post(page, {"reason": "amount", "words": "只扫了半天"}, headers={"referer": HOST + page})
    shown = answer.content.decode()
    assert answer.status_code == 500 and "没交上去，不是您的错。写的都在" in shown and re.search(r"E-\d{6}", shown)
    assert 'name="words" value="只扫了半天"' in shown and f'action="{page}"' in shown
    with_photo = client.post(page, {"words": "只扫了半天", "photos": photo()}, headers={"referer": HOST + page}).content.decode()
    assert "照片和文件要再选一次" in with_photo and 'name="words" value="只扫了半天"' in with_photo


def test_a_page_that_lay_too_long_is_sent_once_more(stage: Stage) -> None:
    page = line_of(stage)
    client = Client(enforce_csrf_checks=True)
    client.cookies = stage.client("王秀梅").cookies
    form = {"reason": "amount", "words": "只扫了半天", "csrfmiddlewaretoken": "x" * 64}
    answer = client.post(page, form, headers={"referer": HOST + page})
    shown = answer.content.decode()
    assert answer.status_code == 403 and "再交一次" in shown and 'value="只扫了半天"' in shown
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown)
    assert token and client.post(page, {**form, "csrfmiddlewaretoken": token[1]}).status_code == 302
    foreign = client.post(page, form, headers={"referer": "http://elsewhere.test/"})
    assert foreign.status_code == 403 and "只扫了半天" not in foreign.content.decode()


def test_a_part_of_a_page_leads_the_whole_page_to_the_log_in(stage: Stage) -> None:
    page, client = f"/console/review/{stage.deeds['submitted']}/", Client()
    headers = {"referer": HOST + page, "HX-Request": "true"}
    answer = client.post(page, {"decision": "return", "reason": "看不清"}, headers=headers)
    assert answer.status_code == 200 and answer["HX-Redirect"].startswith("/login/?next=/console/review/")
    log_in(client, stage, "reviewer", page)
    assert "看不清</textarea>" in text_of(client, page)
    assert "HX-Redirect" in Client().get("/console/figures/", headers={"HX-Request": "true"})

"""A walk over the pages of every role in both languages: English pages show no Chinese but what the bank typed, Chinese
pages no English."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import CharField, JSONField, TextField
from django.test import Client
from django.utils import translation

from tests.surfaces.stage import Stage
from tests.surfaces.test_villager import text_of
from wenming.core import days
from wenming.locale.packs import PACKS
from wenming.ui import looks

CHINESE = re.compile("[\u4e00-\u9fff]+")
LATIN = re.compile(r"[A-Za-z]{3,}")
KNOWN = r"English|Excel|PDF|CSV|xlsx?|csv|SHA\d*|RFC|Ctrl|verify_proof|py|KB"
NAMES = re.compile(rf"\b(?:{KNOWN}|(?:LX|HW|QX|http)\w*|[0-9a-fA-F]{{4,}})\b", re.ASCII)
EXAMPLES = ("王", "中文", "垃圾", "老人", "洗衣液", "理发")
"""Words that stand on English pages on purpose: the other language's name, and what to type into a search."""
STARTS = {
    "villager": "/",
    "clerk": "/console/",
    "director": "/console/",
    "reviewer": "/console/",
    "teller": "/console/",
    "head": "/console/",
    "public": "/board/",
}
LEFT_OUT = re.compile(r"/(?:static|api|photos|proofs)/|logout|\.(?:pdf|xlsx|csv|json|js)\b|download|openapi|/paper|/data/|/print")
MOST = 60


def pattern(address: str) -> str:
    """Addresses of one kind are one: numbers, codes and days are taken out."""
    path = address.partition("?")[0]
    return re.sub(r"/[0-9A-Za-z.\-]*\d[0-9A-Za-z.\-]*", "/N", path)


def typed() -> list[str]:
    """Everything that stands in the store as text: what people and the bank typed."""
    found: set[str] = set()
    for model in apps.get_models():
        fields = [field.name for field in model._meta.get_fields() if isinstance(field, CharField | TextField | JSONField)]
        for row in model._default_manager.values_list(*fields) if fields else ():
            found.update(str(value) for value in row if value)
    return sorted(found)


def runs_of(texts: list[str]) -> set[str]:
    """The unbroken pieces of Chinese in what was typed, and the first and last signs of names, which are shown alone."""
    found = {run for text in texts for run in CHINESE.findall(text)}
    return found | {sign for run in found if len(run) <= 4 for sign in (run[0], run[-1])}


def client_for(stage: Stage, role: str) -> Client:
    if role == "public":
        return Client()
    if role == "villager":
        return stage.client("王建国")
    return stage.client_of(stage.village.officer(role, at=stage.now).user_id or 0)


def pages(client: Client, start: str) -> Iterator[tuple[str, str]]:
    """The pages that links lead to, one of each kind."""
    waiting, seen = [start], set()
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        if pattern(address) in seen or LEFT_OUT.search(address):
            continue
        seen.add(pattern(address))
        answer = client.get(address)
        if answer.status_code == 302:
            waiting.append(answer["Location"])
        if answer.status_code != 200 or "html" not in answer["Content-Type"]:
            continue
        html = answer.content.decode()
        yield address, html
        waiting += [link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"#]*)', html)]


@pytest.mark.parametrize("role", STARTS)
def test_english_pages_show_no_chinese_but_what_was_typed(stage: Stage, role: str) -> None:
    client = client_for(stage, role)
    client.cookies[looks.COOKIE] = "en"
    known = runs_of([*typed(), *EXAMPLES])
    wrong, count = {}, 0
    for address, html in pages(client, STARTS[role]):
        count += 1
        strays = [run for run in CHINESE.findall(text_of(html)) if run not in known]
        if strays:
            wrong[address] = strays
        assert '<html lang="en"' in html, address
    assert wrong == {}
    assert count > 4


@pytest.mark.parametrize("role", STARTS)
def test_chinese_pages_show_no_english(stage: Stage, role: str) -> None:
    client = client_for(stage, role)
    known = "\n".join(typed())
    wrong = {}
    for address, html in pages(client, STARTS[role]):
        strays = [word for word in LATIN.findall(NAMES.sub(" ", text_of(html))) if word not in known]
        if strays:
            wrong[address] = strays
        assert '<html lang="zh-CN"' in html, address
    assert wrong == {}


def test_chinese_unless_chosen_whatever_the_browser_says(client: Client, stage: Stage) -> None:
    said = client.get("/login/", headers={"Accept-Language": "en"}).content.decode()
    assert "您好，请登录" in said and '<html lang="zh-CN"' in said


def test_a_choice_is_kept_in_the_cookie_and_with_the_user(stage: Stage) -> None:
    client = stage.client("王建国")
    answer = client.post("/settings/", {"language": "en", "next": "/me/"})
    assert answer["Location"] == "/me/" and client.cookies[looks.COOKIE].value == "en"
    assert "Log out" in client.get("/me/").content.decode()
    client.post("/settings/", {"size": "elder", "next": "/me/"})
    assert client.cookies[looks.COOKIE].value == "elder.en"
    assert "Log out" in client.get("/me/").content.decode()
    client.post("/settings/", {"language": "", "next": "/me/"})
    assert "退出登录" in client.get("/me/").content.decode()
    assert translation.get_language() == "zh-hans"


def test_the_api_speaks_the_language_that_is_asked_for(client: Client, stage: Stage) -> None:
    for asked, words in (
        ("en", "Log in first, or send a valid key."),
        ("zh-CN", "请先登录，或带上有效的密钥。"),
        ("fr", "请先登录"),
    ):
        answer = client.get("/api/v1/me", headers={"Accept-Language": asked}).json()
        assert answer["message"].startswith(words) and answer["code"] == client.get("/api/v1/me").json()["code"]


def test_the_worker_keeps_pages_of_the_language(client: Client, stage: Stage) -> None:
    chinese = client.get("/sw.js").content.decode()
    client.cookies[looks.COOKIE] = "en"
    english = client.get("/sw.js").content.decode()
    kept = re.findall(r'"(/[^"]*\?language=en)"', english)
    assert "language=en" not in chinese and len(kept) == 2
    for address in kept:
        assert '<html lang="en"' in Client().get(address).content.decode()


def test_days_read_in_both_languages(stage: Stage) -> None:
    day = stage.now.date()
    assert (days.short(day), days.full(day), days.weekday(day)) == ("3月12日", "2026年3月12日", "周四")
    with translation.override("en"):
        assert (days.short(day), days.full(day), days.weekday(day)) == ("12 Mar", "12 Mar 2026", "Thu")
        assert days.of_year(day) == "Mar 2026"


def test_every_pack_has_both_languages() -> None:
    for pack in PACKS:
        with translation.override(f"zh-hans-x-{pack}"):
            assert translation.gettext("文明银行") not in ("文明银行", "Wenming Bank")
        with translation.override(f"en-x-{pack}"):
            assert translation.gettext("文明银行") not in ("文明银行", "Wenming Bank")

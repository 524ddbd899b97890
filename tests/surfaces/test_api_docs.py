"""The page about the API names every operation as its own description does, and that description is whole in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from wenming.surfaces.api.operations import EVERYBODY, OFFICERS
from wenming.surfaces.api.urls import api

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"
SHORT = {EVERYBODY: "villager, every officer", OFFICERS: "every officer"}
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
WORDS = ("description", "summary", "title")


def described(language: str) -> dict[str, Any]:
    with translation.override(language):
        found: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
        return found


def rows() -> Iterator[str]:
    for path, some in described("en")["paths"].items():
        for method, operation in some.items():
            roles = tuple(operation["x-roles"])
            who = SHORT.get(roles, ", ".join(roles))
            scopes = ", ".join(f"`{scope}`" for scope in operation["x-scopes"])
            yield f"| {method.upper()} | `{path.removeprefix('/api/v1')}` | {operation['summary']} | {who} | {scopes} |"


def sentences(part: Any, *wanted: str) -> Iterator[str]:
    """Everything that the description says to people."""
    if isinstance(part, list):
        for one in part:
            yield from sentences(one, *wanted)
    elif isinstance(part, dict):
        yield from (part[name] for name in wanted if isinstance(part.get(name), str))
        for one in part.values():
            yield from sentences(one, *wanted)


def test_every_operation_stands_on_the_page() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    named = [line for line in lines if line.startswith(("| GET |", "| POST |", "| PATCH |"))]
    assert named == list(rows())


def test_the_english_description_has_no_chinese() -> None:
    said = list(sentences(described("en"), *WORDS))
    assert len(said) > 1000
    assert [text for text in said if CHINESE.search(text)] == []


def test_the_chinese_description_is_chinese() -> None:
    """But for `title`, which repeats the name of a field."""
    said = set(sentences(described("zh-hans"), "description", "summary"))
    assert [text for text in said if not CHINESE.search(text)] == []


def test_both_say_the_same_of_the_same() -> None:
    """Asked in turn, the languages do not mix, and only the words differ."""
    chinese, english = described("zh-hans"), described("en")
    assert chinese == described("zh-hans") and chinese != english
    for name in ("operationId", "x-roles", "x-scopes", "$ref", "type", "enum", "pattern"):
        assert list(sentences(chinese, name)) == list(sentences(english, name))


@pytest.mark.parametrize(("asked", "title"), [("", "文明银行"), ("zh-CN,en;q=0.8", "文明银行"), ("en-GB", "Wenming Bank")])
def test_it_is_served_in_the_language_that_is_asked_for(client: Client, asked: str, title: str) -> None:
    answer = client.get("/api/v1/openapi.json", headers={"Accept-Language": asked})
    assert answer.json()["info"]["title"] == title
    assert "Accept-Language" in answer["Vary"]

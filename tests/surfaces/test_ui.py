"""The kit: filters, looks, pictures, tiers, escaping."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.template import engines
from django.test import Client
from django.urls import reverse
from django.utils import translation
from jinja2 import UndefinedError

from wenming.core import clock
from wenming.ui import filters, icons, looks, tiers
from wenming.ui.environment import icon, picture, qr, url

UI = Path(icons.__file__).parent


def render(text: str, **facts: object) -> str:
    return str(engines["jinja2"].env.from_string(text).render(facts))


def test_amounts_have_a_true_minus() -> None:
    assert render("{{ 38600|points }} {{ 300|signed }} {{ (-3050)|signed }}") == "386 +3 −30.5"
    assert [filters.yuan(fen) for fen in (0, 5, 123450, -30)] == ["0.00", "0.05", "1,234.50", "−0.30"]


def test_days_are_village_days() -> None:
    late = datetime(2026, 3, 16, 17, 30, tzinfo=UTC)
    assert filters.full_day(late) == "2026年3月17日" and filters.weekday(late) == "周二"
    assert filters.day(date(2020, 1, 2)) == "2020年1月2日" and filters.day(None) == ""
    assert filters.last_day(datetime(2026, 3, 18, tzinfo=clock.ZONE)) == date(2026, 3, 17)
    assert filters.last_day(datetime(2026, 3, 18, 9, tzinfo=clock.ZONE)) == date(2026, 3, 18)


def test_a_title_that_nobody_typed_is_in_the_language_of_the_page() -> None:
    own, typed, wrong = "2026年3月9日积分公示", "三月的好人", "2026年2月30日积分公示"
    assert [filters.notice_title(title) for title in (own, typed, wrong)] == [own, typed, wrong]
    with translation.override("en"):
        said = [filters.notice_title(title) for title in (own, typed, wrong)]
    assert said == ["Points notice of 9 Mar 2026", typed, wrong]


def test_codes_are_read_in_groups() -> None:
    assert filters.spaced("48217703") == "4821 7703"
    assert (
        filters.groups("9f3c71ae04d2b86effff")
        == ["9f3c", "71ae", "04d2", "b86e"]
        == filters.groups(bytes.fromhex("9f3c71ae04d2b86e"))
    )


@pytest.mark.parametrize(
    ("text", "found"), [("", ""), ("dark", "dark"), ("elder.dark", "dark.elder"), ("red.<b>", ""), ("more", "more")]
)
def test_looks_are_read_from_known_words_only(text: str, found: str) -> None:
    assert looks.read(text).words == found


def test_undefined_names_are_errors_and_text_is_escaped() -> None:
    with pytest.raises(UndefinedError):
        render("{{ nothing }}")
    assert render("{{ words }}", words="<b>") == "&lt;b&gt;"
    assert render('{{ _("共 %(count)s 处", count=name) }}', name="<i>") == "共 &lt;i&gt; 处"


def test_addresses_are_those_of_the_resolver() -> None:
    for name, args in (("villager:home", ()), ("villager:details", (7,)), ("board:day", ("LX01", "2026-03-06"))):
        assert url(name, *args) == reverse(name, args=args)
    assert url("board:notice", "a/b?c") == "/board/notices/a%2Fb%3Fc/"


def test_every_icon_and_picture_that_is_named_exists() -> None:
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', (UI / "static/ui/pictures.svg").read_text(encoding="utf-8")))
    assert drawn == set(icons.PICTURES)
    assert "#gift" in picture("nothing like it") and "#oil" in picture("oil")
    wrong = []
    for path in UI.parent.rglob("*.html"):
        for name in re.findall(r'icon\("([a-z]+)"', path.read_text(encoding="utf-8")):
            if name not in icons.PATHS:
                wrong.append((path.name, name))
    assert wrong == []
    assert 'aria-hidden="true"' in icon("home") and 'aria-label="&lt;x&gt;"' in picture("oil", "<x>")


def test_templates_hold_no_style_and_no_script_of_their_own() -> None:
    """The content policy forbids them, so they would be dead. Words for a script, as JSON, are data and run nowhere."""
    wrong = []
    for path in UI.parent.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if re.search(r'\sstyle="|\son[a-z]+="|<style|javascript:', text) or re.search(
            r'<script(?![^>]*\b(?:src=|type="application/json"))', text
        ):
            wrong.append(path.name)
    assert wrong == []


def test_a_qr_code_is_drawn_with_its_label() -> None:
    drawn = qr("https://example.org/?a=1&b=2", "网址 <一>")
    assert drawn.startswith("<svg") and "网址 &lt;一&gt;" in drawn


@pytest.mark.parametrize(
    ("honour", "name", "missing"), [(0, "青苗户", 300), (29_999, "青苗户", 0.01), (30_000, "拔节户", 500), (140_000, "满仓户", 0)]
)
def test_tiers_follow_honour(honour: int, name: str, missing: float) -> None:
    found = tiers.tier_of(honour)
    assert str(found.name) == name and found.missing == round(missing * 100)


def test_tiers_never_fall_below_the_first() -> None:
    assert str(tiers.tier_of(-500).name) == "青苗户"


OF_THE_LAYOUTS = {"mark", "messages", "size_switch", "language_switch", "problem", "described", "option", "avatar", "step_by"}
"""Parts that a layout or another part draws: they are on the page without being called there."""


@pytest.mark.django_db
def test_the_style_page_shows_every_part_in_every_theme(client: Client) -> None:
    parts = set(re.findall(r"{% macro (\w+)\(", (UI / "templates/ui/parts.html").read_text(encoding="utf-8")))
    page = (UI.parent / "surfaces/board/templates/board/kit.html").read_text(encoding="utf-8")
    assert parts - set(re.findall(r"\bui\.(\w+)\(", page)) == OF_THE_LAYOUTS
    answer = client.get("/ui/")
    text = answer.content.decode()
    assert answer.status_code == 200 and text.count("kit-theme st") == 3
    assert 'id="errors"' not in text, "the page opens at its top, not at the sample that would take the focus"
    assert all(f"#{name}" in text for name in icons.PICTURES)

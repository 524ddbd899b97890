"""Every sentence has its English, whole and clean; the catalogue holds nothing that nobody says."""

from __future__ import annotations

import re

import pytest

from tests import words
from wenming.locale import catalogues

CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
PLACES = re.compile(r"%%s|%%|%\([a-z_]+\)s|\{[a-z_]*(?::,)?\}")
QUOTED = {
    "上限“{text}”看不懂，请写成“每月最多8次”或“每户每年不超过40分”。",
    "分档看不懂，请写成“4小时1分；10小时2分”这样。",
    "写个姓，如 王",
    "打字找，如：垃圾、老人",
    "找：洗衣液、理发…",
}
"""Sentences that show what to type; what is typed is Chinese in every language."""


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    return words.said()


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    return catalogues.read()


def test_every_sentence_has_its_english_and_nothing_is_left_over(said: dict[str, list[str]], english: dict[str, str]) -> None:
    assert len(said) > 2000
    assert said.keys() - english.keys() == set(), "python -m tests.words, then translate what is empty"
    assert english.keys() - said.keys() == set(), "python -m tests.words takes out what nobody says any more"
    assert [text for text, translation in english.items() if not translation.strip() and text.strip()] == []


def test_a_translation_keeps_the_places_for_values(english: dict[str, str]) -> None:
    wrong = {
        text: translation
        for text, translation in english.items()
        if set(PLACES.findall(text)) != set(PLACES.findall(translation))
    }
    assert wrong == {}


def test_a_per_cent_sign_in_a_template_is_written_twice(said: dict[str, list[str]], english: dict[str, str]) -> None:
    """Templates format every sentence, so a lone sign would swallow what stands behind it."""
    of_templates = [text for text, names in said.items() if any(name.endswith(".html") for name in names)]
    lone = re.compile(r"%(?!%|\([a-z_]+\)s|s)")
    assert [text for text in of_templates if lone.search(english[text].replace("%%", ""))] == []


def test_english_has_no_chinese_signs(english: dict[str, str]) -> None:
    wrong = {text: said for text, said in english.items() if text not in QUOTED and CHINESE.search(said)}
    assert wrong == {}
    assert english.keys() >= QUOTED


def test_what_gettext_reads_is_what_the_file_says(english: dict[str, str]) -> None:
    """Our own reader agrees with Babel's, and the compiled form with gettext."""
    import gettext
    import io

    from babel.messages.pofile import read_po

    with words.CATALOGUE.open("rb") as file:
        assert {message.id: message.string for message in read_po(file) if message.id} == english
    found = gettext.GNUTranslations(io.BytesIO(catalogues.compiled(english)))
    assert all(found.gettext(text) == translation for text, translation in english.items())

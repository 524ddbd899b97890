"""The command line speaks one language whole: by `--language`, by what the machine is set to, else Chinese."""

from __future__ import annotations

import gettext
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import load_command_class
from django.utils import translation

from tests import program
from wenming.__main__ import COMMANDS
from wenming.locale import catalogues, shell
from wenming.surfaces.cli.command import BankCommand, PlainParser, WrongUse

CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
ENGLISH_OF_OPTIONS = re.compile(r"\b(?:usage|options|arguments?|required|invalid|choose from|show this)\b")
EXAMPLES = ("镇政府数据平台",)
"""What stands in English help on purpose: data as people type it."""
NAMES = [module.name for module in pkgutil.iter_modules([str(COMMANDS)])]


def speaking(language: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    domain = gettext.textdomain()
    monkeypatch.setenv("LANGUAGE", language)
    shell.teach_options(settings.LOCALE_PATHS[0])
    with translation.override(shell.language()):
        yield language
    gettext.textdomain(domain)


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield from speaking("en", monkeypatch)


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield from speaking("zh", monkeypatch)


def parser_of(name: str) -> PlainParser:
    command = load_command_class("wenming.surfaces.cli", name)
    assert isinstance(command, BankCommand)
    parser = command.create_parser("wenming", name)
    assert isinstance(parser, PlainParser)
    return parser


def without_examples(text: str) -> str:
    for example in EXAMPLES:
        text = text.replace(example, "")
    return text


@pytest.mark.parametrize("name", NAMES)
def test_english_help_has_no_chinese(name: str, english: str) -> None:
    assert CHINESE.findall(without_examples(parser_of(name).format_help())) == []


@pytest.mark.parametrize("name", NAMES)
def test_chinese_help_is_chinese(name: str, chinese: str) -> None:
    said = parser_of(name).format_help()
    assert said.startswith("用法：wenming ") and ENGLISH_OF_OPTIONS.findall(said) == []


WRONG = (["--nosuch"], ["--port", "x"], ["--scale", "moon"], ["--port"], ["--no-open=1"])


@pytest.mark.parametrize("line", WRONG)
def test_wrong_options_are_told_in_english(line: list[str], english: str) -> None:
    with pytest.raises(WrongUse) as told:
        parser_of("demo").parse_args(line)
    assert CHINESE.findall(str(told.value)) == []


@pytest.mark.parametrize("line", WRONG)
def test_wrong_options_are_told_in_chinese(line: list[str], chinese: str) -> None:
    with pytest.raises(WrongUse) as told:
        parser_of("demo").parse_args(line)
    assert CHINESE.search(str(told.value)) and ENGLISH_OF_OPTIONS.findall(str(told.value)) == []


@pytest.mark.parametrize(
    ("set_to", "language"),
    [
        ({}, "zh-hans"),
        ({"LANG": "C.UTF-8"}, "zh-hans"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-hans"),
        ({"LANG": "de_DE.UTF-8"}, "zh-hans"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh-hans"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en:zh"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": ""}, "en"),
    ],
)
def test_the_machine_decides_unless_told(set_to: dict[str, str], language: str) -> None:
    assert shell.language(set_to) == language


def test_the_program_and_run_py_list_themselves_in_english() -> None:
    """In a process of their own, with what they say before Django is there; the names of the commands come along."""
    said = {}
    for name, call in {
        "run.py": ["run.py", "--language", "en"],
        "wenming": ["-m", "wenming", "--language=en"],
        "early": ["-m", "wenming", "--language", "en", "root", "--data"],
        "unknown": ["-m", "wenming", "--language", "en", "nosuch"],
    }.items():
        done = subprocess.run([sys.executable, *call], cwd=program.ROOT, env=dict(os.environ), capture_output=True, text=True)
        assert done.returncode == (0 if name == "wenming" else 2)
        said[name] = done.stdout + done.stderr
    assert CHINESE.findall("".join(said.values())) == []
    assert all(f"\n  {name} " in said["wenming"] for name in NAMES)
    assert said["early"] == "--data needs a path.\n" and "nosuch" in said["unknown"]


def test_run_py_says_the_same_in_chinese() -> None:
    done = subprocess.run([sys.executable, "run.py", "--language", "zh"], cwd=program.ROOT, capture_output=True, text=True)
    assert "演示镇" in done.stdout and done.stdout.count("python3 run.py") == 6
    wrong = subprocess.run([sys.executable, "run.py", "--language", "fr"], cwd=program.ROOT, capture_output=True, text=True)
    assert wrong.returncode == 2 and "zh" in wrong.stderr


def test_the_words_of_the_option_reader_are_whole() -> None:
    places = re.compile(r"%\([a-z_]+\)[a-z]|%[a-z]")
    for text, said in shell.OPTION_WORDS.items():
        assert sorted(places.findall(text)) == sorted(places.findall(said)), text
    assert catalogues.ENGLISH == shell.ENGLISH

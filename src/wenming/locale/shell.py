"""The language of the command line: what `--language` says, else what the machine is set to as gettext reads it, else Chinese.

Standard library only: `run.py` asks it before anything is installed.
"""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from wenming.locale.packs import CHINESE, ENGLISH

CHOICES = ("zh", ENGLISH)
OPTION, VARIABLE = "--language", "LANGUAGE"
VARIABLES = (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG")
OPTIONS, FOLDER = "argparse", "zh"
"""Where gettext finds the words of `argparse`: the name of their catalogue, and its folder."""

OPTION_WORDS: Mapping[str, str] = {
    "usage: ": "用法：",
    "positional arguments": "要写的",
    "options": "选项",
    "optional arguments": "选项",
    "show this help message and exit": "看这条命令的用法",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s：%(message)s",
    "the following arguments are required: %s": "还要写上 %s",
    "unrecognized arguments: %s": "没有这个选项：%s",
    "expected one argument": "后面要写一个值",
    "expected at most one argument": "后面最多写一个值",
    "expected at least one argument": "后面至少写一个值",
    "invalid %(type)s value: %(value)r": "%(value)r 不对，要写 %(type)s",
    "invalid choice: %(value)r (choose from %(choices)s)": "不能写 %(value)r，只能写 %(choices)s",
    "ignored explicit argument %r": "这个选项后面不写值：%r",
    "ambiguous option: %(option)s could match %(matches)s": "%(option)s 可能是 %(matches)s，请写全",
    "not allowed with argument %s": "不能和 %s 一起用",
    "one of the arguments %s is required": "%s 里要写一个",
}
"""The English of Python's own option reader, with its Chinese; what a newer Python words anew stays English."""


def language(environment: Mapping[str, str] = os.environ) -> str:
    """The first of gettext's variables that says anything decides; whatever is not English is Chinese."""
    said = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return ENGLISH if said[:2].lower() == ENGLISH else CHINESE


def read_option(arguments: Sequence[str]) -> list[str]:
    """Take `--language zh|en` off the line and into the environment, for this process and those that it starts."""
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, joined, value = argument.partition("=")
        if name != OPTION:
            rest.append(argument)
            continue
        os.environ[VARIABLE] = value = value if joined else next(waiting, "")
        if value not in CHOICES:
            stop(said(f"{OPTION} 后面写 zh 或 en。", f"{OPTION} takes zh or en."))
    return rest


def stop(sentence: str) -> NoReturn:
    """One plain sentence, exit code 2: wrong use."""
    print(sentence, file=sys.stderr)
    sys.exit(2)


def teach_options(catalogues: Path) -> None:
    """Let Python's own option reader speak Chinese too, out of the catalogues that were made."""
    gettext.bindtextdomain(OPTIONS, str(catalogues))
    gettext.textdomain(OPTIONS)
    os.environ[VARIABLE] = ENGLISH if language() == ENGLISH else FOLDER


def said(chinese: str, english: str) -> str:
    """One of the two, for what has to be said before the catalogue is there."""
    return english if language() == ENGLISH else chinese

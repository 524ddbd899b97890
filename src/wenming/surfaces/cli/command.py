"""The base of every command: plain words or `--json`, three exit codes, and never a traceback for an ordinary refusal.

Exit codes: 0 good, 1 faults found (a report that is not clean), 2 wrong use (options, files, rights; nothing was done).
A command subclasses `BankCommand`, adds its options in `options`, and returns an `Answer` from `work`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from wenming.core.errors import Refusal

GOOD, FAULTS, WRONG_USE = 0, 1, 2


class WrongUse(CommandError):
    """The command can't be done as it was asked. One plain sentence; exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=WRONG_USE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: `facts` for `--json`, `words` for people, and the exit code."""

    facts: Mapping[str, Any] | Sequence[Any]
    words: str = ""
    code: int = GOOD


class PlainParser(CommandParser):
    """Says what was not understood in one sentence; exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise WrongUse(_("没看懂这条命令：{message}").format(message=message))


class BankCommand(BaseCommand):
    requires_system_checks: list[str] = []
    needs_store = True

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = PlainParser(
            prog=f"wenming {subcommand}",
            description=str(self.help) or None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            missing_args_message=getattr(self, "missing_args_message", None),
            called_from_command_line=getattr(self, "_called_from_command_line", None),
            **kwargs,
        )
        parser.add_argument("--json", action="store_true", help=_("用 JSON 回答"))
        for hidden in ("--settings", "--pythonpath"):
            parser.add_argument(hidden, help=argparse.SUPPRESS)
        for hidden in ("--traceback", "--no-color", "--force-color"):
            parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
        parser.add_argument("--verbosity", type=int, default=1, help=argparse.SUPPRESS)
        parser.add_argument("--skip-checks", action="store_true", default=True, help=argparse.SUPPRESS)
        self.options(parser)
        return parser

    def options(self, parser: CommandParser) -> None:
        """Add the command's own options."""

    def work(self, **options: Any) -> Answer | None:
        """Do the thing. A `Refusal` or a `WrongUse` becomes one sentence and exit code 2."""
        return None

    def run_from_argv(self, argv: list[str]) -> None:
        self._called_from_command_line = True
        try:
            options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
            options.pop("args", ())
            self.execute(**options)
        except CommandError as error:
            if "--traceback" in argv:
                raise
            print(str(error), file=sys.stderr, flush=True)
            sys.exit(error.returncode)
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            connection.close()

    def handle(self, *args: Any, **options: Any) -> None:
        """Run `work`, print its answer, leave with its code."""
        try:
            if self.needs_store:
                self.require_store()
            answer = self.work(**options)
        except Refusal as refusal:
            raise WrongUse(refusal.words) from refusal
        if answer is None:
            return
        if options.get("json"):
            self.stdout.write(as_json(answer.facts))
        elif answer.words:
            self.stdout.write(answer.words)
        if answer.code:
            self.stdout.flush()
            sys.exit(answer.code)

    def require_store(self) -> None:
        """Refuse, in words, when the data folder holds no books yet."""
        name = connection.settings_dict["NAME"]
        if connection.vendor == "sqlite" and isinstance(name, Path) and not name.exists():
            raise WrongUse(_("数据夹 {folder} 里还没有账本。请先运行 demo 或 serve。").format(folder=name.parent))
        try:
            tables = connection.introspection.table_names()
        except DatabaseError as error:
            raise WrongUse(_("打不开账本，请看看数据夹或数据库地址对不对。")) from error
        if "ledger_book" not in tables:
            raise WrongUse(_("账本还没有建好。请先运行 serve 或 migrate。"))


def as_json(facts: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)


def read_file(path: str) -> bytes:
    """The bytes of a file that a person named; refuses in words when it can't be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WrongUse(_("读不了这个文件：{path}").format(path=path)) from error

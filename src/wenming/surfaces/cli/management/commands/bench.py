"""`wenming bench`: speed as ratios measured in one run, on a demo village of its own."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.surfaces.cli.bench import books, memory, pages, rounded, sheets
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse

SIZES, FULL_SIZES = (1_000, 100_000), (1_000, 100_000, 1_000_000)


class Command(BankCommand):
    help = gettext_lazy("测速：导入、网页、账本、内存，各和裸机的极限比，在一次里量完。")
    needs_store = False

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("--full", action="store_true", help=_("也量一百万行分录（要几分钟）"))
        parser.add_argument("--rounds", type=int, default=5, help=_("每样量几轮，取中位数，默认 5"))
        parser.add_argument("--inside", action="store_true", help=_("在 --data 指定的演示数据夹里量（bench 自己用）"))

    def work(self, **options: Any) -> Answer:
        if not 1 <= options["rounds"] <= 100:
            raise WrongUse(_("轮数要在 1 到 100 之间。"))
        if options["inside"]:
            return Answer(self.measure(full=options["full"], rounds=options["rounds"]))
        with tempfile.TemporaryDirectory(prefix="wenming-bench-") as folder:
            report = self.apart(Path(folder), options)
        return Answer(report, json.dumps(report, ensure_ascii=False, indent=1))

    def apart(self, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
        """Make a demo in a folder that goes away again, and measure inside it, in processes of their own."""
        environment = dict(os.environ, WENMING_DATA=str(folder), WENMING_MODE="demo")
        environment.pop("WENMING_DATABASE_URL", None)
        program = [sys.executable, "-m", "wenming"]
        build = ["demo", "--build-only", "--scale", "village"]
        subprocess.run([*program, *build], env=environment, check=True, stdout=subprocess.DEVNULL)
        inside = ["bench", "--inside", "--json", "--rounds", str(options["rounds"]), *(["--full"] if options["full"] else [])]
        done = subprocess.run([*program, *inside], env=environment, check=True, stdout=subprocess.PIPE, text=True)
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def measure(self, *, full: bool, rounds: int) -> dict[str, Any]:
        folder, at, actor = Path(settings.DATA), clock.now(), system(door="bench")
        if settings.MODE != "demo" or not (folder / "demo.json").exists():
            raise WrongUse(_("测速只在演示数据夹里做。"))
        report: dict[str, Any] = {
            "machine": {
                "cores": os.cpu_count(),
                "python": platform.python_version(),
                "sqlite": sqlite3.sqlite_version,
                "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
            },
            "pages": pages.run(folder=folder, at=at, sizes=FULL_SIZES if full else SIZES, rounds=10 * rounds),
            "ledger": books.run(folder=folder, at=at, rounds=rounds),
            "import": sheets.run(actor=actor, folder=folder, at=at, rounds=min(rounds, 3)),
            "server": memory.run(folder=folder, requests=200),
        }
        return dict(rounded(report))

"""`wenming bench`: speed as ratios measured in one run, in folders of its own that go away again."""

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
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.surfaces.cli.bench import books, doors, growth, memory, pages, rounded, servers, sheets, web
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse

PARTS = ("ledger", "pages", "web", "import", "server", "http")
SIZES, FULL_SIZES = (1_000, 100_000), (1_000, 100_000, 1_000_000)
LEDGER_SIZES, FULL_LEDGER_SIZES = (100_000, 1_000_000), (100_000, 1_000_000, 10_000_000)


class Command(BankCommand):
    help = gettext_lazy("测速：账本、网页、浏览器、导入、内存，各和裸机的极限比，在一次里量完。")
    needs_store = False

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("part", nargs="?", choices=PARTS, help=_("只量一样：ledger、pages、web、import、server 或 http"))
        parser.add_argument("--full", action="store_true", help=_("账本量到一千万行，网页量到一百万行（要很久）"))
        parser.add_argument("--rounds", type=int, default=5, help=_("每样量几轮，取中位数，默认 5"))
        parser.add_argument("--peer", action="append", default=[], help=_("名字=命令：另一种账本，在旁边一起量，可以有几个"))
        parser.add_argument("--inside", default="", help=_("在给定的数据夹里量这一样（bench 自己用）"))

    def work(self, **options: Any) -> Answer:
        if not 1 <= options["rounds"] <= 100:
            raise WrongUse(_("轮数要在 1 到 100 之间。"))
        if options["inside"]:
            return Answer(dict(rounded(self.inside(options["inside"], options))))
        wanted = [options["part"]] if options["part"] else list(PARTS)
        report: dict[str, Any] = {"machine": machine()}
        with tempfile.TemporaryDirectory(prefix="wenming-bench-") as folder:
            if "ledger" in wanted:
                report["ledger"] = self.ledger(Path(folder), options)
            if set(wanted) - {"ledger"}:
                report.update(self.village(Path(folder), [part for part in wanted if part != "ledger"], options))
        return Answer(report, json.dumps(report, ensure_ascii=False, indent=1))

    def ledger(self, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
        """The books on each store, in processes of their own, and the peers beside them."""
        (folder / "books").mkdir()
        found = {"sqlite": apart(folder / "books", "books", options)}
        found["growth"] = apart(folder / "books", "growth", options)
        with servers.postgres() as address:
            if address is None:
                found["postgresql"] = {"missing": servers.MISSING}
            else:
                found["postgresql"] = apart(folder / "books", "books", options, address)
        return found

    def village(self, folder: Path, wanted: list[str], options: dict[str, Any]) -> dict[str, Any]:
        """What needs people and pages, on a demo village."""
        village = folder / "village"
        village.mkdir()
        call = [sys.executable, "-m", "wenming", "demo", "--build-only", "--scale", "village"]
        subprocess.run(call, env=environment(village), check=True, stdout=subprocess.DEVNULL)
        return {part: apart(village, part, options) for part in wanted}

    def inside(self, part: str, options: dict[str, Any]) -> dict[str, Any]:
        folder, at, rounds, full = Path(settings.DATA), clock.now(), options["rounds"], options["full"]
        if part in ("books", "growth"):
            if settings.MODE != "test":
                raise WrongUse(_("测速只在自己的数据夹里做。"))
            call_command("migrate", verbosity=0, interactive=False)
            if part == "growth":
                return growth.run(at=at, sizes=FULL_LEDGER_SIZES if full else LEDGER_SIZES)
            return books.run(folder=folder, at=at, rounds=rounds, peers=options["peer"])
        if settings.MODE != "demo" or not (folder / "demo.json").exists():
            raise WrongUse(_("测速只在演示数据夹里做。"))
        if part == "pages":
            return pages.run(folder=folder, at=at, sizes=FULL_SIZES if full else SIZES, rounds=10 * rounds)
        if part == "web":
            return web.run(folder=folder, rounds=rounds)
        if part == "import":
            return sheets.run(actor=system(door="bench"), folder=folder, at=at, rounds=min(rounds, 3))
        if part == "http":
            return doors.run(folder=folder, at=at, rounds=rounds)
        return memory.run(folder=folder, requests=200)


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def environment(folder: Path, mode: str = "demo", address: str = "") -> dict[str, str]:
    given = dict(os.environ, WENMING_DATA=str(folder), WENMING_MODE=mode)
    given.pop("WENMING_DATABASE_URL", None)
    if address:
        given["WENMING_DATABASE_URL"] = address
    return given


def apart(folder: Path, part: str, options: dict[str, Any], address: str = "") -> dict[str, Any]:
    """Measure one part in a process of its own."""
    mode = "test" if part in ("books", "growth") else "demo"
    command = [sys.executable, "-m", "wenming", "bench", "--inside", part, "--json", "--rounds", str(options["rounds"])]
    command += ["--full"] if options["full"] else []
    command += [f"--peer={given}" for given in options["peer"]]
    done = subprocess.run(command, env=environment(folder, mode, address), check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found

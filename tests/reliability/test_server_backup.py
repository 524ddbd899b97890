"""On PostgreSQL: a base backup while people write, and the way back to its instant and to any later one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.environment import PostgresServer, folder_for
from tests.program import environment

ROOT = Path(__file__).resolve().parents[2]
BUILD = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from pathlib import Path
from django.conf import settings
from tests import village
from tests.books import Bank
from wenming.domain.ledger import services
bank = Bank(village.MORNING)
bank.live_a_little()
services.seal(book_id=bank.book.pk, at=village.MORNING)
picture = Path(settings.MEDIA_ROOT) / "ab" / "abc.jpg"
picture.parent.mkdir(parents=True)
picture.write_bytes(b"picture")
"""
MORE = """
import django; django.setup()
import sys
from tests import village
from wenming.domain.ledger import queries, services
from wenming.domain.ledger.services import Kind, Move, Posting
book = queries.book_by_code("421222103")
member = services.open_account(book_id=book.pk, unit=services.Unit.POINTS, at=village.MORNING, is_member=True)
for number in range(20):
    posting = Posting(Kind.OPENING_BALANCE, "opening:1", (Move("opening", member.pk, 100),), f"{sys.argv[1]}:{number}",
                      village.MORNING, village.MORNING)
    services.post(book_id=book.pk, posting=posting)
services.seal(book_id=book.pk, at=village.MORNING)
"""


class Town:
    """A bank on a server of its own that keeps an archive of its write-ahead log."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self.folder, self.server = folder, server

    def _environment(self) -> dict[str, str]:
        settings = environment(self.folder, "test") | {"DJANGO_SETTINGS_MODULE": "wenming.config.settings"}
        settings |= {"WENMING_DATABASE_URL": self.server.address, "PYTHONPATH": str(ROOT)}
        return settings | {"PATH": f"{self.server.programs}{os.pathsep}{os.environ['PATH']}"}

    def python(self, script: str, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments], env=self._environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def wenming(self, *arguments: object, without_programs: bool = False) -> tuple[int, Any]:
        settings = self._environment()
        if without_programs:
            settings["PATH"] = str(self.folder)
        command = [sys.executable, "-m", "wenming", *map(str, arguments), "--json"]
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else done.stderr

    def head(self) -> tuple[int, str]:
        code, found = self.wenming("root")
        assert code == 0
        return found[0]["size"], found[0]["root"]

    def ask(self, statement: str) -> Any:
        with psycopg.connect(self.server.address, autocommit=True) as asked:
            return asked.execute(statement).fetchone()[0]  # type: ignore[index]


@pytest.fixture
def archive() -> Iterator[Path]:
    """A folder that the server may write to, whoever it runs as."""
    folder = folder_for("archive")
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def town(tmp_path: Path, archive: Path) -> Iterator[Town]:
    keeps = (f"archive_command=cp %p {archive}/%f", "archive_mode=on", "wal_level=replica", "max_wal_senders=4")
    server = PostgresServer(*(f'"{option}"' for option in keeps))
    folder = tmp_path / "bank"
    folder.mkdir()
    made = Town(folder, server)
    made.python(BUILD)
    yield made
    if server.folder.exists():
        server.stop()


def restored(town: Town, base: Path) -> Town:
    """The base backup as the data folder of a new server."""
    return Town(town.folder, PostgresServer("wal_level=replica", "max_wal_senders=4", data=base))


def reached(town: Town) -> None:
    """On its way to the instant a server answers reads already; it takes writes when it has got there."""
    for _turn in range(200):
        if not town.ask("SELECT pg_is_in_recovery()"):
            return
        town.ask("SELECT pg_sleep(0.1)")
    raise AssertionError("the server has not reached the instant")


def test_a_base_backup_comes_back_with_its_root(town: Town, tmp_path: Path) -> None:
    out = tmp_path / "backup"
    head = town.head()
    code, facts = town.wenming("backup", "--out", out)
    assert code == 0, facts
    assert (facts["heads"][0]["size"], facts["heads"][0]["root"]) == head and facts["files"] == 1
    assert {path.name for path in out.iterdir()} == {"base", "media.zip", "manifest.json"}
    town.python(MORE, "later")
    later = town.head()
    assert later[0] > head[0]
    copy = restored(town, out / "base")
    try:
        assert copy.head() == head
        assert copy.wenming("verify")[0] == 0
    finally:
        copy.server.stop()
    code, said = town.wenming("backup", "--out", out)
    assert code == 2 and "已经有东西" in said
    code, said = town.wenming("backup", "--out", tmp_path / "other", without_programs=True)
    assert code == 2 and "pg_basebackup" in said and not (tmp_path / "other").exists()
    code, said = town.wenming("restore", out)
    assert code == 2 and "PostgreSQL" in said


def test_the_archive_brings_it_to_any_later_instant(town: Town, tmp_path: Path, archive: Path) -> None:
    out = tmp_path / "backup"
    assert town.wenming("backup", "--out", out)[0] == 0
    town.python(MORE, "wanted")
    wanted, instant = town.head(), town.ask("SELECT clock_timestamp()")
    town.python(MORE, "too much")
    assert town.head()[0] > wanted[0]
    town.ask("SELECT pg_switch_wal()")
    town.server.stop("fast")

    base = tmp_path / "base"
    shutil.copytree(out / "base", base)
    (base / "recovery.signal").touch()
    with open(base / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
        settings.write(f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{instant}'\n")
        settings.write("recovery_target_action = 'promote'\n")
    back = restored(town, base)
    try:
        reached(back)
        assert back.head() == wanted
        code, report = back.wenming("verify")
        assert code == 0 and report["ok"]
        assert back.wenming("erase", "--replay")[0] == 0
        back.python(MORE, "life goes on")
        assert back.head()[0] > wanted[0] and back.wenming("verify")[0] == 0
    finally:
        back.server.stop()

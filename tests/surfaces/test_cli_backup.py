"""A backup taken while people work comes back with the same seals; what does not fit is refused."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.sqlite_only, pytest.mark.django_db]
ROOT = Path(__file__).parents[2]
BUILD = """
import django; django.setup()
from datetime import datetime
from pathlib import Path
from django.conf import settings
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.intake import services as intake
from wenming.domain.ledger import services as ledger
from tests import village
at = datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)
made = village.build(at)
for kind, name in (("rulebook", "rulebook.xls"), ("roll", "roll.xlsx"), ("register", "register.csv")):
    data = (Path("samples") / name).read_bytes()
    intake.take_in(actor=system("cli"), kind=kind, branch_id=made.branch_id, file_name=name, data=data, at=at)
ledger.seal(book_id=made.book_id, at=at)
picture = Path(settings.MEDIA_ROOT) / "ab" / "abc.jpg"
picture.parent.mkdir(parents=True)
picture.write_bytes(b"picture")
"""
MORE = """
import django; django.setup()
from datetime import datetime, timedelta
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.depositors import services as depositors, queries
from wenming.domain.intake import services as intake
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
branch = organisations.branch_by_code(code="LX01")
at = datetime(2026, 3, 12, 10, 30, tzinfo=clock.ZONE)
data = "日期,户号,姓名,事项,分值\\n2021-05-05,LX-101,周德厚,义务清扫公共区域,2\\n".encode()
intake.take_in(actor=system("cli"), kind="register", branch_id=branch.pk, file_name="x.csv", data=data, at=at)
ledger.seal(book_id=organisations.book_of(branch_id=branch.pk), at=at)
person = queries.roll_index(branch_id=branch.pk).by_name["曾凡林"][0]
depositors.erase_depositor(actor=system("cli"), depositor_id=person, at=at)
"""


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("WENMING_DATABASE_URL", "WENMING_TEST_CLOCK")}
    settings = {"WENMING_MODE": "test", "DJANGO_SETTINGS_MODULE": "wenming.config.settings", "PYTHONPATH": str(ROOT)}
    return kept | settings | {"WENMING_DATA": str(data)}


def python(data: Path, code: str) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(data), check=True)


def wenming(data: Path, *arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-m", "wenming", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment(data), capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout or done.stderr


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, new_bank: Callable[[Path], Path]) -> Path:
    folder = new_bank(tmp_path_factory.mktemp("bank"))
    python(folder, BUILD)
    return folder


def seals(folder: Path) -> list[tuple[int, bytes]]:
    store = sqlite3.connect(folder / "wenming.sqlite3")
    found = store.execute("SELECT size, root FROM ledger_seal ORDER BY id").fetchall()
    store.close()
    return found


def test_there_and_back(bank: Path, tmp_path: Path) -> None:
    copy, new = tmp_path / "backup.zip", tmp_path / "new"
    code, said = wenming(bank, "backup", "--out", copy, "--json")
    facts = json.loads(said)
    assert code == 0 and facts["files"] == 2 and facts["heads"][0]["size"] == 20
    with zipfile.ZipFile(copy) as archive:
        assert sorted(archive.namelist()) == ["manifest.json", "media/ab/abc.jpg", "wenming.sqlite3"]
    assert wenming(bank, "restore", copy)[0] == 2, "a folder with books in it is left alone"

    new.mkdir()
    shutil.copy(bank / "erasures.jsonl", new) if (bank / "erasures.jsonl").exists() else None
    code, said = wenming(new, "restore", copy, "--json")
    facts = json.loads(said)
    assert code == 0 and facts["ok"] and facts["transactions"] == 20
    assert seals(new) == seals(bank) and (new / "media/ab/abc.jpg").read_bytes() == b"picture"
    assert wenming(new, "verify")[0] == 0


def test_an_older_backup_and_an_erasure_since(bank: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.zip", tmp_path / "new"
    work = tmp_path / "work"
    shutil.copytree(bank, work)
    assert wenming(work, "backup", "--out", old)[0] == 0
    python(work, MORE)
    code, published = wenming(work, "root", "--json")
    assert code == 0
    (tmp_path / "wall.json").write_text(published, encoding="utf-8")

    new.mkdir()
    shutil.copy(work / "erasures.jsonl", new)
    code, said = wenming(new, "restore", old, "--published", tmp_path / "wall.json")
    assert code == 2 and "太旧" in said and not (new / "wenming.sqlite3").exists()
    code, said = wenming(new, "restore", old, "--published", tmp_path / "wall.json", "--force", "--json")
    facts = json.loads(said)
    assert code == 0 and facts["erased"] == 1 and facts["ok"]
    assert "曾凡林".encode() not in (new / "wenming.sqlite3").read_bytes()


def test_a_store_that_is_open_is_not_replaced(bank: Path, tmp_path: Path) -> None:
    """A server keeps its connections: what it wrote after the change would go into a file that is no longer there."""
    copy, work = tmp_path / "backup.zip", tmp_path / "work"
    assert wenming(bank, "backup", "--out", copy)[0] == 0
    shutil.copytree(bank, work)
    inode = (work / "wenming.sqlite3").stat().st_ino
    server = sqlite3.connect(work / "wenming.sqlite3")
    assert server.execute("SELECT count(*) FROM ledger_seal").fetchone() != (0,)
    code, said = wenming(work, "restore", copy, "--force")
    assert code == 2 and "服务还开着" in said and (work / "wenming.sqlite3").stat().st_ino == inode
    server.close()
    assert wenming(work, "restore", copy, "--force")[0] == 0
    assert (work / "wenming.sqlite3").stat().st_ino != inode


def test_a_damaged_backup_is_refused(bank: Path, tmp_path: Path) -> None:
    copy, damaged = tmp_path / "backup.zip", tmp_path / "damaged.zip"
    wenming(bank, "backup", "--out", copy)
    with zipfile.ZipFile(copy) as old, zipfile.ZipFile(damaged, "w") as new:
        for name in old.namelist():
            content = bytearray(old.read(name))
            if name == "wenming.sqlite3":
                content[len(content) // 2] ^= 1
            new.writestr(name, bytes(content))
    for file in (damaged, tmp_path / "nothing.zip", Path(__file__)):
        code, said = wenming(tmp_path / "empty", "restore", file)
        assert code == 2 and said.strip(), file
    assert not (tmp_path / "empty" / "wenming.sqlite3").exists()

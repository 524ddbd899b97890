"""A backup taken while tellers write holds everything acknowledged before it, whole, with the root of its instant."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import pytest
from django.db import connection

from tests.books import Bank
from tests.reliability.killing import environment, point_store_at
from wenming.domain.ledger import queries, services

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite_only]


@pytest.fixture
def bank(at: datetime, tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(at)
    bank.earn(100, "first")
    services.seal(book_id=bank.book.pk, at=at)
    before = connection.settings_dict["NAME"]
    (tmp_path / "live").mkdir()
    point_store_at(tmp_path / "live", connection.settings_dict)
    yield bank
    connection.close()
    connection.settings_dict["NAME"] = before


class Tellers:
    """Four tellers at work in a process of their own, and what they were told is done."""

    def __init__(self, stdout: IO[bytes]) -> None:
        self.done: list[int] = []
        self.child = 0
        self._news = threading.Condition()
        self.reader = threading.Thread(target=self._read, args=(stdout,))
        self.reader.start()

    def _read(self, stdout: IO[bytes]) -> None:
        for line in iter(stdout.readline, b"gone\n"):
            with self._news:
                if line.startswith(b"child"):
                    self.child = int(line.split()[1])
                else:
                    self.done.append(int(line))
                self._news.notify_all()

    def wait_for(self, more: int) -> int:
        """Until so many more deposits were acknowledged; how many there are now."""
        with self._news:
            wanted = len(self.done) + more
            assert self._news.wait_for(lambda: self.child and len(self.done) >= wanted, timeout=60), "nobody writes any more"
            return len(self.done)


@contextmanager
def tellers(bank: Bank, folder: Path) -> Iterator[Tellers]:
    program = [sys.executable, "-m", "tests.reliability.writer"]
    with subprocess.Popen(program, stdin=-1, stdout=-1, env=environment(folder), cwd=ROOT) as writer:
        assert writer.stdin and writer.stdout
        writer.stdin.write(f"{bank.book.pk} {bank.wang} load 4 careful\n".encode())
        writer.stdin.flush()
        working = Tellers(writer.stdout)
        try:
            yield working
        finally:
            working.wait_for(1)
            os.kill(working.child, signal.SIGKILL)
            writer.stdin.close()
            working.reader.join()


def wenming(folder: Path, *arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-m", "wenming", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout or done.stderr


def present(store: Path, ids: list[int]) -> int:
    with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        asked = "SELECT COUNT(*) FROM ledger_transaction WHERE id IN (SELECT value FROM json_each(?))"
        return int(copy.execute(asked, [json.dumps(ids)]).fetchone()[0])


def test_a_backup_is_whole_and_holds_what_was_acknowledged(bank: Bank, tmp_path: Path) -> None:
    live, taken = tmp_path / "live", []
    with tellers(bank, live) as working:
        for number in range(3):
            before = working.wait_for(60)
            code, said = wenming(live, "backup", "--out", tmp_path / f"{number}.zip", "--json")
            assert code == 0, said
            taken.append((json.loads(said)["heads"][0], working.done[:before]))
            assert working.wait_for(1) > before + 1, "nobody was held up meanwhile"
    sizes = []
    for number, (head, acknowledged) in enumerate(taken):
        folder = tmp_path / f"copy{number}"
        folder.mkdir()
        code, said = wenming(folder, "restore", tmp_path / f"{number}.zip", "--json")
        facts = json.loads(said)
        assert code == 0 and facts["ok"] and facts["faults"] == []
        assert present(folder / "wenming.sqlite3", acknowledged) == len(acknowledged) > 0
        seal = queries.seal_of_size(bank.book.pk, head["size"])
        assert seal is not None and bytes(seal.root).hex() == head["root"], "the live books had this root at this size"
        sizes.append(head["size"])
    assert sizes == sorted(set(sizes)) and len(sizes) == 3, "each holds more than the one before"
    assert queries.verify().ok


def test_copying_the_live_file_loses_what_was_acknowledged(bank: Bank, tmp_path: Path) -> None:
    """The control: the same tellers and `cp` instead of the backup. If it could not fail, the test above would prove nothing."""
    live, lost = tmp_path / "live", 0
    with tellers(bank, live) as working:
        for number in range(3):
            before = working.wait_for(40)
            copy = tmp_path / f"{number}.sqlite3"
            shutil.copy(live / "wenming.sqlite3", copy)
            try:
                lost += before - present(copy, working.done[:before])
            except sqlite3.DatabaseError:
                lost += 1
    assert lost > 0

"""Kill a writer with signal 9, again and again, and see what it had been promised."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from tests.books import Bank
from wenming.domain.ledger import queries
from wenming.domain.ledger.models import Transaction


@dataclass
class Tally:
    kills: int = 0
    acknowledged: int = 0
    present: int = 0
    missing: int = 0


def environment(folder: Path) -> dict[str, str]:
    """The writer's settings: a copy of the test's SQLite store, or the test's own PostgreSQL database."""
    given = dict(os.environ, WENMING_DATA=str(folder), WENMING_MODE="test")
    settings = connection.settings_dict
    if connection.vendor == "postgresql":
        address = f"postgresql://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}&port={settings['PORT']}"
        given["WENMING_DATABASE_URL"] = address
    return given


def point_store_at(folder: Path, settings: dict[str, Any]) -> None:
    """Let this process read the store that the writer writes: on SQLite a copy in a folder of its own."""
    if connection.vendor != "sqlite":
        return
    copy = folder / "wenming.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(copy)])
    connection.close()
    settings["NAME"] = str(copy)


def kill_loop(bank: Bank, folder: Path, kills: int, seed: int, tellers: int = 1, pace: str = "careful") -> Tally:
    """Start the writer, wait a little, kill it, look; then the next."""
    chance, tally, pause = random.Random(seed), Tally(), threading.Event()
    program = [sys.executable, "-m", "tests.reliability.writer"]
    with subprocess.Popen(program, stdin=-1, stdout=-1, env=environment(folder), cwd=Path(__file__).parents[2]) as writer:
        assert writer.stdin and writer.stdout
        for life in range(kills):
            writer.stdin.write(f"{bank.book.pk} {bank.wang} {seed}-{life} {tellers} {pace}\n".encode())
            writer.stdin.flush()
            acknowledged, child, wanted = [], 0, chance.randrange(1, 25)
            for line in iter(writer.stdout.readline, b"gone\n"):
                if line.startswith(b"child"):
                    child = int(line.split()[1])
                else:
                    acknowledged.append(int(line))
                if child and len(acknowledged) >= wanted:
                    pause.wait(chance.random() * 0.004)  # anywhere within the next act
                    os.kill(child, signal.SIGKILL)
                    child = 0
            tally.kills += 1
            tally.acknowledged += len(acknowledged)
            present = Transaction.objects.filter(pk__in=acknowledged).count()
            tally.missing += len(acknowledged) - present
        writer.stdin.close()
    tally.present = Transaction.objects.filter(kind="deed_deposited").count()
    assert queries.balance(bank.wang) == 100 * tally.present
    return tally

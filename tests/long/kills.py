"""R03: kill -9. Half at the failpoints of the walk, the least tried first; half anywhere, of tellers who only post."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection

from tests.books import Bank
from tests.emptying import empty_tables
from tests.environment import folder_for
from tests.reliability.killing import environment, kill_loop
from tests.reliability.test_failpoints import assert_whole, state, undone
from tests.reliability.walk import STEPS, Walk
from wenming.core import failpoints
from wenming.domain.ledger import queries

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
ENOUGH, A_STEP = 20, 4  # how often every failpoint is wanted, and how many of them are tried in one step
tried: Counter[str] = Counter()


class Walker:
    """The program that takes steps in children of its own."""

    def __init__(self, walk: Walk, folder: Path) -> None:
        kept = folder / "walk.pickle"
        kept.write_bytes(pickle.dumps(walk))
        store = Path(str(connection.settings_dict["NAME"])).parent if connection.vendor == "sqlite" else folder
        program = [sys.executable, "-m", "tests.reliability.walker", str(kept)]
        self.process = subprocess.Popen(program, stdin=-1, stdout=-1, cwd=ROOT, env=environment(store), text=True)

    def take(self, step: int, name: str = "-", hit: int = 0) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{step} {name} {hit}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def walk_through(seed: int, found: Counter[str]) -> None:
    """Walk, and die once in every step: what stands then is the state before the step or the one after it, nothing between."""
    dice = random.Random(seed)
    empty_tables()
    with tempfile.TemporaryDirectory() as folder:
        walk = Walk.begin(AT)
        walker = Walker(walk, Path(folder))
        try:
            for step in range(len(STEPS)):
                kill_in_step(walk, walker, step, dice, found)
        finally:
            walker.stop()


def kill_in_step(walk: Walk, walker: Walker, step: int, dice: random.Random, found: Counter[str]) -> None:
    before, names = state(), list[str]()
    with undone(), failpoints.armed(names.append):
        walk.take(step)
        after = state()
    distinct = sorted(set(names), key=lambda one: (tried[one], dice.random()))
    for name in [one for one in distinct if tried[one] < ENOUGH][:A_STEP] or distinct[:1]:
        tried[name] += 1
        ended = walker.take(step, name, dice.randrange(1, names.count(name) + 1))
        there = state()
        found["kills_at_failpoints"] += ended == -9
        found[f"at {name}"] += ended == -9
        found["failed"] += ended != -9 or there not in ((after,) if name == "act.ended" else (before, after))
        assert_whole()
        if there == after:
            break
    found["failed"] += walker.take(step) != 0 or state() != after


def kill_tellers(seed: int, kills: int, found: Counter[str]) -> None:
    """Kill whoever posts, anywhere; what was acknowledged is there."""
    empty_tables()
    bank = Bank(AT)
    store = Path(str(connection.settings_dict["NAME"])).parent if connection.vendor == "sqlite" else folder_for("teller")
    tally = kill_loop(bank, store, kills, seed, tellers=1 + seed % 4)
    found["kills_anywhere"] += tally.kills
    found["acknowledged"] += tally.acknowledged
    found["failed"] += tally.missing + (not queries.verify().ok)


def work(seed: int, units: int) -> dict[str, Any]:
    found: Counter[str] = Counter(failed=0)
    round_ = 0
    while found["kills_at_failpoints"] < units - units // 2 and not found["failed"]:
        round_ += 1
        walk_through(seed * 1000 + round_, found)
    kill_tellers(seed, units // 2, found)
    return dict(found)

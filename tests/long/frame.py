"""What every long run has in common: portions by seed, worker processes, a journal to go on from, one line of figures.

A run does its work in portions, each of which follows from one seed. Portions are handed to worker processes; what each
found is one line of the run's journal under `build/long`, so that the next start goes on with the next seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
JOURNALS = ROOT / "build" / "long"
Figures = Mapping[str, Any]


def nothing_failed(total: Counter[str]) -> bool:
    return not total["failed"]


@dataclass(frozen=True)
class Run:
    """`work` does one portion of so many units under a seed and says what it found: counts, `failed` among them."""

    name: str
    unit: str
    portion: int
    usual: int
    goal: int
    stores: tuple[str, ...] = ("sqlite",)
    passed: Callable[[Counter[str]], bool] = nothing_failed


@dataclass
class Wish:
    """How much of a run is wanted: units in all, seconds at the most, from which seed on, in how many processes."""

    count: int
    seconds: float
    seed: int | None
    processes: int


@dataclass
class Tally:
    """What came of a run so far."""

    total: Counter[str] = field(default_factory=Counter)
    units: int = 0
    seeds: list[int] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)


class Driver:
    """Hands seeds to workers until there are enough units or no time is left."""

    def __init__(self, run: Run, store: str, wish: Wish) -> None:
        self.run, self.store, self.wish = run, store, wish
        self.journal = JOURNALS / f"{run.name}-{store}.jsonl"
        self.next_seed = wish.seed if wish.seed is not None else self.seed_to_go_on_with()
        self.handed_out = 0
        self.begun = time.monotonic()
        self.guard = threading.Lock()
        self.tally = Tally()

    def seed_to_go_on_with(self) -> int:
        if not self.journal.exists():
            return 1
        return max((json.loads(line)["seed"] for line in self.journal.read_text("utf-8").splitlines()), default=0) + 1

    def take(self) -> tuple[int, int] | None:
        """The next seed and how many units of it, or nothing more."""
        with self.guard:
            is_late = self.handed_out and time.monotonic() - self.begun > self.wish.seconds
            left = self.wish.count - self.handed_out
            if left <= 0 or is_late or self.tally.faults:
                return None
            units = min(self.run.portion, left)
            seed, self.next_seed = self.next_seed, self.next_seed + 1
            self.handed_out += units
            return seed, units

    def keep(self, seed: int, units: int, found: dict[str, Any]) -> None:
        with self.guard:
            self.journal.parent.mkdir(parents=True, exist_ok=True)
            with self.journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "units": units, **found}, ensure_ascii=False) + "\n")
            if "fault" in found:
                self.tally.faults.append({"seed": seed, "fault": found["fault"]})
                return
            self.tally.units += units
            self.tally.seeds.append(seed)
            self.tally.total.update({name: value for name, value in found.items() if isinstance(value, int)})

    def worker(self) -> None:
        program = [sys.executable, "-m", "tests.long.worker", self.run.name, self.store]
        with subprocess.Popen(program, stdin=-1, stdout=-1, cwd=ROOT, text=True) as process:
            assert process.stdin and process.stdout
            while (given := self.take()) is not None:
                seed, units = given
                process.stdin.write(f"{seed} {units}\n")
                process.stdin.flush()
                line = process.stdout.readline()
                self.keep(seed, units, json.loads(line) if line else {"fault": "the worker is gone"})
                if not line:
                    break
            process.stdin.close()

    def finish(self) -> dict[str, Any]:
        """Let the workers work; the one line of figures."""
        threads = [threading.Thread(target=self.worker) for _place in range(self.wish.processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tally = self.tally
        return {
            "run": self.run.name,
            "store": self.store,
            "unit": self.run.unit,
            "done": tally.units,
            "goal": self.run.goal,
            "first_seed": min(tally.seeds, default=None),
            "last_seed": max(tally.seeds, default=None),
            "seconds": round(time.monotonic() - self.begun, 1),
            "processes": self.wish.processes,
            "passed": not tally.faults and tally.units > 0 and self.run.passed(tally.total),
            "figures": dict(sorted(tally.total.items())),
            **({"faults": tally.faults} if tally.faults else {}),
        }

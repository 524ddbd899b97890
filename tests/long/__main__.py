"""The long runs: `python3 run.py check --long [RUN …] [--count N] [--seconds S] [--seed N] [--processes P] [--store NAME]`.

Without a name every run is done at its usual size. Each prints one line of JSON at its end; the exit code is 1 if one
failed. A run goes on with the seed after the last one in its journal (`build/long/`) unless `--seed` names another.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter

from tests.long import mutation
from tests.long.frame import Driver, Run, Wish


def power_passed(total: Counter[str]) -> bool:
    """Nothing lost with the product's settings, and something with each of the weaker ones."""
    return not total["failed"] and all(total[f"bad_{name}"] for name in ("off", "normal", "wal_normal"))


def races_passed(total: Counter[str]) -> bool:
    return not total["failed"] and total["twins_failed"] >= 0.95 * total["twins"]


def failover_passed(total: Counter[str]) -> bool:
    return not total["failed"] and total["control_lost"] > 0


BOTH = ("sqlite", "postgresql")
RUNS = (
    Run("village", "village-year", 1, 1, 20),
    Run("guards", "guard switched off", 5, 20, 20),
    Run("axe", "role", 1, 9, 9),
    Run("reviews", "review", 100, 100, 100),
    Run("tampering", "single change", 500, 5_000, 100_000),
    Run("stateful", "step", 1_000, 10_000, 1_000_000),
    Run("races", "round", 500, 500, 20_000, BOTH, races_passed),
    Run("bank", "life of the bank", 1, 2, 100, BOTH),
    Run("kills", "kill", 120, 240, 1_000, BOTH),
    Run("power", "cut", 500, 5_000, 1_000_000, passed=power_passed),
    Run("sessions", "session cut", 50, 100, 2_000, ("postgresql",)),
    Run("failover", "kill", 5, 5, 20, ("postgresql",), failover_passed),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="run.py check --long", description=__doc__)
    parser.add_argument("runs", nargs="*", metavar="RUN", help=", ".join([*(run.name for run in RUNS), "mutation"]))
    parser.add_argument("--count", type=int, help="units in all; the run's usual size if left out")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no portion after so long")
    parser.add_argument("--seed", type=int, help="the first seed; the one after the journal's last if left out")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--store", choices=BOTH, help="one store only")
    wanted = parser.parse_args()
    os.nice(10)
    passed = True
    for run in RUNS:
        if wanted.runs and run.name not in wanted.runs:
            continue
        for store in run.stores:
            if wanted.store in (None, store):
                wish = Wish(wanted.count or run.usual, wanted.seconds, wanted.seed, wanted.processes)
                line = Driver(run, store, wish).finish()
                print(json.dumps(line, ensure_ascii=False), flush=True)
                passed = passed and bool(line["passed"])
    for line in mutation.run(wanted.seconds) if "mutation" in wanted.runs or not wanted.runs else ():
        print(json.dumps(line, ensure_ascii=False), flush=True)
        passed = passed and bool(line["passed"])
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

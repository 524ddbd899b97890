"""Mutation testing: every small change of the permissions, the caps and the books has to fail a test.

mutmut makes the changes and chooses the tests; it works in a copy of the tree under `build/mutation`, and a run that was
broken off goes on where it was. What the embedded store alone would let live in the books is tried once more on PostgreSQL,
which is given statements of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environment import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "mutation"
PACKAGE = "mutmut>=3.8,<4"
MUTMUT = (sys.executable, "-m", "mutmut")
GOAL = 0.9
PATIENCE = 4
"""Seconds for a store to be made ready, added to what the tests took; a change that takes fifteen times as long has failed."""
COPIED = (
    "src", "tests", "samples", "docs", "run.py", "verify_proof.py", "county_checker.py", "README.md", ".env.example",
    "pyproject.toml",
)  # fmt: skip
DOMAIN = "src/wenming/domain"


@dataclass(frozen=True)
class Group:
    """What is changed, and the quick tests that have to notice."""

    name: str
    changed: tuple[str, ...]
    tests: tuple[str, ...]
    stores: tuple[str, ...] = ("sqlite",)


GROUPS = (
    Group("permissions", (f"{DOMAIN}/*/policies.py", "src/wenming/core/actor.py"), ("tests/domain/test_permissions.py",)),
    Group("rules", (f"{DOMAIN}/rulebooks/engine.py",), ("tests/domain/test_engine.py", "tests/properties/test_rules_engine.py")),
    Group(
        "caps",
        (f"{DOMAIN}/deeds/caps.py",),
        ("tests/domain/test_caps.py", "tests/domain/test_deeds.py"),
    ),
    Group(
        "books",
        (f"{DOMAIN}/ledger/engine.py", f"{DOMAIN}/ledger/stage.py"),
        ("tests/domain/test_ledger.py", "tests/domain/test_ledger_edges.py", "tests/domain/test_ledger_proofs.py"),
        ("sqlite", "postgresql"),
    ),
)


def run(seconds: float) -> list[dict[str, Any]]:
    """One line of figures for each group; no group is begun or gone on with after so many seconds."""
    begun = time.monotonic()
    return [_one(group, seconds - (time.monotonic() - begun)) for group in GROUPS if time.monotonic() - begun < seconds]


def _one(group: Group, seconds: float) -> dict[str, Any]:
    """Each change on the first store; on the next one those alone that no test has noticed so far."""
    end = time.monotonic() + seconds
    folder = PLACE / group.name
    _copy(group, folder)
    more: dict[str, int] = {}
    for store in group.stores:
        alive = _named(folder, "survived") if store != group.stores[0] else []
        if alive or store == group.stores[0]:
            with _at(store) as environment:
                _change(folder, environment, alive, end - time.monotonic())
        if alive:
            more[f"killed_on_{store}_alone"] = len(alive) - len(_named(folder, "survived"))
    killed = len(_named(folder, "killed", "timeout", "segfault"))
    tried = killed + len(_named(folder, "survived", "suspicious", "no tests"))
    share = killed / tried if tried else 0.0
    figures = {"mutants": len(_named(folder)), "tried": tried, "killed": killed, **more, "share": round(share, 3)}
    return {"run": "mutation", "group": group.name, "goal": GOAL, "passed": share >= GOAL, "figures": figures}


@contextlib.contextmanager
def _at(store: str) -> Iterator[dict[str, str]]:
    """The environment of a run on this store. The server is ours, so that it ends with us and not with a run broken off."""
    environment = {**os.environ, "PYTHONPATH": str(_tool()), "WENMING_TEST_DATABASE": store}
    if store != "postgresql" or "WENMING_TEST_PG" in os.environ:
        yield environment
        return
    server = PostgresServer()
    try:
        yield {**environment, "WENMING_TEST_PG": server.address}
    finally:
        server.stop()


def _change(folder: Path, environment: dict[str, str], names: list[str], seconds: float) -> None:
    """Try these changes, or all that were not tried yet. Where time runs out, what was found so far is counted."""
    limit = None if seconds == float("inf") else max(seconds, 0)
    log = folder / f"log-{environment['WENMING_TEST_DATABASE']}"
    with log.open("wb") as out, contextlib.suppress(subprocess.TimeoutExpired):
        command = (*MUTMUT, "run", "--max-children", "1", *names)
        subprocess.run(command, cwd=folder, env=environment, stdout=out, stderr=out, timeout=limit, check=True)


def _named(folder: Path, *wanted: str) -> list[str]:
    """The changes with one of these ends, or all of them."""
    command = (*MUTMUT, "results", "--all", "true")
    environment = {**os.environ, "PYTHONPATH": str(_tool())}
    told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    ends = dict(line.strip().split(": ") for line in told.splitlines())
    return [name for name, end in ends.items() if not wanted or end in wanted]


def _copy(group: Group, folder: Path) -> None:
    """The tree as it is now, with the choice of this group beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    choice = {
        "source_paths": ["src"], "only_mutate": list(group.changed), "also_copy": [name for name in COPIED if name != "src"],
        "pytest_add_cli_args": ["-q", "-x"], "pytest_add_cli_args_test_selection": list(group.tests),
        "timeout_constant": PATIENCE,
    }  # fmt: skip
    lines = [f"{key} = {json.dumps(value)}" for key, value in choice.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def _tool() -> Path:
    """mutmut in a folder of its own: nothing else of the project needs it."""
    target = PLACE / "tool"
    if not (target / "mutmut").exists():
        pip = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(target), PACKAGE)
        if subprocess.run(pip, stderr=subprocess.DEVNULL).returncode:
            sys.exit("Mutation testing needs mutmut from the package index, and it could not be installed here.")
    return target

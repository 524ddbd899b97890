"""Mutation testing: every small change of the permissions, the caps and the books has to fail a test.

mutmut makes the changes and chooses the tests; it works in a copy of the tree under `build/mutation`, and a run that was
broken off goes on where it was.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "mutation"
PACKAGE = "mutmut>=3.8,<4"
GOAL = 0.9
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
    ),
)


def run(seconds: float) -> list[dict[str, Any]]:
    """One line of figures for each group; no group is begun or gone on with after so many seconds."""
    begun = time.monotonic()
    return [_one(group, seconds - (time.monotonic() - begun)) for group in GROUPS if time.monotonic() - begun < seconds]


def _one(group: Group, seconds: float) -> dict[str, Any]:
    folder = PLACE / group.name
    _copy(group, folder)
    environment = {**os.environ, "PYTHONPATH": str(_tool()), "WENMING_TEST_DATABASE": "sqlite"}
    mutmut = (sys.executable, "-m", "mutmut")
    limit = None if seconds == float("inf") else seconds
    # Where time runs out, what was found so far is counted.
    with (folder / "log").open("wb") as log, contextlib.suppress(subprocess.TimeoutExpired):
        command = (*mutmut, "run", "--max-children", "1")
        subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, timeout=limit)
    subprocess.run((*mutmut, "export-cicd-stats"), cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    found = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text("utf-8"))
    killed = found["killed"] + found["timeout"] + found["segfault"]
    tried = killed + found["survived"] + found["suspicious"] + found["no_tests"]
    share = killed / tried if tried else 0.0
    figures = {"mutants": found["total"], "tried": tried, "killed": killed, "share": round(share, 3)}
    return {"run": "mutation", "group": group.name, "goal": GOAL, "passed": share >= GOAL, "figures": figures}


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

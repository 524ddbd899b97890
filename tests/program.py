"""Runs the `wenming` program in a process of its own, on a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def environment(data: Path, mode: str = "") -> dict[str, str]:
    """Only what the machine needs: the settings of the suite do not reach the program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WENMING_", "DJANGO_", "PYTEST_"))}
    kept["WENMING_DATA"] = str(data)
    if mode:
        kept["WENMING_MODE"] = mode
    return kept


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "wenming", *arguments]


def run(data: Path, *arguments: str, mode: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(data, mode), cwd=data.parent, capture_output=True, text=True, timeout=600
    )


def report(data: Path, *arguments: str, mode: str = "", code: int = 0) -> Any:
    """The JSON that a command answers with, once its exit code is the one expected."""
    done = run(data, *arguments, "--json", mode=mode)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)

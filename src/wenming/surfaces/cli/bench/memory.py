"""How much memory the demo's server holds after it has answered."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GOAL = 250
ASKED = ("/", "/login/", "/board/", "/static/ui/tokens.css")


def run(*, folder: Path, requests: int) -> dict[str, Any]:
    """Start the server on the folder, ask it some hundred times, read its resident memory in megabytes."""
    with server(folder) as (port, pid):
        for number in range(requests):
            _ask(port, ASKED[number % len(ASKED)])
        held = resident(pid)
    return {"resident_megabytes": held, "goal": GOAL, "requests": requests}


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, int]]:
    """The port and the process of a server on the folder, which ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = dict(os.environ, WENMING_DATA=str(folder))
    command = [sys.executable, "-m", "wenming", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def resident(pid: int) -> float | None:
    """Resident memory of a process; None where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def _ask(port: int, address: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}", timeout=30) as answer:  # noqa: S310 (loopback)
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _wait(port: int) -> None:
    ending = time.monotonic() + 120
    while True:
        try:
            _ask(port, "/")
            return
        except urllib.error.URLError:
            if time.monotonic() > ending:
                raise
            time.sleep(0.2)

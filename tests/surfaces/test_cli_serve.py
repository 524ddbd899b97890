"""`serve` answers on a free port, runs the timetable, and ends in order."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests import program
from tests.environment import free_port

pytestmark = [pytest.mark.sqlite_only, pytest.mark.xdist_group("serve")]


def wait_for(port: int, process: subprocess.Popen[str]) -> int:
    """The status of the first answer."""
    ending = time.monotonic() + 120
    while time.monotonic() < ending:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, ConnectionError):
            select_pause(0.2)
    raise AssertionError("no answer")


def select_pause(seconds: float) -> None:
    """Wait for a connection that never comes."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nobody.listen()
        nobody.settimeout(seconds)
        try:
            nobody.accept()
        except TimeoutError:
            return


def test_serves_and_stops_on_sigterm(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    process = subprocess.Popen(
        program.command("serve", "--port", str(port)),
        env=program.environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait_for(port, process) == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/static/ui/tokens.css", timeout=30) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "已停止" in out and "Traceback" not in errors
    assert (data / "wenming.sqlite3").exists()


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = program.run(tmp_path / "data", "serve", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr and "Traceback" not in done.stderr

"""The bench of the ledger at a small size: every figure is there, and its own oracle is content."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from tests import environment
from wenming.surfaces.cli.bench import books, doors, growth, web

FIGURES = {
    "sqlite": {"batches_of_8000", "one_per_commit", "8_callers", "64_callers", books.ALONE, "seal", "verify"},
    "postgresql": {"batches_of_8000", "8_callers", "8_callers_in_one_process", "peers", "seal", "verify"},
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"BATCH": 40, "MEMBERS": 20, "SINGLES": 3, "EACH": 2, "EACH_ON_SERVER": 2, "HASHES": 100}.items():
        monkeypatch.setattr(books, name, value)
    monkeypatch.setattr(growth, "LOAD", 40)
    monkeypatch.setattr(growth, "TIMES", 3)


@pytest.mark.django_db(transaction=True)
def test_every_figure_of_the_ledger(at: datetime, tmp_path: Path) -> None:
    found = books.run(folder=tmp_path, at=at, rounds=1)
    assert set(found) == FIGURES[connection.vendor]
    assert all(figure["goal"] > 0 for name, figure in found.items() if name != "peers")
    assert found["verify"]["entries"] > 0


def test_callers_ask_a_server_all_at_once() -> None:
    class Echo(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201 if self.headers["Cookie"] == "a=b" else 403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None: ...

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 64  # every caller comes at once

    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = doors.ask(server.server_port, {"Cookie": "a=b"}, [("POST", f"/{number}", {}, "{}") for number in range(40)])
        server.shutdown()
    assert said["statuses"] == {"201": 40} and len(said["milliseconds"]) == 40
    assert 0 < doors.median([said])["p50_milliseconds"] <= doors.median([said])["p99_milliseconds"]


def test_a_caller_that_is_cut_off_ends_the_run() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        doors.ask(environment.free_port(), {}, [("GET", "/", {}, "")] * doors.CALLERS)


@pytest.mark.django_db
def test_reads_as_history_grows(at: datetime) -> None:
    found = growth.run(at=at, sizes=(60, 120))
    assert [size["entries"] for size in found["sizes"]] == [60, 120]
    assert set(found["last_over_first"]) == set(found["sizes"][0]["milliseconds"])


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_a_peer_is_a_command(at: datetime, tmp_path: Path) -> None:
    script = tmp_path / "peer.py"
    script.write_text("import json, sys\nprint(json.dumps({'8_clients_per_second': 100, 'batch_per_second': len(sys.argv)}))\n")
    commands = [f"good={sys.executable} {script}", f"bad={sys.executable} {tmp_path}/nowhere.py"]
    found = books.run(folder=tmp_path, at=at, rounds=1, peers=commands)
    times = found["peers"]["good"]["ours_is_times"]
    assert times["8_clients"] == found["8_callers_in_one_process"]["per_second"] / 100
    assert times["batch"] == found["batches_of_8000"]["per_second"] / 7
    assert "nowhere" in found["peers"]["bad"]["missing"]


def test_without_a_browser_the_bench_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WENMING_CHROMIUM", "")
    assert web.first_views("", 1) == {"missing": web.MISSING}


def test_the_slowest_of_a_hundred_is_the_ninety_ninth() -> None:
    assert web.figures([float(number) for number in range(100, 0, -1)]) == {"count": 100, "median": 50.5, "p99": 99.0}

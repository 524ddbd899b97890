"""The bench of the ledger at a small size: every figure is there, and its own oracle is content."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from wenming.surfaces.cli.bench import books, growth, peers

FIGURES = {
    "sqlite": {"batches_of_8000", "one_per_commit", "8_callers", "64_callers", "seal", "verify"},
    "postgresql": {"batches_of_8000", "8_callers", "seal", "verify"},
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"BATCH": 40, "MEMBERS": 20, "SINGLES": 3, "EACH": 2, "HASHES": 100}.items():
        monkeypatch.setattr(books, name, value)
    monkeypatch.setattr(growth, "LOAD", 40)
    monkeypatch.setattr(growth, "TIMES", 3)


@pytest.mark.django_db(transaction=True)
def test_every_figure_of_the_ledger(at: datetime, tmp_path: Path) -> None:
    found = books.run(folder=tmp_path, at=at, rounds=1)
    assert set(found) == FIGURES[connection.vendor]
    assert all(figure["goal"] > 0 for figure in found.values())
    assert found["verify"]["entries"] > 0


@pytest.mark.django_db
def test_reads_as_history_grows(at: datetime) -> None:
    found = growth.run(at=at, sizes=(60, 120))
    assert [size["entries"] for size in found["sizes"]] == [60, 120]
    assert set(found["last_over_first"]) == set(found["sizes"][0]["milliseconds"])


def test_a_peer_is_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = {"8_callers": {"per_second": 500.0}, "batches_of_8000": {"per_second": 90.0}}
    assert peers.run(address=None, commands=["one=never"], ours=ours) == {"one": {"missing": "no PostgreSQL server"}}
    if connection.vendor != "postgresql":
        return
    script = tmp_path / "peer.py"
    script.write_text("import json, sys\nprint(json.dumps({'8_clients_per_second': 100, 'batch_per_second': len(sys.argv)}))\n")
    given = connection.settings_dict
    address = f"postgresql://{given['USER']}@{given['HOST']}:{given['PORT']}/postgres"
    commands = [f"good={sys.executable} {script}", f"bad={sys.executable} {tmp_path}/nowhere.py"]
    found = peers.run(address=address, commands=commands, ours=ours)
    assert found["good"]["ours_is_times"] == {"8_clients": 5.0, "batch": 90 / 7}
    assert "nowhere" in found["bad"]["missing"]
    assert json.dumps(found)

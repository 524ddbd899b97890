"""What an earlier release wrote and proved is there, whole and proven, in this one: its golden backup comes back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import environment, report, run
from tests.vectors.make import VAULT_KEY

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
RELEASES = sorted(path.parent for path in VECTORS.glob("release-*/backup.zip"))
PROVE = """
import django, json, sys; django.setup()
from dataclasses import asdict
from wenming.domain.ledger import queries
asked = json.load(sys.stdin)
found = [asdict(queries.inclusion_proof(one["id"], one["size"])) for one in asked["proofs"]]
steps = [asdict(queries.consistency_proof(queries.book_by_code(one[0]).pk, one[1], one[2])) for one in asked["steps"]]
print(json.dumps([found, steps], default=str))
"""
WATCHED = ("book", "algorithm", "number", "size", "root", "memento", "path")
pytestmark = pytest.mark.sqlite_only


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_the_books_and_proofs_of_an_earlier_release_hold(release: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "vault.key").write_text(VAULT_KEY)
    done = run(folder, "restore", str(release / "backup.zip"), "--json", mode="test")
    assert done.returncode == 0, done.stderr + "\nA released table is never changed in place: add a migration."
    verified = report(folder, "verify", mode="test")
    assert verified["ok"] and verified["books"] == 2 and json.loads(done.stdout)["ok"]

    books = json.loads((release / "proofs.json").read_text("utf-8"))
    heads = {(one["book"], one["size"], one["root"]) for one in report(folder, "root", mode="test")}
    assert heads == {(book["book"], book["papers"][-1]["size"], book["papers"][-1]["root"]) for book in books}

    proofs = [proof for book in books for proof in book["proofs"]]
    steps = [one for book in books for one in book["steps"]]
    found, grown = proven(folder, proofs, steps)
    assert [{name: one[name] for name in WATCHED} for one in found] == [{name: one[name] for name in WATCHED} for one in proofs]
    assert [one["path"] for one in grown] == [one["path"] for one in steps]


def proven(folder: Path, proofs: list[dict[str, object]], steps: list[dict[str, object]]) -> list[list[dict[str, object]]]:
    """The same proofs once more, by this release out of the restored books."""
    asked = {
        "proofs": [{"id": voucher(str(proof["memento"])), "size": proof["size"]} for proof in proofs],
        "steps": [[one["book"], one["first"], one["second"]] for one in steps],
    }
    settings = environment(folder, "test") | {"DJANGO_SETTINGS_MODULE": "wenming.config.settings"}
    command = [sys.executable, "-c", PROVE]
    done = subprocess.run(command, input=json.dumps(asked), env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def voucher(memento: str) -> str:
    start = 2 * (2 + int(memento[2:4], 16))
    return memento[start : start + 32]

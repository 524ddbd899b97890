"""`wenming verify`, `root`, `proof`, `consistency`: answers, JSON and exit codes."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
import verify_proof
from django.core.management import CommandError, call_command
from django.db import connection

from tests.books import Bank
from wenming.domain.ledger import queries, triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(at: datetime) -> Bank:
    bank = Bank(at)
    bank.live_a_little()
    return bank


def said(*words: str) -> tuple[str, int]:
    """What a command prints, and its exit code."""
    out = StringIO()
    try:
        call_command(*words, stdout=out)
    except SystemExit as left:
        return out.getvalue(), int(left.code or 0)
    except CommandError as refused:
        return str(refused), refused.returncode
    return out.getvalue(), 0


def test_verify_good(bank: Bank) -> None:
    words, code = said("verify", "--json")
    report = json.loads(words)
    assert code == 0
    assert list(report) == ["ok", "books", "transactions", "entries", "faults"]
    assert (report["ok"], report["books"], report["faults"]) == (True, 1, [])
    counted = queries.counts()
    assert (report["transactions"], report["entries"]) == (counted.transactions, counted.entries)
    words, code = said("verify", "--book", bank.book.code)
    assert (code, "核对无误" in words) == (0, True)


def test_verify_names_the_fault(bank: Bank) -> None:
    with connection.cursor() as cursor:
        for statement in triggers.drop(connection.vendor):
            cursor.execute(statement)
        cursor.execute("UPDATE ledger_entry SET amount = amount + 1 WHERE balance_after = amount")
    words, code = said("verify", "--json")
    report = json.loads(words)
    assert (code, report["ok"]) == (1, False)
    assert set(report["faults"][0]) == {"code", "book", "number", "message"}
    assert report["faults"][0]["book"] == bank.book.code
    words, code = said("verify")
    assert (code, "entry.amount" in words) == (1, True)


def test_root_proof_and_consistency(bank: Bank, tmp_path: Path) -> None:
    words, code = said("root", "--json")
    (root,) = json.loads(words)
    assert (code, root["book"]) == (0, bank.book.code)
    public_id = queries.statement(bank.wang)[-1].public_id
    file = tmp_path / "proof.json"
    assert said("proof", public_id, "--out", str(file))[1] == 0
    paper = {"size": str(root["size"]), "root": root["root"], "book": root["book"]}
    assert verify_proof.check(json.loads(file.read_text()), paper, {})
    words, code = said("consistency", "3", str(root["size"]), "--book", bank.book.code, "--json")
    assert code == 0
    steps = json.loads(words)
    assert verify_proof.check(steps, paper, {"size": "3", "root": steps["first_root"]})
    assert not verify_proof.check(steps, paper, {"size": "3", "root": root["root"]})


@pytest.mark.parametrize(
    "words",
    [
        ("proof", "0" * 32),
        ("verify", "--book", "nowhere"),
        ("consistency", "2", "3", "--book", "421222103"),
        ("root", "--book", "nowhere"),
    ],
)
def test_wrong_use(bank: Bank, words: tuple[str, ...]) -> None:
    assert said(*words)[1] == 2

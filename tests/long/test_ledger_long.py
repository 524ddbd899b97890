"""The long forms of the ledger's reliability tests: thousands of cuts, hundreds of kills, every value of every row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection, models
from hypothesis.stateful import run_state_machine_as_test

from tests.books import Bank
from tests.properties.test_ledger_machine import Books, lives
from tests.reliability.crowd import bank_workload
from tests.reliability.killing import kill_loop, point_store_at
from tests.reliability.power import play
from tests.reliability.recording import record
from tests.reliability.test_tampering import TABLES, unnoticed_changes
from wenming.core import audit
from wenming.core.actor import system
from wenming.domain.ledger import queries, triggers


@pytest.fixture
def bank(at: datetime) -> Bank:
    return Bank(at)


@pytest.mark.django_db
@pytest.mark.sqlite_only
@pytest.mark.parametrize(("journal", "cuts"), [("DELETE", 10_000), ("WAL", 10_000)])
def test_twenty_thousand_cuts(bank: Bank, journal: str, cuts: int) -> None:
    image, acts = record(bank, 30)
    outcome = play(image, acts, journal, "FULL", cuts, seed=3)
    assert (outcome.cuts, outcome.lost, outcome.damaged) == (cuts, 0, 0), outcome


@pytest.mark.django_db
@pytest.mark.sqlite_only
def test_normal_with_a_rollback_journal_loses_now_and_then(bank: Bank) -> None:
    image, acts = record(bank, 30)
    outcome = play(image, acts, "DELETE", "NORMAL", 20_000, seed=4)
    assert outcome.lost + outcome.damaged > 0, outcome


@pytest.mark.django_db(transaction=True)
def test_two_hundred_kills(bank: Bank, tmp_path: Path) -> None:
    before = connection.settings_dict["NAME"]
    point_store_at(tmp_path, connection.settings_dict)
    try:
        tally = kill_loop(bank, tmp_path, kills=200, seed=5)
        assert (tally.kills, tally.missing) == (200, 0)
        assert tally.acknowledged <= tally.present <= tally.acknowledged + tally.kills
        assert queries.verify().ok
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(10))
def test_long_bank_workload(bank: Bank, seed: int) -> None:
    assert bank_workload(bank, bank.members(8, 100), each=100, callers=16, steps=100, seed=seed) == []


@pytest.fixture
def burgled(bank: Bank, at: datetime) -> Iterator[Bank]:
    bank.live_a_little()
    for number in range(3):
        audit.record(actor=system(), act="books.tested", subject=f"book:{number}", at=at, organisation_id=1, facts={"n": number})
    with connection.cursor() as cursor:
        for statement in triggers.drop(connection.vendor):
            cursor.execute(statement)
    yield bank


@pytest.mark.django_db
@pytest.mark.parametrize("model", TABLES)
def test_every_value_of_every_row(burgled: Bank, model: type[models.Model]) -> None:
    assert unnoticed_changes(model, rows_most=10_000) == []
    assert burgled.faults() == []


@pytest.mark.django_db
def test_many_lives_of_the_books() -> None:
    run_state_machine_as_test(Books, settings=lives(examples=200, steps=50, is_fixed=False))

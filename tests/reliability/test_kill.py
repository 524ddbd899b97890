"""What was acknowledged is there after kill -9, wherever it fell, and nothing is half there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from tests.books import Bank
from tests.reliability.killing import kill_loop, point_store_at
from wenming.domain.ledger import queries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bank(at: datetime, tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(at)
    before = connection.settings_dict["NAME"]
    point_store_at(tmp_path, connection.settings_dict)
    yield bank
    connection.close()
    connection.settings_dict["NAME"] = before


def test_ten_kills(bank: Bank, tmp_path: Path) -> None:
    tally = kill_loop(bank, tmp_path, kills=10, seed=1)
    assert (tally.kills, tally.missing) == (10, 0)
    assert tally.acknowledged >= 10
    assert tally.acknowledged <= tally.present <= tally.acknowledged + tally.kills
    assert queries.verify().ok


@pytest.mark.sqlite_only
def test_kills_while_tellers_share_commits(bank: Bank, tmp_path: Path) -> None:
    tally = kill_loop(bank, tmp_path, kills=8, seed=2, tellers=6)
    assert (tally.kills, tally.missing) == (8, 0)
    assert tally.acknowledged <= tally.present <= tally.acknowledged + 6 * tally.kills
    assert queries.verify().ok


@pytest.mark.sqlite_only
def test_kills_lose_what_was_acknowledged_before_its_commit(bank: Bank, tmp_path: Path) -> None:
    tally = kill_loop(bank, tmp_path, kills=25, seed=3, tellers=6, pace="hasty")
    assert tally.missing > 0

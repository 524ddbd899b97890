"""The power goes in the middle of a posting: what was acknowledged is there, and nothing is half there.

With the settings of the product (`synchronous=FULL`, either journal) nothing is lost; with weaker ones the same test fails.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.books import Bank
from tests.reliability.power import play
from tests.reliability.recording import record

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_only]


@pytest.fixture
def bank(at: datetime) -> Bank:
    return Bank(at)


def test_power_loss(bank: Bank) -> None:
    image, acts = record(bank, 12)
    for journal, cuts in (("DELETE", 120), ("WAL", 120)):
        outcome = play(image, acts, journal, "FULL", cuts, seed=1)
        assert (outcome.lost, outcome.damaged) == (0, 0), f"{journal}: {outcome}"
        assert outcome.acts > cuts


@pytest.mark.parametrize(("journal", "synchronous"), [("DELETE", "OFF"), ("WAL", "NORMAL")])
def test_power_loss_with_weaker_settings_fails(bank: Bank, journal: str, synchronous: str) -> None:
    image, acts = record(bank, 12)
    outcome = play(image, acts, journal, synchronous, 25, seed=2)
    assert outcome.lost + outcome.damaged > 0

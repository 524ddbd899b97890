"""Longer than in tests/reliability and tests/properties: ten thousand random acts at once, a thousand lives of points in lots."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings

from tests.properties.test_expiry_lots import ACTS, built, live
from tests.reliability import test_random_acts
from tests.village import Village

__all__ = ["built"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(10))
def test_books_verify_after_ten_thousand_random_acts(at: datetime, round_: int) -> None:
    first = 1_000 * (round_ + 1)
    test_random_acts.live(at, range(first, first + test_random_acts.THREADS), 1_000 // test_random_acts.THREADS)


@pytest.mark.django_db
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_a_thousand_lives_of_lots(built: Village, acts: list[tuple[str, int, int]]) -> None:  # noqa: F811
    live(built, acts)

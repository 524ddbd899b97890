"""R06 in short: sessions of PostgreSQL are cut while tellers post; nobody is told of what is not there."""

from __future__ import annotations

import pytest

from tests.long import sessions

CUTS = 60


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_who_is_cut_off_says_it_again_and_nothing_is_lost() -> None:
    found = sessions.work(seed=7, units=CUTS)
    assert found["cuts"] == CUTS and found["said_again"] > 0
    assert found["failed"] == 0, found

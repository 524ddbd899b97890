"""Every page of the console: who may open it, what it says, what a wrong entry answers, how much it asks of the store."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from tests import village as villages
from tests.village import Village
from wenming.core import clock

pytestmark = pytest.mark.django_db
PAGES = (
    "/console/",
    "/console/figures/",
    "/console/review/",
    "/console/review/several/",
    "/console/depositors/",
    "/console/depositors/enrol/",
    "/console/import/",
    "/console/counter/",
    "/console/stock/",
    "/console/stock/new/",
    "/console/notices/",
    "/console/rules/",
    "/console/funds/",
    "/console/officers/",
    "/console/officers/appoint/",
    "/console/audit/",
    "/console/branches/",
)


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: at)


@pytest.fixture
def village(at: datetime) -> Village:
    return villages.build(at)


def enter(village: Village, key: str) -> Client:
    from wenming.domain.identity import queries as identity_queries

    client = Client()
    user = identity_queries.user(user_id=village.users[key])
    client.force_login(user, backend="wenming.domain.identity.backends.LoginNameBackend")
    return client


@pytest.mark.parametrize("page", PAGES)
def test_pages_open(village: Village, page: str) -> None:
    answers = {key: enter(village, key).get(page).status_code for key in ("head", "director", "clerk", "teller", "supervisor")}
    assert set(answers.values()) <= {200, 403}
    assert 200 in answers.values()

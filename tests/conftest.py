"""Fixtures for every test."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.conf import settings
from django.db import connection

from tests.triggers import triggers_rest_while_tables_are_emptied  # noqa: F401
from wenming.core import clock

settings.PASSWORD_HASHERS = ["tests.hashing.QuickArgon2PasswordHasher", *settings.PASSWORD_HASHERS]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-long", action="store_true", help="also run the long reliability tests of tests/long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and say so in the count of deselected tests, what belongs to the other store or to the long runs."""
    other = "postgresql_only" if connection.vendor == "sqlite" else "sqlite_only"
    long_runs = config.getoption("--run-long")
    left_out = [
        item
        for item in items
        if item.get_closest_marker(other) or ("tests/long/" in str(item.path).replace("\\", "/") and not long_runs)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def at() -> datetime:
    """A Thursday morning in the village."""
    return datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)

"""Fixtures for every test."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.emptying import tables_are_emptied_quickly  # noqa: F401
from wenming.core import clock

EMPTY = "empty.sqlite3"
ASKED_ONCE = (
    "surfaces/test_languages.py",
    "surfaces/test_compress.py",
    "surfaces/test_ui.py",
    "surfaces/test_county_checker.py::test_any_",
    "surfaces/test_county_checker.py::test_the_program_names_the_first_faults",
    "surfaces/test_county_checker.py::test_what_is_no_archive_is_one_sentence",
    "surfaces/test_api_contract.py::test_what_is_not_plain_json_is_refused",
    "surfaces/test_api_contract.py::test_misspelt_and_doubled_parameters_are_named",
    "surfaces/test_api_contract.py::test_odd_days_are_named",
    "surfaces/test_api_lists.py::test_bad_pages_are_named",
    "browser/",
)
"""Tests that need a store to stand on and speak of pages, words, shapes and files: on SQLite alone. All others that touch a
store run on both; so does what stands in `ASKED_AGAIN` of all this."""
ASKED_AGAIN = ("browser/test_walk.py",)
STORES = {"db", "transactional_db", "django_db_setup"}
settings.PASSWORD_HASHERS = ["tests.hashing.QuickArgon2PasswordHasher", *settings.PASSWORD_HASHERS]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-long", action="store_true", help="also run the long reliability tests of tests/long")


def pytest_collection_finish() -> None:
    """What is loaded now stays: the collector of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def is_left_out(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether it belongs to the other store, to the long runs, or has been run on SQLite since it asks no store at all."""
    if "long" in item.path.parts and not config.getoption("--run-long"):
        return True
    if connection.vendor == "sqlite":
        return item.get_closest_marker("postgresql_only") is not None
    speaks = item.get_closest_marker("django_db") or STORES & set(getattr(item, "fixturenames", ()))
    name = item.nodeid.removeprefix("tests/")
    is_once = name.startswith(ASKED_ONCE) and not name.startswith(ASKED_AGAIN)
    return item.get_closest_marker("sqlite_only") is not None or not speaks or is_once


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and say so in the count of deselected tests, what is not for this run."""
    left_out = {item for item in items if is_left_out(item, config)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The migrated store; on SQLite a copy of it is kept for banks in folders of their own."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            (settings.DATA / EMPTY).unlink(missing_ok=True)  # a session that was forked has the folder of its parent
            cursor.execute("VACUUM INTO %s", [str(settings.DATA / EMPTY)])


@pytest.fixture(scope="session")
def new_bank(django_db_setup: None) -> Callable[[Path], Path]:
    """Makes a data folder whose store is migrated and empty; that `migrate` does this itself is said by the tests of `serve`."""

    kept = settings.DATA / EMPTY

    def make(folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        shutil.copy(kept, folder / "wenming.sqlite3")
        return folder

    return make


@pytest.fixture
def at() -> datetime:
    """A Thursday morning in the village."""
    return datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)

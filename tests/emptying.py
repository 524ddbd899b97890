"""Emptying the tables after a test that committed: quickly, and with the triggers at rest, which refuse it as they should."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

from wenming.domain.ledger import triggers

MADE_BY_MIGRATIONS = {"django_migrations", "django_content_type", "auth_permission"}


@functools.cache
def filled_by_tests() -> list[str]:
    """Every table that is empty when a store has just been migrated."""
    names = set(connection.introspection.django_table_names(only_existing=False, include_views=False)) - MADE_BY_MIGRATIONS
    return [connection.ops.quote_name(name) for name in sorted(names)]


def empty_tables() -> None:
    """Leave what a freshly migrated store holds."""
    deletes = [f"DELETE FROM {name}" for name in filled_by_tests()]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for statement in ("PRAGMA defer_foreign_keys = ON", *triggers.drop("sqlite"), *deletes, *triggers.create("sqlite")):
                cursor.execute(statement)
        else:
            cursor.execute("; ".join(("SET LOCAL session_replication_role = replica", *deletes)))


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_quickly() -> Iterator[None]:
    """In the place of Django's flush, which truncates each table and makes every permission anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: empty_tables())
        yield

"""The embedded store in memory, and a note of every row that an act has touched.

The notes are taken by temporary triggers inside the acts' own transactions: what is undone leaves no note.
"""

from __future__ import annotations

import io
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection

from wenming.config import embedded

embedded.use_newest_library()
import sqlite3  # noqa: E402  (after the choice of library above)

UNWATCHED = {"django_migrations", "django_content_type", "auth_permission", "django_session", "axes_accessattempt"}
Change = tuple[str, str, int]  # the table, how (I, U or D), and the row


class Store:
    """A database in memory behind Django's own connection; `copy` and `load` move all of it."""

    def __init__(self) -> None:
        self.before: dict[str, Any] = {}

    def __enter__(self) -> Store:
        assert connection.vendor == "sqlite" and not connection.in_atomic_block
        connection.close()
        self.before = dict(connection.settings_dict)
        connection.settings_dict["NAME"] = ":memory:"
        connection.connection = None
        connection.ensure_connection()
        return self

    def __exit__(self, *_error: object) -> None:
        connection.connection.close()
        connection.connection = None
        connection.settings_dict.update(self.before)

    def migrate(self) -> None:
        call_command("migrate", verbosity=0, stdout=io.StringIO())

    def copy(self) -> sqlite3.Connection:
        """The whole store as it is now, aside."""
        connection.ensure_connection()
        aside = sqlite3.connect(":memory:")
        connection.connection.backup(aside)
        return aside

    def load(self, image: sqlite3.Connection) -> None:
        """A fresh store as it was when the copy was made."""
        connection.connection.close()
        connection.connection = None
        connection.ensure_connection()
        image.backup(connection.connection)


def tables() -> list[str]:
    return sorted({model._meta.db_table for model in apps.get_models()} - UNWATCHED)


def watch() -> None:
    """Begin to note every row that is inserted, updated or deleted."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE noted (place INTEGER PRIMARY KEY, tab TEXT, how TEXT, row INTEGER)")
        for table in tables():
            for act, side in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
                cursor.execute(
                    f"CREATE TEMP TRIGGER note_{table}_{act} AFTER {act} ON main.{table} BEGIN "
                    f"INSERT INTO noted (tab, how, row) VALUES ('{table}', '{act[0]}', {side}.rowid); END"
                )


def noted() -> list[Change]:
    """What was touched since the last call, in order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tab, how, row FROM noted ORDER BY place")
        found: list[Change] = cursor.fetchall()
        if found:
            cursor.execute("DELETE FROM noted")
    return found

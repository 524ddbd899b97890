"""What the stores do bare, without a ledger: the limits that our own figures stand beside."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

from wenming.surfaces.cli.bench.crowds import Processes

TABLE = "CREATE TABLE {name} (id {key} PRIMARY KEY, account bigint, amount bigint, at bigint, key text)"


class BareFile:
    """SQLite with the product's own safety (write-ahead log, FULL): single commits, and batches into a table with one index.

    `by_key` has a unique index on a random key, as every ledger needs against doubling; `by_account` a plain one on a
    small whole number, the cheapest index there is.
    """

    def __init__(self, path: Path) -> None:
        self.store = sqlite3.connect(path, isolation_level=None)
        self.store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000;")
        for name in ("single", "by_key", "by_account"):
            self.store.execute(TABLE.format(name=name, key="integer"))
        self.store.execute("CREATE UNIQUE INDEX by_key_once ON by_key (key)")
        self.store.execute("CREATE INDEX by_account_index ON by_account (account)")

    def commits(self, count: int) -> None:
        for _number in range(count):
            self.store.execute("BEGIN IMMEDIATE")
            self.store.execute("INSERT INTO single (account, amount, at, key) VALUES (1, 300, 1, 'key')")
            self.store.execute("COMMIT")

    def batch(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        self.store.execute("BEGIN IMMEDIATE")
        self.store.executemany(f"INSERT INTO {name} (account, amount, at, key) VALUES (?, ?, ?, ?)", rows)  # noqa: S608
        self.store.execute("COMMIT")

    def close(self) -> None:
        self.store.close()


class BareServer:
    """The same on the PostgreSQL server of the settings: single inserts of several clients, arrays into one index."""

    def __init__(self, clients: int) -> None:
        given = connection.settings_dict
        names = {"HOST": "host", "PORT": "port", "USER": "user", "NAME": "dbname", "PASSWORD": "password"}
        self.address = {name: given[key] for key, name in names.items()}
        self.own: psycopg.Connection[Any] | None = None
        self.clients = Processes(clients, self._insert)
        self.store = psycopg.connect(**self.address, autocommit=True)
        for name in ("bare_single", "bare_by_key"):
            self.store.execute(f"DROP TABLE IF EXISTS {name}")
            self.store.execute(TABLE.format(name=name, key="bigserial"))
        self.store.execute("CREATE UNIQUE INDEX ON bare_by_key (key)")

    def _insert(self, count: int) -> None:
        """In a client's own process, on its own connection."""
        self.own = self.own or psycopg.connect(**self.address, autocommit=True)
        for _number in range(count):
            self.own.execute("INSERT INTO bare_single (account, amount, at, key) VALUES (1, 300, 1, 'key')")

    def commits(self, each: int) -> None:
        self.clients.do([each] * len(self.clients.ends))

    def batch(self, rows: list[tuple[Any, ...]]) -> None:
        self.store.execute(
            "INSERT INTO bare_by_key (account, amount, at, key) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[])",
            [list(column) for column in zip(*rows, strict=True)],
        )

    def close(self) -> None:
        self.clients.close()
        self.store.close()

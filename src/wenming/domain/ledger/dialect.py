# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""The few places where the two stores speak differently. Everything else is the same SQL on both."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from wenming.core.transactions import take_turn
from wenming.domain.ledger import memento

Row = tuple[Any, ...]
NAIVE_EPOCH = memento.EPOCH.replace(tzinfo=None)


def is_sqlite() -> bool:
    return bool(connection.vendor == "sqlite")


def stored(at: datetime | None) -> Any:
    """An instant as the store's own parameter."""
    return connection.ops.adapt_datetimefield_value(at) if at is not None else None


def instant_writer() -> Callable[[int], Any]:
    """Turns microseconds since 1970 into the store's own parameter, quickly."""
    if is_sqlite():
        return lambda micros: str(NAIVE_EPOCH + timedelta(microseconds=micros))
    return memento.instant


def among(column: str, values: Sequence[Any]) -> tuple[str, Any]:
    """`column IN values` with one parameter, however many values there are."""
    if is_sqlite():
        return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values))
    return f"{column} = ANY(%s)", list(values)


def next_ids(table: str, count: int) -> range | list[int]:
    """Ids for new rows, ascending. On SQLite the write lock is held; on PostgreSQL they come from the table's sequence."""
    with connection.cursor() as cursor:
        if is_sqlite():
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            row = cursor.fetchone()
            first = (row[0] if row else 0) + 1
            return range(first, first + count)
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')::regclass) FROM generate_series(1, %s)", [table, count])
        return [row[0] for row in cursor.fetchall()]


def insert(table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Add many rows: one prepared statement on SQLite, COPY on PostgreSQL."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if is_sqlite():
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
            return
        with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def update(table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
    """Set columns (name, type) of rows by id, which stands last in each row."""
    with connection.cursor() as cursor:
        if is_sqlite():
            settings = ", ".join(f"{name} = %s" for name, _type in columns)
            cursor.executemany(f"UPDATE {table} SET {settings} WHERE id = %s", rows)
            return
        settings = ", ".join(f"{name} = given.{name}" for name, _type in columns)
        arrays = ", ".join(f"%s::{kind}[]" for _name, kind in columns)
        names = ", ".join(name for name, _type in columns)
        statement = (
            f"UPDATE {table} SET {settings} FROM unnest({arrays}, %s::bigint[]) AS given({names}, given_id) "
            f"WHERE {table}.id = given.given_id"
        )
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])


def for_update() -> str:
    """Row locks in ascending id on PostgreSQL; on SQLite the write lock is held already."""
    return "" if is_sqlite() else " FOR NO KEY UPDATE"


def join_posting(book_id: int) -> None:
    """Stand among those who post to a book, so that the sealer waits until this act is over."""
    take_turn(f"posting {book_id}", shared=True)


def stop_posting(book_id: int) -> None:
    """Wait, briefly, until nobody is posting to a book, and let nobody begin. Gives up well before a deadlock would."""
    if not is_sqlite():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '800ms'")
            take_turn(f"posting {book_id}")
            cursor.execute("SET LOCAL lock_timeout = 0")


def raw_instant(column: str) -> str:
    """A column of instants as the store keeps it (text on SQLite), which is quicker to read in bulk."""
    return f"{column} || ''" if is_sqlite() else column


def micros_of(raw: Any) -> int:
    """Microseconds since 1970 of an instant that was read by `raw_instant`."""
    return (datetime.fromisoformat(raw) - NAIVE_EPOCH) // memento.MICROSECOND if isinstance(raw, str) else memento.micros(raw)


@contextlib.contextmanager
def snapshot() -> Iterator[None]:
    """Reads that belong together see the books at one instant, and keep nobody from writing."""
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN" if is_sqlite() else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def stream(statement: str, parameters: Sequence[Any]) -> Iterator[Row]:
    """The rows of a long read, a few thousand at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(4096):
            yield from rows


def is_busy(error: Exception) -> bool:
    """Whether an act gave way because others held the lock it asked for."""
    return getattr(error.__cause__, "sqlstate", "") == "55P03"

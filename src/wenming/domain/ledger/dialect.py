# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""The few places where the two stores speak differently. Everything else is the same SQL on both.

The engine's own statements go straight to the driver: on SQLite a prepared statement costs a few microseconds, and the
wrapper around it more than that. Whole numbers, text and `bytearray` are bound as they are; None and `bytes` would be
adapted first, a microsecond each, so no statement of the engine carries them.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import psycopg
from django.db import IntegrityError, connection, transaction

from wenming.core import transactions
from wenming.core.transactions import take_turn, turn
from wenming.domain.ledger import memento

Row = tuple[Any, ...]
Columns = Sequence[tuple[str, str]]
NAIVE_EPOCH = memento.EPOCH.replace(tzinfo=None)
COPY_FROM = 100


@functools.cache
def is_sqlite() -> bool:
    return bool(connection.vendor == "sqlite")


def rows_of(statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """The rows of one read, marks written as `%s`."""
    if not is_sqlite():
        return list(_on_server(statement, parameters).fetchall())
    store = _here(statement)
    try:
        return list(store.connection.execute(_marked(statement), parameters).fetchall())
    except Exception:
        with store.wrap_database_errors:
            raise


def _on_server(statement: str, parameters: Sequence[Any]) -> Any:
    """A statement that PostgreSQL keeps prepared; the wrapper would write the values into its text and plan it anew."""
    store = _here(statement)
    cursor = psycopg.Cursor(store.connection)
    with store.wrap_database_errors:
        return cursor.execute(statement, parameters, prepare=True)


def _here(statement: str = "") -> Any:
    """This thread's connection, opened and not waiting to be rolled back. Who counts statements is told of this one too."""
    store = transactions.store()
    if store.connection is None:
        store.ensure_connection()
    if store.needs_rollback:
        store.validate_no_broken_transaction()
    if statement and store.force_debug_cursor:
        store.queries_log.append({"sql": statement, "time": "0"})
    return store


@functools.cache
def _marked(statement: str) -> str:
    return statement.replace("%s", "?")


def stored(at: datetime | None) -> Any:
    """An instant as the store's own parameter."""
    return connection.ops.adapt_datetimefield_value(at) if at is not None else None


def among(column: str, values: Sequence[Any]) -> tuple[str, Any]:
    """`column IN values` with one parameter, however many values there are."""
    if len(values) == 1:
        return f"{column} = %s", values[0]
    if is_sqlite():
        return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values))
    return f"{column} = ANY(%s)", list(values)


NEXT_ID = "SELECT COALESCE(MAX(id), 0) + 1 FROM {table}"
NEXT_IDS = "SELECT nextval(pg_get_serial_sequence(%s, 'id')::regclass) FROM generate_series(1, %s)"


def next_ids(table: str, count: int) -> Sequence[int]:
    """Ids for new rows, ascending. On SQLite the write lock is held and no row is ever removed; else the table's sequence."""
    if is_sqlite():
        first = rows_of(NEXT_ID.format(table=table))[0][0]
        return range(first, first + count)
    return [row[0] for row in rows_of(NEXT_IDS, [table, count])]


class Taken(IntegrityError):
    """Some of the rows have a key that is there already."""


def insert_new(table: str, columns: Columns, rows: Sequence[Row], key: str) -> None:
    """Add rows; raises `Taken` when one has a key that is there already. Then the others may be there: undo them."""
    written = _insert(table, columns, rows, f" ON CONFLICT ({key}) DO NOTHING")
    if written < len(rows):
        raise Taken


def insert(table: str, columns: Columns, rows: Sequence[Row]) -> None:
    """Add rows of these columns (name, type)."""
    _insert(table, columns, rows, "")


def _insert(table: str, columns: Columns, rows: Sequence[Row], otherwise: str) -> int:
    """One prepared statement on SQLite, on PostgreSQL arrays or, for many rows, COPY; how many were written."""
    if is_sqlite():
        return _run_many(_insertion(table, columns, otherwise), rows)
    names = ", ".join(name for name, _type in columns)
    if len(rows) < COPY_FROM:
        arrays = ", ".join(f"%s::{kind}[]" for _name, kind in columns)
        statement = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}){otherwise}"
        return int(_on_server(statement, [list(column) for column in zip(*rows, strict=True)]).rowcount)
    statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
    store = _here(statement)
    with store.wrap_database_errors, psycopg.Cursor(store.connection).copy(statement) as copy:
        copy.set_types([kind for _name, kind in columns])
        for row in rows:
            copy.write_row(row)
    return len(rows)


def update(table: str, columns: Columns, rows: Sequence[Row]) -> None:
    """Set columns (name, type) of rows by id, which stands last in each row."""
    if is_sqlite():
        _run_many(_changing(table, columns), rows)
        return
    settings = ", ".join(f"{name} = given.{name}" for name, _type in columns)
    arrays = ", ".join(f"%s::{kind}[]" for _name, kind in columns)
    names = ", ".join(name for name, _type in columns)
    statement = (
        f"UPDATE {table} SET {settings} FROM unnest({arrays}, %s::bigint[]) AS given({names}, given_id) "
        f"WHERE {table}.id = given.given_id"
    )
    _on_server(statement, [list(column) for column in zip(*rows, strict=True)])


@functools.cache
def _insertion(table: str, columns: Columns, otherwise: str) -> str:
    names = ", ".join(name for name, _type in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))}){otherwise}"


@functools.cache
def _changing(table: str, columns: Columns) -> str:
    return f"UPDATE {table} SET {', '.join(f'{name} = ?' for name, _type in columns)} WHERE id = ?"


def writes_at_once() -> bool:
    """Whether several tables can be written in one statement."""
    return not is_sqlite()


def write_at_once(
    posted: Columns, transactions: Sequence[Row], line: Columns, entries: Sequence[Row], changed: Columns, figures: Sequence[Row]
) -> None:
    """New transactions, their entries and the figures of accounts (id last). Raises `Taken` when one has a key that is there
    already: then no entry and no figure was written, but other transactions may be there: undo them."""
    columns = [list(column) for rows in (transactions, entries, figures) for column in zip(*rows, strict=True)]
    if not entries:
        columns += [[] for _column in (*line, *changed, "id")]
    found = _on_server(_at_once(posted, line, changed), [*columns[: len(posted)], len(transactions), *columns[len(posted) :]])
    if not found.fetchone()[0]:
        raise Taken


@functools.cache
def _at_once(posted: Columns, line: Columns, changed: Columns) -> str:
    def names(columns: Columns) -> str:
        return ", ".join(name for name, _type in columns)

    def arrays(columns: Columns) -> str:
        return ", ".join(f"%s::{kind}[]" for _name, kind in columns)

    return (
        f"WITH posted AS (INSERT INTO ledger_transaction ({names(posted)}) SELECT * FROM unnest({arrays(posted)}) "
        "ON CONFLICT (book_id, key) DO NOTHING RETURNING 1), "
        "everything AS (SELECT COUNT(*) = %s AS is_posted FROM posted), "
        f"lines AS (INSERT INTO ledger_entry ({names(line)}) SELECT given.* FROM unnest({arrays(line)}) AS given, everything "
        "WHERE is_posted), "
        f"figures AS (UPDATE ledger_account SET {', '.join(f'{name} = given.{name}' for name, _type in changed)} "
        f"FROM unnest({arrays(changed)}, %s::bigint[]) AS given({names(changed)}, pk), everything "
        "WHERE is_posted AND ledger_account.id = given.pk) SELECT is_posted FROM everything"
    )


def add(table: str, columns: Columns, rows: Sequence[Row], sums: Sequence[str]) -> None:
    """Add rows; where the table has one of the same key (all columns but `sums`), its sums grow by these instead."""
    names = ", ".join(name for name, _type in columns)
    key = ", ".join(name for name, _type in columns if name not in sums)
    grown = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {grown}"
        cursor.executemany(statement, rows)


def stored_day(day: date) -> Any:
    """A day as the store's own parameter."""
    return connection.ops.adapt_datefield_value(day)


def day_of(raw: Any) -> date:
    """A column of days as it was read (text on SQLite)."""
    return date.fromisoformat(raw) if isinstance(raw, str) else raw


def _run_many(statement: str, rows: Iterable[Row]) -> int:
    store = _here(statement)
    try:
        return int(store.connection.executemany(statement, rows).rowcount)
    except Exception:
        with store.wrap_database_errors:
            raise


@contextlib.contextmanager
def attempt() -> Iterator[None]:
    """Write rows that a unique key may refuse: what was written before the refusal is undone, the act goes on.

    On SQLite a savepoint of our own, two short statements.
    """
    if not is_sqlite():
        with transaction.atomic():
            yield
        return
    store = connection.connection
    store.execute("SAVEPOINT attempt")
    try:
        yield
    except BaseException:
        store.execute("ROLLBACK TO attempt")
        raise
    finally:
        store.execute("RELEASE attempt")


def for_update(table: str = "ledger_account") -> str:
    """Row locks in ascending id on PostgreSQL; on SQLite the write lock is held already."""
    return "" if is_sqlite() else f" ORDER BY {table}.id FOR NO KEY UPDATE OF {table}"


def join_posting(book_id: int, count: int, statement: str, parameters: Sequence[Any]) -> tuple[Sequence[int], list[Row]]:
    """Stand among those who post to a book, so that the sealer waits until this act is over; then what a read finds; then so
    many ids for new transactions. In this order, but in one exchange with the store. The rows may have a column more."""
    if is_sqlite():
        found = rows_of(_and_next_id(statement), parameters)
        if not found:
            return next_ids("ledger_transaction", count), []
        return range(found[0][-1], found[0][-1] + count), found
    store = _here()
    with store.wrap_database_errors, store.connection.pipeline():
        _on_server("SELECT pg_advisory_xact_lock_shared(%s)", [turn(f"posting {book_id}")])
        read = _on_server(statement, parameters)
        ids = _on_server(NEXT_IDS, ["ledger_transaction", count])
        rows = list(read.fetchall())
        return [row[0] for row in ids.fetchall()], rows


@functools.cache
def _and_next_id(statement: str) -> str:
    """The same read with the id of the next transaction as its last column."""
    columns, place, rest = statement.partition(" FROM ")
    return f"{columns}, ({NEXT_ID.format(table='ledger_transaction')}){place}{rest}"


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


@functools.lru_cache(maxsize=4096)
def micros_of(raw: Any) -> int:
    """Microseconds since 1970 of an instant that was read by `raw_instant`. Many rows have the same one."""
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
    for rows in pages(statement, parameters):
        yield from rows


def pages(statement: str, parameters: Sequence[Any], size: int = 4096) -> Generator[list[Row]]:
    """The same, page by page."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(size):
            yield list(rows)


def is_busy(error: Exception) -> bool:
    """Whether an act gave way because others held the lock it asked for."""
    return getattr(error.__cause__, "sqlstate", "") == "55P03"

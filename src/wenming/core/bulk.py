"""Rows by the thousand without an object for each: one prepared statement on SQLite, COPY on PostgreSQL.

For services that write a whole sheet. Values are given as the columns hold them; dates, instants and JSON are turned into
the store's own form here (JSON that is text already is taken as it is). Every column without a database default has to be
named, but for one that is NULL throughout: model defaults do not apply.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Row = Sequence[Any]
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def next_ids(model: type[Model], count: int) -> Sequence[int]:
    """Ids for new rows, ascending. On SQLite the write lock is held; on PostgreSQL they come from the table's sequence."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            row = cursor.fetchone()
            first = (row[0] if row else 0) + 1
            return range(first, first + count)
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')::regclass) FROM generate_series(1, %s)", [table, count])
        return [row[0] for row in cursor.fetchall()]


def create(things: Sequence[Any]) -> None:
    """Save new instances of one model, with the ids they have or else new ones: `bulk_create`, several times faster.

    No signals, no defaults of the database.
    """
    if not things:
        return
    model = type(things[0])
    fields = model._meta.concrete_fields
    relations = [field for field in fields if field.is_relation]
    new = [thing for thing in things if thing.pk is None]
    for pk, thing in zip(next_ids(model, len(new)), new, strict=True):
        thing.pk = pk
    alias = connection.alias
    for thing in things:
        thing._state.adding, thing._state.db = False, alias
        for field in relations:
            if thing.__dict__[field.attname] is None and (related := field.get_cached_value(thing, None)) is not None:
                setattr(thing, field.name, related)
    values = operator.itemgetter(*(field.attname for field in fields))
    insert(model, [field.name for field in fields], [values(thing.__dict__) for thing in things])


def insert(model: type[Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Add rows to a model's table; `names` are the model's field names, in the order of each row."""
    given = _ready(model, names, rows)
    spoken = [(name, values) for name, values in given if values.count(None) < len(values)]
    if not spoken:
        return
    columns = ", ".join(connection.ops.quote_name(name) for name, _values in spoken)
    table = connection.ops.quote_name(model._meta.db_table)
    ready = list(zip(*(values for _name, values in spoken), strict=True))
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(spoken))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", ready)  # noqa: S608 (own names)
            return
        with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in ready:
                copy.write_row(row)


def update(model: type[Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Set fields of rows by id, which stands last in each row."""
    given = _ready(model, [*names, "id"], rows)
    settings = ", ".join(f"{connection.ops.quote_name(name)} = %s" for name, _values in given[:-1])
    table = connection.ops.quote_name(model._meta.db_table)
    ready = list(zip(*(values for _name, values in given), strict=True))
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {settings} WHERE id = %s", ready)  # noqa: S608 (own names)


def _ready(model: type[Model], names: Sequence[str], rows: Iterable[Row]) -> list[tuple[str, Sequence[Any]]]:
    """Every column's name with its values in the store's own form: a value that comes again is turned once."""
    fields: list[Field[Any, Any]] = [model._meta.get_field(name) for name in names]  # type: ignore[misc]
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(fields)
    turns = [_turn(field) for field in fields]
    return [
        (str(field.column), values if turn is None else list(map(turn, values)))
        for field, turn, values in zip(fields, turns, columns, strict=True)
    ]


class _Turned(dict[Any, Any]):
    """The values of one column that came so far, with the store's form of each."""

    def __init__(self, turn: Callable[[Any], Any]) -> None:
        super().__init__({None: None})
        self.turn = turn

    def __missing__(self, value: Any) -> Any:
        made = self[value] = self.turn(value)
        return made


def _turn(field: Field[Any, Any]) -> Callable[[Any], Any] | None:
    """How a value of this field becomes the store's own; None where it is taken as it is."""
    if field.choices:
        return _Turned(str).__getitem__
    kind = field.get_internal_type()
    if kind == "JSONField":
        return lambda value: value if value is None or isinstance(value, str) else COMPACT(value)
    if kind in ("DateTimeField", "DateField"):
        return _Turned(lambda value: field.get_db_prep_save(value, connection)).__getitem__
    if kind == "BooleanField" and connection.vendor == "sqlite":
        return {True: 1, False: 0, None: None}.__getitem__
    return None

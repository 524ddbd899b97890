"""Questions that are asked, and rows that are added, at every act: put together once.

Django puts the SQL of a queryset together anew each time it is asked, which costs several times what the store then takes to
answer. A prepared question is built once with slots where its values go; from then on only the values are filled in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.sqlite3.base import FORMAT_QMARK_REGEX
from django.db.models import AutoField, Expression, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.query import ModelIterable, ValuesListIterable
from django.db.models.sql import InsertQuery

from wenming.core import transactions

T = TypeVar("T")
M = TypeVar("M", bound=Model)
Row = Sequence[Any]


class Slot(Expression):
    """Stands in a queryset for a value that comes later."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class _Statement:
    """One statement in the words of one kind of store.

    The driver is asked itself, since Django's cursors and their wrappers took longer than the embedded store's answer, and on
    PostgreSQL would write the values into the text and have it planned anew; but not while somebody listens: whoever counts the
    questions hears all of them.
    """

    def __init__(self, sql: str, store: Any) -> None:
        self.sql = sql
        self.bare = FORMAT_QMARK_REGEX.sub("?", sql).replace("%%", "%") if store.vendor == "sqlite" else ""

    def rows(self, store: Any, values: Row) -> list[Row]:
        """Everything that the store answers."""
        found: list[Row]
        if store.force_debug_cursor or store.execute_wrappers:
            with store.cursor() as cursor:
                cursor.execute(self.sql, values)
                found = cursor.fetchall()
            return found
        if store.connection is None:
            store.ensure_connection()
        store.validate_no_broken_transaction()
        with store.wrap_database_errors:
            if self.bare:
                found = store.connection.execute(self.bare, values).fetchall()
            else:
                found = psycopg.Cursor(store.connection).execute(self.sql, values, prepare=True).fetchall()
        return found


def of_values(model: type[M], values: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> M:
    """An object that the store holds, of the values of all its columns; the dictionary becomes the object's own."""
    made = model.__new__(model)
    state = ModelState()
    state.adding, state.db = False, alias
    values["_state"] = state
    made.__dict__ = values
    return made


class _Maker:
    """Makes an object of the columns of a row, and the objects beside it.

    It holds what `from_db` would give it. Going by way of `Model.__init__`, which looks at every field and sends two signals,
    took three times as long; here no model has an `__init__` of its own and nobody listens.
    """

    def __init__(self, info: Any, chosen: Any) -> None:
        places = info["select_fields"]
        self.model, self.first, self.last = info["model"], places[0], places[-1] + 1
        if self.model.__init__ is not Model.__init__ or info.get("from_parent"):
            raise TypeError("a model with an __init__ or a table above its own is not made of a row")
        self.names = [one[0].target.attname for one in chosen[self.first : self.last]]
        self.key = self.first + self.names.index(self.model._meta.pk.attname)
        self.beside = [
            (_Maker(one, chosen), one["local_setter"], one["remote_setter"]) for one in info.get("related_klass_infos", ())
        ]

    def __call__(self, row: Row, alias: str) -> Any:
        made = of_values(self.model, dict(zip(self.names, row[self.first : self.last], strict=True)), alias)
        for make, set_here, set_there in self.beside:
            one = make(row, alias) if row[make.key] is not None else None
            set_here(made, one)
            if one is not None:
                set_there(one, made)
        return made


class _Compiled:
    """One question in the words of one kind of store: its SQL, and how an object is made of a row."""

    def __init__(self, question: QuerySet[Any], store: Any) -> None:
        compiler = question.query.get_compiler(connection=store)
        sql, parameters = compiler.as_sql()
        self.statement = _Statement(sql, store)
        self.parameters = list(parameters)
        self.slots = [(place, one.name) for place, one in enumerate(parameters) if isinstance(one, Slot)]
        chosen: Any = compiler.select
        converters = compiler.get_converters([one[0] for one in chosen]).items()
        self.converters = [(place, turn, expression) for place, (turns, expression) in converters for turn in turns]
        self.make: _Maker | None = None
        if question._iterable_class is ModelIterable:
            self.make = _Maker(compiler.klass_info, chosen)
        elif question._iterable_class is not ValuesListIterable:
            raise TypeError("a prepared question gives objects or tuples")

    def ask(self, values: dict[str, Any], store: Any) -> list[Any]:
        filled = self.parameters.copy()
        for place, name in self.slots:
            filled[place] = _adapted(values[name], store)
        found = []
        for row in self.statement.rows(store, filled):
            if self.converters:
                row = list(row)
                for place, turn, expression in self.converters:
                    row[place] = turn(row[place], expression, store)
            found.append(self.make(row, store.alias) if self.make is not None else tuple(row))
        return found


def _adapted(value: Any, store: Any) -> Any:
    """A value as the store wants it. NULL is no value: a comparison with it is another question."""
    if value is None:
        raise TypeError("a slot wants a value")
    if isinstance(value, datetime):
        return store.ops.adapt_datetimefield_value(value)
    return store.ops.adapt_datefield_value(value) if isinstance(value, date) else value


class Prepared(Generic[T]):
    """Called with the values by name, in any order: everything found, as a list."""

    def __init__(self, build: Callable[..., QuerySet[Any, T]]) -> None:
        self.build, self.__doc__ = build, build.__doc__
        self.names = tuple(inspect.signature(build).parameters)
        self.compiled: dict[str, _Compiled] = {}

    def __call__(self, **values: Any) -> list[T]:
        store = transactions.store()
        compiled = self.compiled.get(store.vendor)
        if compiled is None:
            compiled = self.compiled[store.vendor] = _Compiled(self.build(**{name: Slot(name) for name in self.names}), store)
        return compiled.ask(values, store)

    def one(self, **values: Any) -> T | None:
        """The first that is found, or None; the question itself says how many it wants."""
        return next(iter(self(**values)), None)


def prepared(build: Callable[..., QuerySet[Any, T]]) -> Prepared[T]:
    """Makes a question of a function that puts a queryset together out of its arguments, each a value to compare with."""
    return Prepared(build)


class _Insert:
    """How a row is added to the table of one model, in the words of one kind of store."""

    def __init__(self, thing: Model, store: Any) -> None:
        key = thing._meta.pk
        fields = [field for field in thing._meta.concrete_fields if field is not key]
        if not isinstance(key, AutoField) or any(getattr(field, name, False) for field in fields for name in FILLED_IN):
            raise TypeError("a model with fields that are filled in when it is saved is not added so")
        query = InsertQuery(type(thing))
        query.insert_values(fields, [thing])
        compiler = query.get_compiler(connection=store)
        compiler.returning_fields = [key]
        ((sql, _values),) = compiler.as_sql()
        self.statement = _Statement(sql, store)
        self.values = [(field.attname, _plain_type(field), field.get_db_prep_save) for field in fields]

    def add(self, thing: Model, store: Any) -> None:
        given = thing.__dict__
        ready = []
        for name, plain, turn in self.values:
            value = given[name]
            ready.append(value if value is None or type(value) is plain else turn(value, store))
        ((thing.pk,),) = self.statement.rows(store, ready)
        thing._state.adding, thing._state.db = False, store.alias


FILLED_IN = ("auto_now", "auto_now_add")
NUMBERS = ("BigAutoField", "BigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField")


def _plain_type(field: Any) -> type[object]:
    """The type whose values of this field are what the store keeps; all others the field itself makes ready."""
    kind = (field.target_field if field.is_relation else field).get_internal_type()
    return int if kind in NUMBERS else str if kind == "CharField" else type(None)


_inserts: dict[tuple[type[Model], str], _Insert] = {}


def save_new(thing: Model) -> None:
    """Add a row: what `save(force_insert=True)` does for a model that nobody listens to, without putting the SQL together.

    The rows that it points at have been saved before it was made.
    """
    if thing.pk is not None:
        raise TypeError("a row with a key is not new")
    store = transactions.store()
    insert = _inserts.get((type(thing), store.vendor))
    if insert is None:
        insert = _inserts[type(thing), store.vendor] = _Insert(thing, store)
    insert.add(thing, store)

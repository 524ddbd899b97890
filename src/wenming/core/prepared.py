"""Questions that are asked at every act, put together once.

Django puts the SQL of a queryset together anew each time it is asked, which costs several times what the store then takes to
answer. A prepared question is built once with slots where its values go; from then on only the values are filled in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, QuerySet
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators

T = TypeVar("T")


class Slot(Expression):
    """Stands in a queryset for a value that comes later."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class _Compiled:
    """One question in the words of one kind of store: its SQL, and how an object is made of a row."""

    def __init__(self, question: QuerySet[Any]) -> None:
        compiler = question.query.get_compiler(connection=connection)
        self.sql, parameters = compiler.as_sql()
        self.parameters: Sequence[Any] = tuple(parameters)
        chosen: Any = compiler.select
        self.converters = compiler.get_converters([one[0] for one in chosen])
        self.model: Any = None
        if question._iterable_class is ModelIterable:
            info: Any = compiler.klass_info
            places = info["select_fields"]
            self.model, self.first, self.last = info["model"], places[0], places[-1] + 1
            self.names = [one[0].target.attname for one in chosen[self.first : self.last]]
            self.beside = get_related_populators(info, chosen, connection.alias)  # type: ignore[call-arg]  # of Django after this one
        elif question._iterable_class is not ValuesListIterable:
            raise TypeError("a prepared question gives objects or tuples")

    def ask(self, values: dict[str, Any]) -> Iterator[Any]:
        filled = [_adapted(values[one.name]) if isinstance(one, Slot) else one for one in self.parameters]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, filled)
            rows: Iterable[Sequence[Any]] = cursor.fetchall()
        for row in rows:
            read = list(row)
            for place, (functions, expression) in self.converters.items():
                for function in functions:
                    read[place] = function(read[place], expression, connection)
            if self.model is None:
                yield tuple(read)
                continue
            made = self.model.from_db(connection.alias, self.names, read[self.first : self.last])
            for one in self.beside:
                one.populate(read, made)
            yield made


def _adapted(value: Any) -> Any:
    """A value as the store wants it. NULL is no value: a comparison with it is another question."""
    if value is None:
        raise TypeError("a slot wants a value")
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


class Prepared(Generic[T]):
    """Called with the values by name, in any order: everything found, as a list."""

    def __init__(self, build: Callable[..., QuerySet[Any, T]]) -> None:
        self.build, self.__doc__ = build, build.__doc__
        self.names = tuple(inspect.signature(build).parameters)
        self.compiled: dict[str, _Compiled] = {}

    def __call__(self, **values: Any) -> list[T]:
        compiled = self.compiled.get(connection.vendor)
        if compiled is None:
            compiled = _Compiled(self.build(**{name: Slot(name) for name in self.names}))
            self.compiled[connection.vendor] = compiled
        return list(compiled.ask(values))

    def one(self, **values: Any) -> T | None:
        """The first that is found, or None; the question itself says how many it wants."""
        return next(iter(self(**values)), None)


def prepared(build: Callable[..., QuerySet[Any, T]]) -> Prepared[T]:
    """Makes a question of a function that puts a queryset together out of its arguments, each a value to compare with."""
    return Prepared(build)

"""A village is built by the services once; whoever needs the same one again gets a copy of its rows and of its photos.

Each process keeps its own copies. A copy is laid down only in a store that holds nothing, and is never changed.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import connection, transaction

from tests.emptying import filled_by_tests
from wenming.core.models import Attachment

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Copy:
    """What a function answered, the rows of every table as the store hands them out, and each photo with its instant."""

    answer: Any
    rows: dict[str, Any]
    photos: dict[str, tuple[bytes, float]]


_copies: dict[object, Copy] = {}


def kept(build: Callable[P, T]) -> Callable[P, T]:
    """Let a function that fills an empty store do so once for each set of arguments."""

    @functools.wraps(build)
    def built(*arguments: P.args, **more: P.kwargs) -> T:
        if not _is_empty():
            return build(*arguments, **more)
        name = (build, arguments, tuple(sorted(more.items())))
        copy = _copies.get(name)
        if copy is None:
            answer = build(*arguments, **more)
            _copies[name] = Copy(deepcopy(answer), _rows(), _photos())
            return answer
        _lay_down(copy)
        return deepcopy(copy.answer)

    return built


def _is_empty() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in filled_by_tests()))
        return not cursor.fetchone()[0]


def _rows() -> dict[str, Any]:
    """PostgreSQL gives and takes them as one piece of text, SQLite as a list."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for table in filled_by_tests():
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} TO STDOUT") as text:
                    found[table] = b"".join(text)
            else:
                found[table] = cursor.execute(f"SELECT * FROM {table}").fetchall()
    return {table: rows for table, rows in found.items() if rows}


def _photos() -> dict[str, tuple[bytes, float]]:
    places = [(path, Path(settings.MEDIA_ROOT) / path) for path in Attachment.objects.values_list("path", flat=True)]
    return {path: (place.read_bytes(), place.stat().st_mtime) for path, place in places}


def _lay_down(copy: Copy) -> None:
    """Numbers that the store gives out went past those of the copy when it was built, and never go back."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table, rows in copy.rows.items():
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} FROM STDIN") as text:
                    text.write(rows)
            else:
                cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)
    for path, (content, instant) in copy.photos.items():
        place = Path(settings.MEDIA_ROOT) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        os.utime(place, (instant, instant))

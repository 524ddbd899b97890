"""The one way in for writes: `@service` makes a function one durable, all-or-nothing act.

On the embedded store writers take turns on a lock of the process before they ask SQLite for its write lock, so they
queue in order instead of polling; `BEGIN IMMEDIATE` still guards against other processes.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")
_turn = threading.RLock()


@contextlib.contextmanager
def act() -> Iterator[None]:
    """One act: outermost, a transaction; inside another act, a savepoint of it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with _turn, transaction.atomic():
            yield
    else:
        with transaction.atomic():
            yield


def service(function: Callable[P, R]) -> Callable[P, R]:
    """Run the whole function as one act."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with act():
            return function(*args, **kwargs)

    return run

"""The one way in for writes: `@service` makes a function one durable, all-or-nothing act.

On the embedded store acts run one after the other, in the order in which they came, and share commits: see `core/writing`.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from wenming.core import writing
from wenming.core.failpoints import failpoint

P = ParamSpec("P")
R = TypeVar("R")


class _Running(threading.local):
    """The acts that run in this thread, one inside the other, and what is to be written when the outermost ends."""

    def __init__(self) -> None:
        self.depth = 0
        self.store: Any = None
        self.last: list[Callable[[], None]] = []


_running = _Running()


def store() -> Any:
    """This thread's connection. Inside an act it is at hand; Django looks it up by way of the event loop, a microsecond each."""
    return _running.store or connections[DEFAULT_DB_ALIAS]


class act:  # noqa: N801  (said as a verb: `with act():`)
    """One act: outermost, durable when this is left; inside another act, a savepoint of it.

    Raises `NotKept` where the store gave up what was written and somebody inside went on as if nothing had happened.
    """

    __slots__ = ("already", "place")

    def __enter__(self) -> None:
        own = store()
        is_shared = own.vendor == "sqlite" and not own.in_atomic_block
        self.already = len(_running.last)
        self.place: AbstractContextManager[Any] = writing.Turn(own) if is_shared else transaction.atomic()
        lent = self.place.__enter__()
        _running.depth += 1
        if _running.depth == 1:
            _running.store = lent or own

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        if fault is None:
            try:
                self._end()
            except BaseException as late:
                self._leave(type(late), late, late.__traceback__)
                raise
        self._leave(kind, fault, trace)
        if fault is None and not _running.depth:
            failpoint("act.ended")

    def _end(self) -> None:
        if _running.depth == 1:
            while _running.last:
                _running.last.pop(0)()
            failpoint("act.ending")
        if _running.store.needs_rollback:
            raise writing.NotKept(writing.GAVE_UP)

    def _leave(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        _running.depth -= 1
        if not _running.depth:
            _running.store = None
        if fault is not None:
            del _running.last[self.already :]
        self.place.__exit__(kind, fault, trace)


def at_the_end(write: Callable[[], None]) -> None:
    """Write this when the act ends, still inside its transaction; at once where no act runs.

    For rows that everybody waits for, such as the end of a chain: their lock is then always the last one taken, so two
    acts never wait for each other. What belongs to an inner act that is undone is not written.
    """
    if _running.depth:
        _running.last.append(write)
    else:
        write()


def service(function: Callable[P, R]) -> Callable[P, R]:
    """Run the whole function as one act."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with act():
            return function(*args, **kwargs)

    return run


@functools.lru_cache(maxsize=256)
def turn(name: str) -> int:
    """The key of the server's lock that stands for this name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def take_turn(*names: str, shared: bool = False) -> None:
    """Wait until no other act holds these names; they are held until this act ends. Taken in one order by everybody.

    For what no row stands for: a cap, the next number of a series. On the embedded store writers take turns anyway.
    """
    if connection.vendor != "postgresql":
        return
    keys = sorted({turn(name) for name in names})
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute(f"SELECT {function}(%s)", [key])  # noqa: S608

"""The one way in for writes: `@service` makes a function one durable, all-or-nothing act.

On the embedded store acts run one after the other, in the order in which they came, and share commits: see `core/writing`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

from wenming.core import writing
from wenming.core.failpoints import failpoint

P = ParamSpec("P")
R = TypeVar("R")


class _Running(threading.local):
    """The acts that run in this thread, one inside the other, and what is to be written when the outermost ends."""

    def __init__(self) -> None:
        self.depth = 0
        self.last: list[Callable[[], None]] = []


_running = _Running()


@contextlib.contextmanager
def act() -> Iterator[None]:
    """One act: outermost, durable when this returns; inside another act, a savepoint of it.

    Raises `NotKept` where the store gave up what was written and somebody inside went on as if nothing had happened.
    """
    already = len(_running.last)
    is_shared = connection.vendor == "sqlite" and not connection.in_atomic_block
    with writing.in_turn() if is_shared else transaction.atomic():
        _running.depth += 1
        try:
            yield
            if _running.depth == 1:
                while _running.last:
                    _running.last.pop(0)()
                failpoint("act.ending")
            if connection.needs_rollback:
                raise writing.NotKept(writing.GAVE_UP)
        except BaseException:
            del _running.last[already:]
            raise
        finally:
            _running.depth -= 1
    if not _running.depth:
        failpoint("act.ended")


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

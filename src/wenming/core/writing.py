"""Acts on the embedded store: one after the other, and one durable commit for all that came while the last one ran.

SQLite has one writer. Whoever comes first begins a transaction on his own connection; who comes while it is open waits in
line, is lent that connection, does his act inside a savepoint of it, and passes it on. The last in line commits for all, and
only then does anybody get his answer, a refusal too: what it rests on is durable. An act that fails is undone alone. If the
commit fails, or the store gave up the whole transaction, everybody in it is told so and nothing of it is there.
"""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction

Hook = tuple[set[str], Callable[[], object], bool]
GAVE_UP = "the store gave up the transaction"
TOGETHER = 0.02
"""Seconds after which a transaction takes nobody else in, however many wait: nobody waits long for others."""


class NotKept(DatabaseError):
    """The store could not keep what was written together; nothing of it is there."""


class Line:
    """A line before one counter: who comes first is served first, and the turn is handed on, not fought for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting: collections.deque[threading.Lock] = collections.deque()

    def enter(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        try:
            gate.acquire()
        except BaseException:
            self._step_out(gate)
            raise

    def _step_out(self, gate: threading.Lock) -> None:
        """Somebody gave up waiting; if it was his turn already, the next is called."""
        with self._guard:
            if gate in self._waiting:
                self._waiting.remove(gate)
                return
        self.leave()

    def leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def has_more(self) -> bool:
        return bool(self._waiting)


class Together:
    """One transaction of several acts: whose connection it is on, since when, how many, and how it ended."""

    def __init__(self) -> None:
        self.store: Any = connections[DEFAULT_DB_ALIAS]
        self.since = time.monotonic()
        self.acts = 0
        self.ended = threading.Event()
        self.is_undone = False
        self.fault: Exception | None = None
        self._whole = transaction.atomic()
        self._whole.__enter__()
        self.store.inc_thread_sharing()

    def is_over(self) -> bool:
        return self.is_undone or self.fault is not None or time.monotonic() - self.since > TOGETHER

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Where one act is done: undone alone when it fails, or when something inside it asked for that.

        The first needs no savepoint: when it fails, the whole transaction is undone, and who waits begins another.
        """
        is_first, raw = self.acts == 0, self.store.connection
        self.acts += 1
        if not is_first:
            raw.execute("SAVEPOINT act")
        try:
            yield
        except BaseException:
            self._undo(raw, is_first)
            raise
        if self.store.needs_rollback:
            self._undo(raw, is_first)
        elif not is_first:
            self._try(raw, "RELEASE act")
        elif not raw.in_transaction:
            self.fault = NotKept(GAVE_UP)

    def _undo(self, raw: Any, is_first: bool) -> None:
        self.store.needs_rollback, self.store.run_on_commit = is_first, []
        if is_first:
            self.is_undone = True
            return
        self._try(raw, "ROLLBACK TO act")
        self._try(raw, "RELEASE act")

    def _try(self, raw: Any, statement: str) -> None:
        """The store gives up a whole transaction by itself when its disk is full or broken; then no savepoint is left."""
        try:
            raw.execute(statement)
        except Exception as error:
            self.fault = NotKept(GAVE_UP)
            self.fault.__cause__ = error

    def take_hooks(self) -> list[Hook]:
        """What the act that just ended wants done after the commit; it does it itself."""
        hooks: list[Hook] = self.store.run_on_commit
        self.store.run_on_commit = []
        return hooks

    def end(self) -> None:
        """Commit, or give up what can't be kept, with the connection in hand; then everybody is told."""
        try:
            if self.fault is None:
                self._whole.__exit__(None, None, None)
            else:
                self._whole.__exit__(type(self.fault), self.fault, None)
        except Exception as error:
            self.fault = self.fault or error
        finally:
            self.store.dec_thread_sharing()
            self.ended.set()

    def wait(self) -> None:
        """Come back when everything is durable; raise when it is not."""
        while not self.ended.wait(1):
            _finish(self)
        if self.fault is not None:
            raise self.fault if self.acts == 1 else NotKept(str(self.fault)) from self.fault


_line = Line()
_open: Together | None = None


@contextlib.contextmanager
def in_turn() -> Iterator[None]:
    """Take one's turn; when this returns, what was done is durable. What is to follow the commit follows it here."""
    global _open
    _line.enter()
    try:
        group = _open = _open or Together()
    except BaseException:
        _line.leave()
        raise
    hooks: list[Hook] = []
    try:
        with _Lent(group):
            try:
                with group.place():
                    yield
            finally:
                hooks = group.take_hooks()
                if group.is_over() or not _line.has_more():
                    _open = None
                    group.end()
    finally:
        _line.leave()
        group.wait()
    for _savepoints, hook, is_robust in hooks:
        transaction.on_commit(hook, robust=is_robust)


class _Lent:
    """In this thread, for now, the store's connection is the one that the transaction is on."""

    def __init__(self, group: Together) -> None:
        self.own, self.store = connections[DEFAULT_DB_ALIAS], group.store

    def __enter__(self) -> None:
        if self.own is not self.store:
            connections[DEFAULT_DB_ALIAS] = self.store

    def __exit__(self, *_fault: object) -> None:
        if self.own is not self.store:
            connections[DEFAULT_DB_ALIAS] = self.own


def _finish(group: Together) -> None:
    """End a transaction that nobody goes on with: who stood next in line was interrupted before his turn came."""
    global _open
    _line.enter()
    try:
        if _open is group:
            _open = None
            with _Lent(group):
                group.end()
    finally:
        _line.leave()

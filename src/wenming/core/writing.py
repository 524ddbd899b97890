"""Acts on the embedded store: one after the other, and one durable commit for all that came while the last one ran.

SQLite has one writer. Whoever comes first begins a transaction on his own connection; who comes while it is open waits in
line, is lent that connection, does his act inside a savepoint of it, and passes it on. The last in line commits for all, and
only then does anybody get his answer, a refusal too: what it rests on is durable. An act that fails is undone alone. If the
commit fails, or the store gave up the whole transaction, everybody in it is told so and nothing of it is there.
"""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable
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
    """One transaction of several acts: whose connection it is on, since when, how many, and how it ended.

    It is begun and ended in the store's own words, with what Django's `atomic` notes on its connection noted here: an act that
    does nothing else takes a third of the time that it took by way of `atomic`.
    """

    def __init__(self, store: Any) -> None:
        self.store = store
        self.acts = 0
        self.is_undone = self.is_ended = False
        self.fault: Exception | None = None
        self.ended = threading.Event()
        self._begin()
        self.since = time.monotonic()
        store.inc_thread_sharing()

    def _begin(self) -> None:
        store = self.store
        if store.connection is None:
            store.ensure_connection()
        with store.wrap_database_errors:
            store.connection.execute("BEGIN IMMEDIATE")
        store.autocommit = store.needs_rollback = False
        store.in_atomic_block = store.commit_on_exit = True

    def is_over(self) -> bool:
        return self.is_undone or self.fault is not None or time.monotonic() - self.since > TOGETHER

    def begin_act(self) -> None:
        """The first needs no savepoint: when it fails, the whole transaction is undone, and who waits begins another."""
        self.acts += 1
        if self.acts > 1:
            self.store.connection.execute("SAVEPOINT act")

    def end_act(self, *, is_failed: bool) -> None:
        """Undone alone when it failed, or when something inside it asked for that."""
        raw, is_first = self.store.connection, self.acts == 1
        if is_failed or self.store.needs_rollback:
            self.store.needs_rollback, self.store.run_on_commit = is_first, []
            if is_first:
                self.is_undone = True
            else:
                self._try(raw, "ROLLBACK TO act")
                self._try(raw, "RELEASE act")
        elif not is_first:
            self._try(raw, "RELEASE act")
        elif not raw.in_transaction:
            self.fault = NotKept(GAVE_UP)

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
        if hooks:
            self.store.run_on_commit = []
        return hooks

    def end(self) -> None:
        """Commit, or give up what can't be kept, with the connection in hand; then everybody is told."""
        store = self.store
        try:
            with store.wrap_database_errors:
                if self.fault is None and not store.needs_rollback:
                    store.connection.commit()
                    store.errors_occurred = False
                else:
                    store.connection.rollback()
        except BaseException as error:
            self.fault = self.fault or (error if isinstance(error, Exception) else NotKept(GAVE_UP))
            self._give_up()
            if not isinstance(error, Exception):
                raise
        finally:
            store.in_atomic_block = store.needs_rollback = False
            store.autocommit = True
            store.dec_thread_sharing()
            self.is_ended = True
            self.ended.set()

    def _give_up(self) -> None:
        """A commit that failed may have left the transaction open, and a connection that can't undo it is of no use."""
        try:
            self.store.connection.rollback()
        except Exception:
            self.store.in_atomic_block = False
            self.store.close()

    def wait(self) -> None:
        """Come back when everything is durable; raise when it is not."""
        while not (self.is_ended or self.ended.wait(1)):
            _finish(self)
        if self.fault is not None:
            raise self.fault if self.acts == 1 else NotKept(str(self.fault)) from self.fault


_line = Line()
_open: Together | None = None


class Turn:
    """One act's turn before the store, on the connection of whoever began the transaction. When it is left, what was done is
    durable, and what is to follow the commit has followed it, in this thread."""

    __slots__ = ("group", "own")

    def __init__(self, own: Any) -> None:
        self.own = own

    def __enter__(self) -> Any:
        """The connection that it is on."""
        global _open
        _line.enter()
        try:
            self.group = _open = _open or Together(self.own)
        except BaseException:
            _line.leave()
            raise
        try:
            self._lend(self.group.store)
            self.group.begin_act()
        except BaseException:
            self._pass_on()
            raise
        return self.group.store

    def __exit__(self, kind: object, _fault: object, _trace: object) -> None:
        try:
            self.group.end_act(is_failed=kind is not None)
        finally:
            self._pass_on()

    def _lend(self, store: Any) -> None:
        """In this thread, from now on, the store's connection is this one."""
        if self.own is not self.group.store:
            connections[DEFAULT_DB_ALIAS] = store

    def _pass_on(self) -> None:
        """Commit if nobody is to be taken in any more, call the next in line, wait until all of it is durable."""
        global _open
        group = self.group
        hooks: list[Hook] = []
        try:
            hooks = group.take_hooks()
            if group.is_over() or not _line.has_more():
                _open = None
                group.end()
        finally:
            self._lend(self.own)
            _line.leave()
            group.wait()
        for _savepoints, hook, is_robust in hooks:
            transaction.on_commit(hook, robust=is_robust)


def _finish(group: Together) -> None:
    """End a transaction that nobody goes on with: who stood next in line was interrupted before his turn came."""
    global _open
    _line.enter()
    try:
        if _open is group:
            _open = None
            group.end()
    finally:
        _line.leave()

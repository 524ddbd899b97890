"""Requests of one kind that wait at the same time are done as one act.

Whoever finds a tray unattended attends to it: he takes all that lies on it, does it in one act, and hands everybody his own
answer once that act is durable. What comes meanwhile lies there for the next round, and its first caller is the next to
attend. If one of them is refused, nothing of the set was written: then each is done alone, in a savepoint of one act.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import transaction

from wenming.core.transactions import act, store

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
MOST = 512


class _Slip(Generic[Asked, Answer]):
    """One request, and what came of it."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.gate = threading.Lock()
        self.gate.acquire()
        self.is_done = self.is_called = False
        self.fault: BaseException | None = None
        self.answer: Answer

    def result(self) -> Answer:
        if self.fault is not None:
            raise self.fault
        return self.answer


class Tray(Generic[Asked, Answer]):
    """`do` does a set of requests, all or nothing, and gives their answers in order."""

    def __init__(self, do: Callable[[list[Asked]], list[Answer]]) -> None:
        self._do = do
        self._guard = threading.Lock()
        self._slips: list[_Slip[Asked, Answer]] = []
        self._is_attended = False

    def ask(self, asked: Asked) -> Answer:
        """The answer to one request, when it is durable; raises what it was refused with. Inside an act, done there at once."""
        if store().in_atomic_block:
            return self._do([asked])[0]
        slip: _Slip[Asked, Answer] = _Slip(asked)
        with self._guard:
            self._slips.append(slip)
            is_mine, self._is_attended = not self._is_attended, True
        if not is_mine:
            try:
                slip.gate.acquire()
            except BaseException:
                self._give_up(slip)
                raise
        if not slip.is_done:
            self._attend()
        return slip.result()

    def _attend(self) -> None:
        """Do what lies here, call who is next, hand out the answers. The own slip lies on top."""
        with self._guard:
            slips, self._slips = self._slips[:MOST], self._slips[MOST:]
        try:
            self._answer(slips)
        except BaseException as fault:
            for slip in slips:
                slip.fault = fault
        finally:
            self._call_next()
            for slip in slips:
                slip.is_done = True
                slip.gate.release()

    def _call_next(self) -> None:
        with self._guard:
            self._is_attended = bool(self._slips)
            if self._slips:
                self._slips[0].is_called = True
                self._slips[0].gate.release()

    def _give_up(self, slip: _Slip[Asked, Answer]) -> None:
        """Somebody was interrupted while he waited. If it was his turn, the next is called."""
        with self._guard:
            if slip in self._slips:
                self._slips.remove(slip)
        if slip.is_called and not slip.is_done:
            self._call_next()

    def _answer(self, slips: list[_Slip[Asked, Answer]]) -> None:
        if len(slips) > 1:
            try:
                with act():
                    answers = self._do([slip.asked for slip in slips])
            except Exception:
                self._answer_each(slips)
                return
        else:
            with act():
                answers = self._do([slips[0].asked])
        for slip, answer in zip(slips, answers, strict=True):
            slip.answer = answer

    def _answer_each(self, slips: list[_Slip[Asked, Answer]]) -> None:
        """Each undone alone where it fails; a refusal too is answered only when what it rests on is durable.

        Where the store gave up more than the one that failed, nothing of the act can be kept: everybody is told of the fault.
        """
        with act():
            for slip in slips:
                try:
                    with transaction.atomic():
                        (slip.answer,) = self._do([slip.asked])
                except Exception as fault:
                    if store().needs_rollback:
                        raise
                    slip.fault = fault

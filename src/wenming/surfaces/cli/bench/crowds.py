"""Many callers at once."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from django.db import connection


def each_in_a_thread(count: int, call: Callable[[int], None]) -> None:
    """Run `call(0 … count − 1)`, each in a thread of its own; raises what one of them raised."""
    faults: list[BaseException] = []

    def run(place: int) -> None:
        try:
            call(place)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


class Threads:
    """Callers that are threads of this process, as those that answer requests are: each keeps its connection between rounds.

    Each does `work` with what it is given, as many of them at once as there are parts.
    """

    def __init__(self, count: int, work: Callable[[Any], None]) -> None:
        self.work = work
        self.given: list[SimpleQueue[Any]] = [SimpleQueue() for _place in range(count)]
        self.done: SimpleQueue[BaseException | None] = SimpleQueue()
        self.callers = [threading.Thread(target=self._answer, args=(given,), daemon=True) for given in self.given]
        for caller in self.callers:
            caller.start()

    def do(self, parts: Sequence[Any]) -> None:
        for given, part in zip(self.given, parts, strict=False):
            given.put(part)
        for fault in [self.done.get() for _part in parts]:
            if fault is not None:
                raise fault

    def close(self) -> None:
        for given in self.given:
            given.put(None)
        for caller in self.callers:
            caller.join()

    def _answer(self, given: SimpleQueue[Any]) -> None:
        while (part := given.get()) is not None:
            fault: BaseException | None = None
            try:
                self.work(part)
            except BaseException as error:
                fault = error
            self.done.put(fault)
        connection.close()


class Processes:
    """Callers that are processes, as the servers of the product are: each does `work` with what it is sent, all at once."""

    def __init__(self, count: int, work: Callable[[Any], None]) -> None:
        context = multiprocessing.get_context("fork")
        pairs = [context.Pipe() for _place in range(count)]
        self.ends = [here for here, _there in pairs]
        self.callers = [context.Process(target=_answer, args=(there, work), daemon=True) for _here, there in pairs]
        for caller in self.callers:
            caller.start()

    def do(self, parts: Sequence[Any]) -> None:
        for end, part in zip(self.ends, parts, strict=True):
            end.send(part)
        faults = [end.recv() for end in self.ends]
        if any(faults):
            self.close()
        assert not any(faults), faults

    def close(self) -> None:
        for end, caller in zip(self.ends, self.callers, strict=True):
            end.send(None)
            caller.join()


def _answer(end: Connection, work: Callable[[Any], None]) -> None:
    while (part := end.recv()) is not None:
        fault = ""
        try:
            work(part)
        except Exception as error:
            fault = repr(error)
        end.send(fault)

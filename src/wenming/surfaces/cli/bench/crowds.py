"""Many callers at once."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any


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

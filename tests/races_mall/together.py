"""Starts everybody at the same moment and collects what each got: a value or a refusal; a fault is raised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from wenming.core.errors import Refusal


def together(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each act brought, in order. Every act runs in a thread and on a connection of its own."""
    start = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)
    faults: list[BaseException] = []

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=60)
            results[place] = act()
        except Refusal as refusal:
            results[place] = refusal
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return results

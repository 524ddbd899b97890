"""Many callers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable


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

"""Walks one step of the walk in a child, which kills itself at a failpoint if told to. Run as a program beside the tests.

Each line of input names a step, a failpoint (`-` for none) and at which hit of it to die; the answer is how the child
ended: 0, or -9. The walk itself (who is where) comes as a file, since the store is shared and the memory is not.
"""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import sys
from pathlib import Path


def take(walk: object, step: int, name: str, hit: int) -> None:
    from wenming.core import failpoints

    hits = itertools.count(1)

    def die(reached: str) -> None:
        if reached == name and next(hits) == hit:
            os.kill(os.getpid(), signal.SIGKILL)

    with failpoints.armed(die):
        walk.take(step)  # type: ignore[attr-defined]


def main(kept: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wenming.config.settings")
    import django

    django.setup()
    import tests.reliability.walk  # noqa: F401  (loaded before children are forked)

    for line in sys.stdin:
        step, name, hit = line.split()
        child = os.fork()
        if child == 0:
            walk = pickle.loads(Path(kept).read_bytes())
            take(walk, int(step), name, int(hit))
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1])

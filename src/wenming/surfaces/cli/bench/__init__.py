"""Speed as ratios measured in one run: rounds of ours and of the bare limit in turn, medians of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Spent(NamedTuple):
    """Seconds on the wall, and seconds of this process's own work: the latter hardly feels what else the machine does."""

    wall: float
    work: float


def spent(work: Callable[[], object]) -> Spent:
    wall, own = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - own)


def seconds(work: Callable[[], object]) -> float:
    return spent(work).wall


def in_turn(rounds: int, **works: Callable[[int], object]) -> dict[str, Spent]:
    """Run every piece of work once a round, in turn, so that a slow moment of the machine meets all of them; medians."""
    found: dict[str, list[Spent]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            found[name].append(spent(lambda work=work, number=number: work(number)))  # type: ignore[misc]
    return {name: Spent(*map(statistics.median, zip(*times, strict=True))) for name, times in found.items()}


def interleave(rounds: int, **works: Callable[[int], object]) -> dict[str, float]:
    """The same, seconds on the wall."""
    return {name: median.wall for name, median in in_turn(rounds, **works).items()}


def rounded(value: Any, digits: int = 3) -> Any:
    """The same report with every fraction cut to what was measured."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, dict):
        return {name: rounded(one, digits) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one, digits) for one in value]
    return value

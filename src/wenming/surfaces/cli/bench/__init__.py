"""Speed as ratios measured in one run: rounds of ours and of the bare limit in turn, medians of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def interleave(rounds: int, **works: Callable[[int], object]) -> dict[str, float]:
    """Run every piece of work once a round, in turn, so that a slow moment of the machine meets all of them; medians."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(lambda work=work, number=number: work(number)))  # type: ignore[misc]
    return {name: statistics.median(found) for name, found in times.items()}


def rounded(value: Any, digits: int = 3) -> Any:
    """The same report with every fraction cut to what was measured."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, dict):
        return {name: rounded(one, digits) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one, digits) for one in value]
    return value

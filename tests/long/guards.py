"""The negative controls of R01: twenty guards, each switched off in turn; the auditors have to notice."""

from __future__ import annotations

from tests.long.village import stage
from tests.simulation.guards import guards

GESTURES = 4_000


def work(seed: int, units: int) -> dict[str, int]:
    """So many of the guards, from the one at this seed's place on."""
    names = list(guards())
    found = {"noticed": 0, "unnoticed": 0}
    for place in range(units):
        name = names[(seed * units + place) % len(names)]
        found["noticed" if stage().notices_without(name, seed, 60, GESTURES) else "unnoticed"] += 1
    stage().built.clear()
    return {**found, "failed": found["unnoticed"]}

"""R02: the power goes in the middle of postings, on a disk in memory; and the weaker settings, which have to lose."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.books import Bank
from tests.reliability.power import Act, play
from tests.reliability.recording import record
from tests.simulation.store import Store

AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
POSTINGS = 30
FEW = 10
WEAKER = (("off", "DELETE", "OFF"), ("wal_normal", "WAL", "NORMAL"), ("normal", "DELETE", "NORMAL"))


@functools.cache
def recorded() -> tuple[bytes, Sequence[Act]]:
    """The product's own tables and what its engine writes, recorded once in this process."""
    with Store() as store:
        store.migrate()
        return record(Bank(AT), POSTINGS)


def work(seed: int, units: int) -> dict[str, Any]:
    image, acts = recorded()
    found = {"acts": 0, "lost": 0, "damaged": 0}
    for journal, cuts in (("DELETE", units - units // 2), ("WAL", units // 2)):
        outcome = play(image, acts, journal, "FULL", cuts, seed)
        found["acts"] += outcome.acts
        found["lost"] += outcome.lost
        found["damaged"] += outcome.damaged
    for name, journal, synchronous in WEAKER:
        cuts = units // 4 if name == "normal" else FEW
        outcome = play(image, acts, journal, synchronous, cuts, seed)
        found[f"cuts_{name}"], found[f"bad_{name}"] = outcome.cuts, outcome.lost + outcome.damaged
    return {**found, "failed": found["lost"] + found["damaged"]}

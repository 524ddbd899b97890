"""R01: whole years of a village of four hundred passbooks, every invariant after every act, in the store in memory."""

from __future__ import annotations

import functools
from typing import Any

from tests.simulation import closing
from tests.simulation.life import A_YEAR
from tests.simulation.staging import Stage
from tests.simulation.store import Store, sqlite3

ACCOUNTS = 400


@functools.cache
def stage() -> Stage:
    return Stage(Store().__enter__())


def work(seed: int, units: int) -> dict[str, Any]:
    """One village under one seed for so many years; half-way a copy is kept, and at the end restored."""
    here = stage()
    copies: list[sqlite3.Connection] = []
    life = here.live(seed, ACCOUNTS, units * A_YEAR, halfway=lambda: copies.append(here.store.copy()))
    closing.replay(life.books)
    closing.restore(life.books, copies[0])
    copies[0].close()
    here.built.clear()
    figures = life.figures
    return {
        "gestures": figures.gestures, "acts": figures.acts, "refusals": figures.refusals, "crashes": figures.crashes,
        "said_again": figures.repeats, "rows_checked": figures.checks, "transactions": len(life.books.posted),
        "failed": 0, "log": life.log.hexdigest(), "root": life.books.tree.root().hex(),
    }  # fmt: skip

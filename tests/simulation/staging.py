"""Sets a village up in memory and lets it live, as often as is asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import timedelta

from tests.simulation import guards
from tests.simulation.life import GAP, START, Life, telling
from tests.simulation.store import Store, sqlite3
from tests.simulation.world import World, build
from wenming.core import chance

LIFE_AFTER_BUILDING = 1_000_003  # the values of a life are others than those that built its village


class Stage:
    """Villages by seed and size, each built once."""

    def __init__(self, store: Store) -> None:
        store.migrate()
        self.store, self.empty = store, store.copy()
        self.built: dict[tuple[int, int], tuple[World, sqlite3.Connection]] = {}

    def village(self, seed: int, accounts: int) -> World:
        """The village as it was built, in the store."""
        if (seed, accounts) not in self.built:
            self.store.load(self.empty)
            with chance.seeded(seed):
                world = build(seed, START, accounts)
            self.built[seed, accounts] = (world, self.store.copy())
        world, image = self.built[seed, accounts]
        self.store.load(image)
        return copy.deepcopy(world)

    def live(
        self,
        seed: int,
        accounts: int,
        gestures: int,
        gap: timedelta = GAP,
        busy: Mapping[str, int] | None = None,
        keep: Callable[[str], None] | None = None,
        halfway: Callable[[], None] | None = None,
    ) -> Life:
        """One life; a failure tells its seed."""
        world = self.village(seed, accounts)
        with chance.seeded(seed + LIFE_AFTER_BUILDING):
            life = Life(seed, world, busy=busy, keep=keep)
            with telling(life):
                life.live(gestures, gap, halfway)
        return life

    def notices_without(self, name: str, seed: int, accounts: int, gestures: int) -> str:
        """What the auditors say when this guard is off; nothing if they notice nothing in so many gestures."""
        guard, world = guards.guards()[name], self.village(seed, accounts)
        with chance.seeded(seed + LIFE_AFTER_BUILDING), guards.without(name):
            try:
                Life(seed, world, busy=guard.busy).live(gestures, timedelta(minutes=guard.minutes))
            except Exception as fault:
                return f"{type(fault).__name__}: {fault}"
        return ""

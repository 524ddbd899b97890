"""R07: the leader of a PostgreSQL cluster dies under load, again and again. Strictly synchronous, nothing acknowledged is
lost; the asynchronous control, its senders held back, has to lose.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection

from tests.books import Bank
from tests.long.rig.cluster import Cluster, NotHere, pause
from wenming.domain.ledger import queries
from wenming.domain.ledger.models import Transaction

AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
WRITERS = 4
LOST = (OperationalError, InterfaceError)


class Load:
    """Tellers who post without end, and say the same again when they are cut off."""

    def __init__(self, bank: Bank, seed: int) -> None:
        self.bank, self.seed = bank, seed
        self.acknowledged: dict[str, int] = {}
        self.said_again = 0
        self.longest_gap = 0.0
        self.faults: list[str] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.write, args=(place,)) for place in range(WRITERS)]

    def write(self, place: int) -> None:
        number, last = 0, time.monotonic()
        try:
            while not self.over.is_set():
                number += 1
                key = f"{self.seed}:{place}:{number}"
                while not self.over.is_set():
                    try:
                        self.acknowledged[key] = self.bank.earn(100, key)
                    except LOST:
                        self.said_again += 1
                        connection.close()
                        pause(0.1)
                        continue
                    break
                now = time.monotonic()
                self.longest_gap, last = max(self.longest_gap, now - last), now
        except Exception as error:
            self.faults.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def patiently(ask: Callable[[], Any]) -> Any:
    """Ask again until the cluster answers."""
    while True:
        try:
            return ask()
        except LOST:
            connection.close()
            pause(0.2)


def live_through(cluster: Cluster, kills: int, seed: int) -> dict[str, Any]:
    """Kill the leader so many times under load; what was acknowledged is counted at the end."""
    connection.close()
    settings = connection.settings_dict
    before = dict(settings)
    settings.update(cluster.addresses(), NAME="postgres", USER="postgres", PASSWORD="")
    settings["OPTIONS"] = {"target_session_attrs": "read-write", "connect_timeout": 3}
    dice = random.Random(seed)
    try:
        patiently(lambda: call_command("migrate", verbosity=0))
        load = Load(patiently(lambda: Bank(AT)), seed)
        with load:
            for _kill in range(kills):
                kill_the_leader(cluster, dice)
        there = patiently(lambda: dict(Transaction.objects.values_list("key", "pk")))
        lost = sum(there.get(key) != pk for key, pk in load.acknowledged.items())
        whole = patiently(queries.verify).ok
    finally:
        connection.close()
        settings.clear()
        settings.update(before)
    return {
        "kills": kills, "acknowledged": len(load.acknowledged), "lost": lost, "said_again": load.said_again,
        "other_answers": len(load.faults), "longest_gap_ms": int(load.longest_gap * 1000), "whole": int(whole),
    }  # fmt: skip


def kill_the_leader(cluster: Cluster, dice: random.Random) -> None:
    pause(2 + dice.random() * 2)
    leader = cluster.leader()
    assert leader is not None
    if not cluster.is_strict:
        cluster.hold_senders()
        pause(2)
    cluster.kill(leader)
    cluster.wait_for(lambda: cluster.leader() not in (None, leader), "new leader")
    cluster.wake(leader)
    cluster.wait_for(lambda: cluster.healthy() == 3, "return of the dead node")


def of_cluster(kills: int, seed: int, *, is_strict: bool) -> dict[str, Any]:
    cluster = Cluster(is_strict)
    try:
        cluster.start()
        return live_through(cluster, kills, seed)
    finally:
        cluster.stop()


def work(seed: int, units: int) -> dict[str, Any]:
    try:
        found = of_cluster(units, seed, is_strict=True)
        control = of_cluster(1, seed, is_strict=False)
    except NotHere as missing:
        return {"fault": str(missing)}
    return {
        **found, "control_acknowledged": control["acknowledged"], "control_lost": control["lost"],
        "failed": found["lost"] + found["other_answers"] + (1 - found["whole"]),
    }  # fmt: skip

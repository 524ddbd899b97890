"""Ledgers of others at the same work on the same PostgreSQL server: measured where they are at hand, never needed here.

A peer is a command. It gets the address of a fresh database, how many clients, transfers each, transfers of a batch, members
and branches; and it prints JSON with `8_clients_per_second` and `batch_per_second`.
"""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.db import connection

BRANCHES = 33


class Peer:
    """One other ledger (NAME=COMMAND), and what it said in each round."""

    def __init__(self, given: str, sizes: Sequence[int]) -> None:
        self.name, _equals, command = given.partition("=")
        self.words, self.sizes = shlex.split(command), sizes
        self.said: list[dict[str, Any]] = []

    def measure(self, number: int) -> None:
        """One round, on a database of its own."""
        given, database = connection.settings_dict, f"peer_{self.name}_{number}".replace("-", "_")
        place = {"host": given["HOST"], "port": given["PORT"], "user": given["USER"]}
        with psycopg.connect(**place, dbname="postgres", autocommit=True) as store:
            store.execute(f"DROP DATABASE IF EXISTS {database}".encode())
            store.execute(f"CREATE DATABASE {database}".encode())
        words = [*self.words, f"postgresql:///{database}?{urlencode(place)}", *map(str, (*self.sizes, BRANCHES))]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            self.said.append({"missing": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]})
        else:
            self.said.append(json.loads(done.stdout))

    def report(self, one: float, batch: float) -> dict[str, Any]:
        """The medians of its rounds, and how many times that ours is; or a word on what is missing."""
        missing = [said for said in self.said if "missing" in said]
        if missing:
            return missing[0]
        median = {name: statistics.median(said[name] for said in self.said) for name in self.said[0]}
        times = {"8_clients": one / median["8_clients_per_second"], "batch": batch / median["batch_per_second"]}
        return {**median, "ours_is_times": times}

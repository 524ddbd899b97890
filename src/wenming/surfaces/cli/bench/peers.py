"""Ledgers of others at the same work on the same PostgreSQL server: measured where they are at hand, never needed here.

A peer is a command. It gets the address of a fresh database, how many clients, transfers each, transfers of a batch, members
and branches; and it prints JSON with `8_clients_per_second` and `batch_per_second`.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

import psycopg

from wenming.surfaces.cli.bench.books import BATCH, CROWDS, EACH, MEMBERS

BRANCHES = 33


def run(*, address: str | None, commands: list[str], ours: dict[str, Any]) -> dict[str, Any]:
    """What each peer (NAME=COMMAND) reached, and how many times that ours is; or a word on what is missing."""
    found: dict[str, Any] = {}
    for number, given in enumerate(commands):
        name, _equals, command = given.partition("=")
        if address is None:
            found[name] = {"missing": "no PostgreSQL server"}
            continue
        found[name] = measured(address, f"peer_{number}", command)
        if "missing" not in found[name]:
            found[name]["ours_is_times"] = {
                "8_clients": ours["8_callers"]["per_second"] / found[name]["8_clients_per_second"],
                "batch": ours["batches_of_8000"]["per_second"] / found[name]["batch_per_second"],
            }
    return found


def measured(address: str, database: str, command: str) -> dict[str, Any]:
    with psycopg.connect(address, autocommit=True) as store:
        store.execute(f"CREATE DATABASE {database}".encode())
    place = address.rpartition("/")[0] + f"/{database}"
    words = [*shlex.split(command), place, *map(str, (CROWDS[0], EACH, BATCH, MEMBERS, BRANCHES))]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        return {"missing": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]}
    return dict(json.loads(done.stdout))

"""Ledgers of others on the same PostgreSQL server: measured where they are at hand, never needed by the product.

django-hordak runs under a Python of its own that has it (`--peers`); pgledger is one file of SQL functions (`--pgledger`).
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from wenming.surfaces.cli.bench import seconds
from wenming.surfaces.cli.bench.crowds import each_in_a_thread

CLIENTS, EACH, BATCH = 8, 40, 8000
MEMBERS, BRANCHES = 18_754, 33


def run(*, address: str | None, python: str, pgledger: str) -> dict[str, Any]:
    """Transfers a second: one each by eight clients, and the best batch path; or a word on what is missing."""
    found: dict[str, Any] = {"tigerbeetle": {"missing": "its Python package is a client; the server is not on a package index"}}
    if address is None:
        return found | dict.fromkeys(("django_hordak", "pgledger"), {"missing": "no PostgreSQL server"})
    found["django_hordak"] = hordak(address, python) if python else {"missing": "no Python given by --peers"}
    found["pgledger"] = ledger_of_functions(address, Path(pgledger)) if pgledger else {"missing": "no file given by --pgledger"}
    return found


def hordak(address: str, python: str) -> dict[str, Any]:
    with psycopg.connect(address, autocommit=True) as store:
        store.execute("CREATE DATABASE hordak")
    script = Path(__file__).with_name("peer_hordak.py")
    words = [python, str(script), address.rpartition("/")[0] + "/hordak", *map(str, (CLIENTS, EACH, BATCH, MEMBERS, BRANCHES))]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        return {"missing": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]}
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def ledger_of_functions(address: str, file: Path) -> dict[str, Any]:
    with psycopg.connect(address, autocommit=True) as store:
        store.execute("CREATE DATABASE pgledger")
    address = address.rpartition("/")[0] + "/pgledger"
    source = random.Random(7)
    with psycopg.connect(address, autocommit=True) as store:
        store.execute(file.read_text(encoding="utf-8").encode())
        opened = "SELECT (pgledger_create_account('m', 'points', %s)).id FROM generate_series(1, %s)"
        branches = [row[0] for row in store.execute(opened, [True, BRANCHES])]
        members = [row[0] for row in store.execute(opened, [False, MEMBERS])]
        asked = "SELECT count(*) FROM pgledger_create_transfer(%s, %s, 300)"

        def call(place: int) -> None:
            with psycopg.connect(address, autocommit=True) as own:
                for number in range(EACH):
                    own.execute(asked, [branches[(place * EACH + number) % BRANCHES], source.choice(members)])

        one = seconds(lambda: each_in_a_thread(CLIENTS, call))
        pairs = [(source.choice(branches), source.choice(members)) for _number in range(BATCH)]
        batch = (
            "SELECT count(*) FROM pgledger_create_transfers((SELECT array_agg((f, t, 300)::transfer_request) "
            "FROM unnest(%s::text[], %s::text[]) AS given(f, t)))"
        )
        many = seconds(lambda: store.execute(batch, [list(side) for side in zip(*pairs, strict=True)]))
    return {"8_clients_per_second": CLIENTS * EACH / one, "batch_per_second": BATCH / many}

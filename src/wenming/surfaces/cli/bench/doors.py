"""Declarations over HTTP, signed in, through the whole deed service, beside an empty view of the same server.

The server is the product's own (waitress, one process) on a demo village; the callers are another process on the same
machine, so both share its cores. Each declaration goes by the API under a session of the counter: log-in, anti-forgery token,
rights, the key that makes a repeat harmless, every rule of the deed, the act's line in the trail, one durable commit.
"""

from __future__ import annotations

import json
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import waitress
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from wenming.core import clock
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import queries as identity
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.cli import serving
from wenming.surfaces.cli.bench import pages

CALLERS = 16
EACH = 25
DAYS = 6
TELLER = "柜员"
GOAL = {"per_second": 1000, "p99_milliseconds": 50}
Asked = tuple[str, str, dict[str, str], str]  # method, address, headers, body


def run(*, folder: Path, at: datetime, rounds: int) -> dict[str, Any]:
    """Rounds of empty views and of declarations in turn; the medians of each."""
    card = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    login = next(one for one in card["logins"] if one["role"] == TELLER)
    declarations = _declarations(login["login"], card["branch"], at)
    count = CALLERS * EACH
    found: dict[str, list[dict[str, Any]]] = {"empty": [], "declaration": []}
    with override_settings(ROOT_URLCONF=pages.__name__), _served() as port:
        headers = _session(login["login"], login["password"])
        for number in range(rounds + 1):
            works = {
                "empty": [("GET", "/empty-view-of-the-bench/", {}, "")] * count,
                "declaration": [next(declarations) for _number in range(count)],
            }
            for name, requests in works.items():
                said = ask(port, headers, requests)
                if number:
                    found[name].append(said)
    report: dict[str, Any] = {name: median(said) for name, said in found.items()}
    empty = report["empty"]["per_second"]
    return {"callers": CALLERS, **report, "over_empty": empty / report["declaration"]["per_second"], "goal": GOAL}


def _declarations(login: str, code: str, at: datetime) -> Iterator[Asked]:
    """Declarations at the counter that every rule allows, no two alike."""
    user = identity.user_by_login_name(name=login)
    assert user is not None
    actor = depositors.actor_for(user_id=user.pk, door="counter", at=at)
    today = clock.local_date(at)
    branch = next(one for one in organisations.all_branches() if one.code == code)
    for entry in depositors.roll_index(branch_id=branch.pk).entries.values():
        for offer in deeds.declarable_items(actor=actor, depositor_id=entry.depositor_id, on=today, door="counter"):
            if not offer.refusal and not offer.item.steps:
                for back in range(min(DAYS, offer.times_left or DAYS)):
                    yield _declaration(entry.depositor_id, offer.item.pk, today - timedelta(days=back))


def _declaration(depositor_id: int, item_id: int, day: date) -> Asked:
    body = {"door": "counter", "depositor_ids": [depositor_id], "item_id": item_id, "happened_on": day.isoformat()}
    headers = {"Idempotency-Key": secrets.token_hex(8), "Content-Type": "application/json"}
    return "POST", "/api/v1/declarations", headers, json.dumps(body | {"words": "打扫村道"})


def _session(login: str, password: str) -> dict[str, str]:
    """The headers of somebody who is logged in."""
    client = Client(headers={"host": "127.0.0.1"})
    client.get("/login/")
    answer = client.post("/login/", {"name": login, "password": password, "next": "/"})
    assert answer.status_code == 302, f"{login}: {answer.status_code}"
    connection.close()
    token = secrets.token_hex(16)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"csrftoken": token}
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "X-CSRFToken": token}


@contextmanager
def _served() -> Iterator[int]:
    """The product's server in a thread of this process; its port."""
    serving.keep_connections()
    server = waitress.create_server(get_wsgi_application(), host=serving.HOST, port=0, threads=serving.THREADS, ident="")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)  # type: ignore[union-attr]
    finally:
        server.close()


def ask(port: int, headers: dict[str, str], requests: list[Asked]) -> dict[str, Any]:
    given = {"host": serving.HOST, "port": port, "callers": CALLERS, "headers": headers, "requests": requests}
    worked = time.process_time()
    command = [sys.executable, str(Path(__file__).with_name("callers.py"))]
    done = subprocess.run(command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    said["work"] = time.process_time() - worked
    assert set(said["statuses"]) <= {"200", "201"}, f"answers: {said['statuses']}"
    return said


def median(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """The medians of the rounds: answers a second, milliseconds of an answer, and of the server's own work for it."""

    def of(figures: list[float]) -> float:
        return statistics.median(figures)

    parts = [statistics.quantiles(said["milliseconds"], n=100) for said in rounds]
    return {
        "per_second": of([len(said["milliseconds"]) / said["seconds"] for said in rounds]),
        "p50_milliseconds": of([part[49] for part in parts]),
        "p99_milliseconds": of([part[98] for part in parts]),
        "work_milliseconds": of([said["work"] / len(said["milliseconds"]) * 1000 for said in rounds]),
    }

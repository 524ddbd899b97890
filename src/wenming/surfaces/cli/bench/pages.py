"""Whole signed-in pages: how many queries, how long, against an empty view of the same stack, as the books grow."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import include, path

from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import queries as identity
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.cli.bench import interleave

PAGES = {"home": ("村民", "/"), "passbook": ("村民", "/passbook/"), "queue": ("审核员", "/console/review/")}
LOAD = 8000
MONTH = timedelta(days=30)
MOST_QUERIES = 12


def empty(request: HttpRequest) -> HttpResponse:
    """Nothing but the stack: session, log-in and middleware."""
    return HttpResponse(str(request.user.pk))


urlpatterns = [path("empty-view-of-the-bench/", empty), path("", include(settings.ROOT_URLCONF))]


def grow(entries: int, member: int, at: datetime) -> datetime:
    """Post until the books hold so many entries, a load a month; one posting in fifty is the measured member's own.

    The instant at which the last load was posted, and everything sealed.
    """
    bank = organisations.head_banks()[0]
    book_id = organisations.book_of(branch_id=bank.pk)
    others = [entry.points_account_id for branch in organisations.all_branches()
              for entry in depositors.roll_index(branch_id=branch.pk).entries.values()]  # fmt: skip
    held = ledger_queries.counts().entries
    number = held
    while held < entries:
        at += MONTH
        count = min(LOAD, (entries - held + 1) // 2)
        ledger.post_many(
            book_id=book_id,
            postings=[
                ledger.Posting(
                    kind=ledger.Kind.OPENING_BALANCE,
                    subject=f"bench:{number + place}",
                    moves=(ledger.Move("opening", member if place % 50 == 0 else others[place % len(others)], 100),),
                    key=f"bench-load:{number}:{place}",
                    occurred_at=at,
                    recorded_at=at,
                )
                for place in range(count)
            ],
        )
        number += count
        held += 2 * count
    ledger.seal(book_id=book_id, at=at)
    return at


def run(*, folder: Path, at: datetime, sizes: tuple[int, ...], rounds: int) -> dict[str, Any]:
    """For each size of the books the queries and the time of each page, seen in the month of the last load."""
    card = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    clients = {login["role"]: _client(login["login"], login["password"]) for login in card["logins"]}
    villager = identity.user_by_login_name(name=next(one["login"] for one in card["logins"] if one["role"] == "村民"))
    assert villager is not None
    actor = depositors.actor_for(user_id=villager.pk, door="villager", at=at)
    assert actor.depositor_id is not None
    member = depositors.passbook_of(depositor_id=actor.depositor_id).points_account_id
    report: dict[str, Any] = {"most_queries": MOST_QUERIES, "sizes": []}
    wall_clock = folder / "bench-clock"
    with override_settings(ROOT_URLCONF=__name__, TEST_CLOCK=str(wall_clock)):
        for size in sizes:
            at = grow(size, member, at)
            wall_clock.write_text(at.isoformat(), encoding="utf-8")
            report["sizes"].append(_measure(clients, rounds))
    return report


def _client(login: str, password: str) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    answer = client.post("/login/", {"name": login, "password": password, "next": "/"})
    assert answer.status_code == 302, f"{login}: {answer.status_code}"
    return client


def _measure(clients: dict[str, Client], rounds: int) -> dict[str, Any]:
    def visit(role: str, address: str) -> Callable[[int], object]:
        def go(number: int) -> object:
            answer = clients[role].get(address, follow=False)
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
            return answer

        return go

    found: dict[str, Any] = {"entries": ledger_queries.counts().entries, "pages": {}}
    visits = {name: visit(*page) for name, page in PAGES.items()}
    visits["empty"] = visit("村民", "/empty-view-of-the-bench/")
    queries = {}
    for name, go in visits.items():
        go(0)
        with CaptureQueriesContext(connection) as captured:
            go(0)
        queries[name] = len(captured)
    median = interleave(rounds, **visits)
    for name in visits:
        ratio = median[name] / median["empty"]
        found["pages"][name] = {"queries": queries[name], "milliseconds": median[name] * 1000, "over_empty": ratio}
    return found

"""Every field and every parameter of every operation with values nobody should send: always a 4xx in the one shape, no write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.surfaces.test_api_rights import CALLERS, OPERATIONS, Stage, stopped_clock
from wenming.core.models import IdempotencyRecord

__all__ = ["stopped_clock"]
pytestmark = pytest.mark.django_db
ODD_VALUES: list[Any] = [
    None, True, -1, 0, 2**53, 2**63, 10**30, 1.5, "", "\x00", "\ud800", "１２", "NaN",
    "'; DROP TABLE mall_order; --", "字" * 10_000,
    "\u202e反", [], [None], {}, {"a": {}}, "2026-02-30", "0000-00-00",
]  # fmt: skip
ODD_WORDS = ["-1", "0", "9" * 19, "9" * 40, "%00", "x", "1.5", "１", "字" * 300, "%F0%9F%92%A9", "..%2f..", "'"]


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Stage]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Stage()
        transaction.set_rollback(True)


def key_for(stage: Stage, name: str) -> str:
    """The key of the first caller who is on the operation's list."""
    roles = OPERATIONS[name][2]["x-roles"]
    return next((stage.keys[caller] for caller in CALLERS if caller in roles), stage.keys["clerk"])


def check(response: Any, what: str) -> None:
    assert response.status_code < 500, (what, response.content[:300])
    if response.status_code >= 400:
        assert set(response.json()) == {"code", "message", "fields"}, (what, response.content[:300])


@pytest.mark.parametrize("name", sorted(name for name, what in OPERATIONS.items() if what[0] != "GET"))
def test_odd_fields(stage: Stage, name: str) -> None:
    method, path, _operation = OPERATIONS[name]
    address, plain = path.format_map(stage.values()), stage.body(name)
    headers = {"Authorization": f"Bearer {key_for(stage, name)}", "Idempotency-Key": "odd"}
    bodies = [plain | {field: value} for field in [*plain, "unknown"] for value in ODD_VALUES]
    for body in bodies:
        with transaction.atomic():
            sent = json.dumps(body)
            call = getattr(stage.client, method.lower())
            response = call(address, sent, content_type="application/json", headers=headers)
            check(response, f"{name} {sent[:200]}")
            if response.status_code >= 400:
                assert not IdempotencyRecord.objects.exists()
            transaction.set_rollback(True)


@pytest.mark.parametrize("name", sorted(name for name, what in OPERATIONS.items() if "{" in what[1] or what[0] == "GET"))
def test_odd_parameters(stage: Stage, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    headers = {"Authorization": f"Bearer {key_for(stage, name)}", "Idempotency-Key": "odd"}
    values = stage.values()
    for word in ODD_WORDS:
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parts = {key: str(value) for key, value in values.items()} | {parameter["name"]: quote(word, safe="%")}
                address = path.format_map(parts)
            elif parameter["in"] == "query":
                address = f"{path.format_map(values)}?{parameter['name']}={quote(word, safe='%')}"
            else:
                continue
            with transaction.atomic():
                body = json.dumps(stage.body(name)) if method != "GET" else ""
                response = stage.client.generic(method, address, body, content_type="application/json", headers=headers)
                check(response, f"{name} {address[:200]}")
                transaction.set_rollback(True)

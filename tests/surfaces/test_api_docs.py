"""The page about the API names every operation as its own description does."""

from __future__ import annotations

from pathlib import Path

from tests.surfaces.test_api_rights import OPERATIONS
from wenming.surfaces.api.operations import EVERYBODY, OFFICERS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"
SHORT = {EVERYBODY: "villager, every officer", OFFICERS: "every officer"}


def row(name: str) -> str:
    method, path, operation = OPERATIONS[name]
    roles = tuple(operation["x-roles"])
    who = SHORT.get(roles, ", ".join(roles))
    scopes = ", ".join(f"`{scope}`" for scope in operation["x-scopes"])
    return f"| {method} | `{path.removeprefix('/api/v1')}` | {operation['summary']} | {who} | {scopes} |"


def test_every_operation_stands_on_the_page() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    named = [line for line in lines if line.startswith(("| GET |", "| POST |", "| PATCH |"))]
    assert named == [row(name) for name in OPERATIONS]

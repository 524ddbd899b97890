"""R10 without its network: sixteen callers move points about at once while others read; the total never changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.books import Bank
from tests.emptying import empty_tables
from tests.reliability.crowd import bank_workload

AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)


def work(seed: int, units: int) -> dict[str, Any]:
    problems: list[str] = []
    for life in range(units):
        empty_tables()
        bank = Bank(AT)
        problems += bank_workload(bank, bank.members(8, 100), each=100, callers=16, steps=100, seed=seed * 1000 + life)
    empty_tables()
    return {"failed": len(problems), **({"first": problems[0]} if problems else {})}

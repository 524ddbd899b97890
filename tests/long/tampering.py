"""R19: one value changed, one row removed, anywhere in the books or the trail, behind the triggers' back: `verify` sees it."""

from __future__ import annotations

import functools
import random
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models, transaction

from tests.books import Bank
from tests.reliability.test_replay import live
from tests.reliability.test_tampering import FREE, TABLES, is_kept, other
from tests.simulation.store import Store
from wenming.core import audit
from wenming.core.actor import system
from wenming.core.models import AuditEvent
from wenming.domain.ledger import queries, triggers
from wenming.domain.ledger.models import Account

AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
REMOVED = 0.05


@functools.cache
def store() -> Store:
    opened = Store().__enter__()
    opened.migrate()
    return opened


def settle(dice: random.Random) -> None:
    """Books that have lived a little, each seed's own life."""
    bank = Bank(AT)
    bank.live_a_little()
    live(bank, bank.members(5, 300), dice.randrange(30, 80), dice)
    for number in range(5):
        audit.record(actor=system(), act="books.tested", subject=f"book:{number}", at=AT, organisation_id=1, facts={"n": number})
    assert queries.verify().ok
    with connection.cursor() as cursor:
        for statement in triggers.drop(connection.vendor):
            cursor.execute(statement)


def changed(dice: random.Random, column: models.Field[Any, Any], value: Any) -> Any:
    """Another value of the same kind: the next one, or any."""
    if isinstance(column, models.BinaryField) and value and dice.random() < 0.8:
        whole = bytearray(value)
        whole[dice.randrange(len(whole))] ^= dice.randrange(1, 256)
        return bytes(whole)
    if isinstance(column, models.BigIntegerField | models.BigAutoField) and value is not None and dice.random() < 0.7:
        return value + dice.choice((-1, 1)) * dice.randrange(1, 10 ** dice.randrange(1, 9))
    return other(column, value)


def work(seed: int, units: int) -> dict[str, Any]:
    dice = random.Random(seed)
    empty = store().copy()
    settle(dice)
    columns = [(m, c) for m in TABLES for c in m._meta.concrete_fields if (m._meta.db_table, c.column) not in FREE]
    rows = {model: list(model._default_manager.order_by("pk")) for model in TABLES}
    found = {"found": 0, "refused_by_the_store": 0, "failed": 0}
    while found["found"] + found["failed"] < units:
        model, column = dice.choice(columns)
        row = dice.choice(rows[model])
        if model is Account and column.name == "id" and not row.last_sequence:
            continue  # the row number of an account without lines says nothing
        with transaction.atomic():
            is_gone = model is not AuditEvent and dice.random() < REMOVED
            made = (
                remove(model, row.pk)
                if is_gone
                else is_kept(model, column, row.pk, changed(dice, column, getattr(row, column.attname)))
            )
            if not made:
                found["refused_by_the_store"] += 1
            elif queries.verify().faults:
                found["found"] += 1
            else:
                found["failed"] += 1
                found[f"unnoticed {model.__name__}.{column.name}{' gone' if is_gone else ''}"] = 1
            transaction.set_rollback(True)
    store().load(empty)
    return found


def remove(model: type[models.Model], pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [pk])
    return True

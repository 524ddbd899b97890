"""Change any single value behind the triggers' back: `verify` fails and says where. Remove any single row: the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from tests.books import Bank
from wenming.core import audit
from wenming.core.actor import system
from wenming.core.models import AuditEvent
from wenming.domain.ledger import models as ledger
from wenming.domain.ledger import queries, triggers

pytestmark = pytest.mark.django_db
TABLES = [ledger.Book, ledger.Account, ledger.Transaction, ledger.Entry, ledger.Numbering, ledger.Seal, ledger.Tally]
TABLES += [AuditEvent]
# What nothing in the books speaks of: the row numbers of seals, tallies and acts, and an empty account that is said to be closed.
FREE = {("ledger_account", "closed_at"), ("ledger_seal", "id"), ("ledger_tally", "id"), ("core_auditevent", "id")}


@pytest.fixture
def bank(at: datetime) -> Bank:
    bank = Bank(at)
    bank.live_a_little()
    for number in range(3):
        audit.record(actor=system(), act="books.tested", subject=f"book:{number}", at=at, organisation_id=1, facts={"n": number})
    assert queries.verify().ok
    with connection.cursor() as cursor:
        for statement in triggers.drop(connection.vendor):
            cursor.execute(statement)
    return bank


def other(column: models.Field[Any, Any], value: Any) -> Any:
    """A value that is not the one there, of the same kind."""
    if isinstance(column, models.BooleanField):
        return not value
    if isinstance(column, models.DateField) and not isinstance(column, models.DateTimeField):
        return value + timedelta(days=1)
    if isinstance(column, models.DateTimeField):
        return (value or datetime(2020, 1, 1, tzinfo=UTC)) + timedelta(microseconds=1)
    if isinstance(column, models.JSONField):
        return {**value, "points:issuance": -1}
    if isinstance(column, models.BinaryField):
        whole = bytes(value)
        return bytes([whole[0] ^ 1, *whole[1:]]) if whole else b"\x00"
    if isinstance(column, models.CharField):
        return f"{int(value[0], 16) ^ 1:x}{value[1:]}" if column.name == "public_id" else f"{(value or '')[:-1]}~"
    return (value or 0) + 1


@pytest.mark.parametrize("model", TABLES)
def test_any_single_value(bank: Bank, model: type[models.Model]) -> None:
    assert unnoticed_changes(model, rows_most=5) == []
    assert queries.verify().ok


def unnoticed_changes(model: type[models.Model], rows_most: int) -> list[str]:
    """Change every column of some rows, one at a time, and name what `verify` does not see."""
    rows = list(model._default_manager.order_by("pk"))
    rows = rows[:: -(-len(rows) // rows_most)]
    unnoticed = []
    for column in model._meta.concrete_fields:
        if (model._meta.db_table, column.column) in FREE:
            continue
        for row in rows:
            sign = transaction.savepoint()
            changed = other(column, getattr(row, column.attname))
            if is_kept(model, column, row.pk, changed) and not queries.verify().faults:
                unnoticed.append(f"{model.__name__} {row.pk}: {column.name} became {changed!r}")
            transaction.savepoint_rollback(sign)
    return unnoticed


def is_kept(model: type[models.Model], column: models.Field[Any, Any], pk: int, value: Any) -> bool:
    """Write the value behind the books' back; False when the store itself refuses it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE {model._meta.db_table} SET "{column.column}" = %s WHERE id = %s',
                [column.get_db_prep_save(value, connection), pk],
            )
    except DatabaseError:
        return False
    return True


@pytest.mark.parametrize("model", TABLES[1:-1])
def test_any_single_row(bank: Bank, model: type[models.Model]) -> None:
    for pk in list(model._default_manager.values_list("pk", flat=True)):
        sign = transaction.savepoint()
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [pk])
        assert queries.verify().faults, f"{model.__name__} {pk} is gone and nobody noticed"
        transaction.savepoint_rollback(sign)


@pytest.mark.parametrize("moved", [-1, -2, 1])
def test_the_mark_up_to_which_a_book_is_sealed(bank: Bank, moved: int) -> None:
    """What is not sealed yet is counted from it on: a mark that stands lower counts sealed transactions twice."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_book SET sealed_id = sealed_id + %s", [moved])
    assert queries.verify().faults


@pytest.mark.parametrize("size", [-3, 0, 1, 10**15])
def test_a_seal_that_says_another_size(bank: Bank, size: int) -> None:
    """A size below the one before, or below nothing at all, is a fault with a name too and stops no check."""
    newest = ledger.Seal.objects.order_by("size").last()
    assert newest is not None and newest.size > 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_seal SET size = %s WHERE id = %s", [size, newest.pk])
    assert any(fault.code.startswith(("seal.", "number.")) for fault in queries.verify().faults)


def test_faults_name_the_place(bank: Bank) -> None:
    line = queries.statement(bank.wang)[-1]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_transaction SET subject = 'deed:stolen' WHERE id = %s", [line.transaction_id])
    faults = queries.verify().faults
    assert [(fault.code, fault.book, fault.number) for fault in faults] == [
        ("memento.differs", bank.book.code, line.number),
    ]


@pytest.mark.parametrize("left", [0, 1, 20, 100])
def test_an_original_that_is_cut_off(bank: Bank, left: int) -> None:
    for posted in ledger.Transaction.objects.order_by("pk"):
        with connection.cursor() as cursor:
            cut = bytes(posted.memento)[:left]
            cursor.execute("UPDATE ledger_transaction SET memento = %s WHERE id = %s", [cut, posted.pk])
    assert {"transaction.unbalanced", "memento.differs", "leaf.differs"} <= {fault.code for fault in queries.verify().faults}


def test_a_book_rewritten_whole_does_not_fit_the_old_paper(bank: Bank) -> None:
    """Even who rewrites leaf, memento and tree alike is left with another root than the one in print."""
    printed = queries.latest_seal(bank.book.pk)
    assert printed is not None
    first = ledger.Transaction.objects.order_by("pk").first()
    assert first is not None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_transaction SET leaf_hash = %s WHERE id = %s", [b"\x01" * 32, first.pk])
    codes = {fault.code for fault in queries.verify().faults}
    assert {"leaf.differs", "seal.root"} <= codes

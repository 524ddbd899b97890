"""The product's own tables as an image, and the statements of real postings, to be played on another disk."""

from __future__ import annotations

from datetime import datetime

import apsw
from django.db import connection

from tests.books import Bank
from tests.reliability.power import Act
from wenming.domain.ledger.services import Kind


def record(bank: Bank, count: int) -> tuple[bytes, list[Act]]:
    """An image of the books before, and each posting after it as the statements that wrote it, values and all."""
    image = image_of()
    bundles: list[Act] = []
    for number in range(count):
        written: list[str] = []
        connection.connection.set_trace_callback(written.append)
        try:
            if number % 3 == 2:
                bank.post(bank.wang, bank.li, 40, f"move:{number}", kind=Kind.MOVED)
            else:
                bank.earn(100, f"earn:{number}")
        finally:
            connection.connection.set_trace_callback(None)
        bundles.append([statement for statement in written if statement.startswith(("INSERT", "UPDATE"))])
        assert len(bundles[-1]) >= 3
    return image, bundles


def image_of() -> bytes:
    """The ledger's tables, indexes, triggers and rows, as the bytes of a database file."""
    store = apsw.Connection(":memory:")
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, tbl_name, sql FROM sqlite_master WHERE tbl_name LIKE 'ledger_%' AND sql IS NOT NULL")
        shapes = cursor.fetchall()
        for kind in ("table", "index"):
            for _kind, _table, sql in (shape for shape in shapes if shape[0] == kind):
                store.execute(sql)
        for _kind, table, _sql in (shape for shape in shapes if shape[0] == "table"):
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                plain = [str(value) if isinstance(value, datetime) else value for value in row]
                store.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", plain)
        for _kind, _table, sql in (shape for shape in shapes if shape[0] == "trigger"):
            store.execute(sql)
    return store.serialize("main")

"""Emptying the tables between tests needs the triggers out of the way for that moment: they refuse it, as they should."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from wenming.domain.ledger import triggers


@pytest.fixture(scope="session", autouse=True)
def triggers_rest_while_tables_are_emptied() -> Iterator[None]:
    operations = type(connection.ops)
    plain = operations.sql_flush

    def sql_flush(self: object, *arguments: object, **options: object) -> list[str]:
        statements = plain(self, *arguments, **options)
        vendor = connection.vendor
        return [*triggers.drop(vendor), *statements, *triggers.create(vendor)] if statements else statements

    operations.sql_flush = sql_flush  # type: ignore[method-assign]
    yield
    operations.sql_flush = plain  # type: ignore[method-assign]

"""The power may go at any failpoint of any act: the books are whole, and the act said again does what it would have done."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from tests.reliability.walk import STEPS, Walk
from wenming.core import audit, failpoints
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall

pytestmark = pytest.mark.django_db
SOURCE = Path(failpoints.__file__).parents[1]


class Crash(BaseException):
    """The process is gone: nothing catches it, everything that was not committed is undone."""


def calls() -> Iterator[str]:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "failpoint":
                assert isinstance(node.args[0], ast.Constant), path
                yield str(node.args[0].value)


def test_the_list_and_the_calls_agree() -> None:
    assert Counter(calls()).keys() == set(failpoints.NAMES)
    assert len(set(failpoints.NAMES)) == len(failpoints.NAMES)


def test_nothing_can_be_armed_outside_test_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MODE", "production")
    with pytest.raises(failpoints.NotInTestMode), failpoints.armed(lambda name: None):
        pass


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def state() -> dict[str, object]:
    """How many rows every table has, every balance and status in order: what two walks that did the same have in common."""
    found: dict[str, object] = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT COUNT(*) FROM "{model._meta.db_table}"')
            found[model._meta.db_table] = cursor.fetchone()[0]
        for table, column in (("deeds_declaration", "status"), ("mall_order", "status"), ("notices_noticeline", "status")):
            cursor.execute(f"SELECT {column} FROM {table} ORDER BY id")
            found[f"{table}.{column}"] = cursor.fetchall()
        cursor.execute("SELECT balance, held, credited_total, debited_total FROM ledger_account ORDER BY id")
        found["balances"] = cursor.fetchall()
        cursor.execute("SELECT quantity FROM mall_stock ORDER BY id")
        found["stock"] = cursor.fetchall()
    return found


def crash_at(walk: Walk, number: int, name: str) -> None:
    def die(reached_name: str) -> None:
        if reached_name == name:
            raise Crash

    with pytest.raises(Crash), failpoints.armed(die):
        walk.take(number)


def assert_whole() -> None:
    assert ledger.verify().faults == []
    assert mall.stock_faults() == []
    assert audit.first_broken() is None


def test_a_crash_anywhere_leaves_the_books_whole_and_the_act_repeatable(at: datetime) -> None:
    walk = Walk.begin(at)
    tried: set[str] = set()  # each once here, many times by the long run of kills
    before = state()
    for number in range(len(STEPS)):
        names: list[str] = []
        with undone(), failpoints.armed(names.append):
            walk.take(number)
            after = state()
        assert state() == before, f"step {number} left something behind"
        for name in dict.fromkeys(names):
            if name in tried:
                continue
            tried.add(name)
            with undone():
                crash_at(walk, number, name)
                assert state() == (after if name == "act.ended" else before), (number, name)
                assert_whole()
                walk.take(number)
                assert state() == after, (number, name)
        walk.take(number)
        assert_whole()
        before = state()
    assert set(failpoints.NAMES) - tried == set()

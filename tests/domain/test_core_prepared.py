"""A prepared question answers as the queryset that it was built of, whatever values fill it, on every store; a row that is
added by a prepared statement is the one that `save` would write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.db.models import Model, Q, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext_lazy

from tests.village import Village
from wenming.core.models import AuditEvent, IdempotencyRecord
from wenming.core.prepared import prepared, save_new
from wenming.domain.deeds.models import Declaration, Door, Status
from wenming.domain.depositors.models import Depositor
from wenming.domain.organisations.models import Appointment
from wenming.domain.rulebooks.models import RuleItem

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db


def _in_office(user_id: int, at: datetime) -> QuerySet[Appointment]:
    still = Q(ends_at__isnull=True) | Q(ends_at__gt=at)
    return Appointment.objects.select_related("organisation__parent").filter(still, starts_at__lte=at, user_id=user_id)


def _born(name: str, before: date, most: int) -> QuerySet[Depositor, tuple[int, date | None, str | None]]:
    found = Depositor.objects.filter(Q(name=name) | Q(branch_id=most), born_on__lt=before).order_by("-born_on", "pk")
    return found.values_list("pk", "born_on", "household__number")


def _at_home(depositor_id: int) -> QuerySet[Depositor]:
    return Depositor.objects.select_related("household", "user", "passbook").filter(pk=depositor_id)


def facts(row: Model, above: Model | None = None) -> dict[str, object]:
    """All columns of an object and of what was read beside it."""
    read = row._state.fields_cache
    beside = {name: facts(one, row) if isinstance(one, Model) and one is not above else one for name, one in read.items()}
    return {**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}, "beside": beside}


def test_objects_are_the_same_with_all_that_is_beside_them(village: Village, at: datetime) -> None:
    ask = prepared(_in_office)
    for user_id in village.users.values():
        for moment in (at, at - timedelta(days=40_000), at + timedelta(days=40_000)):
            plain = list(_in_office(user_id, moment))
            assert [facts(one) for one in ask(at=moment, user_id=user_id)] == [facts(one) for one in plain]
    people = prepared(_at_home)
    for one in Depositor.objects.order_by("pk"):
        (found,) = people(depositor_id=one.pk)
        assert facts(found) == facts(_at_home(one.pk).get()) and not found._state.adding
        assert found._state.db == connection.alias


def test_tuples_are_the_same(village: Village) -> None:
    ask = prepared(_born)
    names = set(Depositor.objects.values_list("name", flat=True))
    for name in (*names, "nobody", "'; --", "%s"):
        for before in (date(1960, 1, 1), date(2000, 2, 29), date(2030, 1, 1)):
            assert ask(name=name, before=before, most=-1) == list(_born(name, before, -1))


def test_one_question_is_one_statement_and_is_put_together_once(village: Village) -> None:
    built = 0

    def counted(depositor_id: int) -> QuerySet[Depositor]:
        nonlocal built
        built += 1
        return _at_home(depositor_id)

    ask = prepared(counted)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        for place in range(5):
            assert ask.one(depositor_id=-place) is None
    assert (len(asked), built) == (5, 1)


def test_what_it_cannot_do_is_refused() -> None:
    ask = prepared(_at_home)
    with pytest.raises(TypeError):
        ask.one(depositor_id=None)
    with pytest.raises(TypeError):
        prepared(lambda pk: Depositor.objects.filter(pk=pk).values("pk")).one(pk=1)
    with pytest.raises(KeyError):
        ask.one()


def stored(thing: Model) -> dict[str, object]:
    """The row as the store has it, without what has to be another in every row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {thing._meta.db_table} WHERE id = %s", [thing.pk])
        (row,) = cursor.fetchall()
        names = [column[0] for column in cursor.description]
    return {name: value for name, value in zip(names, row, strict=True) if name not in ("id", "public_id", "submission_key")}


def deed(number: int, at: datetime, **more: object) -> Declaration:
    person = Depositor.objects.select_related("household", "passbook").exclude(household=None).order_by("pk")[0]
    given: dict[str, object] = {
        "public_id": f"{number:032}", "branch_id": person.branch_id, "item": RuleItem.objects.order_by("pk")[0],
        "depositor": person, "household": person.household, "passbook": person.passbook, "door": Door.COUNTER,
        "happened_on": at.date(), "status_at": at, "declared_at": at, "submission_key": f"key {number}",
    }  # fmt: skip
    return Declaration(**(given | more))


def test_an_added_row_is_the_same_as_a_saved_one(village: Village, at: datetime) -> None:
    said: list[dict[str, object]] = [
        {},
        {"household": None, "words": "100 % '\"; -- %s 打扫", "declared_by": 2**40, "quantity": 7},
        {"history": [{"words": "旧", "at": "2026"}], "explanation": {"steps": []}, "is_noticed": True, "group_key": "g"},
        {"status": "rejected", "door": "api", "words": gettext_lazy("打扫"), "quantity": "12", "happened_on": at},
        {"status": Status.APPROVED, "points": -300, "honour": 0, "batch_key": "b", "request_hash": "f" * 64},
    ]
    for number, more in enumerate(said):
        added, saved = deed(2 * number, at, **more), deed(2 * number + 1, at, **more)
        save_new(added)
        saved.save(force_insert=True)
        assert stored(added) == stored(saved) and added.pk < saved.pk
        assert (added._state.adding, added._state.db) == (False, connection.alias)
        added.refresh_from_db()
        saved.refresh_from_db()
        assert all(getattr(added, name) == getattr(saved, name) for name in stored(added))
    for user_id in (None, 7):
        facts = {"at": at, "user_id": user_id, "door": "api", "act": "a", "subject": "s", "facts": {"词": ["%s", None, 1]}}
        pair = [AuditEvent(**facts, previous_hash=bytes(range(32)), hash=b"\x00" * 32) for _twice in range(2)]
        save_new(pair[0])
        pair[1].save(force_insert=True)
        assert stored(pair[0]) == stored(pair[1])


def test_a_row_that_the_store_refuses_is_refused_as_ever(at: datetime) -> None:
    def record() -> IdempotencyRecord:
        return IdempotencyRecord(owner_id=1, key_digest="k", request_digest="r", status=201, answer=b"{}", made_at=at)

    save_new(record())
    kept = prepared(lambda owner_id: IdempotencyRecord.objects.filter(owner_id=owner_id))
    with pytest.raises(IntegrityError), transaction.atomic():
        save_new(record())
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            kept(owner_id=1)
        with pytest.raises(transaction.TransactionManagementError):
            save_new(record())
    assert len(kept(owner_id=1)) == 1


def test_whoever_listens_hears_of_every_question_and_row(at: datetime) -> None:
    heard: list[str] = []

    def listen(execute: Callable[..., object], sql: str, *more: object) -> object:
        heard.append(sql.split()[0])
        return execute(sql, *more)

    with connection.execute_wrapper(listen):
        save_new(IdempotencyRecord(owner_id=1, key_digest="k", request_digest="r", status=201, answer=b"", made_at=at))
        prepared(lambda owner_id: IdempotencyRecord.objects.filter(owner_id=owner_id))(owner_id=1)
    assert heard == ["INSERT", "SELECT"]


def test_a_row_whose_key_is_there_already_is_not_added_so(at: datetime) -> None:
    with pytest.raises(TypeError):
        save_new(Session(session_key="k", session_data="", expire_date=at))
    with pytest.raises(TypeError):
        save_new(IdempotencyRecord(pk=1, owner_id=1, key_digest="k", request_digest="r", status=201, answer=b"", made_at=at))

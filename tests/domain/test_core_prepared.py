"""A prepared question answers as the queryset that it was built of, whatever values fill it, on every store."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.test.utils import CaptureQueriesContext

from tests.village import Village
from wenming.core.prepared import prepared
from wenming.domain.depositors.models import Depositor
from wenming.domain.organisations.models import Appointment

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

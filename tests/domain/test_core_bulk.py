"""Rows in bulk are the rows that one save after the other would have made."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests import village
from tests.village import Village
from wenming.core import bulk
from wenming.core.models import Attachment, AuditEvent
from wenming.domain.depositors.models import Depositor, DepositorKind, Sex
from wenming.domain.identity.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(at: datetime) -> Village:
    return village.build(at)


def test_created_in_bulk_reads_back_the_same(at: datetime) -> None:
    things = [
        AuditEvent(at=at, door="test", act=f"act{n}", subject="x:1", facts={"n": [n]}, previous_hash=b"", hash=bytes([n]))
        for n in range(3)
    ]
    bulk.create(things)
    later = AuditEvent(at=at, door="test", act="later", subject="x:1", previous_hash=b"", hash=b"")
    later.save()
    kept = list(AuditEvent.objects.order_by("id"))
    assert [one.act for one in kept] == ["act0", "act1", "act2", "later"]
    assert [one.pk for one in things] == [one.pk for one in kept[:3]]
    assert kept[2].facts == {"n": [2]} and kept[2].at == at and bytes(kept[2].hash) == b"\x02"


def test_updated_in_bulk(at: datetime) -> None:
    photos = [
        Attachment(public_id=f"{n:032d}", subject="x:1", path="", digest="", size=1, width=1, height=1, kept_at=at)
        for n in range(2)
    ]
    bulk.create(photos)
    bulk.update(Attachment, ["subject"], [("x:2", photos[1].pk)])
    assert [one.subject for one in Attachment.objects.order_by("id")] == ["x:1", "x:2"]


def test_nothing_is_nothing() -> None:
    bulk.create([])
    assert not AuditEvent.objects.exists()


def test_values_are_turned_into_the_stores_own(at: datetime, place: Village) -> None:
    """Days, choices, truth, JSON as a value or as its text, and columns that are empty, wholly or here and there."""
    columns = ("public_id", "branch", "kind", "name", "sex", "born_on", "guardian_consent_on", "joined_on", "status", "status_at",
               "pinyin", "initials", "guardian")  # fmt: skip
    day = at.date()
    rows = [
        (
            f"{n:032d}",
            place.branch_id,
            DepositorKind.PERSON,
            f"王{n}",
            Sex.FEMALE,
            day if n else None,
            None,
            day,
            "active",
            at,
            "",
            "",
            "",
        )
        for n in range(3)
    ]
    bulk.insert(Depositor, columns, rows)
    made = list(Depositor.objects.filter(name__startswith="王", public_id__startswith="0000").order_by("public_id"))
    assert [one.born_on for one in made] == [None, day, day] and {one.guardian_consent_on for one in made} == {None}
    assert {(one.kind, one.sex, one.joined_on, one.status_at) for one in made} == {("person", "f", day, at)}


def test_json_may_be_text_already(at: datetime) -> None:
    columns = ("at", "door", "act", "subject", "facts", "previous_hash", "hash")
    rows = [(at, "test", "a", "x:1", facts, b"", b"") for facts in ({"名": [1, None]}, '{"名":[1,null]}')]
    bulk.insert(AuditEvent, columns, rows)
    assert [one.facts for one in AuditEvent.objects.order_by("id")] == [{"名": [1, None]}] * 2


def test_truth_is_kept(at: datetime) -> None:
    user = User.objects.create(display_name="王", registered_at=at, public_id="1" * 32, is_active=True)
    bulk.update(User, ["is_active"], [(False, user.pk)])
    assert User.objects.get(pk=user.pk).is_active is False

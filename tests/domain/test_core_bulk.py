"""Rows in bulk are the rows that one save after the other would have made."""

from __future__ import annotations

from datetime import datetime

import pytest

from wenming.core import bulk
from wenming.core.models import Attachment, AuditEvent

pytestmark = pytest.mark.django_db


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

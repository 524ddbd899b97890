"""One fate for each thing that waited without network: recorded once, told again for every copy, never changed (W19)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from wenming.core import fates
from wenming.core.errors import Conflict, NotAllowed, WrongInput
from wenming.core.fates import Effect, Item, Outcome
from wenming.core.models import Attachment, Fate

pytestmark = pytest.mark.django_db
KEY = "0123456789abcdef" * 2


def an_item(at: datetime, key: str = KEY, content: str = "swept the lane") -> Item:
    return Item(key=key, kind="deed", content=content, claimed_at=at - timedelta(days=80), device_id=4)


def write(at: datetime, public_id: str = "a") -> None:
    Attachment.objects.create(public_id=public_id, subject="x", path="x", digest="", size=1, width=1, height=1, kept_at=at)


def test_it_is_done_once_and_every_copy_hears_the_same(at: datetime) -> None:
    done = []

    def do() -> Effect:
        done.append(1)
        return Effect("deed:7", 3)

    first = fates.settle(user_id=1, item=an_item(at), at=at, do=do)
    later = fates.settle(user_id=1, item=an_item(at), at=at + timedelta(days=90), do=do)
    assert done == [1] and later == first and later.recorded_at == at
    assert (first.outcome, first.subject, first.organisation_id, first.code) == (Outcome.APPLIED, "deed:7", 3, "")
    assert first.claimed_at == at - timedelta(days=80), "what the phone's clock said stands beside ours"
    assert fates.of_subject("deed:7") == [first]


def test_a_refusal_is_a_fate_and_leaves_nothing_behind(at: datetime) -> None:
    """Also when the rules would allow it today: what is mended comes under a key of its own."""

    def refused() -> Effect:
        write(at)
        raise NotAllowed(field="people")

    fate = fates.settle(user_id=1, item=an_item(at), at=at, do=refused)
    assert (fate.outcome, fate.code, fate.field) == (Outcome.REFUSED, "not_allowed", "people") and "权限" in fate.words
    assert not Attachment.objects.exists()
    assert fates.settle(user_id=1, item=an_item(at), at=at, do=lambda: Effect("deed:7")).outcome == Outcome.REFUSED
    mended = fates.settle(user_id=1, item=an_item(at, key="f" * 32), at=at, do=lambda: Effect("deed:7"))
    assert mended.outcome == Outcome.APPLIED


def test_a_conflict_keeps_its_words(at: datetime) -> None:
    clash = Conflict(message="这个码领过了。")
    fate = fates.settle(user_id=1, item=an_item(at), at=at, do=lambda: Effect("order:1", 3, Outcome.CONFLICT, clash))
    assert (fate.outcome, fate.words) == (Outcome.CONFLICT, "这个码领过了。")
    assert fates.conflicts(organisation_id=3, since=at) == [fate]
    assert fates.conflicts(organisation_id=3, since=at + timedelta(seconds=1)) == []
    assert fates.conflicts(organisation_id=4, since=at) == []


def test_a_copy_that_says_something_else_is_refused_and_changes_nothing(at: datetime) -> None:
    first = fates.settle(user_id=1, item=an_item(at), at=at, do=lambda: Effect("deed:7"))
    with pytest.raises(fates.KeyReused):
        fates.settle(user_id=1, item=an_item(at, content="swept two lanes"), at=at, do=lambda: Effect("deed:8"))
    assert list(Fate.objects.all()) == [first]


def test_the_same_key_of_two_people_is_two_things(at: datetime) -> None:
    for user in (1, 2):
        fates.settle(user_id=user, item=an_item(at), at=at, do=lambda: Effect("deed:7"))
    assert Fate.objects.count() == 2


@pytest.mark.parametrize("key", ["", "0" * 31, "G" * 32, "0" * 33, "ABCDEF" * 5 + "01"])
def test_a_key_is_128_random_bits(at: datetime, key: str) -> None:
    with pytest.raises(WrongInput):
        fates.settle(user_id=1, item=an_item(at, key=key), at=at, do=Effect)
    assert not Fate.objects.exists()


def test_a_fault_is_no_fate(at: datetime) -> None:
    """A bug or a dead disk in between: nothing is recorded, and the copy that comes later is decided then."""

    def breaks() -> Effect:
        write(at)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fates.settle(user_id=1, item=an_item(at), at=at, do=breaks)
    assert not Fate.objects.exists() and not Attachment.objects.exists()
    assert fates.settle(user_id=1, item=an_item(at), at=at, do=Effect).outcome == Outcome.APPLIED


def test_the_store_itself_refuses_to_change_a_fate(at: datetime) -> None:
    fate = fates.settle(user_id=1, item=an_item(at), at=at, do=lambda: Effect("deed:7"))
    for change in ("outcome = 'refused'", "recorded_at = claimed_at", "key = 'x'", "subject = ''"):
        with pytest.raises(DatabaseError, match="a fate never changes"), transaction.atomic():
            connection.cursor().execute(f"UPDATE core_fate SET {change}")
    fate.refresh_from_db()
    assert fate.outcome == Outcome.APPLIED

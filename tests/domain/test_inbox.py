"""Messages."""

from __future__ import annotations

from datetime import datetime

import pytest

from wenming.core.actor import Actor
from wenming.domain.identity import services as identity
from wenming.domain.inbox import queries, services

pytestmark = pytest.mark.django_db


def test_messages_come_newest_first_and_are_read_by_their_owner_only(at: datetime) -> None:
    one, other = (identity.register_user(display_name=name, at=at).pk for name in ("王建国", "李秀英"))
    services.send(to=None, about="deeds.deposited", subject="deed:1", at=at)
    services.send(to=one, about="deeds.deposited", subject="deed:1", at=at, points=300)
    letters = [services.Letter(to, "notices.published", f"notice:{n}", {"n": n}) for n, to in enumerate((one, None, other, one))]
    assert services.send_many(letters=letters, at=at) == 3
    listed = queries.messages_of(user_id=one)
    assert [message.subject for message in listed] == ["notice:3", "notice:0", "deed:1"]
    assert listed[-1].facts == {"points": 300}
    assert [m.subject for m in queries.messages_of(user_id=one, before=listed[1].pk, limit=5)] == ["deed:1"]
    assert services.mark_read(actor=Actor(other, "villager"), message_id=listed[0].pk, at=at) == 0
    assert services.mark_read(actor=Actor(one, "villager"), message_id=listed[0].pk, at=at) == 1
    assert queries.unread_count(user_id=one) == 2
    assert services.mark_read(actor=Actor(one, "villager"), at=at) == 2
    assert services.mark_read(actor=Actor(None, "board"), at=at) == 0
    assert queries.unread_count(user_id=one) == 0 and queries.unread_count(user_id=other) == 1


def test_erased_users_have_no_messages(at: datetime) -> None:
    user = identity.register_user(display_name="王建国", at=at).pk
    services.send(to=user, about="deeds.deposited", subject="deed:1", at=at)
    assert services.erase_messages(user_id=user) == 1
    assert queries.messages_of(user_id=user) == []

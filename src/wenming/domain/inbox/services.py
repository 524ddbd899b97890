"""Writes of the inbox. A message is a row first, in the transaction of what it tells of; delivery comes after."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from wenming.core.actor import Actor
from wenming.core.failpoints import failpoint
from wenming.core.prepared import save_new
from wenming.core.transactions import service
from wenming.domain.inbox.models import Message


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to be sent. Nobody to send to (`to` is None) is no fault: people without a log-in are told at the counter."""

    to: int | None
    about: str
    subject: str
    facts: Mapping[str, object] = field(default_factory=dict)


@service
def send(*, to: int | None, about: str, subject: str, at: datetime, **facts: object) -> None:
    """Tell one user one thing. Nothing happens for a person without a log-in."""
    if to is not None:
        save_new(Message(user_id=to, about=about, subject=subject, facts=facts, sent_at=at))
        failpoint("inbox.sent")


@service
def send_many(*, letters: Sequence[Letter], at: datetime) -> int:
    """Send a pile of messages with a handful of statements; says how many had someone to go to."""
    rows = [
        Message(user_id=letter.to, about=letter.about, subject=letter.subject, facts=dict(letter.facts), sent_at=at)
        for letter in letters
        if letter.to is not None
    ]
    Message.objects.bulk_create(rows, batch_size=2000)
    return len(rows)


@service
def mark_read(*, actor: Actor, at: datetime, message_id: int | None = None) -> int:
    """Mark one message of the actor as read, or all of them; says how many changed. Other people's are out of reach."""
    if actor.user_id is None:
        return 0
    unread = Message.objects.filter(user_id=actor.user_id, read_at__isnull=True)
    if message_id is not None:
        unread = unread.filter(pk=message_id)
    return unread.update(read_at=at)


@service
def hide_name(*, name: str, instead: str) -> int:
    """Take the name of somebody who is being erased out of what was told to others; says how many messages spoke of them."""
    forms = {name, json.dumps(name)[1:-1]}
    spoken = Message.objects.annotate(said=Cast("facts", TextField())).filter(
        functools.reduce(operator.or_, (Q(said__contains=form) for form in sorted(forms)))
    )
    done = 0
    for message in spoken:
        facts = {key: value.replace(name, instead) if isinstance(value, str) else value for key, value in message.facts.items()}
        Message.objects.filter(pk=message.pk).update(facts=facts)
        done += 1
    return done


@service
def erase_messages(*, user_id: int) -> int:
    """Remove everything that was told to a user who is being erased; says how many rows went."""
    gone, _by_model = Message.objects.filter(user_id=user_id).delete()
    return gone

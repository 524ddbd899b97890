"""The audit trail: services record what was done, in the same transaction. It can't be changed afterwards."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from django.db.models import QuerySet

from wenming.core.actor import Actor
from wenming.core.failpoints import failpoint
from wenming.core.models import AuditEvent
from wenming.core.prepared import prepared, save_new
from wenming.core.transactions import at_the_end, take_turn

START = bytes(32)


def canonical(event: AuditEvent) -> bytes:
    """The bytes that are hashed: JSON with sorted keys, UTC instants in microseconds, the previous hash in hex."""
    facts = {
        "act": event.act,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "door": event.door,
        "facts": event.facts,
        "organisation": event.organisation_id,
        "previous": bytes(event.previous_hash).hex(),
        "subject": event.subject,
        "user": event.user_id,
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def record(
    *,
    actor: Actor,
    act: str,
    subject: str,
    at: datetime,
    organisation_id: int | None = None,
    facts: dict[str, object] | None = None,
) -> None:
    """Append one event. Call inside a service: it is written as the last thing of the act, in the same transaction."""
    event = AuditEvent(
        at=at,
        user_id=actor.user_id,
        door=actor.door,
        act=act,
        subject=subject,
        organisation_id=organisation_id,
        facts=facts or {},
    )
    at_the_end(lambda: _append(event))


@prepared
def _last_hash() -> QuerySet[AuditEvent, tuple[bytes | memoryview]]:
    return AuditEvent.objects.order_by("-id").values_list("hash")[:1]


def _append(event: AuditEvent) -> None:
    """Link the event to the last one; nobody else appends until this act ends."""
    take_turn("audit")
    last = _last_hash.one()
    event.previous_hash = START if last is None else bytes(last[0])
    event.hash = hashlib.sha256(canonical(event)).digest()
    save_new(event)
    failpoint("audit.appended")


def trail(
    *, subject: str = "", organisation_ids: frozenset[int] | None = None, before: int | None = None, limit: int = 100
) -> QuerySet[AuditEvent]:
    """The newest events first, of one subject or of some organisations; `before` goes on where a page ended."""
    events = AuditEvent.objects.order_by("-id")
    if before is not None:
        events = events.filter(pk__lt=before)
    if subject:
        events = events.filter(subject=subject)
    if organisation_ids is not None:
        events = events.filter(organisation_id__in=organisation_ids)
    return events[:limit]


def first_broken() -> int | None:
    """The id of the first event whose hash or link does not fit; None when the whole trail holds."""
    previous = START
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        if bytes(event.previous_hash) != previous or hashlib.sha256(canonical(event)).digest() != bytes(event.hash):
            return event.pk
        previous = bytes(event.hash)
    return None

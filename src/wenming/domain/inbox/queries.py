"""Reads of the inbox."""

from __future__ import annotations

from wenming.domain.inbox.models import Message


def messages_of(*, user_id: int, before: int | None = None, limit: int = 30) -> list[Message]:
    """A user's messages, the newest first; `before` is the id at which the last page ended."""
    found = Message.objects.filter(user_id=user_id).order_by("-id")
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found[:limit])


def unread_count(*, user_id: int) -> int:
    return Message.objects.filter(user_id=user_id, read_at__isnull=True).count()

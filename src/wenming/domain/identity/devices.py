"""The phones and computers on which a user is logged in, and ending one that was lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings

from wenming.core import audit, chance
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, require
from wenming.core.transactions import service
from wenming.domain.identity import queries
from wenming.domain.identity.models import Device

TOKEN_BYTES = 24
SEEN_EVERY = timedelta(hours=1)


@service
def meet_device(*, user_id: int, token: str, name: str, session_key: str, at: datetime) -> tuple[Device, str]:
    """The device behind a cookie, with its session; a new one, with a new cookie, when it is unknown or was ended."""
    found = (
        Device.objects.filter(user_id=user_id, digest=queries.device_digest(token), revoked_at__isnull=True).first()
        if token
        else None
    )
    if found is None:
        token = chance.random_bytes(TOKEN_BYTES).hex()
        found = Device(user_id=user_id, public_id=chance.public_id(), digest=queries.device_digest(token), met_at=at)
    is_news = found.pk is None or (found.name, found.session_key) != (name[:40], session_key) or at - found.seen_at > SEEN_EVERY
    if is_news:
        found.name, found.session_key, found.seen_at = name[:40], session_key, at
        found.save()
    return found, token


@service
def revoke_device(*, actor: Actor, user_id: int, public_id: str, at: datetime) -> Device:
    """End a device: its session is over at once, and what waits on it is not taken any more. Saying it twice does it once.

    Whether this officer may do it for this person is asked by the room that knows the person.
    """
    require(actor.is_system or actor.is_officer or actor.user_id == user_id)
    device = Device.objects.select_for_update().filter(user_id=user_id, public_id=public_id).first()
    if device is None:
        raise NotFound
    if device.revoked_at is None:
        sessions = import_module(settings.SESSION_ENGINE).SessionStore
        sessions(device.session_key).delete()
        device.revoked_at, device.session_key = at, ""
        device.save(update_fields=["revoked_at", "session_key"])
        audit.record(actor=actor, act="identity.device_revoked", subject=f"user:{user_id}", at=at)
    return device

"""Reads of the depositors' room."""

from __future__ import annotations

from datetime import datetime

from wenming.core.actor import Actor


def actor_for(*, user_id: int | None, door: str, at: datetime) -> Actor:
    return Actor(user_id=user_id, door=door)

"""Log-in sessions lie in the store as Django keeps them; what every request does with them is done once."""

from __future__ import annotations

import functools
import json
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from wenming.core.prepared import prepared


@prepared
def _running(session_key: str, at: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=session_key, expire_date__gt=at)


@functools.lru_cache(maxsize=1024)
def _said(text: bytes | str) -> str:
    """What a row says, its signature checked. The row is read on every request; the same text needs no second look."""
    return json.dumps(db.SessionStore().decode(text))


class SessionStore(db.SessionStore):
    """A session runs out by the clock on the wall, as Django wrote it, whatever clock a demo goes by."""

    def _get_session_from_db(self) -> Session | None:
        found = _running.one(session_key=self.session_key, at=timezone.now())  # noqa: TID251
        if found is None:
            self._session_key = None
        return found

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(_said(session_data))
        return said

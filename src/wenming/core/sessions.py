"""Log-in sessions lie in the store as Django keeps them; only the question of every request is put together once."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from wenming.core.prepared import prepared


@prepared
def _running(session_key: str, at: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=session_key, expire_date__gt=at)


class SessionStore(db.SessionStore):
    """A session runs out by the clock on the wall, as Django wrote it, whatever clock a demo goes by."""

    def _get_session_from_db(self) -> Session | None:
        found = _running.one(session_key=self.session_key, at=timezone.now())  # noqa: TID251
        if found is None:
            self._session_key = None
        return found

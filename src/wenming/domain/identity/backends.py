"""Log-in by phone, household number, passbook number or officer's name."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet

from wenming.core import vault
from wenming.core.prepared import prepared
from wenming.domain.identity import queries
from wenming.domain.identity.models import User


@prepared
def _active(user_id: int) -> QuerySet[User]:
    return User.objects.filter(pk=user_id, is_active=True)


class LoginNameBackend(BaseBackend):
    """Finds the user by the keyed hash of the log-in name, then checks the password.

    An unknown name costs one hash as a known one does, so the time of the answer says nothing about who exists.
    """

    def authenticate(self, request: Any, username: str | None = None, password: str | None = None, **_kwargs: Any) -> User | None:
        if not username or password is None or len(password) > 128:
            return None
        found = queries.user_by_login_name(name=username)
        if found is None:
            make_password(password)
            return None
        return found if found.check_password(password) else None

    def get_user(self, user_id: int) -> User | None:
        return _active.one(user_id=user_id)


def lockout_name(_request: Any, credentials: dict[str, Any] | None) -> str:
    """The log-in name as the lock-out table keeps it: hashed, since a phone number is personal data."""
    name = (credentials or {}).get("username") or getattr(_request, "POST", {}).get("username") or ""
    return vault.digest("lock-out", queries.plain_name(str(name)))

"""Reads of the identity room."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from wenming.core import vault
from wenming.domain.identity.models import ApiKey, Device, LoginName, User

LoginKind = LoginName.Kind
KEY_MARK = "wm"
SECRET_LENGTH = 64


@dataclass(frozen=True, slots=True)
class KeyCard:
    """What may be shown of an API key after it was issued."""

    id: int
    name: str
    prefix: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def plain_name(name: str) -> str:
    """A log-in name as it is hashed: plain forms, no blanks or hyphens, small letters, no +86 before a mobile number."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(letter for letter in plain if letter not in " -‐‑–—_\t\r\n\u3000")
    digits = plain.removeprefix("+")
    return digits[2:] if len(digits) == 13 and digits.startswith("861") and digits.isdigit() else plain


def digest_of(name: str) -> str:
    return vault.digest("log-in", plain_name(name))


def user_by_login_name(*, name: str) -> User | None:
    """The active user who logs in by this name."""
    found = LoginName.objects.select_related("user").filter(digest=digest_of(name), user__is_active=True).first()
    return found.user if found else None


def user(*, user_id: int) -> User | None:
    return User.objects.filter(pk=user_id).first()


def has_password(*, user_id: int) -> bool:
    """Whether the user has set a password and may log in."""
    found = User.objects.filter(pk=user_id, is_active=True).first()
    return found is not None and found.has_usable_password()


def display_names(*, user_ids: list[int]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=user_ids).values_list("pk", "display_name"))


def login_kinds(*, user_id: int) -> frozenset[str]:
    """By which kinds of name the user can log in."""
    return frozenset(LoginName.objects.filter(user_id=user_id).values_list("kind", flat=True))


def user_by_api_key(*, key: str, at: datetime) -> tuple[int, frozenset[str]] | None:
    """The user and the scopes of a key that is in force; None for anything else."""
    mark, _first, rest = key.strip().partition("_")
    prefix, _second, secret = rest.partition("_")
    if mark != KEY_MARK or len(secret) != SECRET_LENGTH:
        return None
    found = ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True, user__is_active=True).first()
    given = vault.digest("api-key", secret)
    if found is None or not hmac.compare_digest(found.digest, given):
        return None
    if found.expires_at is not None and found.expires_at <= at:
        return None
    return found.user_id, frozenset(found.scopes)


def api_keys_of(*, user_id: int, before: int | None = None, limit: int | None = None) -> list[KeyCard]:
    """The keys of a user, the newest first; never their secrets. `before` is the id at which the last page ended."""
    found = ApiKey.objects.filter(user_id=user_id).order_by("-id")
    if before is not None:
        found = found.filter(pk__lt=before)
    return [
        KeyCard(key.pk, key.name, key.prefix, frozenset(key.scopes), key.issued_at, key.expires_at, key.revoked_at)
        for key in found[:limit]
    ]


def devices_of(*, user_id: int) -> list[Device]:
    """On what the user is logged in, seen last first; those that were ended stand at the end."""
    return list(Device.objects.filter(user_id=user_id).order_by(F("revoked_at").asc(nulls_first=True), "-seen_at", "-id"))


def device(*, user_id: int, public_id: str) -> Device | None:
    return Device.objects.filter(user_id=user_id, public_id=public_id).first()


def device_digest(token: str) -> str:
    """A device's cookie as it is kept."""
    return vault.digest("device", token)


def ended_owners(*, token: str) -> list[str]:
    """The public ids of the users whose device of this cookie was ended: what they left on it is to be cleared."""
    found = Device.objects.filter(digest=device_digest(token), revoked_at__isnull=False) if token else Device.objects.none()
    return sorted(found.values_list("user__public_id", flat=True))

"""What became of the things that waited on a phone or at a counter without network: one fate each, for ever.

`idempotency.once` serves callers who stand by: what is refused has written nothing, and the same key may come again. Here
nobody stood by when the rules decided, so a refusal is a fate like any other; what is mended comes under a key of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from wenming.core.errors import Conflict, Refusal, WrongInput
from wenming.core.models import Fate as Fate
from wenming.core.transactions import act, service, take_turn

Outcome = Fate.Outcome
KEY = re.compile(r"[0-9a-f]{32}")
WORDS_MOST = 200
WAITED = timedelta(hours=1)


class KeyReused(Conflict):
    code, message = "fates.key_reused", _("这个编号已经用在另一件上了，这一件没有记。")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing as it came: `content` is all that was asked, `claimed_at` when it was done by the clock there."""

    key: str
    kind: str
    content: str
    claimed_at: datetime
    device_id: int | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What doing it brought about, and where."""

    subject: str = ""
    organisation_id: int | None = None
    outcome: Outcome = Outcome.APPLIED
    refusal: Refusal | None = None


@service
def settle(*, user_id: int, item: Item, at: datetime, do: Callable[[], Effect]) -> Fate:
    """Do it and record its fate; every later copy gets that same fate and does nothing.

    A refusal undoes what `do` wrote and becomes the fate. Refuses a copy that says something else under the same key.
    """
    if not KEY.fullmatch(item.key):
        raise WrongInput(field="key")
    take_turn(f"item:{user_id}:{item.key}")
    digest = hashlib.sha256(f"{item.kind}:{item.content}".encode()).hexdigest()
    known = Fate.objects.filter(user_id=user_id, key=item.key).first()
    if known is not None:
        if known.digest != digest:
            raise KeyReused(field="key")
        return known
    effect = _effect(do)
    return Fate.objects.create(
        user_id=user_id,
        key=item.key,
        kind=item.kind,
        outcome=effect.outcome,
        code=effect.refusal.code if effect.refusal else "",
        words=effect.refusal.words[:WORDS_MOST] if effect.refusal else "",
        field=effect.refusal.field[:32] if effect.refusal else "",
        subject=effect.subject,
        organisation_id=effect.organisation_id,
        device_id=item.device_id,
        digest=digest,
        claimed_at=item.claimed_at,
        recorded_at=at,
    )


def _effect(do: Callable[[], Effect]) -> Effect:
    try:
        with act():
            return do()
    except Refusal as refusal:
        return Effect(outcome=Outcome.REFUSED, refusal=refusal)


def of_subject(subject: str) -> list[Fate]:
    """What came for one subject such as `order:12`, oldest first."""
    return list(Fate.objects.filter(subject=subject).order_by("id"))


def kept_long(subject: str) -> Fate | None:
    """How a subject came, if the clock there and ours say that it waited an hour or more; the clock there may be wrong."""
    came = Fate.objects.filter(subject=subject, outcome=Outcome.APPLIED).order_by("id").first()
    return came if came is not None and abs(came.recorded_at - came.claimed_at) >= WAITED else None


def conflicts(*, organisation_id: int, since: datetime, limit: int = 20) -> list[Fate]:
    """What did not fit with what the books said already, newest first."""
    found = Fate.objects.filter(organisation_id=organisation_id, outcome=Outcome.CONFLICT, recorded_at__gte=since)
    return list(found.order_by("-id")[:limit])

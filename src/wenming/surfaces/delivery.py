"""What phones and counters send after they were without network: read, settled one by one, each answered with its fate.

A batch is JSON: `owner` and `device` as the page gave them, `items` in the order they were made. An item has its `key`, its
`format`, the instant `made_at` by the clock there, and what was asked. Each is decided in a transaction of its own, so a
connection cut in the middle leaves whole items behind; the sender says the rest again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _

from wenming.core import clock, fates
from wenming.core.errors import Refusal, WrongInput
from wenming.domain.identity import queries as identity

FORMATS = frozenset({1})
MOST_ITEMS = 20


class BadBatch(Refusal):
    code, message, status = "delivery.bad_batch", _("没看懂这次提交，请刷新后再试。"), 400


class OtherOwner(Refusal):
    """What one person typed is never handed in under another's name."""

    code, message, status = "delivery.other_owner", _("这些是另一个人存的，要他自己登录后交。"), 403


class OtherFormat(Refusal):
    code, message = "delivery.other_format", _("这部手机上的页面和村里的对不上，请刷新页面，改一改再交。")


class DeviceEnded(Refusal):
    code, message = "delivery.device_ended", _("这部手机停用过，里面存的没有记。是您做的事，请改一改再交。")


class Unreadable(Refusal):
    code, message = "delivery.unreadable", _("这一件看不懂，没有记。请重新写一遍。")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One item out of a batch: the bytes it is compared by, and what is in it."""

    item: fates.Item
    asked: Mapping[str, Any]


Work = Callable[[str, Mapping[str, Any]], fates.Effect]
Words = Callable[[fates.Fate], Mapping[str, str]]


def state(request: HttpRequest, *, device: str, ended: Sequence[str]) -> JsonResponse:
    """Whom the sender would send for, the token to send with, and whose things must be cleared. Asked before each delivery."""
    who = {"owner": request.user.public_id, "device": device, "ended": list(ended)}
    answer = JsonResponse({**who, "token": get_token(request), "now": clock.now().isoformat()})
    answer["Cache-Control"] = "no-store"
    return answer


def settle_batch(request: HttpRequest, *, kind: str, do: Work, say: Words) -> JsonResponse:
    """Decide the items in their order and answer each with its fate; `say` adds what the page shows beside it."""
    try:
        items, device = _read(request)
    except Refusal as refusal:
        return JsonResponse({"code": refusal.code, "message": refusal.words}, status=refusal.status)
    return JsonResponse({"fates": [_settled(request, raw, kind, device, do, say) for raw in items]})


def _read(request: HttpRequest) -> tuple[list[Any], Any]:
    try:
        batch = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise BadBatch from error
    if not isinstance(batch, dict) or not isinstance(batch.get("items"), list) or len(batch["items"]) > MOST_ITEMS:
        raise BadBatch
    if batch.get("owner") != request.user.public_id:
        raise OtherOwner
    return batch["items"], identity.device(user_id=request.user.pk, public_id=str(batch.get("device", ""))[:32])


def _settled(request: HttpRequest, raw: Any, kind: str, device: Any, do: Work, say: Words) -> dict[str, str]:
    key = raw.get("key") if isinstance(raw, dict) else None
    shown = {"key": key if isinstance(key, str) else "", "code": "", "words": "", "field": ""}
    try:
        parcel = _open(raw, kind, device)
        fate = fates.settle(user_id=request.user.pk, item=parcel.item, at=clock.now(), do=lambda: _do(parcel, device, do))
    except Refusal as refusal:
        outcome = fates.Outcome.CONFLICT if isinstance(refusal, fates.KeyReused) else fates.Outcome.REFUSED
        return {**shown, "outcome": outcome, "code": refusal.code, "words": refusal.words, "field": refusal.field}
    return {**shown, "outcome": fate.outcome, "code": fate.code, "words": fate.words, "field": fate.field, **say(fate)}


def _open(raw: Any, kind: str, device: Any) -> Parcel:
    """What has no key, or no instant, has no fate to record: it is answered and forgotten."""
    if not isinstance(raw, dict) or not isinstance(raw.get("key"), str) or not fates.KEY.fullmatch(raw["key"]):
        raise Unreadable(field="key")
    asked = {name: value for name, value in raw.items() if name != "key"}
    try:
        made_at = datetime.fromisoformat(raw["made_at"])
        claimed_at = made_at.astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Unreadable(field="made_at") from error
    if made_at.tzinfo is None:
        raise Unreadable(field="made_at")
    item = fates.Item(raw["key"], kind, json.dumps(asked, sort_keys=True), claimed_at, device.pk if device else None)
    return Parcel(item, asked)


def _do(parcel: Parcel, device: Any, do: Work) -> fates.Effect:
    if device is not None and device.revoked_at is not None:
        raise DeviceEnded
    if parcel.asked.get("format") not in FORMATS:
        raise OtherFormat
    return do(parcel.item.key, parcel.asked)


def text(asked: Mapping[str, Any], name: str, *, most: int) -> str:
    """A field that is plain text; anything else is refused in its name."""
    value = asked.get(name, "")
    if not isinstance(value, str) or len(value) > most or any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value):
        raise WrongInput(field=name)
    return value


def number(asked: Mapping[str, Any], name: str) -> int:
    value = asked.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise WrongInput(field=name)
    return value

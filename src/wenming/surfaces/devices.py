"""The phone or computer behind a request: met at log-in, known again by a cookie of its own."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wenming.core import clock
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.domain.identity.queries import Device

COOKIE = "wm_device"
SLOT = "device"
DAYS = 400


def meet(request: HttpRequest) -> tuple[Device, Callable[[HttpResponse], None]]:
    """The device with this session, and what writes its cookie into the answer. Call after log-in."""
    if request.session.session_key is None:
        request.session.create()
    device, token = identity.meet_device(
        user_id=request.user.pk,
        token=request.COOKIES.get(COOKIE, ""),
        name=name_of(request.headers.get("User-Agent", "")),
        session_key=request.session.session_key,
        at=clock.now(),
    )
    if request.session.get(SLOT) != device.public_id:
        request.session[SLOT] = device.public_id

    def keep(answer: HttpResponse) -> None:
        answer.set_cookie(COOKIE, token, max_age=DAYS * 86400, samesite="Lax", httponly=True, secure=settings.IS_HTTPS)

    return device, keep


def ended_here(request: HttpRequest) -> list[str]:
    """Whose device of this browser was ended: the page clears what they left here."""
    return identity_queries.ended_owners(token=request.COOKIES.get(COOKIE, ""))


KINDS = (
    ("iPhone", gettext_noop("苹果手机")),
    ("iPad", gettext_noop("苹果平板")),
    ("OpenHarmony", gettext_noop("鸿蒙手机")),
    ("Android", gettext_noop("安卓手机")),
    ("Windows", gettext_noop("电脑")),
    ("Macintosh", gettext_noop("苹果电脑")),
    ("Linux", gettext_noop("电脑")),
)
INSIDE = "，微信里"


def name_of(agent: str) -> str:
    """What a person would call it, as the store keeps it: 苹果手机，微信里."""
    kind = next((words for mark, words in KINDS if mark in agent), gettext_noop("别的设备"))
    return kind + INSIDE if "MicroMessenger" in agent else kind


def words_for(name: str) -> str:
    """The name of a device in the language of the page."""
    kind, is_inside, _rest = name.partition(INSIDE)
    return _("{kind}，微信里").format(kind=_(kind)) if is_inside else _(kind)

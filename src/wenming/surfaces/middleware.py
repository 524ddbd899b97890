"""Sets `request.actor` from the appointments in force at this instant; turns refusals and faults into answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from wenming.core import chance, clock
from wenming.core.actor import Actor
from wenming.core.errors import Refusal
from wenming.domain.depositors import queries as depositors
from wenming.domain.organisations import queries as organisations
from wenming.locale.catalogues import CHINESE, ENGLISH
from wenming.ui import looks, typed

log = logging.getLogger("wenming.faults")
DOORS = {"console": "console", "board": "board", "api": "api"}


def door_of(request: HttpRequest) -> str:
    return DOORS.get(request.path.strip("/").split("/")[0], "villager")


def has_nul(request: HttpRequest) -> bool:
    """NUL, which no store takes, in the address or in what was typed. The API names the field itself."""
    typed = [request.GET, request.POST] if request.method == "POST" else [request.GET]
    return "\0" in request.path or any("\0" in value for form in typed for _name, values in form.lists() for value in values)


def answer(request: HttpRequest, *, code: str, message: str, status: int, fields: dict[str, str] | None = None) -> HttpResponse:
    """A refusal or fault in the shape that the door speaks."""
    if door_of(request) == "api":
        return JsonResponse({"code": code, "message": message, "fields": fields or {}}, status=status)
    again = typed.to_send_again(request) if status == 500 or code == "csrf_failed" else []
    context = {"code": code, "message": message, "status": status, "again": again}
    return render(request, "ui/error.html", context, status=status)


class LogInFirst(LoginRequiredMiddleware):
    """Who is not logged in goes to the log-in; what was typed into a form waits there and comes back behind it."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., HttpResponse]) -> HttpResponse:
        page = typed.page_of(request) or request.get_full_path()
        if typed.is_form(request) and not has_nul(request):
            typed.keep(request, page)
        elif "HX-Request" not in request.headers:
            return super().handle_no_permission(request, view_func)
        answer = redirect_to_login(page, self.get_login_url(view_func), self.get_redirect_field_name(view_func))
        return HttpResponseClientRedirect(answer["Location"]) if "HX-Request" in request.headers else answer


def language_of(request: HttpRequest) -> str:
    """The language that was chosen; nothing is guessed from a browser. A program at the API says it in `Accept-Language`.

    `?language=` is for the pages that a phone keeps for the time without network: they are fetched without cookies.
    """
    asked = request.GET.get("language", "") or looks.looks_of(request).language
    if not asked and door_of(request) == "api" and looks.COOKIE not in request.COOKIES:
        asked = request.headers.get("Accept-Language", "")[:2].lower()
    return ENGLISH if asked == ENGLISH else CHINESE


class LanguageMiddleware:
    """Each answer is made in one language, and the thread is left as it was found."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before, language = translation.get_language(), language_of(request)
        try:
            if language != before:
                translation.activate(language)
            response = self.get_response(request)
        finally:
            if translation.get_language() != before:
                translation.activate(before)
        if door_of(request) == "api":
            patch_vary_headers(response, ["Accept-Language"])
        return response


class ContentPolicy(CSPMiddleware):
    """The same policy on every answer, so its words are put together once; only a page that asks for a nonce has its own.

    What django-csp offers beside (decorators of single views, addresses left out) has no effect here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.words = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.csp_nonce:  # type: ignore[attr-defined]  # false until somebody asks for it
            answer: HttpResponseBase = super().process_response(request, response)
            return answer
        response.headers.setdefault(HEADER, self.words)
        request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response


class ActorMiddleware:
    """Appointments are read anew for each request, so a role that ended is gone at the next click."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if door_of(request) != "api" and has_nul(request):
            return bad_request(request)
        user = request.user
        if user.is_authenticated and request.session.get("token_version") != user.token_version:
            logout(request)
        request.actor = SimpleLazyObject(lambda: self.actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, facts: Mapping[str, Any]) -> None:
        """Who is logged in has the actor read now; then the words that the person's bank goes by. The API always speaks the
        plain ones."""
        is_known = request.user.is_authenticated
        if is_known:
            request.actor = self.actor(request)  # type: ignore[attr-defined]
        if door_of(request) == "api":
            return
        if is_known:
            pack = request.actor.word_pack  # type: ignore[attr-defined]
        else:
            pack = organisations.word_pack_at(code=str(facts.get("code", "")))
        if pack:
            translation.activate(f"{language_of(request)}-x-{pack}")

    def actor(self, request: HttpRequest) -> Actor:
        user_id = request.user.pk if request.user.is_authenticated else None
        return depositors.actor_for(user_id=user_id, door=door_of(request), at=clock.now())

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refusal):
            return None
        fields = {error.field: error.words} if error.field else {}
        return answer(request, code=error.code, message=error.words, status=error.status, fields=fields)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, code="bad_request", message=_("没看懂这次提交，请退回去再试一次。"), status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, code="not_allowed", message=_("这一页只有管这件事的人能看。"), status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, code="not_found", message=_("没有找到这一页。"), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """The person reads a number to quote; the log keeps the same number with the fault."""
    number = f"E-{chance.digits(6)}"
    log.error("fault %s at %s", number, request.path)
    message = (
        _("没交上去，不是您的错。写的都在，照片和文件要再选一次；还不行，请报 {number}。")
        if typed.is_form(request) and request.FILES
        else _("没交上去，不是您的错。写的都在，请再交一次；还不行，请报 {number}。")
        if typed.is_form(request)
        else _("没办成，不是您的错。请再试一次；还不行，请报 {number}。")
    ).format(number=number)
    return answer(request, code="server_error", message=message, status=500)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = _("这一页放得太久了，再交一次就行。填过的都在，照片要再选一次。")
    return answer(request, code="csrf_failed", message=message, status=403)


def locked_out(request: HttpRequest, credentials: dict[str, object], *args: object, **kwargs: object) -> HttpResponse:
    minutes = int(settings.AXES_COOLOFF_TIME * 60)
    message = _("密码错了好几次，先歇 {minutes} 分钟再试，或到柜台重领激活码。").format(minutes=minutes)
    return answer(request, code="locked_out", message=message, status=429)

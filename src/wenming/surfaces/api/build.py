"""Puts the operations of every room together, and their addresses."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET
from ninja import NinjaAPI

from wenming.surfaces.api import approvals, deeds, errors, funds, ledger, mall, notices, people, rulebooks
from wenming.surfaces.api.described import Described

DESCRIPTION = _(
    """文明银行的 REST API。积分的单位是百分之一分，钱的单位是分，时间是 UTC。

登录后可以直接用（写操作带 CSRF 标记），程序用密钥：`Authorization: Bearer wm_…`。每个写操作都要在请求头 `Idempotency-Key`
里带上提交编号，重试用同一个编号，就只办一次。出错都是同一个样子：`{"code", "message", "fields"}`。列表分页：`{"items", "next"}`。
"""
)


def make() -> NinjaAPI:
    api = Described(
        title=_("文明银行"),
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        openapi_url="openapi.json",
        urls_namespace="api",
        parser=errors.StrictParser(),
    )
    errors.register(api)
    for module in (people, rulebooks, deeds, notices, mall, approvals, funds, ledger):
        api.add_router("", module.router)
    return api


def urls(api: NinjaAPI) -> list[URLPattern]:
    """The addresses; who may enter is asked by each operation itself, and an unknown address has the same error shape."""
    patterns = [
        path(
            str(pattern.pattern),
            _in_shape(require_GET(pattern.callback) if pattern.name == "openapi-json" else pattern.callback),
            name=pattern.name,
        )
        for pattern in api.urls[0]
        if isinstance(pattern, URLPattern)
    ]
    return [*patterns, path("<path:rest>", _in_shape(_nowhere), name="nowhere")]


def _nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    return errors.not_found(request)


def _in_shape(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Log-in and anti-forgery are the operations' own affair; a wrong method is answered in the one shape."""

    @functools.wraps(view)
    def run(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        if not all(errors.is_text(text) for text in (request.path, *request.GET)):
            return errors.unreadable_address(request)
        for name, said in request.GET.lists():
            if not all(errors.is_text(text) for text in said):
                return errors.refused(request, errors.HiddenSigns(field=name))
        response: HttpResponse = view(request, *args, **values)
        if isinstance(response, HttpResponseNotAllowed):
            return errors.wrong_method(request, response["Allow"])
        return response

    run.login_required = False  # type: ignore[attr-defined]
    run.csrf_exempt = True  # type: ignore[attr-defined]
    return run

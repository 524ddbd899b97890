"""What every page of this door shares: its frame, the villager's own passbook, and ways back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from wenming.domain.depositors import queries as depositors
from wenming.domain.inbox import queries as inbox

View = Callable[..., HttpResponse]


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, here: str = "", status: int = 200
) -> HttpResponse:
    """Show a page; `here` names the tab it stands under."""
    return render(request, template, {"here": here, **(context or {})}, status=status)


def own_path(request: HttpRequest, fallback: str) -> str:
    """The address in `next` if it is one of ours, else the fallback."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else fallback


def with_passbook(view: View) -> View:
    """For pages about one's own passbook: hands `book` in. Officers without one go to their desk, others read why not."""

    @functools.wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = request.actor
        if actor.depositor_id is None:
            return redirect("console:desk") if actor.is_officer else page(request, "villager/no_passbook.html")
        book = depositors.depositor(actor=actor, depositor_id=actor.depositor_id).passbook
        return view(request, *args, book=book, **kwargs)

    return run


def unread(request: HttpRequest) -> int:
    return inbox.unread_count(user_id=request.user.pk)

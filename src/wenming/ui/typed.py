"""What was typed into a form whose log-in had run out: kept for the way through the log-in, then shown in the form again.

It lies in the session, encrypted under the vault key, for a quarter of an hour; passwords, codes and files never do.
What comes back is shown and never acted on: only a POST of the person who is logged in by now does anything.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict

from wenming.core import clock, vault

SLOT = "typed"
KEPT_FOR = timedelta(minutes=15)
MOST = 20_000
"""Characters of one form, field names and all; the longest field takes 500."""
SECRET = {"csrfmiddlewaretoken", "password", "again", "present", "code"}


class Typed(QueryDict):
    """Fields to show in a form, not to act on."""


def is_form(request: HttpRequest) -> bool:
    """Whether a page's own form was posted, not a script's message."""
    return request.method == "POST" and request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a posted form in their order, without what must not be written down."""
    return [(name, value) for name, values in request.POST.lists() if name not in SECRET for value in values]


def page_of(request: HttpRequest) -> str:
    """Where the form stood: the page it was sent from if that is one of ours, else nothing."""
    sent_from = urlsplit(request.headers.get("Referer", ""))
    return f"{sent_from.path}?{sent_from.query}".rstrip("?") if sent_from.netloc == request.get_host() else ""


def to_send_again(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a form of our own that came to nothing, so that one tap sends them once more; nothing with secrets."""
    is_whole = is_form(request) and page_of(request) and not (SECRET - {"csrfmiddlewaretoken"}) & set(request.POST)
    return fields_of(request) if is_whole else []


def keep(request: HttpRequest, page: str) -> None:
    """Keep a posted form for the page it stood on, in the session of whoever is not logged in."""
    typed = QueryDict(mutable=True)
    for name, value in fields_of(request):
        typed.appendlist(name, value)
    text = typed.urlencode()
    if not typed or len(text) > MOST:
        return
    key = vault.new_key()
    request.session[SLOT] = {
        "path": urlsplit(page).path,
        "until": (clock.now() + KEPT_FOR).isoformat(),
        "key": base64.b64encode(key).decode(),
        "fields": base64.b64encode(vault.encrypt(key, SLOT, text)).decode(),
        "files": bool(request.FILES),
    }


def waiting(request: HttpRequest) -> str:
    """What waits to be shown again: "" nothing, "words" a form, "files" one whose pictures have to be chosen again."""
    kept = request.session.get(SLOT)
    if not kept or kept["until"] < clock.now().isoformat():
        return ""
    return "files" if kept["files"] else "words"


def of(request: HttpRequest) -> Typed | None:
    """What was typed for this page, behind what its address says. The next form that is posted ends it."""
    kept = request.session.get(SLOT)
    if not kept or kept["path"] != request.path or not waiting(request):
        return None
    if request.method == "POST":
        del request.session[SLOT]
        return None
    text = vault.decrypt(base64.b64decode(kept["key"]), SLOT, base64.b64decode(kept["fields"]))
    typed = Typed(request.GET.urlencode(), mutable=True)
    for name, values in QueryDict(text).lists():
        typed.setlist(name, values)
    return typed

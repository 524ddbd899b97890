"""The service worker: the few pages that open without network, and a switch to take it away again.

It keeps the looks, the behaviour and two pages that know nobody. Its text changes with theirs, so browsers fetch it anew.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from wenming.locale import catalogues

FILES = (
    "ui/tokens.css",
    "ui/kit.css",
    "ui/mark.svg",
    "ui/app.js",
    "ui/choices.js",
    "ui/photos.js",
    "ui/store.js",
    "ui/delivery.js",
    "ui/outbox.js",
    "ui/speech.js",
    "ui/words.js",
    "ui/worker.js",
    "villager/villager.css",
    "villager/declare.js",
    "villager/answers.js",
    "villager/kept.js",
    "console/console.css",
    "console/counter.js",
)


@login_not_required
@require_safe
def serve(request: HttpRequest) -> HttpResponse:
    """The worker's text; with `WENMING_OFFLINE=0` one that clears up after itself and goes."""
    language = "?language=en" if (get_language() or "").startswith("en") else ""
    facts = {
        "version": f"{version()}-{get_language()}",
        "files": [static(name) for name in FILES],
        "pages": {"/": reverse("villager:kept") + language, "/console/": reverse("console:counter_offline") + language},
        "others": ["/board/", "/api/", settings.STATIC_URL],
        "hurried": [reverse("villager:declare"), reverse("console:counter")],
        "outbox": reverse("villager:outbox"),
    }
    start = f"run({json.dumps(facts)});" if settings.OFFLINE else "leave();"
    text = f'import {{ leave, run }} from "{static("ui/worker.js")}";\n{start}\n'
    answer = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@functools.cache
def version() -> str:
    """A short fingerprint of everything that is kept: files, and the templates of all pages, their words."""
    folders = [Path(folder) for folder in settings.TEMPLATES[0]["DIRS"]]
    kept = [Path(str(finders.find(name))) for name in FILES]
    kept += [catalogues.SOURCE]
    kept += [page for folder in folders for page in sorted(folder.rglob("*.html"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in kept)).hexdigest()[:16]

"""One's own declarations and those that one reads or made at home: where each stands, and its photos."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from wenming.core import attachments, clock, fates
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries
from wenming.domain.notices import queries as notices
from wenming.surfaces.villager import drafts
from wenming.surfaces.villager.door import page, with_passbook

LINES = 30


@require_safe
@with_passbook
def deeds(request: HttpRequest, *, book: Any) -> HttpResponse:
    text = request.GET.get("before", "")
    before = int(text) if text.isdecimal() and len(text) < 16 else None
    found = queries.declared_at_home(actor=request.actor, before=before, limit=LINES + 1)
    context = {
        "book": book,
        "deeds": found[:LINES],
        "following": found[LINES - 1].pk if len(found) > LINES else None,
        "is_first": before is None,
    }
    return page(request, "villager/deeds/deeds.html", context, here="me")


def about(deed: Any) -> dict[str, Any]:
    """What the page of one declaration shows beside it."""
    return {
        "deed": deed,
        "photos": attachments.of(f"deed:{deed.pk}"),
        "reviews": queries.reviews_of(declaration=deed),
        "why": queries.explain(deed),
        "kept": fates.kept_long(f"deed:{deed.pk}"),
        "notice": _notice_of(deed),
    }


def _notice_of(deed: Any) -> Any:
    """The notice on which a declaration stands just now."""
    if deed.status != queries.Status.ON_NOTICE or deed.notice_line_id is None:
        return None
    line = notices.line(line_id=deed.notice_line_id, at=clock.now())
    return notices.notice_of(notice_id=line.notice_id)


@require_safe
@with_passbook
def deed(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    found = queries.by_public_id(actor=request.actor, public_id=public_id)
    return page(request, "villager/deeds/deed.html", {"book": book, **about(found)}, here="me")


@require_safe
@with_passbook
def declared(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    """What was handed in a moment ago and what happens next."""
    found = queries.by_public_id(actor=request.actor, public_id=public_id)
    return page(request, "villager/deeds/declared.html", {"book": book, "deed": found}, here="declare")


@require_safe
def photo(request: HttpRequest, public_id: str) -> HttpResponse:
    """A photo, for whoever may see the declaration it belongs to; one's own draft's before that."""
    found = attachments.find(public_id)
    kind, _colon, number = found.subject.partition(":")
    draft = drafts.present(request)
    if kind == "deed":
        queries.declaration(actor=request.actor, declaration_id=int(number))
    elif draft is None or found.subject != draft.subject:
        raise NotFound
    answer = HttpResponse(attachments.content(found), content_type=found.kind)
    answer["Cache-Control"] = "private, max-age=3600"
    answer["Content-Disposition"] = "inline"
    return answer

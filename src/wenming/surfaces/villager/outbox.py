"""What was declared on the phone without network: the page of what is kept there, what the phone needs to know, and the
place where it is handed in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from wenming.core import attachments, clock
from wenming.core.errors import Refusal, WrongInput
from wenming.core.fates import Effect, Fate, Outcome
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.rulebooks import queries as rulebooks
from wenming.surfaces import delivery, devices
from wenming.surfaces.villager import drafts
from wenming.surfaces.villager.declaring import WhoForm, declare, facts_of, family_of
from wenming.surfaces.villager.door import page


class NoPassbook(Refusal):
    code, message = "outbox.no_passbook", gettext_lazy("您现在没有存折，这一件没有记。请到柜台问一问。")


@login_not_required
@require_safe
def kept(request: HttpRequest) -> HttpResponse:
    """What is kept on this phone. The page itself knows nobody: the phone fills it, also without network."""
    form = WhoForm(family=[], branch_id=0)
    return page(request, "villager/deeds/kept.html", {"form": form, "most": drafts.PHOTOS_MOST}, here="declare")


@require_http_methods(["GET", "POST"])
def outbox(request: HttpRequest) -> HttpResponse:
    """GET: who would hand in. POST: a batch of deeds, each settled by the rules as they are now."""
    if request.method == "POST":
        book = _book(request)
        return delivery.settle_batch(request, kind="deed", do=partial(_declare, request, book), say=_say)
    ended = devices.ended_here(request)
    device, keep = devices.meet(request)
    answer = delivery.state(request, device=device.public_id, ended=ended)
    keep(answer)
    return answer


@require_safe
def kit(request: HttpRequest) -> JsonResponse:
    """What the phone needs to declare without network: the clauses of today and the names of the household."""
    book = _book(request)
    if book is None:
        return JsonResponse({"items": [], "family": []})
    today = clock.local_date(clock.now())
    offers = deed_queries.declarable_items(
        actor=request.actor, depositor_id=book.depositor_id, on=today, door=deed_queries.Door.SELF
    )
    answer = JsonResponse(
        {
            "items": [facts_of(offer.item) for offer in offers],
            "family": [{"id": person.pk, "name": person.name} for person in family_of(book)],
        }
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _book(request: HttpRequest) -> Any | None:
    actor = request.actor
    if actor.depositor_id is None:
        return None
    return depositors.depositor(actor=actor, depositor_id=actor.depositor_id).passbook


def _declare(request: HttpRequest, book: Any | None, key: str, asked: Mapping[str, Any]) -> Effect:
    """Hand in one deed as the page would: the same form, the same rules, today."""
    if book is None:
        raise NoPassbook
    form = WhoForm(_fields(asked), _photos(asked), family=family_of(book), branch_id=book.depositor.branch_id)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise WrongInput(field="" if field == "__all__" else field, message=problems[0])
    try:
        made = declare(
            request.actor,
            book,
            key=key,
            item_id=rulebooks.item(item_id=delivery.number(asked, "item")).pk,
            depositor_ids=form.cleaned_data["depositor_ids"],
            happened_on=form.cleaned_data["happened_on"],
            quantity=form.cleaned_data["quantity"] or 1,
            words=form.cleaned_data["words"],
            photos=form.cleaned_data["photos"],
        )
    except deeds.EnteredTwice as twice:
        return Effect(f"deed:{twice.details['deed']}", book.depositor.branch_id, Outcome.DUPLICATE, twice)
    return Effect(f"deed:{made[0].pk}", made[0].branch_id)


def _fields(asked: Mapping[str, Any]) -> MultiValueDict[str, str]:
    """The phone's answers as the form reads them; the day is a date, since the phone's today may be long ago."""
    people = asked.get("people", [])
    if not isinstance(people, list) or not all(isinstance(one, int) for one in people):
        raise WrongInput(field="people")
    day = delivery.text(asked, "happened_on", most=10)
    fields = MultiValueDict({"day": ["other"], "other_day": [day], "people": [str(one) for one in people]})
    fields["quantity"] = str(delivery.number(asked, "quantity"))
    for name, most in (("household_number", 20), ("person_name", 60), ("words", 1000)):
        fields[name] = delivery.text(asked, name, most=most)
    return fields


def _photos(asked: Mapping[str, Any]) -> MultiValueDict[str, Any]:
    photos = asked.get("photos", [])
    if not isinstance(photos, list) or len(photos) > drafts.PHOTOS_MOST:
        raise WrongInput(field="photos", message=_("最多 {count} 张照片。"), count=drafts.PHOTOS_MOST)
    files = []
    for photo in photos:
        try:
            data = base64.b64decode(photo, validate=True)
        except (TypeError, ValueError, binascii.Error) as error:
            raise attachments.NotAPicture from error
        files.append(SimpleUploadedFile("photo.jpg", data, "image/jpeg"))
    return MultiValueDict({"photos": files})


def _say(fate: Fate) -> dict[str, str]:
    """Where the deed stands now, for the link beside its fate."""
    found = deed_queries.public_ids_for(subjects=[fate.subject]).get(fate.subject) if fate.subject else None
    if fate.outcome == Outcome.APPLIED and found:
        return {"address": reverse("villager:declared", args=[found])}
    return {"address": reverse("villager:deed", args=[found])} if found else {}

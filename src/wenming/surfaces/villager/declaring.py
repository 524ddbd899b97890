"""Declaring a deed in three steps: which deed, when and with what to show for it, check and hand in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import IO, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from wenming.core import clock, points
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.rulebooks import queries as rulebooks
from wenming.surfaces.villager import drafts
from wenming.surfaces.villager.deeds import about
from wenming.surfaces.villager.door import page, with_passbook
from wenming.ui.forms import Form, posted

GLYPHS = {
    "volunteering": ("hand", "r"),
    "customs": ("leaf", "g"),
    "participation": ("vote", "i"),
    "good_deeds": ("heart", "r"),
    "contests": ("medal", "g"),
    "special_work": ("shield", "k"),
    "employment": ("case", ""),
}
USUAL = 3


class PhotosInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(PhotosField, self).clean(file, initial) for file in files if file]


class DetailsForm(Form):
    """Step two. `day` is today, yesterday or a date of its own."""

    day = forms.ChoiceField(
        label=gettext_lazy("什么时候做的"),
        choices=[
            ("today", gettext_lazy("今天")),
            ("yesterday", gettext_lazy("昨天")),
            ("other", gettext_lazy("别的日子")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选是哪天做的。"), "invalid_choice": gettext_lazy("请选是哪天做的。")},
    )
    other_day = forms.DateField(
        label=gettext_lazy("哪一天"),
        required=False,
        error_messages={"invalid": gettext_lazy("请选一个日子，例如 2026-03-12。")},
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("多少"),
        required=False,
        min_value=1,
        max_value=100_000,
        error_messages={
            "invalid": gettext_lazy("请填整数。"),
            "min_value": gettext_lazy("要填大于 0 的数。"),
            "max_value": gettext_lazy("这个数太大了，请再看一遍。"),
        },
    )
    words = forms.CharField(
        label=gettext_lazy("在哪儿做的，想说两句吗"),
        required=False,
        max_length=500,
        widget=forms.Textarea,
        error_messages={"max_length": gettext_lazy("最多写 500 字，请删短些。")},
    )
    photos = PhotosField(label=gettext_lazy("照片"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        today = clock.local_date(clock.now())
        if cleaned.get("day") == "other":
            if cleaned.get("other_day") is None and "other_day" not in self.errors:
                self.add_error("other_day", _("请选是哪一天。"))
            cleaned["happened_on"] = cleaned.get("other_day")
        elif cleaned.get("day"):
            cleaned["happened_on"] = today - timedelta(days=1 if cleaned["day"] == "yesterday" else 0)
        if cleaned.get("happened_on") and cleaned["happened_on"] > today:
            self.add_error("other_day", _("这一天还没到，请选今天或以前的日子。"))
        return cleaned


class WhoForm(DetailsForm):
    """Step two of a new declaration also asks for whom."""

    people = forms.MultipleChoiceField(
        label=gettext_lazy("记给谁"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("这一项选得不对，请重新选。")},
    )
    household_number = forms.CharField(label=gettext_lazy("他家的户号"), required=False, max_length=20)
    person_name = forms.CharField(label=gettext_lazy("他的姓名"), required=False, max_length=60)
    field_order = ("photos", "day", "other_day", "quantity", "people", "household_number", "person_name", "words")

    def __init__(self, *args: Any, family: list[Any], branch_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.family, self.branch_id = family, branch_id
        self.fields["people"].choices = [(str(person.pk), person.name) for person in family]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        ids = [int(number) for number in cleaned.get("people", [])]
        number, name = cleaned.get("household_number", "").strip(), cleaned.get("person_name", "").strip()
        if number or name:
            ids += self._other(number, name)
        elif not ids and "people" not in self.errors:
            self.add_error("people", _("请选记给谁。"))
        cleaned["depositor_ids"] = list(dict.fromkeys(ids))
        return cleaned

    def _other(self, number: str, name: str) -> list[int]:
        """Someone of another family, named in full with the household number: nobody is offered for choice."""
        household = depositors.household_by_number(branch_id=self.branch_id, number=number) if number else None
        members = depositors.members_of(household_id=household.pk) if household else []
        found = [person.pk for person in members if person.name == name]
        if not found:
            self.add_error("person_name", _("没找到这个人，请核对户号和姓名。"))
        return found


def family_of(book: Any) -> list[Any]:
    """The household, oneself first."""
    if not book.depositor.household_id:
        return [book.depositor]
    members = depositors.members_of(household_id=book.depositor.household_id)
    return sorted(members, key=lambda person: person.pk != book.depositor_id)


def needs_photo(item: Any) -> bool:
    return item.evidence == ["photo"]


def facts_of(item: Any) -> dict[str, Any]:
    """What the phone must know of a clause to ask for it and to show it once more, without network."""
    plain = {name: getattr(item, name) for name in ("code", "title", "plain", "unit", "quantity_max", "window_days")}
    proof = "photo" if needs_photo(item) else "" if "none" in item.evidence else "either"
    gain = f"+{points.show(item.points)}" if item.value_kind == "fixed" else ""
    category = {"key": item.category, "category": item.get_category_display()}
    return {"id": item.pk, **plain, **category, "proof": proof, "gain": gain, "notice_days": item.notice_workdays}


@require_safe
@with_passbook
def choose(request: HttpRequest, *, book: Any) -> HttpResponse:
    """Step one: which deed, by words or by category."""
    words = request.GET.get("q", "").strip()[:20]
    today = clock.local_date(clock.now())
    offers = deed_queries.declarable_items(
        actor=request.actor, depositor_id=book.depositor_id, on=today, door=deed_queries.Door.SELF
    )
    if words:
        offers = [offer for offer in offers if words in offer.item.title or words in offer.item.plain]
    groups: dict[str, list[Any]] = {}
    for offer in offers:
        groups.setdefault(offer.item.category, []).append(offer)
    shown = [
        {"key": key, "name": rulebooks.Category(key).label, "offers": groups[key], "glyph": GLYPHS.get(key, ("star", ""))}
        for key in rulebooks.Category.values
        if key in groups
    ]
    known = [offer for offer in offers if offer.times_this_year and not offer.refusal]
    known.sort(key=lambda offer: -offer.times_this_year)
    blank = {"form": WhoForm(family=[], branch_id=0), "most": drafts.PHOTOS_MOST}
    usual = {"usual": [] if words else known[:USUAL], "glyphs": GLYPHS}
    context = {"book": book, "groups": shown, "words": words, "draft": drafts.present(request), **usual, **blank}
    return page(request, "villager/deeds/choose.html", context, here="declare")


def _initial(draft: drafts.Draft, book: Any, today: date) -> dict[str, Any]:
    day = draft.day
    named = {today: "today", today - timedelta(days=1): "yesterday"}.get(day, "other") if day else ""
    return {
        "day": named,
        "other_day": day.isoformat() if day and named == "other" else "",
        "quantity": draft.quantity,
        "words": draft.words,
        "people": [str(number) for number in draft.depositor_ids] or [str(book.depositor_id)],
    }


def _take_photos(form: DetailsForm, draft: drafts.Draft, request: HttpRequest) -> None:
    with form.catching_refusals():
        files = form.cleaned_data.get("photos") or []
        drafts.add_photos(draft, actor=request.actor, files=files, at=clock.now())


@never_cache
@require_http_methods(["GET", "POST"])
@with_passbook
def details(request: HttpRequest, item_id: int, *, book: Any) -> HttpResponse:
    """Step two: photos, day, for whom, a few words. Photos that came once stay, whatever else is still missing."""
    item = rulebooks.item(item_id=item_id)
    draft = drafts.begin(request, item_id)
    extra = {"family": family_of(book), "branch_id": book.depositor.branch_id}
    form = WhoForm(*posted(request), initial=_initial(draft, book, clock.local_date(clock.now())), **extra)
    if request.method == "GET":
        return _show_details(request, form, item, draft)
    is_valid = form.is_valid()
    _take_photos(form, draft, request)
    if "drop" in request.POST:
        drafts.drop_photo(draft, request.POST["drop"])
    elif needs_photo(item) and not draft.photos and "photos" not in form.errors:
        form.add_error("photos", _("请拍一张照片。拍到清理的地方就行。"))
    if is_valid:
        draft.depositor_ids = form.cleaned_data["depositor_ids"]
        draft.happened_on = form.cleaned_data["happened_on"].isoformat()
        draft.quantity = form.cleaned_data["quantity"] or 1
        draft.words = form.cleaned_data["words"]
    drafts.keep(request, draft)
    if "drop" in request.POST:
        return _show_details(request, _unbound(form), item, draft)
    if form.is_valid():
        return redirect("villager:check")
    return _show_details(request, form, item, draft, status=422)


def _show_details(request: HttpRequest, form: WhoForm, item: Any, draft: drafts.Draft, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "item": item,
        "facts": facts_of(item),
        "draft": draft,
        "carried": drafts.carry(request, draft),
        "most": drafts.PHOTOS_MOST,
        "needs_photo": needs_photo(item),
        "today": clock.local_date(clock.now()),
    }
    return page(request, "villager/deeds/details.html", context, here="declare", status=status)


def _unbound(form: WhoForm) -> WhoForm:
    """The same answers without complaints, for when a photo was taken away and nothing was handed in."""
    kept = {name: form[name].value() for name in form.fields if name != "photos"}
    return WhoForm(initial=kept, family=form.family, branch_id=form.branch_id)


@never_cache
@require_http_methods(["GET", "POST"])
@with_passbook
def check(request: HttpRequest, *, book: Any) -> HttpResponse:
    """Step three: read it once more, then hand it in. Handing in twice hands in once."""
    draft = drafts.present(request)
    if draft is None or not draft.is_complete:
        return redirect("villager:declare")
    form = Form(*posted(request))
    if request.method == "POST" and request.POST.get("key") != draft.key:
        return redirect("villager:check")
    if request.method == "POST" and not request.POST.get("true"):
        form.add_error(None, _("请在最下面勾上“这是真事”。"))
    elif request.method == "POST":
        with form.catching_refusals():
            made = _hand_in(request, draft, book)
            drafts.end(request)
            return redirect("villager:declared", made[0].public_id)
    item = rulebooks.item(item_id=draft.item_id)
    names = depositors.public_names(depositor_ids=draft.depositor_ids, on=clock.local_date(clock.now()))
    names |= {person.pk: person.name for person in family_of(book) if person.pk in names}
    context = {"form": form, "draft": draft, "item": item, "names": names, "book": book}
    context["carried"] = drafts.carry(request, draft)
    return page(request, "villager/deeds/check.html", context, here="declare", status=422 if form.errors else 200)


def declare(
    actor: Actor,
    book: Any,
    *,
    key: str,
    item_id: int,
    depositor_ids: list[int],
    happened_on: date,
    quantity: int,
    words: str,
    photos: Sequence[IO[bytes]],
) -> list[Any]:
    """Hand in one deed, for the own household or for somebody else's; the same for the page and for what the phone kept."""
    is_own = set(depositor_ids) <= {person.pk for person in family_of(book)}
    return deeds.declare_deed_once(
        actor=actor,
        door=deed_queries.Door.SELF if is_own else deed_queries.Door.OTHER,
        depositor_ids=depositor_ids,
        item_id=item_id,
        happened_on=happened_on,
        quantity=quantity,
        words=words,
        photos=photos,
        submission_key=f"villager:{key}",
        at=clock.now(),
    )


def _hand_in(request: HttpRequest, draft: drafts.Draft, book: Any) -> list[Any]:
    return declare(
        request.actor,
        book,
        key=draft.key,
        item_id=draft.item_id,
        depositor_ids=draft.depositor_ids,
        happened_on=date.fromisoformat(draft.happened_on),
        quantity=draft.quantity,
        words=draft.words,
        photos=drafts.photo_files(draft),
    )


@require_http_methods(["POST"])
def discard(request: HttpRequest) -> HttpResponse:
    """Begin anew: what was typed and photographed is forgotten."""
    drafts.end(request)
    return redirect("villager:declare")


@never_cache
@require_http_methods(["GET", "POST"])
@with_passbook
def amend(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    """Put right what was returned, or what is not reviewed yet; the review begins anew."""
    deed = deed_queries.by_public_id(actor=request.actor, public_id=public_id)
    if deed.status not in ("submitted", "returned"):
        raise NotFound
    today = clock.local_date(clock.now())
    draft = drafts.Draft(
        key="", item_id=deed.item_id, happened_on=deed.happened_on.isoformat(), quantity=deed.quantity, words=deed.words
    )
    form = DetailsForm(*posted(request), initial=_initial(draft, book, today))
    if form.is_valid():
        with form.catching_refusals():
            deeds.amend_declaration(
                actor=request.actor,
                declaration_id=deed.pk,
                happened_on=form.cleaned_data["happened_on"],
                quantity=form.cleaned_data["quantity"] or 1,
                words=form.cleaned_data["words"],
                photos=form.cleaned_data["photos"],
                at=clock.now(),
            )
            return redirect("villager:deed", deed.public_id)
    context = {"form": form, "deed": deed, "item": deed.item, "today": today}
    return page(request, "villager/deeds/amend.html", context, here="declare", status=422 if form.errors else 200)


@require_http_methods(["POST"])
@with_passbook
def withdraw(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    deed = deed_queries.by_public_id(actor=request.actor, public_id=public_id)
    try:
        deeds.withdraw_declaration(actor=request.actor, declaration_id=deed.pk, at=clock.now())
    except Refusal as refusal:
        context = {"book": book, "problem": refusal.words, **about(deed)}
        return page(request, "villager/deeds/deed.html", context, here="declare", status=refusal.status)
    return redirect("villager:deed", deed.public_id)

"""记录审核: what was declared, looked at by someone who is no kin; declaring at the counter; corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from wenming.core import attachments, clock, fates
from wenming.core.errors import NotFound, Refusal
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.rulebooks import engine
from wenming.surfaces.console import words
from wenming.surfaces.console.page import CORRECTORS, HELPERS, REVIEWERS, RUNNERS, Desk, Entry, console, picture
from wenming.ui.filters import day, moment

QUEUE = 30


def _next_of(queue: list[Any], number: int | None) -> Any | None:
    """The one after this one in the list, or the first that is another."""
    places = [place for place, declaration in enumerate(queue) if declaration.pk == number]
    after = queue[places[0] + 1 :] if places else []
    return next(iter(after or [declaration for declaration in queue if declaration.pk != number]), None)


@console("review")
def review(desk: Desk, number: int | None = None) -> HttpResponse:
    """The queue at the left, one declaration with all that speaks for and against it, and the decision."""
    queue = _queue(desk)
    if number is None and not queue:
        return desk.show("deeds/review_none.html")
    chosen = next((one for one in queue if one.pk == number), None) if number else queue[0]
    barred = False
    if chosen is None:
        chosen = deed_queries.declaration(actor=desk.actor, declaration_id=number or 0)
        desk.see(chosen.branch_id)
        barred = deed_queries.is_barred(user_id=desk.actor.user_id, declaration=chosen)
        if chosen.status != "submitted":
            return redirect("console:deed", number=chosen.pk)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        _decide(desk, form, chosen)
        if form.ok:
            return _after_review(desk, queue, chosen, form["decision"])
    return _show_review(desk, queue, chosen, form, barred=barred)


def _queue(desk: Desk) -> list[Any]:
    """What this officer may review; others see what waits at the branch."""
    if desk.may(*REVIEWERS):
        return deed_queries.declarations_to_review(actor=desk.actor, branch_id=desk.branch.pk, limit=QUEUE)
    found = deed_queries.declarations_in(actor=desk.actor, branch_ids=[desk.branch.pk], status="submitted", limit=QUEUE)
    return list(reversed(found))


def _decide(desk: Desk, form: Entry, chosen: Any) -> None:
    desk.require(*REVIEWERS)
    decision = form.choice("decision", ("approve", "return", "reject"), ask=_("请选通过、退回补，还是不通过。"))
    ask = "" if decision == "approve" else _("退回和不通过都要写一句为什么。")
    reason = form.text("reason", ask=ask, most=200)
    revision = form.count("revision", most=10_000, empty=1)
    if form.ok and revision is not None:
        with form.catching("decision"):
            deeds.review_declaration(
                actor=desk.actor, declaration_id=chosen.pk, decision=decision, reason=reason, revision=revision, at=desk.at
            )


def _after_review(desk: Desk, queue: list[Any], chosen: Any, decision: str) -> HttpResponse:
    done = {"approve": _("通过了"), "return": _("退回补了"), "reject": _("记为不通过")}[decision]
    desk.say(_("{done}：{name}　{title}").format(done=done, name=chosen.depositor.name, title=chosen.item.title))
    following = _next_of(queue, chosen.pk)
    return redirect("console:review_one", number=following.pk) if following else redirect("console:review")


def _show_review(desk: Desk, queue: list[Any], chosen: Any, form: Entry, *, barred: bool) -> HttpResponse:
    desk.counts = {"submitted": len(queue)}
    place = next((place for place, declaration in enumerate(queue, 1) if declaration.pk == chosen.pk), 0)
    photos = attachments.of(deed_queries.subject_of(chosen.pk))
    found = deed_queries.preview(declaration=chosen)
    duplicates = deed_queries.possible_duplicates(declaration=chosen)
    return desk.show(
        "deeds/review.html",
        status=form.status if desk.request.method == "POST" else 200,
        queue=queue,
        chosen=chosen,
        place=place,
        before=queue[place - 2] if place > 1 else None,
        following=_next_of(queue, chosen.pk),
        may_review=desk.may(*REVIEWERS),
        barred=barred,
        estimate=None if isinstance(found, Refusal) else found.points,
        explained=found.words if isinstance(found, Refusal) else engine.explain(found.steps),
        clause=words.clause_of(chosen.item),
        checks=_checks(chosen, photos, found, duplicates),
        photos=photos,
        form=form,
    )


@console("review")
def recent(desk: Desk, number: int) -> HttpResponse:
    """What was recorded for the same depositor before; the review page loads it behind the rest, or by its link."""
    chosen = deed_queries.declaration(actor=desk.actor, declaration_id=number)
    found = deed_queries.declarations_of(depositor_ids=[chosen.depositor_id], limit=7)
    template = "deeds/recent_part.html" if desk.request.headers.get("HX-Request") else "deeds/recent.html"
    return desk.show(template, chosen=chosen, history=[other for other in found if other.pk != chosen.pk][:6])


@dataclass(frozen=True)
class Check:
    """One thing that was looked at by machine; kind k is fine, w asks for a closer look, i tells."""

    kind: str
    title: str
    words: str
    url: str = ""


def _checks(chosen: Any, photos: list[Any], found: Any, duplicates: list[Any]) -> list[Check]:
    checks = []
    if photos:
        checks.append(Check("k", _("照片齐"), _("{n} 张，位置信息已去掉").format(n=len(photos))))
    elif chosen.item.evidence == ["photo"]:
        checks.append(Check("w", _("没有照片"), _("这一条要凭照片，可以退回请他补")))
    else:
        checks.append(Check("i", _("没有照片"), _("这一条也可以凭别的，请看他说的话")))
    if isinstance(found, Refusal):
        checks.append(Check("w", _("照细则记不了"), found.words))
    else:
        caps = _("，").join(words.caps_of(chosen.item))
        checks.append(Check("k", _("没超上限"), caps or _("这一条不设上限")))
    for other in duplicates[:3]:
        said = _("{name} {day}记过“{title}”（{status}），是同一件就不用再记。").format(
            name=other.depositor.name, day=day(other.happened_on), title=other.item.title, status=other.get_status_display()
        )
        checks.append(Check("w", _("可能重复"), said, reverse("console:deed", kwargs={"number": other.pk})))
    if not duplicates:
        checks.append(Check("k", _("没看到重复"), _("前后三天，他家没记过这一条")))
    late = (clock.local_date(chosen.declared_at) - chosen.happened_on).days
    if late > 7:
        checks.append(Check("i", _("隔了些日子才交"), _("做完 {n} 天后交上来").format(n=late)))
    kept = fates.kept_long(deed_queries.subject_of(chosen.pk))
    if kept is not None:
        checks.append(Check("i", _("没网时存在手机里"), _("按他手机上的钟，是 {when} 写的").format(when=moment(kept.claimed_at))))
    return checks


@console("review", *REVIEWERS)
def review_several(desk: Desk) -> HttpResponse:
    """Complete ones, ticked on one list and approved together; each that is refused stays and says why."""
    form = Entry.of(desk.request)
    refused: dict[int, str] = {}
    if desk.request.method == "POST":
        chosen = form.ids("declarations")
        if not chosen:
            form.wrong("declarations", _("请至少勾一笔。"))
        if form.ok:
            with form.catching("declarations"):
                outcomes = deeds.approve_many(actor=desk.actor, declaration_ids=chosen, at=desk.at)
                refused = {one.declaration_id: one.words for one in outcomes if not one.is_approved}
                if len(outcomes) > len(refused):
                    desk.say(_("通过了 {n} 笔。").format(n=len(outcomes) - len(refused)))
        if refused:
            why = " ".join(dict.fromkeys(refused.values()))
            form.wrong("declarations", _("有 {n} 笔没通过。{why}").format(n=len(refused), why=why))
        if form.ok:
            return redirect("console:review")
    queue = deed_queries.declarations_to_review(actor=desk.actor, branch_id=desk.branch.pk, limit=100)
    photos = attachments.counts(deed_queries.subject_of(declaration.pk) for declaration in queue)
    shown = [one for one in queue if one.pk in refused or is_complete(one, photos)]
    return desk.show(
        "deeds/several.html",
        status=form.status if desk.request.method == "POST" else 200,
        queue=shown,
        left_out=len(queue) - len(shown),
        photos={one.pk: photos.get(deed_queries.subject_of(one.pk), 0) for one in shown},
        refused=refused,
        form=form,
    )


def is_complete(declaration: Any, photos: dict[str, int]) -> bool:
    """Whether what the clause asks for is there: a photo, or words where words or nothing will do."""
    if photos.get(deed_queries.subject_of(declaration.pk)):
        return True
    asked = set(declaration.item.evidence)
    return "none" in asked or bool(declaration.words and asked - {"photo"})


@require_GET
@console("review")
def photo(desk: Desk, photo: str) -> HttpResponse:
    """One photo of evidence, for those who may see its declaration."""
    kept = attachments.find(photo)
    number = deed_queries.id_of(kept.subject)
    if number is None:
        raise NotFound()
    deed_queries.declaration(actor=desk.actor, declaration_id=number)
    return picture(kept)


@console("review")
def deed(desk: Desk, number: int) -> HttpResponse:
    """A declaration that is past its review: what it said, who looked, where it stands."""
    chosen = deed_queries.declaration(actor=desk.actor, declaration_id=number)
    return desk.show(
        "deeds/deed.html",
        chosen=chosen,
        photos=attachments.of(deed_queries.subject_of(chosen.pk)),
        explained=deed_queries.explain(chosen) or words.clause_of(chosen.item),
        reviews=deed_queries.reviews_of(declaration=chosen),
        reversal=deed_queries.reversal_of(declaration=chosen),
        may_reverse=chosen.status == "deposited" and desk.may(*CORRECTORS),
    )


@console("review", *CORRECTORS)
def reverse_deed(desk: Desk, number: int) -> HttpResponse:
    """Ask for a correction; a second officer confirms it."""
    chosen = deed_queries.declaration(actor=desk.actor, declaration_id=number)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        reason = form.text("reason", ask=_("请写一句哪里记错了。"), most=200)
        if form.ok:
            with form.catching("reason"):
                deeds.propose_reversal(actor=desk.actor, declaration_id=chosen.pk, reason=reason, at=desk.at)
        if form.ok:
            desk.say(_("更正已提出，等另一位负责人确认。"))
            return redirect("console:deed", number=chosen.pk)
    return desk.show("deeds/reverse.html", status=form.status, chosen=chosen, form=form)


@console("notices", *RUNNERS)
def reversal(desk: Desk, number: int) -> HttpResponse:
    """The second officer looks and confirms; both lines stay in the passbook for all to see."""
    found = next((r for r in deed_queries.reversals_to_confirm(actor=desk.actor) if r.pk == number), None)
    if found is None:
        raise NotFound()
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        with form.catching("write_off"):
            deeds.confirm_reversal(actor=desk.actor, reversal_id=number, at=desk.at, write_off=form.get("write_off") == "yes")
        if form.ok:
            desk.say(_("更正好了，两笔都留在存折上。"))
            return redirect(reverse("console:notices") + "#reversals")
    return desk.show("deeds/reversal.html", status=form.status, reversal=found, form=form)


@console("depositors", *HELPERS)
def declare(desk: Desk, number: int) -> HttpResponse:
    """Write down a deed at the counter, for one person or for several who did it together."""
    depositor = depositor_queries.depositor(actor=desk.actor, depositor_id=number)
    form = Entry.of(desk.request)
    along = _along(desk, form, depositor)
    on = (form.day("happened_on") if desk.request.method == "POST" else None) or desk.on
    offers = deed_queries.declarable_items(actor=desk.actor, depositor_id=depositor.pk, on=on, door="counter")
    if desk.request.method == "POST":
        answer = _declared(desk, form, depositor, offers)
        if answer is not None:
            return answer
    search = form.get("q").strip()
    found = depositor_queries.find_depositors(actor=desk.actor, text=search, branch_id=desk.branch.pk) if search else []
    return desk.show(
        "deeds/declare.html",
        status=form.status if desk.request.method == "POST" else 200,
        depositor=depositor,
        along=along,
        found=[other for other in found if other.pk not in {depositor.pk, *(one.pk for one in along)}],
        item_choices=[(offer.item.pk, _offered(offer)) for offer in offers],
        form=form,
        members=depositor_queries.members_of(household_id=depositor.household_id) if depositor.household_id else [],
    )


def _offered(offer: Any) -> str:
    """A clause as a choice: its number, title and worth, and what keeps it from being recorded today."""
    said = _("{code} {title}（{worth}）").format(code=offer.item.code, title=offer.item.title, worth=words.value_of(offer.item))
    return f"{said} — {offer.refusal}" if offer.refusal else said


def _along(desk: Desk, form: Entry, depositor: Any) -> list[Any]:
    """Others who did it too, each of them within sight of this officer."""
    numbers = [number for number in dict.fromkeys(form.ids("with")) if number != depositor.pk]
    return [depositor_queries.depositor(actor=desk.actor, depositor_id=number) for number in numbers[:30]]


def _declared(desk: Desk, form: Entry, depositor: Any, offers: list[Any]) -> HttpResponse | None:
    chosen = form.choice("item", [str(offer.item.pk) for offer in offers], ask=_("请选做的是哪一项。"))
    happened_on = form.day("happened_on", ask=_("请填哪天做的。"))
    quantity = form.count("quantity", most=10_000, empty=1)
    said = form.text("words", most=500)
    if not form.ok or happened_on is None or quantity is None:
        return None
    made: list[Any] = []
    with form.catching("item"):
        made = deeds.declare_deed(
            actor=desk.actor,
            door="counter",
            depositor_ids=[depositor.pk, *(number for number in dict.fromkeys(form.ids("with")) if number != depositor.pk)],
            item_id=int(chosen),
            happened_on=happened_on,
            quantity=quantity,
            words=said,
            photos=desk.request.FILES.getlist("photos"),
            submission_key=form.submission_key,
            at=desk.at,
        )
    if not form.ok:
        return None
    desk.say(_("记下了 {n} 笔，等审核。").format(n=len(made)))
    return redirect(reverse("console:depositor", kwargs={"number": depositor.pk}) + "?tab=deeds")

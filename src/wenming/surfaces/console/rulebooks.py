"""积分细则: editions, their clauses by category, a draft's clauses one by one with the red lines, how long points last, and
bringing it into force."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from wenming.core import points
from wenming.core.errors import NotFound
from wenming.domain.rulebooks import clauses, policies, redlines
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks
from wenming.domain.rulebooks.clauses import ItemDraft
from wenming.domain.rulebooks.engine import CAPS, CLASS_NAMES
from wenming.domain.rulebooks.expiry import ExpiryRule
from wenming.domain.rulebooks.queries import Category, DemeritKind, Direction, Effect, Expiry, Track, ValueKind
from wenming.surfaces.console import words
from wenming.surfaces.console.page import PAGE, Desk, Entry, console, cursor, page_of

PLAIN = (
    "code",
    "category",
    "title",
    "plain",
    "direction",
    "effect",
    "demerit_kind",
    "value_kind",
    "unit",
    "track",
    "repair",
)


@console("rules")
def editions(desk: Desk) -> HttpResponse:
    """The edition that holds today, and every edition of the branch's and the head bank's books."""
    if desk.request.method == "POST":
        place = desk.branch.parent_id if desk.request.POST.get("place") == "bank" else desk.branch.pk
        drafted = rulebooks.draft_edition(actor=desk.actor, organisation_id=place, at=desk.at)
        desk.say(_("草稿开好了，照着现行的一版改。"))
        return redirect("console:edition", number=drafted.pk)
    holds = rulebook_queries.edition_in_force(branch_id=desk.branch.pk, on=desk.on)
    own = list(rulebook_queries.editions_of(organisation_id=desk.branch.pk))
    bank = list(rulebook_queries.editions_of(organisation_id=desk.branch.parent_id)) if desk.branch.parent_id else []
    return desk.show(
        "rulebooks/editions.html",
        holds=holds,
        lasting=rulebook_queries.rule_of(holds).words if holds else "",
        groups=[
            (_("本分行的细则"), _visible(desk, own), "branch", policies.may_write(desk.actor, desk.branch.pk)),
            (_("总行的细则"), _visible(desk, bank), "bank", policies.may_write(desk.actor, desk.branch.parent_id)),
        ],
        items=list(rulebook_queries.items_in_force(branch_id=desk.branch.pk, on=desk.on)) if holds else [],
        say=words.clause_of,
    )


def _visible(desk: Desk, found: list[Any]) -> list[Any]:
    return [one for one in found if one.status != "draft" or policies.may_see_draft(desk.actor, one.rule_book.organisation_id)]


@console("rules")
def edition(desk: Desk, number: int) -> HttpResponse:
    """One edition: the clauses by category at the left, the chosen one in plain words beside them."""
    found = rulebook_queries.edition(actor=desk.actor, edition_id=number)
    form = Entry.of(desk.request)
    if desk.request.method == "POST" and form.get("act") == "expiry":
        rule = _rule(form)
        if form.ok:
            with form.catching("expiry"):
                rulebooks.set_expiry(actor=desk.actor, edition_id=number, rule=rule, at=desk.at)
        if form.ok:
            desk.say(_("积分能用多久，存进草稿了。"))
            return redirect("console:edition", number=number)
    elif desk.request.method == "POST":
        on = form.day("on", ask=_("请填从哪天起生效。"))
        vote = form.text("demerits_vote", most=120)
        note = form.text("note", most=200)
        if form.ok and on is not None:
            with form.catching("on"):
                rulebooks.put_in_force(actor=desk.actor, edition_id=number, on=on, at=desk.at, demerits_vote=vote, note=note)
        if form.ok:
            desk.say(_("这一版从 {day} 起生效。").format(day=on))
            return redirect("console:edition", number=number)
    items = list(rulebook_queries.items_of(actor=desk.actor, edition_id=number))
    code = desk.request.GET.get("item", "")
    chosen = next((item for item in items if item.code == code), items[0] if items else None)
    return desk.show(
        "rulebooks/edition.html",
        status=form.status if desk.request.method == "POST" else 200,
        edition=found,
        groups=_by_category(items),
        count=len(items),
        lasting=rulebook_queries.rule_of(found).words,
        expiries=Expiry.choices,
        chosen=chosen,
        lines=_red_lines(chosen) if chosen else [],
        said=words.clause_of(chosen) if chosen else "",
        evidence=dict(words.EVIDENCE),
        declarers=dict(words.DECLARERS),
        classes=CLASS_NAMES,
        may_write=found.status == "draft" and policies.may_write(desk.actor, found.rule_book.organisation_id),
        is_own=found.drafted_by is not None and found.drafted_by == desk.actor.user_id,
        has_demerits=any(item.direction == "demerit" for item in items),
        form=form,
    )


def _rule(form: Entry) -> ExpiryRule:
    """How long points are to last, as it was typed; what the chosen kind does not ask for is passed over."""
    kind = form.choice("expiry", Expiry.values)
    months = form.count("expiry_months", empty=24) if kind == Expiry.AFTER_MONTHS else 0
    percent = form.whole("carry_percent") if kind == Expiry.YEAR_END and form.get("carry_percent").strip() else 0
    return ExpiryRule(kind, months or 0, percent or 0)


@console("rules")
def expiry(desk: Desk) -> HttpResponse:
    """Whose points go next at the branch, and how many: what will happen unless they are used before."""
    outlook = rulebook_queries.expiry_outlook(actor=desk.actor, branch_id=desk.branch.pk, on=desk.on)
    found = rulebook_queries.expiry_losses(
        actor=desk.actor, branch_id=desk.branch.pk, on=desk.on, after=cursor(desk.request), limit=PAGE + 1
    )
    losses, last = page_of(found)
    return desk.show("rulebooks/expiry.html", outlook=outlook, losses=losses, following=last.passbook_id if last else None)


def _by_category(items: list[Any]) -> list[tuple[str, list[Any]]]:
    order = {code: place for place, code in enumerate(Category.values)}
    ranked = sorted(items, key=lambda item: order[item.category])
    return [(str(Category(code).label), list(found)) for code, found in groupby(ranked, key=lambda item: item.category)]


def _red_lines(item: Any) -> list[redlines.RedLine]:
    return [line for name in ("title", "plain", "repair") for line in redlines.check(getattr(item, name))]


@console("rules")
def item(desk: Desk, number: int, code: str = "") -> HttpResponse:
    """Write a clause of a draft. "看看行不行" checks without saving; every problem stands beside its field."""
    found = rulebook_queries.edition(actor=desk.actor, edition_id=number)
    if found.status != "draft" or not policies.may_write(desk.actor, found.rule_book.organisation_id):
        raise NotFound()
    items = list(rulebook_queries.items_of(actor=desk.actor, edition_id=number))
    existing = next((one for one in items if one.code == code), None)
    if code and existing is None:
        raise NotFound()
    form = Entry.of(desk.request, _typed(existing))
    checked: ItemDraft | None = None
    if desk.request.method == "POST":
        act = form.get("act", "save")
        if act == "remove" and existing is not None:
            rulebooks.remove_item(actor=desk.actor, item_id=existing.pk, at=desk.at)
            desk.say(_("“{title}”从草稿里拿掉了。").format(title=existing.title))
            return redirect("console:edition", number=number)
        checked = _draft(form, existing)
        for problem in clauses.problems(checked) if checked else []:
            form.wrong(problem.field, problem.words)
        if form.ok and checked is not None and act == "save":
            with form.catching("code"):
                if existing is not None:
                    rulebooks.change_item(actor=desk.actor, item_id=existing.pk, draft=checked, at=desk.at)
                else:
                    rulebooks.add_item(actor=desk.actor, edition_id=number, draft=checked, at=desk.at)
            if form.ok:
                desk.say(_("“{title}”存进草稿了。").format(title=checked.title))
                return redirect(reverse("console:edition", kwargs={"number": number}) + f"?item={checked.code}")
    return desk.show(
        "rulebooks/item.html",
        status=form.status if desk.request.method == "POST" else 200,
        edition=found,
        existing=existing,
        form=form,
        checked=checked if form.ok else None,
        warnings=_warnings(checked),
        categories=Category.choices,
        directions=Direction.choices,
        effects=Effect.choices,
        value_kinds=ValueKind.choices,
        tracks=Track.choices,
        demerit_kinds=DemeritKind.choices,
        declarers=words.DECLARERS,
        evidence=words.EVIDENCE,
        classes=list(CLASS_NAMES.items()),
        caps=[(name, words.CAP_WORDS[name]) for name in CAPS],
    )


def _warnings(checked: ItemDraft | None) -> list[redlines.RedLine]:
    return _red_lines(checked) if checked else []


def _typed(existing: Any | None) -> dict[str, Any]:
    """A clause as a form shows it; a new one starts from plain defaults."""
    draft = clauses.draft_of(existing) if existing else ItemDraft(code="", category="volunteering", title="", points=100)
    typed: dict[str, Any] = {
        name: getattr(draft, name) for name in (*PLAIN, "quantity_max", "reviews_needed", "notice_workdays", "window_days")
    }
    typed |= {name: words.cap_value(name, limit) for name, limit in draft.caps.items()}
    typed |= {f"points_{name}": points.show(own["points"]) for name, own in draft.classes.items() if "points" in own}
    typed["points"] = points.show(draft.points)
    typed["steps"] = "\n".join(f"{start} {points.show(worth)}" for start, worth in draft.steps)
    typed["credits_household"] = "yes" if draft.credits_household else ""
    return typed | {"classes": list(draft.classes), "declarers": list(draft.declarers), "evidence": list(draft.evidence)}


def _draft(form: Entry, existing: Any | None) -> ItemDraft | None:
    """What was typed as a draft; None while a number can't be read."""
    steps = _steps(form)
    before = clauses.draft_of(existing).classes if existing else {}
    owned: dict[str, dict[str, int]] = {}
    for name in form.many("classes"):
        kept = {cap: limit for cap, limit in before.get(name, {}).items() if cap != "points"}
        worth = form.optional_amount(f"points_{name}")
        owned[name] = kept | ({"points": worth} if worth else {})
    caps = {}
    for name in CAPS:
        limit = form.optional_amount(name) if "_points_" in name else form.optional_count(name)
        if limit is not None:
            caps[name] = limit
    value = form.amount("points", empty=0, zero=True)
    counts = {
        name: form.count(name, empty=fallback)
        for name, fallback in (("quantity_max", 1), ("reviews_needed", 1), ("notice_workdays", 5), ("window_days", 30))
    }
    if not form.ok:
        return None
    return ItemDraft(
        points=value or 0,
        steps=steps,
        classes=owned,
        caps=caps,
        declarers=tuple(form.many("declarers")),
        evidence=tuple(form.many("evidence")),
        credits_household=form.get("credits_household") == "yes",
        **{name: count or 0 for name, count in counts.items()},
        **{name: form.get(name).strip() for name in PLAIN},
    )


def _steps(form: Entry) -> tuple[tuple[int, int], ...]:
    """Lines such as `4 1`: from four of the unit on, one point."""
    found: list[tuple[int, int]] = []
    for line in form.get("steps").splitlines():
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 2:
            form.wrong("steps", _("每行写两个数：从多少起、记几分，例如“4 1”。"))
            return ()
        with form.catching("steps"):
            found.append((points.parse_count(parts[0], field="steps"), points.parse(parts[1], field="steps")))
    return tuple(found)

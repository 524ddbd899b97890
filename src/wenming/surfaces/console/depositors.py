"""名册与善行簿: finding people, their record with the passbook, enrolling, and every change the counter may make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from wenming.core import audit, clock
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.queries import DepositorKind, IdentityClass, RevealPurpose, Sex
from wenming.domain.identity import queries as identity_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.console import passbook, words
from wenming.surfaces.console.households import other_home
from wenming.surfaces.console.page import (
    CORRECTORS,
    COUNTER,
    ENROLLERS,
    HELPERS,
    PAGE,
    Desk,
    Entry,
    console,
    cursor,
    page_of,
    pdf,
)
from wenming.ui import print as paper
from wenming.ui.filters import day, moment
from wenming.ui.tiers import tier_of

TABS = ("passbook", "deeds", "orders", "changes")
CODE_SHOWN_FOR = 900
ON_CHANGES = ("class", "end_class", "kin", "end_kin")
GIVEN = (IdentityClass.PARTY_MEMBER, IdentityClass.LANE_CHIEF, IdentityClass.NEW_VILLAGER)
GIVEN_LATER = (*GIVEN, IdentityClass.MINOR)


@console("depositors")
def roll(desk: Desk) -> HttpResponse:
    """Everyone of the branch by household number, or those that a search finds: by name, pinyin, initials, number."""
    text = desk.request.GET.get("q", "").strip()[:40]
    if text:
        found = list(depositor_queries.find_depositors(actor=desk.actor, text=text, limit=PAGE, branch_id=desk.branch.pk))
        if not found:
            found = list(depositor_queries.find_depositors(actor=desk.actor, text=text, limit=PAGE))
        if len(found) == 1:
            return redirect("console:depositor", number=found[0].pk)
        return desk.show("depositors/roll.html", text=text, people=found, after=None)
    people, last = page_of(
        depositor_queries.depositors_of(actor=desk.actor, branch_id=desk.branch.pk, after=cursor(desk.request), limit=PAGE + 1)
    )
    return desk.show("depositors/roll.html", text="", people=people, after=last.pk if last else None)


def _found(desk: Desk, number: int) -> Any:
    depositor = depositor_queries.depositor(actor=desk.actor, depositor_id=number)
    desk.see(depositor.branch_id)
    return depositor


@console("depositors")
def record(desk: Desk, number: int) -> HttpResponse:
    depositor = _found(desk, number)
    return show_record(desk, depositor, Entry(), open_part="reveal" if desk.request.GET.get("open") == "reveal" else "")


def show_record(desk: Desk, depositor: Any, form: Entry, *, open_part: str = "", shown: str = "") -> HttpResponse:
    """The record with one tab open; `shown` is a fact revealed just now, for this answer only."""
    tab = "changes" if open_part in ("end_class", "end_kin") else desk.request.GET.get("tab", "passbook")
    tab = tab if tab in TABS else "passbook"
    book = depositor.passbook
    balances = ledger_queries.balances([book.points_account_id, book.honour_account_id])
    classes = depositor_queries.classes_on(depositor_ids=[depositor.pk], on=desk.on)[depositor.pk]
    others = {"deeds": _deeds, "orders": _orders, "changes": _changes}
    body = others[tab](desk, depositor) if tab in others else passbook.tab(desk, depositor, classes)
    members = depositor_queries.members_of(household_id=depositor.household_id) if depositor.household_id else []
    return desk.show(
        "depositors/record.html",
        status=form.status,
        depositor=depositor,
        book=book,
        balance=balances.get(book.points_account_id, 0),
        honour=balances.get(book.honour_account_id, 0),
        classes=sorted(classes),
        class_words=dict(IdentityClass.choices),
        class_choices=[choice for choice in IdentityClass.choices if choice[0] in GIVEN_LATER],
        members=[member for member in members if member.pk != depositor.pk],
        tab=tab,
        tier=tier_of(balances.get(book.honour_account_id, 0)),
        purposes=RevealPurpose.choices,
        may_reverse=desk.may(*CORRECTORS),
        may_redeem=desk.may(*COUNTER),
        form=form,
        open_part=open_part,
        shown=shown,
        **body,
    )


def _deeds(desk: Desk, depositor: Any) -> dict[str, object]:
    rows, last = page_of(
        deed_queries.declarations_of(depositor_ids=[depositor.pk], before=cursor(desk.request, "before"), limit=PAGE + 1)
    )
    return {"declarations": rows, "before": last.pk if last else None, "pending_points": 0}


def _orders(desk: Desk, depositor: Any) -> dict[str, object]:
    rows, last = page_of(
        mall_queries.orders_of(depositor_ids=[depositor.pk], before=cursor(desk.request, "before"), limit=PAGE + 1)
    )
    return {"orders": rows, "before": last.pk if last else None, "pending_points": 0}


def _changes(desk: Desk, depositor: Any) -> dict[str, object]:
    events = list(audit.trail(subject=f"depositor:{depositor.pk}", limit=PAGE))
    people = identity_queries.display_names(user_ids=[event.user_id for event in events if event.user_id])
    return {
        "events": [(event, words.act_of(event.act), people.get(event.user_id or 0, _("系统"))) for event in events],
        "terms": depositor_queries.class_terms(depositor_id=depositor.pk),
        "kin": depositor_queries.kin_of(depositor_id=depositor.pk),
        "before": None,
        "pending_points": 0,
    }


@require_POST
@console("depositors", *HELPERS)
def change(desk: Desk, number: int) -> HttpResponse:
    """One change to one depositor, named by the button that was pressed."""
    depositor = _found(desk, number)
    form = Entry.of(desk.request)
    act = form.get("act")
    if act == "reveal":
        return _reveal(desk, depositor, form)
    acts: dict[str, Callable[[Desk, Any, Entry], str]] = {
        "class": _set_class,
        "end_class": _end_class,
        "kin": _register_kin,
        "end_kin": _end_kin,
        "back": _move_back,
    }
    if act not in acts:
        raise NotFound()
    desk.require(*ENROLLERS)
    said = acts[act](desk, depositor, form)
    if form.errors:
        return show_record(desk, depositor, form, open_part=act)
    desk.say(said)
    onward = reverse("console:depositor", kwargs={"number": depositor.pk})
    return redirect(f"{onward}?tab=changes" if act in ON_CHANGES else onward)


def _reveal(desk: Desk, depositor: Any, form: Entry) -> HttpResponse:
    fact = form.choice("fact", ("phone", "id_number"))
    purpose = form.choice("purpose", RevealPurpose.values, ask=_("请选为什么要看。"))
    shown = ""
    if form.ok:
        with form.catching("purpose"):
            shown = depositors.reveal(actor=desk.actor, depositor_id=depositor.pk, field=fact, purpose=purpose, at=desk.at)
    answer = show_record(desk, depositor, form, open_part="reveal", shown=shown or "")
    answer["Cache-Control"] = "private, no-store"
    return answer


def _set_class(desk: Desk, depositor: Any, form: Entry) -> str:
    chosen = form.choice("identity_class", IdentityClass.values)
    on = form.day("class_on", ask=_("请填从哪天起。"))
    if form.ok and on:
        with form.catching("identity_class"):
            depositors.set_class(actor=desk.actor, depositor_id=depositor.pk, identity_class=chosen, on=on, at=desk.at)
    return _("身份记下了。")


def _end_class(desk: Desk, depositor: Any, form: Entry) -> str:
    chosen = form.choice("identity_class", IdentityClass.values)
    on = form.day("ends_on", ask=_("请填到哪天为止。"))
    if form.ok and on:
        with form.catching("ends_on"):
            depositors.end_class(actor=desk.actor, depositor_id=depositor.pk, identity_class=chosen, on=on, at=desk.at)
    return _("身份到这一天为止，从那天起不算了。")


def _register_kin(desk: Desk, depositor: Any, form: Entry) -> str:
    relation = form.text("relation", ask=_("请写是什么亲，例如：兄弟、儿媳。"), most=20)
    name = form.text("kin", ask=_("请填亲属的姓名或户号。"), most=40)
    others = []
    if form.ok:
        found = depositor_queries.find_depositors(actor=desk.actor, text=name, limit=10)
        others = [other for other in found if other.pk != depositor.pk]
        exact = [other for other in others if other.name == name]
        others = exact or others
        if len(others) != 1:
            words = _("没找到这个人。") if not others else _("有 {n} 个人对得上，请填户号再加姓名。").format(n=len(others))
            form.wrong("kin", words)
    if form.ok:
        with form.catching("kin"):
            depositors.register_kin(
                actor=desk.actor, first_id=depositor.pk, second_id=others[0].pk, relation=relation, at=desk.at
            )
    return _("亲属登记好了，互相不能审核对方的记录。")


def _end_kin(desk: Desk, depositor: Any, form: Entry) -> str:
    others = form.ids("other")
    if not others:
        raise NotFound()
    with form.catching("kin"):
        depositors.remove_kin(actor=desk.actor, first_id=depositor.pk, second_id=others[0], at=desk.at)
    return _("亲属登记取消了。")


def _move_back(desk: Desk, depositor: Any, form: Entry) -> str:
    home = other_home(depositor.branch_id, form, "home_number")
    if form.ok and home is not None:
        with form.catching("home_number"):
            depositors.move_depositor_back(actor=desk.actor, depositor_id=depositor.pk, household_id=home.pk, at=desk.at)
    return _("迁回来了，存折接着用。")


@require_POST
@console("depositors", *HELPERS)
def activation(desk: Desk, number: int) -> HttpResponse:
    """A code to log in with, shown this once; the next one makes this one void."""
    depositor = _found(desk, number)
    form = Entry()
    code = ""
    with form.catching("activation"):
        code = depositors.give_login(actor=desk.actor, depositor_id=depositor.pk, at=desk.at)
    if form.errors:
        return show_record(desk, depositor, form, open_part="activation")
    sealed = signing.dumps({"code": code, "depositor": depositor.pk}, salt="activation-paper")
    answer = desk.show("depositors/activation.html", depositor=depositor, code=code, sealed=sealed)
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@console("depositors", *HELPERS)
def activation_paper(desk: Desk, number: int) -> HttpResponse:
    """The slip with the code, from the page that has just shown it."""
    depositor = _found(desk, number)
    try:
        kept = signing.loads(desk.request.POST.get("sealed", ""), salt="activation-paper", max_age=CODE_SHOWN_FOR)
    except signing.BadSignature as error:
        raise NotFound() from error
    if kept["depositor"] != depositor.pk:
        raise NotFound()
    household = depositor.household
    numbers = [depositor.passbook.number]
    if household is not None and household.head_id == depositor.pk:
        numbers.append(household.number)
    return pdf(
        paper.activation_pdf(
            {
                "place": desk.branch.name,
                "holder": depositor.name,
                "login_names": _("、").join(numbers),
                "code": kept["code"],
                "valid_until": day(desk.at + timedelta(days=7)),
                "printed_at": moment(desk.at),
                "url": desk.request.build_absolute_uri(reverse("villager:activate")),
            }
        ),
        "activation",
    )


@console("depositors", *ENROLLERS)
def enrol(desk: Desk) -> HttpResponse:
    """A new household with its members, a person into a household, a unit or a collective."""
    form = Entry.of(desk.request)
    kind = form.get("kind", "household")
    kind = kind if kind in ("household", "person", "unit", "collective") else "household"
    if desk.request.method == "POST":
        made = _enrol_household(desk, form) if kind == "household" else _enrol_one(desk, form, kind)
        if made is not None and form.ok:
            desk.say(_("开好户了：{name}。").format(name=made.name))
            return redirect("console:depositor", number=made.pk)
    return desk.show(
        "depositors/enrol.html",
        status=form.status if desk.request.method == "POST" else 200,
        form=form,
        kind=kind,
        kinds=[("household", _("一户人家")), *[(k.value, k.label) for k in DepositorKind if k.value != "household"]],
        villages=[(village.code, village.name) for village in organisations.villages_of(branch_id=desk.branch.pk)],
        member_rows=max(3, min(12, len(form.many("member_name")) + 1)),
        class_choices=[choice for choice in IdentityClass.choices if choice[0] in GIVEN],
        sexes=[(code, label) for code, label in Sex.choices if code],
    )


def _facts(form: Entry, name: str) -> depositors.PersonFacts:
    return depositors.PersonFacts(
        name=name,
        sex=form.get("sex"),
        born_on=form.day("born_on"),
        id_number=form.text("id_number", most=18),
        phone=form.text("phone", most=20),
        classes=tuple(one for one in form.many("classes") if one in GIVEN),
        guardian=form.text("guardian", most=30),
    )


def _enrol_household(desk: Desk, form: Entry) -> Any | None:
    number = form.text("number", most=20)
    head_name = form.text("name", ask=_("请填户主姓名。"), most=60)
    head = _facts(form, head_name)
    members = [_member(form, place, name) for place, name in enumerate(form.many("member_name")) if name.strip()]
    residents = form.optional_count("resident_count")
    joined = form.day("joined_on") or desk.on
    if not form.ok:
        return None
    with form.catching("name"):
        made = depositors.enrol_household(
            actor=desk.actor,
            branch_id=desk.branch.pk,
            number=number,
            head=head,
            members=members,
            lane=form.text("lane", most=30),
            village_code=form.get("village_code"),
            resident_count=residents,
            joined_on=joined,
            at=desk.at,
        )
        return made.head
    return None


def _member(form: Entry, place: int, name: str) -> depositors.PersonFacts:
    """The n-th line of the family's list."""

    def typed(field: str) -> str:
        values = form.many(field)
        return values[place].strip() if place < len(values) else ""

    one = Entry(typed={"member_born_on": typed("member_born_on")})
    born = one.day("member_born_on")
    form.errors.update(one.errors)
    return depositors.PersonFacts(name=name.strip(), born_on=born, guardian=typed("member_guardian"))


def _enrol_one(desk: Desk, form: Entry, kind: str) -> Any | None:
    name = form.text("name", ask=_("请填名称。") if kind != "person" else _("请填姓名。"), most=60)
    household = None
    if kind == "person":
        number = form.text("number", ask=_("请填户号。"), most=20)
        household = depositor_queries.household_by_number(branch_id=desk.branch.pk, number=number) if number else None
        if number and household is None:
            form.wrong("number", _("这个分行没有这个户号。"))
    facts = _facts(form, name)
    if not form.ok:
        return None
    with form.catching("name"):
        return depositors.enrol_depositor(
            actor=desk.actor,
            branch_id=desk.branch.pk,
            kind=kind,
            facts=facts,
            household_id=household.pk if household else None,
            joined_on=form.day("joined_on") or clock.local_date(desk.at),
            at=desk.at,
        )
    return None

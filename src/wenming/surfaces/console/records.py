"""One depositor's registered facts put right, and leaving the roll: moving away, death, being forgotten."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.depositors import policies
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.queries import DepositorKind, Sex
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.console.page import ENROLLERS, Desk, Entry, console, pdf
from wenming.ui import print as paper
from wenming.ui.filters import full_day

MOVED, DECEASED, ERASED = "moved", "deceased", "erased"
WAYS = (
    (MOVED, gettext_lazy("迁走了"), gettext_lazy("存折里的分还能用完，不再得分；迁回来可以接上。")),
    (DECEASED, gettext_lazy("去世了"), gettext_lazy("剩下的分转给家里人，荣誉留着。")),
    (ERASED, gettext_lazy("注销"), gettext_lazy("本人要求不再留他的资料：姓名、电话、身份证号都删掉，账本不动。")),
)


def _found(desk: Desk, number: int) -> Any:
    depositor = depositor_queries.depositor(actor=desk.actor, depositor_id=number)
    desk.see(depositor.branch_id)
    return depositor


@console("depositors", *ENROLLERS)
def facts(desk: Desk, number: int) -> HttpResponse:
    """What is registered, put right. Encrypted facts are never shown here: empty stays as it is, a tick removes."""
    depositor = _found(desk, number)
    form = Entry.of(desk.request, {})
    if desk.request.method == "POST":
        _correct(desk, depositor, form)
        if form.ok:
            desk.say(_("登记的事改好了。"))
            return redirect("console:depositor", number=depositor.pk)
    return desk.show(
        "depositors/facts.html",
        status=form.status,
        depositor=depositor,
        is_person=depositor.kind == DepositorKind.PERSON,
        kept=depositor_queries.vault_fields(depositor_id=depositor.pk),
        sexes=[(code, label) for code, label in Sex.choices if code],
        form=form,
    )


def _correct(desk: Desk, depositor: Any, form: Entry) -> None:
    name = form.text("name", ask=_("请填姓名。"), most=60)
    born = form.day("born_on")
    typed: dict[str, str | None] = {}
    for fact, most in (("phone", 20), ("id_number", 18)):
        typed[fact] = "" if form.has("remove", fact) else form.text(fact, most=most) or None
        if form.has("remove", fact) and form[fact].strip():
            form.wrong(fact, _("又填又删，只能选一样。"))
    is_person = depositor.kind == DepositorKind.PERSON
    if form.ok:
        with form.catching("name"):
            depositors.correct_depositor(
                actor=desk.actor,
                depositor_id=depositor.pk,
                name=name if name != depositor.name else None,
                sex=form["sex"] if is_person and form["sex"] != depositor.sex else None,
                born_on=born if born != depositor.born_on else None,
                guardian=form["guardian"].strip() if is_person and form["guardian"].strip() != depositor.guardian else None,
                phone=typed["phone"],
                id_number=typed["id_number"],
                at=desk.at,
            )


@console("depositors", *ENROLLERS)
def leave(desk: Desk, number: int) -> HttpResponse:
    """First how somebody leaves the roll; then what goes and what stays; only what is said there twice is done."""
    depositor = _found(desk, number)
    ways = [way for way in WAYS if _may(desk, depositor, way[0])]
    form = Entry.of(desk.request)
    way = form.get("way")
    if not way and desk.request.method != "POST":
        return desk.show("depositors/leave.html", depositor=depositor, ways=ways, form=Entry())
    if way not in {code for code, _title, _words in ways}:
        raise NotFound()
    if desk.request.method == "POST":
        said = _do(desk, depositor, form, way)
        if form.ok:
            desk.say(said)
            if way == ERASED:
                facts = {
                    "number": depositor.public_id,
                    "on": clock.local_date(desk.at).isoformat(),
                    "branch": depositor.branch_id,
                }
                sealed = signing.dumps(facts, salt="erasure-paper")
                return redirect(f"{reverse('console:erased')}?paper={sealed}")
            return redirect("console:depositor", number=depositor.pk)
    book = depositor.passbook
    balances = ledger_queries.balances([book.points_account_id, book.honour_account_id])
    return desk.show(
        "depositors/leave_sure.html",
        status=form.status if desk.request.method == "POST" else 200,
        depositor=depositor,
        way=way,
        title=next(title for code, title, _words in ways if code == way),
        number=book.number,
        balance=balances.get(book.points_account_id, 0),
        honour=balances.get(book.honour_account_id, 0),
        heirs=_heirs(depositor) if way == DECEASED else [],
        waiting_deeds=sum(one.status in deed_queries.PENDING for one in deed_queries.open_of(depositor_id=depositor.pk)),
        waiting_orders=sum(order.status == "placed" for order in mall_queries.orders_of(depositor_ids=[depositor.pk])),
        form=form,
    )


@console("depositors", *ENROLLERS)
def erased(desk: Desk) -> HttpResponse:
    """Done: the certificate waits to be printed. The address holds the number of the erasure and its day, nothing of a person."""
    return desk.show("depositors/erased.html", sealed=desk.request.GET.get("paper", ""))


@console("depositors", *ENROLLERS)
def erased_paper(desk: Desk) -> HttpResponse:
    """The certificate that somebody who was erased takes home."""
    try:
        facts = signing.loads(desk.request.GET.get("paper", ""), salt="erasure-paper")
    except signing.BadSignature as error:
        raise NotFound() from error
    branch = organisations.organisation(organisation_id=facts["branch"])
    desk.see(branch.pk)
    book = ledger_queries.book(organisations.book_of(branch_id=branch.pk))
    seal = ledger_queries.latest_seal(book.pk)
    data = {
        "place": branch.name,
        "number": facts["number"],
        "erased_on": full_day(date.fromisoformat(facts["on"])),
        "officer": desk.request.user.display_name,
        "head": paper.Head.of(book, seal) if seal else None,
    }
    return pdf(paper.erasure_pdf(data), "erasure")


def _may(desk: Desk, depositor: Any, way: str) -> bool:
    if way == ERASED:
        return policies.may_erase(desk.actor, depositor.branch_id)
    is_there = depositor.status == "active"
    return is_there and (way == MOVED or depositor.kind == DepositorKind.PERSON)


def _heirs(depositor: Any) -> list[tuple[int, str]]:
    """Who may inherit: the household's head first, then the others on the roll."""
    home = depositor.household
    members = depositor_queries.members_of(household_id=home.pk) if home is not None else []
    others = [member for member in members if member.pk != depositor.pk]
    return [(one.pk, one.name) for one in sorted(others, key=lambda one: (one.pk != home.head_id, one.pk))]


def _do(desk: Desk, depositor: Any, form: Entry, way: str) -> str:
    if form.get("sure") != "yes":
        form.wrong("sure", _("请先勾上，表示看明白了。"))
    if way == ERASED and form["number"].strip().upper() != depositor.passbook.number:
        form.wrong("number", _("存折号对不上，请照着打一遍。"))
    if not form.ok:
        return ""
    with form.catching("sure"):
        if way == MOVED:
            depositors.move_depositor_out(actor=desk.actor, depositor_id=depositor.pk, at=desk.at)
            return _("记为已迁出。")
        if way == DECEASED:
            heir = form.ids("heir")
            depositors.record_death(actor=desk.actor, depositor_id=depositor.pk, heir_id=heir[0] if heir else None, at=desk.at)
            return _("记为已故。")
        depositors.erase_depositor(actor=desk.actor, depositor_id=depositor.pk, at=desk.at)
    return _("注销好了，他的资料已经删掉。")

"""资金: what each fund holds, by source, and money that came in under its receipt."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from wenming.core.points import LARGEST
from wenming.domain.funds import policies as fund_policies
from wenming.domain.funds import queries as fund_queries
from wenming.domain.funds import services as funds_service
from wenming.domain.funds.queries import Source
from wenming.surfaces.console.page import CLERKS, Desk, Entry, console


@console("funds", *CLERKS, "supervisor")
def funds(desk: Desk) -> HttpResponse:
    """The balances, the receipts of the fund that is open, and the two forms."""
    form = Entry.of(desk.request)
    balances = fund_queries.fund_balances(actor=desk.actor)
    if desk.request.method == "POST":
        said = _open(desk, form) if form.get("act") == "open" else _receive(desk, form)
        if form.ok:
            desk.say(said)
            return redirect("console:funds")
    chosen = desk.request.GET.get("fund", "")
    shown = next((fund for fund in balances if str(fund.id) == chosen), balances[0] if balances else None)
    places = [(desk.branch.pk, desk.branch.name), (desk.branch.parent_id, _("总行"))]
    return desk.show(
        "funds/funds.html",
        status=form.status if desk.request.method == "POST" else 200,
        balances=balances,
        shown=shown,
        receipts=fund_queries.receipts_of(actor=desk.actor, fund_id=shown.id) if shown else [],
        total=sum(fund.balance for fund in balances),
        sources=Source.choices,
        fund_choices=[(f.id, f"{f.organisation_name} {f.name}") for f in balances if _may_receive(desk, f.organisation_id)],
        places=[place for place in places if fund_policies.may_open_fund(desk.actor, place[0])],
        form=form,
    )


def _may_receive(desk: Desk, organisation_id: int) -> bool:
    return fund_policies.may_receive_money(desk.actor, organisation_id)


def _open(desk: Desk, form: Entry) -> str:
    source = form.choice("source", Source.values)
    name = form.text("name", ask=_("请给这笔资金起个名字。"), most=60)
    place = form.ids("place") or [desk.branch.pk]
    if form.ok:
        with form.catching("name"):
            funds_service.open_fund(actor=desk.actor, organisation_id=place[0], source=source, name=name, at=desk.at)
    return _("资金“{name}”开好了。").format(name=name)


def _receive(desk: Desk, form: Entry) -> str:
    fund = form.ids("fund")
    amount = form.amount("amount")
    number = form.text("number", ask=_("请填收据号。"), most=40)
    payer = form.text("payer", most=60)
    received_on = form.day("received_on", ask=_("请填哪天收到的。"))
    if not fund:
        form.wrong("fund", _("请选记到哪笔资金。"))
    if amount is not None and amount > LARGEST:
        form.wrong("amount", _("这个数太大了，请再看一遍。"))
    if form.ok and amount is not None and received_on is not None:
        with form.catching("number"):
            funds_service.receive_money(
                actor=desk.actor,
                fund_id=fund[0],
                amount=amount,
                number=number,
                payer=payer,
                received_on=received_on,
                at=desk.at,
            )
    return _("这笔钱记好了。")

"""资金: what each fund holds, by source, money that came in, and payments above the limit, which want a second officer."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from wenming.core.errors import NotFound
from wenming.core.points import LARGEST
from wenming.domain.funds import policies as fund_policies
from wenming.domain.funds import queries as fund_queries
from wenming.domain.funds import services as funds_service
from wenming.domain.funds.queries import Source
from wenming.domain.mall import queries as mall_queries
from wenming.surfaces.console.page import CLERKS, Desk, Entry, console


@console("funds", *CLERKS, "supervisor")
def funds(desk: Desk) -> HttpResponse:
    """The balances, the receipts of the fund that is open, and the two forms."""
    form = Entry.of(desk.request)
    balances = fund_queries.fund_balances(actor=desk.actor)
    seen = {fund.id for fund in balances}
    behind = fund_queries.funds_behind(actor=desk.actor, branch_id=desk.branch.pk)
    dear = mall_queries.costly_orders(actor=desk.actor, branch_id=desk.branch.pk)
    if desk.request.method == "POST":
        acts = {"open": _open, "receive": _receive, "limit": _limit, "confirm_limit": _confirm_limit, "approve": _approve}
        if form["act"] not in acts:
            raise NotFound()
        said = acts[form["act"]](desk, form)
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
        behind=[fund for fund in behind if fund.id not in seen],
        shown=shown,
        receipts=fund_queries.receipts_of(actor=desk.actor, fund_id=shown.id) if shown else [],
        total=sum(fund.balance for fund in balances),
        sources=Source.choices,
        dear=dear,
        may_approve={order.pk: fund_policies.may_approve(desk.actor, order.product.fund.organisation_id) for order in dear},
        may_set_limit=shown is not None and fund_policies.may_set_limit(desk.actor, shown.organisation_id),
        me_id=desk.actor.user_id,
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


def _limit(desk: Desk, form: Entry) -> str:
    fund = form.ids("fund")
    limit = form.amount("limit", zero=True)
    if not fund:
        raise NotFound()
    raised = False
    if form.ok and limit is not None:
        with form.catching("limit"):
            raised = funds_service.set_limit(actor=desk.actor, fund_id=fund[0], limit=limit, at=desk.at).raise_to is not None
    return _("提高限额要总行另一位来确认，先记下了。") if raised else _("限额改好了。")


def _confirm_limit(desk: Desk, form: Entry) -> str:
    fund = form.ids("fund")
    if not fund:
        raise NotFound()
    with form.catching("limit"):
        funds_service.confirm_limit(actor=desk.actor, fund_id=fund[0], at=desk.at)
    return _("确认了，新的限额从现在起用。")


def _approve(desk: Desk, form: Entry) -> str:
    """The open order says which fund, for what and how much."""
    number = form.ids("order")
    order = mall_queries.order(actor=desk.actor, order_id=number[0]) if number else None
    if order is None or order.product.fund_id is None:
        raise NotFound()
    with form.catching("form"):
        funds_service.approve_draw(
            actor=desk.actor,
            fund_id=order.product.fund_id,
            subject=mall_queries.subject_of(order.pk),
            amount=order.cost,
            at=desk.at,
        )
    return _("点头了，柜台可以发货了。")

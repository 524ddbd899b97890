"""兑换柜台: by code, by card, or by name for people without a phone; stock; products."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core.errors import NotFound, Refusal
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.funds import queries as fund_queries
from wenming.domain.identity import queries as identity_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.mall import policies as mall_policies
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.surfaces.console import offline
from wenming.surfaces.console.page import CLERKS, COUNTER, KEEPERS, RUNNERS, Desk, Entry, console, pdf
from wenming.ui import print as paper
from wenming.ui.filters import moment

FOUND = 20
KINDS = (("goods", gettext_lazy("物品")), ("service", gettext_lazy("服务")))
LOW = 5
PICTURES = (
    ("gift", gettext_lazy("礼品")),
    ("rice", gettext_lazy("米面")),
    ("soap", gettext_lazy("洗护")),
    ("oil", gettext_lazy("油和酱")),
    ("meal", gettext_lazy("饭菜")),
    ("hair", gettext_lazy("理发")),
    ("pill", gettext_lazy("药品")),
    ("clinic", gettext_lazy("看诊")),
    ("study", gettext_lazy("学习")),
    ("play", gettext_lazy("体育")),
    ("weave", gettext_lazy("编织")),
    ("fix", gettext_lazy("维修")),
    ("sweep", gettext_lazy("清扫")),
    ("banquet", gettext_lazy("聚餐")),
    ("yard", gettext_lazy("庭院")),
)


@console("counter", *COUNTER)
def counter(desk: Desk) -> HttpResponse:
    """One field for everything a scanner types: an 8-digit code, a card, or a name, pinyin or household number."""
    form = Entry.of(desk.request)
    text = form.get("q").strip()[:80]
    found: list[Any] = []
    if text:
        order = _by_code(desk, form, text)
        if order is not None:
            return redirect("console:order", number=order.pk)
        holder = None if form.errors else _by_card(desk, text)
        if holder is None and not form.errors:
            found = list(depositor_queries.find_depositors(actor=desk.actor, text=text, limit=FOUND, branch_id=desk.branch.pk))
            holder = found[0] if len(found) == 1 else None
        if holder is not None:
            return redirect("console:counter_person", number=holder.pk)
        if not found and not form.errors:
            form.wrong("q", _("没找到。请再扫一次，或填姓名、拼音首字母、户号。"))
    return desk.show("mall/counter.html", status=form.status, form=form, found=found, **_beside(desk))


def _by_code(desk: Desk, form: Entry, text: str) -> Any | None:
    """The order of a pickup code, bare or inside the QR's address."""
    code = mall_queries.plain_code(text.rstrip("/").rsplit("/", 1)[-1])
    if not code:
        return None
    try:
        return mall_queries.order_by_code(actor=desk.actor, code=code)
    except NotFound as refusal:
        form.wrong("q", refusal.words)
        return None


def _by_card(desk: Desk, text: str) -> Any | None:
    try:
        return depositor_queries.depositor_by_card(actor=desk.actor, card_code=text.rstrip("/").rsplit("/", 1)[-1])
    except NotFound:
        return None


def _beside(desk: Desk) -> dict[str, object]:
    """What stands to the right: today's hand-overs, what runs low, who is still to come."""
    receipts = mall_queries.day_receipts(branch_id=desk.branch.pk, day=desk.on)
    shelf = mall_queries.products_on_shelf(actor=desk.actor, branch_id=desk.branch.pk)
    return {
        "receipts": list(reversed(receipts))[:12],
        "receipt_count": len(receipts),
        "receipt_points": sum(receipt.points for receipt in receipts),
        "low": sorted((item for item in shelf if item.left <= LOW), key=lambda item: item.left)[:6],
        "waiting": mall_queries.orders_to_hand_over(actor=desk.actor, branch_id=desk.branch.pk, limit=20),
        "conflicts": offline.conflicts(desk),
    }


@console("counter", *COUNTER)
def order(desk: Desk, number: int) -> HttpResponse:
    """One order: hand it over, give it up, or take the goods back."""
    found = mall_queries.order(actor=desk.actor, order_id=number)
    desk.see(found.branch_id)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        said = _act_on(desk, form, number)
        if form.ok:
            desk.say(said)
            return redirect("console:order", number=number)
        found = mall_queries.order(actor=desk.actor, order_id=number)
    stock = {line.product_id: line for line in mall_queries.stock_of(branch_id=found.branch_id)}
    household = found.depositor.household
    return desk.show(
        "mall/order.html",
        status=form.status if desk.request.method == "POST" else 200,
        order=found,
        line=stock.get(found.product_id),
        art=art_of(found.product.picture),
        number=household.number if household else found.passbook.number,
        may_refund=desk.may(*CLERKS),
        form=form,
    )


def art_of(name: str) -> str:
    """The drawing of a product; none for one that has no drawing of its own."""
    return name if name in dict(PICTURES) else ""


def _act_on(desk: Desk, form: Entry, number: int) -> str:
    act = form.choice("act", ("hand_over", "cancel", "refund"))
    reason = form.text("reason", ask=_("请写一句为什么。") if act != "hand_over" else "", most=200)
    if not form.ok:
        return ""
    with form.catching("act"):
        if act == "hand_over":
            mall.hand_over_order(actor=desk.actor, order_id=number, code="", at=desk.at)
        elif act == "cancel":
            mall.cancel_order(actor=desk.actor, order_id=number, reason=reason, at=desk.at)
        else:
            restock = form.get("restock") == "yes"
            mall.refund_order(actor=desk.actor, order_id=number, reason=reason, at=desk.at, restock=restock)
    return {"hand_over": _("发好了。"), "cancel": _("取消了，积分退回存折。"), "refund": _("退好了，积分退回存折。")}[act]


@console("counter", *COUNTER)
def slip(desk: Desk, number: int) -> HttpResponse:
    """The little receipt of one order."""
    found = mall_queries.order(actor=desk.actor, order_id=number)
    desk.see(found.branch_id)
    return pdf(paper.slip_pdf(slip_data(desk, found)), f"slip-{number}")


def slip_data(desk: Desk, found: Any) -> dict[str, Any]:
    household = found.depositor.household
    return {
        "place": found.branch.name,
        "number": found.public_id[:8].upper(),
        "moment": moment(found.ended_at or found.placed_at),
        "holder": found.depositor.name,
        "household_number": household.number if household else found.passbook.number,
        "goods": found.product.title,
        "quantity": found.quantity,
        "price": found.price // found.quantity,
        "total": found.price,
        "balance": ledger_queries.balance(found.passbook.points_account_id),
        "code": found.pickup_code if found.status == "placed" else "",
        "teller": desk.request.user.display_name,
        "url": desk.request.build_absolute_uri(reverse("board:branch", kwargs={"code": found.branch.code})),
    }


@console("counter", *COUNTER)
def person(desk: Desk, number: int) -> HttpResponse:
    """Somebody at the counter without a phone: what waits for them, and the shelf."""
    depositor = depositor_queries.depositor(actor=desk.actor, depositor_id=number)
    desk.see(depositor.branch_id)
    form = Entry.of(desk.request)
    if "device" in desk.request.POST:
        return _end_device(desk, depositor, desk.request.POST["device"])
    if desk.request.method == "POST":
        placed = _place(desk, form, depositor)
        if placed is not None:
            desk.say(_("换好了，分已留住。东西拿出来给他，再点发货。"))
            return redirect("console:order", number=placed.pk)
    account = depositor.passbook.points_account_id
    return desk.show(
        "mall/person.html",
        status=form.status if desk.request.method == "POST" else 200,
        depositor=depositor,
        balance=ledger_queries.balance(account),
        waiting=mall_queries.orders_to_hand_over(actor=desk.actor, branch_id=desk.branch.pk, depositor_id=depositor.pk),
        past=mall_queries.orders_of(depositor_ids=[depositor.pk], limit=6),
        shelf=mall_queries.products_on_shelf(actor=desk.actor, branch_id=desk.branch.pk),
        devices=identity_queries.devices_of(user_id=depositor.user_id) if depositor.user_id else [],
        form=form,
    )


def _end_device(desk: Desk, depositor: Any, public_id: str) -> HttpResponse:
    """A phone that was lost: its log-in ends here and now."""
    depositors.end_device(actor=desk.actor, depositor_id=depositor.pk, public_id=public_id[:32], at=desk.at)
    desk.say(_("停用好了。那部手机要重新登录，里面没交的不再收。"))
    return redirect("console:counter_person", number=depositor.pk)


def _place(desk: Desk, form: Entry, depositor: Any) -> Any | None:
    product = form.ids("product")
    if not product:
        form.wrong("form", _("请选要换哪一样。"))
    quantity = form.count("quantity", most=1000)
    if not form.ok or quantity is None:
        return None
    with form.catching("quantity"):
        return mall.place_order(
            actor=desk.actor,
            product_id=product[0],
            branch_id=desk.branch.pk,
            depositor_id=depositor.pk,
            quantity=quantity,
            submission_key=form.submission_key,
            at=desk.at,
            door="counter",
        )
    return None


@console("stock", *KEEPERS, *RUNNERS, "supervisor")
def stock(desk: Desk) -> HttpResponse:
    """What is on the shelf; goods that came in, and what was counted."""
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        desk.require(*KEEPERS)
        product = form.ids("product")
        act = form.choice("act", ("receive", "count"))
        quantity = form.count("quantity", most=1_000_000) if act == "receive" else form.whole("quantity")
        if not product:
            form.wrong("product", _("请选是哪一样。"))
        if form.ok and quantity is not None:
            with form.catching("quantity"):
                if act == "receive":
                    mall.receive_stock(
                        actor=desk.actor, product_id=product[0], branch_id=desk.branch.pk, quantity=quantity, at=desk.at
                    )
                else:
                    mall.count_stock(
                        actor=desk.actor, product_id=product[0], branch_id=desk.branch.pk, counted=quantity, at=desk.at
                    )
        if form.ok:
            desk.say(_("入库记好了。") if act == "receive" else _("盘点记好了。"))
            return redirect("console:stock")
    lines = mall_queries.stock_of(branch_id=desk.branch.pk)
    here = {line.product_id for line in lines}
    others = [p for p in _range_of(desk) if p.pk not in here]
    return desk.show(
        "mall/stock.html",
        status=form.status if desk.request.method == "POST" else 200,
        lines=lines,
        choices=[*((line.product_id, line.title) for line in lines), *((p.pk, p.title) for p in others)],
        may_keep=desk.may(*KEEPERS),
        may_add=desk.may(*CLERKS),
        changeable={line.product_id for line in lines if mall_policies.may_keep_products(desk.actor, line.organisation_id)},
        form=form,
    )


def _range_of(desk: Desk) -> list[Any]:
    """The branch's own products and those of the head bank above it, as far as this officer keeps them."""
    found: list[Any] = []
    for organisation_id in (desk.branch.pk, desk.branch.parent_id):
        try:
            found += mall_queries.products_of(actor=desk.actor, organisation_id=organisation_id)
        except Refusal:
            continue
    return found


@console("stock", *CLERKS)
def product(desk: Desk, public_id: str = "") -> HttpResponse:
    """A new product, or new words and prices for one; orders already placed keep theirs."""
    found = mall_queries.product(actor=desk.actor, public_id=public_id) if public_id else None
    form = Entry.of(desk.request, _typed(found))
    if desk.request.method == "POST":
        facts = _facts(form)
        if form.ok:
            with form.catching("title"):
                if found is None:
                    mall.add_product(actor=desk.actor, organisation_id=desk.branch.pk, at=desk.at, **facts)
                else:
                    mall.change_product(actor=desk.actor, product_id=found.pk, at=desk.at, **facts)
        if form.ok:
            desk.say(_("“{title}”存好了。").format(title=facts["title"]))
            return redirect("console:stock")
    funds = fund_queries.fund_balances(actor=desk.actor)
    return desk.show(
        "mall/product.html",
        status=form.status if desk.request.method == "POST" else 200,
        product=found,
        kinds=KINDS,
        pictures=PICTURES,
        funds=[(fund.id, _("{name}（{source}）").format(name=fund.name, source=fund.source_label)) for fund in funds],
        form=form,
    )


def _typed(found: Any | None) -> dict[str, Any]:
    if found is None:
        return {"kind": "goods", "unit": "份", "period_days": "30", "pickup_days": "7", "is_on_shelf": "yes", "picture": "gift"}
    from_hundredths = {name: f"{getattr(found, name) / 100:g}" for name in ("price", "cost")}
    plain = {name: getattr(found, name) for name in ("kind", "title", "plain", "picture", "unit", "period_days", "pickup_days")}
    ticks = {name: "yes" if getattr(found, name) else "" for name in ("is_for_minors", "is_on_shelf")}
    return {**plain, **from_hundredths, **ticks, "times_max": found.times_max or "", "fund_id": found.fund_id or ""}


def _facts(form: Entry) -> dict[str, Any]:
    fund = form.ids("fund_id")
    return {
        "kind": form.choice("kind", [code for code, _words in KINDS]),
        "title": form.text("title", ask=_("请填名称。"), most=40),
        "plain": form.text("plain", most=200),
        "picture": form.choice("picture", [name for name, _words in PICTURES]),
        "unit": form.text("unit", ask=_("请填单位，例如：袋、次。"), most=8),
        "price": form.amount("price") or 0,
        "cost": form.amount("cost", empty=0, zero=True) or 0,
        "fund_id": fund[0] if fund else None,
        "times_max": form.optional_count("times_max"),
        "period_days": form.count("period_days", empty=30, most=3660) or 30,
        "pickup_days": form.count("pickup_days", empty=7, most=365) or 7,
        "is_for_minors": form.get("is_for_minors") == "yes",
        "is_on_shelf": form.get("is_on_shelf") == "yes",
    }

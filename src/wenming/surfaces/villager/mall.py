"""The mall: the shelf, one thing, ordering, the code to show at the counter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wenming.core import chance, clock
from wenming.core.errors import Refusal
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.surfaces.villager.door import page, with_passbook
from wenming.ui.forms import Form

ORDERS = 30


class OrderForm(Form):
    quantity = forms.IntegerField(
        label=_("要几份"),
        min_value=1,
        max_value=99,
        initial=1,
        error_messages={
            "required": _("请填要几份。"),
            "invalid": _("请填要几份，写个数就行。"),
            "min_value": _("最少换 1 份。"),
            "max_value": _("一次换不了这么多，请少换些。"),
        },
    )
    payer = forms.ChoiceField(label=_("用哪本存折"), error_messages={"invalid_choice": _("请选用哪本存折。")})
    submission_key = forms.CharField(max_length=64)
    price = forms.IntegerField(min_value=0)

    def __init__(self, *args: Any, purses: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].choices = [(purse.pk, purse.name) for purse in purses]


@require_safe
@with_passbook
def shelf(request: HttpRequest, *, book: Any) -> HttpResponse:
    """What can be had here: all, what one can afford, goods or services, or what the search words find."""
    balance = ledger.balance(book.points_account_id)
    show, words = request.GET.get("show", ""), request.GET.get("q", "").strip()[:20]
    items = mall_queries.products_on_shelf(actor=request.actor, branch_id=book.depositor.branch_id)
    if show == "affordable":
        items = [item for item in items if item.price <= balance and item.left > 0]
    elif show in ("goods", "service"):
        items = [item for item in items if item.kind == show]
    if words:
        items = [item for item in items if words in item.title or words in item.plain]
    context = {"book": book, "balance": balance, "items": items, "show": show, "words": words}
    return page(request, "villager/mall/shelf.html", context, here="mall")


def _order_form(request: HttpRequest, item: Any, purses: Sequence[Any]) -> OrderForm:
    """What was handed in; what is to be checked, from the address; or an empty form."""
    if request.method == "POST":
        return OrderForm({"payer": purses[0].pk, **request.POST.dict()}, purses=purses)
    fresh = {"submission_key": chance.public_id(), "price": item.price, "payer": request.GET.get("payer", purses[0].pk)}
    if "quantity" in request.GET:
        return OrderForm({"quantity": request.GET["quantity"], **fresh}, purses=purses)
    return OrderForm(initial={"quantity": request.GET.get("count", 1), **fresh}, purses=purses)


@never_cache
@require_http_methods(["GET", "POST"])
@with_passbook
def product(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    """One thing. GET with a quantity shows what it will cost; POST orders it."""
    at = clock.now()
    item = mall_queries.shelf_item(actor=request.actor, public_id=public_id, branch_id=book.depositor.branch_id)
    purses = mall_queries.purses(actor=request.actor, at=at)
    form = _order_form(request, item, purses)
    payer = next((purse for purse in purses if str(purse.pk) == str(form["payer"].value())), purses[0])
    if form.is_valid() and request.method == "POST":
        with form.catching_refusals():
            order = mall.place_order(
                actor=request.actor,
                product_id=item.product_id,
                branch_id=book.depositor.branch_id,
                depositor_id=payer.pk,
                quantity=form.cleaned_data["quantity"],
                submission_key=f"villager:{form.cleaned_data['submission_key']}",
                at=at,
                price_seen=form.cleaned_data["price"],
            )
            return redirect("villager:order", order.public_id)
    is_checking = form.is_bound and not form.errors
    ordered = mall_queries.orders_of(depositor_ids=[payer.pk]) if is_checking else []
    balances = ledger.balances([purse.passbook.points_account_id for purse in purses])
    context = {
        "book": book,
        "item": item,
        "form": form,
        "quantity": form.cleaned_data.get("quantity", 1) if form.is_bound else 1,
        "is_checking": is_checking,
        "waiting": next((one for one in ordered if one.status == "placed" and one.product_id == item.product_id), None),
        "purses": [(purse, balances[purse.passbook.points_account_id]) for purse in purses],
        "payer": payer,
        "balance": balances[payer.passbook.points_account_id],
    }
    return page(request, "villager/mall/product.html", context, here="mall", status=422 if form.errors else 200)


@require_safe
@with_passbook
def orders(request: HttpRequest, *, book: Any) -> HttpResponse:
    text = request.GET.get("before", "")
    before = int(text) if text.isdecimal() and len(text) < 16 else None
    purses = [purse.pk for purse in mall_queries.purses(actor=request.actor, at=clock.now())]
    found = mall_queries.orders_of(depositor_ids=purses, before=before, limit=ORDERS + 1)
    context = {
        "book": book,
        "orders": found[:ORDERS],
        "following": found[ORDERS - 1].pk if len(found) > ORDERS else None,
        "is_first": before is None,
    }
    return page(request, "villager/mall/orders.html", context, here="mall")


@never_cache
@require_safe
@with_passbook
def order(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    """The ticket: QR code and eight digits while it can be collected, its end afterwards."""
    found = mall_queries.order_by_public_id(actor=request.actor, public_id=public_id)
    return page(request, "villager/mall/order.html", {"book": book, "order": found}, here="mall")


@require_POST
@with_passbook
def cancel(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    """Give an order back before it was collected; the points return at once."""
    found = mall_queries.order_by_public_id(actor=request.actor, public_id=public_id)
    try:
        mall.cancel_order(actor=request.actor, order_id=found.pk, reason=str(_("本人退掉")), at=clock.now())
    except Refusal as refusal:
        context = {"book": book, "order": found, "problem": refusal.words}
        return page(request, "villager/mall/order.html", context, here="mall", status=refusal.status)
    return redirect("villager:order", found.public_id)

"""Proofs: is this entry real and unchanged; the seals under which everything stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.board import checking

SEALS = 60


@login_not_required
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Leads from the long voucher number, as the QR code holds it, to its page."""
    wanted = request.GET.get("q", "").strip().lower()
    if not wanted:
        return render(request, "board/find.html", {"problem": "", "wanted": ""})
    try:
        return redirect("board:proof", ledger.transaction(wanted).public_id)
    except NotFound:
        context = {"problem": _("没有这个凭证号。请扫存折上的二维码，或核对 32 位长号。"), "wanted": wanted[:40]}
        return render(request, "board/find.html", context, status=404)


def _who(transaction: Any) -> tuple[str, int]:
    """The masked name and the amount in points; a deduction stays without a name."""
    lines = [
        line for line in ledger.entries(transaction.pk) if line.account.is_member and line.account.unit == ledger.Unit.POINTS
    ]
    amount = sum(line.amount for line in lines)
    if not lines or transaction.kind == ledger.Kind.PENALTY:
        return "", amount
    books = depositors.passbooks_by_account(account_ids=[line.account_id for line in lines])
    on = clock.local_date(transaction.recorded_at)
    names = depositors.public_names(depositor_ids=[book.depositor_id for book in books.values()], on=on)
    return "、".join(names.values()), amount


@login_not_required
@require_safe
def proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """One entry: whose (masked), what, how many points, and the path from its bytes to the sealed fingerprint."""
    transaction = ledger.transaction(public_id)
    subjects = [transaction.subject]
    titles = deeds.titles_for(subjects=subjects) | mall.titles_for(subjects=subjects)
    who, amount = _who(transaction)
    try:
        found = ledger.inclusion_proof(public_id)
    except NotFound:
        found = None
    context = {
        "transaction": transaction,
        "title": titles.get(transaction.subject, ""),
        "who": who,
        "amount": amount,
        "proof": found,
        "holds": found is not None and checking.holds(found),
        "reversal": ledger.reversal_of(transaction.pk),
        "address": request.build_absolute_uri(reverse("board:proof", args=[public_id])),
    }
    return render(request, "board/proof.html", context)


@login_not_required
@require_safe
def proof_data(request: HttpRequest, public_id: str) -> HttpResponse:
    """The same as a file, to be checked without us."""
    found = asdict(ledger.inclusion_proof(public_id))
    answer = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="{public_id[:8]}.json"'
    return answer


@login_not_required
@require_safe
def seals(request: HttpRequest, code: str) -> HttpResponse:
    """The newest seals of a town's book: to compare with the fingerprints that were printed and photographed."""
    bank = organisations.organisation_by_code(code=code)
    if bank.book_id is None:
        raise NotFound
    return render(request, "board/seals.html", {"bank": bank, "seals": list(ledger.seals(bank.book_id)[:SEALS])})

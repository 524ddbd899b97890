"""Proofs: is this entry real and unchanged; the seals under which everything stands."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.board import papers
from wenming.surfaces.statements import titles_for
from wenming.ui import print as printing

SEALS = 60
DAYS = 7


@login_not_required
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Leads from the long voucher number, as the QR code holds it, to its page."""
    wanted = request.GET.get("q", "").strip().lower()
    paper = papers.read(request.GET)
    if not wanted:
        return render(request, "board/find.html", {"problem": "", "wanted": "", "paper": paper})
    try:
        page = reverse("board:proof", args=[ledger.transaction(wanted).public_id])
        return redirect(f"{page}?{paper.address}" if paper else page)
    except NotFound:
        context = {"problem": _("没有这个凭证号。请扫存折上的二维码，或核对 32 位长号。"), "wanted": wanted[:40], "paper": paper}
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
    return _("、").join(names.values()), amount


@login_not_required
@require_safe
def proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """One entry: whose (masked), what, how many points, and the path from its bytes to the fingerprint of the newest seal.

    With a paper in the address (as a scanned sheet gives it) the path leads to the fingerprint on that paper instead.
    """
    transaction = ledger.transaction(public_id)
    who, amount = _who(transaction)
    paper = papers.read(request.GET)
    found = _inclusion(public_id, paper.size if paper else None)
    root = paper.root if paper else found.root if found else ""
    context = {
        "transaction": transaction,
        "title": titles_for([transaction.subject]).get(transaction.subject, ""),
        "who": who,
        "amount": amount,
        "proof": found,
        "paper": paper,
        "head": {"book": paper.book if paper else found.book, "size": found.size, "root": root} if found else None,
        "holds": found is not None and (paper is None or paper.book == found.book) and found.leads_to(root),
        "is_later": paper is not None and transaction.number is not None and transaction.number > paper.size,
        "page": _page(transaction, request.GET.get("print", "").strip().lower()) if paper is None else None,
        "reversal": ledger.reversal_of(transaction.pk),
        "address": request.build_absolute_uri(reverse("board:proof", args=[public_id])),
    }
    return render(request, "board/proof.html", context)


def _page(transaction: Any, fingerprint: str) -> bool | None:
    """Whether a printed passbook page that ends with this entry has the fingerprint it would have today; None without one."""
    if not fingerprint:
        return None
    held = [line for line in ledger.entries(transaction.pk) if line.account.is_member and line.sequence is not None]
    books = depositors.passbooks_by_account(account_ids=[line.account_id for line in held])
    for line in held:
        if line.account.unit != ledger.Unit.POINTS or line.account_id not in books:
            continue
        lines = ledger.statement(line.account_id, before=line.sequence + 1, limit=printing.LINES_A_PAGE)[::-1]
        shown = [printing.passbook_line(one, "") for one in lines]
        carried = lines[0].balance_after - lines[0].amount
        if printing.page_fingerprint(books[line.account_id].number, carried, shown) == fingerprint:
            return True
    return False


def _inclusion(public_id: str, size: int | None) -> ledger.InclusionProof | None:
    try:
        return ledger.inclusion_proof(public_id, size)
    except NotFound:
        return None


@login_not_required
@require_safe
def proof_data(request: HttpRequest, public_id: str) -> HttpResponse:
    """The same as a file, to be checked without us."""
    paper = papers.read(request.GET)
    return papers.proof_file("inclusion", ledger.inclusion_proof(public_id, paper.size if paper else None), public_id[-6:])


@login_not_required
@require_safe
def seals(request: HttpRequest, code: str) -> HttpResponse:
    """The newest seals of a town's book: to compare with the fingerprints that were printed and photographed."""
    bank = organisations.organisation_by_code(code=code)
    if bank.book_id is None:
        raise NotFound
    found = list(ledger.seals(bank.book_id)[:SEALS])
    days = list(dict.fromkeys(clock.local_date(seal.sealed_at) for seal in found))[:DAYS]
    return render(request, "board/seals.html", {"bank": bank, "seals": found, "days": days})

"""Paper against books: what a printed sheet's QR code leads to, and the day's sheet that hangs on the wall."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from wenming.core import clock, points
from wenming.core.errors import NotFound
from wenming.domain.ledger import queries as ledger
from wenming.domain.notices import queries as notices
from wenming.domain.organisations import queries as organisations
from wenming.ui import print as printing
from wenming.ui.filters import full_day, moment
from wenming.ui.print import Head

ROOT = re.compile(r"[0-9a-f]{64}")
SIZE_MOST = 10**15


def read(said: QueryDict) -> Head | None:
    """The paper that an address speaks of; None when it is not whole."""
    root = "".join(said.get("root", "").split()).lower()
    size = said.get("size", "").replace(",", "").strip()
    if not ROOT.fullmatch(root) or not re.fullmatch(r"[0-9]{1,15}", size) or not 0 < int(size) < SIZE_MOST:
        return None
    try:
        day = date.fromisoformat(said.get("date", ""))
    except ValueError:
        day = None
    found = said.get("print", "").strip().lower()
    return Head(
        book=said.get("book", "").strip()[:32],
        size=int(size),
        root=root,
        day=day,
        notice=said.get("notice", "").strip()[:24],
        print=found if re.fullmatch(r"[0-9a-f]{16,64}", found) else "",
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    holds: bool
    words: str


def judge(paper: Head) -> tuple[Verdict, Any, Any]:
    """What the books say of a paper; the book and its newest seal, if there is such a book."""
    try:
        book = ledger.book_by_code(paper.book)
    except NotFound:
        return Verdict(False, _("这里没有编号是 {book} 的账本。").format(book=paper.book)), None, None
    newest = ledger.latest_seal(book.pk)
    have = newest.size if newest else 0
    if paper.size > have:
        words = _("纸上有 {size} 笔，账本现在只有 {have} 笔，账变短了。")
        return Verdict(False, words.format(size=paper.size, have=have)), book, newest
    seal = ledger.seal_of_size(book.pk, paper.size)
    if seal is None:
        return Verdict(False, _("账本没有在第 {size} 笔处封过账。").format(size=paper.size)), book, newest
    if bytes(seal.root).hex() != paper.root:
        return Verdict(False, _("记到第 {size} 笔，账本的总指纹和纸上的不一样。").format(size=paper.size)), book, newest
    return Verdict(True, _("记到第 {size} 笔，账本的总指纹和纸上的一模一样。").format(size=paper.size)), book, newest


@login_not_required
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Where the QR code of a printed sheet leads: the same or not the same, said plainly, and checked again on the phone."""
    paper = read(request.GET)
    if paper is None:
        is_half = "root" in request.GET
        context = {
            "paper": None,
            "problem": _("这张纸的码不全。请再扫一次，或照着纸补全：笔数，和 64 位的总指纹。") if is_half else "",
            "books": organisations.banks_by_book(),
            "said": {name: request.GET.get(name, "")[:120] for name in ("book", "size", "root")},
        }
        return render(request, "board/compare.html", context, status=422 if is_half else 200)
    verdict, book, newest = judge(paper)
    red_list = _red_list(paper)
    if verdict.holds and red_list and not red_list["holds"]:
        verdict = Verdict(False, _("总指纹对得上，可是这张榜和网上挂的不是同一份。"))
    context = {
        "paper": paper,
        "verdict": verdict,
        "book": book,
        "bank": organisations.banks_by_book().get(paper.book, ""),
        "newest": newest,
        "head": {"book": paper.book, "size": newest.size, "root": bytes(newest.root).hex()} if newest else None,
        "red_list": red_list,
    }
    return render(request, "board/compare.html", context)


def _red_list(paper: Head) -> dict[str, Any] | None:
    """The red list that the paper is, and whether what hangs here is the same."""
    if not paper.notice:
        return None
    try:
        found = notices.notice(number=paper.notice)
    except NotFound:
        return {"number": paper.notice, "notice": None, "holds": False}
    is_same = bool(paper.print) and found.fingerprint.startswith(paper.print)
    return {"number": found.number, "notice": found, "holds": is_same and notices.is_true_to_fingerprint(found)}


@login_not_required
@require_safe
def steps(request: HttpRequest) -> HttpResponse:
    """The proof that one seal grew out of an earlier one, as a file."""
    try:
        first, second = int(request.GET.get("first", "")), int(request.GET.get("second", ""))
    except ValueError as error:
        raise NotFound from error
    if not 0 < first <= second < SIZE_MOST:
        raise NotFound
    book = ledger.book_by_code(request.GET.get("book", ""))
    return proof_file("consistency", ledger.consistency_proof(book.pk, first, second), f"{book.code}-{first}-{second}")


def proof_file(kind: str, proof: Any, name: str) -> HttpResponse:
    """A proof as `verify_proof.py` reads it."""
    answer = JsonResponse({"proof": kind, **asdict(proof)}, json_dumps_params={"ensure_ascii": False, "indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


@login_not_required
@require_safe
def day_sheet(request: HttpRequest, code: str, day: str) -> HttpResponse:
    """The sheet of one day for the wall: what was written in the town's book, and the head of the book at the day's end."""
    bank = organisations.organisation_by_code(code=code)
    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise NotFound from error
    at = clock.now()
    if bank.book_id is None or wanted > clock.local_date(at):
        raise NotFound
    sheet = ledger.day_sheet(bank.book_id, wanted)
    if not sheet.size:
        raise NotFound
    head = Head(book=sheet.book, size=sheet.size, root=sheet.root, day=wanted)
    names = {branch.code: branch.name for branch in organisations.branches_of(head_bank_id=bank.pk)}
    data = {
        "place": bank.name,
        "title": _("{day}账单").format(day=full_day(wanted)),
        "printed_at": moment(at),
        "rows": [{"name": names.get(scope, bank.name), **row} for scope, row in _by_branch(sheet).items()],
        "head": head,
        "url": f"{request.build_absolute_uri(reverse('board:compare'))}?{head.address}",
    }
    answer = HttpResponse(printing.day_sheet_pdf(data), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{sheet.book}-{day}.pdf"'
    return answer


def _by_branch(sheet: Any) -> dict[str, dict[str, Any]]:
    """For every branch: deeds and points deposited, orders and points handed over, and how much else was written."""
    rows: dict[str, dict[str, int]] = {}
    for total in sheet.totals:
        row = rows.setdefault(total.scope, dict.fromkeys(("deeds", "deposited", "orders", "redeemed", "others"), 0))
        if total.unit != ledger.Unit.POINTS:
            row["others"] += total.count if total.unit == ledger.Unit.FEN else 0
        elif total.kind == ledger.Kind.DEED_DEPOSITED:
            row["deeds"], row["deposited"] = total.count, total.amount
        elif total.kind == ledger.Kind.ORDER_COLLECTED:
            row["orders"], row["redeemed"] = total.count, total.amount
        else:
            row["others"] += total.count
    return {
        scope: {**row, "deposited": points.show(row["deposited"]), "redeemed": points.show(row["redeemed"])}
        for scope, row in rows.items()
    }

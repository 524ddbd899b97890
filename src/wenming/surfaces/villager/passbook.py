"""The passbook: every line with its reason, its running balance and its voucher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.notices import queries as notices
from wenming.domain.rulebooks import queries as rulebooks
from wenming.surfaces import statements
from wenming.surfaces.villager.door import page, with_passbook

LINES = 30
READ = 120
FILTERS = ("", "in", "out", "corrections")
GIVEN_BACK = (ledger.Kind.ORDER_RELEASED, ledger.Kind.ORDER_REFUNDED)


@dataclass(slots=True)
class Band:
    """One month of the statement, newest line first. The sums stand only where the whole month is shown."""

    month: date
    lines: list[Any] = field(default_factory=list)
    is_whole: bool = True

    @property
    def earned(self) -> int:
        return sum(line.amount for line in self.lines if (line.amount > 0) != _is_back(line))

    @property
    def spent(self) -> int:
        return -sum(line.amount for line in self.lines if (line.amount > 0) == _is_back(line))


def _is_back(line: Any) -> bool:
    """What came back lowers what was spent; what was taken back lowers what was earned."""
    return line.reverses_id is not None or line.kind in GIVEN_BACK


def _fits(line: Any, chosen: str) -> bool:
    if chosen == "in":
        return bool(line.amount > 0)
    if chosen == "out":
        return bool(line.amount < 0)
    return bool(line.reverses_id or line.reversed_by_id) if chosen == "corrections" else True


def _month(line: Any) -> date:
    return clock.month_start(clock.local_date(line.recorded_at))


def _read(account_id: int, before: int | None, chosen: str, month: date | None) -> tuple[list[Any], int | None]:
    """The lines of one page, whole months where they fit, and the place from which the next page goes on."""
    end = clock.next_month(month) if month else None
    found = list(ledger.statement(account_id, before=before, limit=READ + 1, start=month, end=end))
    has_more, found = len(found) > READ, found[:READ]
    fitting = [line for line in found if _fits(line, chosen)]
    if not chosen and len(fitting) > LINES:
        end = LINES
        while end < len(fitting) and _month(fitting[end]) == _month(fitting[end - 1]):
            end += 1
        if end < len(fitting) or not has_more:
            fitting = fitting[:end]
    if fitting and len(fitting) < len(found) and not chosen:
        return fitting, fitting[-1].sequence
    return fitting, found[-1].sequence if has_more else None


def _bands(lines: Sequence[Any], *, is_filtered: bool, is_cut: bool) -> list[Band]:
    bands: list[Band] = []
    for line in lines:
        if not bands or bands[-1].month != _month(line):
            bands.append(Band(month=_month(line), is_whole=not is_filtered))
        bands[-1].lines.append(line)
    if bands and is_cut:
        bands[-1].is_whole = False
    return bands


def standing_of(book: Any) -> rulebooks.Standing:
    """What is in a passbook now, and what of it goes next."""
    return rulebooks.standing(
        branch=book.depositor.branch,
        points_account_id=book.points_account_id,
        honour_account_id=book.honour_account_id,
        on=clock.local_date(clock.now()),
    )


@require_safe
@with_passbook
def passbook(request: HttpRequest, *, book: Any) -> HttpResponse:
    return _statement(request, book, is_own=True)


@require_safe
@with_passbook
def of_household(request: HttpRequest, number: str, *, book: Any) -> HttpResponse:
    """The passbook of somebody of the own household, to read."""
    home = depositors.household(actor=request.actor, household_id=book.depositor.household_id or 0)
    member = next((one for one in depositors.members_of(household_id=home.pk) if one.passbook.number == number), None)
    if member is None:
        raise NotFound
    found = depositors.depositor(actor=request.actor, depositor_id=member.pk).passbook
    return _statement(request, found, is_own=member.pk == book.depositor_id)


def _statement(request: HttpRequest, book: Any, *, is_own: bool) -> HttpResponse:
    chosen = request.GET.get("show", "")
    chosen = chosen if chosen in FILTERS else ""
    text = request.GET.get("before", "")
    before = int(text) if text.isdecimal() and len(text) < 16 else None
    month = _asked_month(request.GET.get("month", ""))
    lines, following = _read(book.points_account_id, before, chosen, month)
    is_cut = following is not None and len(lines) == READ
    pending = [] if before or chosen or month else deeds.open_of(depositor_id=book.depositor_id)
    hanging = [deed.notice_line_id for deed in pending if deed.status == deeds.Status.ON_NOTICE]
    context = {
        "book": book,
        "is_own": is_own,
        "address": reverse("villager:passbook") if is_own else reverse("villager:passbook_of", args=[book.number]),
        "standing": standing_of(book),
        "bands": _bands(lines, is_filtered=bool(chosen), is_cut=is_cut),
        "titles": statements.titles_for(line.subject for line in lines),
        "partners": {line.transaction_id: line for line in lines},
        "pending": pending,
        "ends": notices.ends_of(line_ids=hanging) if hanging else {},
        "chosen": chosen,
        "month": month,
        "following": following,
        "is_first": before is None,
    }
    return page(request, "villager/passbook/passbook.html", context, here="passbook" if is_own else "me")


def _asked_month(text: str) -> date | None:
    """2026-03 as its first day; nothing for anything else."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


@require_safe
@with_passbook
def months(request: HttpRequest, *, book: Any) -> HttpResponse:
    """Every month since the passbook was opened, newest year first, to leaf back to."""
    last, first = clock.local_date(clock.now()), clock.month_start(book.opened_on)
    years = [
        (year, [day for day in (date(year, month, 1) for month in range(1, 13)) if first <= day <= last])
        for year in range(last.year, first.year - 1, -1)
    ]
    return page(request, "villager/passbook/months.html", {"book": book, "years": years}, here="passbook")


@require_safe
@with_passbook
def paper(request: HttpRequest, *, book: Any) -> HttpResponse:
    """The newest page of the own passbook, typeset for the printer."""
    return statements.printed(request, book, at=clock.now())


@require_safe
@with_passbook
def entry(request: HttpRequest, public_id: str, *, book: Any) -> HttpResponse:
    """One line of one's own passbook, and why it is this many points."""
    transaction = ledger.transaction(public_id)
    own = [line for line in ledger.entries(transaction.pk) if line.account_id == book.points_account_id]
    if not own:
        raise NotFound
    kind, _colon, number = transaction.subject.partition(":")
    declaration = deeds.declaration(actor=request.actor, declaration_id=int(number)) if kind == "deed" else None
    why = deeds.explain(declaration) if declaration is not None else ""
    if transaction.kind == ledger.Kind.EXPIRED:
        then = clock.local_date(transaction.recorded_at)
        why = rulebooks.rule_at(branch_id=book.depositor.branch_id, on=then).words
    context = {
        "book": book,
        "transaction": transaction,
        "line": own[0],
        "title": statements.titles_for([transaction.subject]).get(transaction.subject, ""),
        "declaration": declaration,
        "why": why,
    }
    return page(request, "villager/passbook/entry.html", context, here="passbook")

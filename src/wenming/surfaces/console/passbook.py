"""A depositor's passbook at the desk: every line with its clause and whose hands it went through, on paper and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from wenming.core import clock
from wenming.domain.deeds.hands import Book, Hands, book_of
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.intake import services as intake
from wenming.domain.ledger import queries as ledger_queries
from wenming.surfaces import statements
from wenming.surfaces.console.page import CLERKS, PAGE, Desk, console, cursor, page_of, xlsx


@dataclass(frozen=True)
class BookLine:
    """A posted line as the desk reads it, its kind before the words where they alone would not say enough. `deed` and `order`
    lead to what is behind it; `pair` is the day of the line that it puts right, when it is a reversal."""

    line: Any
    kind: str
    words: str
    recorded: str
    passed: str
    deed: Any | None
    order: int | None
    pair: date | None


@dataclass(frozen=True)
class WaitingLine:
    """A deed whose points are not in the passbook yet, as one line above the statement."""

    deed: Any
    points: int | None
    recorded: str
    passed: str
    is_mine: bool


def tab(desk: Desk, depositor: Any, classes: frozenset[str]) -> dict[str, object]:
    """What the record's first tab shows: what is under way, then one page of the statement."""
    before = cursor(desk.request, "before")
    lines, last = page_of(ledger_queries.statement(depositor.passbook.points_account_id, before=before, limit=PAGE + 1))
    book = book_of(
        actor=desk.actor,
        depositor_id=depositor.pk,
        classes=classes,
        subjects=[line.subject for line in lines],
        has_under_way=before is None,
    )
    return {
        "lines": _lines(lines, book),
        "shown_ids": {line.transaction_id for line in lines},
        "before": last.sequence if last else None,
        "waiting": [
            WaitingLine(one.hands.deed, one.points, *_hands_words(one.hands, book.names), one.is_mine) for one in book.under_way
        ],
        "pending_points": sum(one.points or 0 for one in book.under_way if one.is_approved),
    }


def _lines(lines: list[Any], book: Book) -> list[BookLine]:
    titles = {subject: hands.deed.item.title for subject, hands in book.lines.items()}
    titles |= statements.titles_for(line.subject for line in lines if line.subject not in titles)
    found = []
    for line in lines:
        hands = book.lines.get(line.subject)
        recorded, passed = _hands_words(hands, book.names) if hands else ("", "")
        rights = hands is not None and line.reverses_id is not None
        if hands and rights and hands.put_right_by:
            recorded, passed = (book.names.get(one or 0, _("系统")) for one in hands.put_right_by)
        found.append(
            BookLine(
                line=line,
                kind=statements.kind_before(line, titles),
                words=titles.get(line.subject) or line.kind_name,
                recorded=recorded,
                passed=passed,
                deed=hands.deed if hands else None,
                order=int(line.subject[6:]) if line.subject.startswith("order:") else None,
                pair=hands.deed.happened_on if hands and rights else None,
            )
        )
    return found


def _hands_words(hands: Hands, names: dict[int, str]) -> tuple[str, str]:
    """Who wrote it down and who passed it, in words."""
    doors = {"self": _("本人"), "sheet": _("表格导入"), "api": _("系统对接")}
    recorded = doors.get(hands.deed.door) or names.get(hands.deed.declared_by or 0, _("系统"))
    return recorded, _("、").join(names[one] for one in hands.passed_by if one in names)


def _found(desk: Desk, number: int) -> Any:
    depositor = depositor_queries.depositor(actor=desk.actor, depositor_id=number)
    desk.see(depositor.branch_id)
    return depositor


@console("depositors")
def passbook_paper(desk: Desk, number: int) -> HttpResponse:
    """The newest page of the passbook, typeset."""
    return statements.printed(desk.request, _found(desk, number).passbook, at=desk.at)


@require_POST
@console("depositors", *CLERKS)
def passbook_sheet(desk: Desk, number: int) -> HttpResponse:
    """Every line of this passbook as a workbook; who took it stands in the depositor's changes."""
    depositor = _found(desk, number)
    data = intake.export_passbook(actor=desk.actor, depositor_id=depositor.pk, at=desk.at, wording=statements.wording)
    return xlsx(data, f"{depositor.passbook.number}-{clock.local_date(desk.at)}")

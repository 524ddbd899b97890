"""A passbook's lines in words, and its newest page on paper: the same at every door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from wenming.domain.deeds import queries as deeds
from wenming.domain.ledger import queries as ledger
from wenming.domain.ledger.queries import Kind
from wenming.domain.mall import queries as mall
from wenming.domain.rulebooks import queries as rulebooks
from wenming.ui import print as paper

MORE_THAN_A_TITLE = (Kind.REVERSED, Kind.EXPIRED, Kind.ORDER_RELEASED, Kind.ORDER_REFUNDED)


def titles_for(subjects: Iterable[str]) -> dict[str, str]:
    """What lines of these subjects were for, out of the rooms that wrote them. At most two questions, none without deeds or
    orders; lines of other subjects go by their kind."""
    asked = sorted(set(subjects))
    of_deeds = [subject for subject in asked if subject.startswith("deed:")]
    of_orders = [subject for subject in asked if subject.startswith("order:")]
    titles = rulebooks.titles_for(subjects=asked)
    if of_deeds:
        titles |= deeds.titles_for(subjects=of_deeds)
    if of_orders:
        titles |= mall.titles_for(subjects=of_orders)
    return titles


def kind_before(line: Any, titles: dict[str, str]) -> str:
    """The kind of a line whose title alone would not say which way the points went; else nothing."""
    return str(line.kind_name) if line.kind in MORE_THAN_A_TITLE and line.subject in titles else ""


def words_of(line: Any, titles: dict[str, str]) -> str:
    """A line in one breath, for paper."""
    kind, words = kind_before(line, titles), titles.get(line.subject) or str(line.kind_name)
    return f"{kind}：{words}" if kind else words


def wording(lines: Sequence[Any]) -> list[str]:
    """Many lines in words, for sheets."""
    titles = titles_for(line.subject for line in lines)
    return [words_of(line, titles) for line in lines]


def newest_page(request: HttpRequest, book: Any, *, at: datetime) -> paper.Data:
    """What the newest page of a passbook says on paper."""
    lines = ledger.statement(book.points_account_id, limit=paper.LINES_A_PAGE)
    titles = titles_for(line.subject for line in lines)
    address = reverse("board:proof", args=[lines[0].public_id]) if lines else reverse("board:find")
    return paper.passbook_page(
        book,
        lines,
        words={line.transaction_id: words_of(line, titles) for line in lines},
        codes=deeds.codes_for(subjects=[line.subject for line in lines]),
        url=request.build_absolute_uri(address),
        at=at,
    )


def printed(request: HttpRequest, book: Any, *, at: datetime) -> HttpResponse:
    """The newest page of a passbook, typeset for the printer."""
    answer = HttpResponse(paper.passbook_pdf(newest_page(request, book, at=at)), content_type="application/pdf")
    answer["Content-Disposition"] = 'inline; filename="passbook.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer

"""What goes to the printer: pages, lines, words and rare characters are there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from wenming.ui import print as paper

PLACE = "潞城镇文明银行 · 柳溪村分行"


def pages(data: bytes) -> int:
    assert data.startswith(b"%PDF-")
    return len(re.findall(rb"/Type\s*/Page[^s]", data))


def lines(count: int) -> list[dict[str, Any]]:
    return [
        {
            "day": "2026-03-05",
            "words": "看望䶮喆垚𬭎奶奶",
            "amount": 300,
            "balance": 300 * number,
            "voucher": "3J8W-51",
            "item": "1.5",
        }
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize(("count", "sheets"), [(0, 1), (22, 1), (23, 2), (60, 3)])
def test_a_passbook_has_22_lines_a_page(count: int, sheets: int) -> None:
    facts = {
        "place": PLACE,
        "holder": "王*梅",
        "number": "0312-0087",
        "printed_at": "2026-03-12 16:42",
        "lines": lines(count),
        "url": "x",
    }
    assert pages(paper.passbook_pdf(facts)) == sheets


def test_the_fingerprint_of_a_page_changes_with_any_of_its_facts() -> None:
    base = paper.page_fingerprint("0312", 0, lines(3))
    changed = lines(3)
    changed[1]["amount"] = 301
    others = {
        paper.page_fingerprint("0312", 0, changed),
        paper.page_fingerprint("0313", 0, lines(3)),
        paper.page_fingerprint("0312", 1, lines(3)),
    }
    assert len(base) == 16 and base not in others and len(others) == 3


@pytest.mark.parametrize(
    ("form", "count", "sheets"),
    [("a3", 128, 1), ("a3", 200, 2), ("a3", 9, 1), ("a3", 36, 1), ("a3", 37, 1), ("a4", 90, 1), ("a4", 91, 2), ("a4", 0, 1)],
)
def test_the_red_list_takes_the_sheets_that_it_needs(form: str, count: int, sheets: int) -> None:
    facts = {
        "place": "潞城镇柳溪村",
        "paper": form,
        "number": "LX-2603-A",
        "fingerprint": "9f3c71ae04d2b86e" * 4,
        "url": "https://example.org/notices/LX-2603-A",
        "until": "3月17日",
        "lines": [{"name": "王*梅", "words": "门前三包", "points": 300}] * count,
        "honours": [{"title": "最美庭院", "name": "王*梅 家", "words": "流动红旗"}] * (form == "a3"),
    }
    assert pages(paper.red_list_pdf(facts)) == sheets


def test_demerits_are_counts_without_names() -> None:
    facts = {
        "place": "村",
        "number": "1",
        "fingerprint": "ab" * 32,
        "url": "x",
        "lines": [],
        "demerits": [{"words": "门前杂物", "count": 3}],
    }
    assert pages(paper.red_list_pdf(facts)) == 1


def test_slips() -> None:
    slip = {
        "place": PLACE,
        "number": "5H8D-40",
        "moment": "2026-03-09",
        "holder": "王*梅",
        "goods": "大米",
        "quantity": 1,
        "price": 3000,
        "total": 3000,
        "url": "x",
    }
    assert pages(paper.slip_pdf(slip)) == 1 and pages(paper.slip_pdf({**slip, "code": "12345678", "balance": 100})) == 1
    code = {
        "place": PLACE,
        "holder": "王秀梅",
        "login_names": "0312",
        "code": "12345678",
        "valid_until": "3月19日",
        "printed_at": "3月12日",
        "url": "x",
    }
    assert pages(paper.activation_pdf(code)) == 1


def test_words_of_people_are_never_markup() -> None:
    nasty = '#import "x" $ * _ ` \\ ] } <script>'
    facts = {"place": nasty, "holder": nasty, "number": nasty, "printed_at": nasty, "lines": lines(1), "url": nasty}
    assert pages(paper.passbook_pdf(facts)) == 1


@pytest.mark.parametrize(("rows", "columns"), [(32, 4), (36, 4), (26, 3)])
def test_a_sheet_of_few_lines_has_larger_type(rows: int, columns: int) -> None:
    """Never wider or taller than the sheet, never smaller than on a full one, and the fewer the lines the larger."""
    sizes = []
    for count in range(rows * columns + 1):
        across, size = paper._fitting(count, rows, columns)
        assert 1 <= across <= columns and 1 <= size <= min(columns / across, paper._LARGEST)
        assert -(-count // across) <= rows and (size == 1 or -(-count // across) * size <= rows + 1e-9)
        sizes.append(size)
    assert sizes == sorted(sizes, reverse=True) and sizes[4] == min(columns, paper._LARGEST) and sizes[-1] == 1

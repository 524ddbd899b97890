"""Workbooks that we write: every text stays a text, so nothing that someone typed can run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import xlsxwriter

from wenming.domain.intake.reader import column_letters

_RISKY = re.compile(r"^[\s\u3000]*[=+\-@＝＋－＠\t\r\n\0|%]")
_NUMBER = re.compile(r"[+\-−]?\d[\d,]*(\.\d+)?")
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


class BadRow(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def cells(self) -> list[str]: ...
    @property
    def problems(self) -> dict[str, Any]: ...


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[str] = ()) -> bytes:
    """A plain table as clerks keep them: a title, notes, the header, the lines; all cells are texts."""
    return several([("表", columns, rows)], title, notes)


def several(
    tables: Sequence[tuple[str, Sequence[str], Iterable[Sequence[str]]]], title: str = "", notes: Sequence[str] = ()
) -> bytes:
    """A workbook with a sheet for each table: its name, its columns, its lines."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, OPTIONS)
    for name, columns, rows in tables:
        _sheet(book, name, columns, rows, title or name, notes)
    book.close()
    return out.getvalue()


def _sheet(book: Any, name: str, columns: Sequence[str], rows: Iterable[Sequence[str]], title: str, notes: Sequence[str]) -> None:
    sheet = book.add_worksheet(name)
    big = book.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"})
    small = book.add_format({"align": "left", "font_color": "#6b625b"})
    head = book.add_format(
        {"bold": True, "bg_color": "#f3e9da", "border": 1, "text_wrap": True, "valign": "vcenter", "align": "center"}
    )
    cell = book.add_format({"num_format": "@", "border": 1})
    sheet.merge_range(0, 0, 0, max(len(columns) - 1, 1), "", big)
    sheet.write_string(0, 0, title, big)
    at = 1
    for note in notes:
        sheet.write_string(at, 0, note, small)
        at += 1
    for place, name in enumerate(columns):
        sheet.write_string(at, place, name, head)
    widths = [max(6, 2 * len(name)) for name in columns]
    for row in rows:
        at += 1
        for place, text in enumerate(row):
            sheet.write_string(at, place, text, cell)
            widths[place] = max(widths[place], min(40, len(text.encode("gb18030", "replace")) + 1))
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(len(notes) + 2, 0)


def problems(titles: dict[str, str], width: int, rows: Iterable[BadRow]) -> bytes:
    """The lines to mend: row numbers as in the original, wrong cells coloured, the last column says how to mend them."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, OPTIONS)
    sheet = book.add_worksheet("要改的行")
    head = book.add_format({"bold": True, "bg_color": "#f3e9da", "border": 1})
    plain = book.add_format({"num_format": "@", "border": 1})
    wrong = book.add_format({"num_format": "@", "border": 2, "border_color": "#8a4b08", "bg_color": "#fdf0dc", "bold": True})
    words = book.add_format({"text_wrap": True, "border": 1, "num_format": "@"})
    letters = [column_letters(number) for number in range(1, width + 1)]
    sheet.write_string(0, 0, "原表行号", head)
    for place, name in enumerate(letters, 1):
        sheet.write_string(0, place, titles.get(name, name), head)
    sheet.write_string(0, width + 1, "哪里不对，怎么改", head)
    for at, row in enumerate(rows, 1):
        sheet.write_string(at, 0, str(row.number), plain)
        for place, name in enumerate(letters, 1):
            text = row.cells[place - 1] if place <= len(row.cells) else ""
            sheet.write_string(at, place, text, wrong if name in row.problems else plain)
        messages = [f"{name or '—'}：{problem['message']}" for name, problem in row.problems.items()]
        sheet.write_string(at, width + 1, "\n".join(messages), words)
    sheet.set_column(0, 0, 9)
    sheet.set_column(1, max(width, 1), 14)
    sheet.set_column(width + 1, width + 1, 60)
    sheet.freeze_panes(1, 1)
    book.close()
    return out.getvalue()


def comma_separated(columns: Sequence[str], rows: Iterable[Sequence[str]], heading: Iterable[Sequence[str]] = ()) -> bytes:
    """CSV in UTF-8 with a mark; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(heading)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([guarded(text) for text in row])
    return out.getvalue().encode("utf-8-sig")


def guarded(text: str) -> str:
    """`=1+1` → `'=1+1`; signed numbers stay as they are."""
    return f"'{text}" if _RISKY.match(text) and not _NUMBER.fullmatch(text) else text

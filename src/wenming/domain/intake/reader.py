"""Bytes of a spreadsheet to a grid of texts, with the sheet's own row numbers and column letters.

`.xlsx` and `.xls` go through calamine, `.csv` is decoded as UTF-8 (with or without a mark), UTF-16 with a mark, or
GB18030. The content decides, not the file's name. Everything becomes text at once: whole numbers lose their `.0`, dates
become `2021-03-05`, so that ID numbers, phones and household numbers stay what the clerk sees.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import python_calamine as calamine

from wenming.domain.intake import guard

LONGEST_CELL = 2_000
_EXACT_FLOAT = 10**15


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of texts from A1 on; `rows[0]` is the sheet's row 1. Merged ranges are filled with their first cell's text."""

    sheet_name: str
    rows: list[list[str]]
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    other_sheets: tuple[str, ...] = ()
    lossy: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    def cell(self, row: int, column: int) -> str:
        """The text at a row number and column number, both counted from 1."""
        line = self.rows[row - 1] if 0 < row <= len(self.rows) else []
        return line[column - 1] if 0 < column <= len(line) else ""


def column_letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """A → 1, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def read(data: bytes, file_name: str = "", sheet_name: str = "") -> Grid:
    """Read the named sheet, or the first visible one with content. Refuses before parsing what isn't a safe, plain sheet."""
    guard.check_size(data)
    if data[:4] == b"PK\x03\x04":
        guard.check_xlsx(data)
        return _read_workbook(data, sheet_name)
    if data[:8] == guard.OLE_MAGIC:
        guard.check_xls(data)
        return _read_workbook(data, sheet_name)
    return _read_csv(data, file_name)


def sheet_names(data: bytes) -> list[str]:
    """The visible sheets of a workbook that `read` has accepted; a CSV has none."""
    if data[:4] != b"PK\x03\x04" and data[:8] != guard.OLE_MAGIC:
        return []
    with calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
        return _visible(workbook)


def _visible(workbook: calamine.CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]


def _read_workbook(data: bytes, sheet_name: str) -> Grid:
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            names = _visible(workbook)
            filled: list[tuple[str, calamine.CalamineSheet]] = []
            for name in names:
                sheet = workbook.get_sheet_by_name(name)
                if sheet.start is not None:
                    filled.append((name, sheet))
            chosen = next((pair for pair in filled if pair[0] == sheet_name), filled[0] if filled else None)
            if chosen is None:
                raise guard.FileEmpty()
            guard.check_area(chosen[1].total_height, chosen[1].total_width)
            values = chosen[1].to_python(skip_empty_area=False)
            merged = tuple(chosen[1].merged_cell_ranges or ())
            others = tuple(name for name, _sheet in filled if name != chosen[0])
    except calamine.PasswordError as error:
        raise guard.Encrypted() from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise guard.FileDamaged() from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how a fault inside the compiled reader reaches Python
            raise
        raise guard.FileDamaged() from error
    return _grid(chosen[0], values, merged, others)


def _grid(
    name: str,
    values: Sequence[Sequence[object]],
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...],
    others: tuple[str, ...],
) -> Grid:
    lossy: set[tuple[int, int]] = set()
    rows: list[list[str]] = []
    for number, line in enumerate(values, 1):
        texts = []
        for value in line:
            if isinstance(value, str):
                texts.append(_tidy(value))
            else:
                texts.append(_text(value))
                if isinstance(value, float) and abs(value) >= _EXACT_FLOAT:
                    lossy.add((number, len(texts)))
        rows.append(texts)
    _fill_merged(rows, merged)
    return Grid(name, rows, merged, others, frozenset(lossy))


def _fill_merged(rows: list[list[str]], merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...]) -> None:
    """Give every cell of a merged range the text of its first one, inside the sheet's filled area."""
    for (top, left), (bottom, right) in merged:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        text = rows[top][left]
        for row in rows[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row))):
                row[column] = text


def _tidy(text: str) -> str:
    text = text.strip(" \t\r\n\u3000\ufeff\u00a0")
    return text[:LONGEST_CELL] if len(text) > LONGEST_CELL else text


def _text(value: object) -> str:
    """A cell's value as the clerk sees it: 3.0 → 3, a date → 2021-03-05, true → 是."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value))
        return format(Decimal(repr(round(value, 9))).normalize(), "f")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _read_csv(data: bytes, file_name: str) -> Grid:
    text = _decode(data)
    head = text[:20_000]
    delimiter = max(",\t;，", key=head.count)
    rows: list[list[str]] = []
    cells = 0
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append([_unguarded(_tidy(cell)) for cell in line])
            cells += len(line)
            if len(rows) > guard.MOST_ROWS or cells > guard.MOST_CELLS:
                raise guard.TooManyRows()
            if len(line) > guard.MOST_COLUMNS:
                raise guard.TooManyColumns()
    except csv.Error as error:
        raise guard.FileDamaged() from error
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise guard.FileEmpty()
    return Grid(file_name or "CSV", rows)


def _unguarded(text: str) -> str:
    """Take off the apostrophe that our own exports put before what a spreadsheet would run."""
    return text[1:] if text[:1] == "'" and text[1:2] in "=+-@＝＋－＠|%" and len(text) > 1 else text


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\0" in data or data[:5] in (b"%PDF-", b"{\\rtf") or data[:6].lower() in (b"<html>", b"<!doct"):
        raise guard.WrongFileType()
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        controls = sum(1 for mark in text[:20_000] if mark < " " and mark not in "\t\r\n")
        if controls:
            raise guard.WrongFileType()
        return text
    raise guard.WrongFileType()

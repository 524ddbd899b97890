"""Where the table is in a sheet: title rows, the header under its many names, the lines, the totals at the foot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from wenming.core.errors import Refusal
from wenming.domain.intake import cells
from wenming.domain.intake.headings import KNOWN, REQUIRED, SHOWN
from wenming.domain.intake.reader import Grid, column_letters

HEADER_WITHIN = 40
_BRACKETS = re.compile(r"[(\[【〔{].*?[)\]】〕}]")
_MARKS = re.compile(r"[\s:：*＊、,，.。_\-—~·'\"“”]+")
_TOTAL = re.compile(r"(本页|本月|全村|本表|全年|以上|各组|全组|累计|.{0,8}组)?(合计|总计|小计|共计|累计|总数)[:：]?")
_SUBTOTAL = re.compile(r"(本页|.{0,8}组)(合计|共计|累计)|.*小计")
_FOOT = re.compile(
    r"(制表|填表|审核|审批|经办|复核|负责|监督|会计|村委|盖章|公章|注|说明|备注|填报|日期|公示|户主签字)[^，。]{0,12}[:：]|注[:：]"
)
_DITTO = frozenset({"〃", "″", '"', "''", "同上", "“", "”", "々"})


class HeaderNotFound(Refusal):
    code, message, field = "intake.header_not_found", _("没找到表头。这种表要有这几列：{columns}。"), "file"

    def __init__(self, *, columns: str) -> None:
        super().__init__(field="file", columns=columns)


class ColumnsMissing(HeaderNotFound):
    code, message = "intake.columns_missing", _("表里缺这几列：{columns}。")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that we understand: its number and letters, and its title as the sheet writes it."""

    number: int
    letters: str
    title: str


@dataclass(slots=True)
class Line:
    """One data line: its row number in the sheet and the texts of the fields that are filled. A line left out is still there
    for the lines below it, which may take a family's number or a 同上 from it."""

    number: int
    cells: dict[str, str]
    is_left_out: bool = False


@dataclass(slots=True)
class Table:
    """What `find` saw: columns by field, data lines, total lines, title texts."""

    kind: str
    header_row: int
    columns: dict[str, Column]
    lines: list[Line] = field(default_factory=list)
    totals: list[Line] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    feet: list[str] = field(default_factory=list)
    when: cells.When = cells.When()

    def title(self, name: str) -> str:
        column = self.columns.get(name)
        return column.title if column else SHOWN[self.kind].get(name, name)

    def letters(self, name: str) -> str:
        column = self.columns.get(name)
        return column.letters if column else ""


def normal(text: str) -> str:
    """A heading without blanks, brackets and marks: `分 值（+/−）` → `分值`."""
    flat = cells.plain(text).replace("\n", "")
    bare = _MARKS.sub("", _BRACKETS.sub("", flat))
    return bare or _MARKS.sub("", flat).strip("()[]")


def field_of(kind: str, text: str) -> str | None:
    """The field that a heading names, by its synonyms; `户主/姓名` is tried whole, then in parts."""
    if not text or len(text) > 40:
        return None
    known = KNOWN[kind]
    bare = normal(text)
    if bare in known:
        return known[bare]
    for part in re.split(r"[/或及]", bare):
        if part in known:
            return known[part]
    return None


def find(grid: Grid, kind: str, file_name: str = "") -> Table:
    """Find the header and sort the rows under it. Refuses when the columns that this kind needs are not there."""
    best: tuple[int, int, dict[str, Column]] = (0, 0, {})
    for number in range(1, min(len(grid.rows), HEADER_WITHIN) + 1):
        for height, titles in _candidates(grid, kind, number):
            columns = _columns(kind, titles)
            if len(columns) > len(best[2]):
                best = (number, height, columns)
    first, height, columns = best
    if len(columns) < 2:
        raise HeaderNotFound(columns=_words(kind, REQUIRED[kind]))
    missing = [choice for choice in REQUIRED[kind] if not any(name in columns for name in choice)]
    if missing:
        raise ColumnsMissing(columns=_words(kind, missing))
    table = Table(kind, first + height - 1, columns)
    table.titles = _titles(grid, first)
    table.when = cells.when_of([*table.titles, grid.sheet_name, file_name])
    _sort_rows(grid, table)
    return table


def _words(kind: str, choices: list[tuple[str, ...]]) -> str:
    return "、".join(str(SHOWN[kind][choice[0]]) for choice in choices)


def _candidates(grid: Grid, kind: str, number: int) -> list[tuple[int, list[str]]]:
    """The row alone, and joined with the next one where a second heading line stands under groups."""
    upper = grid.rows[number - 1]
    found = [(1, upper)]
    if number < len(grid.rows) and len(_columns(kind, upper)) > 1:
        joined = _join(kind, upper, grid.rows[number])
        if joined:
            found.append((2, joined))
    return found


def _join(kind: str, upper: list[str], lower: list[str]) -> list[str]:
    joined, group, has_second = [], "", False
    for column in range(max(len(upper), len(lower))):
        above = upper[column] if column < len(upper) else ""
        below = lower[column] if column < len(lower) else ""
        group = above or group
        if not below or below == above:
            joined.append(above)
            continue
        if field_of(kind, below) is None and field_of(kind, group + below) is None:
            return []
        has_second = True
        joined.append(group + below if field_of(kind, group + below) else below)
    return joined if has_second else []


def _columns(kind: str, titles: list[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for number, title in enumerate(titles, 1):
        name = field_of(kind, title)
        if name and name not in columns:
            columns[name] = Column(number, column_letters(number), title.replace("\n", ""))
    return columns


def _titles(grid: Grid, header_row: int) -> list[str]:
    """The texts above the header, each once."""
    texts: dict[str, None] = {}
    for row in grid.rows[: header_row - 1]:
        for text in row:
            if text:
                texts[text] = None
    return list(texts)


def _sort_rows(grid: Grid, table: Table) -> None:
    """Data lines, total lines and what stands below the table, each to its place."""
    places = [(name, column.number - 1) for name, column in table.columns.items()]
    needed = [name for choice in REQUIRED[table.kind] for name in choice]
    headings = {name: column.title for name, column in table.columns.items()}
    before: dict[str, str] = {}
    for number, row in enumerate(grid.rows[table.header_row :], table.header_row + 1):
        width = len(row)
        found = {name: row[place] for name, place in places if place < width and row[place]}
        if not found or (len(found) == 1 and "serial" in found):
            _note_foot(table, row)
            continue
        first = next(text for text in row if text)
        if _is_total(table, found, first):
            table.totals.append(Line(number, found))
        elif len(found) > 1 and all(headings[name] == text for name, text in found.items()):
            continue
        elif _is_aside(found, row, needed, first):
            _note_foot(table, row)
        else:
            _ditto(found, before)
            before = found
            table.lines.append(Line(number, found))


def _is_total(table: Table, found: dict[str, str], first: str) -> bool:
    for text in (found.get("serial", ""), found.get("name", ""), first):
        if text and len(text) < 14 and _TOTAL.fullmatch(text.replace(" ", "").replace("\u3000", "")):
            return True
    return False


def is_subtotal(line: Line) -> bool:
    return any(_SUBTOTAL.fullmatch(text.replace(" ", "")) for text in line.cells.values())


def _is_aside(found: dict[str, str], row: list[str], needed: list[str], first: str) -> bool:
    """A caption across the table, or a signature line below it."""
    texts = [text for text in row if text]
    if len(texts) > 2 and len(set(texts)) == 1:
        return True
    missing = sum(1 for name in needed if name not in found)
    return bool(missing and len(texts) <= 4 and any(_FOOT.match(text.replace(" ", "")) for text in texts)) or (
        len(texts) == 1 and len(needed) > 1 and _FOOT.match(first) is not None
    )


def _note_foot(table: Table, row: list[str]) -> None:
    for text in row:
        if text and text not in table.feet:
            table.feet.append(text)


def _ditto(found: dict[str, str], before: dict[str, str]) -> None:
    for name, text in found.items():
        if text in _DITTO and name in before:
            found[name] = before[name]

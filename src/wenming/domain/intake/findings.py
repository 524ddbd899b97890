"""What a check found: the lines that may be taken in, those already there, and what is wrong where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypedDict

from wenming.core.errors import Refusal
from wenming.domain.intake.cells import CellWrong
from wenming.domain.intake.models import Kind
from wenming.domain.intake.sheets import Line, Table


class Problem(TypedDict):
    """One wrong cell, in the sheet's own names: its row number, column letters, heading, a code, and how to mend it."""

    row: int
    column: str
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to mend the problem at a row and column (letters): what may stand in `column` instead. `is_sure` when the books
    leave no other answer. With no column and no texts: the row may be left out."""

    row: int
    at: str
    column: str = ""
    texts: tuple[str, ...] = ()
    is_sure: bool = False


@dataclass(slots=True)
class Checked:
    """`good` holds what a commit takes in, by row number; `known` the rows whose content is already in the books.

    `is_blocked` means that nothing may be taken in before the sheet is mended (the totals at its foot don't agree).
    """

    table: Table
    good: dict[int, Any] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    is_blocked: bool = False

    def wrong(
        self,
        row: int,
        name: str,
        code: str,
        message: object,
        *,
        offer: Iterable[str] = (),
        into: str = "",
        is_sure: bool = False,
    ) -> None:
        """Note one wrong cell; a row with a wrong cell is not taken in. `offer` says what may stand there instead, or in the
        column `into`."""
        self.problems.append(
            Problem(row=row, column=self.table.letters(name), field=self.table.title(name), code=code, message=str(message))
        )
        column, texts = self.table.letters(into or name), tuple(dict.fromkeys(text for text in offer if text))
        if column and texts:
            self.offers.append(Offer(row, self.table.letters(name), column, texts, is_sure and len(texts) == 1))
        self.good.pop(row, None)
        self.known.discard(row)

    def refused(self, row: int, refusal: Refusal, names: dict[str, str], otherwise: str) -> None:
        """Note a room's refusal at the column that it speaks of."""
        name = names.get(refusal.field, refusal.field)
        if name not in self.table.columns:
            name = otherwise
        self.wrong(row, name, refusal.code.rpartition(".")[2], refusal.words)

    def read(self, line: Line, name: str, reader: Callable[[str], Any], default: Any = None) -> Any:
        """One cell through its reader; an empty cell gives the default, a wrong one is noted and gives the default."""
        text = line.cells.get(name, "")
        if not text:
            return default
        try:
            return reader(text)
        except CellWrong as wrong:
            self.wrong(line.number, name, wrong.code, wrong.message, offer=wrong.offer, is_sure=wrong.is_sure)
            return default

    @property
    def bad_rows(self) -> set[int]:
        return {problem["row"] for problem in self.problems}

    @property
    def row_count(self) -> int:
        return len({line.number for line in self.table.lines if not line.is_left_out} | self.bad_rows)

    @property
    def good_count(self) -> int:
        return self.row_count - len(self.bad_rows)

    def finish(self) -> Checked:
        self.problems.sort(key=lambda problem: (problem["row"], len(problem["column"]), problem["column"]))
        if self.table.kind != Kind.RULEBOOK:
            lines = {line.number for line in self.table.lines}
            self.offers += [Offer(row, "") for row in sorted(self.bad_rows & lines)]
        return self

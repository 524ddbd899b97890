"""A sheet in our hands: its cells sealed under a key of its own, opened and checked again; what was done is written down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from wenming.core import audit, vault
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal
from wenming.domain.intake import policies
from wenming.domain.intake.examine import examine
from wenming.domain.intake.findings import Checked, Offer
from wenming.domain.intake.models import Sheet
from wenming.domain.intake.reader import Grid, column_number


class SheetGone(Refusal):
    code, message, status = "intake.sheet_gone", _("这张表已经作废，请重新传。"), 409


class SheetChanged(Refusal):
    code, message, status = "intake.sheet_changed", _("传表的人刚刚又改过，请再看一遍。"), 409


@dataclass(slots=True)
class Kept:
    """The cells of a sheet as they stand now, by row number; what they were before they were mended, by row and column
    letters; the rows left out; and the ways to mend that the last check found. Only ever stored sealed: it holds names."""

    sheet_name: str
    rows: dict[int, list[str]]
    lossy: frozenset[tuple[int, int]] = frozenset()
    mended: dict[int, dict[str, str]] = field(default_factory=dict)
    left_out: set[int] = field(default_factory=set)
    offers: list[Offer] = field(default_factory=list)

    @classmethod
    def of(cls, grid: Grid, found: Checked) -> Kept:
        """A sheet that has just been read and checked."""
        return cls(grid.sheet_name, dict(enumerate(grid.rows, 1)), grid.lossy, offers=found.offers)

    @property
    def grid(self) -> Grid:
        """The sheet as the checks read it."""
        last = max(self.rows, default=0)
        return Grid(self.sheet_name, [self.rows.get(number, []) for number in range(1, last + 1)], lossy=self.lossy)

    @property
    def touched(self) -> set[int]:
        """The rows that are no longer as they came."""
        return set(self.mended) | self.left_out

    def write(self, row: int, column: str, text: str) -> None:
        """Put a text into a cell; what stood there first is kept."""
        cells, place = self.rows[row], column_number(column) - 1
        cells.extend([""] * (place + 1 - len(cells)))
        self.mended.setdefault(row, {}).setdefault(column, cells[place])
        cells[place] = text

    def restore(self, row: int) -> None:
        """The row as it came."""
        for column, text in self.mended.pop(row, {}).items():
            self.rows[row][column_number(column) - 1] = text
        self.left_out.discard(row)

    def only(self, numbers: Iterable[int]) -> Kept:
        """These rows alone, nothing left to mend."""
        chosen = set(numbers) & self.rows.keys()
        rows, mended = ({n: own[n] for n in sorted(chosen & own.keys())} for own in (self.rows, self.mended))
        return replace(self, rows=rows, mended=mended, left_out=set(), offers=[])  # type: ignore[arg-type]


def sealed(wrapped_key: bytes, kept: Kept) -> bytes:
    packed = {
        "sheet": kept.sheet_name,
        "rows": kept.rows,
        "lossy": sorted(kept.lossy),
        "mended": kept.mended,
        "left_out": sorted(kept.left_out),
        "offers": [[one.row, one.at, one.column, list(one.texts), one.is_sure] for one in kept.offers],
    }
    return vault.encrypt(wrapped_key, "sheet", json.dumps(packed, ensure_ascii=False))


def opened(sheet: Sheet) -> Kept:
    """The kept cells of a sheet; those kept before sheets could be mended hold a plain list of rows."""
    if sheet.content is None:
        raise SheetGone
    packed: dict[str, Any] = json.loads(vault.decrypt(bytes(sheet.wrapped_key), "sheet", bytes(sheet.content)))
    rows = packed["rows"]
    return Kept(
        packed["sheet"],
        dict(enumerate(rows, 1)) if isinstance(rows, list) else {int(number): cells for number, cells in rows.items()},
        frozenset((row, column) for row, column in packed["lossy"]),
        {int(row): own for row, own in packed.get("mended", {}).items()},
        set(packed.get("left_out", ())),
        [Offer(row, at, column, tuple(texts), is_sure) for row, at, column, texts, is_sure in packed.get("offers", ())],
    )


def locked(actor: Actor, sheet_id: int) -> Sheet:
    sheet = Sheet.objects.select_for_update().filter(pk=sheet_id).first()
    if sheet is None or not policies.may_import(actor, sheet.branch_id):
        raise NotFound
    return sheet


def as_seen(sheet: Sheet, seen: int | None) -> None:
    """Whoever signs or confirms has looked at this state of the sheet: `seen` is how often it was mended by then."""
    if seen is not None and seen != sheet.mend_count:
        raise SheetChanged


def examined(actor: Actor, sheet: Sheet, kept: Kept, at: datetime) -> Checked:
    """A kept sheet, checked again as things are now."""
    return examine(
        actor=actor,
        kind=sheet.kind,
        branch_id=sheet.branch_id,
        grid=kept.grid,
        file_name=sheet.file_name,
        digest=sheet.digest,
        at=at,
        brought_by=sheet.uploaded_by,
        signed_by=sheet.signed_by,
        left_out=frozenset(kept.left_out),
    )


def facts_of(found: Checked, kept: Kept) -> dict[str, Any]:
    """What a check found beside the lines, for the page: its notes, how many cells mend themselves, how many rows were mended."""
    sure = sum(1 for offer in found.offers if offer.is_sure)
    return {**found.facts, "notes": found.notes, "sure": sure, "mended": len(kept.touched)}


def record(actor: Actor, act: str, sheet: Sheet, at: datetime, **facts: Any) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject=f"sheet:{sheet.pk}",
        at=at,
        organisation_id=sheet.branch_id,
        facts={"kind": sheet.kind, **facts},
    )

"""Reads of the intake: sheets on their way, what is wrong in them, and the same tables going out again."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from wenming.core.actor import Actor
from wenming.core.errors import NotFound
from wenming.domain.intake import models, policies, workbooks
from wenming.domain.intake.findings import Offer, Problem
from wenming.domain.intake.holding import Kept, opened
from wenming.domain.intake.models import Sheet
from wenming.domain.intake.outgoing import Export, export_rows

__all__ = [
    "Export",
    "Kind",
    "PreviewRow",
    "export_rows",
    "may_commit",
    "may_mend",
    "may_sign",
    "preview",
    "problems_of",
    "problems_workbook",
    "sheet",
    "sheets_of",
]

Kind = models.Kind
Status = Sheet.Status


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of a sheet as it stands there; by column letters what is wrong in it, what may be put there instead, and what
    stood there before it was mended. `is_left_out`: it was taken out of the sheet; `may_leave_out`: it may be."""

    number: int
    cells: list[str]
    problems: dict[str, Problem]
    offers: dict[str, Offer]
    mended: dict[str, str]
    is_left_out: bool
    may_leave_out: bool


def _visible(actor: Actor) -> QuerySet[Sheet]:
    sheets = Sheet.objects.select_related("branch").order_by("-id")
    if actor.is_system:
        return sheets
    return sheets.filter(branch_id__in=actor.branches(*policies.IMPORTERS))


def sheet(*, actor: Actor, public_id: str) -> Sheet:
    """One sheet; those of other branches are not found."""
    found = _visible(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def sheets_of(*, actor: Actor, branch_id: int, limit: int = 30) -> list[Sheet]:
    """A branch's sheets, newest first, without those put aside."""
    return list(_visible(actor).filter(branch_id=branch_id).exclude(status=Status.DROPPED).defer("content", "problems")[:limit])


def wants_two(*, sheet: Sheet) -> bool:
    """Whether a sheet of this kind goes in only under two signatures."""
    return sheet.kind in policies.TWO_SIGNATURES


def may_sign(*, actor: Actor, sheet: Sheet) -> bool:
    """Whether this officer may give the second signature now."""
    is_open = sheet.status == Status.CHECKED and wants_two(sheet=sheet) and not sheet.is_blocked and sheet.good_count > 0
    return is_open and policies.may_sign(actor, sheet.branch_id, sheet.kind, sheet.uploaded_by)


def may_commit(*, actor: Actor, sheet: Sheet) -> bool:
    """Whether this officer may take the sheet in now."""
    is_ready = sheet.status == Status.SIGNED or (sheet.status == Status.CHECKED and not policies.needs_second(actor, sheet.kind))
    return is_ready and not sheet.is_blocked and sheet.good_count > 0 and policies.may_take_in(actor, sheet.branch_id, sheet.kind)


def problems_of(*, actor: Actor, public_id: str) -> list[Problem]:
    """What is wrong in a sheet, in the order of its rows and columns."""
    return list(sheet(actor=actor, public_id=public_id).problems)


def may_mend(*, actor: Actor, sheet: Sheet) -> bool:
    """Whether this officer may put cells right now: who brought the sheet, before it is signed."""
    return sheet.status == Status.CHECKED and policies.may_mend(actor, sheet.branch_id, sheet.uploaded_by)


def preview(
    *,
    actor: Actor,
    public_id: str,
    only_bad: bool = False,
    only_mended: bool = False,
    after: int = 0,
    limit: int = 50,
) -> list[PreviewRow]:
    """Rows of a sheet in its own numbering, each with its problems; of a sheet taken in, only the bad rows are kept."""
    found = sheet(actor=actor, public_id=public_id)
    kept = _kept(found)
    wrong: dict[int, dict[str, Problem]] = {}
    for problem in found.problems:
        wrong.setdefault(problem["row"], {})[problem["column"]] = problem
    offers: dict[int, dict[str, Offer]] = {}
    for offer in kept.offers:
        offers.setdefault(offer.row, {})[offer.at] = offer
    numbers = (
        set(wrong) if only_bad else kept.touched if only_mended else {number for number, own in kept.rows.items() if any(own)}
    )
    return [
        PreviewRow(
            number,
            kept.rows.get(number, []),
            wrong.get(number, {}),
            {column: offer for column, offer in offers.get(number, {}).items() if column},
            kept.mended.get(number, {}),
            number in kept.left_out,
            "" in offers.get(number, {}),
        )
        for number in sorted(number for number in numbers if number > after)[:limit]
    ]


def _kept(found: Sheet) -> Kept:
    return opened(found) if found.content is not None else Kept(found.sheet_name, {})


def problems_workbook(*, actor: Actor, public_id: str) -> bytes:
    """The rows to mend as a workbook: the original cells, the wrong ones coloured, and a column that says how to mend them."""
    found = sheet(actor=actor, public_id=public_id)
    bad = preview(actor=actor, public_id=public_id, only_bad=True, limit=len(found.problems) or 1)
    width = max((len(row.cells) for row in bad), default=0)
    titles = {column["letters"]: column["title"] for column in found.columns}
    return workbooks.problems(titles, width, bad)

"""One way through for every kind: grid → table → checked lines. Reads the books, writes nothing."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.domain.depositors import queries as depositors
from wenming.domain.intake import openings, registers, rolls, rulesheets, sheets
from wenming.domain.intake.findings import Checked
from wenming.domain.intake.models import Kind, Opening
from wenming.domain.intake.reader import Grid


def examine(
    *,
    actor: Actor,
    kind: str,
    branch_id: int,
    grid: Grid,
    file_name: str,
    digest: str,
    at: datetime,
    brought_by: int | None,
    signed_by: int | None = None,
    left_out: frozenset[int] = frozenset(),
) -> Checked:
    """Find the table and check every line against the books as they are now, and against the two who stand behind it."""
    table = sheets.find(grid, kind, file_name)
    for line in table.lines:
        line.is_left_out = line.number in left_out
    on = clock.local_date(at)
    if kind == Kind.ROLL:
        found = rolls.check(table, branch_id, grid.lossy, on)
    elif kind == Kind.RULEBOOK:
        found = rulesheets.check(table, branch_id, on, is_system=actor.is_system)
    elif kind == Kind.BALANCES:
        rows = Opening.objects.filter(passbook__branch_id=branch_id).values_list("passbook_id", "points", "sheet__digest")
        found = openings.check(table, branch_id, {pk: (amount, sheet) for pk, amount, sheet in rows}, digest, on)
    else:
        circles = tuple(depositors.circle_of_user(user_id=user_id) for user_id in (brought_by, signed_by))
        found = registers.check(table, branch_id, circles, digest, at)
    if grid.other_sheets:
        names = _("、").join(grid.other_sheets[:5])
        words = _("只看了“{sheet}”这一张，没有看：{names}。要导那几张，请分开存成文件。")
        found.notes.append(words.format(sheet=grid.sheet_name, names=names))
    return found

"""The monthly summary as opening balances: every line must add up, the totals at the foot must agree, once per passbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from wenming.core import clock, points
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors.queries import RollEntry, RollIndex
from wenming.domain.intake import cells
from wenming.domain.intake.findings import Checked
from wenming.domain.intake.people import find_person
from wenming.domain.intake.sheets import Line, Table, is_subtotal
from wenming.domain.ledger import queries as ledger_queries

AMOUNTS = ("opening", "earned", "deducted", "net", "redeemed", "balance", "honour")


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """What one passbook starts with."""

    passbook_id: int
    points_account_id: int
    honour_account_id: int
    points: int
    honour: int


def check(table: Table, branch_id: int, opened: Mapping[int, tuple[int, str]], digest: str, on: date) -> Checked:
    """`opened` says which passbooks have an opening balance already: the amount, and the digest of its sheet."""
    found = Checked(table)
    roll = depositors.roll_index(branch_id=branch_id)
    seen: dict[int, int] = {}
    sums = dict.fromkeys(AMOUNTS, 0)
    for line in table.lines:
        if line.is_left_out:
            continue
        amounts = _amounts(found, line)
        for name, amount in amounts.items():
            sums[name] += amount
        person = find_person(found, line, roll)
        if person is None or any(problem["row"] == line.number for problem in found.problems):
            continue
        if person.passbook_id in seen:
            message = _("和第 {row} 行是同一本存折，去掉一行。").format(row=seen[person.passbook_id])
            found.wrong(line.number, "name", "repeated", message)
            continue
        seen[person.passbook_id] = line.number
        if _adds_up(found, line, amounts):
            _take(found, line, person, amounts, opened, digest)
    _check_totals(found, sums)
    _settle_known(found, roll)
    found.facts["points"] = sum(row.points for row in found.good.values())
    found.facts["as_of"] = _as_of(table, on).isoformat()
    return found.finish()


def _amounts(found: Checked, line: Line) -> dict[str, int]:
    amounts: dict[str, int] = {}
    for name in AMOUNTS:
        if line.cells.get(name, "") in ("", "—", "-", "/"):
            continue
        value = found.read(line, name, cells.read_points)
        if value is None:
            continue
        if value < 0 and name not in ("net", "deducted"):
            found.wrong(line.number, name, "negative", _("这里不能是负数。"))
        amounts[name] = abs(value) if name == "deducted" else value
    if "balance" not in line.cells:
        found.wrong(line.number, "balance", "balance_missing", _("结余没填。"))
    return amounts


def _adds_up(found: Checked, line: Line, amounts: dict[str, int]) -> bool:
    """本月得分 = 加分 − 扣分; 结余 = 上月结余 + 本月得分 − 已兑换, as far as the columns are there."""
    earned, deducted = amounts.get("earned", 0), amounts.get("deducted", 0)
    net = amounts.get("net", earned - deducted)
    has_parts = "earned" in found.table.columns
    if has_parts and "net" in amounts and amounts["net"] != earned - deducted:
        message = _("加分 {earned} 减扣分 {deducted} 应是 {right}，表里写的是 {written}。").format(
            earned=points.show(earned),
            deducted=points.show(deducted),
            right=points.show(earned - deducted),
            written=points.show(net),
        )
        found.wrong(line.number, "net", "net_differs", message, offer=[points.show(earned - deducted)])
        return False
    if "opening" not in found.table.columns or not (has_parts or "net" in found.table.columns):
        return True
    right = amounts.get("opening", 0) + net - amounts.get("redeemed", 0)
    if right != amounts["balance"]:
        message = _("上月结余加本月得分减已兑换应是 {right}，表里写的是 {written}。").format(
            right=points.show(right), written=points.show(amounts["balance"])
        )
        found.wrong(line.number, "balance", "balance_differs", message, offer=[points.show(right)])
        return False
    return True


def _take(
    found: Checked,
    line: Line,
    person: RollEntry,
    amounts: dict[str, int],
    opened: Mapping[int, tuple[int, str]],
    digest: str,
) -> None:
    amount = amounts["balance"]
    before = opened.get(person.passbook_id)
    if before is not None and before[0] == amount and before[1] == digest:
        found.known.add(line.number)
    elif before is not None and not line.cells.get("passbook"):
        message = _("这本存折已经记过期初结余 {amount} 分，不能再记。").format(amount=points.show(before[0]))
        found.wrong(line.number, "balance", "already_opened", message)
    else:
        found.good[line.number] = OpeningRow(
            person.passbook_id, person.points_account_id, person.honour_account_id, amount, max(amounts.get("honour", amount), 0)
        )


def _settle_known(found: Checked, roll: RollIndex) -> None:
    """A line that names its passbook number and the balance that it has now comes from our own export: nothing to do."""
    named = {number: row for number, row in found.good.items() if _names_passbook(found, number)}
    balances = ledger_queries.balances([row.points_account_id for row in named.values()])
    for number, row in named.items():
        if balances.get(row.points_account_id, 0) == row.points:
            found.good.pop(number)
            found.known.add(number)
        else:
            message = _("这本存折现在是 {now} 分，和表里不一样；已经开过的存折不能再记期初。").format(
                now=points.show(balances.get(row.points_account_id, 0))
            )
            found.wrong(number, "balance", "already_opened", message)
    for number, row in list(found.good.items()):
        if row.points == 0 and row.honour == 0:
            found.good.pop(number)
            found.known.add(number)


def _names_passbook(found: Checked, number: int) -> bool:
    return any(line.number == number and line.cells.get("passbook") for line in found.table.lines)


def _check_totals(found: Checked, sums: dict[str, int]) -> None:
    """The last total line must agree with the lines above it, column by column; else nothing may be taken in."""
    totals = [line for line in found.table.totals if not is_subtotal(line)]
    if not totals:
        found.notes.append(_("表尾没有合计行，没法对总数。"))
        return
    line = totals[-1]
    for name in AMOUNTS:
        text = line.cells.get(name, "")
        if not text or text == line.cells.get("name"):
            continue
        written = found.read(line, name, cells.read_points)
        if written is None:
            found.is_blocked = True
        elif abs(written) != abs(sums[name]):
            message = _("合计写的是 {written}，上面加起来是 {right}。两边对上才能入账。").format(
                written=points.show(written), right=points.show(sums[name])
            )
            found.wrong(line.number, name, "total_differs", message)
            found.is_blocked = True


def _as_of(table: Table, on: date) -> date:
    """The day that the balances stand for: the end of the month in the title, else today."""
    when = table.when
    if when.year and when.month:
        end = clock.next_month(date(when.year, when.month, 1)) - timedelta(days=1)
        return min(end, on)
    return on

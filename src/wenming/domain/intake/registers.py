"""The points register: each line a deed of a person under a clause, checked with the caps of the whole sheet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches

from django.utils.translation import gettext as _

from wenming.core import clock
from wenming.core import days as day_words
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.services import RegisterRow
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors.queries import RollEntry
from wenming.domain.intake import cells
from wenming.domain.intake.cells import CellWrong
from wenming.domain.intake.findings import Checked
from wenming.domain.intake.people import find_person
from wenming.domain.intake.sheets import Line, Table, normal
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.queries import RuleItem, ValueKind

BATCH_DIGITS = 48
_NOTICED = re.compile(r"公示(?:日期|时间|期)?[:：]?.*?((?:19|20)\d{2}[年.\-/]\d{1,2}[月.\-/]\d{1,2}[日号]?)\D*$")
_LED_BY_CODE = re.compile(r"^(?:第)?([0-9A-Za-z]+(?:[.\-][0-9A-Za-z]+)*)(?:条|项)?[\s.、:：]*(.+)$")
_FIELDS = {"depositor_id": "name", "item": "item", "happened_on": "happened_on", "quantity": "quantity", "points": "points"}
Place = tuple[int, str, date]
Circles = tuple[frozenset[int], ...]


@dataclass(slots=True)
class Clauses:
    """The clauses of a branch by every way in which clerks name them, edition by edition."""

    index: rulebooks.ItemIndex
    by_name: dict[int, dict[str, RuleItem]] = field(default_factory=dict)
    found: dict[tuple[int, str], RuleItem | None] = field(default_factory=dict)
    categories: dict[tuple[int, str], bool] = field(default_factory=dict)

    def find(self, text: str, on: date) -> RuleItem | None:
        """By number, by title, by both together; blanks and brackets don't matter."""
        edition = self.index.edition_on(on)
        if edition is None:
            return None
        if (edition, text) not in self.found:
            self.found[edition, text] = self._find(self.names(edition), text)
        return self.found[edition, text]

    @staticmethod
    def _find(names: Mapping[str, RuleItem], text: str) -> RuleItem | None:
        plain = cells.plain(text)
        direct = names.get(plain) or names.get(normal(text))
        led = _LED_BY_CODE.match(plain)
        if direct is not None or led is None:
            return direct
        item = names.get(led[1])
        return item if item is not None and normal(item.title) == normal(led[2]) else names.get(normal(led[2]))

    def names(self, edition: int) -> dict[str, RuleItem]:
        if edition not in self.by_name:
            titled = {normal(title): item for (pk, title), item in self.index.by_title.items() if pk == edition}
            coded = {code: item for (pk, code), item in self.index.by_code.items() if pk == edition}
            self.by_name[edition] = titled | coded
        return self.by_name[edition]

    def is_of(self, item: RuleItem, category: str) -> bool:
        """Whether a clause belongs to the category that a line names."""
        known = self.categories.get((item.pk, category))
        if known is None:
            known = self.categories[item.pk, category] = item.get_category_display() in cells.plain(category)
        return known

    def nearest(self, text: str, on: date) -> list[str]:
        """Up to three clauses with a title like this."""
        edition = self.index.edition_on(on)
        if edition is None:
            return []
        titles = {normal(item.title): item for item in self.names(edition).values()}
        near = get_close_matches(normal(text), list(titles), n=3, cutoff=0.3)
        near += [title for title in titles if title not in near and set(normal(text)) & set(title) and len(near) < 3]
        return [f"{titles[title].code} {titles[title].title}" for title in near[:3]]


def batch_key(digest: str, sheet_id: int) -> str:
    """The deeds' batch of one commit of a file; the same file may be committed again for the lines that were mended."""
    return f"{digest[:BATCH_DIGITS]}:{sheet_id}"


def check(table: Table, branch_id: int, circles: Circles, digest: str, at: datetime) -> Checked:
    """Read every line, find person and clause, then let the deeds' room reckon them all with their caps.

    Nobody brings or signs a line of the own household or kin: `circles` holds who is near the one and the other.
    """
    found = Checked(table)
    roll = depositors.roll_index(branch_id=branch_id)
    clauses = Clauses(rulebooks.item_index(branch_id=branch_id))
    today = clock.local_date(at)
    rows: dict[int, RegisterRow] = {}
    vouchers: dict[int, str] = {}
    for line in table.lines:
        if line.is_left_out:
            continue
        person = find_person(found, line, roll)
        day = _day(found, line, today)
        item = _item(found, line, clauses, day) if day else None
        amount = _points(found, line)
        if person is None or day is None or item is None or _has_problem(found, line):
            continue
        if _is_near(found, line, person, circles):
            continue
        row = _row(found, line, person, item, day, amount)
        if row is not None:
            rows[line.number] = row
            vouchers[line.number] = line.cells.get("voucher", "")
    _set_known_apart(found, branch_id, rows, vouchers, digest)
    for problem in deeds.check_register(branch_id=branch_id, rows=list(rows.values()), at=at):
        rows.pop(problem.row, None)
        name = _FIELDS.get(problem.field, "item")
        name = name if name in table.columns else "plus" if name == "points" and "plus" in table.columns else "item"
        name = name if name in table.columns else "code"
        right = [problem.right] if name in ("points", "plus") else []
        code = problem.code.rpartition(".")[2]
        found.wrong(problem.row, name, code, problem.message, offer=right, is_sure=name == "points")
    found.good.update(rows)
    _notice(found, today)
    written = [row.points for row in rows.values() if row.points is not None]
    if rows and len(written) == len(rows):  # a sum of some lines would be taken for that of all
        found.facts["points"] = sum(written)
    return found.finish()


def _is_near(found: Checked, line: Line, person: RollEntry, circles: Circles) -> bool:
    """W04: a line about somebody near one of the two officers waits for others."""
    near_bringer, near_signer = (person.depositor_id in circle for circle in circles)
    if near_bringer:
        found.wrong(line.number, "name", "own_household", _("这是传表人自己家或亲属的，请另一位工作人员来传这一行。"))
    elif near_signer:
        found.wrong(line.number, "name", "signers_household", _("这是签字人自己家或亲属的，这一行请另一位工作人员来签。"))
    return near_bringer or near_signer


def _has_problem(found: Checked, line: Line) -> bool:
    return bool(found.problems) and found.problems[-1]["row"] == line.number


def _day(found: Checked, line: Line, today: date) -> date | None:
    if not line.cells.get("happened_on"):
        found.wrong(line.number, "happened_on", "date_missing", _("日期没填。"))
        return None
    day: date | None = found.read(line, "happened_on", lambda text: cells.read_date(text, found.table.when, today))
    return day


def _item(found: Checked, line: Line, clauses: Clauses, day: date) -> RuleItem | None:
    text = line.cells.get("item") or line.cells.get("code", "")
    name = "item" if line.cells.get("item") or "code" not in found.table.columns else "code"
    if not text:
        found.wrong(line.number, name, "item_missing", _("事项没填。"))
        return None
    code = line.cells.get("code", "")
    item = (clauses.find(code, day) if code else None) or clauses.find(text, day)
    if item is None:
        near = clauses.nearest(text, day)
        if clauses.index.edition_on(day) is None:
            message = _("{day}那天还没有细则，请先导入那时的积分细则。").format(day=day.isoformat())
        elif near:
            message = _("细则里没有“{text}”。相近的有：{near}。").format(text=text[:20], near="；".join(near))
        else:
            message = _("细则里没有“{text}”。").format(text=text[:20])
        found.wrong(line.number, name, "item_unknown", message, offer=near)
        return None
    category = line.cells.get("category", "")
    if category and not clauses.is_of(item, category):
        right = item.get_category_display()
        message = _("“{title}”属于“{right}”。").format(title=item.title, right=right)
        found.wrong(line.number, "category", "category_differs", message, offer=[right], is_sure=True)
        return None
    return item


def _points(found: Checked, line: Line) -> int | None:
    """The signed value as the sheet says it: one column, or one for merits and one for demerits."""
    if line.cells.get("points"):
        whole: int | None = found.read(line, "points", cells.read_points)
        return whole
    plus: int | None = found.read(line, "plus", cells.read_points)
    minus: int | None = found.read(line, "minus", cells.read_points)
    if plus is None and minus is None:
        return None
    return (plus or 0) - abs(minus or 0)


def _row(found: Checked, line: Line, person: RollEntry, item: RuleItem, day: date, amount: int | None) -> RegisterRow | None:
    quantity = found.read(line, "quantity", cells.read_count) if line.cells.get("quantity") else _quantity(item, amount)
    try:
        words = "；".join(cells.check_text(line.cells[name], 200) for name in ("evidence", "remark") if line.cells.get(name))
    except CellWrong as wrong:
        found.wrong(line.number, "remark" if line.cells.get("remark") else "evidence", wrong.code, wrong.message)
        return None
    if quantity is None:
        return None
    return RegisterRow(line.number, person.depositor_id, item.code, day, quantity, words, amount)


def _quantity(item: RuleItem, amount: int | None) -> int:
    """How much it was, where the sheet has no column for it: worked out from the value."""
    worth = abs(amount or 0)
    if item.value_kind == ValueKind.PER_UNIT and item.points and worth % item.points == 0:
        return max(worth // item.points, 1)
    if item.value_kind == ValueKind.STEPS:
        return next((int(step["from"]) for step in item.steps if int(step["points"]) == worth), 1)
    return 1


def _set_known_apart(found: Checked, branch_id: int, rows: dict[int, RegisterRow], vouchers: dict[int, str], digest: str) -> None:
    """Lines that are in the books: from this very file or from our own export they count as done, else they are named."""
    if not rows:
        return
    days = [row.happened_on for row in rows.values()]
    standing: Counter[Place] = Counter()
    done: Counter[Place] = Counter()
    public_ids: dict[str, int] = {}
    recorded = deed_queries.recorded_between(branch_id=branch_id, start=min(days), end=max(days))
    for depositor_id, code, happened_on, batch, public_id in recorded:
        place = (depositor_id, code, happened_on)
        standing[place] += 1
        public_ids[public_id] = depositor_id
        if batch.startswith(digest[:BATCH_DIGITS]):
            done[place] += 1
    seen: dict[Place, tuple[int, str]] = {}
    for number, row in list(rows.items()):
        place = (row.depositor_id, row.item, row.happened_on)
        if public_ids.get(vouchers[number]) == row.depositor_id or done[place] > 0:
            done[place] -= 1
            found.known.add(rows.pop(number).row)
        elif standing[place] > 0:
            rows.pop(number)
            day = day_words.short(row.happened_on)
            found.wrong(number, "happened_on", "already_there", _("{day}已记过这件事。是同一件就不用再记。").format(day=day))
        elif place in seen and seen[place][1] == row.words:
            rows.pop(number)
            found.wrong(number, "name", "repeated", _("和第 {row} 行重复。是同一件就去掉一行。").format(row=seen[place][0]))
        else:
            seen[place] = (number, row.words)


def _notice(found: Checked, today: date) -> None:
    """Whether, and when, the paper hung on the wall; if not, a notice of its own goes up with the commit."""
    noticed: date | None = None
    for text in [*found.table.titles, *found.table.feet]:
        match = _NOTICED.search(cells.plain(text))
        if match:
            try:
                noticed = cells.read_date(match[1], cells.When(), today)
            except CellWrong:
                continue
    if noticed is not None:
        found.facts["noticed_on"] = noticed.isoformat()
    else:
        found.notes.append(_("表上没写公示日期，入册后会自动出一张公示。"))

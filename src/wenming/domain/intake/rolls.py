"""The roll of depositors: a line is a person, a family, a unit or a collective; known ones stay as they are."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

from django.utils.translation import gettext as _

from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as depositor_services
from wenming.domain.depositors.queries import DepositorKind, EnrolRow, IdentityClass
from wenming.domain.intake import cells
from wenming.domain.intake.findings import Checked
from wenming.domain.intake.sheets import Line, Table
from wenming.domain.organisations import queries as organisations

KINDS = {
    "个人": DepositorKind.PERSON,
    "家庭": DepositorKind.HOUSEHOLD,
    "户": DepositorKind.HOUSEHOLD,
    "农户": DepositorKind.HOUSEHOLD,
    "单位": DepositorKind.UNIT,
    "社会单位": DepositorKind.UNIT,
    "企业": DepositorKind.UNIT,
    "集体": DepositorKind.COLLECTIVE,
    "队伍": DepositorKind.COLLECTIVE,
    "合作社": DepositorKind.COLLECTIVE,
}
CLASSES = {
    "村民": IdentityClass.VILLAGER,
    "党员": IdentityClass.PARTY_MEMBER,
    "中共党员": IdentityClass.PARTY_MEMBER,
    "预备党员": IdentityClass.PARTY_MEMBER,
    "街巷长": IdentityClass.LANE_CHIEF,
    "巷长": IdentityClass.LANE_CHIEF,
    "未成年人": IdentityClass.MINOR,
    "社会单位": IdentityClass.UNIT,
    "新村民": IdentityClass.NEW_VILLAGER,
}
KIND_WORDS = {
    DepositorKind.PERSON: "个人",
    DepositorKind.HOUSEHOLD: "家庭",
    DepositorKind.UNIT: "单位",
    DepositorKind.COLLECTIVE: "集体",
}
CLASS_WORDS = {
    IdentityClass.VILLAGER: "村民",
    IdentityClass.PARTY_MEMBER: "党员",
    IdentityClass.LANE_CHIEF: "街巷长",
    IdentityClass.MINOR: "未成年人",
    IdentityClass.UNIT: "社会单位",
    IdentityClass.NEW_VILLAGER: "新村民",
}
HEAD_WORDS = ("户主", "本人", "户主本人", "本人或户主")
_SPLIT = re.compile(r"[、,，/;；\s]+")
_FIELDS = {"is_head": "relation", "village_code": "village", "guardian": "guardian"}


def check(table: Table, branch_id: int, lossy: frozenset[tuple[int, int]], on: date) -> Checked:
    """Read every line, then let the depositors' room check the new ones against each other and the roll."""
    found = Checked(table)
    roll = depositors.roll_index(branch_id=branch_id)
    sizes = Counter(line.cells.get("household_number", "") for line in table.lines if not line.is_left_out)
    villages = _villages(branch_id)
    opened_on = organisations.organisation(organisation_id=branch_id).opened_on
    seen: dict[tuple[str, str], int] = {}
    skipped: set[str] = set()
    rows: dict[int, EnrolRow] = {}
    household, head = "", ""
    for line in table.lines:
        household, head = _carry(line, household, head)
        if line.is_left_out:
            continue
        row = _row(found, line, (household, head), sizes, villages, opened_on, lossy, skipped)
        if row is None:
            continue
        place = (row.household_number.upper(), row.name)
        if place in seen and (row.household_number or row.kind != DepositorKind.PERSON):
            message = _("和第 {row} 行是同一个人，去掉一行。").format(row=seen[place])
            found.wrong(line.number, "name" if "name" in table.columns else "head", "repeated", message)
        elif roll.by_household_and_name.get(place):
            found.known.add(line.number)
            seen[place] = line.number
        else:
            seen[place] = line.number
            rows[line.number] = row
    _check_new(found, branch_id, rows, on)
    if skipped:
        found.notes.append(_("这些身份没有收，积分用不到：{words}。").format(words=_("、").join(sorted(skipped)[:8])))
    found.facts["new"] = len(found.good)
    return found.finish()


def _villages(branch_id: int) -> dict[str, str]:
    names: dict[str, str] = {}
    for village in organisations.villages_of(branch_id=branch_id):
        bare = re.sub(r"(村村委会|村委会|居委会|村)$", "", village.name)
        names |= {village.name: village.code, bare: village.code, f"{bare}村": village.code}
    return names


def _carry(line: Line, household: str, head: str) -> tuple[str, str]:
    """Clerks write the household number and the head once, on the first line of a family."""
    number = line.cells.get("household_number", "")
    if number:
        return number, line.cells.get("head", "")
    is_family = line.cells.get("relation", "户主") not in HEAD_WORDS
    own_head = line.cells.get("head", head)
    if is_family and own_head == head and household:
        return household, head
    return "", own_head


def _row(
    found: Checked,
    line: Line,
    family: tuple[str, str],
    sizes: Counter[str],
    villages: dict[str, str],
    opened_on: date,
    lossy: frozenset[tuple[int, int]],
    skipped: set[str],
) -> EnrolRow | None:
    before = len(found.problems)
    name_column = "name" if "name" in found.table.columns and line.cells.get("name") else "head"
    name = found.read(line, name_column, cells.read_name)
    if not line.cells.get(name_column):
        found.wrong(line.number, "name", "name_missing", _("姓名没填。"))
    kind = _kind(found, line)
    household, head = family
    number = (
        found.read(line, "household_number", cells.read_household_number, "") if line.cells.get("household_number") else household
    )
    relation = line.cells.get("relation", "")
    if kind == DepositorKind.PERSON and not number and relation and relation not in HEAD_WORDS:
        found.wrong(line.number, "household_number", "household_number_missing", _("家里人要写户号，才知道是哪一家。"))
    own_village = villages.get(line.cells.get("village", ""), "")
    if line.cells.get("village") and not own_village and villages:
        names = sorted({name for name in villages if "村委会" not in name})[:6]
        message = _("这个村不归本行管。本行的村：{names}。").format(names=_("、").join(names))
        found.wrong(line.number, "village", "village_elsewhere", message, offer=names)
    column = found.table.columns.get("id_number")
    is_lossy = column is not None and (line.number, column.number) in lossy
    row = EnrolRow(
        household_number=number,
        name=name or "",
        is_head=kind == DepositorKind.PERSON
        and (relation in HEAD_WORDS if relation else bool(name) and (name == head or name_column == "head")),
        kind=kind,
        lane=found.read(line, "lane", lambda text: cells.check_text(text, 30), ""),
        village_code=own_village,
        resident_count=found.read(line, "resident_count", lambda text: cells.read_count(text, 99))
        or sizes[line.cells.get("household_number", "")]
        or None,
        sex=cells.plain(line.cells.get("sex", "")),
        born_on=found.read(line, "born_on", lambda text: cells.read_date(text, cells.When())),
        id_number=found.read(line, "id_number", lambda text: cells.read_id_number(text, is_lossy=is_lossy), ""),
        phone=found.read(line, "phone", cells.read_phone, ""),
        classes=_classes(line, kind, skipped),
        guardian=line.cells.get("guardian", ""),
        joined_on=found.read(line, "joined_on", lambda text: cells.read_date(text, found.table.when), opened_on),
    )
    return row if len(found.problems) == before else None


def _kind(found: Checked, line: Line) -> str:
    text = line.cells.get("kind", "")
    if text and text not in KINDS:
        found.wrong(line.number, "kind", "kind_unknown", _("储户类型写：个人、家庭、单位、集体。"), offer=KIND_WORDS.values())
    return KINDS.get(text, DepositorKind.PERSON)


def _classes(line: Line, kind: str, skipped: set[str]) -> tuple[str, ...]:
    """The identity classes that rules can speak of; other words (and what follows from a person's nature) are left out."""
    classes: list[str] = []
    for word in _SPLIT.split(line.cells.get("classes", "")):
        if word in CLASSES:
            classes.append(CLASSES[word])
        elif word and word not in ("群众", "团员", "共青团员", "无", "—", "-"):
            skipped.add(word)
    by_nature = {IdentityClass.VILLAGER} if kind != DepositorKind.UNIT else {IdentityClass.UNIT}
    return tuple(dict.fromkeys(str(name) for name in classes if name not in by_nature))


def _check_new(found: Checked, branch_id: int, rows: dict[int, EnrolRow], on: date) -> None:
    numbers = list(rows)
    cleaned, faults = depositor_services.check_rows(branch_id=branch_id, rows=list(rows.values()), on=on)
    for number, row in zip(numbers, cleaned, strict=True):
        if row is not None:
            found.good[number] = row
    otherwise = "name" if "name" in found.table.columns else "head"
    for fault in faults:
        found.refused(numbers[fault.row], fault.refusal, _FIELDS, otherwise)

"""Who a line speaks of: by passbook, by household number and name, or by a name that is alone in the branch."""

from __future__ import annotations

from difflib import get_close_matches

from django.utils.translation import gettext as _

from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors.pinyin import of_name
from wenming.domain.depositors.queries import DepositorKind, RollEntry, RollIndex
from wenming.domain.intake import cells
from wenming.domain.intake.findings import Checked
from wenming.domain.intake.sheets import Line

MOST_OFFERS = 5


def find_person(found: Checked, line: Line, roll: RollIndex) -> RollEntry | None:
    """The depositor of a line; under the heading 户主 a head of household goes before namesakes.

    What does not fit, or fits several, is noted at its cell with the nearest answer.
    """
    passbook = line.cells.get("passbook", "")
    if passbook:
        entry = roll.entries.get(roll.by_passbook.get(cells.plain(passbook).upper(), -1))
        if entry is None:
            found.wrong(line.number, "passbook", "passbook_unknown", _("没有这个存折号。"))
        return entry
    if not line.cells.get("name"):
        found.wrong(line.number, "name", "name_missing", _("姓名没填。"))
        return None
    name = found.read(line, "name", cells.read_name)
    if name is None:
        return None
    if line.cells.get("household_number"):
        number = found.read(line, "household_number", cells.read_household_number)
        return None if number is None else _in_household(found, line, roll, number.upper(), name)
    return _alone(found, line, roll, name)


def _in_household(found: Checked, line: Line, roll: RollIndex, number: str, name: str) -> RollEntry | None:
    ids = roll.by_household_and_name.get((number, name), ())
    if ids:
        return _first_person(roll, ids)
    if number not in roll.households:
        named = [roll.entries[pk] for pk in roll.by_name.get(name, ())]
        right = [entry.household_number for entry in named if entry.household_number]
        if len(named) == 1 and named[0].household_number:
            message = _("没有户号 {number}。按姓名找到户号 {right}，是写错了吗？").format(
                number=number, right=named[0].household_number
            )
        else:
            message = _("没有户号 {number}，请对照名册。").format(number=number)
        is_sure = len(named) == 1 and any(_digits(one) == _digits(number) for one in right)
        found.wrong(line.number, "household_number", "household_unknown", message, offer=right[:MOST_OFFERS], is_sure=is_sure)
        return None
    home = [entry.name for entry in roll.entries.values() if entry.household_number == number]
    alike = [one for one in home if of_name(one)[0] == of_name(name)[0]]
    close = alike or get_close_matches(name, home, n=3, cutoff=0.4)
    if close:
        message = _("户号对不上姓名。这个户号有 {right}，是写错字了吗？").format(right=_masked(close[0]))
    else:
        message = _("户号 {number} 里没有这个人，请对照名册。").format(number=number)
    found.wrong(line.number, "name", "not_in_household", message, offer=close, is_sure=bool(alike))
    return None


def _alone(found: Checked, line: Line, roll: RollIndex, name: str) -> RollEntry | None:
    ids = roll.by_name.get(name, ())
    if len(ids) == 1:
        return roll.entries[ids[0]]
    heads = [pk for pk in ids if roll.entries[pk].is_head]
    if len(heads) == 1 and found.table.title("name").startswith("户主"):
        return roll.entries[heads[0]]
    if not ids:
        close = get_close_matches(name, list(roll.by_name), n=3, cutoff=0.6) if len(name) > 2 else []
        message = (
            _("名册里没有这个人。是 {right} 吗？").format(right=_masked(close[0])) if close else _("名册里没有这个人，请先开户。")
        )
        found.wrong(line.number, "name", "person_unknown", message, offer=close)
        return None
    numbers = sorted({roll.entries[pk].household_number for pk in ids if roll.entries[pk].household_number})[:MOST_OFFERS]
    message = _("有 {count} 位同名的储户（户号 {numbers}），请补上户号。").format(count=len(ids), numbers=_("、").join(numbers))
    found.wrong(line.number, "name", "person_ambiguous", message, offer=numbers, into="household_number")
    return None


def _digits(number: str) -> str:
    """A household number without hyphens and leading noughts: 312-115 and 0312-0115 are the same."""
    return "-".join(part.lstrip("0") for part in number.split("-"))


def _first_person(roll: RollIndex, ids: tuple[int, ...]) -> RollEntry:
    """Within one household a person goes before a family passbook of the same name."""
    entries = [roll.entries[pk] for pk in ids]
    return next((entry for entry in entries if entry.kind == DepositorKind.PERSON), entries[0])


def _masked(name: str) -> str:
    return (
        name if len(name) < 2 else depositors.public_name(name=name, kind=DepositorKind.PERSON, born_on=None, on=cells.FIRST_DAY)
    )

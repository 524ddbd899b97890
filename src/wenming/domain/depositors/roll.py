"""The whole roll of a branch at once, for sheets of thousands of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from wenming.domain.depositors.models import Depositor, Household


@dataclass(frozen=True, slots=True)
class RollEntry:
    """One depositor as an import meets it."""

    depositor_id: int
    kind: str
    name: str
    household_id: int | None
    household_number: str
    is_head: bool
    passbook_id: int
    passbook_number: str
    points_account_id: int
    honour_account_id: int
    joined_on: date
    born_on: date | None


@dataclass(frozen=True, slots=True)
class RollIndex:
    """The whole roll of one branch in maps, for reading sheets without asking the store line by line."""

    entries: Mapping[int, RollEntry]
    households: Mapping[str, int]
    heads: Mapping[str, int]
    by_name: Mapping[str, tuple[int, ...]]
    by_household_and_name: Mapping[tuple[str, str], tuple[int, ...]]
    by_passbook: Mapping[str, int]


def roll_index(*, branch_id: int) -> RollIndex:
    """The roll of a branch as maps, in two queries. A household's number is given in capitals."""
    households = dict(Household.objects.filter(branch_id=branch_id, closed_on__isnull=True).values_list("number", "pk"))
    entries: dict[int, RollEntry] = {}
    by_name: dict[str, tuple[int, ...]] = {}
    in_household: dict[tuple[str, str], tuple[int, ...]] = {}
    rows = Depositor.objects.filter(branch_id=branch_id, status=Depositor.Status.ACTIVE).order_by("pk").values_list(
        "pk", "kind", "name", "household_id", "household__number", "household__head_id", "passbook__id", "passbook__number",
        "passbook__points_account_id", "passbook__honour_account_id", "joined_on", "born_on",
    )  # fmt: skip
    for pk, kind, name, home, number, head, passbook_id, passbook_number, points_id, honour_id, joined_on, born_on in rows:
        entry = RollEntry(
            pk, kind, name, home, number or "", head == pk, passbook_id, passbook_number, points_id, honour_id, joined_on, born_on
        )
        entries[pk] = entry
        by_name[name] = (*by_name.get(name, ()), pk)
        in_household[entry.household_number, name] = (*in_household.get((entry.household_number, name), ()), pk)
    return RollIndex(
        entries=entries,
        households=households,
        heads={entry.household_number: pk for pk, entry in entries.items() if entry.is_head},
        by_name=by_name,
        by_household_and_name=in_household,
        by_passbook={entry.passbook_number: pk for pk, entry in entries.items()},
    )

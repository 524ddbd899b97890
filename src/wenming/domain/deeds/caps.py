"""How much of each cap is used. Counted over deeds that were approved, stand on notice or are deposited, by the day they
happened, over all editions of the clause. Who counts in order to approve first takes the turn of the person and household.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Q, QuerySet

from wenming.core.prepared import prepared
from wenming.core.transactions import take_turn
from wenming.domain.deeds.models import Declaration, Status
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.engine import CAPS, Usage, again_on, window_start
from wenming.domain.rulebooks.queries import RuleItem

COUNTED = (Status.APPROVED, Status.ON_NOTICE, Status.DEPOSITED)
NO_HOUSEHOLD = 0


def hold(declarations: Iterable[Declaration]) -> None:
    """Take the turns of everyone whose caps these deeds touch, until the act ends. The guard of W05."""
    wanted = list(declarations)
    take_turn(*{f"caps:branch:{one.branch_id}" for one in wanted}, shared=True)
    persons = {f"caps:person:{one.depositor_id}" for one in wanted}
    homes = {f"caps:household:{one.household_id}" for one in wanted if one.household_id is not None}
    take_turn(*persons, *homes)


def hold_branch(branch_id: int) -> None:
    """Take the turn of a whole branch: nobody approves there meanwhile."""
    take_turn(f"caps:branch:{branch_id}")


@prepared
def _counted(
    rule_book_id: int, code: str, start: date, end: date, depositor_id: int, household_id: int
) -> QuerySet[Declaration, tuple[int, date, int | None, int | None, int, int | None]]:
    clause = rulebooks.same_clause(rule_book_id=rule_book_id, code=code)
    rows = Declaration.objects.filter(item__in=clause, status__in=COUNTED, happened_on__gte=start, happened_on__lt=end)
    whose = Q(depositor_id=depositor_id) | Q(household_id=household_id)
    return rows.filter(whose).values_list("pk", "happened_on", "points", "honour", "depositor_id", "household_id")


def usage_of(
    *, depositor_id: int, household_id: int | None, item: RuleItem, happened_on: date, without: Iterable[int] = ()
) -> Usage:
    """What counts against every cap of this clause around a day; `without` leaves out declarations being reckoned anew."""
    start, end = min(window_start(cap, happened_on) for cap in CAPS), max(again_on(cap, happened_on) for cap in CAPS)
    rows = _counted(
        rule_book_id=item.edition.rule_book_id, code=item.code, start=start, end=end,
        depositor_id=depositor_id, household_id=household_id or NO_HOUSEHOLD,
    )  # fmt: skip
    left_out = set(without)
    found = [row for row in rows if row[0] not in left_out]
    own = [row[1:4] for row in found if row[4] == depositor_id]
    home = own if household_id is None else [row[1:4] for row in found if row[5] == household_id]
    return Usage({cap: tally(cap, own if cap.startswith("person") else home, happened_on) for cap in CAPS})


def tally(cap: str, rows: Iterable[tuple[date, int | None, int | None]], day: date) -> int:
    """Times, or hundredths of a point, of these deeds within the cap's window around a day."""
    start, end = window_start(cap, day), again_on(cap, day)
    inside = [worth_of(points, honour) for happened_on, points, honour in rows if start <= happened_on < end]
    return len(inside) if "_times_" in cap else sum(inside)


def worth_of(points: int | None, honour: int | None) -> int:
    """What a deed counts against caps of points: its points, whatever their sign, or its honour where it gave no points."""
    return max(abs(points or 0), honour or 0)

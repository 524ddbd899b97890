"""How the clauses of the starter rule book are written down: whole points, shared sets of classes and doors."""

from __future__ import annotations

from collections.abc import Mapping

from wenming.domain.rulebooks.clauses import ItemDraft
from wenming.domain.rulebooks.models import Category, DemeritKind, Direction, Effect, ValueKind

EVERY_PERSON: dict[str, dict[str, int]] = {
    "villager": {}, "party_member": {}, "lane_chief": {}, "minor": {}, "new_villager": {},
}  # fmt: skip
ADULTS: dict[str, dict[str, int]] = {"villager": {}, "party_member": {}, "lane_chief": {}, "new_villager": {}}
UNITS = {"unit": dict[str, int]()}
ALL = ("self", "other", "lane_chief", "counter", "sheet", "activity")
OFFICE = ("counter", "sheet", "activity")
PATROL = ("lane_chief", "counter", "sheet")


def item(category: Category, code: str, title: str, value: int, plain: str, **more: object) -> ItemDraft:
    """A clause in whole points; caps may be given by their names, limits of points in whole points too."""
    caps = {name: _limit(name, more.pop(name)) for name in list(more) if name.startswith(("person_", "household_"))}
    more.setdefault("classes", EVERY_PERSON)
    return ItemDraft(code=code, category=category, title=title, points=value * 100, plain=plain, caps=caps, **more)  # type: ignore[arg-type]


def _limit(name: str, value: object) -> int:
    assert isinstance(value, int)
    return value * 100 if "_points_" in name else value


def tiers(*pairs: tuple[int, int]) -> Mapping[str, object]:
    """Tiers: from this many units, this many points."""
    steps = tuple((start, value * 100) for start, value in pairs)
    return {"value_kind": ValueKind.STEPS, "steps": steps}


def demerit(category: Category, code: str, title: str, value: int, plain: str, kind: DemeritKind, repair: str) -> ItemDraft:
    return item(
        category, code, title, value, plain, direction=Direction.DEMERIT, effect=Effect.POINTS, demerit_kind=kind, repair=repair,
        classes=ADULTS, declarers=PATROL, evidence=("photo",), reviews_needed=2, person_times_month=1,
    )  # fmt: skip

"""The engine: (terms of an item, facts of a deed, what was used so far) → points and honour, with every step kept.

Pure: no tables, no clock. The same inputs give the same answer for ever, so a stored explanation can be replayed.
Amounts are hundredths of a point. Who holds several classes gets the class that is best for them, and a step says so;
a minor is a minor and nothing else here, so that what is meant for grown-ups stays with them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock, days, points
from wenming.core.errors import Refusal

CAPS = (
    "person_times_day",
    "person_times_month",
    "person_times_year",
    "household_times_month",
    "person_points_day",
    "person_points_month",
    "person_points_year",
    "household_points_month",
    "household_points_year",
)
MERIT, DEMERIT, MINOR = "merit", "demerit", "minor"
CLASS_NAMES = {
    "villager": gettext_lazy("村民"),
    "party_member": gettext_lazy("党员"),
    "lane_chief": gettext_lazy("街巷长"),
    "minor": gettext_lazy("未成年人"),
    "unit": gettext_lazy("社会单位"),
    "new_villager": gettext_lazy("新村民"),
}


class NotEligible(Refusal):
    code, message = "rulebooks.not_eligible", gettext_lazy("这一项只给{who}记。")


class MinorsSpared(Refusal):
    code, message = "rulebooks.minors_spared", gettext_lazy("未成年人不减分。")


class QuantityOutOfRange(Refusal):
    code, message = "rulebooks.quantity_out_of_range", gettext_lazy("数量填 1 到 {most} {unit}。")


class BelowFirstStep(Refusal):
    code, message = "rulebooks.below_first_step", gettext_lazy("满 {first} {unit}才记分，这次还不到。")


class CapReached(Refusal):
    """A cap of times or points is used up; `again_on` is the first day whose deeds count again."""

    code = "rulebooks.cap_reached"

    def __init__(self, *, cap: str, limit: int, used: int, happened_on: date) -> None:
        opens = again_on(cap, happened_on)
        super().__init__(
            message=_CAP_WORDS[cap.split("_")[0], cap.split("_")[1]],
            cap=cap,
            used=used,
            again_on=opens.isoformat(),
            window=window_words(cap, happened_on),
            limit=limit if "_times_" in cap else points.show(limit),
            again=days.short(opens) if opens.year == happened_on.year else days.full(opens),
        )


_CAP_WORDS = {
    ("person", "times"): gettext_lazy("这一项{window}记满 {limit} 次了，{again}再记。"),
    ("person", "points"): gettext_lazy("这一项{window}记满 {limit} 分了，{again}再记。"),
    ("household", "times"): gettext_lazy("这一项您家{window}记满 {limit} 次了，{again}再记。"),
    ("household", "points"): gettext_lazy("这一项您家{window}记满 {limit} 分了，{again}再记。"),
}


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """What of a rule item decides about points. `classes` empty: everyone may earn; else who may, and what differs."""

    code: str
    title: str
    points: int = 0
    direction: str = MERIT
    effect: str = "points_and_honour"
    value_kind: str = "fixed"
    unit: str = "次"
    quantity_max: int = 1
    steps: tuple[tuple[int, int], ...] = ()
    classes: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    caps: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class DeedFacts:
    happened_on: date
    quantity: int = 1
    classes: frozenset[str] = frozenset({"villager"})


@dataclass(frozen=True, slots=True)
class Usage:
    """What counts against each cap already, by the cap's name: times, or hundredths of a point."""

    used: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the reckoning, as data."""

    kind: str
    facts: Mapping[str, int | str]

    def as_data(self) -> dict[str, int | str]:
        return {"step": self.kind, **self.facts}


@dataclass(frozen=True, slots=True)
class Assessment:
    """`points` is signed (a demerit is negative); `worth` is what counts against caps of points."""

    points: int
    honour: int
    worth: int
    identity_class: str
    steps: tuple[Step, ...]


def steps_from(data: Iterable[Mapping[str, int | str]]) -> tuple[Step, ...]:
    """Read kept steps back."""
    return tuple(Step(str(one["step"]), {name: value for name, value in one.items() if name != "step"}) for one in data)


@functools.lru_cache(maxsize=4096)
def again_on(cap: str, day: date) -> date:
    """The first day after the cap's window."""
    if cap.endswith("_day"):
        return day + timedelta(days=1)
    return clock.next_month(day) if cap.endswith("_month") else date(day.year + 1, 1, 1)


@functools.lru_cache(maxsize=4096)
def window_start(cap: str, day: date) -> date:
    """The first day of the cap's window around a day."""
    if cap.endswith("_day"):
        return day
    return day.replace(day=1) if cap.endswith("_month") else date(day.year, 1, 1)


def window_words(cap: str, day: date) -> str:
    if cap.endswith("_day"):
        return days.short(day)
    return days.month(day) if cap.endswith("_month") else _("{year}年").format(year=day.year)


def assess(terms: ItemTerms, facts: DeedFacts, usage: Usage) -> Assessment:
    """Points and honour of one deed. Refuses with a reason when nothing may be credited."""
    if not 1 <= facts.quantity <= terms.quantity_max:
        raise QuantityOutOfRange(field="quantity", most=terms.quantity_max, unit=terms.unit)
    if terms.direction == DEMERIT and MINOR in facts.classes:
        raise MinorsSpared()
    held = {MINOR} if MINOR in facts.classes else facts.classes
    allowed = [name for name in sorted(held) if not terms.classes or name in terms.classes]
    if not allowed:
        raise NotEligible(field="depositor", who=_("、").join(str(CLASS_NAMES.get(name, name)) for name in terms.classes))
    best: Assessment | None = None
    refusal: Refusal | None = None
    for name in allowed:
        try:
            found = _for_class(terms, facts, usage, name, several=len(allowed) > 1)
        except Refusal as no:
            refusal = refusal or no
            continue
        if best is None or found.points > best.points or (found.points == best.points and found.honour > best.honour):
            best = found
    if best is None:
        assert refusal is not None
        raise refusal
    return best


def _for_class(terms: ItemTerms, facts: DeedFacts, usage: Usage, name: str, *, several: bool) -> Assessment:
    own = terms.classes.get(name, {})
    worth, value = _value(terms, facts, own)
    steps = [value, Step("class", {"class": name, "several": int(several)})]
    for cap in CAPS:
        limit = own.get(cap, terms.caps.get(cap))
        if limit is None:
            continue
        used = usage.used.get(cap, 0)
        if used >= limit:
            raise CapReached(cap=cap, limit=limit, used=used, happened_on=facts.happened_on)
        window: dict[str, int | str] = {"cap": cap, "on": facts.happened_on.isoformat(), "limit": limit, "used": used}
        if "_times_" in cap:
            steps.append(Step("times", window))
        elif used + worth > limit:
            worth = limit - used
            steps.append(Step("part", {**window, "left": worth}))
        else:
            steps.append(Step("within", window))
    sign = -1 if terms.direction == DEMERIT else 1
    gained = 0 if terms.effect == "honour" and sign > 0 else sign * worth
    honour = 0 if terms.effect == "points" or sign < 0 else worth
    steps.append(Step("result", {"points": gained, "honour": honour}))
    return Assessment(gained, honour, worth, name, tuple(steps))


def _value(terms: ItemTerms, facts: DeedFacts, own: Mapping[str, int]) -> tuple[int, Step]:
    """What the deed is worth before caps, in the class's own value where it has one."""
    each = own.get("points", terms.points)
    said: dict[str, int | str] = {"title": terms.title, "unit": terms.unit, "quantity": facts.quantity}
    if terms.value_kind == "per_unit":
        return each * facts.quantity, Step("per_unit", {**said, "each": each, "worth": each * facts.quantity})
    if terms.value_kind == "steps":
        reached = [(start, worth) for start, worth in terms.steps if facts.quantity >= start]
        if not reached:
            raise BelowFirstStep(field="quantity", first=terms.steps[0][0] if terms.steps else 1, unit=terms.unit)
        start, worth = reached[-1]
        return worth, Step("tier", {**said, "from": start, "worth": worth})
    return each, Step("fixed", {**said, "each": each, "worth": each})


def explain(steps: Iterable[Step]) -> str:
    """One plain paragraph: what this deed was given, and why."""
    kept = list(steps)
    result = kept[-1].facts
    parts = [words for words in map(_say, kept) if words]
    gained, honour = int(result["points"]), int(result["honour"])
    if gained < 0:
        head = _("这一笔减 {amount} 分").format(amount=points.show(-gained))
    elif gained == 0 and honour:
        head = _("这一笔记 {amount} 荣誉分").format(amount=points.show(honour))
    else:
        head = _("这一笔记 {amount} 分").format(amount=points.show(gained))
    return _("{head}：{parts}。").format(head=head, parts=_("，").join(parts))


def _say(step: Step) -> str:
    facts = {name: value for name, value in step.facts.items() if name in ("title", "unit", "quantity", "from")}
    for name in ("each", "worth", "left"):
        if name in step.facts:
            facts[name] = points.show(int(step.facts[name]))
    match step.kind:
        case "fixed":
            return _("{title}每{unit} {each} 分").format(**facts)
        case "per_unit":
            return _("{title}每{unit} {each} 分，这次 {quantity} {unit}").format(**facts)
        case "tier":
            return _("{title}满 {from} {unit}记 {worth} 分，这次 {quantity} {unit}").format(**facts)
        case "class":
            return _say_class(str(step.facts["class"]), several=bool(step.facts["several"]))
        case "times" | "part":
            return _say_cap(step, str(facts.get("left", "")))
    return ""


def _say_class(name: str, *, several: bool) -> str:
    who = CLASS_NAMES.get(name, name)
    if several:
        return _("按{who}记（几种身份里对您最好的一种）").format(who=who)
    return _("按{who}记").format(who=who)


def _say_cap(step: Step, left: str) -> str:
    cap, limit = str(step.facts["cap"]), int(step.facts["limit"])
    window = window_words(cap, date.fromisoformat(str(step.facts["on"])))
    if cap.startswith("household"):
        window = _("一家{window}").format(window=window)
    if step.kind == "times":
        return _("{window}第 {nth} 次（最多 {limit} 次）").format(window=window, nth=int(step.facts["used"]) + 1, limit=limit)
    words = _("{window}最多 {limit} 分，还剩 {left} 分可记，所以记 {left} 分")
    return words.format(window=window, limit=points.show(limit), left=left)

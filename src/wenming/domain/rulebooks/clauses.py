"""A clause as it is drafted, and everything that is checked before it may stand in an edition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from wenming.core import points as amounts
from wenming.core.errors import Refusal
from wenming.domain.rulebooks import redlines
from wenming.domain.rulebooks.engine import CAPS, CLASS_NAMES
from wenming.domain.rulebooks.models import Category, DemeritKind, Direction, Effect, RuleItem, Track, ValueKind

DECLARERS = ("self", "other", "lane_chief", "counter", "sheet", "activity")
EVIDENCE = ("photo", "document", "witness", "none")
CODE = re.compile(r"[0-9A-Za-z]+(?:[.\-][0-9A-Za-z]+)*")
LARGEST_VALUE = 10_000 * amounts.HUNDRED


class BadClause(Refusal):
    code, message = "rulebooks.bad_clause", _("这一条的这一项填得不对。")


class RedLineCrossed(Refusal):
    code = "rulebooks.red_line"
    message = _("这一条碰了红线“{theme}”（{found}）。{reason}依据：{anchor}。")


class DemeritNotLawful(Refusal):
    code, message = "rulebooks.demerit_not_lawful", _("减分只能用在自家门前、公共地方、养犬、垃圾、爽约和自己的承诺上。")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """One clause as written: the fields of RuleItem, amounts in hundredths. `caps` are named as in the engine."""

    code: str
    category: str
    title: str
    points: int = 0
    plain: str = ""
    direction: str = Direction.MERIT
    effect: str = Effect.POINTS_AND_HONOUR
    demerit_kind: str = ""
    value_kind: str = ValueKind.FIXED
    unit: str = "次"
    quantity_max: int = 1
    steps: tuple[tuple[int, int], ...] = ()
    classes: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    caps: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    declarers: tuple[str, ...] = ("self", "other", "lane_chief", "counter", "sheet", "activity")
    evidence: tuple[str, ...] = ("photo", "witness")
    credits_household: bool = False
    reviews_needed: int = 1
    track: str = Track.NOTICE_FIRST
    notice_workdays: int = 5
    window_days: int = 30
    repair: str = ""


PLAIN_FIELDS = tuple(
    one.name for one in fields(ItemDraft) if one.name not in ("steps", "classes", "caps", "declarers", "evidence")
)


def columns(draft: ItemDraft) -> dict[str, object]:
    """The draft as the columns of a RuleItem."""
    return {
        **{name: getattr(draft, name) for name in PLAIN_FIELDS},
        "steps": [{"from": start, "points": worth} for start, worth in draft.steps],
        "classes": {name: dict(own) for name, own in draft.classes.items()},
        "declarers": list(draft.declarers),
        "evidence": list(draft.evidence),
        **{cap: draft.caps.get(cap) for cap in CAPS},
    }


def draft_of(item: RuleItem) -> ItemDraft:
    """A clause as a draft again, to change it or to carry it into the next edition."""
    return ItemDraft(
        **{name: getattr(item, name) for name in PLAIN_FIELDS},
        steps=tuple((int(step["from"]), int(step["points"])) for step in item.steps),
        classes=item.classes,
        caps={cap: getattr(item, cap) for cap in CAPS if getattr(item, cap) is not None},
        declarers=tuple(item.declarers),
        evidence=tuple(item.evidence),
    )


def problems(draft: ItemDraft) -> list[Refusal]:
    """Everything that keeps this clause out of an edition; empty when it may stand."""
    return [*_shape(draft), *_value(draft), *_classes_and_caps(draft), *_procedure(draft), *_demerit(draft), *_red_lines(draft)]


def _wrong(name: str, words: object) -> BadClause:
    return BadClause(field=name, message=str(words))


def _shape(draft: ItemDraft) -> list[Refusal]:
    found: list[Refusal] = []
    if not CODE.fullmatch(draft.code) or len(draft.code) > 12:
        found.append(_wrong("code", _("编号用数字、字母和点，例如 1.3，最多 12 个字。")))
    if not 1 <= len(draft.title.strip()) <= 60:
        found.append(_wrong("title", _("事项名称要填，最多 60 个字。")))
    if len(draft.plain) > 200:
        found.append(_wrong("plain", _("说明最多 200 个字。")))
    if len(draft.repair) > 120:
        found.append(_wrong("repair", _("补救办法最多 120 个字。")))
    if not 1 <= len(draft.unit) <= 10:
        found.append(_wrong("unit", _("单位要填，例如：次、小时。")))
    for name, value, choices in (
        ("category", draft.category, Category.values),
        ("direction", draft.direction, Direction.values),
        ("effect", draft.effect, Effect.values),
        ("value_kind", draft.value_kind, ValueKind.values),
        ("track", draft.track, Track.values),
    ):
        if value not in choices:
            found.append(_wrong(name, _("这一项请从给出的里面选。")))
    return found


def _value(draft: ItemDraft) -> list[Refusal]:
    found: list[Refusal] = []
    if not 1 <= draft.quantity_max <= 10_000:
        found.append(_wrong("quantity_max", _("一次最多的数量填 1 到 10000。")))
    if draft.value_kind != ValueKind.STEPS:
        if not 0 < draft.points <= LARGEST_VALUE:
            found.append(_wrong("points", _("分值要大于 0，不超过 10000 分。")))
        return found
    starts = [start for start, worth in draft.steps]
    if not starts or starts[0] < 1 or starts != sorted(set(starts)):
        found.append(_wrong("steps", _("分档要从小到大，每档一个起点。")))
    if any(not 0 < worth <= LARGEST_VALUE for start, worth in draft.steps):
        found.append(_wrong("steps", _("每档的分值要大于 0，不超过 10000 分。")))
    return found


def _classes_and_caps(draft: ItemDraft) -> list[Refusal]:
    found: list[Refusal] = []
    if any(name not in CLASS_NAMES for name in draft.classes):
        found.append(_wrong("classes", _("没有这种身份，请从给出的里面选。")))
    for own in draft.classes.values():
        if any(name != "points" and name not in CAPS for name in own) or any(not value > 0 for value in own.values()):
            found.append(_wrong("classes", _("身份的分值和上限要大于 0。")))
    if any(cap not in CAPS for cap in draft.caps) or any(not limit > 0 for limit in draft.caps.values()):
        found.append(_wrong("caps", _("上限要大于 0；不设上限就空着。")))
    return found


def _procedure(draft: ItemDraft) -> list[Refusal]:
    found: list[Refusal] = []
    if not draft.declarers or any(one not in DECLARERS for one in draft.declarers):
        found.append(_wrong("declarers", _("谁来记要选，可以选几种。")))
    if not draft.evidence or any(one not in EVIDENCE for one in draft.evidence):
        found.append(_wrong("evidence", _("凭什么算要选，可以选几种。")))
    if not 1 <= draft.reviews_needed <= 5:
        found.append(_wrong("reviews_needed", _("审核人数填 1 到 5。")))
    if not 3 <= draft.notice_workdays <= 7:
        found.append(_wrong("notice_workdays", _("公示填 3 到 7 个工作日。")))
    if not 1 <= draft.window_days <= 400:
        found.append(_wrong("window_days", _("几天内申报，填 1 到 400。")))
    return found


def _demerit(draft: ItemDraft) -> list[Refusal]:
    if draft.direction != Direction.DEMERIT:
        return [DemeritNotLawful(field="demerit_kind")] if draft.demerit_kind else []
    found: list[Refusal] = []
    if not draft.demerit_kind or draft.demerit_kind not in DemeritKind.values:
        found.append(DemeritNotLawful(field="demerit_kind"))
    if draft.effect != Effect.POINTS:
        found.append(_wrong("effect", _("减分只动可用积分，荣誉积分不减。")))
    if "minor" in draft.classes:
        found.append(_wrong("classes", _("未成年人不减分。")))
    if not draft.repair.strip():
        found.append(_wrong("repair", _("减分项要写明怎么补救。")))
    if draft.track != Track.NOTICE_FIRST:
        found.append(_wrong("track", _("减分要先公示，没有异议才算。")))
    if draft.demerit_kind == DemeritKind.RULING and tuple(draft.evidence) != ("document",):
        found.append(_wrong("evidence", _("违法的事只凭生效的法律文书，村里不能自己认定。")))
    return found


def _red_lines(draft: ItemDraft) -> list[Refusal]:
    found: list[Refusal] = []
    for name in ("title", "plain", "repair"):
        for line in redlines.check(getattr(draft, name)):
            if line.severity == redlines.Severity.HARD:
                said = {"theme": line.title, "found": line.words, "reason": line.reason, "anchor": line.anchor}
                found.append(RedLineCrossed(field=name, **said))
    return found

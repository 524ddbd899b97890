"""A rule book on paper: each line a clause; the caps and values that clerks write in words are read into figures."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from wenming.core import points
from wenming.domain.intake import cells
from wenming.domain.intake.cells import CellWrong
from wenming.domain.intake.findings import Checked
from wenming.domain.intake.rolls import CLASS_WORDS, CLASSES
from wenming.domain.intake.sheets import Line, Table
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import clauses
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.engine import CAPS
from wenming.domain.rulebooks.queries import Category, DemeritKind, Direction, Effect, Track, ValueKind
from wenming.domain.rulebooks.services import ItemDraft

CATEGORIES = {str(category.label): category.value for category in Category}
PERIODS = {"天": "day", "日": "day", "月": "month", "年": "year"}
GROUND_WORDS = {
    DemeritKind.YARD: "门前|院里|院内|房前|杂物|卫生",
    DemeritKind.DOG: "犬|狗",
    DemeritKind.WASTE: "垃圾",
    DemeritKind.PUBLIC_SPACE: "占用|占道|公共|乱堆|乱停",
    DemeritKind.NO_SHOW: "爽约|没来|未到|缺席",
    DemeritKind.PLEDGE: "承诺",
    DemeritKind.RULING: "法律文书|判决|处罚决定",
}
EVIDENCE = {
    **dict.fromkeys(("照片", "拍照", "图片"), "photo"),
    **dict.fromkeys(("材料", "证书", "证明", "文书", "记录", "凭据"), "document"),
    **dict.fromkeys(("见证", "证人", "签到", "确认"), "witness"),
    **dict.fromkeys(("不用", "无"), "none"),
}
EVIDENCE_WORDS = {"photo": "照片", "document": "材料", "witness": "见证", "none": "不用"}
DECLARERS = {
    "自己": "self",
    "本人": "self",
    "替人": "other",
    "代": "other",
    "街巷长": "lane_chief",
    "柜台": "counter",
    "表格": "sheet",
    "活动": "activity",
}
DECLARER_WORDS = {"self": "自己", "other": "替人", "lane_chief": "街巷长", "counter": "柜台", "sheet": "表格", "activity": "活动"}
EFFECT_WORDS = {Effect.POINTS_AND_HONOUR: "两种都记", Effect.POINTS: "只记可用", Effect.HONOUR: "只记荣誉"}
COUNTING_WORDS = {ValueKind.FIXED: "固定", ValueKind.PER_UNIT: "按数量", ValueKind.STEPS: "分档"}
WHOLE_UNITS = ("次", "项", "件", "起", "户", "人", "届", "个")
NO_CAP = ("", "不限", "无", "没有", "—", "-", "/", "无上限", "不封顶")
_NUMBERED = re.compile(r"^[一二三四五六七八九十\d]+[、.．\s]+")
_CAP = re.compile(
    r"(?:(?P<who>每户|每人|户|人)(?:均)?)?每?(?P<period>天|日|月|年)度?(?:内)?(?:累计)?(?:最多|至多|不超过|不得超过|上限为?|封顶|限|≤|<=|最高)?为?"
    r"(?P<amount>\d+(?:\.\d+)?)(?P<unit>次|分)(?:封顶|为限|以内|止)?"
)
_CAP_TURNED = re.compile(
    r"(?:最多|至多|不超过|限)?(?P<amount>\d+(?:\.\d+)?)(?P<unit>次|分)[/每](?P<who>户|人)?[·/]?(?P<period>天|日|月|年)"
)
_VALUE = re.compile(r"([+\-−－＋]?\d+(?:\.\d+)?)分?(?:[/每](?:次|人|户)|(?:[/每])(?P<unit>[\u4e00-\u9fff]{1,6}))?")
_STEP = re.compile(r"(?:满|达到?|≥)?(\d+)[\u4e00-\u9fff]{0,3}?(?:以上|及以上)?(?:[:：=]|记|加|得|计)?\+?(\d+(?:\.\d+)?)分")
_FORCE = re.compile(
    r"(?:生效|施行|执行|实施|启用)(?:日期|时间)?[:：]?(?:自|从)?\s*([0-9〇零一二三四五六七八九年月日.\-/号]{6,14})"
)
_FORCE_TURNED = re.compile(r"(?:自|从)?([0-9]{4}[年.\-/][0-9]{1,2}[月.\-/][0-9]{1,2}[日号]?)\s*起?(?:生效|施行|执行|实施|启用)")
_FIELDS = {
    "value_kind": "counting", "demerit_kind": "ground", "reviews_needed": "reviews", "notice_workdays": "track",
    "window_days": "window", "plain": "remark", "steps": "points",
}  # fmt: skip


def check(table: Table, branch_id: int, on: date, *, is_system: bool) -> Checked:
    """Read every clause; each must be able to stand in an edition by the rule books' own checks."""
    found = Checked(table)
    codes: dict[str, int] = {}
    titles: dict[str, int] = {}
    before: dict[str, Any] = {"category": ""}
    for place, line in enumerate(table.lines, 1):
        draft = _draft(found, line, place, before)
        if draft is None:
            continue
        for value, seen, name in ((draft.code, codes, "code"), (draft.title, titles, "title")):
            if value in seen:
                found.wrong(line.number, name, "repeated", _("和第 {row} 行重复，改一个或去掉一行。").format(row=seen[value]))
            seen.setdefault(value, line.number)
        problems = clauses.problems(draft)
        for problem in problems:
            found.refused(line.number, problem, _FIELDS, "title")
        if not any(row["row"] == line.number for row in found.problems):
            found.good[line.number] = draft
    _dates(found, branch_id, on, is_system)
    return found.finish()


def _dates(found: Checked, branch_id: int, on: date, is_system: bool) -> None:
    """From which day it holds, the vote that its title tells of, and whether it is what holds already."""
    current = rulebooks.edition_in_force(branch_id=branch_id, on=date.max)
    own = current if current is not None and current.rule_book.organisation_id == branch_id else None
    texts = [*found.table.titles, *found.table.feet]
    stated = _stated_day(texts)
    opened_on = organisations.organisation(organisation_id=branch_id).opened_on
    if own is None or own.in_force_from is None:
        start = stated or opened_on
    elif stated is not None and stated > own.in_force_from and (is_system or stated >= on):
        start = stated
    else:
        start = on
    vote = next((text[:120] for text in texts if "表决" in text or "村民代表会议" in text or "村民会议" in text), "")
    found.facts.update(in_force_from=start.isoformat(), demerits_vote=vote)
    if any(draft.direction == Direction.DEMERIT for draft in found.good.values()) and not vote:
        found.notes.append(_("减分项要村里表决过才算。表头写上“某年某月某日村民代表会议表决通过”再传。"))
    if own is not None:
        standing = [clauses.draft_of(item) for item in rulebooks.items_in_force(branch_id=branch_id, on=own.in_force_from or on)]
        if not found.problems and [_bare(draft) for draft in standing] == [_bare(draft) for draft in found.good.values()]:
            found.known |= set(found.good)
            found.good.clear()


def _bare(draft: ItemDraft) -> dict[str, object]:
    """A clause as its columns, with what is a set put in one order."""
    columns = clauses.columns(draft)
    columns["declarers"], columns["evidence"] = sorted(draft.declarers), sorted(draft.evidence)
    return columns


def _stated_day(texts: list[str]) -> date | None:
    for text in texts:
        flat = cells.plain(text).replace(" ", "")
        match = _FORCE_TURNED.search(flat) or _FORCE.search(flat)
        if match:
            try:
                return cells.read_date(match[1].removesuffix("起"), cells.When())
            except CellWrong:
                continue
    return None


def _draft(found: Checked, line: Line, place: int, before: dict[str, Any]) -> ItemDraft | None:
    count = len(found.problems)
    texts = line.cells
    if not texts.get("title"):
        found.wrong(line.number, "title", "title_missing", _("事项没填。"))
    category = found.read(line, "category", _category, before["category"])
    if not category and not texts.get("category"):
        found.wrong(
            line.number, "category", "category_missing", _("类别没填。七类是：{names}。").format(names="、".join(CATEGORIES))
        )
    before["category"] = category
    value = found.read(line, "points", read_value)
    if not texts.get("points"):
        found.wrong(line.number, "points", "points_missing", _("分值没填。"))
    caps = found.read(line, "caps", read_caps, {})
    classes = found.read(line, "classes", _classes, {})
    track = found.read(line, "track", _track, (Track.NOTICE_FIRST, 5))
    quantity_max = found.read(line, "quantity_max", lambda text: cells.read_count(text, 10_000))
    reviews = found.read(line, "reviews", lambda text: cells.read_count(text, 5))
    window = found.read(line, "window", lambda text: cells.read_count(text, 400))
    if len(found.problems) > count or value is None or not category:
        return None
    amount, unit, steps = value
    is_demerit = amount < 0 or any(word in texts.get("direction", "") for word in ("减", "扣", "-", "−"))
    unit = texts.get("unit") or unit or "次"
    kind = _value_kind(texts.get("counting", ""), unit, steps)
    return ItemDraft(
        code=_code(texts, place),
        category=category,
        title=cells.plain(texts["title"]).replace("\n", "") if texts["title"].isascii() else texts["title"].replace("\n", ""),
        points=0 if steps else abs(amount),
        plain=texts.get("remark", ""),
        direction=Direction.DEMERIT if is_demerit else Direction.MERIT,
        effect=_effect(texts.get("effect", ""), is_demerit),
        demerit_kind=_ground(texts) if is_demerit else "",
        value_kind=kind,
        unit=unit,
        quantity_max=quantity_max or (1 if kind == ValueKind.FIXED else 24 if unit == "小时" else 10_000),
        steps=steps,
        classes=classes,
        caps=caps,
        declarers=_choices(texts.get("declarers", ""), DECLARERS) or tuple(DECLARER_WORDS),
        evidence=("document",)
        if is_demerit and _ground(texts) == DemeritKind.RULING
        else _choices(texts.get("evidence", ""), EVIDENCE) or ("photo", "witness"),
        credits_household="家" in texts.get("credits", "") or "户" in texts.get("credits", ""),
        reviews_needed=reviews or 1,
        track=track[0],
        notice_workdays=track[1],
        window_days=window or 30,
        repair=texts.get("repair", ""),
    )


def _code(texts: dict[str, str], place: int) -> str:
    return cells.plain(texts.get("code", "") or texts.get("serial", "") or str(place)).strip(".、").replace(" ", "")


def _category(text: str) -> str:
    bare = _NUMBERED.sub("", cells.plain(text)).replace(" ", "").replace("\n", "").removesuffix("类")
    found = CATEGORIES.get(bare) or next((value for name, value in CATEGORIES.items() if name in bare), "")
    if not found:
        raise CellWrong(
            "category_unknown", _("没有“{text}”这一类。七类是：{names}。").format(text=bare[:12], names="、".join(CATEGORIES))
        )
    return found


def read_value(text: str) -> tuple[int, str, tuple[tuple[int, int], ...]]:
    """What a clause is worth: hundredths, the unit if the text names one, steps if it lists several."""
    flat = cells.plain(text).replace(" ", "").replace("每次", "").replace("\n", ";")
    steps = [part for part in re.split(r"[;；,，、。]", flat) if part]
    if len(steps) > 1:
        return 0, "", tuple(_step(part) for part in steps)
    turned = re.fullmatch(r"每?([\u4e00-\u9fff]{1,4}?)([+\-]?\d+(?:\.\d+)?)分", flat.lstrip("加"))
    if turned:
        return cells.read_points(turned[2]), turned[1], ()
    match = _VALUE.fullmatch(flat)
    if match:
        return cells.read_points(match[1]), match["unit"] or "", ()
    if _STEP.fullmatch(flat):
        return 0, "", (_step(flat),)
    return cells.read_points(flat, zero=False), "", ()


def _step(part: str) -> tuple[int, int]:
    match = _STEP.fullmatch(part)
    if not match:
        raise CellWrong("steps_unreadable", _("分档看不懂，请写成“4小时1分；10小时2分”这样。"))
    return int(match[1]), cells.read_points(match[2])


def read_caps(text: str) -> dict[str, int]:
    """`每月最多8次；每年不超过40分；每户每月2次` → the engine's caps."""
    caps: dict[str, int] = {}
    for part in re.split(r"[;；,，、。\n]|(?<=[次分])且|并且", cells.plain(text).replace(" ", "")):
        if part in NO_CAP:
            continue
        match = _CAP.fullmatch(part) or _CAP_TURNED.fullmatch(part)
        if not match:
            raise CellWrong(
                "cap_unreadable", _("上限“{text}”看不懂，请写成“每月最多8次”或“每户每年不超过40分”。").format(text=part[:20])
            )
        whose = "household" if match["who"] and "户" in match["who"] else "person"
        what = "times" if match["unit"] == "次" else "points"
        name = f"{whose}_{what}_{PERIODS[match['period']]}"
        if name not in CAPS:
            raise CellWrong("cap_not_kept", _("系统里没有“{text}”这种上限，请换一种写法。").format(text=part[:20]))
        amount = cells.read_points(match["amount"])
        caps[name] = amount if what == "points" else amount // points.HUNDRED
    return caps


def _classes(text: str) -> dict[str, dict[str, int]]:
    classes: dict[str, dict[str, int]] = {}
    for name, own in re.findall(r"([^、,，/;；\s()]+)(?:\(([^)]*)\))?", cells.plain(text)):
        if name in ("全体", "所有人", "全体村民", "全村", "不限", "所有储户", "全部", "全体储户"):
            continue
        if name not in CLASSES:
            raise CellWrong(
                "class_unknown",
                _("没有“{text}”这种对象。可以写：{names}。").format(text=name[:12], names="、".join(CLASS_WORDS.values())),
            )
        classes[CLASSES[name]] = _own_terms(own)
    return classes


def _own_terms(text: str) -> dict[str, int]:
    """What differs for one class: `未成年人（1分；每月最多2次）`."""
    terms: dict[str, int] = {}
    for part in re.split(r"[;；·]", text):
        if re.fullmatch(r"\d+(\.\d+)?分?", part):
            terms["points"] = cells.read_points(part)
        else:
            terms |= read_caps(part)
    return terms


def _track(text: str) -> tuple[str, int]:
    days = re.search(r"(\d+)\s*(?:个)?(?:工作)?[日天]", cells.plain(text))
    if days and not 3 <= int(days[1]) <= 7:
        raise CellWrong("notice_days", _("公示填 3 到 7 个工作日。"))
    is_post_first = "先入账" in text or "先记" in text or "后公示" in text
    return (Track.POST_FIRST if is_post_first else Track.NOTICE_FIRST), int(days[1]) if days else 5


def _value_kind(text: str, unit: str, steps: tuple[tuple[int, int], ...]) -> str:
    if steps:
        return ValueKind.STEPS
    for kind, word in COUNTING_WORDS.items():
        if text == word:
            return kind
    return ValueKind.FIXED if unit in WHOLE_UNITS else ValueKind.PER_UNIT


def _effect(text: str, is_demerit: bool) -> str:
    for effect, word in EFFECT_WORDS.items():
        if text == word:
            return effect
    return Effect.POINTS if is_demerit else Effect.POINTS_AND_HONOUR


def _ground(texts: dict[str, str]) -> str:
    stated = texts.get("ground", "")
    for kind in DemeritKind:
        if stated and stated == _chinese(kind):
            return kind.value
    for kind, words in GROUND_WORDS.items():
        if re.search(words, stated or texts.get("title", "")):
            return kind.value
    return ""


def _choices(text: str, words: dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for word, value in words.items() if word in text))


def _chinese(kind: DemeritKind) -> str:
    """The ground as sheets state it, whatever the language of the page."""
    with translation.override("zh-hans"):
        return str(kind.label)

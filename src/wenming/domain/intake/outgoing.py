"""The same tables going out: the columns that we read are the columns that we write, so an export can come in again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from wenming.core import clock, points
from wenming.core.actor import Actor
from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors.queries import DepositorKind, RollEntry
from wenming.domain.intake.headings import SHOWN
from wenming.domain.intake.rolls import CLASS_WORDS, KIND_WORDS
from wenming.domain.intake.rulesheets import COUNTING_WORDS, DECLARER_WORDS, EFFECT_WORDS, EVIDENCE_WORDS
from wenming.domain.ledger import queries as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.engine import CAPS
from wenming.domain.rulebooks.queries import Direction, RuleItem, Track, ValueKind

PAGE = 2_000
ROLL = ("serial", "household_number", "head", "name", "relation", "sex", "born_on", "lane", "classes", "resident_count", "kind",
        "joined_on", "guardian", "passbook")  # fmt: skip
RULEBOOK = ("code", "category", "title", "direction", "points", "unit", "counting", "quantity_max", "caps", "evidence", "classes",
            "declarers", "credits", "effect", "track", "reviews", "window", "ground", "repair", "remark")  # fmt: skip
REGISTER = ("serial", "name", "household_number", "lane", "happened_on", "item", "code", "category", "quantity", "points",
            "remark", "voucher")  # fmt: skip
BALANCES = ("serial", "lane", "name", "household_number", "balance", "honour", "passbook")
STATEMENTS = ("日期", "存折号", "户号", "姓名", "摘要", "存入", "用去", "余额", "凭证", "记账时间")
Wording = Callable[[Sequence[ledger.Line]], Sequence[str]]  # what each of these lines of a passbook was for
Held = tuple[tuple[str, str, str], ledger.Line]  # passbook, household and name; a line
CAP_WORDS = {"person": "每人", "household": "每户", "day": "每天", "month": "每月", "year": "每年"}


@dataclass(frozen=True, slots=True)
class Export:
    """One table to write: its title, lines above the header, the columns, the rows as texts."""

    title: str
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Iterable[Sequence[str]]


def export_rows(*, actor: Actor, kind: str, branch_ids: Sequence[int], on: date, wording: Wording) -> Export:
    """One of roll, rulebook, register, balances, statements for branches that the actor may see; `wording` puts the lines of
    passbooks into words."""
    for branch_id in branch_ids:
        if not actor.is_system and branch_id not in actor.branches():
            raise NotFound
    names = [organisations.organisation(organisation_id=branch_id).name for branch_id in branch_ids]
    place = names[0] if len(names) == 1 else f"{len(names)} 个分行"
    if kind == "rulebook":
        return _rulebook(branch_ids[0], names[0])
    makers: dict[str, tuple[str, tuple[str, ...], Callable[[Actor, Sequence[int], date], Iterator[Sequence[str]]]]] = {
        "roll": ("储户名册", _titles("roll", ROLL), _roll),
        "register": ("积分登记台账", _titles("register", REGISTER), _register),
        "balances": ("积分结余表", _titles("balances", BALANCES), _balances),
        "statements": ("存折流水", STATEMENTS, functools.partial(_statements, wording=wording)),
    }
    if kind not in makers:
        raise NotFound(field="kind")
    title, columns, make = makers[kind]
    return Export(f"{place}{title}", (), columns, make(actor, branch_ids, on))


def _titles(kind: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(SHOWN[kind][name] for name in names)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


# Roll


def _roll(actor: Actor, branch_ids: Sequence[int], on: date) -> Iterator[Sequence[str]]:
    serial = 0
    for branch_id in branch_ids:
        after: int | None = None
        while people := depositors.depositors_of(actor=actor, branch_id=branch_id, after=after, limit=PAGE):
            after = people[-1].pk
            present = [person for person in people if person.status == depositors.Status.ACTIVE]
            classes = depositors.classes_on(depositor_ids=[person.pk for person in present], on=on)
            for person in present:
                serial += 1
                home = person.household
                is_head = home is not None and home.head_id == person.pk
                by_nature = depositors.classes_by_nature(person.kind, person.born_on, on)
                words = [CLASS_WORDS[name] for name in CLASS_WORDS if name in classes[person.pk] - by_nature]
                yield (
                    str(serial),
                    home.number if home else "",
                    person.name if is_head else "",
                    person.name,
                    "户主" if is_head else "家人" if home and person.kind == DepositorKind.PERSON else "",
                    {"m": "男", "f": "女"}.get(person.sex, ""),
                    _day(person.born_on),
                    home.lane if home else "",
                    "、".join(words),
                    str(home.resident_count) if home else "",
                    KIND_WORDS[DepositorKind(person.kind)],
                    _day(person.joined_on),
                    person.guardian,
                    person.passbook.number,
                )


# Rule book


def _rulebook(branch_id: int, name: str) -> Export:
    """The clauses of the newest edition that holds or will hold at the branch."""
    edition = rulebooks.edition_in_force(branch_id=branch_id, on=date.max)
    notes: list[str] = []
    items: Iterable[RuleItem] = ()
    if edition is not None and edition.in_force_from is not None:
        notes.append(f"生效日期：{edition.in_force_from.isoformat()}")
        if edition.demerits_vote:
            notes.append(edition.demerits_vote)
        items = rulebooks.items_in_force(branch_id=branch_id, on=edition.in_force_from)
    return Export(f"{name}积分细则", tuple(notes), _titles("rulebook", RULEBOOK), (_clause(item) for item in items))


def _clause(item: RuleItem) -> Sequence[str]:
    steps = "；".join(f"{step['from']}{item.unit}{points.show(step['points'])}分" for step in item.steps)
    is_demerit = item.direction == Direction.DEMERIT
    caps = {cap: getattr(item, cap) for cap in CAPS if getattr(item, cap) is not None}
    return (
        item.code,
        item.get_category_display(),
        item.title,
        item.get_direction_display(),
        steps or (points.show(-item.points) if is_demerit else points.show_signed(item.points)),
        item.unit,
        COUNTING_WORDS[ValueKind(item.value_kind)],
        str(item.quantity_max),
        caps_words(caps),
        "、".join(EVIDENCE_WORDS[name] for name in item.evidence),
        "、".join(_class_words(name, own) for name, own in item.classes.items()),
        "、".join(DECLARER_WORDS[name] for name in item.declarers),
        "家庭存折" if item.credits_household else "本人存折",
        EFFECT_WORDS[rulebooks.Effect(item.effect)],
        f"{'先入账后公示' if item.track == Track.POST_FIRST else '先公示后入账'}{item.notice_workdays}个工作日",
        str(item.reviews_needed),
        str(item.window_days),
        item.get_demerit_kind_display() if is_demerit else "",
        item.repair,
        item.plain,
    )


def caps_words(caps: Mapping[str, int]) -> str:
    """The engine's caps as a clerk writes them: 每人每月最多8次；每户每年最多40分."""
    parts = []
    for cap, limit in caps.items():
        who, what, period = cap.split("_")
        amount = f"{limit}次" if what == "times" else f"{points.show(limit).replace(',', '')}分"
        parts.append(f"{CAP_WORDS[who]}{CAP_WORDS[period]}最多{amount}")
    return "；".join(parts)


def _class_words(name: str, own: Mapping[str, int]) -> str:
    parts = [f"{points.show(own['points'])}分"] if "points" in own else []
    caps = {cap: limit for cap, limit in own.items() if cap != "points"}
    parts += [caps_words(caps)] if caps else []
    word = CLASS_WORDS[depositors.IdentityClass(name)]
    return f"{word}（{'；'.join(parts)}）" if parts else word


# Register


def _register(actor: Actor, branch_ids: Sequence[int], on: date) -> Iterator[Sequence[str]]:
    """What is deposited, oldest day first within the order of entry."""
    serial, before = 0, None
    pages: list[Sequence[str]] = []
    while found := deeds.declarations_in(
        actor=actor, branch_ids=branch_ids, status=deeds.Status.DEPOSITED, before=before, limit=PAGE
    ):
        before = found[-1].pk
        for one in found:
            home = one.household
            pages.append(
                (
                    "",
                    one.depositor.name,
                    home.number if home else "",
                    home.lane if home else "",
                    one.happened_on.isoformat(),
                    one.item.title,
                    one.item.code,
                    one.item.get_category_display(),
                    str(one.quantity),
                    points.show_signed(one.points or one.honour or 0),
                    one.words,
                    one.public_id,
                )
            )
    for serial, row in enumerate(reversed(pages), 1):
        yield (str(serial), *row[1:])


# Balances and statements


def _accounts(branch_ids: Sequence[int]) -> Iterator[RollEntry]:
    for branch_id in branch_ids:
        yield from depositors.roll_index(branch_id=branch_id).entries.values()


def _balances(actor: Actor, branch_ids: Sequence[int], on: date) -> Iterator[Sequence[str]]:
    entries = list(_accounts(branch_ids))
    spendable = ledger.balances([entry.points_account_id for entry in entries])
    honour = ledger.balances([entry.honour_account_id for entry in entries])
    total = total_honour = 0
    for serial, entry in enumerate(entries, 1):
        now, ever = spendable.get(entry.points_account_id, 0), honour.get(entry.honour_account_id, 0)
        total, total_honour = total + now, total_honour + ever
        yield str(serial), "", entry.name, entry.household_number, points.show(now), points.show(ever), entry.passbook_number
    yield "合计", "", "", "", points.show(total), points.show(total_honour), ""


def _statements(actor: Actor, branch_ids: Sequence[int], on: date, wording: Wording) -> Iterator[Sequence[str]]:
    """Every line of every passbook of points, passbook by passbook, oldest first; put into words many at once."""
    held: list[Held] = []
    for entry in _accounts(branch_ids):
        whose = (entry.passbook_number, entry.household_number, entry.name)
        held += [(whose, line) for line in _lines(entry.points_account_id)]
        if len(held) >= PAGE:
            yield from _in_words(held, wording)
            held = []
    yield from _in_words(held, wording)


def passbook(*, actor: Actor, depositor_id: int, wording: Wording) -> Export:
    """One depositor's passbook of points, every line, oldest first."""
    person = depositors.depositor(actor=actor, depositor_id=depositor_id)
    number = person.passbook.number
    whose = (number, person.household.number if person.household else "", person.name)
    held: list[Held] = [(whose, line) for line in _lines(person.passbook.points_account_id)]
    return Export(f"{person.name}{number} 存折流水", (), STATEMENTS, _in_words(held, wording))


def _lines(account_id: int) -> list[ledger.Line]:
    """Every line of a passbook, oldest first."""
    lines, before = [], None
    while found := ledger.statement(account_id, before=before, limit=PAGE):
        lines += found
        before = found[-1].sequence
    return lines[::-1]


def _in_words(held: Sequence[Held], wording: Wording) -> Iterator[Sequence[str]]:
    for (whose, line), words in zip(held, wording([line for _whose, line in held]), strict=True):
        yield (
            clock.local_date(line.occurred_at).isoformat(),
            *whose,
            words,
            points.show_signed(line.amount) if line.amount > 0 else "",
            points.show(-line.amount) if line.amount < 0 else "",
            points.show(line.balance_after),
            line.public_id,
            line.recorded_at.isoformat(timespec="seconds"),
        )

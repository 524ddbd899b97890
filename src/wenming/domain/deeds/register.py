"""A whole paper register at once: every row under every rule and cap, reckoned in memory, written in a few statements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Q

from wenming.core import audit, bulk, chance, clock, points
from wenming.core.actor import Actor
from wenming.core.errors import Refusal, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service, take_turn
from wenming.domain.deeds import caps, policies, queries, refusals
from wenming.domain.deeds.declaring import check_day
from wenming.domain.deeds.depositing import moves_for, posting_of
from wenming.domain.deeds.models import Declaration, Door, RegisterBatch, Status
from wenming.domain.deeds.reviewing import explanation
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.notices.services import LineDraft
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import engine
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.queries import ItemIndex, RuleItem

MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row of a register. `row` is its number on the sheet; `item` the clause's number or title; `points` what the
    sheet says it is worth, in hundredths, if it says so."""

    row: int
    depositor_id: int
    item: str
    happened_on: date
    quantity: int = 1
    words: str = ""
    points: int | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be recorded; `field` is the name of the RegisterRow's field it speaks of, `right` what would have to
    stand there, where the rules leave one answer."""

    row: int
    field: str
    code: str
    message: str
    right: str = ""


@dataclass(frozen=True, slots=True)
class RegisterResult:
    """What a batch brought about; the same batch again gives the same result and writes nothing."""

    batch_key: str
    count: int
    points: int
    first_id: int
    is_repeat: bool = False
    notice_number: str = ""


class Worth(NamedTuple):
    """What a deed is given. `said` is its explanation as JSON text, cut wherever its day stands."""

    points: int
    honour: int
    worth: int
    said: list[str]

    def kept(self, day: date) -> str:
        """The explanation of such a deed on that day."""
        return _on(day).join(self.said)


class Tally(NamedTuple):
    """One cap of a clause, and what counts against it: by whose it is and on which day its window begins."""

    cap: str
    used: dict[tuple[int, date], int]
    is_person: bool
    is_times: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause as the rows need it. `is_off`: a demerit that no vote has switched on."""

    terms: engine.ItemTerms
    tallies: tuple[Tally, ...]
    is_off: bool


@dataclass(slots=True)
class Reckoned:
    """One good row with its clause, person and points; then its id, what was posted, and its line on the wall."""

    row: RegisterRow
    item: RuleItem
    who: depositors.RollEntry
    credited: depositors.RollEntry
    given: Worth
    pk: int = 0
    posted: int = 0
    transaction_id: int | None = None
    notice_line_id: int | None = None


@dataclass(slots=True)
class Reckoner:
    """Everything that the rows need, read once; caps are counted up as the rows go by.

    Deeds of the same clause, quantity and classes, with the same counted before them, are given the same: each such case
    is put to the engine once.
    """

    branch_id: int
    today: date
    has_window: bool
    roll: depositors.RollIndex
    items: ItemIndex
    classes: depositors.ClassBook
    book_id: int
    scope: str
    homes: Mapping[int, depositors.RollEntry] = field(default_factory=dict)
    used: dict[tuple[str, str], dict[tuple[int, date], int]] = field(default_factory=dict)
    clauses: dict[int, Clause] = field(default_factory=dict)
    worths: dict[tuple[object, ...], Worth] = field(default_factory=dict)

    def reckon(self, row: RegisterRow) -> Reckoned:
        """The points of one row, after the rows before it. Refuses what the same deed declared singly would be refused."""
        who = self.roll.entries.get(row.depositor_id)
        if who is None:
            raise refusals.NotOnRoll(field="depositor_id")
        day = row.happened_on
        item = self.items.find(row.item, day)
        if item is None:
            raise refusals.ItemNotInForce(field="item")
        clause = self.clauses.get(item.pk) or self.clause(item)
        if clause.is_off:
            raise refusals.DemeritsOff(field="item")
        if self.has_window or day > self.today or day < who.joined_on:
            check_day(item, day, who.joined_on, self.today)
        classes = self.classes.on(who.depositor_id, day)
        counted = self.counted(clause, who, day)
        case = (item.pk, row.quantity, classes, *(used for _tally, _key, used in counted))
        given = self.worths.get(case)
        if given is None:
            usage = engine.Usage({tally.cap: used for tally, _key, used in counted if used})
            given = self.worths[case] = _worth(clause.terms, engine.DeedFacts(day, row.quantity, classes), usage)
        if row.points is not None and row.points != (given.points or given.honour):
            written, due = points.show(row.points), points.show(given.points or given.honour)
            raise refusals.PointsDiffer(field="points", written=written, due=due)
        for tally, key, used in counted:
            tally.used[key] = used + (1 if tally.is_times else given.worth)
        return Reckoned(row, item, who, self.homes.get(who.household_id or 0, who) if item.credits_household else who, given)

    def counted(self, clause: Clause, who: depositors.RollEntry, day: date) -> list[tuple[Tally, tuple[int, date], int]]:
        """Each cap of the clause, where this person's deeds of that day are counted, and what is counted there already."""
        person = who.depositor_id
        home = who.household_id if who.household_id is not None else person
        found = []
        for tally in clause.tallies:
            key = (person if tally.is_person else home, engine.window_start(tally.cap, day))
            found.append((tally, key, tally.used.get(key, 0)))
        return found

    def clause(self, item: RuleItem) -> Clause:
        """A clause made ready; editions of the same clause count together."""
        name = f"{item.edition.rule_book_id}/{item.code}"
        made = self.clauses[item.pk] = Clause(
            terms=rulebooks.terms_of(item),
            tallies=tuple(
                Tally(cap, self.used.setdefault((cap, name), {}), cap.startswith("person"), "_times_" in cap)
                for cap in caps_in_use(item)
            ),
            is_off=item.direction == rulebooks.Direction.DEMERIT and not item.edition.demerits_vote,
        )
        return made


def _worth(terms: engine.ItemTerms, facts: engine.DeedFacts, usage: engine.Usage) -> Worth:
    given = engine.assess(terms, facts, usage)
    text = bulk.COMPACT(explanation(facts, usage, given))
    return Worth(given.points, given.honour, given.worth, text.split(_on(facts.happened_on)))


def _on(day: date) -> str:
    """How an explanation names its day. Quotes inside JSON texts carry a backslash, so that no title reads like this."""
    return f'"on":"{day.isoformat()}"'


def caps_in_use(item: RuleItem) -> tuple[str, ...]:
    """The caps that this clause sets, for everyone or for a class."""
    return tuple(cap for cap in engine.CAPS if getattr(item, cap) is not None or any(cap in own for own in item.classes.values()))


def _reckoner(branch_id: int, rows: Sequence[RegisterRow], at: datetime, *, has_window: bool) -> Reckoner:
    """Read the roll, the clauses, the classes of the people on each day, and what counts against the caps already."""
    roll = depositors.roll_index(branch_id=branch_id)
    people = {row.depositor_id for row in rows} & roll.entries.keys()
    made = _read(branch_id, roll, people, at, has_window=has_window)
    wanted = {item.code for row in rows if (item := made.items.find(row.item, row.happened_on)) is not None}
    _count_used(made, wanted, sorted({row.happened_on for row in rows if row.depositor_id in roll.entries}))
    return made


def begin_history(*, branch_id: int, year: int, at: datetime, before: Reckoner | None = None) -> Reckoner:
    """What a year of registers of one branch needs, read once: hand it to `record_register` again and again as `history`.

    Only for a bank's past read in at one go: what anybody else records or adopts in between is not seen, and a sheet that
    was refused has spoiled the count. `before` is the same of the year before: its clauses and counts go on.
    """
    roll = depositors.roll_index(branch_id=branch_id)
    if before is not None:
        classes = depositors.class_book(entries=roll.entries.values())
        return replace(before, today=clock.local_date(at), roll=roll, classes=classes, homes=_family_passbooks(roll))
    made = _read(branch_id, roll, roll.entries, at, has_window=False)
    codes = {code for _edition, code in made.items.by_code}
    _count_used(made, codes, [date(year, 1, 1), date(year, 12, 31)])
    return made


def _read(branch_id: int, roll: depositors.RollIndex, people: Iterable[int], at: datetime, *, has_window: bool) -> Reckoner:
    book_id, scope = organisations.book_and_scope(branch_id=branch_id)
    return Reckoner(
        branch_id=branch_id,
        today=clock.local_date(at),
        has_window=has_window,
        roll=roll,
        items=rulebooks.item_index(branch_id=branch_id),
        book_id=book_id,
        scope=scope,
        classes=depositors.class_book(entries=[roll.entries[pk] for pk in people]),
        homes=_family_passbooks(roll),
    )


def _family_passbooks(roll: depositors.RollIndex) -> dict[int, depositors.RollEntry]:
    """The passbook that clauses for the household credit: the household's own, else the head's."""
    found: dict[int, depositors.RollEntry] = {}
    for entry in roll.entries.values():
        is_own = entry.kind == depositors.DepositorKind.HOUSEHOLD
        if entry.household_id is not None and (is_own or (entry.is_head and entry.household_id not in found)):
            found[entry.household_id] = entry
    return found


def _count_used(made: Reckoner, codes: set[str], days: Sequence[date]) -> None:
    """What earlier deeds at the branch count for these clauses: of the months that the sheet touches, and of its years
    where a clause has a cap by the year."""
    items = {one.pk: one for one in made.items.by_code.values() if one.code in codes and caps_in_use(one)}
    if not days or not items:
        return
    by_year = [pk for pk, one in items.items() if any(cap.endswith("_year") for cap in caps_in_use(one))]
    months = Q(happened_on__gte=days[0].replace(day=1), happened_on__lt=clock.next_month(days[-1]))
    years = Q(happened_on__gte=date(days[0].year, 1, 1), happened_on__lt=date(days[-1].year + 1, 1, 1), item_id__in=by_year)
    earlier = Declaration.objects.filter(
        months | years, branch_id=made.branch_id, status__in=caps.COUNTED, item_id__in=list(items)
    )
    rows = earlier.values_list("item_id", "depositor_id", "happened_on", "points", "honour")
    for item_id, depositor_id, happened_on, gained, honour in rows.iterator(chunk_size=5000):
        who = made.roll.entries.get(depositor_id)
        if who is None:
            continue
        clause = made.clauses.get(item_id) or made.clause(items[item_id])
        for tally, key, used in made.counted(clause, who, happened_on):
            tally.used[key] = used + (1 if tally.is_times else caps.worth_of(gained, honour))


def check_register(*, branch_id: int, rows: Sequence[RegisterRow], at: datetime, has_window: bool = False) -> list[RowProblem]:
    """Every row that could not be recorded, and why; caps are counted down the sheet. Writes nothing."""
    return _sort_out(_reckoner(branch_id, rows, at, has_window=has_window), rows)[1]


def _sort_out(reckoner: Reckoner, rows: Iterable[RegisterRow]) -> tuple[list[Reckoned], list[RowProblem]]:
    good, bad = [], []
    for row in rows:
        try:
            good.append(reckoner.reckon(row))
        except Refusal as refusal:
            due = str(refusal.details.get("due", ""))
            bad.append(RowProblem(row.row, refusal.field, refusal.code, refusal.words, due))
    return good, bad


def _unnoticed(good: Iterable[Reckoned]) -> list[RowProblem]:
    """Demerits count only after a notice: those that hung nowhere are refused."""
    refusal = refusals.DemeritUnnoticed(field="item")
    return [
        RowProblem(one.row.row, refusal.field, refusal.code, refusal.words)
        for one in good
        if one.item.direction == rulebooks.Direction.DEMERIT
    ]


@service
def record_register(
    *,
    actor: Actor,
    branch_id: int,
    rows: Sequence[RegisterRow],
    batch_key: str,
    at: datetime,
    noticed_on: date | None = None,
    has_window: bool = False,
    history: Reckoner | None = None,
    brought_by: int | None = None,
    signed_by: int | None = None,
) -> RegisterResult:
    """Record a register that was kept on paper: every row under the rules of its day, posted, all or nothing.

    `noticed_on` says that the sheet hung on the wall on that day already; without it the rows go on a notice of their
    own, posted first. The same batch again changes nothing; the same key with other rows is refused. `history` is what
    `begin_history` read for a run of sheets. Who brought and who signed the sheet is kept: they are barred from its deeds
    as who declared one and who reviewed it are.
    """
    require(policies.may_import(actor, branch_id))
    if not rows:
        raise refusals.NothingChosen
    if len(rows) > MOST_ROWS:
        raise refusals.BatchTooLarge(most=MOST_ROWS)
    digest = _digest(branch_id, rows)
    take_turn(f"register:{batch_key}")
    earlier = _earlier(batch_key, digest)
    if earlier is not None:
        return earlier
    caps.hold_branch(branch_id)
    reckoner = history or _reckoner(branch_id, rows, at, has_window=has_window)
    reckoner.today = clock.local_date(at)
    good, bad = _sort_out(reckoner, rows)
    bad += _unnoticed(good) if noticed_on is None else []
    if bad:
        raise refusals.RegisterHasProblems(count=len(bad), problems=bad)
    for pk, one in zip(bulk.next_ids(Declaration, len(good)), good, strict=True):
        one.pk, one.posted = pk, one.given.points
    _post(good, reckoner, at)
    failpoint("deeds.register_posted")
    notice = None if noticed_on is not None else _notice(good, actor, branch_id, at)
    failpoint("deeds.register_noticed")
    _write(good, branch_id, actor, batch_key, digest, at)
    RegisterBatch.objects.create(key=batch_key, brought_by=brought_by, signed_by=signed_by, recorded_by=actor.user_id)
    failpoint("deeds.register_written")
    total = sum(one.posted for one in good)
    facts = {"rows": len(good), "points": total, "noticed_on": noticed_on.isoformat() if noticed_on else ""}
    audit.record(
        actor=actor,
        act="deeds.register_recorded",
        subject=f"batch:{batch_key}"[:64],
        at=at,
        organisation_id=branch_id,
        facts=facts,
    )
    return RegisterResult(batch_key, len(good), total, good[0].pk, notice_number=notice.number if notice else "")


def _digest(branch_id: int, rows: Sequence[RegisterRow]) -> str:
    facts = [
        [row.row, row.depositor_id, row.item, row.happened_on.isoformat(), row.quantity, row.words, row.points] for row in rows
    ]
    return hashlib.sha256(json.dumps([branch_id, facts], ensure_ascii=False).encode()).hexdigest()


def _earlier(batch_key: str, digest: str) -> RegisterResult | None:
    """What this batch brought about before."""
    first = Declaration.objects.filter(submission_key=f"{batch_key}:0").values_list("pk", "request_hash").first()
    if first is None:
        return None
    if first[1] != digest:
        raise refusals.KeyReused
    kept = list(Declaration.objects.filter(pk__gte=first[0], batch_key=batch_key).values_list("posted", flat=True))
    return RegisterResult(batch_key, len(kept), sum(one or 0 for one in kept), first[0], is_repeat=True)


COLUMNS = (
    "id", "public_id", "branch", "item", "depositor", "household", "passbook", "declared_by", "door", "happened_on", "quantity",
    "words", "status", "status_at", "declared_at", "revision", "history", "points", "honour", "posted", "explanation",
    "notice_line_id", "is_noticed", "transaction", "submission_key", "request_hash", "group_key", "batch_key",
)  # fmt: skip


def _write(good: Sequence[Reckoned], branch_id: int, actor: Actor, batch_key: str, digest: str, at: datetime) -> None:
    """The declarations, deposited already, without an object for each."""
    user_id, door, status = actor.user_id, Door.SHEET.value, Status.DEPOSITED.value
    rows: list[tuple[object, ...]] = [
        (
            one.pk, public_id, branch_id, one.item.pk, one.who.depositor_id, one.who.household_id,
            one.credited.passbook_id, user_id, door, one.row.happened_on, one.row.quantity, one.row.words[:500], status, at, at,
            1, "[]", one.given.points, one.given.honour, one.posted, one.given.kept(one.row.happened_on), one.notice_line_id,
            True, one.transaction_id, f"{batch_key}:{place}", digest, None, batch_key,
        )
        for place, (one, public_id) in enumerate(zip(good, chance.public_ids(len(good)), strict=True))
    ]  # fmt: skip
    bulk.insert(Declaration, COLUMNS, rows)


def _post(good: Sequence[Reckoned], reckoner: Reckoner, at: datetime) -> None:
    """Post the whole sheet in one act of the books; a demerit takes what is there when its row comes."""
    balances = ledger_queries.balances({one.credited.points_account_id for one in good if one.given.points < 0})
    postings, posted = [], []
    for one in good:
        account = one.credited.points_account_id
        if account in balances:
            one.posted = max(one.given.points, -balances[account])
            balances[account] += one.posted
        moves = moves_for(one.posted, one.given.honour, account, one.credited.honour_account_id)
        if moves:
            postings.append(posting_of(one.pk, moves, one.row.happened_on, reckoner.scope, at, is_penalty=one.given.points < 0))
            posted.append(one)
    if postings:
        numbers = ledger.post_many(book_id=reckoner.book_id, postings=postings)
        for one, number in zip(posted, numbers, strict=True):
            one.transaction_id = number


def _notice(good: Sequence[Reckoned], actor: Actor, branch_id: int, at: datetime) -> notice_queries.Notice:
    """Hang up what was posted first, the whole sheet on one notice."""
    today = clock.local_date(at)
    names = depositors.public_names(depositor_ids={one.who.depositor_id for one in good}, on=today)
    lines = [
        LineDraft(
            queries.subject_of(one.pk),
            names[one.who.depositor_id] if one.given.points >= 0 else "1 户",
            one.item.title,
            one.given.points or one.given.honour,
            one.row.happened_on,
        )
        for one in good
    ]
    notice = notices.publish(
        actor=actor,
        branch_id=branch_id,
        title=f"{today.year}年{today.month}月{today.day}日登记公示",
        lines=lines,
        workdays=max(one.item.notice_workdays for one in good),
        at=at,
    )
    ids = notice_queries.line_ids(notice_id=notice.pk)
    for one in good:
        one.notice_line_id = ids[queries.subject_of(one.pk)]
    return notice

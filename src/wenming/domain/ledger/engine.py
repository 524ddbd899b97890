# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""The posting engine: a batch of acts in a handful of statements. One act is a batch of one.

Order of work: stand among the posters of the book · read the book and its house accounts · lock the members' rows in
ascending id · plan every act in order, each against the balances that the acts before it left · write transactions,
entries and balances. Keys are checked by inserting first; what the unique index refuses is looked up and planned again.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError

from wenming.core import chance, points
from wenming.core.errors import Refusal
from wenming.domain.ledger import dialect, memento, refusals
from wenming.domain.ledger.hashing import Digests, digests_of
from wenming.domain.ledger.models import ENTRIES_MOST, PLACES, Kind, Unit

HOUSES: dict[Unit, tuple[str, ...]] = {
    Unit.POINTS: ("issuance", "escrow", "redeemed", "expired", "opening", "written_off"),
    Unit.HONOUR: ("issuance", "escrow", "redeemed", "expired", "opening", "written_off"),
    Unit.FEN: ("outside",),
}
# What these kinds bring back was spent before: it lowers what was spent and does not count as earned again.
RESTORING = frozenset({Kind.ORDER_RELEASED.value, Kind.ORDER_REFUNDED.value, Kind.FUND_RETURNED.value})
KINDS = {kind.value: kind.value for kind in Kind}
COUNTS = [bytes((count,)) for count in range(ENTRIES_MOST + 1)]
NO_PAST = [memento.NOTHING * 2 + count for count in COUNTS]


class Move(NamedTuple):
    """From where, to where, how much (> 0): an account's pk, or the name of a house account such as "issuance"."""

    source: int | str
    destination: int | str
    amount: int


class Posting(NamedTuple):
    """One act to post. `scope` is the branch's code; `ends` the hold that it closes; `reverses` what it puts right."""

    kind: str
    subject: str
    moves: tuple[Move, ...]
    key: str
    occurred_at: datetime
    recorded_at: datetime
    scope: str = ""
    ends: int | None = None
    reverses: int | None = None
    write_off: bool = False


class AccountState:
    """An account's figures while a batch is planned."""

    __slots__ = (
        "balance", "closed", "code", "credited", "debited", "floor", "has_balance", "held", "is_escrow", "last", "pk", "place",
        "token", "unit",
    )  # fmt: skip

    def __init__(self, row: dialect.Row) -> None:
        (
            self.pk, public_id, self.unit, self.code, self.has_balance, self.floor, self.balance, self.credited, self.debited,
            self.held, sequence, self.last, self.closed,
        ) = row  # fmt: skip
        self.place = self.pk * PLACES + sequence
        self.token = bytes.fromhex(public_id)
        self.is_escrow = not self.has_balance and self.code.endswith(":escrow")


ACCOUNT_COLUMNS = (
    "id, public_id, unit, code, is_member OR unit = 'fen', floor, balance, credited_total, debited_total, held, "
    "last_sequence, last_recorded, closed_at IS NOT NULL"
)
BOOK_AND_HOUSES = (
    "SELECT b.code, b.algorithm, b.sealed_through, {columns} FROM ledger_book b JOIN ledger_account a ON a.book_id = b.id "
    "WHERE b.id = %s AND a.code IN ({names})"
).format(
    columns=", ".join(f"a.{column}" for column in ACCOUNT_COLUMNS.replace("OR unit", "OR a.unit").split(", ")),
    names=", ".join(f"'{unit.value}:{name}'" for unit, names in HOUSES.items() for name in names),
)


@dataclass(slots=True)
class Past:
    """An earlier transaction that an act ends or reverses."""

    token: bytes
    is_ended: bool
    is_reversed: bool
    into_escrow: int
    holders: dict[int, int]


@dataclass(slots=True)
class Stage:
    """What a batch is planned against, and what comes out of it: `linked` are the transactions that end or reverse one."""

    book_id: int
    mark: bytes
    digests: Digests
    sealed_through: int
    accounts: dict[int, AccountState]
    houses: dict[str, dict[str, AccountState]]
    past: dict[int, Past]
    touched: set[AccountState] = field(default_factory=set)
    plain: list[dialect.Row] = field(default_factory=list)
    linked: list[dialect.Row] = field(default_factory=list)
    entries: list[dialect.Row] = field(default_factory=list)


Known = tuple[int, bytes]  # the pk and the body of the memento of a key that is already in the books


def post_batch(book_id: int, postings: Sequence[Posting]) -> tuple[list[int], list[dialect.Row]]:
    """Post a batch inside the caller's transaction: the pks in order, and the rows of the transactions that are new.

    A key that is already there with the same words gives its pk and no new row.
    """
    if not postings:
        return [], []
    known: dict[str, Known] = {}
    has_looked = False
    while True:
        try:
            stage = _stage(book_id, postings)
            results = _plan(stage, postings, known)
            with dialect.attempt():
                _write(stage)
            return results, stage.plain + stage.linked
        except (Refusal, IntegrityError) as error:
            found = _known(book_id, postings)
            if found.keys() == known.keys() and (has_looked or isinstance(error, Refusal)):
                raise
            known, has_looked = found, True


def _known(book_id: int, postings: Sequence[Posting]) -> dict[str, Known]:
    condition, values = dialect.among("key", [posting.key for posting in postings])
    statement = f"SELECT key, id, memento FROM ledger_transaction WHERE book_id = %s AND {condition}"
    return {key: (pk, memento.body_of(whole)) for key, pk, whole in dialect.rows_of(statement, [book_id, values])}


def _stage(book_id: int, postings: Sequence[Posting]) -> Stage:
    dialect.join_posting(book_id)
    houses: dict[str, dict[str, AccountState]] = {}
    rows = dialect.rows_of(BOOK_AND_HOUSES, [book_id])
    code, algorithm, sealed_through = rows[0][:3]
    for row in rows:
        house = AccountState(row[3:])
        houses.setdefault(house.code.partition(":")[2], {})[house.unit] = house
    earlier_ids: set[int | None] = {None}
    sides: set[int | str] = set()
    for posting in postings:
        earlier_ids.update(posting[7:9])
        for source, destination, _amount in posting[2]:
            sides.add(source)
            sides.add(destination)
    past = _read_past({pk for pk in earlier_ids if pk is not None}, houses)
    wanted = {side for side in sides if isinstance(side, int)}
    if "outside" in sides:
        wanted.add(houses["outside"][Unit.FEN].pk)
    for earlier in past.values():
        wanted.update(earlier.holders)
    accounts = _lock_members(book_id, sorted(wanted))
    for group in houses.values():
        for unit, house in group.items():
            group[unit] = accounts.setdefault(house.pk, house)
    return Stage(
        book_id=book_id,
        mark=memento.book_mark(code),
        digests=digests_of(algorithm),
        sealed_through=sealed_through,
        accounts=accounts,
        houses=houses,
        past=past,
    )


def _lock_members(book_id: int, ids: Sequence[int]) -> dict[int, AccountState]:
    """Lock the rows of these accounts in ascending id and read them. Points house accounts are never among them."""
    condition, values = dialect.among("id", ids)
    statement = f"SELECT {ACCOUNT_COLUMNS} FROM ledger_account WHERE +book_id = %s AND {condition}"
    return {row[0]: AccountState(row) for row in dialect.rows_of(statement + dialect.for_update(), [book_id, values])}


def _read_past(ids: set[int], houses: dict[str, dict[str, AccountState]]) -> dict[int, Past]:
    """The transactions that a batch ends or reverses: their public ids, what they put in escrow, and for whom."""
    if not ids:
        return {}
    condition, values = dialect.among("t.id", sorted(ids))
    statement = (
        "SELECT t.id, t.memento, EXISTS (SELECT 1 FROM ledger_transaction o WHERE o.ends_id = t.id), "
        f"EXISTS (SELECT 1 FROM ledger_transaction o WHERE o.reverses_id = t.id) FROM ledger_transaction t WHERE {condition}"
    )
    rows = dialect.rows_of(statement, [values])
    escrow = {house.token for house in houses["escrow"].values()}
    lines = {pk: memento.lines_of(whole) for pk, whole, _ended, _reversed in rows}
    pks = _pks_of({token for found in lines.values() for token, amount in found if amount < 0})
    past: dict[int, Past] = {}
    for pk, whole, is_ended, is_reversed in rows:
        into_escrow = sum(amount for token, amount in lines[pk] if token in escrow)
        holders = {pks[token]: -amount for token, amount in lines[pk] if amount < 0} if into_escrow > 0 else {}
        past[pk] = Past(memento.token_of(whole), bool(is_ended), bool(is_reversed), into_escrow, holders)
    return past


def _pks_of(tokens: set[bytes]) -> dict[bytes, int]:
    """The accounts of these public ids."""
    condition, values = dialect.among("public_id", sorted(token.hex() for token in tokens))
    return {
        bytes.fromhex(public_id): pk
        for public_id, pk in dialect.rows_of(f"SELECT public_id, id FROM ledger_account WHERE {condition}", [values])
    }


def _plan(stage: Stage, postings: Sequence[Posting], known: dict[str, Known]) -> list[int]:
    """Work out every row of the batch in order; nothing is written yet."""
    ids = iter(dialect.next_ids("ledger_transaction", len(postings)))
    noise = chance.random_bytes(8 * len(postings))
    book_id, mark, pack, pack_line = stage.book_id, stage.mark, memento.pack_amount, memento.pack_line
    micros, words_of = functools.cache(memento.micros), functools.cache(_words)
    subject_hashes = stage.digests([posting[1].encode() for posting in postings])
    key_hashes = stage.digests([posting[3].encode() for posting in postings])
    has_repeats = bool(known) or len({posting[3] for posting in postings}) < len(postings)
    seen = dict(known)
    results: list[int] = []
    before: list[object] = [None] * 4
    for position, posting in enumerate(postings):
        kind, subject, _moves, key, occurred_at, recorded_at, scope, ends_pk, reverses_pk, is_write_off = posting
        if [kind, scope, occurred_at, recorded_at] != before:
            before = [kind, scope, occurred_at, recorded_at]
            name, prefix, is_restoring = words_of(kind, scope)
            occurred, given = micros(occurred_at), micros(recorded_at)
        lines = _lines(stage, posting)
        if is_write_off:
            lines = _divert(stage, lines)
        is_plain = ends_pk is None and reverses_pk is None
        past = NO_PAST[len(lines)] if is_plain else _past(stage, ends_pk, reverses_pk) + COUNTS[len(lines)]
        packed = [pack_line(account.token, amount) for account, amount in lines]
        body = b"".join((prefix, subject_hashes[position], pack(occurred), past, *packed))
        if has_repeats and key in seen:
            pk, earlier = seen[key]
            if earlier != body:
                raise refusals.KeyReused(position=position)
            results.append(pk)
            continue
        if not is_plain:
            _check_past(stage, posting)
        pk = next(ids)
        recorded = _apply(stage, posting, pk, lines, position, given, is_restoring or reverses_pk is not None)
        token = noise[8 * position : 8 * position + 8]
        whole = bytearray().join((mark, pack(pk), token, pack(recorded), key_hashes[position], body))
        row = (pk, book_id, name, subject, scope, key, occurred, recorded, whole)
        if is_plain:
            stage.plain.append(row)
        else:
            stage.linked.append((*row, ends_pk, reverses_pk))
        if has_repeats:
            seen[key] = (pk, body)
        results.append(pk)
    return results


def _words(kind: str, scope: str) -> tuple[str, bytes, bool]:
    """A kind as plain text, kind and scope as the memento has them, and whether the kind brings back what was spent."""
    return KINDS[kind], memento.short(kind) + memento.short(scope), kind in RESTORING


def _lines(stage: Stage, posting: Posting) -> list[tuple[AccountState, int]]:
    """The entries that the moves make: one for each account, in the order in which the moves name them."""
    net: dict[AccountState, int] = {}
    accounts, houses, moves = stage.accounts, stage.houses, posting[2]
    for source, destination, amount in moves:
        if type(amount) is not int or not 0 < amount <= points.LARGEST:
            raise refusals.AmountOutOfRange(field="amount")
        try:
            if isinstance(source, int):
                giver = accounts[source]
                taker = accounts[destination] if isinstance(destination, int) else houses[destination][giver.unit]
            elif isinstance(destination, int):
                taker = accounts[destination]
                giver = houses[source][taker.unit]
            else:
                giver, taker = houses[source][Unit.POINTS], houses[destination][Unit.POINTS]
        except KeyError:
            raise _unknown(stage, source, destination) from None
        if giver.unit != taker.unit:
            raise refusals.MixedUnits()
        assert posting[7] is not None or not giver.is_escrow, f"{posting.key}: what leaves escrow ends a hold"
        if len(moves) == 1 and giver is not taker:
            return [(giver, -amount), (taker, amount)]
        net[giver] = net.get(giver, 0) - amount
        net[taker] = net.get(taker, 0) + amount
    lines = [(account, amount) for account, amount in net.items() if amount]
    assert lines and len(lines) <= ENTRIES_MOST, f"{posting.key}: moves that change nothing, or too many accounts"
    return lines


def _unknown(stage: Stage, *sides: int | str) -> Refusal:
    """A name that fits another unit's house is a mixture of units; anything else is unknown."""
    if all(side in stage.accounts if isinstance(side, int) else side in stage.houses for side in sides):
        return refusals.MixedUnits()
    return refusals.UnknownAccount()


def _divert(stage: Stage, lines: Iterable[tuple[AccountState, int]]) -> list[tuple[AccountState, int]]:
    """Take from a member only what is there; the rest comes out of "written_off"."""
    diverted: list[tuple[AccountState, int]] = []
    for account, amount in lines:
        short = 0
        if account.has_balance and amount < 0:
            short = min(-amount, max(0, (account.floor or 0) - (account.balance + amount)))
        if amount + short:
            diverted.append((account, amount + short))
        if short:
            diverted.append((stage.houses["written_off"][account.unit], -short))
    return diverted


def _past(stage: Stage, *pks: int | None) -> bytes:
    """The public ids of what an act ends and of what it reverses."""
    if any(pk is not None and pk not in stage.past for pk in pks):
        raise refusals.UnknownTransaction()
    return b"".join(memento.NOTHING if pk is None else stage.past[pk].token for pk in pks)


def _check_past(stage: Stage, posting: Posting) -> None:
    """A hold ends once and wholly; a transaction is reversed once."""
    if posting.reverses is not None:
        earlier = stage.past[posting.reverses]
        if earlier.is_reversed:
            raise refusals.AlreadyReversed()
        earlier.is_reversed = True
    if posting.ends is not None:
        hold = stage.past[posting.ends]
        if hold.is_ended:
            raise refusals.HoldEnded()
        escrow = {"escrow", *(house.pk for house in stage.houses["escrow"].values())}
        out = sum(move.amount for move in posting.moves if move.source in escrow)
        if hold.into_escrow <= 0 or out != hold.into_escrow:
            raise refusals.HoldAmount()
        hold.is_ended = True
        for pk, amount in hold.holders.items():
            stage.accounts[pk].held -= amount
            stage.touched.add(stage.accounts[pk])


def _check_floor(account: AccountState, balance: int, position: int) -> None:
    """No member and no fund goes below its floor, at any step of a batch."""
    if account.floor is not None and balance < account.floor:
        missing = account.floor - balance
        refusal = refusals.NotEnoughMoney if account.unit == Unit.FEN else refusals.NotEnoughPoints
        raise refusal(missing=missing, lacking=points.show(missing), position=position, account=account.pk)


def _apply(
    stage: Stage, posting: Posting, pk: int, lines: list[tuple[AccountState, int]], position: int, recorded: int,
    is_restoring: bool,
) -> int:  # fmt: skip
    """Move the figures and make the entries; the instant under which they are recorded (never before what stands already)."""
    if recorded < stage.sealed_through:
        recorded = stage.sealed_through
    for account, _amount in lines:
        if account.last > recorded:
            recorded = account.last
    entries, touched = stage.entries, stage.touched
    into_escrow = 0
    for account, amount in lines:
        if not account.has_balance:
            if amount > 0 and account.is_escrow:
                into_escrow += amount
            continue
        if account.closed:
            raise refusals.AccountClosed(position=position)
        balance = account.balance + amount
        if amount < 0:
            _check_floor(account, balance, position)
        account.balance = balance
        account.place = place = account.place + 1
        account.last = recorded
        if (amount > 0) != is_restoring:
            account.credited += amount
        else:
            account.debited -= amount
        touched.add(account)
        entries.append((place, pk, amount, balance, recorded))
    if into_escrow:
        given = [(account, -amount) for account, amount in lines if account.has_balance and amount < 0]
        assert sum(amount for _account, amount in given) == into_escrow, f"{posting.key}: a hold takes all that its givers give"
        for account, amount in given:
            account.held += amount
    return recorded


PLAIN = (
    ("id", "bigint"), ("book_id", "bigint"), ("kind", "text"), ("subject", "text"), ("scope", "text"), ("key", "text"),
    ("occurred", "bigint"), ("recorded", "bigint"), ("memento", "bytea"),
)  # fmt: skip
LINKED = (*PLAIN, ("ends_id", "bigint"), ("reverses_id", "bigint"))
LEAF = ("leaf_hash", "bytea")
ENTRY = (
    ("id", "bigint"), ("transaction_id", "bigint"), ("amount", "bigint"), ("balance_after", "bigint"), ("recorded", "bigint"),
)  # fmt: skip
FIGURES = (
    ("balance", "bigint"),
    ("credited_total", "bigint"),
    ("debited_total", "bigint"),
    ("held", "bigint"),
    ("last_sequence", "bigint"),
    ("last_recorded", "bigint"),
)


def _write(stage: Stage) -> None:
    """Every row of the batch: transactions, entries, and each touched account once."""
    for columns, rows in ((PLAIN, stage.plain), (LINKED, stage.linked)):
        if rows:
            leaves = stage.digests([b"\x00" + row[8] for row in rows])
            whole = [(*row, bytearray(leaf)) for row, leaf in zip(rows, leaves, strict=True)]
            dialect.insert("ledger_transaction", (*columns, LEAF), whole)
    if stage.entries:
        dialect.insert("ledger_entry", ENTRY, sorted(stage.entries))
    figures = [
        (one.balance, one.credited, one.debited, one.held, one.place % PLACES, one.last, one.pk)
        for one in stage.accounts.values()
        if one in stage.touched
    ]
    if figures:
        dialect.update("ledger_account", FIGURES, figures)

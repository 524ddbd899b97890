# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""The posting engine: a batch of acts in a handful of statements. One act is a batch of one.

Order of work: stand among the posters of the book · read the book and its house accounts · lock the members' rows in
ascending id · plan every act in order, each against the balances that the acts before it left · write transactions,
entries and balances. Keys are checked by inserting first; what the unique index refuses is looked up and planned again.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Sequence

from django.db import IntegrityError

from wenming.core import chance, points
from wenming.core.errors import Refusal
from wenming.core.failpoints import failpoint
from wenming.domain.ledger import dialect, memento, refusals
from wenming.domain.ledger.models import ENTRIES_MOST, PLACES, Kind, Unit
from wenming.domain.ledger.stage import RESTORING, AccountState, Posting, Stage, set_stage

KINDS = {kind.value: kind.value for kind in Kind}
COUNTS = [bytes((count,)) for count in range(ENTRIES_MOST + len(Unit) + 1)]  # a write-off may add a line in each unit
SMALL = 64
"""Up to so many plain acts are written in one statement, where the store can."""
NO_PAST = [memento.NOTHING * 2 + count for count in COUNTS]

_micros = functools.lru_cache(maxsize=4096)(memento.micros)

Known = tuple[int, bytes]  # the pk and the body of the memento of a key that is already in the books


def post_batch(book_id: int, postings: Sequence[Posting]) -> tuple[list[int], list[dialect.Row]]:
    """Post a batch inside the caller's transaction: the pks in order, and the rows of the transactions that are new.

    A key that is already there with the same words gives its pk and no new row. One plain act needs no savepoint: where its
    key is taken, nothing was written.
    """
    if not postings:
        return [], []
    known: dict[str, Known] = {}
    has_looked = is_one = False
    while True:
        try:
            stage = set_stage(book_id, postings)
            results = _plan(stage, postings, known)
            is_one = len(stage.plain) == 1 and not stage.linked
            if stage.plain or stage.linked:
                with contextlib.nullcontext() if is_one else dialect.attempt():
                    _write(stage)
            return results, stage.plain + stage.linked
        except (Refusal, IntegrityError) as error:
            if type(error) is IntegrityError and is_one:
                raise
            found = _known(book_id, postings)
            if found.keys() == known.keys() and (has_looked or isinstance(error, Refusal)):
                raise
            known, has_looked = found, True


def _known(book_id: int, postings: Sequence[Posting]) -> dict[str, Known]:
    condition, values = dialect.among("key", [posting.key for posting in postings])
    statement = f"SELECT key, id, memento FROM ledger_transaction WHERE book_id = %s AND {condition}"
    return {key: (pk, memento.body_of(whole)) for key, pk, whole in dialect.rows_of(statement, [book_id, values])}


def _plan(stage: Stage, postings: Sequence[Posting], known: dict[str, Known]) -> list[int]:
    """Work out every row of the batch in order; nothing is written yet."""
    ids = iter(stage.ids)
    noise = chance.random_bytes(8 * len(postings))
    book_id, mark, pack, pack_line = stage.book_id, stage.mark, memento.pack_amount, memento.pack_line
    subject_hashes = stage.digests([posting[1].encode() for posting in postings])
    key_hashes = stage.digests([posting[3].encode() for posting in postings])
    has_repeats = bool(known) or len({posting[3] for posting in postings}) < len(postings)
    seen = dict(known)
    results: list[int] = []
    before: list[object] = []
    for position, posting in enumerate(postings):
        kind, subject, _moves, key, occurred_at, recorded_at, scope, ends_pk, reverses_pk, is_write_off = posting
        if [kind, scope, occurred_at, recorded_at] != before:
            before = [kind, scope, occurred_at, recorded_at]
            name, prefix, is_restoring = _words(kind, scope)
            occurred, given = _micros(occurred_at), _micros(recorded_at)
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
        earliest = given if is_plain else max(given, _check_past(stage, posting))
        pk = next(ids)
        recorded = _apply(stage, posting, pk, lines, position, earliest, is_restoring or reverses_pk is not None)
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


@functools.lru_cache(maxsize=4096)
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
    """Take from a member only what is there; the rest comes out of "written_off". Money is never written off."""
    net: dict[AccountState, int] = {}
    houses = stage.houses["written_off"]
    for account, amount in lines:
        short = 0
        if amount < 0 and account.floor is not None and account.unit in houses:
            short = max(0, account.floor - (account.balance + amount))
        net[account] = net.get(account, 0) + amount + short
        if short:
            house = houses[account.unit]
            net[house] = net.get(house, 0) - short
    return [(account, amount) for account, amount in net.items() if amount]


def _past(stage: Stage, *pks: int | None) -> bytes:
    """The public ids of what an act ends and of what it reverses."""
    if any(pk is not None and pk not in stage.past for pk in pks):
        raise refusals.UnknownTransaction()
    return b"".join(memento.NOTHING if pk is None else stage.past[pk].token for pk in pks)


def _check_past(stage: Stage, posting: Posting) -> int:
    """A hold ends once and wholly; a transaction is reversed once. The instant of the one that is ended or reversed: what
    comes after it is never recorded before it, even when it is told with an earlier instant."""
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
    return max(stage.past[pk].recorded for pk in (posting.ends, posting.reverses) if pk is not None)


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
    for rows in (stage.plain, stage.linked):
        leaves = stage.digests([b"\x00" + row[8] for row in rows])
        rows[:] = [(*row, bytearray(leaf)) for row, leaf in zip(rows, leaves, strict=True)]
    stage.entries.sort()
    figures = [
        (one.balance, one.credited, one.debited, one.held, one.place % PLACES, one.last, one.pk)
        for one in stage.accounts.values()
        if one in stage.touched
    ]
    if dialect.writes_at_once() and len(stage.plain) <= SMALL and not stage.linked:
        dialect.write_at_once((*PLAIN, LEAF), stage.plain, ENTRY, stage.entries, FIGURES, figures)
    else:
        _write_in_steps(stage, figures)
    failpoint("ledger.balances_written")


def _write_in_steps(stage: Stage, figures: list[dialect.Row]) -> None:
    for columns, rows in ((PLAIN, stage.plain), (LINKED, stage.linked)):
        if rows:
            dialect.insert_new("ledger_transaction", (*columns, LEAF), rows, key="book_id, key")
    failpoint("ledger.transactions_written")
    if stage.entries:
        dialect.insert("ledger_entry", ENTRY, stage.entries)
    failpoint("ledger.entries_written")
    if figures:
        dialect.update("ledger_account", FIGURES, figures)

"""Every write of the books. Other rooms speak in moves; nobody else touches the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from wenming.core import chance, points, prepared
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.core.trays import Tray
from wenming.domain.ledger import dialect, engine, memento, queries, sealing
from wenming.domain.ledger.hashing import certificate, digest_of
from wenming.domain.ledger.models import Account, Book, Kind, Seal, Transaction, Unit
from wenming.domain.ledger.refusals import (
    AccountClosed,
    AccountNotEmpty,
    AlreadyReversed,
    AmountOutOfRange,
    CannotReverse,
    HoldAmount,
    HoldEnded,
    KeyReused,
    MixedUnits,
    NotEnoughMoney,
    NotEnoughPoints,
    ShortOfPoints,
    UnknownAccount,
    UnknownTransaction,
)
from wenming.domain.ledger.stage import HOUSES, RESTORING, Move, Posting

__all__ = [
    "AccountClosed",
    "AccountNotEmpty",
    "AlreadyReversed",
    "AmountOutOfRange",
    "CannotReverse",
    "HoldAmount",
    "HoldEnded",
    "KeyReused",
    "Kind",
    "MixedUnits",
    "Move",
    "NotEnoughMoney",
    "NotEnoughPoints",
    "Posting",
    "ShortOfPoints",
    "Unit",
    "UnknownAccount",
    "UnknownTransaction",
    "close_account",
    "expire",
    "expire_many",
    "open_account",
    "open_accounts",
    "open_book",
    "post",
    "post_many",
    "reverse",
    "seal",
]


ACCOUNT_COLUMNS = (
    ("id", "bigint"), ("book_id", "bigint"), ("public_id", "text"), ("code", "text"), ("unit", "text"), ("is_member", "bool"),
    ("floor", "bigint"), ("balance", "bigint"), ("credited_total", "bigint"), ("debited_total", "bigint"), ("held", "bigint"),
    ("last_sequence", "bigint"), ("last_recorded", "bigint"), ("opened_at", "timestamptz"), ("certificate", "bytea"),
)  # fmt: skip


@service
def open_book(*, code: str, at: datetime, algorithm: str = "sha256") -> Book:
    """Open a bank's book with its house accounts; opening it again gives the same one."""
    book, is_new = Book.objects.get_or_create(code=code, defaults={"algorithm": algorithm, "opened_at": at})
    if is_new:
        houses = [(unit, f"{unit}:{name}", False, None) for unit, names in HOUSES.items() for name in names]
        _add_accounts(book, houses, at)
    return book


@service
def open_account(
    *, book_id: int, unit: str, at: datetime, is_member: bool = True, code: str | None = None, floor: int | None = 0
) -> Account:
    """Open one account: a passbook in one unit, or a fund. Its floor is 0; house accounts are opened with the book."""
    assert floor == 0, "members and funds do not go below zero"
    pk = _add_accounts(Book.objects.get(pk=book_id), [(unit, code, is_member, floor)], at)[0]
    return Account.objects.get(pk=pk)


@service
def open_accounts(*, book_id: int, unit: str, count: int, at: datetime) -> list[int]:
    """Open many members' accounts at once; their pks."""
    return _add_accounts(Book.objects.get(pk=book_id), [(unit, None, True, 0)] * count, at)


def _add_accounts(book: Book, wanted: Sequence[tuple[str, str | None, bool, int | None]], at: datetime) -> list[int]:
    digest, opened = digest_of(book.algorithm), memento.micros(at)
    ids = list(dialect.next_ids("ledger_account", len(wanted)))
    stored = dialect.stored(at)
    rows = []
    for pk, (unit, code, is_member, floor) in zip(ids, wanted, strict=True):
        public_id = chance.public_id()
        proof = certificate(digest, book.code, public_id, str(unit), code, is_member, floor, opened)
        rows.append((pk, book.pk, public_id, code, str(unit), is_member, floor, 0, 0, 0, 0, 0, 0, stored, proof))
    dialect.insert("ledger_account", ACCOUNT_COLUMNS, rows)
    failpoint("ledger.accounts_opened")
    return ids


@service
def close_account(*, account_id: int, at: datetime) -> Account:
    """Close an account that is empty (an account of honour may keep its honour); closing it again changes nothing."""
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.closed_at is not None:
        return account
    left = account.held + (0 if account.unit == Unit.HONOUR else account.balance)
    if left:
        raise AccountNotEmpty(left=points.show(left))
    account.closed_at = max(at, memento.instant(account.last_recorded))
    account.save(update_fields=["closed_at"])
    return account


def post(*, book_id: int, posting: Posting) -> Transaction:
    """Post one act. The same key with the same words gives the transaction that is already there.

    What others of this process want posted at the same moment goes into the books in the same act.
    """
    return _tray.ask((book_id, posting))


def _post_set(asked: list[tuple[int, Posting]]) -> list[Transaction]:
    """Post acts of several callers, all or nothing."""
    found: dict[int, Transaction] = {}
    pks: dict[int, Iterator[int]] = {}
    for book_id in sorted({book_id for book_id, _posting in asked}):
        posted, rows = engine.post_batch(book_id, [posting for one, posting in asked if one == book_id])
        pks[book_id] = iter(posted)
        found.update((row[0], _as_posted(row)) for row in rows)
    return [found.get(pk) or Transaction.objects.get(pk=pk) for pk in (next(pks[book_id]) for book_id, _posting in asked)]


_tray = Tray(_post_set)


def _as_posted(row: dialect.Row) -> Transaction:
    """The transaction that was just written, without reading it again."""
    columns = engine.PLAIN if len(row) == len(engine.PLAIN) + 1 else engine.LINKED
    values: dict[str, object] = {"ends_id": None, "reverses_id": None}
    values.update(zip((*(name for name, _type in columns), "leaf_hash"), row, strict=True))
    return prepared.of_values(Transaction, values)


@service
def post_many(*, book_id: int, postings: Sequence[Posting]) -> list[int]:
    """Post a sheet of acts, all or nothing, in this order; the pks of their transactions."""
    return engine.post_batch(book_id, postings)[0]


@service
def reverse(*, transaction_id: int, key: str, at: datetime, write_off: bool = False) -> Transaction:
    """Put a transaction right by its mirror image.

    Refuses what is reversed already, what is itself a reversal or gives back or ends a hold, and what would take more than
    a member still has, unless `write_off`: then what is missing comes from "written_off". A hold that is reversed is ended.
    """
    original = Transaction.objects.select_for_update(no_key=True).filter(pk=transaction_id).first()
    if original is None:
        raise UnknownTransaction()
    done = queries.reversal_of(original.pk)
    if done is not None:
        if done.key == key:
            return done
        raise AlreadyReversed()
    if original.reverses_id or original.ends_id or original.kind in RESTORING:
        raise CannotReverse()
    moves, is_hold = queries.mirror(original)
    if is_hold and queries.end_of(original.pk) is not None:
        raise HoldEnded()
    posting = Posting(
        kind=Kind.REVERSED,
        subject=original.subject,
        moves=tuple(Move(*move) for move in moves),
        key=key,
        occurred_at=at,
        recorded_at=max(at, original.recorded_at),
        scope=original.scope,
        ends=original.pk if is_hold else None,
        reverses=original.pk,
        write_off=write_off,
    )
    try:
        return post(book_id=original.book_id, posting=posting)
    except NotEnoughPoints as refused:
        raise ShortOfPoints(missing=refused.details["missing"], lacking=refused.details["lacking"]) from refused


@service
def expire(
    *, account_id: int, cutoff: datetime, subject: str, key: str, at: datetime, scope: str = "", destination: str = "expired"
) -> Transaction | None:
    """Take what is left of everything earned before `cutoff`, first in first out; None when nothing is left."""
    account = Account.objects.select_for_update().get(pk=account_id)
    done = queries.transaction_by_key(account.book_id, key)
    if done is not None:
        return done
    amount = queries.expirable(account_id=account_id, cutoff=cutoff)
    if not amount:
        return None
    moves = (Move(account_id, destination, amount),)
    return post(book_id=account.book_id, posting=Posting(Kind.EXPIRED, subject, moves, key, cutoff, at, scope))


@service
def expire_many(
    *, book_id: int, account_ids: Sequence[int], cutoff: datetime, subject: str, at: datetime, scope: str, carry_percent: int = 0
) -> dict[int, int]:
    """Take from each of these accounts what is left of everything earned before `cutoff`, but for the part carried over.

    How much was taken, by account. Each account is met once a cutoff, however often this is said.
    """
    accounts = Account.objects.select_for_update().filter(book_id=book_id, pk__in=list(account_ids), closed_at__isnull=True)
    keys = {pk: f"expire:{pk}:{memento.micros(cutoff)}" for pk in accounts.order_by("pk").values_list("pk", flat=True)}
    done = set(Transaction.objects.filter(book_id=book_id, key__in=list(keys.values())).values_list("key", flat=True))
    left = queries.remainders([pk for pk, key in keys.items() if key not in done], [cutoff])
    amounts = {pk: amount for pk, (whole,) in sorted(left.items()) if (amount := whole * (100 - carry_percent) // 100)}
    moves = {pk: (Move(pk, "expired", amount),) for pk, amount in amounts.items()}
    post_many(book_id=book_id, postings=[Posting(Kind.EXPIRED, subject, moves[pk], keys[pk], at, at, scope) for pk in moves])
    return amounts


@service
def seal(*, book_id: int, at: datetime) -> Seal | None:
    """Number what is posted and not yet numbered, let the tree grow over it, write the seal. None when nothing is new."""
    return sealing.seal(book_id, at)

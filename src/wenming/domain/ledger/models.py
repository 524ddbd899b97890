"""Books, accounts, transactions, entries and seals. No name, no phone, no free text of people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from wenming.domain.ledger import memento, numbers

ENTRIES_MOST = 64
PLACES = 1 << 32


class GivenKey(models.BigAutoField):  # type: ignore[type-arg]
    """A primary key of 64 bits that the engine gives. On SQLite the row's own number, without a count kept beside it."""

    def db_type_suffix(self, connection: Any) -> str | None:
        return None if connection.vendor == "sqlite" else super().db_type_suffix(connection)


class Unit(models.TextChoices):
    POINTS = "points", _("可用积分")
    HONOUR = "honour", _("荣誉积分")
    FEN = "fen", _("资金（分）")


class Kind(models.TextChoices):
    OPENING_BALANCE = "opening_balance", _("期初结余")
    DEED_DEPOSITED = "deed_deposited", _("善行存入")
    PENALTY = "penalty", _("减分")
    ORDER_PLACED = "order_placed", _("兑换预留")
    ORDER_COLLECTED = "order_collected", _("兑换取走")
    ORDER_RELEASED = "order_released", _("兑换退回")
    ORDER_REFUNDED = "order_refunded", _("兑换退换")
    REVERSED = "reversed", _("更正")
    WRITTEN_OFF = "written_off", _("核销差额")
    EXPIRED = "expired", _("到期清零")
    MOVED = "moved", _("转存")
    DONATION_RECEIVED = "donation_received", _("收到资金")
    FUND_DRAWN = "fund_drawn", _("资金支出")
    FUND_RETURNED = "fund_returned", _("资金退回")


class Book(models.Model):
    """The books of one bank (one town).

    `sealed_size` transactions are numbered, `sealed_id` is the last of them and `sealed_through` the latest instant among
    them, in microseconds since 1970; nothing is recorded before it any more.
    """

    code = models.CharField(max_length=32, unique=True)
    algorithm = models.CharField(max_length=8, default="sha256")
    opened_at = models.DateTimeField()
    sealed_size = models.BigIntegerField(default=0)
    sealed_id = models.BigIntegerField(default=0)
    sealed_through = models.BigIntegerField(default=0)


class Account(models.Model):
    """A member's passbook in one unit, a fund, or a house account. House accounts of points and honour carry no balance.

    `floor` is the least balance allowed; NULL for house accounts, which may go below zero. `credited_total` and
    `debited_total` make expiry by first-in-first-out one read. `held` is what stands in escrow for this account.
    `last_recorded` is the instant of the last line, `certificate` the hash of what never changes about the account.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    public_id = models.CharField(max_length=32, unique=True)
    code = models.CharField(max_length=48, null=True)
    unit = models.CharField(max_length=8, choices=Unit.choices)
    is_member = models.BooleanField()
    floor = models.BigIntegerField(null=True)
    balance = models.BigIntegerField(default=0)
    credited_total = models.BigIntegerField(default=0)
    debited_total = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    last_sequence = models.BigIntegerField(default=0)
    last_recorded = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    certificate = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "code"], name="account_code_once"),
            models.CheckConstraint(condition=Q(floor__isnull=True) | Q(balance__gte=F("floor")), name="account_above_floor"),
            models.CheckConstraint(condition=Q(is_member=False) | Q(floor__gte=0), name="member_has_floor"),
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
        ]


class Transaction(models.Model):
    """One act of the books: what moved, why, when it happened and when it was written. Never changed once posted.

    `memento` holds the exact bytes that are hashed, lines and public id among them; its number stands in a `Numbering`.
    `ends` names the hold that this transaction closes; `reverses` the transaction that it puts right.
    `occurred` and `recorded` are in microseconds since 1970, UTC. The engine has read the book when it writes, and books are
    never removed, so that reference carries no constraint that would be checked once more per transaction.
    """

    id = GivenKey(primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    subject = models.CharField(max_length=64)
    scope = models.CharField(max_length=16, default="")
    key = models.CharField(max_length=96)
    memento = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    occurred = models.BigIntegerField()
    recorded = models.BigIntegerField()
    ends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "key"], name="transaction_key_once"),
            models.UniqueConstraint(fields=["ends"], condition=Q(ends__isnull=False), name="hold_ends_once"),
            models.UniqueConstraint(fields=["reverses"], condition=Q(reverses__isnull=False), name="reversed_once"),
        ]

    @property
    def number(self) -> int | None:
        """Its place in the tree of its book, from 1; None until it is sealed. Asks the store."""
        return numbers.number_of(self.pk)

    @property
    def public_id(self) -> str:
        return memento.token_of(self.memento).hex()

    @property
    def occurred_at(self) -> datetime:
        return memento.instant(self.occurred)

    @property
    def recorded_at(self) -> datetime:
        return memento.instant(self.recorded)


class Entry(models.Model):
    """One line of a passbook or a fund: its place, a signed amount, the balance after it, when.

    The id is the place: account id × 2³² + sequence. So a passbook is one range of the primary key, in order, and the key
    itself lets no place be taken twice. House accounts of points and honour have no lines of their own: what they gave and
    took stands in the memento of the transaction. `recorded` is in microseconds since 1970, UTC.
    """

    id = GivenKey(primary_key=True)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    recorded = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="entry_not_zero")]


class Numbering(models.Model):
    """A run of numbers, given by the sealer: the transactions `id`, `id` + 1, … have the numbers `number`, `number` + 1, …

    So sealing writes one short row where ids and instants rise together, and changes no transaction. Gapless within the book.
    """

    id = GivenKey(primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "number"], name="number_once")]


class Tally(models.Model):
    """What one village day recorded in a branch, by kind and unit: how many sealed transactions, and how much they moved.

    Kept by the sealer in the same act as the seal; what is not sealed yet is added when it is read.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    scope = models.CharField(max_length=16)
    day = models.DateField()
    kind = models.CharField(max_length=24)
    unit = models.CharField(max_length=8)
    count = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "scope", "day", "kind", "unit"], name="tally_once")]


class Seal(models.Model):
    """The published head of a book's Merkle tree: its size, its root, when.

    `nodes` holds the inner hashes that this seal's leaves completed, in the order of completion, so that a proof reads
    O(log n) hashes; `digest` chains the seals, each over the one before it.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()
    house_balances = models.JSONField(default=dict)
    nodes = models.BinaryField(default=b"")
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "size"], name="seal_size_once")]

"""Books, accounts, transactions, entries and seals. No name, no phone, no free text of people."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

ENTRIES_MOST = 64


class Unit(models.TextChoices):
    POINTS = "points", "可用积分"
    HONOUR = "honour", "荣誉积分"
    FEN = "fen", "资金（分）"


class Kind(models.TextChoices):
    OPENING_BALANCE = "opening_balance", "期初结余"
    DEED_DEPOSITED = "deed_deposited", "善行存入"
    PENALTY = "penalty", "减分"
    ORDER_PLACED = "order_placed", "兑换预留"
    ORDER_COLLECTED = "order_collected", "兑换取走"
    ORDER_RELEASED = "order_released", "兑换退回"
    ORDER_REFUNDED = "order_refunded", "兑换退换"
    REVERSED = "reversed", "更正"
    WRITTEN_OFF = "written_off", "核销差额"
    EXPIRED = "expired", "到期清零"
    MOVED = "moved", "转存"
    DONATION_RECEIVED = "donation_received", "收到资金"
    FUND_DRAWN = "fund_drawn", "资金支出"
    FUND_RETURNED = "fund_returned", "资金退回"


class Book(models.Model):
    """The books of one bank (one town).

    `sealed_size` transactions are numbered, `sealed_id` is the last of them and `sealed_through` the latest instant among
    them; nothing is recorded before it any more.
    """

    code = models.CharField(max_length=32, unique=True)
    algorithm = models.CharField(max_length=8, default="sha256")
    opened_at = models.DateTimeField()
    sealed_size = models.BigIntegerField(default=0)
    sealed_id = models.BigIntegerField(default=0)
    sealed_through = models.DateTimeField(null=True)


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

    `number` is given by the sealer, gapless within the book; `memento` holds the exact bytes that are hashed.
    `ends` names the hold that this transaction closes; `reverses` the transaction that it puts right.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+", db_index=False)
    public_id = models.CharField(max_length=32, unique=True)
    number = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    subject = models.CharField(max_length=64)
    scope = models.CharField(max_length=16, default="")
    key = models.CharField(max_length=96)
    request_hash = models.BinaryField(max_length=32)
    memento = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    ends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "key"], name="transaction_key_once"),
            models.UniqueConstraint(fields=["book", "number"], condition=Q(number__isnull=False), name="transaction_number_once"),
            models.UniqueConstraint(fields=["ends"], condition=Q(ends__isnull=False), name="hold_ends_once"),
            models.UniqueConstraint(fields=["reverses"], condition=Q(reverses__isnull=False), name="reversed_once"),
        ]
        indexes = [models.Index(fields=["book", "scope", "recorded_at"], name="transaction_scope_time")]


class Entry(models.Model):
    """One line: a signed amount on one account. Accounts with a balance also keep its place, the balance after it, when.

    The id follows from the transaction's: transaction id × 64 + line. So the lines of a transaction are one range of the
    primary key, and no second index is needed for them. The engine holds both parents locked while it writes, and
    parents are never deleted, so the two references carry no constraint that would be checked once more per line.
    `recorded` is in microseconds since 1970, UTC: whole numbers are quicker to bisect than instants.
    """

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    sequence = models.BigIntegerField(null=True)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField(null=True)
    recorded = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "sequence"], condition=Q(sequence__isnull=False), name="entry_place_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_not_zero"),
        ]


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

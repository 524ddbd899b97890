"""Books, accounts, transactions, entries and seals. No name, no phone, no free text of people."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


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
    """The books of one bank (one town)."""

    code = models.CharField(max_length=32, unique=True)
    algorithm = models.CharField(max_length=8, default="sha256")
    opened_at = models.DateTimeField()


class Account(models.Model):
    """A member's passbook in one unit, or a house account. Member accounts carry their balance; points house accounts do not.

    `floor` is the least balance allowed; NULL for house accounts of points and honour, which may go below zero.
    `credited_total` and `debited_total` make expiry by first-in-first-out one read.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+")
    public_id = models.CharField(max_length=32, unique=True)
    code = models.CharField(max_length=48, null=True)
    unit = models.CharField(max_length=8, choices=Unit.choices)
    is_member = models.BooleanField()
    floor = models.BigIntegerField(null=True)
    balance = models.BigIntegerField(default=0)
    credited_total = models.BigIntegerField(default=0)
    debited_total = models.BigIntegerField(default=0)
    last_sequence = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "code"], name="account_code_once"),
            models.CheckConstraint(condition=Q(floor__isnull=True) | Q(balance__gte=F("floor")), name="account_above_floor"),
            models.CheckConstraint(condition=Q(is_member=False) | Q(floor__gte=0), name="member_has_floor"),
        ]


class Transaction(models.Model):
    """One act of the books: what moved, why, when it happened and when it was written. Never changed once posted.

    `number` is given by the sealer, gapless within the book; `memento` holds the exact bytes that are hashed.
    `ends` names the hold that this transaction closes; `reverses` the transaction that it puts right.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+")
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
    ends = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="ended_by")
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "key"], name="transaction_key_once"),
            models.UniqueConstraint(fields=["book", "number"], name="transaction_number_once"),
        ]
        indexes = [models.Index(fields=["subject"], name="transaction_subject")]


class Entry(models.Model):
    """One line: a signed amount on one account. For member accounts also its place and the balance after it."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(null=True)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "sequence"], name="entry_place_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_not_zero"),
        ]


class Seal(models.Model):
    """The published head of a book's Merkle tree: its size, its root, when."""

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="+")
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()
    house_balances = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "size"], name="seal_size_once")]

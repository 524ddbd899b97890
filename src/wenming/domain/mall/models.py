"""Products, stock at branches, changes of stock, and orders."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Product(models.Model):
    """Goods or a service of one organisation; a head bank's products may be stocked by any of its branches.

    `price` in hundredths of a point, `cost` in fen, drawn from `fund` when it is handed over.
    `times_max` per person within `period_days` (0: for ever); NULL means no limit.
    """

    class Kind(models.TextChoices):
        GOODS = "goods", _("物品")
        SERVICE = "service", _("服务")

    public_id = models.CharField(max_length=32, unique=True)
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    title = models.CharField(max_length=40)
    plain = models.CharField(max_length=200, blank=True)
    picture = models.CharField(max_length=16, default="gift")
    unit = models.CharField(max_length=8, default="份")
    price = models.BigIntegerField()
    cost = models.BigIntegerField(default=0)
    fund = models.ForeignKey("funds.Fund", null=True, on_delete=models.PROTECT, related_name="+")
    times_max = models.PositiveIntegerField(null=True)
    period_days = models.PositiveIntegerField(default=30)
    pickup_days = models.PositiveSmallIntegerField(default=7)
    is_for_minors = models.BooleanField(default=False)
    is_on_shelf = models.BooleanField(default=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price__gt=0), name="price_positive"),
            models.CheckConstraint(condition=Q(cost__gte=0), name="cost_not_negative"),
            models.UniqueConstraint(fields=["organisation", "title"], name="product_title_once"),
        ]


class Stock(models.Model):
    """How many of a product a branch can still give out. Never below zero."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="stocks")
    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    quantity = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "branch"], name="stock_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="stock_not_negative"),
        ]


class StockChange(models.Model):
    """Why a stock went up or down; the sum of the changes is the stock."""

    class Reason(models.TextChoices):
        RECEIVED = "received", _("入库")
        COUNTED = "counted", _("盘点")
        RESERVED = "reserved", _("预留")
        RELEASED = "released", _("放回")
        REFUNDED = "refunded", _("退换")

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="changes")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    quantity = models.IntegerField()
    subject = models.CharField(max_length=64, blank=True)
    changed_by = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="change_not_zero")]
        indexes = [models.Index(fields=["subject"], name="change_subject")]


class Order(models.Model):
    """One redemption: points held in escrow, then handed over, or cancelled, expired, refunded.

    `price` and `cost` are those of the whole order, as they were when it was placed; `ended_at` is when it left PLACED.
    `held` put the points into escrow, `settled` ended that hold, `refunded` gave them back later. `pickup_code` is
    8 digits, unique among open orders.
    """

    class Status(models.TextChoices):
        PLACED = "placed", _("待领取")
        COLLECTED = "collected", _("已领取")
        CANCELLED = "cancelled", _("已取消")
        EXPIRED = "expired", _("过期退回")
        REFUNDED = "refunded", _("已退换")

    STEPS = {
        Status.PLACED: frozenset({Status.COLLECTED, Status.CANCELLED, Status.EXPIRED}),
        Status.COLLECTED: frozenset({Status.REFUNDED}),
    }

    public_id = models.CharField(max_length=32, unique=True)
    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    depositor = models.ForeignKey("depositors.Depositor", on_delete=models.PROTECT, related_name="+", db_index=False)
    passbook = models.ForeignKey("depositors.Passbook", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    price = models.BigIntegerField()
    cost = models.BigIntegerField()
    pickup_code = models.CharField(max_length=8)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLACED)
    door = models.CharField(max_length=12)
    placed_by = models.BigIntegerField(null=True)
    placed_at = models.DateTimeField()
    pick_up_by = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    submission_key = models.CharField(max_length=96, unique=True)
    request_hash = models.CharField(max_length=64, default="")
    held = models.OneToOneField("ledger.Transaction", null=True, on_delete=models.PROTECT, related_name="+")
    settled = models.OneToOneField("ledger.Transaction", null=True, on_delete=models.PROTECT, related_name="+")
    refunded = models.OneToOneField("ledger.Transaction", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pickup_code"], condition=Q(status="placed"), name="open_code_once"),
            models.CheckConstraint(
                condition=Q(status="placed", ended_at__isnull=True) | (~Q(status="placed") & Q(ended_at__isnull=False)),
                name="ended_has_instant",
            ),
            models.CheckConstraint(condition=Q(status="placed") | Q(held__isnull=False), name="ended_was_held"),
            models.CheckConstraint(condition=~Q(status="refunded") | Q(settled__isnull=False), name="refunded_was_settled"),
            models.CheckConstraint(condition=Q(quantity__gt=0, price__gt=0), name="order_positive"),
        ]
        indexes = [
            models.Index(fields=["branch", "status", "id"], name="order_queue"),
            models.Index(fields=["status", "pick_up_by"], name="order_expiry"),
            models.Index(fields=["pickup_code"], name="order_code"),
            models.Index(fields=["branch", "ended_at"], name="order_of_day"),
            models.Index(fields=["depositor", "-id"], name="order_of_depositor"),
        ]

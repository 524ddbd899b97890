"""Funds by source, what came in, what was drawn. The money itself stands in the ledger, in fen."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Fund(models.Model):
    """Money of one source at one organisation; its balance is a ledger account with a floor of zero."""

    class Source(models.TextChoices):
        FISCAL = "fiscal", "财政资金"
        COLLECTIVE = "collective", "集体收入"
        DONATION = "donation", "社会捐助"

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=12, choices=Source.choices)
    name = models.CharField(max_length=60)
    account = models.OneToOneField("ledger.Account", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="fund_name_once")]


class Receipt(models.Model):
    """Money that came into a fund, with the number of its paper receipt."""

    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, related_name="receipts")
    number = models.CharField(max_length=40)
    payer = models.CharField(max_length=60, blank=True)
    amount = models.BigIntegerField()
    received_on = models.DateField()
    recorded_by = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    transaction = models.OneToOneField("ledger.Transaction", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fund", "number"], name="receipt_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_positive"),
        ]


class Draw(models.Model):
    """Money that left a fund for a subject, such as `order:12`. One draw a subject; a return takes it back once."""

    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, related_name="draws")
    subject = models.CharField(max_length=64, unique=True)
    amount = models.BigIntegerField()
    drawn_at = models.DateTimeField()
    transaction = models.OneToOneField("ledger.Transaction", on_delete=models.PROTECT, related_name="+")
    returned = models.OneToOneField("ledger.Transaction", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="draw_positive")]

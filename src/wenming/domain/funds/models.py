"""Funds by source, what came in, was drawn, was approved by a second officer. The money itself stands in the ledger, in fen."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

USUAL_LIMIT = 50_000


class Fund(models.Model):
    """Money of one source at one organisation; its balance is a ledger account with a floor of zero.

    A payment above `limit` (fen) wants a second officer. `raise_to` is a higher limit that one officer of the bank proposed.
    """

    class Source(models.TextChoices):
        FISCAL = "fiscal", _("财政资金")
        COLLECTIVE = "collective", _("集体收入")
        DONATION = "donation", _("社会捐助")

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=12, choices=Source.choices)
    name = models.CharField(max_length=60)
    account = models.OneToOneField("ledger.Account", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    limit = models.BigIntegerField(default=USUAL_LIMIT)
    raise_to = models.BigIntegerField(null=True)
    raise_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="fund_name_once"),
            models.CheckConstraint(condition=Q(limit__gte=0), name="fund_limit_not_negative"),
            models.CheckConstraint(
                condition=Q(raise_to__isnull=True, raise_by__isnull=True) | Q(raise_to__gt=F("limit"), raise_by__isnull=False),
                name="fund_raise_by_somebody",
            ),
        ]


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


class Approval(models.Model):
    """A second officer's word for one payment above a fund's limit: this subject, this amount; `drawn_by` is who paid then."""

    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, related_name="approvals")
    subject = models.CharField(max_length=64, unique=True)
    amount = models.BigIntegerField()
    approved_by = models.BigIntegerField()
    approved_at = models.DateTimeField()
    drawn_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(drawn_by=F("approved_by")), name="draw_by_two_persons")]

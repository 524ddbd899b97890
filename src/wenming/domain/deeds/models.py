"""Declarations of deeds, the reviews of them, and the reversals that put wrong ones right."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    SUBMITTED = "submitted", _("待审核")
    RETURNED = "returned", _("退回补充")
    REJECTED = "rejected", _("未通过")
    WITHDRAWN = "withdrawn", _("已撤回")
    APPROVED = "approved", _("待公示")
    ON_NOTICE = "on_notice", _("公示中")
    DEPOSITED = "deposited", _("已入账")
    REVERSED = "reversed", _("已更正")


class Door(models.TextChoices):
    """By which way a declaration came in; the words of `RuleItem.declarers`."""

    SELF = "self", _("自己申报")
    OTHER = "other", _("替人申报")
    LANE_CHIEF = "lane_chief", _("街巷长")
    COUNTER = "counter", _("柜台")
    SHEET = "sheet", _("表格导入")
    API = "api", _("系统对接")


class Declaration(models.Model):
    """One deed of one depositor under one rule item. `points` and `honour` are set when it is approved, with every step kept;
    `posted` is what really moved in the passbook: the points, or for a demerit what was there to take. `is_noticed` says
    that it hung on a wall, ours or (for an imported register) one of paper.

    `group_key` joins the declarations of one deed done by several; `revision` counts edits, each of which starts the
    review and the notice anew; `history` keeps the earlier versions.
    """

    STEPS = {
        Status.SUBMITTED: frozenset({Status.RETURNED, Status.REJECTED, Status.WITHDRAWN, Status.APPROVED}),
        Status.RETURNED: frozenset({Status.SUBMITTED, Status.WITHDRAWN}),
        Status.APPROVED: frozenset({Status.ON_NOTICE, Status.DEPOSITED, Status.REJECTED, Status.SUBMITTED}),
        Status.ON_NOTICE: frozenset({Status.DEPOSITED, Status.REJECTED, Status.SUBMITTED}),
        Status.DEPOSITED: frozenset({Status.REVERSED}),
    }

    public_id = models.CharField(max_length=32, unique=True)
    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey("rulebooks.RuleItem", on_delete=models.PROTECT, related_name="+")
    depositor = models.ForeignKey("depositors.Depositor", on_delete=models.PROTECT, related_name="+", db_index=False)
    household = models.ForeignKey("depositors.Household", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    passbook = models.ForeignKey("depositors.Passbook", on_delete=models.PROTECT, related_name="+")
    declared_by = models.BigIntegerField(null=True)
    door = models.CharField(max_length=12, choices=Door.choices)
    happened_on = models.DateField()
    quantity = models.PositiveIntegerField(default=1)
    words = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    status_at = models.DateTimeField()
    declared_at = models.DateTimeField()
    revision = models.PositiveSmallIntegerField(default=1)
    history = models.JSONField(default=list)
    points = models.BigIntegerField(null=True)
    honour = models.BigIntegerField(null=True)
    posted = models.BigIntegerField(null=True)
    explanation = models.JSONField(default=dict)
    notice_line_id = models.BigIntegerField(null=True)
    is_noticed = models.BooleanField(default=False)
    transaction = models.OneToOneField("ledger.Transaction", null=True, on_delete=models.PROTECT, related_name="+")
    submission_key = models.CharField(max_length=96, unique=True)
    request_hash = models.CharField(max_length=64, default="")
    group_key = models.CharField(max_length=32, null=True)
    batch_key = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status__in=["deposited", "reversed"]) | Q(transaction__isnull=False) | Q(posted=0, points__lt=0),
                name="deposited_is_posted",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "on_notice", "deposited"]) | Q(points__isnull=False, honour__isnull=False),
                name="approved_has_points",
            ),
        ]
        indexes = [
            models.Index(fields=["branch", "status", "id"], name="declaration_queue"),
            models.Index(fields=["depositor", "item", "happened_on"], name="declaration_caps"),
            models.Index(fields=["household", "item", "happened_on"], name="declaration_household"),
            models.Index(fields=["depositor", "-id"], name="declaration_of_depositor"),
            models.Index(fields=["branch", "happened_on"], name="declaration_by_day"),
            models.Index(fields=["branch", "status", "id"], condition=Q(is_noticed=False), name="declaration_unnoticed"),
            models.Index(fields=["group_key"], condition=Q(group_key__isnull=False), name="declaration_group"),
        ]


class RegisterBatch(models.Model):
    """Who had a register in hand: who brought it, who signed it, and who had its rows recorded."""

    key = models.CharField(max_length=64, unique=True)
    brought_by = models.BigIntegerField(null=True)
    signed_by = models.BigIntegerField(null=True)
    recorded_by = models.BigIntegerField(null=True)


class Review(models.Model):
    """What one reviewer decided about one revision of a declaration, and why."""

    class Decision(models.TextChoices):
        APPROVE = "approve", _("通过")
        RETURN = "return", _("退回补充")
        REJECT = "reject", _("不通过")

    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="reviews")
    revision = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    reason = models.CharField(max_length=200, blank=True)
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["declaration", "revision", "reviewer"], name="one_review_each"),
        ]


class Reversal(models.Model):
    """A deposited declaration found wrong: one officer proposes, a second confirms, the ledger posts the opposite."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("待复核")
        CONFIRMED = "confirmed", _("已更正")
        DROPPED = "dropped", _("不更正")

    STEPS = {Status.PROPOSED: frozenset({Status.CONFIRMED, Status.DROPPED})}

    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="reversals")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    reason = models.CharField(max_length=200)
    proposed_by = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField()
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    written_off = models.BooleanField(default=False)
    transaction = models.OneToOneField("ledger.Transaction", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["declaration"], condition=~Q(status="dropped"), name="one_reversal"),
            models.CheckConstraint(
                condition=Q(status="proposed", decided_at__isnull=True) | (~Q(status="proposed") & Q(decided_at__isnull=False)),
                name="decided_has_instant",
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed") | Q(proposed_by__isnull=True) | ~Q(proposed_by=F("decided_by")),
                name="reversal_by_two_persons",
            ),
        ]

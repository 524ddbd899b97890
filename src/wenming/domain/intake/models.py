"""A sheet on its way in: read, checked, previewed, confirmed once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Kind(models.TextChoices):
    ROLL = "roll", "储户名册"
    RULEBOOK = "rulebook", "积分细则"
    REGISTER = "register", "积分登记台账"
    BALANCES = "balances", "期初结余"


class Sheet(models.Model):
    """One uploaded file. `rows` holds what was read, `problems` what is wrong where, in the sheet's own row and column names."""

    class Status(models.TextChoices):
        CHECKED = "checked", "已核对，待确认"
        SIGNED = "signed", "等第二人签字"
        COMMITTED = "committed", "已入册"
        DROPPED = "dropped", "已作废"

    STEPS = {
        Status.CHECKED: frozenset({Status.SIGNED, Status.COMMITTED, Status.DROPPED}),
        Status.SIGNED: frozenset({Status.COMMITTED, Status.DROPPED}),
    }

    public_id = models.CharField(max_length=32, unique=True)
    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    file_name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CHECKED)
    header = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    row_count = models.PositiveIntegerField(default=0)
    good_count = models.PositiveIntegerField(default=0)
    bad_count = models.PositiveIntegerField(default=0)
    uploaded_by = models.BigIntegerField(null=True)
    uploaded_at = models.DateTimeField()
    signed_by = models.BigIntegerField(null=True)
    committed_by = models.BigIntegerField(null=True)
    committed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "kind", "digest"], condition=Q(status="committed"), name="sheet_committed_once"
            ),
        ]
        indexes = [models.Index(fields=["branch", "-id"], name="sheet_of_branch")]

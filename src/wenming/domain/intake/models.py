"""A sheet on its way in: read, checked, previewed, confirmed once; and which passbooks had an opening balance."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    ROLL = "roll", _("储户名册")
    RULEBOOK = "rulebook", _("积分细则")
    REGISTER = "register", _("积分登记台账")
    BALANCES = "balances", _("期初结余")


class Sheet(models.Model):
    """One uploaded file.

    `content` holds the cells as they were read, encrypted under a key of the sheet's own; after the commit only the lines
    that could not be taken in are kept, after dropping nothing. `mend_count` says how often its bringer mended it: who signs
    has looked at that state. `problems` says what is wrong where, in the sheet's own row
    and column names; `facts` what the check found beside the lines (notes, the day a rule book holds from, sums).
    """

    class Status(models.TextChoices):
        CHECKED = "checked", _("已核对，待确认")
        SIGNED = "signed", _("第二人已签字")
        COMMITTED = "committed", _("已入册")
        DROPPED = "dropped", _("已作废")

    STEPS = {
        Status.CHECKED: frozenset({Status.SIGNED, Status.COMMITTED, Status.DROPPED}),
        Status.SIGNED: frozenset({Status.COMMITTED, Status.DROPPED}),
    }

    public_id = models.CharField(max_length=32, unique=True)
    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    file_name = models.CharField(max_length=120)
    sheet_name = models.CharField(max_length=120, blank=True)
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CHECKED)
    columns = models.JSONField(default=list)
    wrapped_key = models.BinaryField()
    content = models.BinaryField(null=True)
    problems = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    row_count = models.PositiveIntegerField(default=0)
    good_count = models.PositiveIntegerField(default=0)
    bad_count = models.PositiveIntegerField(default=0)
    committed_count = models.PositiveIntegerField(default=0)
    is_blocked = models.BooleanField(default=False)
    mend_count = models.PositiveIntegerField(default=0)
    uploaded_by = models.BigIntegerField(null=True)
    uploaded_at = models.DateTimeField()
    signed_by = models.BigIntegerField(null=True)
    signed_at = models.DateTimeField(null=True)
    committed_by = models.BigIntegerField(null=True)
    committed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "kind", "digest"],
                condition=models.Q(status="committed", bad_count=0),
                name="sheet_committed_once",
            ),
            models.CheckConstraint(
                condition=models.Q(signed_by__isnull=True)
                | models.Q(uploaded_by__isnull=True)
                | ~models.Q(signed_by=models.F("uploaded_by")),
                name="sheet_signed_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["branch", "-id"], name="sheet_of_branch"),
            models.Index(fields=["branch", "kind", "digest"], name="sheet_by_digest"),
        ]


class Opening(models.Model):
    """A passbook's opening balance, once: its amount, and the sheet it came from."""

    passbook = models.OneToOneField("depositors.Passbook", on_delete=models.PROTECT, related_name="+")
    sheet = models.ForeignKey(Sheet, on_delete=models.PROTECT, related_name="+")
    points = models.BigIntegerField()
    honour = models.BigIntegerField()

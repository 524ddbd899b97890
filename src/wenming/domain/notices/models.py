"""Notices, their lines and the objections raised against lines."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """One sheet on the wall of one branch, up from an instant to an instant. The fingerprint covers every line."""

    class Status(models.TextChoices):
        UP = "up", _("公示中")
        CLOSED = "closed", _("已结束")

    STEPS = {Status.UP: frozenset({Status.CLOSED})}

    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=24, unique=True)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    title = models.CharField(max_length=60)
    published_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    workdays = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.UP)
    closed_at = models.DateTimeField(null=True)
    line_count = models.PositiveIntegerField(default=0)
    points_total = models.BigIntegerField(default=0)
    fingerprint = models.CharField(max_length=64, default="")
    published_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("published_at")), name="notice_runs_forward"),
            models.UniqueConstraint(fields=["branch", "year", "sequence"], name="notice_number_once"),
        ]
        indexes = [models.Index(fields=["branch", "status", "-id"], name="notice_of_branch")]


class NoticeLine(models.Model):
    """One masked line about one subject, such as `deed:12`. Only a line that is CLEARED lets its points post."""

    class Status(models.TextChoices):
        STANDING = "standing", _("公示中")
        CONTESTED = "contested", _("有意见")
        CLEARED = "cleared", _("无异议")
        STRUCK = "struck", _("已撤下")

    STEPS = {
        Status.STANDING: frozenset({Status.CONTESTED, Status.CLEARED, Status.STRUCK}),
        Status.CONTESTED: frozenset({Status.STANDING, Status.STRUCK}),
    }

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="lines", db_index=False)
    place = models.PositiveIntegerField()
    subject = models.CharField(max_length=64)
    masked_name = models.CharField(max_length=40)
    words = models.CharField(max_length=120)
    points = models.BigIntegerField()
    happened_on = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.STANDING)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "place"], name="line_place_once"),
            models.UniqueConstraint(
                fields=["subject"], condition=Q(status__in=["standing", "contested"]), name="subject_stands_once"
            ),
        ]
        indexes = [
            models.Index(fields=["subject"], name="line_subject"),
            models.Index(fields=["status", "id"], name="line_status"),
        ]


class Reason(models.TextChoices):
    """What an objector says is wrong."""

    NOT_DONE = "not_done", _("没做过这件事")
    AMOUNT = "amount", _("分数记多了或记少了")
    PERSON = "person", _("记错了人")
    OTHER = "other", _("别的原因")


class Objection(models.Model):
    """A resident's objection to one line. The objector is known only to the officer who handles it."""

    class Status(models.TextChoices):
        OPEN = "open", _("待答复")
        UPHELD = "upheld", _("成立")
        DISMISSED = "dismissed", _("不成立")

    STEPS = {Status.OPEN: frozenset({Status.UPHELD, Status.DISMISSED})}

    line = models.ForeignKey(NoticeLine, on_delete=models.PROTECT, related_name="objections")
    raised_by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=Reason.choices)
    words = models.CharField(max_length=500, blank=True)
    raised_at = models.DateTimeField()
    due_on = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    resolved_by = models.BigIntegerField(null=True)
    resolved_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "raised_by"], condition=Q(status="open"), name="one_open_objection_each"),
            models.CheckConstraint(
                condition=Q(status="open", resolved_at__isnull=True) | (~Q(status="open") & Q(resolved_at__isnull=False)),
                name="resolved_has_instant",
            ),
        ]

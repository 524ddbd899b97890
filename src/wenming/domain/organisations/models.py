"""Regions, organisations, the villages a branch serves, appointments with terms, and proposals of those above the villages."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Region(models.Model):
    """A place by its 12-digit statistical code, with the days between which the code is valid."""

    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    level = models.CharField(max_length=12)
    parent_code = models.CharField(max_length=12, db_index=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="region_code_once")]


class Organisation(models.Model):
    """A county, a head bank (town) or a branch. A head bank owns a book; its branches write into it.

    `word_pack` of a head bank names the words by which it and its branches go; empty for 文明银行.
    """

    class Kind(models.TextChoices):
        COUNTY = "county", _("县区")
        HEAD_BANK = "head_bank", _("总行")
        BRANCH = "branch", _("分行")

    code = models.CharField(max_length=12, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=60)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="branches")
    book = models.ForeignKey("ledger.Book", null=True, on_delete=models.PROTECT, related_name="+")
    phone = models.CharField(max_length=20, blank=True)
    word_pack = models.CharField(max_length=12, blank=True, default="")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)


class ServiceArea(models.Model):
    """A village that a branch serves, from a day to a day. A branch may serve several, a village may have none."""

    branch = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="service_areas")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region"], condition=Q(valid_to__isnull=True), name="village_served_once"),
        ]


class Role(models.TextChoices):
    HEAD_OFFICER = "head_officer", _("总行工作人员")
    DIRECTOR = "director", _("行长")
    CLERK = "clerk", _("会计")
    REVIEWER = "reviewer", _("审核员")
    TELLER = "teller", _("柜员")
    LANE_CHIEF = "lane_chief", _("街巷长")
    SUPERVISOR = "supervisor", _("监督员")


class Appointment(models.Model):
    """A user holds a role at an organisation, from an instant until an instant. Rights end with it."""

    user = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="appointments")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=16, choices=Role.choices)
    lane = models.CharField(max_length=30, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    appointed_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="term_runs_forward"),
        ]
        indexes = [models.Index(fields=["user", "ends_at"], name="appointment_of_user")]


class Proposal(models.Model):
    """An office above the villages that one officer proposed. A second one confirms it; only then it is held."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("待确认")
        CONFIRMED = "confirmed", _("已任职")
        DROPPED = "dropped", _("不任了")

    STEPS = {Status.PROPOSED: frozenset({Status.CONFIRMED, Status.DROPPED})}

    user = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="proposals")
    role = models.CharField(max_length=16, choices=Role.choices)
    ends_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    proposed_by = models.BigIntegerField()
    proposed_at = models.DateTimeField()
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    appointment = models.OneToOneField(Appointment, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], condition=Q(status="proposed"), name="office_proposed_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed")
                | (Q(appointment__isnull=False, decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="office_by_two_persons",
            ),
            models.CheckConstraint(condition=~Q(user=F("proposed_by")), name="nobody_proposes_oneself"),
            models.CheckConstraint(
                condition=Q(status="proposed", decided_at__isnull=True) | (~Q(status="proposed") & Q(decided_at__isnull=False)),
                name="office_decided_has_instant",
            ),
        ]

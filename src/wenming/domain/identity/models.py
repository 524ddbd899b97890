"""Users, their log-in names (kept as keyed hashes), activation codes and API keys."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class User(AbstractBaseUser):
    """Someone who can log in. Holds no phone and no ID number; what they may do comes from appointments."""

    public_id = models.CharField(max_length=32, unique=True)
    display_name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    token_version = models.PositiveIntegerField(default=1)
    preferences = models.JSONField(default=dict)
    registered_at = models.DateTimeField()

    USERNAME_FIELD = "public_id"
    objects = BaseUserManager["User"]()


class LoginName(models.Model):
    """A phone, household or passbook number, or officer's name under which a user logs in; only its keyed hash is kept."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("手机号")
        HOUSEHOLD = "household", _("户号")
        PASSBOOK = "passbook", _("存折号")
        OFFICER = "officer", _("工作账号")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_names")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    digest = models.CharField(max_length=64, unique=True)


class Activation(models.Model):
    """A code handed over at the counter, good once and for a while, to set the first or a new password."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    issued_by = models.BigIntegerField(null=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(used_at__isnull=True), name="one_activation_at_a_time"),
        ]


class ApiKey(models.Model):
    """A program's key with limited rights: acts as its user, narrowed to its scopes. Shown once, kept as a keyed hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class Device(models.Model):
    """A phone or computer on which a user logged in: known by a cookie, ended by the user or at the counter.

    `session_key` is its present session, so that ending the device ends the session at once.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    public_id = models.CharField(max_length=32, unique=True)
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=40)
    session_key = models.CharField(max_length=40, blank=True)
    met_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="device_once")]
        indexes = [models.Index(fields=["digest"], name="device_cookie")]

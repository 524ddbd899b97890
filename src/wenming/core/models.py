"""The audit trail and the attachments: kept for every room, belonging to none."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """One act, for ever: who, through which door, what, about what, when. Chained by hash; never changed or removed.

    Holds ids and codes only, no names, phones or free text of people.
    """

    at = models.DateTimeField()
    user_id = models.BigIntegerField(null=True)
    door = models.CharField(max_length=16)
    act = models.CharField(max_length=64)
    subject = models.CharField(max_length=64)
    organisation_id = models.BigIntegerField(null=True)
    facts = models.JSONField(default=dict)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="audit_subject"),
            models.Index(fields=["organisation_id", "id"], name="audit_organisation"),
        ]


class Attachment(models.Model):
    """A private picture kept under a random name: re-encoded, its location and other metadata gone."""

    public_id = models.CharField(max_length=32, unique=True)
    subject = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=16, default="image/jpeg")
    path = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    kept_at = models.DateTimeField()
    kept_by = models.BigIntegerField(null=True)


class IdempotencyRecord(models.Model):
    """What a key of a program or phone has brought about, for ever: the answer can be read only with the key itself.

    `key_digest` and `request_digest` are keyed hashes; `answer` is encrypted under a key that follows from the caller's key.
    """

    owner_id = models.BigIntegerField()
    key_digest = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner_id", "key_digest"], name="idempotency_key_once")]


class Fate(models.Model):
    """What became of one thing that waited on a phone or at a counter without network. Written once, for ever.

    `key` was made there, before the thing was first sent; `claimed_at` is what the clock there said, `recorded_at` ours.
    `code`, `words` and `field` are those of the refusal, empty for what was applied.
    """

    class Outcome(models.TextChoices):
        APPLIED = "applied", _("办好了")
        DUPLICATE = "duplicate", _("早就办过")
        REFUSED = "refused", _("没办成")
        CONFLICT = "conflict", _("对不上")

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=32)
    kind = models.CharField(max_length=12)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    code = models.CharField(max_length=64, blank=True)
    words = models.CharField(max_length=200, blank=True)
    field = models.CharField(max_length=32, blank=True)
    subject = models.CharField(max_length=64, blank=True)
    organisation_id = models.BigIntegerField(null=True)
    device_id = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64)
    claimed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "key"], name="fate_once")]
        indexes = [
            models.Index(fields=["subject", "id"], name="fate_subject"),
            models.Index(fields=["organisation_id", "outcome", "-id"], name="fate_of_organisation"),
        ]

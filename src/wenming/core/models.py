"""The audit trail and the attachments: kept for every room, belonging to none."""

from __future__ import annotations

from django.db import models


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

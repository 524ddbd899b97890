"""Messages to users."""

from __future__ import annotations

from django.db import models


class Message(models.Model):
    """One thing said to one user, about one subject."""

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="+")
    about = models.CharField(max_length=48)
    subject = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="message_of_user")]

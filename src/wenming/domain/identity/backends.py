"""Log-in by phone, household number or officer's name."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend


class LoginNameBackend(BaseBackend):
    """Finds the user by the keyed hash of the log-in name, then checks the password."""

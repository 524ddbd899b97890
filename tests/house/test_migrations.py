"""The tables on disk are the tables in the code."""

from __future__ import annotations

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_migrations_are_in_line() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)

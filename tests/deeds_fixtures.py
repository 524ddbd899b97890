"""The village of `deeds_stage`, built once for a module: a plugin for the modules that name it."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from django.db import transaction

from tests import deeds_stage
from tests.village import Village


@pytest.fixture(scope="module")
def standing_village(django_db_setup: None, django_db_blocker: object) -> Iterator[Village]:
    """The village, built once for a module inside a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        yield deeds_stage.build(deeds_stage.THURSDAY)
        transaction.set_rollback(True)


@pytest.fixture
def village(standing_village: Village) -> Iterator[Village]:
    """The village as it was built; what a test does to it is undone."""
    with transaction.atomic():
        yield copy.deepcopy(standing_village)
        transaction.set_rollback(True)

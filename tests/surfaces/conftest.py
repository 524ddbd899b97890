"""The stage of the surfaces' tests, built once for each file; what a test changes is undone behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.surfaces import stage as stages
from wenming.core import clock

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)


@pytest.fixture(scope="module")
def built_stage(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[stages.Stage]:
    folder = tmp_path_factory.mktemp("stage")
    settings = override_settings(TEST_CLOCK=str(folder / "now"), MEDIA_ROOT=folder / "media")
    with django_db_blocker.unblock(), settings, transaction.atomic():
        yield stages.build(NOW, folder / "now")
        transaction.set_rollback(True)


@pytest.fixture
def stage(built_stage: stages.Stage, db: None) -> Iterator[stages.Stage]:
    users = dict(built_stage.village.users)
    yield built_stage
    built_stage.village.users = users  # a log-in that the test made is undone with it
    built_stage.turn_to(NOW)

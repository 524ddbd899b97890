"""The stage of the surfaces' tests, with the pages' clock in a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.surfaces import stage as stages


@pytest.fixture
def stage(db: None, at: datetime, tmp_path: Path, settings: LazySettings) -> stages.Stage:
    settings.TEST_CLOCK = str(tmp_path / "now")
    settings.MEDIA_ROOT = tmp_path / "media"
    return stages.build(at, tmp_path / "now")

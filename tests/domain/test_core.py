"""The amounts' parser and the other small parts of the core."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import transaction

from tests.surfaces.stage import photo
from wenming.core import attachments, points
from wenming.core.actor import system
from wenming.core.errors import Refusal


@pytest.mark.parametrize(
    ("typed", "hundredths"),
    [("3", 300), ("0.5", 50), (" １２．５ ", 1250), ("1,234.56", 123456), ("+7", 700), (3.0, 300), (0.1, 10), ("3.10", 310)],
)
def test_amounts_read(typed: object, hundredths: int) -> None:
    assert points.parse(typed) == hundredths


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "points.not_a_number"),
        (None, "points.not_a_number"),
        (True, "points.not_a_number"),
        ("NaN", "points.not_a_number"),
        ("inf", "points.not_a_number"),
        ("1e5", "points.not_a_number"),
        ("三", "points.not_a_number"),
        ("12,34", "points.not_a_number"),
        ("0", "points.not_positive"),
        ("-3", "points.not_positive"),
        ("－３", "points.not_positive"),
        ("0.001", "points.too_many_decimals"),
        ("100000001", "points.too_large"),
        ("9" * 39, "points.too_large"),
        ("9" * 400, "points.not_a_number"),
    ],
)
def test_amounts_refused(typed: object, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        points.parse(typed, field="points")
    assert refused.value.code == code
    assert refused.value.field == "points"


@pytest.mark.parametrize(("amount", "words"), [(300, "3"), (50, "0.5"), (-3000, "−30"), (123456, "1,234.56"), (0, "0")])
def test_amounts_shown(amount: int, words: str) -> None:
    assert points.show(amount) == words


def test_shares_add_up() -> None:
    assert points.split(100, [1, 1, 1]) == [34, 33, 33]
    assert sum(points.split(7, [5, 3, 11])) == 7


@pytest.mark.django_db
def test_files_of_acts_that_were_undone_are_removed(at: datetime, tmp_path: Path, settings: LazySettings) -> None:
    """The row goes with the act, the file a day later; what has a row stays, and so does what is being written now."""
    settings.MEDIA_ROOT = tmp_path
    kept = attachments.keep(actor=system(), file=photo(), subject="deed:1", at=at)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        undone = attachments.keep(actor=system(), file=photo(), subject="deed:2", at=at)
        raise ZeroDivisionError
    assert (tmp_path / undone.path).exists() and not attachments.of("deed:2")
    hours = [at + timedelta(minutes=minute) for minute in range(1, 257)]  # a file's own minute is not yet a day ago
    assert sum(attachments.forget_orphans(at=hour) for hour in hours) == 0
    assert sum(attachments.forget_orphans(at=hour + timedelta(days=1)) for hour in hours) == 1
    assert not (tmp_path / undone.path).exists() and (tmp_path / kept.path).exists()


@pytest.mark.django_db
def test_drafts_that_nobody_handed_in_are_forgotten(at: datetime, tmp_path: Path, settings: LazySettings) -> None:
    settings.MEDIA_ROOT = tmp_path
    old = attachments.keep(actor=system(), file=photo(), subject="draft:1", at=at - timedelta(days=8))
    new = attachments.keep(actor=system(), file=photo(), subject="draft:2", at=at)
    kept = attachments.keep(actor=system(), file=photo(), subject="deed:1", at=at - timedelta(days=8))
    assert attachments.forget_drafts(before=at - timedelta(days=7)) == 1
    assert not (tmp_path / old.path).exists()
    assert (tmp_path / new.path).exists()
    assert (tmp_path / kept.path).exists()

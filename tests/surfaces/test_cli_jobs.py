"""`jobs`, `info` and the base of every command: JSON, exit codes, the clock that may be set."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests import program
from wenming.core.errors import Conflict
from wenming.surfaces.cli import timetable
from wenming.surfaces.cli.command import WRONG_USE


def called(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_info_of_an_empty_store_counts_nothing() -> None:
    facts = json.loads(called("info", "--json"))
    assert facts["depositors"] == {"person": 0, "household": 0, "unit": 0, "collective": 0, "total": 0}
    assert facts["branches"] == facts["transactions"] == facts["points_outstanding_hundredths"] == 0
    assert "储户 0 个" in called("info")


@pytest.mark.django_db
def test_branches_of_an_empty_store() -> None:
    assert json.loads(called("branches", "--json")) == []


@pytest.mark.django_db
def test_jobs_say_what_they_did() -> None:
    told = json.loads(called("jobs", "--json"))
    assert set(told["done"]) == {"deeds", "orders", "expiry", "seals", "drafts", "erasures"}
    assert told["faults"] == []


def test_a_fault_in_one_job_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    seen = []

    def broken(*, at: datetime) -> None:
        raise ZeroDivisionError

    def refused(*, at: datetime) -> None:
        raise Conflict

    def good(*, at: datetime) -> int:
        seen.append(at)
        return 1

    monkeypatch.setattr(timetable, "JOBS", {"broken": broken, "refused": refused, "good": good})
    done, faults = timetable.run_due(at)
    assert (done, faults, seen) == ({"good": 1}, ["broken", "refused"], [at])


@pytest.mark.django_db
def test_wrong_use_is_a_sentence_with_code_two() -> None:
    with pytest.raises(CommandError) as refusal:
        called("serve", "--port", "0")
    assert refusal.value.returncode == WRONG_USE
    assert "端口" in str(refusal.value)


def test_the_program_says_no_in_words(tmp_path: Path) -> None:
    unknown = program.run(tmp_path / "data", "nonsense")
    assert unknown.returncode == 2 and "nonsense" in unknown.stderr
    wrong = program.run(tmp_path / "data", "info", "--nonsense")
    assert wrong.returncode == 2 and "Traceback" not in wrong.stderr
    empty = program.run(tmp_path / "data", "info")
    assert empty.returncode == 2 and "还没有账本" in empty.stderr


def test_the_clock_of_real_books_cannot_be_set(tmp_path: Path) -> None:
    (tmp_path / "now").write_text("2030-01-01T00:00+08:00")
    done = program.run(tmp_path / "data", "info", "--test-clock", str(tmp_path / "now"))
    assert done.returncode == 2
    assert "--test-clock" in done.stderr and "Traceback" not in done.stderr

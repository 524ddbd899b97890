"""An import of 20,000 register rows against reading the same file bare and inserting as many rows bare."""

from __future__ import annotations

import io
import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import python_calamine
import xlsxwriter

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.domain.depositors import queries as depositors
from wenming.domain.intake import services as intake
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations import services as opening
from wenming.surfaces.cli.bench import interleave, seconds
from wenming.surfaces.cli.bench.limits import BareFile
from wenming.surfaces.cli.town import enrolment
from wenming.surfaces.cli.town.people import Counts, Roll

PEOPLE, ROWS = 2600, 20_000
CODES = ("1.1", "1.5", "1.6", "1.10", "3.6", "4.8", "1.7", "1.11")


def _branch(actor: Actor, at: datetime) -> int:
    """A branch with people enough that 20,000 deeds stay under every cap."""
    bank = organisations.head_banks()[0]
    branch = opening.open_branch(actor=actor, head_bank_id=bank.pk, code="BENCH", name="测速分行", village_codes=[], at=at)
    families = Roll(random.Random(3), at.year, at.year).families(
        number=99, villages=[("", "测速村")], counts=Counts(PEOPLE, 0, 0, 0)
    )
    enrolment.enrol(actor=actor, branch_id=branch.pk, families=families, at=at)
    return branch.pk


def _sheet(branch_id: int, day: date) -> bytes:
    """Every depositor does each of eight things at most once."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["测速村积分登记台账"])
    sheet.write_row(1, 0, ["序号", "户号", "姓名", "日期", "细则编号", "数量", "备注"])
    people = [entry for entry in depositors.roll_index(branch_id=branch_id).entries.values() if _is_grown(entry, day)]
    pairs = [(entry, code) for code in CODES for entry in people][:ROWS]
    for number, (entry, code) in enumerate(pairs, 1):
        written = (day - timedelta(days=number % 9)).isoformat()
        sheet.write_row(number + 1, 0, [number, entry.household_number, entry.name, written, code, 1, "村里"])
    book.close()
    return file.getvalue()


def _is_grown(entry: depositors.RollEntry, day: date) -> bool:
    return entry.born_on is not None and not depositors.is_minor(entry.born_on, day)


def run(*, actor: Actor, folder: Path, at: datetime, rounds: int) -> dict[str, Any]:
    """Seconds to read and check, and to post, beside the bare read and the bare insert of the same rounds."""
    joined = at - timedelta(days=200)
    branch_id = _branch(actor, joined)
    data = _sheet(branch_id, clock.local_date(at) - timedelta(days=1))
    bare = BareFile(folder / "bare.sqlite3")
    made: list[Any] = []

    def check(number: int) -> None:
        made.append(
            intake.stage_sheet(actor=actor, kind="register", branch_id=branch_id, file_name="bench.xlsx", data=data, at=at)
        )

    def bare_read(number: int) -> None:
        python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()

    def bare_insert(number: int) -> None:
        bare.batch("by_account", [(place % PEOPLE, 300, number, "") for place in range(ROWS)])

    median = interleave(rounds, check=check, bare_read=bare_read, bare_insert=bare_insert)
    sheet = made[-1]
    post = seconds(lambda: intake.commit_sheet(actor=actor, sheet_id=sheet.pk, at=at))
    bare.close()
    return {
        "rows": sheet.row_count,
        "bad": sheet.bad_count,
        "check_seconds": median["check"],
        "post_seconds": post,
        "bare_read_seconds": median["bare_read"],
        "bare_insert_seconds": median["bare_insert"],
        "check_over_bare_read": median["check"] / median["bare_read"],
        "post_over_bare_insert": post / median["bare_insert"],
        "goal_seconds": {"check": 5, "post": 5},
    }

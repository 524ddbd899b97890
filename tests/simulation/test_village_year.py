"""A village lives under a seed; the auditors look after every act. The same seed gives the same life, byte for byte.

Short lives here; whole years by `python3 run.py check --long village`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import DjangoDbBlocker

from tests.simulation import closing, guards
from tests.simulation.audit_books import ASKED
from tests.simulation.staging import Stage
from tests.simulation.store import Store, sqlite3

pytestmark = pytest.mark.sqlite_only
ACCOUNTS, GESTURES, GAP = 60, 220, timedelta(hours=4)
BUSY = {
    "declare": 9, "review": 14, "publish": 2, "timetable": 4, "object_to": 5, "answer": 7, "propose_reversal": 4,
    "decide_reversal": 5, "look_up": 3, "order": 8, "hand_over": 5, "receive_goods": 2, "clear_old_points": 2, "intrude": 4,
    "amend": 2, "openings_sheet": 1, "work_on_sheet": 3, "erase": 2, "change_people": 1,
}  # fmt: skip
LAWS = {*(f"L{n:02}" for n in range(1, 23)), *(f"W{n:02}" for n in range(1, 25))}
ELSEWHERE = {
    "L16": "replay of the whole log, in tests/reliability/test_replay.py and at the end of each long life",
    "L17": "restore, in tests/surfaces/test_cli_backup.py and at the end of each long life",
    "W08": "the trail of looks at objectors, in tests/domain/test_notices.py",
    "W14": "no ballots yet", "W15": "no ballots yet", "W16": "no bounties yet", "W19": "asked for as L12",
    "W20": "no honours yet", "W23": "asked for as W18: officers of yesterday",
}  # fmt: skip


@pytest.fixture(scope="module")
def stage(django_db_blocker: DjangoDbBlocker) -> Iterator[Stage]:
    with django_db_blocker.unblock(), Store() as store:
        yield Stage(store)


def test_a_season_of_a_small_village(stage: Stage) -> None:
    lines: list[str] = []
    again: list[str] = []
    copies: list[sqlite3.Connection] = []
    life = stage.live(1, ACCOUNTS, GESTURES, GAP, keep=lines.append, halfway=lambda: copies.append(stage.store.copy()))
    closing.replay(life.books)
    closing.restore(life.books, copies[0])
    copies[0].close()
    assert life.figures.acts > GESTURES // 2 and life.figures.crashes > 3 and life.figures.repeats > 3
    stage.live(1, ACCOUNTS, GESTURES // 3, GAP, keep=again.append)
    assert again[:-1] == lines[: len(again) - 1]
    assert stage.live(2, ACCOUNTS, 5, GAP).log.digest() != life.log.digest()


def test_every_invariant_is_asked_for_or_said_where(stage: Stage) -> None:
    ASKED.clear()
    stage.live(3, ACCOUNTS, 170, GAP, busy=BUSY)
    assert LAWS - ASKED.keys() - ELSEWHERE.keys() == set()


@pytest.mark.parametrize("name", [name for name, guard in guards.guards().items() if guard.is_quick])
def test_without_a_guard_the_auditors_notice(stage: Stage, name: str) -> None:
    assert stage.notices_without(name, seed=1, accounts=ACCOUNTS, gestures=700)

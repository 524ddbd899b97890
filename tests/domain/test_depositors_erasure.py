"""Erasure: who was erased is nowhere, not in the rows, not in the bytes, not after an old copy is restored. The books stay."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from PIL import Image
from pytest_django import DjangoDbBlocker

from tests import village
from wenming.core import attachments, audit
from wenming.core.actor import system
from wenming.core.errors import NotAllowed, NotFound
from wenming.domain.depositors import queries, services
from wenming.domain.depositors.erasure import erasure_list
from wenming.domain.depositors.queries import PersonFacts
from wenming.domain.identity import queries as identity_queries
from wenming.domain.inbox import services as inbox
from wenming.domain.ledger import queries as ledger

ROOT = Path(__file__).resolve().parents[2]
TRACES = ("欧阳椿萱", "ouyangchunxuan", "oycx", "13877776666", "11010519491231002X")


@pytest.fixture(autouse=True)
def list_of_its_own(settings: LazySettings, tmp_path: Path) -> None:
    """The list of erasures stands beside the store and outlives what a test undoes."""
    settings.DATA = tmp_path


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[village.Village]:
    with village.standing(django_db_blocker) as town:
        yield town


@pytest.fixture
def town(built: village.Village) -> village.Village:
    return deepcopy(built)


def enrol_somebody(town: village.Village) -> int:
    home = town.households["0005"]
    person = services.enrol_depositor(
        actor=system("shell"),
        branch_id=town.branch_id,
        kind="person",
        facts=PersonFacts(name=TRACES[0], phone=TRACES[3], id_number=TRACES[4], sex="女"),
        at=town.at,
        household_id=home,
    )
    town.people[TRACES[0]] = person.pk
    town.villager(TRACES[0])
    child = PersonFacts(name="刘小", born_on=town.at.date().replace(year=2020), guardian=TRACES[0])
    services.enrol_depositor(
        actor=system("shell"), branch_id=town.branch_id, kind="person", facts=child, at=town.at, household_id=home
    )
    inbox.send(to=town.users[TRACES[0]], about="test", subject=f"depositor:{person.pk}", at=town.at, name=TRACES[0])
    services.register_kin(actor=system("shell"), first_id=person.pk, second_id=town.person("张伟"), relation="姑侄", at=town.at)
    picture = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(picture, "PNG")
    picture.seek(0)
    attachments.keep(actor=system("shell"), file=picture, subject=f"depositor:{person.pk}", at=town.at)
    return person.pk


def everything() -> str:
    """Every value of every row of every table."""
    words = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            words += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(words)


@pytest.mark.django_db
def test_nothing_is_left_in_any_row(town: village.Village, at: datetime) -> None:
    pk = enrol_somebody(town)
    assert all(trace in everything() for trace in TRACES[:3]), "the twin: before the erasure the scan finds the name"
    before = ledger.verify()
    book = queries.passbook_of(depositor_id=pk)
    services.erase_depositor(actor=town.officer("director"), depositor_id=pk, at=at)
    left = everything()
    assert [trace for trace in TRACES if trace in left] == []
    assert attachments.of(f"depositor:{pk}") == [] and not queries.vault_fields(depositor_id=pk)
    assert identity_queries.user_by_login_name(name=TRACES[3]) is None
    with pytest.raises(NotFound):
        queries.depositor(actor=town.officer("director"), depositor_id=pk)
    assert queries.public_names(depositor_ids=[pk], on=at.date()) == {pk: "已注销"}
    assert (ledger.verify().ok, ledger.verify().entries) == (True, before.entries)
    assert queries.passbook_of(depositor_id=pk).points_account_id == book.points_account_id
    assert audit.first_broken() is None and [one.depositor_id for one in queries.erasures_under_way()] == [pk]


@pytest.mark.django_db
def test_only_the_director_or_the_head_bank_erases(town: village.Village, at: datetime) -> None:
    for key in ("clerk", "teller", "reviewer"):
        with pytest.raises(NotAllowed):
            services.erase_depositor(actor=town.officer(key), depositor_id=town.person("张伟"), at=at)
    services.erase_depositor(actor=town.officer("head"), depositor_id=town.person("张伟"), at=at)
    lines = [json.loads(line) for line in erasure_list().read_text("ascii").splitlines()]
    count = len(lines)
    assert set(lines[-1]) == {"depositor", "at"}, "random ids and instants only"
    services.erase_depositor(actor=system("shell"), depositor_id=town.person("张伟"), at=at)
    assert len(erasure_list().read_text("ascii").splitlines()) == count, "twice is once"
    assert services.replay_erasures(path=erasure_list(), at=at) == 0
    home = queries.household_by_number(branch_id=town.branch_id, number="0004")
    assert home is not None and home.head_id == town.person("曾静")


def run(folder: Path, script: str) -> str:
    """Run a few lines against the embedded store of a folder, in a process of its own, so that its files are closed after."""
    environment = {name: value for name, value in os.environ.items() if name != "WENMING_DATABASE_URL"}
    environment |= {"WENMING_DATA": str(folder), "WENMING_MODE": "test", "DJANGO_SETTINGS_MODULE": "wenming.config.settings"}
    opening = (
        "import django; django.setup()\n"
        "from datetime import datetime\nfrom pathlib import Path\n"
        "from tests import village\nfrom tests.domain import test_depositors_erasure as scene\n"
        "from wenming.core.actor import system\nfrom wenming.core.clock import ZONE\n"
        "from wenming.domain.depositors import queries, services\n"
        "at = datetime(2026, 3, 12, 9, 30, tzinfo=ZONE)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", opening + script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def found_in(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = b"\n".join(path.read_bytes() for path in files)
    return [trace for trace in TRACES if trace.encode() in kept]


@pytest.mark.sqlite_only
def test_an_old_copy_forgets_again_byte_by_byte(tmp_path: Path, new_bank: Callable[[Path], Path]) -> None:
    """Erase, restore an older copy, replay the list, scan the bytes. The twin without the replay finds the name."""
    folder, copy = new_bank(tmp_path / "data"), tmp_path / "backup.sqlite3"
    run(
        folder,
        "town = village.build(at)\npk = scene.enrol_somebody(town)\n"
        "from wenming.domain.depositors.facts import EnrolRow\n"
        "rows = [EnrolRow(household_number=f'9{n // 3:03d}', name='欧阳' + '春夏秋冬'[n % 4] * 2) for n in range(600)]\n"
        "services.enrol_many(actor=system(), branch_id=town.branch_id, rows=rows, at=at)\n",
    )
    store = folder / "wenming.sqlite3"
    assert found_in(folder) == list(TRACES[:3]), "before the erasure the scan finds the name"
    shutil.copy(store, copy)
    erase = (
        f"pk = queries.find_depositors(actor=system(), text='{TRACES[0]}')[0].pk\n"
        "services.erase_depositor(actor=system(), depositor_id=pk, at=at)\n"
    )
    run(folder, erase)
    assert found_in(folder) == []

    shutil.copy(copy, store)
    assert found_in(folder) == list(TRACES[:3]), "the twin: a restored copy without the replay knows the name"
    replay = "assert services.replay_erasures(path=services.erasure_list(), at=at) == 1\n"
    run(folder, replay + "from wenming.domain.ledger import queries as ledger\nassert ledger.verify().ok\n")
    assert found_in(folder) == []

"""A person leaves and takes along everything that says who it was: rows, files, other people's words, old copies. Proofs stay."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
import verify_proof
from django.conf import LazySettings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command

from tests.domain.test_depositors_erasure import TRACES, enrol_somebody, everything
from tests.program import environment
from tests.surfaces import stage as stages
from wenming.core import attachments
from wenming.core.actor import system
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries, services
from wenming.domain.inbox import services as inbox
from wenming.domain.intake import jobs
from wenming.domain.intake import services as intake
from wenming.domain.ledger import queries as ledger
from wenming.domain.ledger import services as ledger_services
from wenming.domain.notices import queries as notices
from wenming.domain.notices import services as notice_services

ROOT = Path(__file__).resolve().parents[2]
NAME = TRACES[0]


def forms() -> list[str]:
    """Every trace as text, and the name as JSON may write it."""
    return [*TRACES, json.dumps(NAME)[1:-1]]


@pytest.fixture
def stage(built_stage: stages.Stage, db: None) -> stages.Stage:
    """A stage of one's own: who is enrolled on it is gone with it."""
    return deepcopy(built_stage)


def live(stage: stages.Stage) -> int:
    """Somebody who left traces in every room: deeds of their own and in others' words, objections, sheets, messages, a log-in."""
    village, title = stage.village, list(stage.items)[0]
    pk = enrol_somebody(village)
    user = village.users[NAME]
    own = stage.declare(title, NAME, words=f"{NAME}扫了村口")
    stage.review(own, "return", f"请{NAME}再拍一张")
    deed = deed_queries.declaration(actor=system(), declaration_id=own)
    deeds.amend_declaration(
        actor=village.villager(NAME, at=stage.now), declaration_id=own, item_id=deed.item_id, happened_on=deed.happened_on,
        quantity=1, words=f"{NAME}又扫了一遍", photos=[stages.photo()], at=stage.now,
    )  # fmt: skip
    stage.review(own)
    stage.declare(list(stage.items)[1], "刘德福", words=f"和{NAME}一起去的")
    line = notices.lines(notice_id=notices.notice(number=stages.notices_up(stage)[0]).pk, at=stage.now)[0]
    for name, words in ((NAME, "那天我在，没有这件事。"), ("单秀兰", f"{NAME}也说没看见。")):
        notice_services.raise_objection(
            actor=village.villager(name, at=stage.now), line_id=line.id, reason="other", words=words, at=stage.now
        )
    (found, *_more) = notices.objections_to_answer(actor=system(), at=stage.now)
    deeds.resolve_objection(
        actor=village.officer("supervisor", at=stage.now),
        objection_id=found.id,
        upheld=False,
        answer=f"问过{NAME}了。",
        at=stage.now,
    )
    inbox.send(to=village.users["单秀兰"], about="test", subject="deed:1", at=stage.now, reason=f"{NAME}说的")
    sheet = f"户号,姓名,电话\n0005,{NAME},138\n0006,尉迟恭礼,\n".encode()
    clerk = village.officer("clerk", at=stage.now)
    intake.stage_sheet(
        actor=clerk, kind="roll", branch_id=village.branch_id, file_name=f"{NAME}.csv", data=sheet, at=stage.now
    )  # fmt: skip
    session = SessionStore()
    session["_auth_user_id"] = str(user)
    session.save()
    stage.publish()
    return pk


def photos_of(pk: int) -> list[Path]:
    from django.conf import settings

    kept = [one for deed in deed_queries.declarations_of(depositor_ids=[pk]) for one in attachments.of(f"deed:{deed.pk}")]
    return [Path(settings.MEDIA_ROOT) / one.path for one in [*kept, *attachments.of(f"depositor:{pk}")]]


def settle(stage: stages.Stage) -> None:
    """The notice ends, the points are posted and sealed."""
    stage.turn_to(stage.now + timedelta(days=9))
    deed_jobs.run_due(at=stage.now)
    ledger_services.seal(book_id=stage.village.book_id, at=stage.now)


def proofs(stage: stages.Stage) -> list[dict[str, object]]:
    return [asdict(ledger.inclusion_proof(row.public_id)) for row in stage_lines(stage)]


def stage_lines(stage: stages.Stage) -> list[ledger.Line]:
    account = queries.passbook_of(depositor_id=stage.village.person(NAME)).points_account_id
    return ledger.statement(account)


@pytest.mark.django_db
def test_nothing_is_left_in_any_row_and_every_proof_holds(stage: stages.Stage, settings: LazySettings) -> None:
    pk = live(stage)
    settle(stage)
    files = photos_of(pk)
    seal = ledger.latest_seal(stage.village.book_id)
    assert seal is not None and len(files) == 3 and all(path.exists() for path in files)
    paper = {"book": "QX", "size": str(seal.size), "root": bytes(seal.root).hex()}
    before, verified = proofs(stage), ledger.verify()
    assert before and verified.ok
    there = everything()
    assert all(trace in there for trace in TRACES[:3]), "the twin: before the erasure the scan finds the name"
    assert there.count(NAME) + there.count(forms()[-1]) >= 10

    services.erase_depositor(actor=stage.village.officer("director", at=stage.now), depositor_id=pk, at=stage.now)
    assert NAME in everything(), "the twin: until the rooms above have followed, others' words still speak of the person"
    assert jobs.forget_erased(at=stage.now) == 1 and jobs.forget_erased(at=stage.now) == 0
    left = everything()
    assert [trace for trace in forms() if trace in left] == []
    assert queries.erasures_under_way() == [] and not any(path.exists() for path in files)
    assert not any(one.get_decoded().get("_auth_user_id") == str(stage.village.users[NAME]) for one in Session.objects.all())
    assert "和某人一起去的" in left and "问过某人了" in left or "\\u67d0\\u4eba" in left

    after = ledger.latest_seal(stage.village.book_id)
    assert after is not None and (after.size, bytes(after.root)) == (seal.size, bytes(seal.root))
    assert all(verify_proof.check(proof, paper, {}) for proof in [*before, *proofs(stage)])
    assert (ledger.verify().ok, ledger.verify().entries) == (True, verified.entries)


@pytest.mark.django_db
def test_words_stay_while_somebody_else_bears_the_name(stage: stages.Stage) -> None:
    """The name of two people in somebody's words speaks of neither alone."""
    pk = live(stage)
    services.enrol_depositor(
        actor=system("shell"),
        branch_id=stage.village.other_branch_id,
        kind="person",
        facts=queries.PersonFacts(name=NAME),
        at=stage.now,
    )
    services.erase_depositor(actor=system(), depositor_id=pk, at=stage.now)
    jobs.forget_erased(at=stage.now)
    left = everything()
    assert f"和{NAME}一起去的" in left and f"{NAME}又扫了一遍" not in left


BUILD = """
import django; django.setup()
from pathlib import Path
from django.conf import settings
from tests import village
from tests.surfaces import stage as stages, test_erasure as scene
stage = stages.build(village.MORNING, Path(settings.DATA) / "clock")
scene.live(stage)
scene.settle(stage)
"""
ERASE = """
import django; django.setup()
from pathlib import Path
from django.conf import settings
from tests.surfaces import test_erasure as scene
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.depositors import queries, services
from wenming.domain.intake import jobs
(found,) = queries.find_depositors(actor=system(), text=scene.NAME)
services.erase_depositor(actor=system(), depositor_id=found.pk, at=clock.now())
jobs.forget_erased(at=clock.now())
print(scene.found_in(Path(settings.DATA)))
"""


def found_in(folder: Path) -> list[str]:
    """The traces that stand in any byte of any file of a folder: the store, its journals, the pictures' names, lists."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = b"\n".join([*(path.read_bytes() for path in files), *(str(path).encode() for path in files)])
    return [trace for trace in forms() if trace.encode() in kept]


def python(folder: Path, script: str) -> str:
    settings = environment(folder, "test") | {"DJANGO_SETTINGS_MODULE": "wenming.config.settings", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def restore(folder: Path, backup: Path) -> None:
    command = [sys.executable, "-m", "wenming", "restore", str(backup)]
    done = subprocess.run(command, cwd=folder, env=environment(folder, "test"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.sqlite_only
def test_no_byte_is_left_here_nor_in_a_backup_that_comes_back(tmp_path: Path, new_bank: Callable[[Path], Path]) -> None:
    """While the program runs and after it: the store, its write-ahead log, the pictures. Then an old backup, with and without
    the list of erasures."""
    bank, old = new_bank(tmp_path / "bank"), tmp_path / "old.zip"
    python(bank, BUILD)
    assert set(found_in(bank)) >= {*TRACES[:3]}, "the twin: before the erasure the scan finds the name"
    pictures = sum(path.suffix == ".jpg" for path in bank.rglob("*"))
    made = [sys.executable, "-m", "wenming", "backup", "--out", str(old)]
    assert subprocess.run(made, cwd=bank, env=environment(bank, "test"), capture_output=True, check=False).returncode == 0
    assert python(bank, ERASE) == "[]", "while the program still has the store open"
    assert found_in(bank) == [] and sum(path.suffix == ".jpg" for path in bank.rglob("*")) == pictures - 3

    for name, is_listed in (("forgetful", True), ("naive", False)):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(bank / "vault.key", folder)
        if is_listed:
            shutil.copy(bank / "erasures.jsonl", folder)
        restore(folder, old)
        assert (found_in(folder) == []) == is_listed, "the twin: a copy restored without the list knows the name"
        assert (sum(path.suffix == ".jpg" for path in folder.rglob("*")) == pictures) != is_listed


@pytest.mark.django_db
def test_the_certificate_says_what_went_and_what_stays(stage: stages.Stage, tmp_path: Path) -> None:
    live(stage)
    number = queries.passbook_of(depositor_id=stage.village.person(NAME)).number
    paper = tmp_path / "paper.pdf"
    call_command("erase", number, yes=True, certificate=str(paper))
    assert paper.read_bytes().startswith(b"%PDF-")
    left = everything()
    assert [trace for trace in forms() if trace in left] == [], "the command has every room follow at once"
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(paper)
    assert NAME.encode() not in paper.read_bytes()

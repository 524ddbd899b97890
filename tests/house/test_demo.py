"""The demo at village scale: built from nothing, sound, complete, the same every time, and there at once the second time."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import county_checker
import pytest

from tests import program

pytestmark = [pytest.mark.sqlite_only, pytest.mark.xdist_group("demo")]
NOW = "2026-03-12T09:30:00+08:00"
SAME = (
    "SELECT name, pinyin, kind, born_on, joined_on FROM depositors_depositor ORDER BY id",
    "SELECT number, lane, village_code, resident_count FROM depositors_household ORDER BY id",
    "SELECT public_id, item_id, depositor_id, happened_on, quantity, status, points FROM deeds_declaration ORDER BY id",
    "SELECT kind, subject, hex(leaf_hash) FROM ledger_transaction ORDER BY id",
    "SELECT id, number, count FROM ledger_numbering ORDER BY id",
    "SELECT product_id, depositor_id, status, pickup_code FROM mall_order ORDER BY id",
    "SELECT hex(root), size FROM ledger_seal ORDER BY id",
)


def build(folder: Path) -> Path:
    """A village in a fresh data folder, at a fixed present."""
    data = folder / "data"
    data.mkdir()
    (folder / "now").write_text(NOW)
    done = program.run(data, "demo", "--scale", "village", "--build-only", "--test-clock", str(folder / "now"))
    assert done.returncode == 0, done.stderr
    return data


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("village"))


def digest(data: Path) -> str:
    store = sqlite3.connect(data / "wenming.sqlite3")
    found = [store.execute(statement).fetchall() for statement in SAME]
    store.close()
    assert all(found)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def test_the_books_are_sound(village: Path) -> None:
    found = program.report(village, "verify")
    assert found["ok"] and found["faults"] == []
    assert found["transactions"] > 1000


def test_its_archive_passes_the_county_checker(village: Path, tmp_path: Path) -> None:
    out = tmp_path / "bank.zip"
    assert program.run(village, "export", "bank", "--out", str(out)).returncode == 0
    (head,) = program.report(village, "root")
    faults = county_checker.Faults()
    counted = county_checker.check(str(out), [{**head, "source": "root"}], faults)
    assert faults.found == [] and counted["transactions"] > 1000 and counted["deeds"] > 1000


def test_it_holds_what_was_promised(village: Path) -> None:
    facts = program.report(village, "info")
    assert facts["branches"] == 2 and facts["villages"] == 54 and facts["villages_served"] == 3
    assert facts["depositors"] == {"person": 386, "household": 8, "unit": 2, "collective": 4, "total": 400}
    assert facts["points_outstanding_hundredths"] == round(facts["points_outstanding"] * 100) > 0
    assert facts["transactions"] > facts["deeds"]["deposited"] > 1000
    assert facts["entries"] > facts["transactions"]
    assert facts["deeds"]["reversed"] > 0


def test_work_waits_in_every_queue(village: Path) -> None:
    store = sqlite3.connect(village / "wenming.sqlite3")
    counts = {
        "submitted": "SELECT count(*) FROM deeds_declaration WHERE status = 'submitted'",
        "returned": "SELECT count(*) FROM deeds_declaration WHERE status = 'returned'",
        "approved": "SELECT count(*) FROM deeds_declaration WHERE status = 'approved'",
        "on notice": "SELECT count(*) FROM deeds_declaration WHERE status = 'on_notice'",
        "objections": "SELECT count(*) FROM notices_objection WHERE status = 'open'",
        "orders": "SELECT count(*) FROM mall_order WHERE status = 'placed'",
        "offices": "SELECT count(*) FROM organisations_proposal WHERE status = 'proposed'",
        "corrections": "SELECT count(*) FROM deeds_reversal WHERE status = 'proposed'",
        "sheets": "SELECT count(*) FROM intake_sheet WHERE bad_count > 0",
        "photos": "SELECT count(*) FROM core_attachment",
        "messages": "SELECT count(*) FROM inbox_message",
    }
    found = {name: store.execute(statement).fetchone()[0] for name, statement in counts.items()}
    store.close()
    assert all(found.values()), found


def test_branches_name_their_villages(village: Path) -> None:
    branches = program.report(village, "branches")
    assert [branch["code"] for branch in branches] == ["LC01", "LC02"]
    assert all(set(branch) == {"code", "name", "villages"} for branch in branches)
    assert all(len(place["code"]) == 12 and place["name"] for branch in branches for place in branch["villages"])


def test_a_second_start_finds_it_made(village: Path) -> None:
    before = (village / "wenming.sqlite3").stat().st_mtime_ns
    done = program.run(village, "demo", "--build-only")
    assert done.returncode == 0 and "guiyuan" in done.stdout
    assert (village / "wenming.sqlite3").stat().st_mtime_ns == before


def test_another_scale_is_refused_in_a_sentence(village: Path) -> None:
    done = program.run(village, "demo", "--scale", "town", "--build-only")
    assert done.returncode == 2
    assert "village" in done.stderr and "Traceback" not in done.stderr


def test_real_books_are_never_taken_for_a_demo(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "wenming.sqlite3").write_bytes(b"")
    done = program.run(data, "demo", "--build-only")
    assert done.returncode == 2 and "正式账本" in done.stderr
    assert (data / "wenming.sqlite3").read_bytes() == b""


def test_the_same_seed_makes_the_same_village(village: Path, tmp_path: Path) -> None:
    assert digest(build(tmp_path)) == digest(village)


def test_every_login_opens_its_door(village: Path) -> None:
    card = json.loads((village / "demo.json").read_text(encoding="utf-8"))
    roles = {login["role"] for login in card["logins"]}
    assert roles == {"村民", "老年村民", "街巷长", "会计", "审核员", "柜员", "行长", "监督员", "总行工作人员"}
    check = (
        "from wenming.domain.identity.backends import LoginNameBackend; import json; door = LoginNameBackend(); "
        f"card = json.load(open({str(village / 'demo.json')!r}, encoding='utf-8')); "
        "assert all(door.authenticate(None, username=one['login'], password=one['password']) for one in card['logins'])"
    )
    done = program.run(village, "shell", "--no-imports", "-c", check)
    assert done.returncode == 0, done.stderr

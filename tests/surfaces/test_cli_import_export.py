"""import and export on the command line: the JSON that programs read, the exit codes, files that open."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import DjangoDbBlocker

from tests import village as villages
from tests.village import Village

SAMPLES = Path(__file__).parents[2] / "samples"
BOOKS = (
    ("rulebook", "rulebook.xls"),
    ("roll", "roll.xlsx"),
    ("balances", "monthly-summary.xlsx"),
    ("register", "register.csv"),
)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Village]:
    with villages.standing(django_db_blocker) as village:
        yield village


@pytest.fixture
def village(built: Village, db: None, tmp_path: Path, settings: LazySettings) -> Village:
    clock = tmp_path / "now"
    clock.write_text(built.at.isoformat())
    settings.TEST_CLOCK = str(clock)
    return deepcopy(built)


def run(*arguments: object) -> tuple[int, Any]:
    """The exit code of a command and what it wrote, as data where it is JSON."""
    out, code = io.StringIO(), 0
    try:
        call_command(*[str(argument) for argument in arguments], stdout=out)
    except SystemExit as end:
        code = int(str(end.code))
    except CommandError as error:
        code = error.returncode
        out = out if out.getvalue() else io.StringIO(str(error))
    text = out.getvalue()
    return code, json.loads(text) if text.startswith(("{", "[")) else text


def test_the_report_and_the_exit_codes(village: Village) -> None:
    assert run("import", "rulebook", SAMPLES / "rulebook.xls", "--branch", "LX01")[0] == 0
    assert run("import", "roll", SAMPLES / "roll.xlsx", "--branch", "LX01")[0] == 0
    code, trial = run("import", "register", SAMPLES / "register.csv", "--branch", "LX01", "--dry-run", "--json")
    assert (code, trial["rows"], trial["good"], trial["committed"]) == (0, 20, 20, 0)
    code, report = run("import", "register", SAMPLES / "register.csv", "--branch", "LX01", "--json")
    assert code == 0 and report["committed"] == 20 and report["problems"] == [] and not report["duplicate"]
    code, again = run("import", "register", SAMPLES / "register.csv", "--branch", "LX01", "--json")
    assert code == 0 and again["committed"] == 0 and again["duplicate"]
    code, bad = run("import", "register", SAMPLES / "register-with-mistakes.xlsx", "--branch", "LX01", "--json")
    assert code == 1 and bad["rows"] == bad["good"] + bad["bad"] and bad["committed"] == bad["good"] > 0
    assert set(bad["problems"][0]) == {"row", "column", "field", "code", "message"}
    assert {"row": 6, "column": "B", "field": "日期"}.items() <= bad["problems"][2].items()


@pytest.mark.parametrize(
    "arguments",
    [
        ("roll", "nowhere.xlsx", "--branch", "LX01"),
        ("roll", __file__, "--branch", "LX01"),
        ("roll", SAMPLES / "roll.xlsx", "--branch", "XX99"),
        ("diary", SAMPLES / "roll.xlsx", "--branch", "LX01"),
        ("roll", SAMPLES / "roll.xlsx"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_two(village: Village, arguments: tuple[object, ...]) -> None:
    code, said = run("import", *arguments)
    assert code == 2 and said and "Traceback" not in said


def test_an_unreadable_file_answers_in_json_as_well(village: Village) -> None:
    code, said = run("import", "roll", __file__, "--branch", "LX01", "--json")
    assert code == 2 and said["code"].startswith("intake.") and said["message"]


def fill(village: Village) -> None:
    for kind, name in BOOKS:
        assert run("import", kind, SAMPLES / name, "--branch", "LX01")[0] == 0


def test_every_table_goes_out_as_a_sheet_and_comes_in_again(village: Village, tmp_path: Path) -> None:
    fill(village)
    for kind in ("roll", "rulebook", "register", "balances", "statements", "redemptions"):
        out = tmp_path / f"{kind}.xlsx"
        code, made = run("export", kind, "--out", out, "--branch", "LX01", "--json")
        assert code == 0 and openpyxl.load_workbook(out).active.max_row >= made["rows"]
        if kind in ("roll", "rulebook", "register", "balances"):
            code, report = run("import", kind, out, "--branch", "LX01", "--json")
            assert (code, report["committed"], report["problems"]) == (0, 0, []), kind


def test_nothing_in_an_export_runs_as_a_formula(village: Village, tmp_path: Path) -> None:
    fill(village)
    line = '日期,户号,姓名,事项,分值,备注\n2021-05-05,LX-101,周德厚,义务清扫公共区域,2,"=HYPERLINK(1)"\n'
    (tmp_path / "r.csv").write_text(line, encoding="utf-8")
    assert run("import", "register", tmp_path / "r.csv", "--branch", "LX01")[0] == 0
    run("export", "register", "--out", tmp_path / "out.xlsx", "--branch", "LX01")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows() for cell in row]
    assert all(cell.data_type in ("s", "n") for cell in cells) and any("HYPERLINK" in str(cell.value) for cell in cells)
    run("export", "register", "--out", tmp_path / "out.csv", "--branch", "LX01")
    assert ",'=HYPERLINK" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def test_the_whole_bank_as_one_archive(village: Village, tmp_path: Path) -> None:
    fill(village)
    out = tmp_path / "bank.zip"
    code, facts = run("export", "bank", "--out", out, "--json")
    assert code == 0
    with zipfile.ZipFile(out) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for name, file in manifest["files"].items():
            assert sha256(archive.read(name)).hexdigest() == file["sha256"]
        assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert "周德厚".encode() in everything and b"13900010101" not in everything
        assert len(archive.read("LX01/deeds.jsonl").splitlines()) == 20
    run("export", "bank", "--out", out, "--with-identity")
    with zipfile.ZipFile(out) as archive:
        assert b"13900010101" in archive.read("LX01/identity.csv")


def test_exports_that_cannot_be_are_refused(village: Village, tmp_path: Path) -> None:
    for arguments in (
        ("bank", "--out", tmp_path / "a.xlsx"),
        ("roll", "--out", tmp_path / "a.zip"),
        ("rulebook", "--out", tmp_path / "a.xlsx"),
    ):
        assert run("export", *arguments)[0] == 2

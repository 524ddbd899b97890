"""The county checker: a true archive passes, and an archive with any one thing changed does not, even with fitting hashes."""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import county_checker
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.books import Bank
from tests.surfaces import stage as stages
from tests.village import MORNING
from wenming.core.actor import system
from wenming.domain.deeds import jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import services as mall
from wenming.domain.notices import queries as notices
from wenming.domain.notices import services as notice_services

Files = dict[str, bytes]
BOOK = "books/QX"


def live(stage: stages.Stage) -> None:
    """One of everything that an archive may hold, on top of the stage: objections of every outcome, a register, a reversal."""
    village = stage.village
    number = stages.notices_up(stage)[0]
    lines = notices.lines(notice_id=notices.notice(number=number).pk, at=stage.now)
    for line, name in ((lines[0], "单秀兰"), (lines[1], "刘德福")):
        notice_services.raise_objection(
            actor=village.villager(name, at=stage.now), line_id=line.id, reason="other", words="那天没看见。", at=stage.now
        )
    for found, upheld in zip(notices.objections_to_answer(actor=system(), at=stage.now), (True, False), strict=True):
        deeds.resolve_objection(
            actor=village.officer("supervisor", at=stage.now),
            objection_id=found.id,
            upheld=upheld,
            answer="问过邻居了。",
            at=stage.now,
        )
    rows = [
        deeds.RegisterRow(row=n, depositor_id=village.person(name), item=title, happened_on=stage.now.date() - timedelta(days=9))
        for n, (name, title) in enumerate(zip(("张伟", "曾静", "刘德福"), list(stage.items)[:3], strict=True), 3)
    ]
    for key, chosen, noticed_on in (("paper", rows[:2], date(2026, 3, 9)), ("fresh", rows[2:], None)):
        deeds.record_register(
            actor=system(), branch_id=village.branch_id, rows=chosen, batch_key=key, at=stage.now, noticed_on=noticed_on
        )
    stage.turn_to(stage.now + timedelta(days=8))
    jobs.run_due(at=stage.now)
    order = stage.shop.order("张伟", key="second", at=stage.now)
    mall.hand_over_order(actor=village.officer("teller", at=stage.now), order_id=order.pk, code=order.pickup_code, at=stage.now)
    ledger.seal(book_id=village.book_id, at=stage.now)
    done = [one for one in deed_queries.declarations_in(actor=system(), status="deposited", limit=100) if one.door != "sheet"]
    wrong = deeds.propose_reversal(
        actor=village.officer("clerk", at=stage.now), declaration_id=done[-1].pk, reason="记错了人", at=stage.now
    )
    deeds.confirm_reversal(actor=village.officer("director", at=stage.now), reversal_id=wrong.pk, at=stage.now)
    stage.declare(list(stage.items)[1], "单秀兰")
    ledger.seal(book_id=village.book_id, at=stage.now)
    stage.shop.give("刘德福", 777)


@pytest.fixture(scope="module")
def original(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("county")
    settings = override_settings(TEST_CLOCK=str(folder / "now"), MEDIA_ROOT=folder / "media")
    with django_db_blocker.unblock(), settings, transaction.atomic():
        live(stages.build(MORNING, folder / "now"))
        call_command("export", "bank", out=str(folder / "bank.zip"), stdout=io.StringIO())
        transaction.set_rollback(True)
    with zipfile.ZipFile(folder / "bank.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def files(original: Files) -> Files:
    return dict(original)


def bound(files: Files, *, rehash: bool = True) -> io.BytesIO:
    """The files as an archive again; the manifest fits them unless it is told not to."""
    out = io.BytesIO()
    manifest = json.loads(files["manifest.json"])
    if rehash:
        manifest["files"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in files.items()
            if name != "manifest.json"
        }
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data if name != "manifest.json" else json.dumps(manifest, ensure_ascii=False))
    return out


def codes(files: Files, *papers: dict[str, Any], rehash: bool = True) -> list[str]:
    """The codes of all faults that the checker finds."""
    faults = county_checker.Faults()
    county_checker.check(bound(files, rehash=rehash), papers, faults)  # type: ignore[arg-type]
    return [fault["code"] for fault in faults.found]


def rows_of(files: Files, name: str) -> list[Any]:
    return [json.loads(line) for line in files[name].decode().splitlines()]


def with_rows(files: Files, name: str, rows: list[Any]) -> Files:
    return {**files, name: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()}


def test_a_true_archive_passes(files: Files) -> None:
    assert codes(files, rehash=False) == []
    deeds_kept = rows_of(files, "LX01/deeds.jsonl")
    assert {one["status"] for one in deeds_kept} >= {"submitted", "returned", "rejected", "deposited", "reversed"}
    assert {one["posted_by"] for one in deeds_kept} == {"notice_first", "register"}
    lines = [line for notice in rows_of(files, "LX01/notices.jsonl") for line in notice["lines"]]
    assert {line["status"] for line in lines} == {"cleared", "struck"}
    log = rows_of(files, f"{BOOK}/log.jsonl")
    kinds = {
        "opening_balance",
        "deed_deposited",
        "order_placed",
        "order_collected",
        "fund_drawn",
        "donation_received",
        "reversed",
    }
    assert {row["kind"] for row in log} >= kinds and log[-1]["number"] is None
    assert len(rows_of(files, f"{BOOK}/seals.jsonl")) >= 3


# Any one value


def other(value: Any) -> Any:
    """A value of the same kind that is not the one there."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return 1
    if isinstance(value, str) and len(value) > 18 and value[4] == "-" and "T" in value:
        return (datetime.fromisoformat(value) + timedelta(days=7)).isoformat()
    if isinstance(value, str) and len(value) >= 32 and set(value) <= set("0123456789abcdef"):
        return f"{value[:-1]}{int(value[-1], 16) ^ 1:x}"
    return f"{value[:-1]}~" if value else "~"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every single value inside a record."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inside is None:
        yield path
        return
    for key, part in inside:
        yield from places(part, (*path, key))


def changed(record: Any, path: tuple[Any, ...]) -> Any:
    record = deepcopy(record)
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other(inner[path[-1]])
    return record


def some(rows: list[Any], most: int) -> list[int]:
    """The first, the last and some between."""
    return sorted({0, len(rows) - 1, *range(0, len(rows), -(-len(rows) // most))})


# What an archive says that nothing else in it bears witness to: who did it and in what words, and when exactly it was said.
FREE = {
    "deeds.jsonl": {"id", "depositor", "words", "quantity", "declared_at", "door"},
    "notices.jsonl": {"title", "closed_at"},
}
# What a deed claims before it is posted binds nobody.
FREE_UNPOSTED = {"points", "honour", "happened_on", "status", "subject"}


def is_free(name: str, record: Any, path: tuple[Any, ...]) -> bool:
    kind = name.rpartition("/")[2]
    if path[0] in FREE.get(kind, set()):
        return True
    if kind == "deeds.jsonl":
        return record["status"] not in ("deposited", "reversed") and path[0] in FREE_UNPOSTED
    if kind == "notices.jsonl" and path[0] == "lines" and path[-1] in ("raised", "upheld", "settled_at"):
        return record["lines"][path[1]]["status"] == "struck" or path[-1] != "upheld"
    return kind == "accounts.jsonl" and path[0] == "closed" and not record["lines"]


@pytest.mark.parametrize(
    ("name", "most"),
    [
        (f"{BOOK}/log.jsonl", 9), (f"{BOOK}/accounts.jsonl", 9), (f"{BOOK}/lines.jsonl", 6), (f"{BOOK}/seals.jsonl", 3),
        ("LX01/deeds.jsonl", 12), ("LX01/notices.jsonl", 9),
    ],
)  # fmt: skip
def test_any_one_value_of_a_record(files: Files, name: str, most: int) -> None:
    rows = rows_of(files, name)
    unseen, tried = [], 0
    for place in some(rows, most):
        for path in places(rows[place]):
            if is_free(name, rows[place], path):
                continue
            tried += 1
            lie = with_rows(files, name, [*rows[:place], changed(rows[place], path), *rows[place + 1 :]])
            if not codes(lie):
                unseen.append((place, path, rows[place]))
    assert unseen == [] and tried > 5


@pytest.mark.parametrize(
    "name", [f"{BOOK}/log.jsonl", f"{BOOK}/accounts.jsonl", f"{BOOK}/lines.jsonl", f"{BOOK}/seals.jsonl", "LX01/notices.jsonl"]
)
def test_any_record_left_out_doubled_or_exchanged(files: Files, name: str) -> None:
    rows = rows_of(files, name)
    for place in some(rows, 6):
        assert codes(with_rows(files, name, rows[:place] + rows[place + 1 :])), ("left out", place)
        assert codes(with_rows(files, name, [*rows[: place + 1], *rows[place:]])), ("doubled", place)
        if place and name.endswith(("log.jsonl", "seals.jsonl", "notices.jsonl")):
            swapped = [*rows[: place - 1], rows[place], rows[place - 1], *rows[place + 1 :]]
            assert codes(with_rows(files, name, swapped)), ("exchanged", place)


def test_any_deed_left_out_or_doubled(files: Files) -> None:
    rows = rows_of(files, "LX01/deeds.jsonl")
    for place, row in enumerate(rows):
        lie = with_rows(files, "LX01/deeds.jsonl", rows[:place] + rows[place + 1 :])
        assert bool(codes(lie)) == (row["status"] not in ("submitted", "returned")), "what was never shown anybody may vanish"
        assert codes(with_rows(files, "LX01/deeds.jsonl", [*rows, row]))


@pytest.mark.parametrize("name", ["balances.csv", "statements.csv", "passbooks.csv"])
def test_any_figure_of_a_table(files: Files, name: str) -> None:
    watched = {"结余", "累计积分", "存折号", "存入", "用去", "余额", "凭证", "积分账户", "荣誉账户"}
    header, *rows = list(csv.reader(io.StringIO(files[f"LX01/{name}"].decode("utf-8-sig"), newline="")))
    for place in some(rows, 5):
        for column, value in enumerate(rows[place]):
            if header[column] not in watched or not value:
                continue
            lie = deepcopy(rows)
            digit = next(at for at, sign in enumerate(value) if sign.isdigit())
            lie[place][column] = f"{value[:digit]}{(int(value[digit]) + 1) % 10}{value[digit + 1 :]}"
            assert codes(with_table(files, name, [header, *lie])), (place, header[column], value)
        assert codes(with_table(files, name, [header, *rows[:place], *rows[place + 1 :]])), place


def with_table(files: Files, name: str, rows: list[list[str]]) -> Files:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return {**files, f"LX01/{name}": out.getvalue().encode("utf-8-sig")}


def test_any_value_of_the_manifest(files: Files) -> None:
    manifest = json.loads(files["manifest.json"])
    for path in places(manifest):
        if path[0] in ("made_at", "format"):
            continue
        lie = {**files, "manifest.json": json.dumps(changed(manifest, path)).encode()}
        assert codes(lie, rehash=path[0] != "files"), path


# One act of fraud each, with the name that the checker gives it


def change(name: str, alter: Callable[[list[Any]], None]) -> Callable[[Files], Files]:
    def make(files: Files) -> Files:
        rows = rows_of(files, name)
        alter(rows)
        return with_rows(files, name, rows)

    return make


def cleared(rows: list[Any]) -> Any:
    return next(line for notice in rows for line in notice["lines"] if line["status"] == "cleared")


def notice_of(rows: list[Any]) -> Any:
    return next(notice for notice in rows if any(line["status"] == "cleared" for line in notice["lines"]))


def posted(rows: list[Any]) -> Any:
    return next(row for row in rows if row["status"] == "deposited" and row["posted_by"] == "notice_first")


def a_free_day(files: Files) -> Files:
    """The calendar calls a day of the notice period free, as a friend of the family would like it."""
    calendar = json.loads(files["calendar.json"])
    calendar["free_weekdays"].append("2026-03-11")
    return {**files, "calendar.json": json.dumps(calendar).encode()}


FRAUDS: dict[str, tuple[str, Callable[[Files], Files]]] = {
    "a deed that nobody saw on the wall": (
        "deed.unnoticed",
        change("LX01/notices.jsonl", lambda rows: cleared(rows).update(status="struck")),
    ),
    "more points than were approved": ("deed.amount", change("LX01/deeds.jsonl", lambda rows: posted(rows).update(points=1))),
    "another rule": ("deed.rule", change("LX01/deeds.jsonl", lambda rows: posted(rows).update(item="9.9"))),
    "around the notice": ("deed.way", change("LX01/deeds.jsonl", lambda rows: posted(rows).update(posted_by="register"))),
    "a shorter notice": ("notice.period", change("LX01/notices.jsonl", lambda rows: notice_of(rows).update(workdays=4))),
    "a notice hung up later": (
        "notice.period",
        change("LX01/notices.jsonl", lambda rows: notice_of(rows).update(published_at="2026-02-24T01:30:00+00:00")),
    ),
    "an objection swept aside": (
        "notice.cleared",
        change("LX01/notices.jsonl", lambda rows: cleared(rows)["objections"].update(raised=1, open=1)),
    ),
    "a line put on the wall afterwards": (
        "notice.fingerprint",
        change("LX01/notices.jsonl", lambda rows: cleared(rows).update(name="李*")),
    ),
    "a notice that went missing": ("notice.number", change("LX01/notices.jsonl", lambda rows: rows.pop(0))),
    "another calendar": ("notice.period", a_free_day),
    "a balance made up": (
        "account.balance",
        change(f"{BOOK}/accounts.jsonl", lambda rows: next(row for row in rows if row["balance"]).update(balance=1)),
    ),
    "a lower floor": (
        "account.certificate",
        change(f"{BOOK}/accounts.jsonl", lambda rows: next(row for row in rows if row["member"]).update(floor=-5)),
    ),
    "a seal from elsewhere": ("seal.root", change(f"{BOOK}/seals.jsonl", lambda rows: rows[1].update(root="ab" * 32))),
    "no seal for the newest": ("entry.unsealed", change(f"{BOOK}/seals.jsonl", lambda rows: rows.pop())),
    "a file slipped in": ("archive.files", lambda files: {**files, "LX01/identity.csv": b""}),
}


@pytest.mark.parametrize("fraud", FRAUDS)
def test_a_fraud_is_called_by_its_name(files: Files, fraud: str) -> None:
    code, alter = FRAUDS[fraud]
    assert code in codes(alter(files), rehash=code != "archive.files")


def forged(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def test_a_book_forged_with_all_its_hashes_still_breaks_its_own_rules(files: Files) -> None:
    """Amounts, floors, holds and twice-used keys are judged by the entries themselves, whoever made the seals."""
    rows = rows_of(files, f"{BOOK}/log.jsonl")

    def found(alter: Callable[[int, dict[str, Any], bytes], bytes]) -> set[str]:
        made = [{**row, "memento": alter(place, row, bytes.fromhex(row["memento"])).hex()} for place, row in enumerate(rows)]
        return set(codes(with_rows(files, f"{BOOK}/log.jsonl", made)))

    last = (100_000_000).to_bytes(8, "big", signed=True)
    out = (-100_000_000).to_bytes(8, "big", signed=True)
    ends = next(place for place, row in enumerate(rows) if row["kind"] == "order_collected")
    ordered = next(
        place for place, row in enumerate(rows) if row["kind"] == "order_placed" and row["id"] in rows[ends]["memento"]
    )
    assert "entry.sum" in found(lambda place, _row, data: forged(data, len(data) - 8, last) if place == 3 else data)
    both = found(
        lambda place, _row, data: forged(forged(data, len(data) - 8, last), len(data) - 32, out) if place == ordered else data
    )
    assert {"entry.floor", "hold.end"} <= both and "entry.sum" not in both
    ends = next(place for place, row in enumerate(rows) if row["kind"] == "order_collected")
    assert "hold.end" in found(
        lambda place, _row, data: data.replace(bytes.fromhex(rows[ordered]["id"]), bytes(16)) if place == ends else data
    )
    twice = [*rows[:-1], {**rows[-1], "key": rows[0]["key"]}]
    assert "entry.key" in codes(with_rows(files, f"{BOOK}/log.jsonl", twice))


# The wall


def paper(files: Files, place: int = 1, **more: Any) -> dict[str, Any]:
    seal = rows_of(files, f"{BOOK}/seals.jsonl")[place]
    return {"book": "QX", "size": seal["size"], "root": seal["root"], "source": "墙上"} | more


def test_the_archive_is_held_against_the_wall(files: Files) -> None:
    assert codes(files, *(paper(files, place) for place in (0, 1, 2))) == []
    assert codes(files, paper(files, root="ab" * 32)) == ["paper.root"]
    assert codes(files, paper(files), paper(files, root="ab" * 32)) == ["paper.root"]
    assert codes(files, paper(files, size=9999)) == ["paper.size"]
    assert codes(files, paper(files, book="HW")) == ["paper.book"]


@pytest.mark.django_db
def test_a_book_under_sm3(at: datetime, tmp_path: Path) -> None:
    ledger.open_book(code="421222103", at=at, algorithm="sm3")
    bank = Bank(at)
    for member in bank.members(3, 500):
        bank.post(member, "expired", 20, f"out:{member}", kind=ledger.Kind.EXPIRED, subject="expiry")
    ledger.seal(book_id=bank.book.pk, at=at)
    call_command("export", "bank", out=str(tmp_path / "bank.zip"), stdout=io.StringIO())
    assert county_checker.main([str(tmp_path / "bank.zip")]) == 0


# The program


def run(*arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-I", county_checker.__file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout or done.stderr


def test_the_program_names_the_first_faults(files: Files, tmp_path: Path) -> None:
    place = tmp_path / "bank.zip"
    place.write_bytes(bound(files).getvalue())
    wall = paper(files)
    scanned = f"http://127.0.0.1/board/compare/?book=QX&size={wall['size']}&root={wall['root']}"
    code, said = run(place, "--paper", scanned)
    assert code == 0 and "核查无误" in said and "纸 1 张" in said
    (tmp_path / "photos.txt").write_text(f"3月6日 {scanned}\n3月7日 {scanned}\n", "utf-8")
    (tmp_path / "root.json").write_text(json.dumps([{"book": "QX", "size": wall["size"], "root": wall["root"]}]), "utf-8")
    (tmp_path / "notebook.jsonl").write_text(
        json.dumps({"book": "QX", "size": wall["size"], "root": wall["root"]}) + "\n", "utf-8"
    )
    papers = [part for name in ("photos.txt", "root.json", "notebook.jsonl") for part in ("--papers", tmp_path / name)]
    code, said = run(place, *papers, "--json")
    report = json.loads(said)
    assert (code, report["ok"], report["papers"], report["faults"]) == (0, True, 4, [])
    seals = [{**seal, "root": "ab" * 32} for seal in rows_of(files, f"{BOOK}/seals.jsonl")]
    place.write_bytes(bound(with_rows(files, f"{BOOK}/seals.jsonl", seals)).getvalue())
    code, said = run(place, "--json", "--most", "2")
    report = json.loads(said)
    assert code == 1 and report["ok"] is False and len(report["faults"]) == 2 <= report["fault_count"]
    assert set(report["faults"][0]) == {"code", "place", "message"} and report["faults"][0]["code"].startswith("seal.")
    assert run(place)[0] == 1 and "处问题" in run(place)[1]


def test_what_is_no_archive_is_one_sentence(files: Files, tmp_path: Path) -> None:
    place = tmp_path / "bank.zip"
    for data in (b"", b"PK", b"text", bound({"manifest.json": b"{}"}).getvalue()[:-30]):
        place.write_bytes(data)
        code, said = run(place)
        assert code == 2 and said.startswith("不能核查"), data
    assert run(tmp_path / "nowhere.zip")[0] == 2
    for manifest in (b"[]", b"{", b"{}", b'{"format": "wenming-bank-archive/1", "files": {}}', b"[" * 100_000):
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("manifest.json", manifest)
        assert run(place)[0] == 2, manifest[:40]
    place.write_bytes(bound(files).getvalue())
    for words in ("book=QX", "?root=ab", "[7]", "{}", "?root=" + "ab" * 32):
        assert run(place, "--paper", words)[0] == 2, words
    for name in ("LX01/deeds.jsonl", f"{BOOK}/log.jsonl", f"{BOOK}/book.json", "calendar.json", "organisations.json"):
        for data in (b"{", b"[1]\n", b"\xff\xfe", b"null"):
            assert codes({**files, name: data}), (name, data)
        missing = {key: value for key, value in files.items() if key != name}
        assert codes(missing), name


def test_the_checker_stands_alone() -> None:
    parts = list(ast.walk(ast.parse(Path(county_checker.__file__).read_text("utf-8"))))
    imported = {name.name for part in parts if isinstance(part, ast.Import) for name in part.names}
    imported |= {str(part.module) for part in parts if isinstance(part, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)

"""The outside witness: one history is quiet, two are shouted about; a bank is asked over its public address and not believed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from tests.books import Bank
from wenming.domain.ledger import queries, services

Paper = dict[str, Any]


@pytest.fixture
def bank(transactional_db: None, at: datetime) -> Bank:
    bank = Bank(at)
    bank.live_a_little()
    return bank


def grow(bank: Bank, count: int, days: int = 0) -> Paper:
    """Write some more, seal, and give what `root --json` says of it."""
    at = bank.at + timedelta(days=days)
    for number in range(count):
        bank.earn(10 + number, f"{count}:{days}:{number}", recorded_at=at)
    services.seal(book_id=bank.book.pk, at=at)
    return paper(bank)


def paper(bank: Bank) -> Paper:
    seal = queries.latest_seal(bank.book.pk)
    assert seal is not None
    facts = {"book": bank.book.code, "algorithm": bank.book.algorithm, "size": seal.size, "root": bytes(seal.root).hex()}
    return facts | {"sealed_at": seal.sealed_at.isoformat()}


def witness(keep: Path, *sources: object) -> tuple[int, Any]:
    """The exit code, and the JSON or the sentence that comes with it."""
    out = StringIO()
    try:
        call_command("witness", *map(str, sources), keep=str(keep), json=True, stdout=out)
    except SystemExit as left:
        return int(left.code or 0), json.loads(out.getvalue())
    except CommandError as refused:
        return refused.returncode, str(refused)
    return 0, json.loads(out.getvalue())


def put(path: Path, found: object) -> Path:
    path.write_text(found if isinstance(found, str) else json.dumps(found), "utf-8")
    return path


def scanned(one: Paper) -> str:
    return (
        f"http://10.0.0.7/board/compare/?book={one['book']}&size={one['size']}&root={one['root']}&date={one['sealed_at'][:10]}\n"
    )


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "witness.jsonl"


def codes(found: Any) -> list[str]:
    return [alarm["code"] for alarm in found["alarms"]]


def test_a_bank_that_goes_on_writing_is_witnessed_in_peace(bank: Bank, keep: Path, live_server: LiveServer) -> None:
    sizes = []
    for days, count in enumerate((0, 3, 1, 7)):
        sizes.append(grow(bank, count, days)["size"])
        code, found = witness(keep, live_server.url)
        assert (code, found["ok"], found["alarms"], found["unproven"]) == (0, True, [], [])
    lines = [json.loads(line) for line in keep.read_text("utf-8").splitlines()]
    assert [line["size"] for line in lines] == sorted(set(sizes)) and not any(line["pending"] for line in lines)
    assert witness(keep, live_server.url)[1]["added"] == 0, "nothing new, nothing written"


def test_old_photographs_fit_what_the_bank_says_today(bank: Bank, keep: Path, live_server: LiveServer, tmp_path: Path) -> None:
    """Sheets from the wall as QR text, a report, a downloaded proof, in any order; the bank proves what lies between."""
    folder = tmp_path / "photos"
    folder.mkdir()
    early, middle, late = grow(bank, 2, 0), grow(bank, 5, 1), grow(bank, 1, 2)
    put(folder / "a.txt", f"3月13日拍的 {scanned(middle)}")
    put(folder / "b.json", [early, {"book": "HW", "algorithm": "sha256", "size": 0, "root": "", "sealed_at": None}])
    code, found = witness(keep, folder)
    assert code == 0 and len(found["unproven"]) == 1, "two papers alone don't contradict each other"
    steps = {"proof": "consistency", **asdict(queries.consistency_proof(bank.book.pk, early["size"], middle["size"]))}
    put(folder / "c.json", steps)
    code, found = witness(keep, folder)
    assert code == 0 and found["unproven"] == [] and found["added"] == 0
    code, found = witness(keep, folder, live_server.url)
    assert code == 0 and found["added"] == 1
    assert json.loads(keep.read_text("utf-8").splitlines()[-1])["size"] == late["size"]


def test_two_roots_for_one_size_are_a_split(bank: Bank, keep: Path, live_server: LiveServer, tmp_path: Path) -> None:
    now = grow(bank, 2)
    other = {**now, "root": "ab" * 32}
    code, found = witness(keep, put(tmp_path / "wall.txt", scanned(other)), live_server.url)
    assert code == 1 and codes(found) == ["split"] and "两个总指纹" in found["alarms"][0]["message"]
    assert {head["root"] for head in found["alarms"][0]["heads"]} == {now["root"], other["root"]}
    assert all(json.loads(line)["alarm"] == "split" for line in keep.read_text("utf-8").splitlines()), "the evidence is kept"
    two = witness(tmp_path / "two", put(tmp_path / "a.txt", scanned(now)), put(tmp_path / "b.txt", scanned(other)))
    assert two[0] == 1 and codes(two[1]) == ["split"], "two photographs are enough"


def test_a_book_that_was_longer_is_a_shrink(bank: Bank, keep: Path, live_server: LiveServer, tmp_path: Path) -> None:
    now = grow(bank, 2)
    longer = {**now, "size": now["size"] + 5, "root": "cd" * 32}
    assert witness(keep, put(tmp_path / "wall.json", longer))[0] == 0
    code, found = witness(keep, live_server.url)
    assert code == 1 and codes(found) == ["shrink"] and "变短了" in found["alarms"][0]["message"]
    later = {**now, "size": now["size"] - 1, "root": "ef" * 32, "sealed_at": (bank.at + timedelta(days=3)).isoformat()}
    code, found = witness(tmp_path / "other", put(tmp_path / "a.json", now), put(tmp_path / "b.json", later))
    assert code == 1 and codes(found) == ["shrink"], "a later sheet with fewer entries, without asking anybody"
    older = {**later, "sealed_at": (bank.at - timedelta(days=3)).isoformat()}
    assert witness(tmp_path / "third", put(tmp_path / "a.json", now), put(tmp_path / "b.json", older))[0] == 0


def test_a_rewritten_book_cannot_show_growth(bank: Bank, keep: Path, live_server: LiveServer, tmp_path: Path) -> None:
    """A sheet of another history, shorter than the book: no size repeats, and still it is found out."""
    grow(bank, 4)
    (seal, *_later) = reversed(list(queries.seals(bank.book.pk)))
    early = {
        "book": bank.book.code,
        "algorithm": "sha256",
        "size": seal.size,
        "root": "12" * 32,
        "sealed_at": bank.at.isoformat(),
    }
    assert witness(keep, put(tmp_path / "wall.json", early))[0] == 0
    code, found = witness(keep, live_server.url)
    assert code == 1 and codes(found) == ["growth"] and "拿不出证明" in found["alarms"][0]["message"]
    never_sealed = {**early, "size": 2}
    code, found = witness(tmp_path / "other", put(tmp_path / "b.json", never_sealed), live_server.url)
    assert code == 1 and codes(found) == ["growth"]


def test_a_false_proof_on_disk_does_not_help(bank: Bank, keep: Path, tmp_path: Path) -> None:
    early, late = grow(bank, 2), grow(bank, 5, 1)
    steps = asdict(queries.consistency_proof(bank.book.pk, early["size"], late["size"]))
    heads = put(tmp_path / "heads.json", [early, late])
    assert witness(keep, heads, put(tmp_path / "steps.json", steps))[0] == 0
    lies = [
        {**steps, "path": [*steps["path"][:-1], "00" * 32]}, {**steps, "path": steps["path"][:-1]}, {**steps, "path": ["zz"]},
        {**steps, "algorithm": "sm3", "path": []},
    ]  # fmt: skip
    for place, lie in enumerate(lies):
        code, found = witness(tmp_path / f"other{place}", heads, put(tmp_path / "steps.json", lie))
        assert code == 1 and codes(found) == ["growth"], lie


def test_sm3_books_are_witnessed_too(
    transactional_db: None, at: datetime, keep: Path, tmp_path: Path, live_server: LiveServer
) -> None:
    services.open_book(code="421222103", at=at, algorithm="sm3")
    bank = Bank(at)
    early = grow(bank, 3)
    assert witness(keep, put(tmp_path / "wall.txt", scanned(early)))[0] == 0
    grow(bank, 4, 1)
    assert witness(keep, live_server.url)[0] == 0


# Banks that answer badly


@contextmanager
def server(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A bank that says one thing to everybody, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}", asked
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def test_redirects_are_not_followed(keep: Path) -> None:
    with server(200, b'{"items": []}') as (elsewhere, reached):
        for status in (301, 302, 303, 307, 308):
            with server(status, b"", Location=f"{elsewhere}/api/v1/books") as (address, asked):
                code, said = witness(keep, address)
                assert code == 2 and "没有给出" in said and asked == ["/api/v1/books"]
        assert reached == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b'{"items": 7}', b'{"items": [{"book": "QX"}]}',
        b'{"items": [{"book": "QX", "size": "x", "root": ""}]}',
        b'{"items": [{"book": "QX", "size": 5, "root": "ab"}]}', b"\xff\xfe", b"[" * 100_000, b'{"items": []}' + b" " * 1_100_000,
        b'{"items": [{"book": "QX", "size": 5, "root": "' + b"ab" * 32 + b'", "algorithm": "md5"}]}',
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_one_sentence(body: bytes, keep: Path) -> None:
    with server(200, body) as (address, _asked):
        code, said = witness(keep, address)
    assert code == 2 and said and not keep.exists()


def test_wrong_use_is_one_sentence(keep: Path, tmp_path: Path) -> None:
    big = tmp_path / "big.json"
    big.write_bytes(b" " * 1_100_000)
    empty = tmp_path / "empty"
    empty.mkdir()
    bad = [
        "http://127.0.0.1:9", "ftp://127.0.0.1/", "file:///etc/passwd", "http://user:word@127.0.0.1/", "http://",
        tmp_path / "none.json", big, empty, put(tmp_path / "a.json", "{"), put(tmp_path / "b.json", "[7]"),
        put(tmp_path / "c.txt", "没有码"),
        put(tmp_path / "d.json", [{"book": "QX", "size": -1, "root": "ab" * 32}]), put(tmp_path / "e.json", {"first": 1}),
        put(tmp_path / "f.txt", f"?root={'ab' * 32}&size=x&book=QX"), put(tmp_path / "g.json", {"root": "ab" * 32, "size": 3}),
        put(tmp_path / "h.json", {"book": "QX", "root": "ab" * 32, "size": 3, "sealed_at": "soon"}),
    ]  # fmt: skip
    for source in bad:
        code, said = witness(keep, source)
        assert code == 2 and isinstance(said, str) and said and not keep.exists(), source
    good = put(tmp_path / "good.json", [{"book": "QX", "root": "ab" * 32, "size": 3}])
    assert witness(put(tmp_path / "torn.jsonl", '{"book": "QX"'), good)[0] == 2
    assert witness(tmp_path / "no" / "folder" / "keep", good)[0] == 2

"""The outside witness: keeps the heads of books seen elsewhere and says when they can't all be true.

Two heads of one size and two roots are a split; a newer, smaller one is a shrink; a later one that does not grow out of an
earlier one is another history. Knows nothing of a bank but what it publishes: works on any machine, without a store.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from wenming.core import clock
from wenming.domain.ledger import merkle
from wenming.domain.ledger.hashing import ALGORITHMS, digest_of
from wenming.surfaces.cli.command import WrongUse

LARGEST = 1024 * 1024
FILES_MOST = 10_000
SECONDS = 15
ROOT = re.compile(r"[0-9a-f]{64}")
ADDRESS = re.compile(r"\S*[?&]root=[0-9a-fA-F]{64}\S*")
ENDINGS = (".json", ".jsonl", ".txt")


@dataclass(frozen=True, slots=True)
class Head:
    """A book's size and root as somebody saw it: where, and on which day it stood. A QR code does not name the algorithm.

    `live`: what the bank says at this moment. `pending`: written down, but not proven to belong to the others yet.
    """

    book: str
    algorithm: str
    size: int
    root: str
    day: str
    source: str
    live: bool = False
    pending: bool = False

    @property
    def place(self) -> tuple[str, int, str]:
        return self.book, self.size, self.root


@dataclass(frozen=True, slots=True)
class Steps:
    """A proof that the book of `second` entries began with that of `first`."""

    book: str
    algorithm: str
    first: int
    second: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """What can't be: a code, the book, one sentence, and the heads that show it."""

    code: str
    book: str
    message: str
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    heads: tuple[Head, ...]
    alarms: tuple[Alarm, ...]
    unproven: tuple[tuple[Head, Head], ...]


Prover = Callable[[Head, Head], "Steps | None"]


# Reading what was published


def head_from(facts: dict[str, Any], source: str, *, live: bool = False) -> Head | None:
    """A head out of a report of `root --json`, a backup's list, a QR code or the notebook; None for a book without a seal."""
    try:
        size, root = int(facts["size"]), str(facts["root"]).lower()
        algorithm = str(facts.get("algorithm") or "")
        day = _day(str(facts.get("day") or facts.get("date") or facts.get("sealed_at") or ""))
        book = str(facts["book"])
    except (KeyError, TypeError, ValueError) as error:
        raise WrongUse(_("看不懂这里写的总指纹：{source}").format(source=source)) from error
    if not size:
        return None
    if not 0 < size < 2**63 or not ROOT.fullmatch(root) or algorithm not in ("", *ALGORITHMS) or not 0 < len(book) <= 32:
        raise WrongUse(_("看不懂这里写的总指纹：{source}").format(source=source))
    return Head(book, algorithm, size, root, day, source, live, bool(facts.get("pending")))


def _day(text: str) -> str:
    """The village day of an instant or a day, as 2026-03-12; empty when none is given."""
    if not text:
        return ""
    return text if len(text) == 10 and date.fromisoformat(text) else clock.local_date(clock.parse_instant(text)).isoformat()


def read_files(place: Path) -> Iterator[Path]:
    """A file, or the readable ones of a folder in order of name."""
    if place.is_dir():
        found = sorted(path for path in place.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
        if len(found) > FILES_MOST:
            raise WrongUse(_("{path} 里的文件太多了。").format(path=place))
        yield from found
    else:
        yield place


def read_file(path: Path) -> tuple[list[Head], list[Steps]]:
    """The heads and the proofs of growth in a file: JSON, JSON lines, or text with the words of QR codes in it."""
    try:
        if path.stat().st_size > LARGEST:
            raise WrongUse(_("这个文件太大了：{path}").format(path=path))
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(_("读不了这个文件：{path}").format(path=path)) from error
    if path.suffix.lower() == ".txt":
        return _scanned(text, str(path)), []
    try:
        lines = text.splitlines() if path.suffix.lower() == ".jsonl" else [text]
        found = [one for line in lines if line.strip() for one in _as_list(json.loads(line))]
    except (ValueError, RecursionError) as error:
        raise WrongUse(_("看不懂这个文件：{path}").format(path=path)) from error
    if not all(isinstance(one, dict) for one in found):
        raise WrongUse(_("看不懂这个文件：{path}").format(path=path))
    heads = [head_from(one, str(path)) for one in found if "root" in one and "path" not in one]
    return [head for head in heads if head], [_steps(one, str(path)) for one in found if "first" in one]


def _as_list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _scanned(text: str, source: str) -> list[Head]:
    said = [dict(urllib.parse.parse_qsl(word.partition("?")[2])) for word in ADDRESS.findall(text)]
    return [head for one in said if (head := head_from(one, source))]


def _steps(facts: dict[str, Any], source: str) -> Steps:
    try:
        path = tuple(str(step) for step in facts["path"])
        return Steps(str(facts["book"]), str(facts["algorithm"]), int(facts["first"]), int(facts["second"]), path)
    except (KeyError, TypeError, ValueError) as error:
        raise WrongUse(_("看不懂这里的证明：{source}").format(source=source)) from error


# Asking a bank


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A bank answers for itself: who points elsewhere is not followed."""

    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


class Bank:
    """A bank's public pages at an address that the operator wrote down; nothing else is ever asked."""

    def __init__(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise WrongUse(_("网址要写成 http://主机:端口 的样子：{address}").format(address=address))
        self.address = address.rstrip("/")
        self.books: set[str] = set()

    def heads(self) -> list[Head]:
        facts = self._get("/api/v1/books")
        if facts is None:
            raise WrongUse(_("{address} 没有给出总指纹。").format(address=self.address))
        items = facts.get("items") if isinstance(facts, dict) else None
        if not isinstance(items, list):
            raise WrongUse(_("看不懂这里写的总指纹：{source}").format(source=self.address))
        found = [head_from(one, self.address, live=True) for one in items if isinstance(one, dict)]
        heads = [head for head in found if head]
        self.books = {head.book for head in heads}
        return heads

    def prove(self, early: Head, late: Head) -> Steps | None:
        """The bank's proof of growth, or None when it has none to show."""
        query = urllib.parse.urlencode({"first": early.size, "second": late.size})
        facts = self._get(f"/api/v1/books/{urllib.parse.quote(late.book, safe='')}/consistency?{query}")
        try:
            return _steps(facts, self.address) if isinstance(facts, dict) else None
        except WrongUse:
            return None

    def _get(self, path: str) -> Any:
        """The JSON at an address of the bank; None when it answers anything else. Refuses in words when nobody answers."""
        try:
            with _opener.open(f"{self.address}{path}", timeout=SECONDS) as answer:
                body = answer.read(LARGEST + 1)
            return json.loads(body) if len(body) <= LARGEST else None
        except (urllib.error.HTTPError, ValueError, RecursionError):
            return None
        except (OSError, http.client.HTTPException) as error:
            raise WrongUse(_("连不上 {address}。").format(address=self.address)) from error


# Judging


def judge(known: Iterable[Head], seen: Iterable[Head], proofs: Iterable[Steps], banks: Iterable[Bank]) -> Finding:
    """Hold all heads of every book against each other. What was known was proven before; only what is new is proven now."""
    kept, new = list(known), list(dict.fromkeys(seen))
    by_place = {(one.book, one.first, one.second): one for one in proofs}
    alarms: list[Alarm] = []
    unproven: list[tuple[Head, Head]] = []
    for book in sorted({head.book for head in new}):
        old = [head for head in kept if head.book == book]
        fresh = [head for head in new if head.book == book]
        asked = [bank for bank in banks if book in bank.books]

        def prove(early: Head, late: Head, asked: list[Bank] = asked) -> Steps | None:
            found = by_place.get((late.book, early.size, late.size))
            return found or next((steps for bank in asked if (steps := bank.prove(early, late))), None)

        found = [*_splits(old + fresh), *_shrinks(old, fresh)]
        if not found:
            found, waiting = _growth(old, fresh, prove, has_bank=bool(asked))
            unproven += waiting
        alarms += found
    return Finding(tuple(new), tuple(alarms), tuple(unproven))


def _splits(heads: list[Head]) -> Iterator[Alarm]:
    """One size, two roots: two histories of one book."""
    by_size: dict[int, Head] = {}
    for head in heads:
        first = by_size.setdefault(head.size, head)
        if first.root != head.root:
            words = _("账本 {book} 记到第 {size} 笔有两个总指纹：{one} 和 {other} 说的不一样。")
            message = words.format(book=head.book, size=head.size, one=first.source, other=head.source)
            yield Alarm("split", head.book, message, (first, head))
            return


def _shrinks(old: list[Head], fresh: list[Head]) -> Iterator[Alarm]:
    """A later day, fewer entries."""
    largest = max(old + fresh, key=lambda head: head.size)
    for head in (head for head in fresh if head.live and head.size < largest.size):
        words = _("账本 {book} 变短了：{one} 有第 {most} 笔，{other} 现在只记到第 {size} 笔。")
        message = words.format(book=head.book, one=largest.source, most=largest.size, other=head.source, size=head.size)
        yield Alarm("shrink", head.book, message, (largest, head))
        return
    dated = sorted((head for head in old + fresh if head.day and not head.live), key=lambda head: (head.day, head.size))
    for early, late in pairwise(dated):
        if late.day > early.day and late.size < early.size:
            words = _("账本 {book} 变短了：{one} 的 {day} 有第 {most} 笔，{other} 的 {later} 只有第 {size} 笔。")
            message = words.format(
                book=late.book,
                one=early.source,
                day=early.day,
                most=early.size,
                other=late.source,
                later=late.day,
                size=late.size,
            )
            yield Alarm("shrink", late.book, message, (early, late))
            return


def _growth(old: list[Head], fresh: list[Head], prove: Prover, *, has_bank: bool) -> tuple[list[Alarm], list[tuple[Head, Head]]]:
    """Every head next to a new one must be its beginning or its end, in order of size."""
    sizes = {head.size: head for head in reversed(old + fresh)}
    known = {head.size for head in old if not head.pending}
    alarms, unproven = [], []
    for early, late in pairwise(sizes[size] for size in sorted(sizes)):
        if early.size in known and late.size in known:
            continue
        steps = prove(early, late)
        if steps is None and not has_bank:
            unproven.append((early, late))
        elif steps is None or not _is_growth(early, late, steps):
            words = _("账本 {book} 拿不出证明：第 {most} 笔（{other}）是从第 {size} 笔（{one}）接着记的。前面的账可能被改过。")
            message = words.format(book=late.book, most=late.size, other=late.source, size=early.size, one=early.source)
            alarms.append(Alarm("growth", late.book, message, (early, late)))
    return alarms, unproven


def _is_growth(early: Head, late: Head, steps: Steps) -> bool:
    try:
        path = [bytes.fromhex(step) for step in steps.path]
    except ValueError:
        return False
    algorithm = late.algorithm or early.algorithm or steps.algorithm
    if len(path) > 64 or any(len(step) != 32 for step in path) or algorithm not in ALGORITHMS:
        return False
    if (steps.first, steps.second) != (early.size, late.size):
        return False
    ends = bytes.fromhex(early.root), bytes.fromhex(late.root)
    return merkle.is_consistent(digest_of(algorithm), early.size, ends[0], late.size, ends[1], path)


# The notebook


def notebook(path: Path) -> list[Head]:
    """The heads that were witnessed before, each as its last line says. Lines with an alarm are evidence and don't count."""
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        heads = [head_from(line, str(line["source"])) for line in lines if not line.get("alarm")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WrongUse(_("看不懂见证本：{path}").format(path=path)) from error
    return list({head.place: head for head in heads if head}.values())


def write_down(path: Path, finding: Finding, known: list[Head], at: datetime) -> int:
    """Append what is new, and what is proven only now; how many heads were new. An alarm stands beside its heads, for ever."""
    alarmed = {head.place: alarm.code for alarm in finding.alarms for head in alarm.heads}
    there = {head.place: head.pending for head in known}
    waiting = _waiting(finding, there)
    lines = []
    for head in {head.place: head for head in finding.heads}.values():
        pending = head.place in waiting
        if head.place in there and there[head.place] == pending:
            continue
        facts = {**asdict(head), "day": head.day or clock.local_date(at).isoformat(), "seen_at": at.isoformat()}
        facts |= {"pending": pending} | ({"alarm": alarmed[head.place]} if head.place in alarmed else {})
        facts.pop("live")
        lines.append(json.dumps(facts, ensure_ascii=False) + "\n")
    if lines:
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), "a", encoding="utf-8") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WrongUse(_("写不了这个文件：{path}").format(path=path)) from error
    return len({head.place for head in finding.heads} - there.keys())


def _waiting(finding: Finding, there: dict[tuple[str, int, str], bool]) -> set[tuple[str, int, str]]:
    """Of every two heads without a proof between them, the one that is to be proven next time."""
    return {(early if there.get(late.place) is False else late).place for early, late in finding.unproven}

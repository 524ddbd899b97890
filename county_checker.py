"""Check the archive of a whole Wenming Bank (`wenming export bank`). Standard library only, none of the product's code.

    python3 county_checker.py bank.zip [--paper "what a QR code says"] [--papers FILE] [--most 20] [--json]

Works everything out again from the exact bytes of every entry: sums, running balances, floors, holds, reversals, keys,
numbers, the root of every seal and their chain; then the printed lists, the working days of every notice period, that
points came only after their notice, and the tables of balances and statements. Names the first faults.
`--paper` and `--papers` (a text with QR words, a witness's notebook, or what `wenming root --json` wrote) hold the archive
against what hung on the wall. Exit code 0: everything holds; 1: something does not; 2: it cannot be checked.
The format is described in docs/reference/archive.md.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import re
import sys
import zipfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

CHINESE = """核查整个文明银行的存档（wenming export bank 写出的）。只用 Python 标准库，不用本系统的程序。

从每一笔账的原文重新算起：收支、结余、预留、更正、编号、每次封账的总指纹；再核对贴过的榜、公示的工作日、先公示后入账、结余表和流水表。
退出码：0 都对得上，1 有对不上的，2 不能核查。"""
FORMAT = "wenming-bank-archive/2"
CHINA = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, 8, tzinfo=CHINA)
NOTHING = bytes(16)
LARGEST_JSON = 256 * 1024 * 1024
FAULTS_MOST = 1000
STATUSES = {"submitted", "returned", "rejected", "withdrawn", "approved", "on_notice", "deposited", "reversed"}
RESTORING = {"order_released", "order_refunded", "fund_returned"}
KINDS = {
    "opening_balance", "deed_deposited", "penalty", "order_placed", "order_collected", "order_released", "order_refunded",
    "reversed", "written_off", "expired", "moved", "donation_received", "fund_drawn", "fund_returned",
}  # fmt: skip
POINT_HOUSES = ("issuance", "escrow", "redeemed", "expired", "opening", "written_off")
HOUSES = sorted(["fen:outside", *(f"{unit}:{name}" for unit in ("points", "honour") for name in POINT_HOUSES)])
Digest = Callable[[bytes], bytes]


class Unreadable(Exception):
    """What was given is no archive of this format, or no paper."""


class Enough(Exception):
    """As many faults as are worth counting."""


class Faults:
    """What does not hold, in the order in which it was found."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []

    def add(self, code: str, place: str, words: str) -> None:
        self.found.append({"code": code, "place": place, "message": words})
        if len(self.found) >= FAULTS_MOST:
            raise Enough

    def expect(self, holds: bool, code: str, place: str, words: str) -> None:
        if not holds:
            self.add(code, place, words)


# The archive: every file is what the manifest says


class Archive:
    def __init__(self, path: str, faults: Faults) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
            self.manifest = json.loads(self._small("manifest.json"))
            if self.manifest["format"] != FORMAT:
                raise Unreadable(f"存档的格式是 {self.manifest['format']}，这个程序认得的是 {FORMAT}。")
            self.files: dict[str, dict[str, Any]] = dict(self.manifest["files"])
        except (OSError, zipfile.BadZipFile, LookupError, TypeError, ValueError, RecursionError) as error:
            raise Unreadable(f"打不开存档，或者里面没有 manifest.json：{error}") from error
        self._check_files(faults)

    def _small(self, name: str) -> bytes:
        if self.zip.getinfo(name).file_size > LARGEST_JSON:
            raise Unreadable(f"{name} 太大了。")
        return self.zip.read(name)

    def _check_files(self, faults: Faults) -> None:
        names = Counter(self.zip.namelist())
        for name in sorted(names.keys() | self.files.keys() | {"manifest.json"}):
            faults.expect(names[name] == 1, "archive.files", name, f"存档里 {name} 有 {names[name]} 份，应该正好一份。")
            faults.expect(name in self.files or name == "manifest.json", "archive.files", name, f"清单里没有写 {name}。")
        for name, facts in self.files.items():
            if names[name]:
                faults.expect(self._is_whole(name, facts), "archive.hash", name, f"{name} 和清单里的指纹或长度对不上。")

    def _is_whole(self, name: str, facts: dict[str, Any]) -> bool:
        digest, left = hashlib.sha256(), int(facts["bytes"])
        try:
            with self.zip.open(name) as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
                    left -= len(piece)
                    if left < 0:
                        return False
        except (zipfile.BadZipFile, OSError, EOFError):
            return False
        return left == 0 and digest.hexdigest() == facts["sha256"]

    def has(self, name: str) -> bool:
        return name in self.files

    def whole(self, name: str) -> Any:
        return json.loads(self._small(name))

    def lines(self, name: str) -> Iterator[Any]:
        """One JSON value a line."""
        with self.zip.open(name) as file:
            for line in io.TextIOWrapper(file, encoding="utf-8", newline="\n"):
                if line.strip():
                    yield json.loads(line)

    def table(self, name: str) -> Iterator[dict[str, str]]:
        with self.zip.open(name) as file:
            yield from csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))


# One book


class Entry:
    """The exact bytes of one entry, taken apart (version 1; see docs/reference/ledger.md)."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        if self._take(1) != b"\x01":
            raise ValueError("version")
        self.book, self.id, self.recorded = self._text(), self._take(16), self._number()
        self.key, self.kind, self.branch, self.subject = self._take(32), self._text(), self._text(), self._take(32)
        self.occurred, self.ends, self.reverses = self._number(), self._take(16), self._take(16)
        self.lines = [(self._take(16).hex(), self._number()) for _line in range(self._take(1)[0])]
        if self.at != len(data):
            raise ValueError("too long")

    def _take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise ValueError("cut short")
        self.at += count
        return piece

    def _text(self) -> str:
        return self._take(self._take(1)[0]).decode()

    def _number(self) -> int:
        return int.from_bytes(self._take(8), "big", signed=True)


class Account:
    """An account as the entries make it; `stated` is what it says of itself."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.stated = facts
        self.unit, self.code, self.is_member, self.floor = facts["unit"], facts["code"], facts["member"], facts["floor"]
        self.has_balance = self.is_member or self.unit == "fen"
        self.is_escrow = not self.is_member and str(self.code).endswith(":escrow")
        self.balance = self.credited = self.debited = self.held = self.last = 0
        self.steps = array("q")  # for every line: the first half of the entry's id, the amount, the balance after it

    def add(self, entry: Entry, amount: int) -> None:
        self.balance += amount
        if (amount > 0) != (entry.reverses != NOTHING or entry.kind in RESTORING):
            self.credited += amount
        else:
            self.debited -= amount
        self.last = entry.recorded
        self.steps.extend((half_of(entry.id), amount, self.balance))


def half_of(public_id: bytes) -> int:
    return int.from_bytes(public_id[:8], "big", signed=True)


class Tree:
    """The Merkle tree of RFC 9162 as it grows: one hash for each bit of the size."""

    def __init__(self, digest: Digest) -> None:
        self.digest, self.size, self.peaks = digest, 0, list[bytes]()

    def add(self, leaf: bytes) -> None:
        size = self.size
        while size & 1:
            leaf, size = self.digest(b"\x01" + self.peaks.pop() + leaf), size >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        root = self.peaks[-1] if self.peaks else self.digest(b"")
        for peak in reversed(self.peaks[:-1]):
            root = self.digest(b"\x01" + peak + root)
        return root


class Posting:
    """What one deed brought: when, under which id, how many points and how much honour to members."""

    __slots__ = ("branch", "day", "honour", "is_penalty", "name", "points", "recorded")

    def __init__(self, entry: Entry, name: str, accounts: dict[str, Account]) -> None:
        self.name, self.recorded, self.branch = name, entry.recorded, entry.branch
        self.is_penalty, self.day = entry.kind == "penalty", (EPOCH + timedelta(microseconds=entry.occurred)).date().isoformat()
        member = [(accounts[name].unit, amount) for name, amount in entry.lines if accounts[name].is_member]
        self.points = sum(amount for unit, amount in member if unit == "points")
        self.honour = sum(amount for unit, amount in member if unit == "honour")


class Book:
    """One book, worked out again from its log; `head` is what its tree ends in."""

    def __init__(self, archive: Archive, faults: Faults, code: str, papers: list[dict[str, Any]]) -> None:
        self.archive, self.faults, self.code = archive, faults, code
        opening = archive.whole(self.file("book.json"))
        self.algorithm = str(opening["algorithm"])
        if opening["code"] != code or self.algorithm not in ("sha256", "sm3"):
            raise ValueError(f"{code}: book.json")
        if self.algorithm not in hashlib.algorithms_available:
            raise Unreadable("这台机器的 Python 不会算 SM3，请换一台（OpenSSL 3 自带）。")
        self.opened = opening["opened"]
        self.digest: Digest = lambda data: hashlib.new(self.algorithm, data).digest()
        self.papers = [paper for paper in papers if paper["book"] == code]
        self.paper_sizes = {paper["size"] for paper in self.papers}
        self.accounts: dict[str, Account] = {}
        self.houses: dict[str, int] = {}
        self.holds: dict[bytes, tuple[int, list[tuple[str, int]]]] = {}
        self.reversed: set[bytes] = set()
        self.ids: set[bytes] = set()
        self.keys: set[bytes] = set()
        self.postings: dict[str, Posting] = {}
        self.originals: dict[bytes, list[tuple[str, int]]] = {}
        self.count = self.last = self.sealed = self.last_seal = 0
        self.chain = b""
        self.head: dict[str, Any] = {}

    def file(self, name: str) -> str:
        return f"books/{self.code}/{name}"

    def expect(self, holds: bool, code: str, number: object, words: str) -> None:
        self.faults.expect(holds, code, f"账本 {self.code} {number}", f"账本 {self.code}：{words}")

    def check(self) -> None:
        for facts in self.archive.lines(self.file("accounts.jsonl")):
            self.expect(facts["id"] not in self.accounts, "account.twice", facts["id"], f"账户 {facts['id']} 出现了两次。")
            self.accounts[facts["id"]] = Account(facts)
        houses = sorted(str(one.code) for one in self.accounts.values() if not one.is_member and one.floor is None)
        self.expect(houses == HOUSES, "book.houses", "", "内部账户不全，或者多了。")
        wanted = self._reversed_later()
        if self._read_log(wanted):
            self._check_lines()
            for public_id, account in self.accounts.items():
                self._check_account(public_id, account)

    def _reversed_later(self) -> set[bytes]:
        """The entries that a later one reverses: their lines are needed when it comes."""
        found = set()
        for facts in self.archive.lines(self.file("log.jsonl")):
            try:
                found.add(Entry(bytes.fromhex(facts["memento"])).reverses)
            except (ValueError, IndexError):
                continue
        return found - {NOTHING}

    def _read_log(self, wanted: set[bytes]) -> bool:
        """Every entry in order, and the seals beside them; whether it could be read to its end."""
        tree, seals = Tree(self.digest), self.archive.lines(self.file("seals.jsonl"))
        seal, is_numbered = next(seals, None), True
        for facts in self.archive.lines(self.file("log.jsonl")):
            number = facts["number"]
            self.count += 1
            try:
                data = bytes.fromhex(facts["memento"])
                entry = Entry(data)
            except (ValueError, IndexError):
                self.expect(False, "entry.bytes", self.count, f"第 {self.count} 笔的存底原文看不懂。")
                return False
            if entry.id in wanted:
                self.originals[entry.id] = entry.lines
            self._check_entry(facts, entry)
            if number is None:
                is_numbered = False
                continue
            self.expect(is_numbered and number == tree.size + 1, "entry.number", number, f"第 {number} 笔前面缺号。")
            tree.add(self.digest(b"\x00" + data))
            if tree.size in self.paper_sizes:
                self._check_papers(tree)
            while seal is not None and seal["size"] <= tree.size:
                self._check_seal(seal, tree)
                seal = next(seals, None)
        self.expect(seal is None, "seal.size", seal and seal["size"], "封账写的笔数比账本里的多。")
        self.expect(self.sealed == tree.size, "entry.unsealed", tree.size, f"第 {self.sealed} 笔之后编了号，却没有封账。")
        root = tree.root().hex() if tree.size else ""
        self.head = {"book": self.code, "algorithm": self.algorithm, "size": tree.size, "root": root}
        for paper in self.papers:
            words = f"纸上（{paper['source']}）记到第 {paper['size']} 笔，存档只封到第 {tree.size} 笔。"
            self.expect(paper["size"] <= tree.size, "paper.size", paper["size"], words)
        return True

    def _check_papers(self, tree: Tree) -> None:
        for paper in (one for one in self.papers if one["size"] == tree.size):
            words = f"记到第 {tree.size} 笔，算出来的总指纹和纸上（{paper['source']}）的不一样。"
            self.expect(tree.root().hex() == paper["root"], "paper.root", tree.size, words)

    def _check_seal(self, seal: dict[str, Any], tree: Tree) -> None:
        size, sealed, houses = seal["size"], seal["sealed"], seal["houses"]
        self.expect(size == tree.size > self.sealed, "seal.size", size, f"第 {size} 笔处的封账笔数不对。")
        root = tree.root()
        self.expect(root.hex() == seal["root"], "seal.root", size, f"第 {size} 笔处的总指纹和账本对不上。")
        self.expect(houses == self.houses, "seal.houses", size, f"第 {size} 笔处的内部账户结余对不上。")
        self.expect(sealed >= max(self.last, self.last_seal), "seal.instant", size, f"第 {size} 笔处的封账时间不对。")
        figures = json.dumps(houses, sort_keys=True, separators=(",", ":"))
        self.chain = self.digest(self.chain + f"seal\n{size}\n{sealed}\n{figures}\n".encode() + root)
        self.expect(self.chain.hex() == seal["digest"], "seal.chain", size, f"第 {size} 笔处的封账和前一次接不上。")
        self.chain = bytes.fromhex(seal["digest"])
        self.sealed, self.last_seal = size, sealed

    # One entry

    def _check_entry(self, facts: dict[str, Any], entry: Entry) -> None:
        number = facts["number"]
        name = f"第 {number} 笔" if number is not None else f"没封账的 …{facts['id'][-6:]}"
        plain = (facts["id"], facts["kind"], facts["scope"], self.code)
        said = (entry.id.hex(), entry.kind, entry.branch, entry.book)
        self.expect(plain == said and entry.kind in KINDS, "entry.facts", name, f"{name}写的和存底原文不一样。")
        self.expect(
            self.digest(facts["subject"].encode()) == entry.subject, "entry.subject", name, f"{name}的事由和存底原文不一样。"
        )
        self.expect(self.digest(facts["key"].encode()) == entry.key, "entry.key", name, f"{name}的去重编号和存底原文不一样。")
        is_once = entry.id not in self.ids and entry.key not in self.keys
        self.expect(is_once, "entry.twice", name, f"{name}记了两次。")
        self.ids.add(entry.id)
        self.keys.add(entry.key)
        if number is not None:
            self.expect(entry.recorded >= self.last, "entry.order", name, f"{name}的记账时间早于前一笔。")
            self.last = entry.recorded
        unknown = [account for account, _amount in entry.lines if account not in self.accounts]
        self.expect(not unknown, "entry.account", name, f"{name}记在了账户表里没有的账户上。")
        if not unknown:
            self._check_moves(entry, name, number is not None)
            if entry.kind in ("deed_deposited", "penalty"):
                is_first = facts["subject"] not in self.postings
                self.expect(is_first, "deed.twice", name, f"{name}：同一件事（{facts['subject']}）给了两次分。")
                self.postings[facts["subject"]] = Posting(entry, name, self.accounts)

    def _check_moves(self, entry: Entry, name: str, is_numbered: bool) -> None:
        sums: Counter[str] = Counter()
        into_escrow = 0
        for public_id, amount in entry.lines:
            account = self.accounts[public_id]
            sums[account.unit] += amount
            if account.has_balance:
                self.expect(entry.recorded >= account.last, "entry.order", name, f"{name}早于这个账户的前一笔。")
                account.add(entry, amount)
                is_above = account.floor is None or account.balance >= account.floor
                self.expect(is_above, "entry.floor", name, f"{name}之后账户 {public_id} 低于最低结余。")
            elif is_numbered:
                self.houses[account.code] = self.houses.get(account.code, 0) + amount
            into_escrow += amount if account.is_escrow else 0
        is_balanced = len(entry.lines) >= 2 and not any(sums.values()) and all(amount for _id, amount in entry.lines)
        self.expect(is_balanced, "entry.sum", name, f"{name}收支不平。")
        if entry.ends != NOTHING:
            self._end_hold(entry, name, -into_escrow)
        elif into_escrow:
            self.expect(into_escrow > 0, "hold.end", name, f"{name}从预留里取走积分，却没写明办结哪一笔。")
            givers = [(one, -amount) for one, amount in entry.lines if amount < 0 and self.accounts[one].has_balance]
            self.holds[entry.id] = (into_escrow, givers)
            for public_id, amount in givers:
                self.accounts[public_id].held += amount
        if entry.reverses != NOTHING:
            self._check_reversal(entry, name)

    def _end_hold(self, entry: Entry, name: str, amount: int) -> None:
        held, givers = self.holds.pop(entry.ends, (0, []))
        self.expect(held == amount > 0, "hold.end", name, f"{name}办结的预留不存在、已经办结过，或者积分不一样多。")
        for public_id, part in givers:
            self.accounts[public_id].held -= part

    def _check_reversal(self, entry: Entry, name: str) -> None:
        """The mirror image, except that what a member no longer has may come out of 核销."""
        wanted = {account: -amount for account, amount in self.originals.get(entry.reverses, [])}
        given = dict(entry.lines)
        is_mirror = bool(wanted) and entry.reverses not in self.reversed
        for public_id in wanted.keys() | given.keys():
            account = self.accounts[public_id]
            difference = given.get(public_id, 0) - wanted.get(public_id, 0)
            is_short = account.has_balance and 0 < difference <= -wanted.get(public_id, 0)
            is_mirror &= not difference or is_short or str(account.code).endswith(":written_off")
        self.expect(is_mirror, "reversal.differs", name, f"{name}不是它所更正那一笔的反向，或者更正了两次。")
        self.reversed.add(entry.reverses)

    # Passbooks

    def _check_lines(self) -> None:
        """The lines as the passbooks keep them, against those that the log gives."""
        seen: Counter[str] = Counter()
        for public_id, entry, amount, balance in self.archive.lines(self.file("lines.jsonl")):
            place = seen[public_id]
            seen[public_id] += 1
            fits = (
                self.step_of(public_id, place) == (half_of(bytes.fromhex(entry)), amount, balance)
                and bytes.fromhex(entry) in self.ids
            )
            words = f"账户 {public_id} 的第 {place + 1} 行（凭证 …{entry[-6:]}）和账本对不上。"
            self.expect(fits, "line.differs", public_id, words)
        for public_id, account in self.accounts.items():
            is_whole = seen[public_id] == len(account.steps) // 3
            self.expect(is_whole, "line.count", public_id, f"账户 {public_id} 的行数和账本对不上。")

    def step_of(self, public_id: str, place: int) -> tuple[int, ...] | None:
        steps = self.accounts[public_id].steps if public_id in self.accounts else ()
        return tuple(steps[3 * place : 3 * place + 3]) or None

    def _check_account(self, public_id: str, account: Account) -> None:
        said = account.stated
        words = [
            "account", self.code, public_id, account.unit, account.code or "", "member" if account.is_member else "house",
            str(account.floor), str(said["opened"]),
        ]  # fmt: skip
        certificate = self.digest("\n".join(words).encode()).hex()
        is_well_closed = said["closed"] is None or not (
            account.held or account.last > said["closed"] or (account.balance and account.unit != "honour")
        )
        for holds, code, what in (
            (certificate == said["certificate"], "account.certificate", "的开户内容被改过"),
            (account.is_member or account.floor is not None or said["opened"] == self.opened, "account.opened", "的开户时间不对"),
            (said["balance"] == account.balance, "account.balance", "的结余和流水对不上"),
            ((said["credited"], said["debited"]) == (account.credited, account.debited), "account.totals", "的累计和流水对不上"),
            (said["held"] == account.held, "account.held", "的预留和流水对不上"),
            (said["lines"] == len(account.steps) // 3, "account.lines", "的行数和流水对不上"),
            (is_well_closed, "account.closed", "销户之后还有积分或流水"),
        ):
            self.expect(holds, code, public_id, f"账户 {public_id} {what}。")

    def outstanding(self) -> int:
        """Points in members' hands, held ones too."""
        held = sum(
            amount for amount, givers in self.holds.values() if any(self.accounts[one].unit == "points" for one, _a in givers)
        )
        return held + sum(one.balance for one in self.accounts.values() if one.is_member and one.unit == "points")


# Branches: notices, deeds, tables


def day_of(instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(CHINA).date()


def micros(instant: str) -> int:
    return (datetime.fromisoformat(instant) - EPOCH) // timedelta(microseconds=1)


class Calendar:
    """Working days as the archive lists them: Monday to Friday, but for the days that it names."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.worked, self.free = set(facts["worked_weekend_days"]), set(facts["free_weekdays"])

    def end_of(self, published: str, count: int) -> int:
        """The first instant after the `count`-th working day that follows the day of `published`."""
        day = day_of(published)
        while count > 0:
            day += timedelta(days=1)
            name = day.isoformat()
            count -= name in self.worked or (day.weekday() < 5 and name not in self.free)
        return micros(datetime(day.year, day.month, day.day, tzinfo=CHINA).isoformat()) + 86_400_000_000


class Branch:
    """One branch; `rules` are the clauses of its own editions and of the head banks'."""

    def __init__(self, archive: Archive, faults: Faults, code: str, books: list[Book], calendar: Calendar) -> None:
        self.archive, self.faults, self.code, self.calendar, self.books = archive, faults, code, calendar, books
        self.made_at = micros(archive.manifest["made_at"])
        self.deeds: dict[str, dict[str, Any]] = {}
        self.cleared: dict[str, int] = {}
        self.hung: dict[str, tuple[str, str]] = {}
        self.passbooks: dict[str, tuple[Book, str, str]] = {}
        self.listed: set[str] = set()
        self.rules: dict[tuple[int, str], list[tuple[str, str, str, str]]] = {}

    def expect(self, holds: bool, code: str, place: object, words: str) -> None:
        self.faults.expect(holds, code, f"{self.code} {place}", f"分行 {self.code}：{words}")

    def check(self, rule_makers: Iterable[str]) -> set[str]:
        """Everything of this branch; the subjects of its deeds."""
        for maker in rule_makers:
            self._read_rules(maker)
        for deed in self.archive.lines(f"{self.code}/deeds.jsonl"):
            is_once = deed["subject"] not in self.deeds
            self.expect(is_once, "deed.twice", deed["id"], f"申报 {deed['id'][:8]} 出现了两次。")
            self.deeds[deed["subject"]] = deed
        sequences: Counter[int] = Counter()
        for notice in self.archive.lines(f"{self.code}/notices.jsonl"):
            self._check_notice(notice, sequences)
        for deed in self.deeds.values():
            self._check_deed(deed, f"申报 {deed['id'][:8]}")
        self._check_tables()
        return set(self.deeds)

    def _read_rules(self, maker: str) -> None:
        for edition in self.archive.whole(f"{maker}/editions.json"):
            for item in edition["items"]:
                found = (edition["from"], edition["to"] or "9999", item["title"], item["track"])
                self.rules.setdefault((edition["number"], item["code"]), []).append(found)

    # What hung on the wall

    def _check_notice(self, notice: dict[str, Any], sequences: Counter[int]) -> None:
        number, lines, ends = notice["number"], notice["lines"], micros(notice["ends_at"])
        year = day_of(notice["published_at"]).year
        sequences[year] += 1
        self.expect(
            number == f"{self.code}-{year}-{sequences[year]:03d}", "notice.number", number, f"榜号 {number} 接不上前一张。"
        )
        rows = [[one["place"], one["name"], one["words"], one["points"], one["happened_on"]] for one in lines]
        exact = json.dumps([number, rows], ensure_ascii=False, separators=(",", ":")).encode()
        is_same = hashlib.sha256(exact).hexdigest() == notice["fingerprint"]
        self.expect(is_same, "notice.fingerprint", number, f"榜 {number} 的内容和指纹对不上。")
        counted = (len(lines), sum(one["points"] for one in lines), [one["place"] for one in lines])
        stated = (notice["line_count"], notice["points_total"], list(range(1, len(lines) + 1)))
        self.expect(counted == stated, "notice.count", number, f"榜 {number} 的笔数或合计不对。")
        is_due = 3 <= notice["workdays"] <= 7 and ends == self.calendar.end_of(notice["published_at"], notice["workdays"])
        self.expect(is_due, "notice.period", number, f"榜 {number} 公示的不是 {notice['workdays']} 个工作日。")
        is_closed = notice["closed_at"] is not None
        fits = (notice["status"] == "closed") == is_closed and (not is_closed or micros(notice["closed_at"]) >= ends)
        self.expect(fits, "notice.closed", number, f"榜 {number} 提前撤下，或者状态不对。")
        for line in lines:
            self.hung[f"{number}/{line['place']}"] = (line["subject"], line["status"])
            self._check_line(line, f"{number}/{line['place']}", ends, is_closed)

    def _check_line(self, line: dict[str, Any], name: str, ends: int, is_closed: bool) -> None:
        status, is_over = line["status"], ends <= self.made_at
        deed = self.deeds.get(line["subject"], {})
        hung = (line["words"], line["happened_on"], line["points"])
        known = (str(deed.get("title"))[:120], deed.get("happened_on"), deed.get("points") or deed.get("honour"))
        is_known = bool(deed) and (status == "struck" or (hung == known and deed.get("line") == name))
        self.expect(is_known, "notice.deed", name, f"榜 {name} 这一行和申报（{line['subject']}）对不上。")
        self.expect((line["objections"] is not None) == is_over, "notice.objections", name, f"榜 {name} 这一行的意见数写得不对。")
        said = line["objections"] or {"raised": 0, "upheld": 0, "open": 0, "settled_at": None}
        has_answers = said["upheld"] + said["open"] <= said["raised"] and (said["settled_at"] is None) == (
            said["raised"] == said["open"]
        )
        self.expect(has_answers, "notice.objections", name, f"榜 {name} 这一行的意见数不对。")
        allowed = ("cleared", "struck") if is_closed else ("standing", "contested", "cleared", "struck")
        self.expect(status in allowed, "notice.status", name, f"榜 {name} 这一行的状态不对，或者榜撤下了还没了结。")
        if status == "cleared":
            is_free = is_over and not said["upheld"] and not said["open"]
            self.expect(is_free, "notice.cleared", name, f"榜 {name} 这一行公示期没满或意见没答复，就放行了。")
            self.cleared[line["subject"]] = ends
        else:
            self.expect(
                status == "struck" or not said["upheld"], "notice.status", name, f"榜 {name} 这一行意见成立了，还没撤下。"
            )
            self.expect(
                (status == "contested") == bool(said["open"]), "notice.status", name, f"榜 {name} 这一行有没有意见，状态不对。"
            )

    # Deeds

    def _check_deed(self, deed: dict[str, Any], name: str) -> None:
        posting = next((book.postings[deed["subject"]] for book in self.books if deed["subject"] in book.postings), None)
        day, rules = deed["happened_on"], self.rules.get((deed["edition"], deed["item"]), [])
        rule = next((one for one in rules if one[0] <= day < one[1] and one[2] == deed["title"]), None)
        self.expect(rule is not None, "deed.rule", name, f"{name}那一天没有这一条细则。")
        is_way = deed["posted_by"] == "register" if deed["door"] == "sheet" else rule is None or deed["posted_by"] == rule[3]
        self.expect(is_way, "deed.way", name, f"{name}的入账方式和细则不一样。")
        self.expect(deed["status"] in STATUSES, "deed.status", name, f"{name}的状态不对。")
        is_hung = deed["line"] is None or self.hung.get(deed["line"], ("",))[0] == deed["subject"]
        self.expect(is_hung, "deed.line", name, f"{name}说挂在 {deed['line']}，榜上没有。")
        points, posted, honour = (deed[part] or 0 for part in ("points", "posted", "honour"))
        is_posted = deed["status"] in ("deposited", "reversed")
        takes_nothing = is_posted and points < 0 and not posted and not honour
        self.expect(
            (posting is not None) == (is_posted and not takes_nothing), "deed.posting", name, f"{name}的状态和账本对不上。"
        )
        self.expect(is_posted or not posted, "deed.posting", name, f"{name}没有入账，却写着入账的分数。")
        if posting is None:
            return
        moved = (posting.points, posting.honour, posting.is_penalty, posting.branch, posting.day)
        is_same = moved == (posted, honour, points < 0, self.code, day)
        is_fair = posted == points if points >= 0 else points <= posted <= 0
        self.expect(is_same and is_fair, "deed.amount", name, f"{name}的分数、日子或分行和账本（{posting.name}）不一样。")
        if deed["posted_by"] == "notice_first":
            ends = self.cleared.get(deed["subject"])
            self.expect(ends is not None, "deed.unnoticed", name, f"{name}没有公示过，就入账了（{posting.name}）。")
            is_late = ends is None or posting.recorded >= ends
            self.expect(is_late, "deed.early", name, f"{name}公示期没满，就入账了（{posting.name}）。")

    # Tables

    def _check_tables(self) -> None:
        for row in self.archive.table(f"{self.code}/passbooks.csv"):
            number, points, honour = row["存折号"], row["积分账户"], row["荣誉账户"]
            book = next((one for one in self.books if points in one.accounts and honour in one.accounts), None)
            is_one = number not in self.passbooks and book is not None
            is_one = is_one and (book.accounts[points].unit, book.accounts[honour].unit) == ("points", "honour")
            self.expect(is_one, "passbook.account", number, f"存折 {number} 的账户不对。")
            if book is not None:
                self.passbooks[number] = (book, points, honour)
        self._check_balances()
        self._check_statements()

    def _check_balances(self) -> None:
        total, place = [0, 0], 0
        for place, row in enumerate(self.archive.table(f"{self.code}/balances.csv"), 1):
            number, shown = row["存折号"], [hundredths(row["结余"]), hundredths(row["累计积分"])]
            if not number:
                self.expect(shown == total, "table.balances", "合计", "结余表的合计不对。")
                return
            book, points, honour = self.passbooks.get(number, (None, "", ""))
            there = [book.accounts[points].balance, book.accounts[honour].balance] if book else None
            fits = shown == there and row["序号"] == str(place) and number not in self.listed
            self.expect(fits, "table.balances", number, f"结余表里存折 {number} 和账本对不上，或者缺行。")
            self.listed.add(number)
            total = [one + other for one, other in zip(total, shown, strict=True)]
        self.expect(False, "table.balances", "合计", "结余表没有合计。")

    def _check_statements(self) -> None:
        seen: Counter[str] = Counter()
        for row in self.archive.table(f"{self.code}/statements.csv"):
            number, voucher = row["存折号"], bytes.fromhex(row["凭证"])
            book, points, _honour = self.passbooks.get(number, (None, "", ""))
            amount = hundredths(row["存入"] or "0") - hundredths(row["用去"] or "0")
            wanted = (half_of(voucher), amount, hundredths(row["余额"]))
            fits = book is not None and voucher in book.ids and book.step_of(points, seen[number]) == wanted
            seen[number] += 1
            self.expect(fits, "table.statements", number, f"流水表里存折 {number} 的第 {seen[number]} 行和账本对不上。")
        for number in self.listed & self.passbooks.keys():
            book, points, _honour = self.passbooks[number]
            is_whole = seen[number] == len(book.accounts[points].steps) // 3
            self.expect(is_whole, "table.statements", number, f"流水表里存折 {number} 少了行。")


def hundredths(text: str) -> int:
    """`1,234.5` → 123450; a sign in any of its forms."""
    plain = text.lstrip("'").replace(",", "").replace("−", "-").replace("+", "")
    whole, _point, rest = plain.lstrip("-").partition(".")
    return (-1 if plain.startswith("-") else 1) * (int(whole) * 100 + int(rest.ljust(2, "0") or 0))


# The whole


def check(path: str, papers: Iterable[dict[str, Any]], faults: Faults) -> dict[str, Any]:
    """Check a whole archive; what was counted, and the heads that the books end in."""
    archive = Archive(path, faults)
    books: list[Book] = []
    subjects: set[str] = set()
    known = list(papers)
    try:
        for head in archive.manifest["seals"]:
            book = Book(archive, faults, str(head["book"]), known)
            book.check()
            faults.expect(book.head == head, "manifest.seals", book.code, f"清单里账本 {book.code} 的笔数或总指纹不对。")
            books.append(book)
        for paper in known:
            is_here = any(book.code == paper["book"] for book in books)
            faults.expect(is_here, "paper.book", paper["book"], f"纸上（{paper['source']}）的账本 {paper['book']} 不在存档里。")
        calendar = Calendar(archive.whole("calendar.json"))
        organisations = archive.whole("organisations.json")
        heads = [str(one["code"]) for one in organisations if not archive.has(f"{one['code']}/deeds.jsonl")]
        for code in (str(one["code"]) for one in organisations if archive.has(f"{one['code']}/deeds.jsonl")):
            subjects |= Branch(archive, faults, code, books, calendar).check([code, *heads])
        _check_whole(archive, faults, books, subjects, organisations)
    except Enough:
        pass
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, zipfile.BadZipFile, OSError) as error:
        faults.found.append({"code": "archive.content", "place": "", "message": f"存档里有看不懂的内容：{error!r}"})
    return {"heads": [book.head for book in books], "transactions": sum(book.count for book in books), "deeds": len(subjects)}


def _check_whole(archive: Archive, faults: Faults, books: list[Book], subjects: set[str], organisations: list[Any]) -> None:
    for book in books:
        for subject, posting in book.postings.items():
            words = f"账本 {book.code} 的{posting.name}（{subject}）在申报里找不到。"
            faults.expect(subject in subjects, "deed.missing", subject, words)
    branches = sum(archive.has(f"{one['code']}/deeds.jsonl") for one in organisations)
    lines = sum(len(account.steps) // 3 for book in books for account in book.accounts.values())
    counted = {
        "branches": branches,
        "transactions": sum(book.count for book in books),
        "lines": lines,
        "points_outstanding_hundredths": sum(book.outstanding() for book in books),
    }
    stated = archive.manifest["counts"]
    faults.expect(stated == counted, "manifest.counts", "", f"清单里的合计 {stated} 和算出来的 {counted} 不一样。")
    has_identity = any(name.endswith("/identity.csv") for name in archive.files)
    faults.expect(archive.manifest["with_identity"] == has_identity, "manifest.identity", "", "清单里写的有没有证件号不对。")


def read_papers(texts: Iterable[str], files: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Heads that hung on the wall: QR words, a text with QR words in it, a notebook of JSON lines, or a JSON list."""
    for text in texts:
        yield from papers_in(text, text[:40])
    for name in files:
        try:
            yield from papers_in(Path(name).read_text(encoding="utf-8-sig"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"读不了 {name}：{error}") from error


def papers_in(text: str, source: str) -> Iterator[dict[str, Any]]:
    found: list[Any] = [dict(parse_qsl(word.partition("?")[2])) for word in re.findall(r"\S*[?&]root=\S+", text)]
    try:
        if not found:
            whole = (
                json.loads(text)
                if text.lstrip().startswith("[")
                else [json.loads(line) for line in text.splitlines() if line.strip()]
            )
            found = [one for one in whole if one["size"] and not one.get("alarm")]
        heads = [
            {"book": str(one["book"]), "size": int(one["size"]), "root": str(one["root"]).lower(), "source": source}
            for one in found
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"看不懂纸上的总指纹：{source}") from error
    if not heads or not all(re.fullmatch("[0-9a-f]{64}", head["root"]) and head["size"] > 0 for head in heads):
        raise Unreadable(f"看不懂纸上的总指纹：{source}")
    yield from heads


def main(arguments: list[str] | None = None) -> int:
    about = f"{CHINESE}\n\n{__doc__}"
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", help="存档 / the archive")
    said, kept = "扫码扫出的文字 / what the QR code on a sheet says", "记着总指纹的文件 / a file of published heads"
    parser.add_argument("--paper", action="append", default=[], metavar="TEXT", help=said)
    parser.add_argument("--papers", action="append", default=[], metavar="FILE", help=kept)
    parser.add_argument("--most", type=int, default=20, metavar="N", help="最多列几处，默认 20 / how many faults to name (20)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    faults = Faults()
    try:
        papers = list(read_papers(given.paper, given.papers))
        counted = check(given.archive, papers, faults)
    except Unreadable as error:
        print(
            json.dumps({"ok": None, "error": str(error)}, ensure_ascii=False)
            if given.json
            else f"不能核查 / cannot be checked：{error}",
            file=sys.stderr,
        )
        return 2
    report = {"ok": not faults.found, **counted, "papers": len(papers), "fault_count": len(faults.found)}
    report["faults"] = faults.found[: given.most]
    if given.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        for head in report["heads"]:
            print(f"账本 book {head['book']}　封到 sealed to {head['size']}　总指纹 root {head['root']}")
        print("账 {transactions:,} 笔，申报 {deeds:,} 件，纸 {papers} 张。 / entries, deeds, papers".format(**report))
        for fault in report["faults"]:
            print(f"[{fault['code']}] {fault['message']}")
        count = report["fault_count"]
        print(
            "核查无误。 / Everything holds."
            if report["ok"]
            else f"发现 {count} 处问题。 / {count} faults; docs/reference/archive.md names the codes."
        )
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())

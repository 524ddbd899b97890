"""The auditor of the books: keeps its own accounts from the originals alone and compares after every step (L01 to L22)."""

from __future__ import annotations

import hashlib
import random
import struct
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from tests.simulation.proofs import Tree, is_consistent, is_included
from tests.simulation.store import Change
from wenming.core import points
from wenming.domain.ledger import queries as ledger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RESTORING = {"order_released", "order_refunded", "fund_returned"}
FIXED = {"ledger_transaction", "ledger_entry", "ledger_numbering", "ledger_seal"}


class Violation(AssertionError):
    """An invariant does not hold; its id stands first."""


ASKED: Counter[str] = Counter()
"""How often each invariant was asked for."""


def demand(holds: object, law: str, *words: object) -> None:
    ASKED[law] += 1
    if not holds:
        raise Violation(f"{law}: {' '.join(map(str, words))}")


def ask(statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def marks(values: Any) -> str:
    return ", ".join(map(str, values)) or "NULL"


@dataclass(slots=True)
class Account:
    pk: int
    public_id: str
    unit: str
    code: str
    is_member: bool
    floor: int | None
    balance: int = 0
    held: int = 0
    credited: int = 0
    debited: int = 0
    last: int = 0
    lines: list[tuple[int, int, int]] = field(default_factory=list)  # recorded, amount, balance after
    lots: list[list[int]] = field(default_factory=list)  # recorded, amount earned, transaction
    consumed: int = 0

    @property
    def keeps_balance(self) -> bool:
        return self.is_member or self.unit == "fen"


@dataclass(slots=True)
class Posted:
    pk: int
    kind: str
    subject: str
    key: str
    recorded: int
    ends: int | None
    reverses: int | None
    digest: bytes
    lines: list[tuple[int, int]]
    number: int | None = None


def read_memento(data: bytes) -> tuple[str, int, str, str, bytes, list[tuple[str, int]]]:
    """Public id, instant, kind, scope, hash of the subject and lines, by the documented format alone."""
    place = 2 + data[1]
    public_id = data[place : place + 16].hex()
    (recorded,) = struct.unpack_from(">q", data, place + 16)
    place += 16 + 8 + 32
    kind = data[place + 1 : place + 1 + data[place]].decode()
    place += 1 + data[place]
    scope = data[place + 1 : place + 1 + data[place]].decode()
    place += 1 + data[place]
    subject = data[place : place + 32]
    place += 32 + 8 + 32
    lines = [struct.unpack_from(">16sq", data, place + 1 + 24 * number) for number in range(data[place])]
    return public_id, recorded, kind, scope, subject, [(account.hex(), amount) for account, amount in lines]


def micros(text: object) -> int:
    at = datetime.fromisoformat(text) if isinstance(text, str) else text
    assert isinstance(at, datetime)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


class Books:
    """What the books should say."""

    def __init__(self, book_id: int, dice: random.Random) -> None:
        self.book_id, self.dice = book_id, dice
        self.accounts: dict[int, Account] = {}
        self.by_public: dict[str, int] = {}
        self.posted: dict[int, Posted] = {}
        self.keys: dict[str, int] = {}
        self.holds: dict[int, dict[int, int]] = {}
        self.reversed: set[int] = set()
        self.of_subject: dict[str, list[int]] = defaultdict(list)
        self.tree = Tree()
        self.roots: dict[int, bytes] = {}
        self.last_sealed = 0
        self.last_number_at = 0
        self.last_audit = ask("SELECT COALESCE(MAX(id), 0) FROM core_auditevent")[0][0]
        found = ask("SELECT hash FROM core_auditevent ORDER BY id DESC LIMIT 1")
        self.audit_hash = bytes(found[0][0]) if found else bytes(32)
        everything = [("ledger_account", "I", pk) for (pk,) in ask("SELECT id FROM ledger_account")]
        for table in ("ledger_transaction", "ledger_entry"):
            everything += [(table, "I", pk) for (pk,) in ask(f"SELECT id FROM {table} ORDER BY id")]
        self.after(everything)
        self._numbered()
        for size, root in ask("SELECT size, root FROM ledger_seal ORDER BY size"):
            self.roots[size] = bytes(root)

    # After every step

    def after(self, changes: list[Change]) -> None:
        """Follow what was written, and check all that it touches."""
        by_table: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for table, how, row in changes:
            by_table[table].append((how, row))
        for table in FIXED:
            demand(all(how == "I" for how, _row in by_table[table]), "L07", table, "was changed")
        if "core_auditevent" in by_table:
            self._audit(by_table["core_auditevent"])
        touched = {row for _how, row in by_table["ledger_account"]}
        self._accounts([row for how, row in by_table["ledger_account"] if how == "I"])
        demand(all(how != "D" for how, _row in by_table["ledger_account"]), "L07", "an account is gone")
        new = sorted({row for how, row in by_table["ledger_transaction"] if how == "I"})
        for one in self._read(new, [row for _how, row in by_table["ledger_entry"]]):
            touched.update(account for account, _amount in one.lines)
            self._check(one)
        if by_table["ledger_numbering"]:
            self._numbered()
        if by_table["ledger_seal"]:
            self._seals([row for _how, row in by_table["ledger_seal"]])
        self._figures(touched)

    def _audit(self, rows: list[tuple[str, int]]) -> None:
        demand(all(how == "I" for how, _row in rows), "L07", "the trail was changed")
        for pk, previous, own in ask(
            "SELECT id, previous_hash, hash FROM core_auditevent WHERE id > %s ORDER BY id", [self.last_audit]
        ):
            demand(bytes(previous) == self.audit_hash, "L07", "the trail is torn at", pk)
            self.last_audit, self.audit_hash = pk, bytes(own)

    def _accounts(self, new: list[int]) -> None:
        statement = f"SELECT id, public_id, unit, code, is_member, floor FROM ledger_account WHERE id IN ({marks(new)})"
        for pk, public_id, unit, code, is_member, floor in ask(statement) if new else ():
            demand(floor == 0 or not is_member, "L04", "account", pk, "has the floor", floor)
            self.accounts[pk] = Account(pk, public_id, unit, code or "", bool(is_member), floor)
            self.by_public[public_id] = pk

    def _read(self, new: list[int], entries: list[int]) -> list[Posted]:
        """The new transactions, each with its lines in passbooks and funds: account, place, amount, balance, when."""
        lines: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        statement = f"SELECT transaction_id, id, amount, balance_after, recorded FROM ledger_entry WHERE id IN ({marks(entries)})"
        for transaction_id, pk, *line in ask(statement) if entries else ():
            lines[transaction_id].append((pk >> 32, pk & 0xFFFFFFFF, *line))
        demand(lines.keys() <= set(new), "L01", "lines of transactions that are not there", lines.keys() - set(new))
        statement = (
            "SELECT id, kind, subject, scope, key, memento, leaf_hash, recorded, ends_id, reverses_id "
            f"FROM ledger_transaction WHERE id IN ({marks(new)}) ORDER BY id"
        )
        return [self._follow(row, lines[row[0]]) for row in (ask(statement) if new else ())]

    def _follow(self, row: tuple[Any, ...], lines: list[tuple[Any, ...]]) -> Posted:
        """One transaction against its original and the lines it made; then our own accounts follow it."""
        pk, kind, subject, scope, key, memento, leaf, recorded, ends, reverses = row
        memento = bytes(memento)
        demand(hashlib.sha256(b"\x00" + memento).digest() == bytes(leaf), "L09", "leaf of", pk)
        public_id, *original, packed = read_memento(memento)
        subject_hash = hashlib.sha256(subject.encode()).digest()
        demand(original == [recorded, kind, scope, subject_hash], "L09", "original of", pk)
        demand(int(public_id[:16], 16) == pk, "L09", "public id of", pk)
        said = [(self.by_public[account], amount) for account, amount in packed]
        one = Posted(pk, kind, subject, key, recorded, ends, reverses, hashlib.sha256(memento).digest(), said)
        made = []
        for account_id, amount in said:
            account = self.accounts[account_id]
            account.balance += amount
            if not account.keeps_balance:
                continue
            account.lines.append((recorded, amount, account.balance))
            made.append((account_id, len(account.lines), amount, account.balance, recorded))
            demand(recorded >= account.last, "L08", "instants of account", account_id)
            account.last = recorded
            self._count(account, one, amount)
        demand(sorted(made) == sorted(lines), "L03", "lines of", pk, lines, "instead of", made)
        self.posted[pk] = one
        return one

    def _count(self, account: Account, one: Posted, amount: int) -> None:
        """What counts as earned and as spent, and the lots that were earned, for expiry by first in, first out."""
        is_restoring = one.reverses is not None or one.kind in RESTORING
        if (amount > 0) != is_restoring:
            account.credited += amount
        else:
            account.debited -= amount
        if amount > 0 and not is_restoring:
            account.lots.append([one.recorded, amount, one.pk])
        elif one.reverses is not None and amount < 0:
            for lot in account.lots:
                if lot[2] == one.reverses:
                    lot[1] += amount
        else:
            account.consumed -= amount

    def _check(self, one: Posted) -> None:
        units = {self.accounts[account].unit for account, _amount in one.lines}
        for unit in units:
            total = sum(amount for account, amount in one.lines if self.accounts[account].unit == unit)
            demand(total == 0, "L01", one.pk, "does not balance in", unit)
        demand(len(one.lines) >= 2, "L01", one.pk, "has one line")
        demand(units == {"fen"} or "fen" not in units, "L22", one.pk, "mixes money and points")
        for account_id, amount in one.lines:
            demand(type(amount) is int and 0 < abs(amount) <= points.LARGEST, "L18", one.pk, amount)
            account = self.accounts[account_id]
            demand(account.floor is None or account.balance >= account.floor, "L04", "account", account_id, account.balance)
        demand(self.keys.setdefault(one.key, one.pk) == one.pk, "L12", "key", one.key)
        self.of_subject[one.subject].append(one.pk)
        self._holds(one)
        if one.reverses is not None:
            self._reversal(one)

    def _holds(self, one: Posted) -> None:
        into = sum(amount for account, amount in one.lines if self.accounts[account].code == "points:escrow")
        if one.ends is not None:
            demand(one.ends in self.holds, "L06", one.pk, "ends a hold that is not open")
            hold = self.holds.pop(one.ends)
            demand(-into == sum(hold.values()), "L06", one.pk, "ends a hold by another amount")
            for account_id, amount in hold.items():
                self.accounts[account_id].held -= amount
        elif into > 0:
            hold = {account: -amount for account, amount in one.lines if amount < 0}
            self.holds[one.pk] = hold
            for account_id, amount in hold.items():
                self.accounts[account_id].held += amount
        else:
            demand(into == 0, "L06", one.pk, "takes from escrow and ends nothing")

    def _reversal(self, one: Posted) -> None:
        original = self.posted[one.reverses or 0]
        demand(original.pk not in self.reversed, "L13", original.pk, "is reversed twice")
        self.reversed.add(original.pk)
        missing = {account: -amount for account, amount in original.lines}
        for account, amount in one.lines:
            missing[account] = missing.get(account, 0) - amount
        left = {account: amount for account, amount in missing.items() if amount}
        off = sum(amount for account, amount in left.items() if self.accounts[account].code.endswith(":written_off"))
        short = sum(amount for account, amount in left.items() if self.accounts[account].is_member)
        strange = [a for a in left if not self.accounts[a].is_member and not self.accounts[a].code.endswith(":written_off")]
        demand(not strange and off == -short and short <= 0, "L13", one.pk, "is not the mirror of", original.pk)

    def _figures(self, touched: set[int]) -> None:
        statement = (
            "SELECT id, balance, held, credited_total, debited_total, last_sequence, last_recorded FROM ledger_account "
            f"WHERE id IN ({marks(sorted(touched))})"
        )
        for pk, *figures in ask(statement) if touched else ():
            account = self.accounts[pk]
            if account.keeps_balance:
                ours = [account.balance, account.held, account.credited, account.debited, len(account.lines), account.last]
                demand(figures == ours, "L03", "account", pk, "says", figures, "and should say", ours)
                demand(account.held >= 0, "L05", "account", pk, "holds", account.held)

    def _numbered(self) -> None:
        """Numbers go on without a gap, in the order of the instants; the tree grows by their leaves."""
        statement = "SELECT id, number, count FROM ledger_numbering WHERE book_id = %s AND number > %s ORDER BY number"
        runs = ask(statement, [self.book_id, self.tree.size])
        for pk, number in [(first + place, start + place) for first, start, count in runs for place in range(count)]:
            one = self.posted[pk]
            demand(number == self.tree.size + 1 and one.number is None, "L08", "number", number, "of", pk)
            demand(one.recorded >= self.last_number_at, "L08", "number", number, "is earlier than the one before")
            self.last_number_at, one.number = one.recorded, number
            (memento,) = ask("SELECT memento FROM ledger_transaction WHERE id = %s", [pk])[0]
            self.tree.add(hashlib.sha256(b"\x00" + bytes(memento)).digest())

    def _seals(self, new: list[int]) -> None:
        for size, root in ask(f"SELECT size, root FROM ledger_seal WHERE id IN ({marks(new)}) ORDER BY size"):
            demand(size == self.tree.size > self.last_sealed, "L11", "seal of", size, "after", self.last_sealed)
            demand(bytes(root) == self.tree.root(), "L10", "root of", size)
            self.roots[size], self.last_sealed = bytes(root), size
        first = self.dice.choice(sorted(self.roots))
        path = [bytes.fromhex(step) for step in ledger.consistency_proof(self.book_id, first, self.last_sealed).path]
        last = self.roots[self.last_sealed]
        demand(is_consistent(first, self.roots[first], self.last_sealed, last, path), "L11", first, "to", self.last_sealed)
        number = self.dice.randrange(1, self.last_sealed + 1)
        (pk,) = (one.pk for one in self.posted.values() if one.number == number)
        ((memento,),) = ask("SELECT memento FROM ledger_transaction WHERE id = %s", [pk])
        proof = ledger.inclusion_proof(read_memento(bytes(memento))[0])
        leaf = hashlib.sha256(b"\x00" + bytes.fromhex(proof.memento)).digest()
        steps = [bytes.fromhex(step) for step in proof.path]
        demand(is_included(number - 1, proof.size, leaf, steps, last), "L10", "line", number)

    # Now and then, and at the end of a month

    def look_at(self, account: Account) -> None:
        """One passbook as its owner would read it: pages, a balance of some day, what would expire."""
        size = self.dice.randrange(1, 12)
        lines, before = [], None
        while page := ledger.statement(account.pk, before=before, limit=size):
            lines += page
            before = page[-1].sequence
        ours = [(at, amount, balance) for at, amount, balance in reversed(account.lines)]
        demand([(micros(line.recorded_at), line.amount, line.balance_after) for line in lines] == ours, "L14", account.pk)
        if not account.lines:
            return
        at = self.dice.choice(account.lines)[0] + self.dice.randrange(-1, 2)
        place = bisect_right(account.lines, at, key=lambda line: line[0])
        then = account.lines[place - 1][2] if place else 0
        instant = EPOCH + timedelta(microseconds=at)
        demand(ledger.balance_at(account.pk, instant) == then, "L15", account.pk, "at", at)
        earned = sum(amount for recorded, amount, _pk in account.lots if recorded < at)
        due = min(account.balance, max(0, earned - account.consumed))
        demand(ledger.expirable(account.pk, instant) == due, "L21", account.pk, "should let go", due)

    def month_end(self) -> None:
        report = ledger.verify()
        demand(report.ok, "verify", report.faults[:3])
        for unit in ("points", "honour", "fen"):
            demand(sum(a.balance for a in self.accounts.values() if a.unit == unit) == 0, "L02", unit)
        self._figures(set(self.accounts))
        houses = ledger.house_balances(self.book_id)
        for account in self.accounts.values():
            if not account.keeps_balance and account.code in houses and account.unit != "fen":
                demand(houses[account.code] == account.balance, "L03", account.code)
        held = sum(sum(hold.values()) for hold in self.holds.values())
        demand(houses["points:escrow"] == held, "L05", "escrow holds", houses["points:escrow"], "for", held)
        for pk, memento in ask("SELECT id, memento FROM ledger_transaction"):
            demand(hashlib.sha256(bytes(memento)).digest() == self.posted[pk].digest, "L07", "transaction", pk)
        for size, root in ask("SELECT size, root FROM ledger_seal WHERE book_id = %s", [self.book_id]):
            demand(self.roots[size] == bytes(root), "L10", "root of", size, "is another now")
        members = [account for account in self.accounts.values() if account.is_member]
        for account in self.dice.sample(members, min(20, len(members))):
            self.look_at(account)
        total, weights = self.dice.randrange(10**6), [self.dice.randrange(1, 50) for _share in range(self.dice.randrange(1, 9))]
        parts = points.split(total, weights)
        demand(sum(parts) == total and all(type(part) is int and part >= 0 for part in parts), "L19", total, weights)

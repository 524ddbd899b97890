"""A disk in memory that loses power: what was not synced is kept, dropped or torn, sector by sector, at random.

The real library (through apsw) runs on it with the product's own tables and the statements that the posting engine really
sent, recorded once. Removing a file takes effect at once, as journalled file systems order it; everything else waits for
its sync. The write-ahead log runs in exclusive locking mode, since a disk in memory has no shared memory.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

SECTOR = 512
Act = Sequence[str]


@dataclass
class Disk:
    """Files as they would survive (`safe`) and the writes to each that no sync has followed yet.

    At operation `cut_after` the power goes: what is there then is put aside in `left`, and what the program, unknowing,
    still does no longer counts.
    """

    chance: random.Random
    cut_after: int = 0
    operations: int = 0
    safe: dict[str, bytearray] = field(default_factory=dict)
    waiting: dict[str, list[tuple[int, bytes | None]]] = field(default_factory=dict)
    left: dict[str, bytearray] | None = None

    def tick(self) -> None:
        self.operations += 1
        if self.operations == self.cut_after:
            self.left = self.after_the_cut()

    def now(self, name: str) -> bytearray:
        """The file as the running program sees it."""
        seen = bytearray(self.safe[name])
        for offset, data in self.waiting[name]:
            apply(seen, offset, data)
        return seen

    def sync(self, name: str) -> None:
        self.safe[name] = self.now(name)
        self.waiting[name] = []

    def after_the_cut(self) -> dict[str, bytearray]:
        """What is found when the power is back: every unsynced sector was written, not written, or half written."""
        found = {}
        for name, seen in self.safe.items():
            kept = bytearray(seen)
            for offset, data in self.waiting[name]:
                if data is None:
                    if self.chance.random() < 0.5:
                        apply(kept, offset, None)
                    continue
                for start in range(0, len(data), SECTOR):
                    part = data[start : start + SECTOR]
                    fate = self.chance.random()
                    if fate < 0.45:
                        apply(kept, offset + start, part)
                    elif fate < 0.55:
                        apply(kept, offset + start, part[: self.chance.randrange(len(part))])
            found[name] = kept
        return found


def apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """One write, or (None) a cut to this length."""
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class MemoryVFS(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self.disk = disk
        super().__init__(name, base="")

    def xFullPathname(self, name: str) -> str:
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self.disk.safe

    def xDelete(self, name: str, syncdir: bool) -> None:
        self.disk.tick()
        self.disk.safe.pop(name, None)
        self.disk.waiting.pop(name, None)

    def xOpen(self, name: Any, flags: list[int]) -> MemoryFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self.disk.safe.setdefault(path, bytearray())
        self.disk.waiting.setdefault(path, [])
        flags[1] = flags[0]
        return MemoryFile(self.disk, path)

    def xRandomness(self, count: int) -> bytes:
        return self.disk.chance.randbytes(count)

    def xSleep(self, microseconds: int) -> int:
        return microseconds

    def xCurrentTime(self) -> float:
        return 2461000.0


class MemoryFile:
    def __init__(self, disk: Disk, path: str) -> None:
        self.disk, self.path = disk, path
        self.content = disk.now(path)

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.tick()
        self.disk.waiting[self.path].append((offset, bytes(data)))
        apply(self.content, offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self.disk.tick()
        self.disk.waiting[self.path].append((size, None))
        apply(self.content, size, None)

    def xSync(self, flags: int) -> None:
        self.disk.tick()
        self.disk.sync(self.path)

    def xFileSize(self) -> int:
        return len(self.content)

    def xClose(self) -> None:
        self.content = bytearray()

    def xLock(self, level: int) -> None:
        """One program only."""

    def xUnlock(self, level: int) -> None:
        """One program only."""

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return 0


@dataclass
class Outcome:
    cuts: int = 0
    acts: int = 0
    lost: int = 0
    damaged: int = 0


def play(image: bytes, acts: Sequence[Act], journal: str, synchronous: str, cuts: int, seed: int) -> Outcome:
    """Cut the power `cuts` times, each in the middle of the acts from the image on, and count what did not survive."""
    chance, outcome = random.Random(seed), Outcome()
    whole = 0
    for cut in range(cuts):
        disk = Disk(random.Random(chance.random()))
        disk.safe["books"], disk.waiting["books"] = bytearray(image), []
        if whole:
            disk.cut_after = chance.randrange(1, whole)
        done = run(disk, acts, journal, synchronous, f"life{seed}{cut}")
        whole = whole or disk.operations
        outcome.acts += done
        outcome.cuts += 1
        survived = disk.left if disk.left is not None else disk.after_the_cut()
        found = Disk(random.Random(0), safe=survived, waiting={name: [] for name in survived})
        judge(found, done, outcome, journal, f"after{seed}{cut}")
    return outcome


def opened(disk: Disk, journal: str, synchronous: str, name: str) -> tuple[MemoryVFS, apsw.Connection]:
    vfs = MemoryVFS(name, disk)
    store = apsw.Connection("books", vfs=name)
    store.execute("PRAGMA locking_mode=EXCLUSIVE")
    assert next(store.execute(f"PRAGMA journal_mode={journal}"))[0] == journal.lower()
    store.execute(f"PRAGMA synchronous={synchronous}; PRAGMA cache_size=20; PRAGMA wal_autocheckpoint=60")
    return vfs, store


def run(disk: Disk, acts: Sequence[Act], journal: str, synchronous: str, name: str) -> int:
    """Do the acts until the power goes; how many were acknowledged by then."""
    done = 0
    _vfs, store = opened(disk, journal, synchronous, name)
    for act in acts:
        store.execute("BEGIN IMMEDIATE")
        for statement in act:
            store.execute(statement)
        store.execute("COMMIT")
        if disk.left is not None:
            break
        done += 1
    if disk.left is None:
        disk.left = disk.after_the_cut()
    store.close()
    return done


def judge(disk: Disk, done: int, outcome: Outcome, journal: str, name: str) -> None:
    """Open what is left: every acknowledged act whole, at most the one in hand besides, every balance the sum of its lines."""
    try:
        _vfs, store = opened(disk, journal, "FULL", name)
        sound = store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        count = next(store.execute("SELECT COUNT(*) FROM ledger_transaction"))[0]
        halves = store.execute(
            "SELECT 1 FROM ledger_account a WHERE (a.is_member OR a.unit = 'fen') AND "
            "(a.balance, a.last_sequence) <> "
            "(SELECT COALESCE(SUM(e.amount), 0), COUNT(*) FROM ledger_entry e WHERE e.id >> 32 = a.id) "
            "UNION ALL SELECT 1 FROM ledger_transaction t WHERE t.id NOT IN (SELECT transaction_id FROM ledger_entry) "
            "UNION ALL SELECT 1 FROM ledger_entry e LEFT JOIN ledger_transaction t ON t.id = e.transaction_id WHERE t.id IS NULL"
        ).fetchall()
        store.close()
    except apsw.Error:
        outcome.damaged += 1
        return
    outcome.damaged += not sound or bool(halves) or count > done + 1
    outcome.lost += count < done

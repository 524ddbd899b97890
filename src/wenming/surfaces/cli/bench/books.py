"""The ledger's batches against a raw insert with one index, in files of the same folder."""

from __future__ import annotations

import random
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from wenming.domain.ledger import services as ledger
from wenming.surfaces.cli.bench import interleave

BATCH = 8000
MEMBERS = 18_754


def raw_insert(path: Path, rows: list[tuple[int, int, int, int]]) -> None:
    """One table, one index, one durable commit."""
    store = sqlite3.connect(path)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, account INTEGER, amount INTEGER, at INTEGER)")
    store.execute("CREATE INDEX IF NOT EXISTS entry_account ON entry (account)")
    with store:
        store.executemany("INSERT INTO entry (account, amount, at, id) VALUES (?, ?, ?, ?)", rows)
    store.close()


def run(*, folder: Path, at: datetime, rounds: int) -> dict[str, Any]:
    """Postings a second in batches of 8,000, every check kept, and the raw rows a second of the same rounds."""
    source = random.Random(7)
    book = ledger.open_book(code="BENCH", at=at)
    accounts = ledger.open_accounts(book_id=book.pk, unit=ledger.Unit.POINTS, count=MEMBERS, at=at)
    path = folder / "raw.sqlite3"
    favoured, others = accounts[: MEMBERS // 5], accounts[MEMBERS // 5 :]

    def member() -> int:
        return source.choice(favoured if source.random() < 0.8 else others)

    def ours(number: int) -> None:
        postings = [
            ledger.Posting(
                kind=ledger.Kind.DEED_DEPOSITED,
                subject=f"deed:{number * BATCH + place}",
                moves=(ledger.Move("issuance", member(), 300),),
                key=f"bench:{number}:{place}",
                occurred_at=at,
                recorded_at=at,
                scope="BENCH",
            )
            for place in range(BATCH)
        ]
        ledger.post_many(book_id=book.pk, postings=postings)

    def raw(number: int) -> None:
        raw_insert(path, [(member(), 300, number, number * BATCH + place) for place in range(BATCH)])

    median = interleave(rounds, ours=ours, raw=raw)
    path.unlink(missing_ok=True)
    return {
        "batch": BATCH,
        "postings_per_second": BATCH / median["ours"],
        "raw_rows_per_second": BATCH / median["raw"],
        "ratio": median["raw"] / median["ours"],
        "goal": 0.3,
    }

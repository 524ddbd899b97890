"""The ledger through its services, as the other rooms call them, beside the bare store in the same rounds.

The work: transfers from a house account to 18,754 members, 80 % of them to a fifth, each with its key, its floor check, its
running balance, its canonical bytes and their hash, in a durable commit. At the end every figure is checked by `verify`.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from wenming.core.transactions import service
from wenming.domain.ledger import queries
from wenming.domain.ledger import services as ledger
from wenming.surfaces.cli.bench import Spent, in_turn, spent
from wenming.surfaces.cli.bench.crowds import Processes, Threads
from wenming.surfaces.cli.bench.limits import BareFile, BareServer
from wenming.surfaces.cli.bench.peers import Peer

BATCH = 8000
MEMBERS = 18_754
SINGLES = 400
CROWDS = (8, 64)
EACH = 40
EACH_ON_SERVER = 150
ALONE = "64_callers_in_acts_of_their_own"
HASHES = 200_000


class Books:
    """A book of its own, and no end of transfers for it."""

    def __init__(self, at: datetime, code: str = "BENCH") -> None:
        self.at = at
        self.source = random.Random(7)
        self.book_id = ledger.open_book(code=code, at=at).pk
        accounts = ledger.open_accounts(book_id=self.book_id, unit=ledger.Unit.POINTS, count=MEMBERS, at=at)
        self.favoured, self.others = accounts[: MEMBERS // 5], accounts[MEMBERS // 5 :]
        self.made = 0

    def member(self) -> int:
        return self.source.choice(self.favoured if self.source.random() < 0.8 else self.others)

    def transfers(self, count: int) -> list[ledger.Posting]:
        first, self.made = self.made, self.made + count
        return [
            ledger.Posting(
                kind=ledger.Kind.DEED_DEPOSITED,
                subject=f"deed:{number}",
                moves=(ledger.Move("issuance", self.member(), 300),),
                key=f"bench:{number}",
                occurred_at=self.at,
                recorded_at=self.at,
                scope="BENCH",
            )
            for number in range(first, first + count)
        ]

    def post(self, transfers: list[ledger.Posting]) -> None:
        """One after the other."""
        for transfer in transfers:
            ledger.post(book_id=self.book_id, posting=transfer)

    def post_alone(self, transfers: list[ledger.Posting]) -> None:
        """Each in an act of its own, as rooms post that do more than that in the act."""
        post = service(ledger.post)
        for transfer in transfers:
            post(book_id=self.book_id, posting=transfer)


def rates(count: int, ours: Spent, bare: Spent, goal: float) -> dict[str, Any]:
    """Ours and the limit a second, and their ratio on the wall and by the work of this process."""
    return {
        "per_second": count / ours.wall,
        "limit_per_second": count / bare.wall,
        "ratio": bare.wall / ours.wall,
        "ratio_of_work": bare.work / ours.work,
        "goal": goal,
    }


def run(*, folder: Path, at: datetime, rounds: int, peers: Sequence[str] = ()) -> dict[str, Any]:
    """Every figure of the ledger on the store at hand; on PostgreSQL beside other ledgers, each NAME=COMMAND."""
    books = Books(at)
    report = on_file(books, folder, rounds) if connection.vendor == "sqlite" else on_server(books, rounds, peers)
    report.update(after(books))
    return report


def keyed_rows(books: Books) -> list[tuple[Any, ...]]:
    return [(books.member(), 300, 1, secrets.token_hex(16)) for _place in range(BATCH)]


def on_file(books: Books, folder: Path, rounds: int) -> dict[str, Any]:
    bare = BareFile(folder / "bare.sqlite3")
    ready: dict[str, Iterator[Any]] = {
        "batch": iter([books.transfers(BATCH) for _round in range(rounds)]),
        "single": iter([books.transfers(SINGLES) for _round in range(rounds)]),
        "rows": iter([keyed_rows(books) for _round in range(2 * rounds)]),
    }
    crowds = {f"{callers}_callers": callers for callers in CROWDS} | {ALONE: CROWDS[-1]}
    for name, many in crowds.items():
        ready[name] = iter([[books.transfers(EACH) for _caller in range(many)] for _round in range(rounds)])
    callers, alone = Threads(CROWDS[-1], books.post), Threads(CROWDS[-1], books.post_alone)
    median = in_turn(
        rounds,
        batch=lambda _number: ledger.post_many(book_id=books.book_id, postings=next(ready["batch"])),
        by_key=lambda _number: bare.batch("by_key", next(ready["rows"])),
        by_account=lambda _number: bare.batch("by_account", next(ready["rows"])),
        single=lambda _number: books.post(next(ready["single"])),
        commits=lambda _number: bare.commits(SINGLES),
        **{name: lambda _number, name=name: (alone if name == ALONE else callers).do(next(ready[name])) for name in crowds},
    )
    for one in (bare, callers, alone):
        one.close()
    commit = Spent(median["commits"].wall / SINGLES, median["commits"].work / SINGLES)
    report: dict[str, Any] = {
        "batches_of_8000": {
            **rates(BATCH, median["batch"], median["by_key"], 0.3),
            "ratio_to_cheapest_index": median["by_account"].wall / median["batch"].wall,
        },
        "one_per_commit": rates(SINGLES, median["single"], median["commits"], 0.5),
    }
    for name, many in crowds.items():
        count = EACH * many
        bare_commits = Spent(commit.wall * count, commit.work * count)
        report[name] = rates(count, median[name], bare_commits, 2.0 if many == 64 else 1.0)
    return report


def on_server(books: Books, rounds: int, peers: Sequence[str]) -> dict[str, Any]:
    clients = CROWDS[0]
    connection.close()
    bare, tellers = BareServer(clients), Processes(clients, books.post)
    callers = Threads(clients, books.post)
    batches = iter([books.transfers(BATCH) for _round in range(rounds)])
    crowds = iter([[books.transfers(EACH_ON_SERVER) for _caller in range(clients)] for _round in range(2 * rounds)])
    rows = iter([keyed_rows(books) for _round in range(rounds)])
    others = [Peer(given, (clients, EACH_ON_SERVER, BATCH, MEMBERS)) for given in peers]
    median = in_turn(
        rounds,
        batch=lambda _number: ledger.post_many(book_id=books.book_id, postings=next(batches)),
        by_key=lambda _number: bare.batch(next(rows)),
        crowd=lambda _number: tellers.do(next(crowds)),
        threads=lambda _number: callers.do(next(crowds)),
        commits=lambda _number: bare.commits(EACH_ON_SERVER),
        **{peer.name: peer.measure for peer in others},
    )
    for one in (bare, tellers, callers):
        one.close()
    count = EACH_ON_SERVER * clients
    report: dict[str, Any] = {
        "batches_of_8000": rates(BATCH, median["batch"], median["by_key"], 0.3),
        "8_callers": rates(count, median["crowd"], median["commits"], 0.5),
        "8_callers_in_one_process": rates(count, median["threads"], median["commits"], 0.5),
    }
    one, batch = report["8_callers_in_one_process"]["per_second"], report["batches_of_8000"]["per_second"]  # as peers call
    report["peers"] = {peer.name: peer.report(one, batch) for peer in others}
    return report


def after(books: Books) -> dict[str, Any]:
    """Sealing and verifying what was posted; the oracle of the run."""
    sha256, data = hashlib.sha256, secrets.token_bytes(100)

    def hash_bare() -> None:
        for _number in range(HASHES):
            sha256(data).digest()

    bare = spent(hash_bare)
    sealed = spent(lambda: ledger.seal(book_id=books.book_id, at=books.at))
    reports: list[queries.Report] = []
    verified = spent(lambda: reports.append(queries.verify(books.book_id)))
    (found,) = reports
    held = sum(queries.balances([*books.favoured, *books.others]).values())
    assert found.ok and held == 300 * books.made, "the books do not hold what was posted"
    return {
        "seal": {
            "per_second": books.made / sealed.wall,
            "hashes_per_second": HASHES / bare.wall,
            "ratio": (books.made / sealed.wall) / (HASHES / bare.wall),
            "ratio_of_work": (books.made / sealed.work) / (HASHES / bare.work),
            "goal": 0.15,
        },
        "verify": {
            "entries": found.entries,
            "per_second": found.entries / verified.wall,
            "per_second_of_work": found.entries / verified.work,
            "goal": 150_000,
        },
    }

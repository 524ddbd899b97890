"""What the export command writes: one table as a sheet, or the whole bank as one archive of open files."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from wenming.core import clock, points
from wenming.core.actor import Actor
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import services as depositor_services
from wenming.domain.intake import queries as intake
from wenming.domain.intake import workbooks
from wenming.domain.intake.queries import Export
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import queries as rulebooks

FORMAT = "wenming-bank-archive/1"
PAGE = 2_000
TABLES = ("roll", "balances", "statements", "redemptions")
REDEMPTIONS = ("日期", "分行", "姓名", "户号", "存折号", "物品", "数量", "合计", "状态", "凭证")


def table(*, actor: Actor, kind: str, branch_ids: Sequence[int], at: datetime) -> Export:
    """One of the tables; redemptions come from the mall, the rest from the intake."""
    if kind == "redemptions":
        return Export("兑换登记", (), REDEMPTIONS, _redemptions(actor, branch_ids))
    return intake.export_rows(actor=actor, kind=kind, branch_ids=branch_ids, on=clock.local_date(at))


def _redemptions(actor: Actor, branch_ids: Sequence[int]) -> Iterator[Sequence[str]]:
    before: int | None = None
    while found := mall.orders_in(actor=actor, branch_ids=branch_ids, before=before, limit=PAGE):
        before = found[-1].pk
        for one in found:
            home = one.depositor.household
            yield (
                clock.local_date(one.placed_at).isoformat(),
                one.branch.name,
                one.depositor.name,
                home.number if home else "",
                one.passbook.number,
                one.product.title,
                str(one.quantity),
                points.show(one.price),
                one.get_status_display(),
                one.public_id,
            )


def write_table(made: Export, out: Path) -> int:
    """Write a table as `.csv` or `.xlsx`, by the file's ending; the number of lines."""
    rows = list(made.rows)
    if out.suffix.lower() == ".csv":
        heading = [[text] for text in (made.title, *made.notes)] if made.notes else []
        out.write_bytes(workbooks.comma_separated(made.columns, rows, heading))
    else:
        out.write_bytes(workbooks.table(made.title, made.columns, rows, made.notes))
    return len(rows)


@contextlib.contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as of one instant, without holding up those who write; inside an act, as that act sees it."""
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        usual, connection.transaction_mode = connection.transaction_mode, "DEFERRED"  # type: ignore[attr-defined]
        try:
            with transaction.atomic():
                yield
        finally:
            connection.transaction_mode = usual  # type: ignore[attr-defined]
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


class Archive:
    """A zip of open files that keeps the hash of each for its manifest."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self.file = file
        self.hashes: dict[str, dict[str, Any]] = {}

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        with self.file.open(name, "w", force_zip64=True) as out:
            for chunk in chunks:
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.hashes[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def add_table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        self.add(name, _csv(columns, rows))

    def add_json(self, name: str, facts: Any) -> None:
        self.add(name, [json.dumps(facts, ensure_ascii=False, indent=1, default=str).encode()])


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    yield "\ufeff".encode()
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([workbooks.guarded(text) for text in row])
        if number % PAGE == 0:
            yield page.getvalue().encode()
            page.seek(0)
            page.truncate()
    yield page.getvalue().encode()


def write_bank(out: Path, *, actor: Actor, at: datetime, with_identity: bool) -> dict[str, Any]:
    """The whole bank: people, rules, deeds, redemptions, every line of the books with its proof material, one manifest."""
    branches = organisations.all_branches()
    identity = {
        branch.pk: depositor_services.identity_facts(actor=actor, branch_id=branch.pk, at=at) if with_identity else []
        for branch in branches
    }
    with snapshot(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        archive = Archive(file)
        archive.add_json("organisations.json", _organisations(branches))
        for branch in branches:
            for kind in TABLES:
                made = table(actor=actor, kind=kind, branch_ids=[branch.pk], at=at)
                archive.add_table(f"{branch.code}/{kind}.csv", made.columns, made.rows)
            archive.add(f"{branch.code}/deeds.jsonl", _deeds(actor, branch.pk))
            archive.add_json(f"{branch.code}/editions.json", _editions(branch.pk))
            if with_identity:
                archive.add_table(f"{branch.code}/identity.csv", ("存折号", "身份证号", "电话"), identity[branch.pk])
        for head in organisations.head_banks():
            archive.add_json(f"{head.code}/editions.json", _editions(head.pk))
        seals = _books(archive)
        manifest = {
            "format": FORMAT,
            "made_at": at,
            "counts": {"branches": len(branches), **_counts()},
            "with_identity": with_identity,
            "seals": seals,
            "files": archive.hashes,
        }
        file.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1, default=str))
    return manifest


def _counts() -> dict[str, int]:
    counted = ledger.counts()
    return {
        "transactions": counted.transactions,
        "entries": counted.entries,
        "points_outstanding_hundredths": counted.outstanding,
    }


def _organisations(branches: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "code": one.code,
            "kind": one.kind,
            "name": one.name,
            "opened_on": one.opened_on,
            "villages": [{"code": village.code, "name": village.name} for village in organisations.villages_of(branch_id=one.pk)],
        }
        for one in [*organisations.head_banks(), *branches]
    ]


def _editions(organisation_id: int) -> list[dict[str, Any]]:
    found = []
    for edition in rulebooks.editions_of(organisation_id=organisation_id):
        if edition.in_force_from is None:
            continue
        items = [
            {name: value for name, value in vars(item).items() if not name.startswith("_") and name not in ("id", "edition_id")}
            for item in edition.items.order_by("place", "id")
        ]
        found.append(
            {
                "number": edition.number,
                "from": edition.in_force_from,
                "to": edition.in_force_to,
                "note": edition.adopted_note,
                "demerits_vote": edition.demerits_vote,
                "items": items,
            }
        )
    return found


def _deeds(actor: Actor, branch_id: int) -> Iterator[bytes]:
    """Every declaration at every step, newest first, one JSON object a line."""
    before: int | None = None
    while found := deeds.declarations_in(actor=actor, branch_ids=[branch_id], before=before, limit=PAGE):
        before = found[-1].pk
        lines = [
            json.dumps(
                {
                    "id": one.public_id,
                    "depositor": one.depositor.public_id,
                    "item": one.item.code,
                    "edition": one.item.edition.number,
                    "title": one.item.title,
                    "happened_on": one.happened_on.isoformat(),
                    "quantity": one.quantity,
                    "status": one.status,
                    "points": one.points,
                    "honour": one.honour,
                    "words": one.words,
                    "door": one.door,
                    "declared_at": one.declared_at.isoformat(),
                    "subject": deeds.subject_of(one.pk),
                },
                ensure_ascii=False,
            )
            for one in found
        ]
        yield ("\n".join(lines) + "\n").encode()


def _books(archive: Archive) -> list[dict[str, Any]]:
    """The log of each book with the exact bytes that are hashed, and its seals: enough to work every root out again."""
    heads = []
    for book in ledger.books():
        archive.add(f"books/{book.code}/log.jsonl", _log(book.pk))
        seals = [
            {"size": seal.size, "root": bytes(seal.root).hex(), "sealed_at": seal.sealed_at} for seal in ledger.seals(book.pk)
        ]
        archive.add_json(f"books/{book.code}/seals.json", seals)
        head = ledger.latest_seal(book.pk)
        root = bytes(head.root).hex() if head else ""
        heads.append({"book": book.code, "algorithm": book.algorithm, "size": head.size if head else 0, "root": root})
    return heads


def _log(book_id: int) -> Iterator[bytes]:
    page: list[str] = []
    for number, public_id, kind, subject, scope, memento in ledger.log(book_id):
        facts = {
            "number": number,
            "id": public_id,
            "kind": kind,
            "subject": subject,
            "scope": scope,
            "memento": bytes(memento).hex(),
        }
        page.append(json.dumps(facts))
        if len(page) == PAGE:
            yield ("\n".join(page) + "\n").encode()
            page.clear()
    yield "".join(f"{line}\n" for line in page).encode()

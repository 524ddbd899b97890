"""The whole bank as one archive of open files, as of one instant: what `county_checker.py` reads (docs/reference/archive.md)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from wenming.core import clock, workdays
from wenming.core.actor import Actor
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as depositor_services
from wenming.domain.intake import workbooks
from wenming.domain.ledger import outgoing
from wenming.domain.ledger import queries as ledger
from wenming.domain.notices import queries as notices
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import queries as rulebooks
from wenming.surfaces.cli.exporting import PAGE, snapshot, table

FORMAT = "wenming-bank-archive/2"
TABLES = ("roll", "balances", "statements", "redemptions")
PASSBOOKS = ("存折号", "积分账户", "荣誉账户")


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

    def add_lines(self, name: str, facts: Iterable[Any]) -> int:
        """One JSON value a line, some thousands at a time; how many lines."""
        page, count = list[str](), 0

        def pages() -> Iterator[bytes]:
            nonlocal count
            for one in facts:
                count += 1
                page.append(json.dumps(one, ensure_ascii=False, default=_plain) + "\n")
                if len(page) == PAGE:
                    yield "".join(page).encode()
                    page.clear()
            yield "".join(page).encode()

        self.add(name, pages())
        return count


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


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
    """The whole bank: people, rules, deeds, notices, redemptions, every line of the books with its proof material, a manifest."""
    branches = organisations.all_branches()
    identity = {
        branch.pk: depositor_services.identity_facts(actor=actor, branch_id=branch.pk, at=at) if with_identity else []
        for branch in branches
    }
    with snapshot(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        archive = Archive(file)
        archive.add_json("organisations.json", _organisations(branches))
        for branch in branches:
            _add_branch(archive, branch, actor, at)
            if with_identity:
                archive.add_table(f"{branch.code}/identity.csv", ("存折号", "身份证号", "电话"), identity[branch.pk])
        for head in organisations.head_banks():
            archive.add_json(f"{head.code}/editions.json", _editions(head.pk))
        archive.add_json("calendar.json", _calendar(at))
        books = [_add_book(archive, book) for book in ledger.books()]
        counts = ("transactions", "lines", "points_outstanding_hundredths")
        manifest = {
            "format": FORMAT,
            "made_at": at.isoformat(),
            "counts": {"branches": len(branches), **{name: sum(counted[name] for _head, counted in books) for name in counts}},
            "with_identity": with_identity,
            "seals": [head for head, _counted in books],
            "files": archive.hashes,
        }
        file.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    return manifest


# Branches


def _add_branch(archive: Archive, branch: Any, actor: Actor, at: datetime) -> None:
    for kind in TABLES:
        made = table(actor=actor, kind=kind, branch_ids=[branch.pk], at=at)
        archive.add_table(f"{branch.code}/{kind}.csv", made.columns, made.rows)
    archive.add_table(f"{branch.code}/passbooks.csv", PASSBOOKS, depositors.passbook_accounts(branch_id=branch.pk))
    archive.add_lines(f"{branch.code}/deeds.jsonl", _deeds(actor, branch.pk))
    archive.add_lines(f"{branch.code}/notices.jsonl", notices.printed(branch_id=branch.pk, at=at))
    archive.add_json(f"{branch.code}/editions.json", _editions(branch.pk))


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


def _deeds(actor: Actor, branch_id: int) -> Iterator[dict[str, Any]]:
    """Every declaration at every step, newest first. `posted_by` is how its points came into the books."""
    before: int | None = None
    hung = notices.places(branch_id=branch_id)
    while found := deeds.declarations_in(actor=actor, branch_ids=[branch_id], before=before, limit=PAGE):
        before = found[-1].pk
        for one in found:
            yield {
                "id": one.public_id,
                "subject": deeds.subject_of(one.pk),
                "depositor": one.depositor.public_id,
                "item": one.item.code,
                "edition": one.item.edition.number,
                "title": one.item.title,
                "happened_on": one.happened_on,
                "quantity": one.quantity,
                "status": one.status,
                "points": one.points,
                "honour": one.honour,
                "posted": one.posted,
                "posted_by": "register" if one.door == deeds.Door.SHEET else one.item.track,
                "line": hung.get(one.notice_line_id or 0),
                "words": one.words,
                "door": one.door,
                "declared_at": one.declared_at,
            }


# Calendar and books


def _calendar(at: datetime) -> dict[str, Any]:
    """Which days were working days, where that is not simply Monday to Friday; the years before and after are."""
    first, last = workdays.known_years()
    worked, free = workdays.exceptions(date(first, 1, 1), date(last, 12, 31))
    return {"made_on": clock.local_date(at), "from": first, "to": last, "worked_weekend_days": worked, "free_weekdays": free}


def _add_book(archive: Archive, book: Any) -> tuple[dict[str, Any], dict[str, int]]:
    """One book with the exact bytes that are hashed, enough to work out every balance and every root again: its head, counts."""
    parts: dict[str, Callable[[int], Iterable[Any]]] = {
        "accounts": outgoing.accounts,
        "log": outgoing.log,
        "lines": outgoing.lines,
        "seals": outgoing.seals,
    }
    archive.add_json(f"books/{book.code}/book.json", outgoing.opening(book))
    written = {name: archive.add_lines(f"books/{book.code}/{name}.jsonl", read(book.pk)) for name, read in parts.items()}
    seal = ledger.latest_seal(book.pk)
    head = {
        "book": book.code,
        "algorithm": book.algorithm,
        "size": seal.size if seal else 0,
        "root": bytes(seal.root).hex() if seal else "",
    }
    outstanding = ledger.outstanding(book.pk)
    return head, {"transactions": written["log"], "lines": written["lines"], "points_outstanding_hundredths": outstanding}

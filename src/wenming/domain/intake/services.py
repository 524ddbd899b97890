"""Writes of the intake: bring a sheet, sign it, take it in once, or drop it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from wenming.core import audit, chance, clock, days, states, vault
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.queries import UnderWay
from wenming.domain.intake import outgoing, policies, reader, registers, workbooks
from wenming.domain.intake.examine import examine
from wenming.domain.intake.findings import Checked, Problem
from wenming.domain.intake.holding import (
    Kept,
    SheetChanged,
    SheetGone,
    as_seen,
    examined,
    facts_of,
    locked,
    opened,
    record,
    sealed,
)
from wenming.domain.intake.mending import (
    BringersToMend,
    NotOnOffer,
    SignedAlready,
    leave_out_row,
    mend_cell,
    mend_sure,
    put_back_row,
)
from wenming.domain.intake.models import Kind, Opening, Sheet
from wenming.domain.intake.openings import OpeningRow
from wenming.domain.intake.reader import Grid
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import services as rulebooks

__all__ = [
    "AlreadyImported",
    "BringersToMend",
    "NotOnOffer",
    "NothingToTakeIn",
    "Report",
    "SecondSignature",
    "SheetChanged",
    "SheetGone",
    "SignatureMissing",
    "SignedAlready",
    "SignerConcerned",
    "TotalsDiffer",
    "UnknownKind",
    "commit_sheet",
    "drop_sheet",
    "export_passbook",
    "export_sheet",
    "forget_erased",
    "leave_out_row",
    "mend_cell",
    "mend_sure",
    "put_back_row",
    "sign_sheet",
    "stage_sheet",
    "take_in",
]


class UnknownKind(Refusal):
    code, message = "intake.unknown_kind", _("表的种类要选：名册、细则、台账、期初结余。")


class AlreadyImported(Refusal):
    code, message, status = "intake.already_imported", _("这张表 {on}已经导入过了，不用再导。"), 409


class SecondSignature(Refusal):
    code, message, status = "intake.second_signature", _("传表的人不能自己签字，请另一位工作人员来签。"), 403


class SignatureMissing(Refusal):
    code, message, status = "intake.signature_missing", _("这种表要两个人签字。请另一位工作人员先签。"), 409


class SignerConcerned(Refusal):
    code, message = "intake.signer_concerned", _("表里能入册的都是您自己家或亲属的，请另一位工作人员来签。")
    status = 403


class TotalsDiffer(Refusal):
    code, message = "intake.totals_differ", _("合计和上面加起来对不上，先改表再导。")


class NothingToTakeIn(Refusal):
    code, message = "intake.nothing_to_take_in", _("没有可以入册的行。")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file: `rows` = `good` + `bad`; `committed` lines had an effect; `known` were in the books already."""

    rows: int
    good: int
    bad: int
    problems: list[Problem]
    notes: list[str]
    committed: int
    known: int
    is_duplicate: bool
    sheet: str = ""


@service
def stage_sheet(*, actor: Actor, kind: str, branch_id: int, file_name: str, data: bytes, at: datetime) -> Sheet:
    """Read and check a file, and keep it for preview. Refuses unsafe files, unknown columns, and a file taken in before."""
    _known_kind(kind)
    require(policies.may_import(actor, branch_id))
    digest = hashlib.sha256(data).hexdigest()
    before = _taken_in(branch_id, kind, digest)
    if before is not None and before.committed_at is not None:
        raise AlreadyImported(on=_day(before.committed_at), sheet=before.public_id)
    grid = reader.read(data, file_name)
    found = examine(
        actor=actor, kind=kind, branch_id=branch_id, grid=grid, file_name=file_name, digest=digest, at=at,
        brought_by=actor.user_id,
    )  # fmt: skip
    return _keep(actor, kind, branch_id, file_name, digest, grid, found, at)


@service
def export_sheet(*, actor: Actor, kind: str, branch_id: int, at: datetime, wording: outgoing.Wording) -> bytes:
    """A branch's roll, rule book, register, balances or statements as a workbook that can come in again. It leaves the
    house with names in it, so who took it and how many lines is written down."""
    require(policies.may_import(actor, branch_id), NotFound)
    made = outgoing.export_rows(actor=actor, kind=kind, branch_ids=[branch_id], on=clock.local_date(at), wording=wording)
    rows = list(made.rows)
    audit.record(
        actor=actor,
        act="intake.exported",
        subject=f"organisation:{branch_id}",
        at=at,
        organisation_id=branch_id,
        facts={"kind": kind, "rows": len(rows)},
    )
    return workbooks.table(made.title, made.columns, rows, made.notes)


@service
def export_passbook(*, actor: Actor, depositor_id: int, at: datetime, wording: outgoing.Wording) -> bytes:
    """One passbook with every line as a workbook. Who took it is written down beside the depositor."""
    person = depositor_queries.depositor(actor=actor, depositor_id=depositor_id)
    require(policies.may_import(actor, person.branch_id), NotFound)
    made = outgoing.passbook(actor=actor, depositor_id=depositor_id, wording=wording)
    rows = list(made.rows)
    audit.record(
        actor=actor,
        act="intake.exported",
        subject=f"depositor:{person.pk}",
        at=at,
        organisation_id=person.branch_id,
        facts={"kind": "passbook", "rows": len(rows)},
    )
    return workbooks.table(made.title, made.columns, rows, made.notes)


@service
def sign_sheet(*, actor: Actor, sheet_id: int, at: datetime, seen: int | None = None) -> Sheet:
    """The second signature under a register, opening balances or a rule book, by an officer who neither brought them nor
    is kin of who did. Lines of a register about the signer's own household or kin are left out, for somebody else to sign.
    `seen` is the count of mends when the signer looked; a sheet that was mended since is refused.
    """
    sheet = locked(actor, sheet_id)
    as_seen(sheet, seen)
    if not policies.may_sign(actor, sheet.branch_id, sheet.kind, sheet.uploaded_by):
        raise SecondSignature
    states.move(sheet, to=Sheet.Status.SIGNED)
    sheet.signed_by, sheet.signed_at = actor.user_id, at
    _check_pair(sheet, at)
    if sheet.kind == Kind.REGISTER:
        _leave_out(actor, sheet, at)
    sheet.save(update_fields=["status", "signed_by", "signed_at", "problems", "good_count", "bad_count"])
    failpoint("intake.signed")
    record(actor, "intake.signed", sheet, at)
    return sheet


def _check_pair(sheet: Sheet, at: datetime) -> None:
    """Whoever brought the sheet and whoever signed it: no kin, both in office now."""
    depositors.check_pair(
        first_id=sheet.uploaded_by,
        second_id=sheet.signed_by,
        at=at,
        may_first=lambda who: policies.may_import(who, sheet.branch_id),
        may_second=lambda who: policies.may_take_in(who, sheet.branch_id, sheet.kind),
    )


def _leave_out(actor: Actor, sheet: Sheet, at: datetime) -> None:
    """Mark the lines that the signer may not sign. Refuses when nothing else is left."""
    found = examined(actor, sheet, opened(sheet), at)
    if not found.good and any(problem["code"] == "signers_household" for problem in found.problems):
        raise SignerConcerned
    sheet.problems, sheet.good_count, sheet.bad_count = found.problems, found.good_count, len(found.bad_rows)


@service
def commit_sheet(*, actor: Actor, sheet_id: int, at: datetime, seen: int | None = None) -> Sheet:
    """Take in every good line in one act, checked again against the books as they are now. Refuses a second time, and a sheet
    that was mended since it was `seen`."""
    sheet = locked(actor, sheet_id)
    if sheet.status == Sheet.Status.COMMITTED:
        raise AlreadyImported(on=_day(sheet.committed_at or at), sheet=sheet.public_id)
    if sheet.status == Sheet.Status.DROPPED or sheet.content is None:
        raise SheetGone
    as_seen(sheet, seen)
    require(policies.may_take_in(actor, sheet.branch_id, sheet.kind))
    if policies.needs_second(actor, sheet.kind):
        if sheet.status != Sheet.Status.SIGNED:
            raise SignatureMissing
        _check_pair(sheet, at)
    kept = opened(sheet)
    _take(actor, sheet, kept, examined(actor, sheet, kept, at), at)
    return sheet


@service
def drop_sheet(*, actor: Actor, sheet_id: int, at: datetime) -> Sheet:
    """Put a sheet aside for good: its content is destroyed, what was taken in stays."""
    sheet = locked(actor, sheet_id)
    states.move(sheet, to=Sheet.Status.DROPPED)
    sheet.content, sheet.problems = None, []
    sheet.save(update_fields=["status", "content", "problems"])
    record(actor, "intake.dropped", sheet, at)
    return sheet


@service
def forget_erased(*, actor: Actor, at: datetime) -> int:
    """Finish the erasures that are under way: deeds, objections and messages, then every kept sheet that names the person is
    put aside with its content destroyed. Says how many people were forgotten for good."""
    under_way = depositor_queries.erasures_under_way()
    if not under_way:
        return 0
    deeds.forget_erased(actor=actor, at=at)
    for erasure in under_way:
        _forget_sheets(actor, erasure, at)
    return depositors.finish_erasures(depositor_ids=[one.depositor_id for one in under_way])


def _forget_sheets(actor: Actor, erasure: UnderWay, at: datetime) -> None:
    """Sheets of the bank whose kept lines, name or remarks hold the erased person's name."""
    for sheet in Sheet.objects.select_for_update().filter(branch_id__in=erasure.branch_ids).order_by("pk"):
        said: list[Any] = [sheet.file_name, sheet.sheet_name, sheet.problems, sheet.facts]
        if sheet.content is not None:
            kept = opened(sheet)
            said += [[*kept.rows.values()], [*kept.mended.values()], [[*one.texts] for one in kept.offers]]
        if erasure.hide(said) == said:
            continue
        if sheet.status in (Sheet.Status.CHECKED, Sheet.Status.SIGNED):
            states.move(sheet, to=Sheet.Status.DROPPED)
        sheet.content, sheet.wrapped_key, sheet.problems = None, b"", []
        sheet.file_name, sheet.sheet_name, sheet.facts = (erasure.hide(one) for one in (said[0], said[1], said[3]))
        sheet.save(update_fields=["status", "content", "wrapped_key", "problems", "file_name", "sheet_name", "facts"])
        record(actor, "intake.dropped", sheet, at)


@service
def take_in(
    *, actor: Actor, kind: str, branch_id: int, file_name: str, data: bytes, at: datetime, is_trial: bool = False
) -> Report:
    """Bring and commit in one act, for the shell: good lines are taken in, bad ones reported. A trial writes nothing."""
    _known_kind(kind)
    require(policies.may_take_in(actor, branch_id, kind))
    if policies.needs_second(actor, kind) and not is_trial:
        raise SignatureMissing
    digest = hashlib.sha256(data).hexdigest()
    before = _taken_in(branch_id, kind, digest)
    if before is not None:
        notes = [str(AlreadyImported(on=_day(before.committed_at or at)))]
        return Report(before.row_count, before.good_count, 0, [], notes, 0, before.good_count, True, before.public_id)
    grid = reader.read(data, file_name)
    found = examine(
        actor=actor, kind=kind, branch_id=branch_id, grid=grid, file_name=file_name, digest=digest, at=at,
        brought_by=actor.user_id,
    )  # fmt: skip
    if is_trial or found.is_blocked or not (found.good or found.known):
        return _report(found, 0, "")
    sheet = _keep(actor, kind, branch_id, file_name, digest, grid, found, at, keeps_content=False)
    _take(actor, sheet, Kept.of(grid, found), found, at)
    return _report(found, sheet.committed_count, sheet.public_id)


def _known_kind(kind: str) -> None:
    if kind not in Kind.values:
        raise UnknownKind(field="kind")


def _taken_in(branch_id: int, kind: str, digest: str) -> Sheet | None:
    """The commit of this very file that left nothing to mend; only then a second time has nothing to do."""
    done = Sheet.objects.filter(branch_id=branch_id, kind=kind, digest=digest, status=Sheet.Status.COMMITTED, bad_count=0)
    return done.first()


def _day(at: datetime) -> str:
    return days.short(clock.local_date(at))


def _keep(
    actor: Actor,
    kind: str,
    branch_id: int,
    file_name: str,
    digest: str,
    grid: Grid,
    found: Checked,
    at: datetime,
    *,
    keeps_content: bool = True,
) -> Sheet:
    key, kept = vault.new_key(), Kept.of(grid, found)
    sheet = Sheet.objects.create(
        public_id=chance.public_id(),
        branch_id=branch_id,
        kind=kind,
        file_name=file_name[-120:],
        sheet_name=grid.sheet_name[:120],
        digest=digest,
        columns=_columns(found),
        wrapped_key=key,
        content=sealed(key, kept) if keeps_content else None,
        problems=found.problems,
        facts=facts_of(found, kept),
        row_count=found.row_count,
        good_count=found.good_count,
        bad_count=len(found.bad_rows),
        is_blocked=found.is_blocked,
        uploaded_by=actor.user_id,
        uploaded_at=at,
    )
    failpoint("intake.sheet_kept")
    record(actor, "intake.checked", sheet, at, rows=sheet.row_count, bad=sheet.bad_count)
    return sheet


def _columns(found: Checked) -> list[dict[str, str]]:
    ordered = sorted(found.table.columns.items(), key=lambda pair: pair[1].number)
    return [{"letters": column.letters, "title": column.title, "field": name} for name, column in ordered]


def _take(actor: Actor, sheet: Sheet, kept: Kept, found: Checked, at: datetime) -> None:
    """Write what is good, keep what is bad, close the sheet."""
    if found.is_blocked:
        raise TotalsDiffer
    if not found.good and not found.known:
        raise NothingToTakeIn
    takers = {Kind.ROLL: _take_roll, Kind.RULEBOOK: _take_rules, Kind.REGISTER: _take_register, Kind.BALANCES: _take_openings}
    if found.good:
        takers[Kind(sheet.kind)](actor, sheet, found, at)
        failpoint("intake.taken_in")
    states.move(sheet, to=Sheet.Status.COMMITTED)
    sheet.content = sealed(bytes(sheet.wrapped_key), kept.only(found.bad_rows)) if found.problems else None
    sheet.problems, sheet.facts = found.problems, facts_of(found, kept)
    sheet.row_count, sheet.good_count, sheet.bad_count = found.row_count, found.good_count, len(found.bad_rows)
    sheet.committed_count, sheet.committed_by, sheet.committed_at = len(found.good), actor.user_id, at
    sheet.save()
    failpoint("intake.committed")
    record(actor, "intake.committed", sheet, at, rows=sheet.committed_count, digest=sheet.digest)


def _take_roll(actor: Actor, sheet: Sheet, found: Checked, at: datetime) -> None:
    depositors.enrol_many(actor=actor, branch_id=sheet.branch_id, rows=list(found.good.values()), at=at)


def _take_rules(actor: Actor, sheet: Sheet, found: Checked, at: datetime) -> None:
    rulebooks.adopt_edition(
        actor=actor,
        organisation_id=sheet.branch_id,
        items=list(found.good.values()),
        in_force_from=date.fromisoformat(found.facts["in_force_from"]),
        at=at,
        note=str(_("由“{name}”导入")).format(name=sheet.file_name)[:200],
        demerits_vote=found.facts["demerits_vote"],
    )


def _take_register(actor: Actor, sheet: Sheet, found: Checked, at: datetime) -> None:
    noticed = found.facts.get("noticed_on")
    deeds.record_register(
        actor=actor,
        branch_id=sheet.branch_id,
        rows=list(found.good.values()),
        batch_key=registers.batch_key(sheet.digest, sheet.pk),
        at=at,
        noticed_on=date.fromisoformat(noticed) if noticed else None,
        brought_by=sheet.uploaded_by,
        signed_by=sheet.signed_by,
    )


def _take_openings(actor: Actor, sheet: Sheet, found: Checked, at: datetime) -> None:
    """From the house account of opening balances into the passbooks; the unique row beside it says that it was once."""
    as_of = clock.day_start(date.fromisoformat(found.facts["as_of"]))
    rows: list[OpeningRow] = list(found.good.values())
    Opening.objects.bulk_create(
        [Opening(passbook_id=row.passbook_id, sheet=sheet, points=row.points, honour=row.honour) for row in rows], batch_size=500
    )
    failpoint("intake.openings_written")
    scope = organisations.organisation(organisation_id=sheet.branch_id).code
    postings = []
    for row in rows:
        for unit, account_id, amount in (
            ("points", row.points_account_id, row.points),
            ("honour", row.honour_account_id, row.honour),
        ):
            if amount:
                postings.append(
                    ledger.Posting(
                        kind=ledger.Kind.OPENING_BALANCE,
                        subject=f"opening:{row.passbook_id}",
                        moves=(ledger.Move("opening", account_id, amount),),
                        key=f"opening:{unit}:{row.passbook_id}",
                        occurred_at=min(as_of, at),
                        recorded_at=at,
                        scope=scope,
                    )
                )
    ledger.post_many(book_id=organisations.book_of(branch_id=sheet.branch_id), postings=postings)
    failpoint("intake.openings_posted")


def _report(found: Checked, committed: int, public_id: str) -> Report:
    return Report(
        rows=found.row_count,
        good=found.good_count,
        bad=len(found.bad_rows),
        problems=found.problems,
        notes=found.notes,
        committed=committed,
        known=len(found.known),
        is_duplicate=bool(found.known) and not found.good and not found.problems,
        sheet=public_id,
    )

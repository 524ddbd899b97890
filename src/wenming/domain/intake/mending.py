"""A wrong cell put right where the product knows the answer, before anybody signs; the cell as it came stays beside it.

Only who brought the sheet mends it, so that the two hands that a sheet needs stay two. The file's digest stays that of the
file: the same file brought again meets the same lines in the books.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from wenming.core.actor import Actor
from wenming.core.errors import Refusal, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.intake import policies
from wenming.domain.intake.findings import Offer
from wenming.domain.intake.holding import Kept, examined, facts_of, locked, opened, record, sealed
from wenming.domain.intake.models import Sheet

MOST_NAMED = 200


class BringersToMend(Refusal):
    code, message, status = "intake.bringers_to_mend", _("谁传的表，由谁来改。"), 403


class SignedAlready(Refusal):
    code, message, status = "intake.signed_already", _("签过字或入了册的表不能再改。"), 409


class NotOnOffer(Refusal):
    code, message, status = "intake.not_on_offer", _("这一处刚刚变了，请再看一遍。"), 409


@service
def mend_cell(*, actor: Actor, sheet_id: int, row: int, column: str, text: str, at: datetime) -> Sheet:
    """Put one of the offered texts where the problem at this row and column asks for it."""
    sheet, kept = _to_mend(actor, sheet_id)
    offer = next((one for one in kept.offers if (one.row, one.at) == (row, column) and text in one.texts), None)
    if offer is None:
        raise NotOnOffer
    return _mended(actor, sheet, kept, [(offer, text)], at)


@service
def mend_sure(*, actor: Actor, sheet_id: int, at: datetime) -> Sheet:
    """Put right at once every cell for which the books leave one answer only."""
    sheet, kept = _to_mend(actor, sheet_id)
    chosen = [(offer, offer.texts[0]) for offer in kept.offers if offer.is_sure]
    if not chosen:
        raise NotOnOffer
    return _mended(actor, sheet, kept, chosen, at)


@service
def leave_out_row(*, actor: Actor, sheet_id: int, row: int, at: datetime) -> Sheet:
    """Take a wrong row out of the sheet; it stays in sight, struck through."""
    sheet, kept = _to_mend(actor, sheet_id)
    if all((one.row, one.at) != (row, "") for one in kept.offers):
        raise NotOnOffer
    kept.left_out.add(row)
    return _keep(actor, sheet, kept, "intake.row_left_out", at, row=row)


@service
def put_back_row(*, actor: Actor, sheet_id: int, row: int, at: datetime) -> Sheet:
    """The row as it came, with what was wrong in it."""
    sheet, kept = _to_mend(actor, sheet_id)
    if row not in kept.touched:
        raise NotOnOffer
    kept.restore(row)
    return _keep(actor, sheet, kept, "intake.row_put_back", at, row=row)


def _to_mend(actor: Actor, sheet_id: int) -> tuple[Sheet, Kept]:
    sheet = locked(actor, sheet_id)
    require(policies.may_mend(actor, sheet.branch_id, sheet.uploaded_by), BringersToMend)
    if sheet.status not in (Sheet.Status.CHECKED, Sheet.Status.DROPPED):
        raise SignedAlready
    return sheet, opened(sheet)


def _mended(actor: Actor, sheet: Sheet, kept: Kept, chosen: list[tuple[Offer, str]], at: datetime) -> Sheet:
    for offer, text in chosen:
        kept.write(offer.row, offer.column, text)
    cells = [f"{offer.column}{offer.row}" for offer, _text in chosen]
    return _keep(actor, sheet, kept, "intake.mended", at, count=len(cells), cells=cells[:MOST_NAMED])


def _keep(actor: Actor, sheet: Sheet, kept: Kept, act: str, at: datetime, **facts: object) -> Sheet:
    """Check the sheet as it stands now; which cells were mended goes into the audit trail, what they say does not."""
    found = examined(actor, sheet, kept, at)
    kept.offers = found.offers
    sheet.content = sealed(bytes(sheet.wrapped_key), kept)
    sheet.problems, sheet.facts, sheet.is_blocked = found.problems, facts_of(found, kept), found.is_blocked
    sheet.row_count, sheet.good_count, sheet.bad_count = found.row_count, found.good_count, len(found.bad_rows)
    sheet.mend_count += 1
    sheet.save()
    failpoint("intake.mended")
    record(actor, act, sheet, at, **facts)
    return sheet

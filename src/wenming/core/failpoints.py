"""Fault injection: named places in the workflows that move points and money, where a test may let the process die.

Each place is named after what has just been done there. Nothing is armed in production: a place then costs one look at a
global, and arming is refused outside test mode. `wenming failpoints` lists the places.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from django.conf import settings

NAMES = (
    "act.ending", "act.ended", "audit.appended", "attachments.file_written", "attachments.file_removed",
    "idempotency.done", "idempotency.answer_kept", "inbox.sent",
    "ledger.accounts_opened", "ledger.transactions_written", "ledger.entries_written", "ledger.balances_written",
    "ledger.numbered", "ledger.seal_written", "ledger.seal_remembered",
    "identity.activation_issued", "identity.activation_used", "identity.password_set",
    "organisations.appointed", "organisations.appointment_ended",
    "depositors.households_written", "depositors.people_written", "depositors.passbooks_written", "depositors.heads_chosen",
    "depositors.points_passed_on", "depositors.left", "depositors.facts_erased", "depositors.erasure_listed",
    "notices.notice_written", "notices.lines_written", "notices.line_cleared", "notices.line_struck", "notices.objection_written",
    "notices.line_contested", "notices.objection_closed", "notices.line_settled", "notices.closed",
    "rulebooks.earlier_edition_ended", "rulebooks.in_force", "rulebooks.points_expired", "rulebooks.expiry_walked",
    "deeds.declaration_written", "deeds.started_anew", "deeds.amended", "deeds.withdrawn",
    "deeds.review_written", "deeds.reckoned", "deeds.approved", "deeds.turned_down",
    "deeds.notice_hung", "deeds.put_on_notice", "deeds.line_passed", "deeds.posted", "deeds.deposited",
    "deeds.objection_answered", "deeds.overturned", "deeds.reversal_proposed", "deeds.reversal_posted",
    "deeds.reversal_confirmed", "deeds.reversed", "deeds.reversal_dropped", "deeds.register_posted", "deeds.register_noticed",
    "deeds.register_written", "deeds.forgotten",
    "funds.opened", "funds.receipt_posted", "funds.receipt_written", "funds.draw_posted", "funds.draw_written",
    "funds.draws_posted", "funds.return_posted", "funds.return_written",
    "mall.stock_changed", "mall.order_written", "mall.stock_taken", "mall.points_held", "mall.order_complete", "mall.claimed",
    "mall.cost_drawn", "mall.put_back", "mall.hold_ended", "mall.settled", "mall.cost_returned", "mall.points_refunded",
    "mall.refunded", "mall.history_posted", "mall.history_written",
    "intake.sheet_kept", "intake.mended", "intake.signed", "intake.openings_written", "intake.openings_posted", "intake.taken_in",
    "intake.committed",
)  # fmt: skip

Reaction = Callable[[str], None]
_reaction: Reaction | None = None


class NotInTestMode(RuntimeError):
    """Somebody tried to arm a failpoint on a store that is not a test's."""


def failpoint(name: str) -> None:
    """A place where a test may intervene; otherwise nothing happens."""
    if _reaction is not None:
        _reaction(name)


@contextlib.contextmanager
def armed(reaction: Reaction) -> Iterator[None]:
    """Let every failpoint that is reached inside the block be told to `reaction`, which may raise or kill the process."""
    global _reaction
    if settings.MODE != "test":
        raise NotInTestMode
    before, _reaction = _reaction, reaction
    try:
        yield
    finally:
        _reaction = before

"""What the timetable runs: deposit what is cleared, take down what is settled."""

from __future__ import annotations

from datetime import datetime

from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.domain.deeds import queries, services
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices

AT_ONCE = 500


def deposit_cleared_deeds(*, at: datetime) -> int:
    """Deposit every deed whose notice ended without an open objection, one act each; a refused one waits for the next run."""
    done, after = 0, 0
    while due := notice_queries.due_subjects(at=at, limit=AT_ONCE, after=after):
        for line in due:
            after = line.line_id
            declaration_id = queries.id_of(line.subject)
            if declaration_id is None:
                continue
            try:
                services.deposit_deed(actor=system(), declaration_id=declaration_id, at=at)
            except Refusal:
                continue
            done += 1
    return done


def close_notices(*, at: datetime) -> int:
    """Take down the notices that have nothing left to settle."""
    return notices.close_notices(at=at)


def forget_erased(*, at: datetime) -> int:
    """Follow the erasures that are under way, also those that a restore has just repeated."""
    return services.forget_erased(actor=system(), at=at)


def run_due(*, at: datetime) -> dict[str, int]:
    """Everything that is due now, with how much was done."""
    return {"deposited": deposit_cleared_deeds(at=at), "notices_closed": close_notices(at=at)}

"""What the timetable runs: tell whose points are about to go, and take those whose time is over."""

from __future__ import annotations

from datetime import datetime

from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.rulebooks import expiry, queries, services


def expire_points(*, at: datetime) -> dict[str, int]:
    """Every round that is due, in batches of one act each, until none is; how many of either kind came to their end."""
    done = {"told": 0, "expired": 0}
    while rounds := queries.due_rounds(today=clock.local_date(at)):
        for due in rounds:
            while not services.advance_round(actor=system(), due=due, at=at):
                continue
            done["expired" if due.days_before == expiry.GONE else "told"] += 1
    return done

"""What the timetable runs in the mall."""

from __future__ import annotations

from datetime import datetime

from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.domain.mall import queries, services


def expire_orders(at: datetime) -> int:
    """Give back the points and goods of orders that nobody fetched; the count of them. A refused one waits for the next run."""
    done = 0
    for order_id in queries.due_orders(at=at):
        try:
            services.expire_order(actor=system(), order_id=order_id, at=at)
            done += 1
        except Refusal:
            continue
    return done

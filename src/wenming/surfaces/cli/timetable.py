"""What the timetable runs, and the thread that runs it every minute inside the server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import close_old_connections
from django.utils import translation

from wenming.core import attachments, clock
from wenming.core.errors import Refusal
from wenming.domain.deeds import jobs as deeds
from wenming.domain.identity import services as identity
from wenming.domain.intake import jobs as intake
from wenming.domain.ledger import jobs as ledger
from wenming.domain.mall import jobs as mall
from wenming.domain.rulebooks import jobs as rulebooks
from wenming.locale.catalogues import CHINESE

log = logging.getLogger("wenming.timetable")
EVERY_SECONDS = 60
DRAFT_DAYS = 7


def forget_drafts(*, at: datetime) -> int:
    """Photos of declarations that were begun a week ago and never handed in, and of acts that were undone."""
    return attachments.forget_drafts(before=at - timedelta(days=DRAFT_DAYS)) + attachments.forget_orphans(at=at)


JOBS: Mapping[str, Callable[..., object]] = {
    "deeds": deeds.run_due,
    "orders": mall.expire_orders,
    "expiry": rulebooks.expire_points,
    "seals": ledger.seal_books,
    "drafts": forget_drafts,
    "erasures": intake.forget_erased,
    "sessions": identity.forget_sessions,
}


def run_due(at: datetime) -> tuple[dict[str, object], list[str]]:
    """Run every job once. A fault in one is logged and named, and does not keep the others from running.

    What the bank writes down by itself is Chinese, whatever the language of who started it.
    """
    done: dict[str, object] = {}
    faults: list[str] = []
    for name, job in JOBS.items():
        try:
            with translation.override(CHINESE):
                done[name] = job(at=at)
        except Refusal as refusal:
            log.warning("job %s was refused: %s", name, refusal.code)
            faults.append(name)
        except Exception:
            log.exception("job %s failed", name)
            faults.append(name)
    return done, faults


class Timetable(threading.Thread):
    """Runs what is due at the start and then every minute, until it is told to stop."""

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        super().__init__(name="timetable", daemon=True)
        self.every = every
        self.ending = threading.Event()

    def run(self) -> None:
        while True:
            run_due(clock.now())
            close_old_connections()
            if self.ending.wait(self.every):
                return

    def stop(self) -> None:
        """Let the job in hand finish, then end."""
        self.ending.set()
        self.join(timeout=30)

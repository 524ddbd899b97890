"""Telling people whose points are about to go, and taking what has gone: walks over the passbooks, one batch an act."""

from __future__ import annotations

from datetime import datetime, timedelta

from wenming.core import audit, clock
from wenming.core.actor import Actor
from wenming.core.errors import require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.depositors import queries as depositors
from wenming.domain.inbox import services as inbox
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import expiry, queries
from wenming.domain.rulebooks.models import ExpiryRound
from wenming.domain.rulebooks.queries import DueRound

AT_ONCE = 200


@service
def advance_round(*, actor: Actor, due: DueRound, at: datetime) -> bool:
    """Take a round one batch of passbooks further; whether it has come to its end. One that has ended changes nothing.

    A notice tells everyone who would lose something now, once; the last round takes it, oldest points first, and says so.
    """
    require(actor.is_system)
    walk = _locked(due, at)
    if walk.ended_at is not None:
        return True
    books = depositors.open_passbooks(branch_id=due.branch_id, after=walk.reached, limit=AT_ONCE)
    accounts = [book.points_account_id for book in books]
    amounts = _take(due, accounts, at) if due.days_before == expiry.GONE else _look(due, accounts)
    failpoint("rulebooks.points_expired")
    holders = {book.depositor_id: amounts[book.points_account_id] for book in books if book.points_account_id in amounts}
    _tell(due, holders, at)
    walk.reached = books[-1].pk if books else walk.reached
    walk.people, walk.points = walk.people + len(amounts), walk.points + sum(amounts.values())
    if len(books) < AT_ONCE:
        walk.ended_at = at
        _record(actor, due, walk, at)
    walk.save()
    failpoint("rulebooks.expiry_walked")
    return walk.ended_at is not None


def _locked(due: DueRound, at: datetime) -> ExpiryRound:
    """The walk, begun when it is first needed; its row is locked."""
    where = {"branch_id": due.branch_id, "due_on": due.term.due_on, "days_before": due.days_before}
    ExpiryRound.objects.get_or_create(**where, defaults={"begun_at": at})
    return ExpiryRound.objects.select_for_update().get(**where)


def _look(due: DueRound, accounts: list[int]) -> dict[int, int]:
    return queries.losses_of(account_ids=accounts, term=due.term, earlier=due.earlier)


def _take(due: DueRound, accounts: list[int], at: datetime) -> dict[int, int]:
    """Only those who lose something are locked; what they lose is worked out again under the lock."""
    return ledger.expire_many(
        book_id=organisations.book_of(branch_id=due.branch_id),
        account_ids=sorted(_look(due, accounts)),
        cutoff=clock.day_start(due.term.cutoff),
        subject=queries.expiry_subject(due.term),
        scope=due.branch_code,
        carry_percent=due.term.carry_percent,
        at=at,
    )


def _tell(due: DueRound, holders: dict[int, int], at: datetime) -> None:
    """One message each; a household's goes to its head, and people without a log-in are told at the counter."""
    users = depositors.user_ids_of(depositor_ids=holders)
    is_gone = due.days_before == expiry.GONE
    last_day = (due.gone_on - timedelta(days=1)).isoformat()
    letters = [
        inbox.Letter(
            to=users.get(depositor_id),
            about="rulebooks.points_expired" if is_gone else "rulebooks.points_expiring",
            subject=queries.expiry_subject(due.term),
            facts={"points": points, "last_day": last_day},
        )
        for depositor_id, points in holders.items()
    ]
    inbox.send_many(letters=letters, at=at)


def _record(actor: Actor, due: DueRound, walk: ExpiryRound, at: datetime) -> None:
    """A round that met nobody leaves no mark in the trail."""
    if walk.people:
        act = "rulebooks.points_expired" if due.days_before == expiry.GONE else "rulebooks.expiry_noticed"
        facts: dict[str, object] = {"people": walk.people, "points": walk.points, "days_before": due.days_before}
        facts["due_on"] = due.term.due_on.isoformat()
        audit.record(actor=actor, act=act, subject=f"branch:{due.branch_id}", at=at, organisation_id=due.branch_id, facts=facts)

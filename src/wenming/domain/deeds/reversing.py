"""Objections answered, and deposited deeds put right: one officer proposes, a second confirms."""

from __future__ import annotations

from datetime import datetime

from wenming.core import states
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.deeds import depositing, policies, queries, refusals
from wenming.domain.deeds.declaring import locked, record
from wenming.domain.deeds.models import Declaration, Reversal, Status
from wenming.domain.inbox import services as inbox
from wenming.domain.ledger import services as ledger
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices


@service
def resolve_objection(
    *, actor: Actor, objection_id: int, upheld: bool, answer: str, at: datetime
) -> notice_queries.ObjectionFile:
    """Answer an objection in writing; if it holds, the deed is rejected, or its reversal proposed where it was posted first.

    W09: whoever reviewed the deed or signed its register, or is barred from it as a reviewer would be, does not answer.
    """
    file = notice_queries.objection(actor=actor, objection_id=objection_id, at=at)
    require(policies.may_answer(actor, file.branch_id))
    declaration_id = queries.id_of(file.line.subject)
    declaration = locked(declaration_id) if declaration_id is not None else None
    if declaration is not None and queries.is_barred_from_answering(user_id=actor.user_id, declaration=declaration):
        raise refusals.Recused
    notices.resolve_objection(actor=actor, objection_id=objection_id, upheld=upheld, answer=answer, at=at)
    failpoint("deeds.objection_answered")
    if declaration is not None and upheld:
        _overturn(declaration, actor, answer, at)
    return notice_queries.objection(actor=actor, objection_id=objection_id, at=at)


def _overturn(declaration: Declaration, actor: Actor, answer: str, at: datetime) -> None:
    if declaration.status == Status.ON_NOTICE:
        states.move(declaration, to=Status.REJECTED)
        declaration.status_at = at
        declaration.save(update_fields=["status", "status_at"])
        failpoint("deeds.overturned")
        record(actor, "deeds.rejected_on_objection", declaration, at)
        _tell(declaration, "deeds.rejected", at, reason=answer)
    elif declaration.status == Status.DEPOSITED and queries.reversal_of(declaration=declaration) is None:
        _propose(declaration, actor, answer, at)


def _propose(declaration: Declaration, actor: Actor, reason: str, at: datetime) -> Reversal:
    reversal = Reversal.objects.create(declaration=declaration, reason=reason[:200], proposed_by=actor.user_id, proposed_at=at)
    failpoint("deeds.reversal_proposed")
    record(actor, "deeds.reversal_proposed", declaration, at)
    return reversal


@service
def propose_reversal(*, actor: Actor, declaration_id: int, reason: str, at: datetime) -> Reversal:
    """Say that a deposited deed is wrong, and why. Nothing moves until a second officer confirms."""
    declaration = locked(declaration_id)
    require(policies.may_see(actor, declaration), NotFound)
    require(policies.may_propose_reversal(actor, declaration.branch_id))
    reason = reason.strip()
    if not 2 <= len(reason) <= 200:
        raise refusals.ReasonNeeded(field="reason")
    if declaration.status != Status.DEPOSITED:
        raise refusals.NotDeposited
    if queries.reversal_of(declaration=declaration) is not None:
        raise refusals.ReversalWaiting
    return _propose(declaration, actor, reason, at)


def _proposed(actor: Actor, reversal_id: int) -> tuple[Reversal, Declaration]:
    """A proposal and its declaration, both locked, that the actor may decide on: a second officer, not kin."""
    found = Reversal.objects.filter(pk=reversal_id).values_list("declaration_id", flat=True).first()
    if found is None:
        raise NotFound
    declaration = locked(found)
    reversal = Reversal.objects.select_for_update().get(pk=reversal_id)
    require(policies.may_see(actor, declaration), NotFound)
    require(policies.may_confirm_reversal(actor, declaration.branch_id))
    if actor.user_id is not None and actor.user_id == reversal.proposed_by:
        raise refusals.SecondOfficerNeeded
    if queries.is_barred(user_id=actor.user_id, declaration=declaration):
        raise refusals.Recused
    return reversal, declaration


@service
def confirm_reversal(*, actor: Actor, reversal_id: int, at: datetime, write_off: bool = False) -> Reversal:
    """A second officer confirms: the books post the opposite beside the original. If too little is left, the confirmer
    may write off the rest; there is no debt."""
    reversal, declaration = _proposed(actor, reversal_id)
    if reversal.status == Reversal.Status.CONFIRMED:
        return reversal
    states.move(reversal, to=Reversal.Status.CONFIRMED)
    notices.strike_line(subject=queries.subject_of(declaration.pk), at=at)
    if declaration.transaction_id is not None:
        reversal.transaction = ledger.reverse(
            transaction_id=declaration.transaction_id,
            key=f"{queries.subject_of(declaration.pk)}:reversed",
            at=at,
            write_off=write_off,
        )
        failpoint("deeds.reversal_posted")
    reversal.decided_by, reversal.decided_at, reversal.written_off = actor.user_id, at, write_off
    reversal.save()
    failpoint("deeds.reversal_confirmed")
    states.move(declaration, to=Status.REVERSED)
    declaration.status_at = at
    declaration.save(update_fields=["status", "status_at"])
    failpoint("deeds.reversed")
    record(actor, "deeds.reversed", declaration, at, written_off=write_off)
    _tell(declaration, "deeds.reversed", at, reason=reversal.reason, points=declaration.posted)
    return reversal


@service
def drop_reversal(*, actor: Actor, reversal_id: int, at: datetime) -> Reversal:
    """A second officer finds that the deed was right after all."""
    reversal, declaration = _proposed(actor, reversal_id)
    if reversal.status == Reversal.Status.DROPPED:
        return reversal
    states.move(reversal, to=Reversal.Status.DROPPED)
    reversal.decided_by, reversal.decided_at = actor.user_id, at
    reversal.save()
    failpoint("deeds.reversal_dropped")
    record(actor, "deeds.reversal_dropped", declaration, at)
    return reversal


def _tell(declaration: Declaration, about: str, at: datetime, **facts: object) -> None:
    inbox.send(
        to=depositing.listener(declaration), about=about, subject=queries.subject_of(declaration.pk), at=at,
        title=declaration.item.title, public_id=declaration.public_id, **facts,
    )  # fmt: skip

"""Reviewing: who is free of interest decides; the last approval reckons the points under the caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wenming.core import states
from wenming.core.actor import Actor
from wenming.core.errors import Conflict, NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.prepared import save_new
from wenming.core.transactions import act, service
from wenming.domain.deeds import caps, depositing, policies, queries, refusals
from wenming.domain.deeds.declaring import locked, put_under_rules_of_the_day, record
from wenming.domain.deeds.models import Declaration, Review, Status
from wenming.domain.depositors import queries as depositors
from wenming.domain.inbox import services as inbox
from wenming.domain.rulebooks import engine
from wenming.domain.rulebooks import queries as rulebooks

Decision = Review.Decision
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one declaration when many were approved: its words say why it was not."""

    declaration_id: int
    is_approved: bool
    code: str = ""
    words: str = ""


def check_recusal(actor: Actor, declaration: Declaration, at: datetime) -> None:
    """W04: nobody reviews what concerns oneself, one's household or kin, or what one declared or imported."""
    if queries.is_barred(user_id=actor.user_id, declaration=declaration):
        raise refusals.Recused
    if policies.reviews_from_above(actor, declaration.branch_id) and queries.free_reviewers(declaration=declaration, at=at):
        raise refusals.OthersCanReview


@service
def review_declaration(
    *, actor: Actor, declaration_id: int, decision: str, reason: str, revision: int, at: datetime
) -> Declaration:
    """Approve, return or reject the revision that the reviewer saw. The last approval needed reckons the points; one given by
    somebody who has become kin since does not count.

    Refuses reviewers who are barred, a revision that has changed since, and an approval that would pass a cap.
    """
    declaration = locked(declaration_id)
    require(policies.may_see(actor, declaration), NotFound)
    require(policies.may_review(actor, declaration.branch_id))
    reason = reason.strip()
    if decision not in Decision.values:
        raise WrongInput(field="decision")
    if decision != Decision.APPROVE and len(reason) < 2:
        raise refusals.ReasonNeeded(field="reason")
    if len(reason) > 200:
        raise WrongInput(field="reason")
    if revision != declaration.revision:
        raise refusals.RevisionPassed
    check_recusal(actor, declaration, at)
    if actor.user_id is None:
        raise refusals.Recused
    mine = queries.decisions_on(declaration=declaration).get(actor.user_id)
    if mine is not None:
        if mine == decision:
            return declaration
        raise refusals.ReviewedBefore
    if declaration.status != Status.SUBMITTED:
        raise Conflict
    free = queries.free_approvers(declaration=declaration) if decision == Decision.APPROVE else []
    said = {"decision": decision, "reason": reason, "reviewed_at": at}
    save_new(Review(declaration=declaration, revision=revision, reviewer_id=actor.user_id, **said))
    failpoint("deeds.review_written")
    if decision == Decision.APPROVE:
        put_under_rules_of_the_day(declaration)
    if decision == Decision.APPROVE and len(free) + 1 >= declaration.item.reviews_needed:
        _approve(declaration, actor, at)
    record(actor, f"deeds.reviewed_{decision}", declaration, at, revision=revision)
    if decision == Decision.APPROVE:
        return declaration
    states.move(declaration, to=Status.RETURNED if decision == Decision.RETURN else Status.REJECTED)
    declaration.status_at = at
    declaration.save(update_fields=["status", "status_at"])
    failpoint("deeds.turned_down")
    _tell(declaration, f"deeds.{declaration.status}", at, reason=reason)
    return declaration


def _approve(declaration: Declaration, actor: Actor, at: datetime) -> None:
    """Reckon the points under the caps, keep every step, and go on by the clause's track."""
    caps.hold([declaration])
    reckon(declaration)
    failpoint("deeds.reckoned")
    states.move(declaration, to=Status.APPROVED)
    declaration.status_at = at
    declaration.save()
    failpoint("deeds.approved")
    if declaration.item.track == rulebooks.Track.POST_FIRST:
        depositing.deposit(declaration, actor, at)
    else:
        _tell(declaration, "deeds.approved", at, points=declaration.points)


def reckon(declaration: Declaration) -> None:
    """Ask the engine, with what the caps have left at this moment. Call while the caps are held."""
    usage = caps.usage_of(
        depositor_id=declaration.depositor_id,
        household_id=declaration.household_id,
        item=declaration.item,
        happened_on=declaration.happened_on,
        without=[declaration.pk],
    )
    classes = depositors.classes_on(depositor_ids=[declaration.depositor_id], on=declaration.happened_on)
    facts = engine.DeedFacts(declaration.happened_on, declaration.quantity, classes[declaration.depositor_id])
    given = engine.assess(rulebooks.terms_of(declaration.item), facts, usage)
    declaration.points, declaration.honour = given.points, given.honour
    declaration.explanation = explanation(facts, usage, given)


def explanation(facts: engine.DeedFacts, usage: engine.Usage, given: engine.Assessment) -> dict[str, object]:
    """What is kept beside the points: the inputs for a replay, and every step."""
    inputs = {
        "on": facts.happened_on.isoformat(),
        "quantity": facts.quantity,
        "classes": sorted(facts.classes),
        "used": {cap: used for cap, used in usage.used.items() if used},
    }
    return {"inputs": inputs, "steps": [step.as_data() for step in given.steps]}


@service
def approve_many(*, actor: Actor, declaration_ids: Sequence[int], at: datetime) -> list[Outcome]:
    """Approve several at once. Each stands for itself: what is refused is named, the others go through."""
    ids = sorted(set(declaration_ids))
    if not ids:
        raise refusals.NothingChosen
    if len(ids) > MOST_AT_ONCE:
        raise refusals.BatchTooLarge(most=MOST_AT_ONCE)
    waiting = list(Declaration.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    caps.hold(waiting)
    outcomes = []
    for one in waiting:
        try:
            with act():
                review_declaration(
                    actor=actor, declaration_id=one.pk, decision=Decision.APPROVE, reason="", revision=one.revision, at=at
                )
        except Refusal as refusal:
            outcomes.append(Outcome(one.pk, False, refusal.code, refusal.words))
        else:
            outcomes.append(Outcome(one.pk, True))
    return outcomes


def _tell(declaration: Declaration, about: str, at: datetime, **facts: object) -> None:
    inbox.send(
        to=depositing.listener(declaration), about=about, subject=queries.subject_of(declaration.pk), at=at,
        title=declaration.item.title, public_id=declaration.public_id, **facts,
    )  # fmt: skip

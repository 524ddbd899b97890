"""Notice and deposit: approved deeds go on the wall, and what nobody could object to goes into the passbook, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from wenming.core import clock, states
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.deeds import policies, queries
from wenming.domain.deeds.declaring import locked, record, start_anew
from wenming.domain.deeds.models import Declaration, Review, Status
from wenming.domain.depositors import queries as depositors
from wenming.domain.inbox import services as inbox
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.notices.services import LineDraft
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import queries as rulebooks


def listener(declaration: Declaration) -> int | None:
    """Who is told about a declaration: the depositor, else whoever declared it."""
    found = depositors.user_ids_of(depositor_ids=[declaration.depositor_id]).get(declaration.depositor_id)
    return found if found is not None else declaration.declared_by


@service
def publish_notice(
    *,
    actor: Actor,
    branch_id: int,
    at: datetime,
    declaration_ids: Sequence[int] | None = None,
    workdays: int | None = None,
    title: str = "",
) -> notice_queries.Notice:
    """Hang up what is approved and what was posted first: all of it, or the chosen ones. The period is the longest that
    any of the clauses asks for, or longer if `workdays` says so."""
    require(policies.may_publish(actor, branch_id))
    waiting = queries.to_publish(branch_ids=[branch_id]).select_for_update(of=("self",)).order_by("pk")
    if declaration_ids is not None:
        waiting = waiting.filter(pk__in=list(declaration_ids))
    chosen = list(waiting.select_related("item", "depositor"))
    if not chosen or (declaration_ids is not None and len(chosen) < len(set(declaration_ids))):
        raise notices.NothingToPublish
    asked = max(one.item.notice_workdays for one in chosen)
    if workdays is not None and workdays < asked:
        raise notices.PeriodOutOfRange(field="workdays")
    today = clock.local_date(at)
    notice = notices.publish(
        actor=actor,
        branch_id=branch_id,
        title=title.strip() or f"{today.year}年{today.month}月{today.day}日积分公示",
        lines=lines_for(chosen, at),
        workdays=workdays or asked,
        at=at,
    )
    failpoint("deeds.notice_hung")
    hang(chosen, notice.pk, at)
    return notice


def lines_for(declarations: Sequence[Declaration], at: datetime) -> list[LineDraft]:
    """What the wall shows: masked names, the clause's own words, never what the declarer wrote; nobody's name on a demerit."""
    names = depositors.public_names(depositor_ids=[one.depositor_id for one in declarations], on=clock.local_date(at))
    return [
        LineDraft(
            queries.subject_of(one.pk),
            names[one.depositor_id] if one.item.direction == rulebooks.Direction.MERIT else "1 户",
            one.item.title,
            one.points or one.honour or 0,
            one.happened_on,
        )
        for one in declarations
    ]


def hang(declarations: Sequence[Declaration], notice_id: int, at: datetime) -> None:
    """Note on each declaration which line of the wall is its own."""
    lines = notice_queries.line_ids(notice_id=notice_id)
    for one in declarations:
        one.notice_line_id, one.is_noticed = lines[queries.subject_of(one.pk)], True
        if one.status == Status.APPROVED:
            states.move(one, to=Status.ON_NOTICE)
            one.status_at = at
    Declaration.objects.bulk_update(declarations, ["status", "status_at", "notice_line_id", "is_noticed"], batch_size=500)
    failpoint("deeds.put_on_notice")


@service
def deposit_deed(*, actor: Actor, declaration_id: int, at: datetime) -> Declaration:
    """Put a cleared declaration's points into its passbook. Saying it twice does it once.

    If a reviewer turned out to be kin meanwhile, the declaration goes back to the queue instead.
    """
    declaration = locked(declaration_id)
    require(policies.may_see(actor, declaration), NotFound)
    require(policies.may_publish(actor, declaration.branch_id))
    subject = queries.subject_of(declaration.pk)
    if declaration.status == Status.DEPOSITED:
        if notice_queries.is_standing(subject=subject):
            notices.clear_line(subject=subject, at=at)
        return declaration
    if declaration.status == Status.APPROVED:
        raise notices.NotOnNotice
    if declaration.status != Status.ON_NOTICE:
        raise states.WrongStep(status=declaration.get_status_display())
    if reviewer_is_kin(declaration):
        start_anew(declaration, actor, at, "reviewer is kin")
        record(actor, "deeds.sent_back", declaration, at)
        return declaration
    notices.clear_line(subject=subject, at=at)
    failpoint("deeds.line_passed")
    deposit(declaration, actor, at)
    return declaration


def reviewer_is_kin(declaration: Declaration) -> bool:
    """W04 once more, as things stand now: kin may have been registered since the review, and the others are too few."""
    given = list(queries.decisions_on(declaration=declaration).values()).count(Review.Decision.APPROVE)
    free = len(queries.free_approvers(declaration=declaration))
    return free < given and free < declaration.item.reviews_needed


def deposit(declaration: Declaration, actor: Actor, at: datetime) -> None:
    """Post points and honour as the clause says. A demerit takes what is there and never goes below zero."""
    declaration.posted = declaration.points
    if declaration.points is not None and declaration.points < 0:
        there = ledger_queries.balance(declaration.passbook.points_account_id)
        declaration.posted = -min(there, -declaration.points)
    passbook = declaration.passbook
    moves = moves_for(declaration.posted or 0, declaration.honour or 0, passbook.points_account_id, passbook.honour_account_id)
    if moves:
        is_penalty = (declaration.points or 0) < 0
        posting = posting_of(declaration.pk, moves, declaration.happened_on, declaration.branch.code, at, is_penalty=is_penalty)
        declaration.transaction = ledger.post(book_id=organisations.book_of(branch_id=declaration.branch_id), posting=posting)
        failpoint("deeds.posted")
    states.move(declaration, to=Status.DEPOSITED)
    declaration.status_at = at
    declaration.save()
    failpoint("deeds.deposited")
    record(actor, "deeds.deposited", declaration, at, points=declaration.posted)
    inbox.send(
        to=listener(declaration), about="deeds.deposited", subject=queries.subject_of(declaration.pk), at=at,
        title=declaration.item.title, public_id=declaration.public_id, points=declaration.posted, honour=declaration.honour,
    )  # fmt: skip


def moves_for(posted: int, honour: int, points_account_id: int, honour_account_id: int) -> tuple[ledger.Move, ...]:
    """From issuance into the passbook, or back for a demerit; none when a demerit finds nothing to take."""
    moves = []
    if posted > 0:
        moves.append(ledger.Move("issuance", points_account_id, posted))
    if posted < 0:
        moves.append(ledger.Move(points_account_id, "issuance", -posted))
    if honour > 0:
        moves.append(ledger.Move("issuance", honour_account_id, honour))
    return tuple(moves)


def posting_of(
    pk: int, moves: tuple[ledger.Move, ...], happened_on: date, scope: str, at: datetime, *, is_penalty: bool
) -> ledger.Posting:
    """One deed as the books write it: under its subject, once for ever."""
    subject = queries.subject_of(pk)
    kind = ledger.Kind.PENALTY if is_penalty else ledger.Kind.DEED_DEPOSITED
    return ledger.Posting(kind, subject, moves, subject, clock.day_start(happened_on), at, scope)

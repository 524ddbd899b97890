"""The limit above which a payment out of a fund takes two officers, and how the bank sets it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from wenming.core import audit, points
from wenming.core.actor import Actor
from wenming.core.errors import Conflict, NotFound, Refusal, require
from wenming.core.prepared import prepared
from wenming.core.transactions import service
from wenming.domain.depositors import services as depositors
from wenming.domain.funds import policies
from wenming.domain.funds.models import Approval, Fund


class ApprovalMissing(Refusal):
    """The payment is above the limit and nobody else has approved it; the points stay held and the order stays open."""

    code, status = "funds.approval_missing", 409
    message = _("这一笔要从“{fund}”出 {amount} 元，超过 {limit} 元，要行长或总行先点头。积分还替您留着。")


class ApproverDraws(Refusal):
    code, message, status = "funds.approver_draws", _("点头的人不能自己发，请另一位工作人员来发。"), 403


class NoApprovalNeeded(Refusal):
    code, message, status = "funds.no_approval_needed", _("这一笔没有超过限额，不用另外点头。"), 409


class NoRaise(Refusal):
    code, message, status = "funds.no_raise", _("没有等着确认的新限额。"), 409


class OwnRaise(Refusal):
    code, message, status = "funds.own_raise", _("提的人不能自己确认，请总行另一位工作人员来确认。"), 403


@prepared
def _locked(fund_id: int) -> QuerySet[Fund]:
    return Fund.objects.select_for_update(of=("self",)).select_related("account", "organisation").filter(pk=fund_id)


def locked_fund(fund_id: int) -> Fund:
    found = _locked.one(fund_id=fund_id)
    if found is None:
        raise NotFound()
    return found


def _seen(actor: Actor, fund_id: int) -> Fund:
    """The fund, locked; those out of reach are not found."""
    fund = locked_fund(fund_id)
    require(policies.may_see_funds(actor, fund.organisation_id), NotFound)
    return fund


@service
def approve_draw(*, actor: Actor, fund_id: int, subject: str, amount: int, at: datetime) -> Approval:
    """The director or the head bank approves one payment above the limit, before somebody else pays it. Twice is once."""
    fund = _seen(actor, fund_id)
    require(policies.may_approve(actor, fund.organisation_id))
    if amount <= fund.limit:
        raise NoApprovalNeeded
    known = Approval.objects.filter(subject=subject).first()
    if known is not None:
        require((known.fund_id, known.amount) == (fund_id, amount), Conflict)
        return known
    approval = Approval.objects.create(fund=fund, subject=subject, amount=amount, approved_by=actor.user_id or 0, approved_at=at)
    _record(actor, "funds.draw_approved", fund, at, subject=subject, amount=amount)
    return approval


def check_second(actor: Actor, fund: Fund, subject: str, amount: int, at: datetime) -> None:
    """W17 for a payment: at or under the limit one officer pays; above it another one, who is no kin, approved before."""
    if amount <= fund.limit or actor.is_system:
        return
    approval = Approval.objects.select_for_update().filter(subject=subject, fund=fund, amount=amount).first()
    if approval is None:
        raise ApprovalMissing(fund=fund.name, amount=points.show(amount), limit=points.show(fund.limit))
    if approval.approved_by == actor.user_id:
        raise ApproverDraws
    depositors.check_pair(
        first_id=approval.approved_by,
        second_id=actor.user_id,
        at=at,
        may_first=lambda who: policies.may_approve(who, fund.organisation_id),
        may_second=policies.may_draw,
    )
    approval.drawn_by = actor.user_id
    approval.save(update_fields=["drawn_by"])


@service
def set_limit(*, actor: Actor, fund_id: int, limit: int, at: datetime) -> Fund:
    """Set the limit of a fund. A lower one holds at once; a higher one waits for a second officer of the bank."""
    fund = _seen(actor, fund_id)
    require(policies.may_set_limit(actor, fund.organisation_id))
    if limit < 0:
        raise points.NotPositive(field="limit")
    if limit > points.LARGEST:
        raise points.TooLarge(field="limit")
    if limit <= fund.limit or actor.is_system:
        fund.limit, fund.raise_to, fund.raise_by = limit, None, None
        act = "funds.limit_set"
    else:
        fund.raise_to, fund.raise_by = limit, actor.user_id
        act = "funds.raise_proposed"
    fund.save(update_fields=["limit", "raise_to", "raise_by"])
    _record(actor, act, fund, at, limit=limit)
    return fund


@service
def confirm_limit(*, actor: Actor, fund_id: int, at: datetime) -> Fund:
    """A second officer of the bank confirms the higher limit that a first one proposed."""
    fund = _seen(actor, fund_id)
    require(policies.may_set_limit(actor, fund.organisation_id))
    if fund.raise_to is None:
        raise NoRaise
    if fund.raise_by == actor.user_id:
        raise OwnRaise
    depositors.check_pair(
        first_id=fund.raise_by,
        second_id=actor.user_id,
        at=at,
        may_first=lambda who: policies.may_set_limit(who, fund.organisation_id),
        may_second=lambda who: policies.may_set_limit(who, fund.organisation_id),
    )
    _record(actor, "funds.limit_set", fund, at, limit=fund.raise_to)
    fund.limit, fund.raise_to, fund.raise_by = fund.raise_to, None, None
    fund.save(update_fields=["limit", "raise_to", "raise_by"])
    return fund


def _record(actor: Actor, act: str, fund: Fund, at: datetime, **facts: object) -> None:
    audit.record(actor=actor, act=act, subject=f"fund:{fund.pk}", at=at, organisation_id=fund.organisation_id, facts=facts)

"""Reads of the funds' room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from wenming.core.actor import Actor
from wenming.core.errors import NotFound, require
from wenming.domain.funds import policies
from wenming.domain.funds.models import Approval, Draw, Fund, Receipt
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.organisations import queries as organisations

Source = Fund.Source


@dataclass(frozen=True, slots=True)
class FundBalance:
    """What is left in one fund, in fen."""

    id: int
    organisation_id: int
    organisation_name: str
    source: str
    source_label: str
    name: str
    balance: int
    limit: int
    raise_to: int | None
    raise_by: int | None


def funds_of(*, organisation_id: int) -> QuerySet[Fund]:
    return Fund.objects.filter(organisation_id=organisation_id).order_by("id")


def fund(*, actor: Actor, fund_id: int) -> Fund:
    """One fund that the actor may see."""
    found = Fund.objects.filter(pk=fund_id).select_related("organisation").first()
    if found is None or not policies.may_see_funds(actor, found.organisation_id):
        raise NotFound()
    return found


def fund_balances(
    *, actor: Actor, organisation_id: int | None = None, after: int | None = None, limit: int | None = None
) -> list[FundBalance]:
    """The funds that the actor may see in the order in which they were opened, with what is left in each."""
    funds = Fund.objects.select_related("organisation").filter(pk__gt=after or 0).order_by("id")
    if not actor.is_system:
        funds = funds.filter(organisation_id__in=policies.seen_organisations(actor))
    if organisation_id is not None:
        funds = funds.filter(organisation_id=organisation_id)
    return _with_balances(list(funds[:limit]))


def funds_behind(*, actor: Actor, branch_id: int) -> list[FundBalance]:
    """The head bank's funds that the goods of a branch draw on, for the officers of the branch: what is left in each. What
    came in and went out is shown to those alone who may see the head bank's funds."""
    require(actor.is_system or branch_id in actor.branches(), NotFound)
    bank_id = organisations.head_bank_of(branch_id=branch_id)
    return _with_balances(list(Fund.objects.select_related("organisation").filter(organisation_id=bank_id).order_by("id")))


def _with_balances(rows: list[Fund]) -> list[FundBalance]:
    balances = ledger_queries.balances(account_ids=[row.account_id for row in rows])
    return [
        FundBalance(
            id=row.pk,
            organisation_id=row.organisation_id,
            organisation_name=row.organisation.name,
            source=row.source,
            source_label=row.get_source_display(),
            name=row.name,
            balance=balances.get(row.account_id, 0),
            limit=row.limit,
            raise_to=row.raise_to,
            raise_by=row.raise_by,
        )
        for row in rows
    ]


def receipts_of(*, actor: Actor, fund_id: int, before: int | None = None, limit: int = 30) -> list[Receipt]:
    """What came into a fund, newest first."""
    receipts = Receipt.objects.filter(fund=fund(actor=actor, fund_id=fund_id)).order_by("-id")
    return list((receipts.filter(pk__lt=before) if before else receipts)[:limit])


def draws_of(*, actor: Actor, fund_id: int, before: int | None = None, limit: int = 30) -> list[Draw]:
    """What left a fund, newest first; a draw that came back says so."""
    draws = Draw.objects.filter(fund=fund(actor=actor, fund_id=fund_id)).order_by("-id")
    return list((draws.filter(pk__lt=before) if before else draws)[:limit])


def draws_for(*, subjects: Iterable[str]) -> dict[str, Draw]:
    """The draw of each subject that has one."""
    return {draw.subject: draw for draw in Draw.objects.filter(subject__in=list(subjects)).select_related("fund")}


def approvals_for(*, subjects: Iterable[str]) -> dict[str, Approval]:
    """The second officer's word for each subject that has one."""
    return {approval.subject: approval for approval in Approval.objects.filter(subject__in=list(subjects))}

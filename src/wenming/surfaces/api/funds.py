"""Funds by source: what came in, what is left."""

from datetime import date, datetime
from typing import Any, Literal

from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router

from wenming.core import clock
from wenming.core.points import LARGEST
from wenming.domain.funds import queries as fund_queries
from wenming.domain.funds import services as funds
from wenming.surfaces.api.operations import (
    CLERK,
    DIRECTOR,
    HEAD_OFFICER,
    OFFICERS,
    Day,
    Given,
    Id,
    Page,
    PageOf,
    Ref,
    Request,
    Shown,
    operation,
)

router = Router(tags=["funds"])


class FundOut(Shown):
    id: int
    organisation_id: Id
    source: str
    name: str
    balance: int = Field(description=_("钱数，单位是分"))


class ReceiptOut(Shown):
    id: int
    fund_id: Id
    number: str
    payer: str
    amount: int = Field(description=_("钱数，单位是分"))
    received_on: date
    recorded_at: datetime


class DrawOut(Shown):
    id: int
    fund_id: Id
    subject: str = Field(description=_("为哪件事支出，例如 order:12"))
    amount: int = Field(description=_("钱数，单位是分"))
    drawn_at: datetime
    is_returned: bool


class NewFund(Given):
    organisation_id: Ref
    source: Literal["fiscal", "collective", "donation"]
    name: str = Field(min_length=1, max_length=60)


class NewReceipt(Given):
    number: str = Field(min_length=1, max_length=40)
    payer: str = Field("", max_length=60)
    amount: int = Field(ge=1, le=LARGEST, strict=True, description=_("钱数，单位是分"))
    received_on: Day


def _shown_draw(draw: Any) -> DrawOut:
    return DrawOut(
        id=draw.pk,
        fund_id=draw.fund_id,
        subject=draw.subject,
        amount=draw.amount,
        drawn_at=draw.drawn_at,
        is_returned=draw.returned_id is not None,
    )


def _shown(receipt: object) -> ReceiptOut:
    return ReceiptOut.model_validate(receipt)


@operation(
    router,
    "GET",
    "/funds",
    roles=OFFICERS,
    scopes=["funds:read"],
    says="自己分行和机构的资金，各还剩多少。",
    answer=Page[FundOut],
)
def list_funds(request: Request, page_of: Query[PageOf], organisation_id: Id | None = None) -> Page[FundOut]:
    """The funds of the own branches and organisations, with what is left in each."""
    rows = fund_queries.fund_balances(
        actor=request.actor, organisation_id=organisation_id, after=page_of.position, limit=page_of.rows
    )
    return page_of.of(rows, FundOut.model_validate, lambda row: row.id)


@operation(
    router,
    "POST",
    "/funds",
    roles=[DIRECTOR, HEAD_OFFICER],
    scopes=["funds:write"],
    says="按一种来源开一笔资金。",
    answer=FundOut,
    status=201,
)
def open_fund(request: Request, payload: NewFund) -> FundOut:
    """Open a fund of one source."""
    fund = funds.open_fund(actor=request.actor, at=clock.now(), **payload.model_dump())
    return FundOut(id=fund.pk, organisation_id=fund.organisation_id, source=fund.source, name=fund.name, balance=0)


@operation(
    router,
    "GET",
    "/funds/{fund_id}/receipts",
    roles=OFFICERS,
    scopes=["funds:read"],
    says="一笔资金收到的钱，新的在前。",
    answer=Page[ReceiptOut],
)
def list_receipts(request: Request, fund_id: Id, page_of: Query[PageOf]) -> Page[ReceiptOut]:
    """What came into a fund, newest first."""
    rows = fund_queries.receipts_of(actor=request.actor, fund_id=fund_id, before=page_of.position, limit=page_of.rows)
    return page_of.of(rows, _shown, lambda row: row.pk)


@operation(
    router,
    "GET",
    "/funds/{fund_id}/draws",
    roles=OFFICERS,
    scopes=["funds:read"],
    says="一笔资金支出了多少、为了什么，新的在前。",
    answer=Page[DrawOut],
)
def list_draws(request: Request, fund_id: Id, page_of: Query[PageOf]) -> Page[DrawOut]:
    """What left a fund and for what, newest first."""
    rows = fund_queries.draws_of(actor=request.actor, fund_id=fund_id, before=page_of.position, limit=page_of.rows)
    return page_of.of(rows, _shown_draw, lambda row: row.pk)


@operation(
    router,
    "POST",
    "/funds/{fund_id}/receipts",
    roles=[CLERK, DIRECTOR, HEAD_OFFICER],
    scopes=["funds:write"],
    says="凭纸质收据登记收到的钱。",
    answer=ReceiptOut,
    status=201,
)
def receive_money(request: Request, fund_id: Id, payload: NewReceipt) -> ReceiptOut:
    """Record money that came in under its paper receipt."""
    return _shown(funds.receive_money(actor=request.actor, fund_id=fund_id, at=clock.now(), **payload.model_dump()))

"""Writes of the funds' room: open a fund, record money that came in, draw for a subject, take a draw back.

Limits and second officers stand in `limits.py`; all are called from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from wenming.core import audit, bulk, clock
from wenming.core.actor import Actor
from wenming.core.errors import Conflict, NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.points import LARGEST, NotPositive, TooLarge
from wenming.core.prepared import save_new
from wenming.core.transactions import service
from wenming.domain.funds import policies
from wenming.domain.funds.limits import (
    ApprovalMissing,
    ApproverDraws,
    NoApprovalNeeded,
    NoRaise,
    OwnRaise,
    approve_draw,
    check_second,
    confirm_limit,
    locked_fund,
    set_limit,
)
from wenming.domain.funds.models import Draw, Fund, Receipt
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisation_queries

__all__ = [
    "ApprovalMissing",
    "ApproverDraws",
    "Draw",
    "DrawRow",
    "FundNameTaken",
    "FundTooLow",
    "NoApprovalNeeded",
    "NoDraw",
    "NoRaise",
    "OwnRaise",
    "ReceiptNumberTaken",
    "approve_draw",
    "confirm_limit",
    "draw",
    "draw_many",
    "open_fund",
    "receive_money",
    "return_draw",
    "set_limit",
]


class FundNameTaken(Conflict):
    code, message = "funds.name_taken", _("已经有叫“{name}”的资金了。")


class ReceiptNumberTaken(Conflict):
    code, message = "funds.receipt_number_taken", _("收据号 {number} 已经记过了，请核对收据。")


class FundTooLow(Refusal):
    """The fund has less than the goods cost; the points stay held and the order stays open."""

    code, message, status = "funds.too_low", _("“{fund}”里的钱不够付这一笔，请先补充资金再发放。积分还替您留着。"), 409


class NoDraw(Refusal):
    code, message, status = "funds.no_draw", _("这一笔没有从资金里支出过。"), 409


@dataclass(frozen=True, slots=True)
class DrawRow:
    """One draw of a batch: from which fund, for what, how much (fen), when."""

    fund_id: int
    subject: str
    amount: int
    at: datetime


def _check_amount(amount: int, field: str = "amount") -> None:
    if amount < 1:
        raise NotPositive(field=field)
    if amount > LARGEST:
        raise TooLarge(field=field)


def _clean(text: str, field: str, longest: int) -> str:
    plain = text.strip()
    if not plain or len(plain) > longest:
        raise WrongInput(field=field, message=_("请填写，不超过 {longest} 个字。"), longest=longest)
    return plain


@service
def open_fund(*, actor: Actor, organisation_id: int, source: str, name: str, at: datetime) -> Fund:
    """Open a fund of one source at a branch or head bank. Refuses a second fund of the same name there."""
    require(policies.may_open_fund(actor, organisation_id))
    name = _clean(name, "name", 60)
    if source not in Fund.Source.values:
        raise WrongInput(field="source", message=_("请选资金来源：财政资金、集体收入或社会捐助。"))
    if Fund.objects.filter(organisation_id=organisation_id, name=name).exists():
        raise FundNameTaken(field="name", name=name)
    book_id = organisation_queries.book_of(branch_id=organisation_id)
    account = ledger.open_account(book_id=book_id, unit=ledger.Unit.FEN, at=at, is_member=True, floor=0)
    fund = Fund.objects.create(organisation_id=organisation_id, source=source, name=name, account_id=account.pk, opened_at=at)
    failpoint("funds.opened")
    audit.record(actor=actor, act="funds.opened", subject=f"fund:{fund.pk}", at=at, organisation_id=organisation_id)
    return fund


@service
def receive_money(
    *, actor: Actor, fund_id: int, amount: int, number: str, payer: str, received_on: date, at: datetime
) -> Receipt:
    """Record money that came in under its paper receipt. The same receipt said twice counts once; other facts are refused."""
    fund = locked_fund(fund_id)
    require(policies.may_see_funds(actor, fund.organisation_id), NotFound)
    require(policies.may_receive_money(actor, fund.organisation_id))
    number, payer = _clean(number, "number", 40), payer.strip()[:60]
    _check_amount(amount)
    if received_on > clock.local_date(at):
        raise WrongInput(field="received_on", message=_("收款日期不能晚于今天。"))
    known = Receipt.objects.filter(fund=fund, number=number).first()
    if known is not None:
        if (known.amount, known.received_on) != (amount, received_on):
            raise ReceiptNumberTaken(field="number", number=number)
        return known
    transaction = ledger.post(
        book_id=fund.account.book_id,
        posting=ledger.Posting(
            kind=ledger.Kind.DONATION_RECEIVED,
            subject=f"fund:{fund.pk}",
            moves=(ledger.Move("outside", fund.account_id, amount),),
            key=f"fund:{fund.pk}:receipt:{number}",
            occurred_at=clock.day_start(received_on),
            recorded_at=at,
            scope=fund.organisation.code,
        ),
    )
    failpoint("funds.receipt_posted")
    receipt = Receipt.objects.create(
        fund=fund,
        number=number,
        payer=payer,
        amount=amount,
        received_on=received_on,
        recorded_by=actor.user_id,
        recorded_at=at,
        transaction_id=transaction.pk,
    )
    failpoint("funds.receipt_written")
    audit.record(
        actor=actor,
        act="funds.money_received",
        subject=f"fund:{fund.pk}",
        at=at,
        organisation_id=fund.organisation_id,
        facts={"amount": amount, "receipt": receipt.pk},
    )
    return receipt


@service
def draw(*, actor: Actor, fund_id: int, subject: str, amount: int, at: datetime, key: str) -> Draw:
    """Take money out of a fund for a subject, once. Refuses when the fund has too little; then nothing is written.

    Above the fund's limit somebody else has to have approved it; the timetable and the operator's shell are not asked.
    """
    fund = locked_fund(fund_id)
    require(policies.may_draw(actor))
    _check_amount(amount)
    known = Draw.objects.filter(subject=subject).first()
    if known is not None:
        require((known.fund_id, known.amount) == (fund_id, amount), Conflict)
        return known
    check_second(actor, fund, subject, amount, at)
    try:
        transaction = ledger.post(
            book_id=fund.account.book_id, posting=_posting_of(fund, DrawRow(fund_id, subject, amount, at), key)
        )
    except ledger.NotEnoughPoints as error:
        raise FundTooLow(fund=fund.name) from error
    failpoint("funds.draw_posted")
    drawn = Draw(fund=fund, subject=subject, amount=amount, drawn_at=at, transaction_id=transaction.pk)
    save_new(drawn)
    failpoint("funds.draw_written")
    return drawn


@service
def draw_many(*, actor: Actor, rows: Sequence[DrawRow]) -> None:
    """Many draws at once, each with its own transaction and subject, recorded when it happened; all or none."""
    require(policies.may_draw(actor))
    funds = {
        fund.pk: fund
        for fund in Fund.objects.filter(pk__in={row.fund_id for row in rows}).select_related("account", "organisation")
    }
    by_book: dict[int, list[DrawRow]] = defaultdict(list)
    for row in rows:
        _check_amount(row.amount)
        by_book[funds[row.fund_id].account.book_id].append(row)
    columns = ("fund", "subject", "amount", "drawn_at", "transaction")
    for book_id, some in by_book.items():
        postings = [_posting_of(funds[row.fund_id], row, f"draw:{row.subject}") for row in some]
        try:
            posted = ledger.post_many(book_id=book_id, postings=postings)
        except ledger.NotEnoughPoints as error:
            raise FundTooLow(fund=_("、").join(sorted({funds[row.fund_id].name for row in some}))) from error
        failpoint("funds.draws_posted")
        made = [(row.fund_id, row.subject, row.amount, row.at, number) for row, number in zip(some, posted, strict=True)]
        bulk.insert(Draw, columns, made)


@service
def return_draw(*, actor: Actor, subject: str, at: datetime) -> Draw:
    """Put a draw back into its fund, once; said again, nothing more happens."""
    known = Draw.objects.select_for_update().filter(subject=subject).first()
    if known is None:
        raise NoDraw()
    require(policies.may_draw(actor))
    if known.returned_id is not None:
        return known
    fund = locked_fund(known.fund_id)
    transaction = ledger.post(
        book_id=fund.account.book_id,
        posting=ledger.Posting(
            kind=ledger.Kind.FUND_RETURNED,
            subject=subject,
            moves=(ledger.Move("outside", fund.account_id, known.amount),),
            key=f"return:{subject}",
            occurred_at=at,
            recorded_at=at,
            scope=fund.organisation.code,
        ),
    )
    known.returned_id = transaction.pk
    failpoint("funds.return_posted")
    known.save(update_fields=["returned"])
    failpoint("funds.return_written")
    return known


def _posting_of(fund: Fund, row: DrawRow, key: str) -> ledger.Posting:
    return ledger.Posting(
        kind=ledger.Kind.FUND_DRAWN,
        subject=row.subject,
        moves=(ledger.Move(fund.account_id, "outside", row.amount),),
        key=key,
        occurred_at=row.at,
        recorded_at=row.at,
        scope=fund.organisation.code,
    )

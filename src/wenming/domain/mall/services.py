"""Writes of the mall's room: orders. What is for sale and how much of it is written in `shelving`, history in `history`."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from wenming.core import audit, chance, clock, days, points, states
from wenming.core.actor import Actor
from wenming.core.errors import Conflict, NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.prepared import prepared, save_new
from wenming.core.transactions import service
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.funds import services as funds
from wenming.domain.inbox import services as inbox
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import policies, queries
from wenming.domain.mall.history import NotEnoughInStock as NotEnoughInStock
from wenming.domain.mall.history import RedeemRow as RedeemRow
from wenming.domain.mall.history import redeem_many as redeem_many
from wenming.domain.mall.models import Order, Product, Stock, StockChange
from wenming.domain.mall.shelving import ProductFacts as ProductFacts
from wenming.domain.mall.shelving import TitleTaken as TitleTaken
from wenming.domain.mall.shelving import add_product as add_product
from wenming.domain.mall.shelving import change_product as change_product
from wenming.domain.mall.shelving import count_stock as count_stock
from wenming.domain.mall.shelving import receive_delivery as receive_delivery
from wenming.domain.mall.shelving import receive_stock as receive_stock

QUANTITY_MOST = 100
MINOR = depositor_queries.IdentityClass.MINOR
Status = Order.Status
Reason = StockChange.Reason


class SoldOut(Refusal):
    code, message, status = "mall.sold_out", _("只剩 {left} {unit}了，请少选一些或等补货。"), 409


class NothingLeft(Refusal):
    code, message, status = "mall.nothing_left", _("这一样刚换完了，等补货后再来。"), 409


class TooFewPoints(Refusal):
    code, message = "mall.too_few_points", _("还差 {missing} 分。家里人可以一起凑。")


class LimitReached(Refusal):
    code, message = "mall.limit_reached", _("每人 {days} 天内最多换 {most} {unit}，已经换了 {taken} {unit}。")


class LifetimeLimitReached(LimitReached):
    code, message = "mall.limit_reached", _("每人最多换 {most} {unit}，已经换了 {taken} {unit}。")


class NotForMinors(Refusal):
    code, message = "mall.not_for_minors", _("未成年人的存折只能换学习和体育用品，其他的请用家庭存折换。")


class OffShelf(Refusal):
    code, message, status = "mall.off_shelf", _("这一样现在不换了，请看看别的。"), 409


class PriceChanged(Refusal):
    code, message, status = "mall.price_changed", _("价格刚改过，现在是 {price} 分，请看清再换。"), 409


class PassbookClosed(Refusal):
    code, message, status = "mall.passbook_closed", _("这本存折已经停用，请到柜台办理。"), 409


class KeyReused(Conflict):
    code, message = "mall.key_reused", _("这个提交编号已经用在另一单上了，请刷新后再交。")


class WrongCode(Refusal):
    code, message = "mall.wrong_code", _("取货码和这一单对不上，请再核对一遍。")


class AlreadyCollected(Conflict):
    code, message = "mall.already_collected", _("这个码 {when} 领过了。")


class OrderEnded(Conflict):
    code, message = "mall.order_ended", _("这一单 {when} 已经结束（{status}），积分已退回存折。")


class PickupOver(Conflict):
    code, message = "mall.pickup_over", _("取货期 {when} 已过，积分会退回存折，可以重新换一次。")


class NotYetDue(Conflict):
    code, message = "mall.not_yet_due", _("这一单的取货期还没有过。")


class NotCollected(Conflict):
    code, message = "mall.not_collected", _("还没有领走的东西不用退，取消这一单就行。")


@service
def place_order(
    *,
    actor: Actor,
    product_id: int,
    branch_id: int,
    depositor_id: int,
    quantity: int,
    submission_key: str,
    at: datetime,
    door: str = "",
    price_seen: int | None = None,
) -> Order:
    """Set goods aside and hold the points for them. The same submission said twice makes one order.

    Refuses: nothing left, too few points, over the limit, not for minors, off the shelf, or a price other than the buyer saw.
    """
    facts = [actor.user_id, product_id, branch_id, depositor_id, quantity]
    request_hash = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    known = _known(submission_key, request_hash)
    if known is not None:
        return known
    product, depositor = _check_order(actor, product_id, branch_id, depositor_id, quantity, at)
    if price_seen is not None and price_seen != product.price:
        raise PriceChanged(field="price_seen", price=points.show(product.price))
    order = Order(
        public_id=chance.public_id(),
        branch_id=branch_id,
        product=product,
        depositor_id=depositor_id,
        passbook=depositor.passbook,
        quantity=quantity,
        price=product.price * quantity,
        cost=product.cost * quantity,
        pickup_code=_new_code(),
        door=door or actor.door,
        placed_by=actor.user_id,
        placed_at=at,
        pick_up_by=clock.day_end(clock.local_date(at) + timedelta(days=product.pickup_days)),
        submission_key=submission_key,
        request_hash=request_hash,
    )
    try:
        with transaction.atomic():
            save_new(order)
            failpoint("mall.order_written")
    except IntegrityError:
        known = _known(submission_key, request_hash)
        assert known is not None, "an order was refused by the store for another reason than its key"
        return known
    stock = _take_from_stock(order, actor, at)
    _check_limit(order, at)
    order.held_id = _hold(order, at)
    failpoint("mall.points_held")
    order.save(update_fields=["held"])
    failpoint("mall.order_complete")
    audit.record(
        actor=actor, act="mall.ordered", subject=_subject(order), at=at, organisation_id=branch_id, facts={"stock": stock.pk}
    )
    _tell(order, "mall.order_placed", at)
    return order


@service
def hand_over_order(*, actor: Actor, order_id: int, code: str = "", at: datetime) -> Order:
    """Give the goods out, once: the held points are redeemed and the cost is drawn from the product's fund.

    `code` may stay empty when the teller knows the person by card, number or name. Refuses a code that was used, a
    period that is over, and a fund that is too low; then nothing is written.
    """
    order = _locked(actor, order_id)
    require(policies.may_serve(actor, order.branch_id))
    if code and queries.plain_code(code) != order.pickup_code:
        raise WrongCode(field="code")
    if order.status == Status.PLACED and at >= order.pick_up_by:
        raise PickupOver(when=_day_before(order.pick_up_by))
    _claim(order, to=Status.COLLECTED, actor=actor, at=at)
    if order.cost and order.product.fund_id is not None:
        funds.draw(
            actor=actor,
            fund_id=order.product.fund_id,
            subject=_subject(order),
            amount=order.cost,
            at=at,
            key=f"draw:{_subject(order)}",
        )
        failpoint("mall.cost_drawn")
    _settle(order, kind=ledger.Kind.ORDER_COLLECTED, destination="redeemed", at=at)
    audit.record(
        actor=actor,
        act="mall.handed_over",
        subject=_subject(order),
        at=at,
        organisation_id=order.branch_id,
        facts={"by_code": bool(code)},
    )
    _tell(order, "mall.order_collected", at)
    return order


@service
def cancel_order(*, actor: Actor, order_id: int, reason: str = "", at: datetime) -> Order:
    """Give up an order that was not collected: the points go back to the passbook, the goods to the shelf."""
    order = _locked(actor, order_id)
    is_staff = actor.holds(*policies.STOCK_KEEPERS, branch_id=order.branch_id)
    require(is_staff or policies.is_of_household(actor, order.depositor))
    _release(order, to=Status.CANCELLED, actor=actor, reason=reason.strip()[:200], at=at)
    audit.record(actor=actor, act="mall.cancelled", subject=_subject(order), at=at, organisation_id=order.branch_id)
    _tell(order, "mall.order_cancelled", at)
    return order


@service
def expire_order(*, actor: Actor, order_id: int, at: datetime) -> Order:
    """End an order that nobody fetched in time: points and goods go back. Refuses while it can still be fetched."""
    order = _locked(actor, order_id)
    require(actor.is_system)
    if order.status == Status.EXPIRED:
        return order
    require(at >= order.pick_up_by, NotYetDue)
    _release(order, to=Status.EXPIRED, actor=actor, reason="", at=at)
    audit.record(actor=actor, act="mall.expired", subject=_subject(order), at=at, organisation_id=order.branch_id)
    _tell(order, "mall.order_expired", at)
    return order


@service
def refund_order(*, actor: Actor, order_id: int, reason: str, at: datetime, restock: bool = True) -> Order:
    """Take goods back that were handed over: points to the same passbook, the draw to its fund, goods to the shelf if good."""
    order = _locked(actor, order_id)
    require(policies.may_refund(actor, order))
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise WrongInput(field="reason", message=_("请写明退换的原因，不超过 200 个字。"))
    if order.status == Status.PLACED:
        raise NotCollected()
    _claim(order, to=Status.REFUNDED, actor=actor, at=at, reason=reason)
    if restock:
        _put_back(order, Reason.REFUNDED, actor, at)
    if order.cost and order.product.fund_id is not None:
        funds.return_draw(actor=actor, subject=_subject(order), at=at)
        failpoint("mall.cost_returned")
    posted = ledger.post(
        book_id=order.passbook.points_account.book_id,
        posting=_posting(order, ledger.Kind.ORDER_REFUNDED, "redeemed", order.passbook.points_account_id, "refund", at),
    )
    order.refunded_id = posted.pk
    failpoint("mall.points_refunded")
    order.save(update_fields=["refunded"])
    failpoint("mall.refunded")
    audit.record(
        actor=actor,
        act="mall.refunded",
        subject=_subject(order),
        at=at,
        organisation_id=order.branch_id,
        facts={"restocked": restock},
    )
    _tell(order, "mall.order_refunded", at)
    return order


@prepared
def _under_key(submission_key: str) -> QuerySet[Order]:
    return Order.objects.select_related("product", "depositor", "branch").filter(submission_key=submission_key)


def _known(submission_key: str, request_hash: str) -> Order | None:
    """The order that this key made before; refuses the key when it comes with other words."""
    if not submission_key or len(submission_key) > 96:
        raise WrongInput(field="submission_key", message=_("提交编号不对，请刷新后再交。"))
    found = _under_key.one(submission_key=submission_key)
    if found is not None and found.request_hash != request_hash:
        raise KeyReused()
    return found


def _check_order(
    actor: Actor, product_id: int, branch_id: int, depositor_id: int, quantity: int, at: datetime
) -> tuple[Product, Any]:
    """What can be said before any lock: who spends, whose passbook, which product, how many."""
    depositor = depositor_queries.depositor(actor=actor, depositor_id=depositor_id)
    require(depositor.branch_id == branch_id, NotFound)
    on = clock.local_date(at)
    ids = [depositor_id] + ([actor.depositor_id] if actor.depositor_id else [])
    classes = depositor_queries.classes_on(depositor_ids=ids, on=on)
    is_grown_up = MINOR not in classes.get(actor.depositor_id or 0, frozenset())
    require(policies.may_spend_for(actor, depositor, branch_id, is_grown_up=is_grown_up))
    product = queries.product_at(product_id=product_id, branch_id=branch_id)
    require(product is not None, NotFound)
    assert product is not None
    if not product.is_on_shelf:
        raise OffShelf()
    if not 1 <= quantity <= QUANTITY_MOST:
        raise WrongInput(field="quantity", message=_("一次可以换 1 到 {most} 份。"), most=QUANTITY_MOST)
    if depositor.status != depositor_queries.Status.ACTIVE or depositor.passbook.closed_on is not None:
        raise PassbookClosed()
    if not product.is_for_minors and MINOR in classes[depositor_id]:
        raise NotForMinors()
    return product, depositor


def _new_code() -> str:
    """Eight digits that no open order has; the store's own constraint stands behind it."""
    code = chance.digits(queries.CODE_LENGTH)
    while queries.is_code_in_use(code=code):
        code = chance.digits(queries.CODE_LENGTH)
    return code


@prepared
def _stock(product_id: int, branch_id: int) -> QuerySet[Stock]:
    return Stock.objects.filter(product_id=product_id, branch_id=branch_id)


def _stock_of(order: Order) -> Stock:
    (stock,) = _stock(product_id=order.product_id, branch_id=order.branch_id)
    return stock


def _take_from_stock(order: Order, actor: Actor, at: datetime) -> Stock:
    stock = _stock_of(order)
    if not _reserve(stock, order.quantity):
        stock.refresh_from_db()
        if stock.quantity == 0:
            raise NothingLeft()
        raise SoldOut(field="quantity", left=stock.quantity, unit=order.product.unit)
    _note_change(stock, Reason.RESERVED, -order.quantity, _subject(order), actor, at)
    failpoint("mall.stock_taken")
    return stock


def _reserve(stock: Stock, quantity: int) -> bool:
    """Take from the shelf only if enough is there: one guarded statement, one row counted."""
    return Stock.objects.filter(pk=stock.pk, quantity__gte=quantity).update(quantity=F("quantity") - quantity) == 1


def _put_back(order: Order, reason: str, actor: Actor, at: datetime) -> None:
    stock = _stock_of(order)
    Stock.objects.filter(pk=stock.pk).update(quantity=F("quantity") + order.quantity)
    _note_change(stock, reason, order.quantity, _subject(order), actor, at)
    failpoint("mall.put_back")


def _note_change(stock: Stock, reason: str, quantity: int, subject: str, actor: Actor, at: datetime) -> None:
    save_new(StockChange(stock=stock, reason=reason, quantity=quantity, subject=subject, changed_by=actor.user_id, changed_at=at))


def _check_limit(order: Order, at: datetime) -> None:
    """Read after the stock row is locked, so two orders of one person can't both slip under the limit."""
    product = order.product
    if product.times_max is None:
        return
    taken = queries.taken_in_period(product=product, depositor_id=order.depositor_id, on=clock.local_date(at))
    if taken > product.times_max:
        refusal = LimitReached if product.period_days else LifetimeLimitReached
        raise refusal(
            field="quantity",
            days=product.period_days,
            most=product.times_max,
            taken=taken - order.quantity,
            unit=product.unit,
        )


def _hold(order: Order, at: datetime) -> int:
    account = order.passbook.points_account
    try:
        posted = ledger.post(
            book_id=account.book_id,
            posting=_posting(order, ledger.Kind.ORDER_PLACED, account.pk, "escrow", "hold", at),
        )
    except ledger.NotEnoughPoints as error:
        missing = order.price - ledger_queries.balance(account_id=account.pk)
        raise TooFewPoints(missing=points.show(missing)) from error
    return int(posted.pk)


@prepared
def _locked_row(order_id: int) -> QuerySet[Order]:
    beside = ("product", "depositor", "branch", "passbook__points_account")
    return Order.objects.select_for_update(of=("self",)).select_related(*beside).filter(pk=order_id)


def _locked(actor: Actor, order_id: int) -> Order:
    """The order's row, locked; an order that the actor may not see does not exist."""
    found = _locked_row.one(order_id=order_id)
    if found is None or not policies.may_see_order(actor, found):
        raise NotFound()
    return found


def _claim(order: Order, *, to: str, actor: Actor, at: datetime, reason: str = "") -> None:
    """Take the step that only one can take: the status changes in one guarded statement and one row is counted."""
    before = order.status
    if to not in Order.STEPS.get(Status(before), frozenset()):
        raise _ended(order)
    states.move(order, to=to)
    changes: dict[str, Any] = {"status": to, "reason": reason or order.reason}
    if before == Status.PLACED:
        changes |= {"ended_at": at, "ended_by": actor.user_id}
    if Order.objects.filter(pk=order.pk, status=before).update(**changes) != 1:
        order.refresh_from_db()
        raise _ended(order)
    failpoint("mall.claimed")
    for name, value in changes.items():
        setattr(order, name, value)


def _ended(order: Order) -> Refusal:
    """The kind words for an order that is past this step."""
    when = _moment(order.ended_at or order.placed_at)
    if order.status == Status.COLLECTED:
        return AlreadyCollected(field="code", when=when)
    return OrderEnded(when=when, status=order.get_status_display())


def _release(order: Order, *, to: str, actor: Actor, reason: str, at: datetime) -> None:
    _claim(order, to=to, actor=actor, at=at, reason=reason)
    _put_back(order, Reason.RELEASED, actor, at)
    _settle(order, kind=ledger.Kind.ORDER_RELEASED, destination=order.passbook.points_account_id, at=at)


def _settle(order: Order, *, kind: str, destination: int | str, at: datetime) -> None:
    """End the hold, wherever its points go."""
    posted = ledger.post(
        book_id=order.passbook.points_account.book_id,
        posting=_posting(order, kind, "escrow", destination, "end", at, ends=order.held_id),
    )
    order.settled_id = posted.pk
    failpoint("mall.hold_ended")
    order.save(update_fields=["settled"])
    failpoint("mall.settled")


def _posting(
    order: Order, kind: str, source: int | str, destination: int | str, step: str, at: datetime, ends: int | None = None
) -> ledger.Posting:
    return ledger.Posting(
        kind=ledger.Kind(kind),
        subject=_subject(order),
        moves=(ledger.Move(source, destination, order.price),),
        key=f"{_subject(order)}:{step}",
        occurred_at=at,
        recorded_at=at,
        scope=order.branch.code,
        ends=ends,
    )


def _subject(order: Order) -> str:
    return queries.subject_of(order.pk)


def _tell(order: Order, about: str, at: datetime) -> None:
    inbox.send(
        to=depositor_queries.user_ids_of(depositor_ids=[order.depositor_id])[order.depositor_id],
        about=about,
        subject=_subject(order),
        at=at,
        title=order.product.title,
        quantity=order.quantity,
        points=order.price,
    )


def _moment(at: datetime) -> str:
    """3月10日 11:42, in village time."""
    local = at.astimezone(clock.ZONE)
    return f"{days.short(local)} {local:%H:%M}"


def _day_before(end: datetime) -> str:
    """The last village day of a half-open period."""
    return days.short(clock.local_date(end - timedelta(seconds=1)))

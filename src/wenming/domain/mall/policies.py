"""Who may do what in the mall."""

from __future__ import annotations

from typing import Any, Protocol

from wenming.core.actor import Actor
from wenming.domain.depositors.queries import DepositorKind
from wenming.domain.mall.models import Order
from wenming.domain.organisations.queries import Role

COUNTER = (Role.TELLER, Role.CLERK)
STOCK_KEEPERS = (Role.TELLER, Role.CLERK, Role.DIRECTOR)


class Holder(Protocol):
    """What these rules need to know of a depositor."""

    @property
    def pk(self) -> Any: ...
    @property
    def kind(self) -> str: ...
    @property
    def household_id(self) -> int | None: ...


def may_keep_products(actor: Actor, organisation_id: int) -> bool:
    """A branch's products: its clerk or director. A head bank's: its own officers."""
    return actor.holds(Role.HEAD_OFFICER, organisation_id=organisation_id) or actor.holds(
        Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER, branch_id=organisation_id
    )


def may_keep_stock(actor: Actor, branch_id: int) -> bool:
    return actor.holds(*STOCK_KEEPERS, branch_id=branch_id)


def may_serve(actor: Actor, branch_id: int) -> bool:
    """Stand at the counter: order for somebody who came, hand over."""
    return actor.holds(*COUNTER, branch_id=branch_id)


def may_refund(actor: Actor, order: Order) -> bool:
    """Goods are taken back by the clerk or director, never by the buyer's own hand."""
    if actor.depositor_id == order.depositor_id and actor.depositor_id is not None:
        return False
    return actor.holds(Role.CLERK, Role.DIRECTOR, Role.HEAD_OFFICER, branch_id=order.branch_id)


def may_see_shelf(actor: Actor, branch_id: int) -> bool:
    return actor.is_system or actor.branch_id == branch_id or branch_id in actor.branches()


def may_see_order(actor: Actor, order: Order) -> bool:
    return actor.is_system or order.branch_id in actor.branches() or is_of_household(actor, order.depositor)


def may_spend_for(actor: Actor, depositor: Holder, branch_id: int, *, is_grown_up: bool) -> bool:
    """From one's own passbook; from the household's, if one is grown up; at the counter for whoever stands there."""
    if may_serve(actor, branch_id) or depositor.pk == actor.depositor_id:
        return True
    return is_grown_up and is_of_household(actor, depositor)


def is_of_household(actor: Actor, depositor: Holder) -> bool:
    """Whether the depositor is the actor, or the household's own passbook of the actor's family."""
    if actor.depositor_id is None:
        return False
    if depositor.pk == actor.depositor_id:
        return True
    is_shared = depositor.kind == DepositorKind.HOUSEHOLD and depositor.household_id is not None
    return is_shared and depositor.household_id == actor.household_id

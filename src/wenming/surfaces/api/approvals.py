"""The second officer's word on what one alone may not pay."""

from datetime import datetime

from django.utils.translation import gettext_noop as _
from ninja import Field, Router

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.funds import services as funds
from wenming.domain.mall import queries as mall_queries
from wenming.surfaces.api.operations import DIRECTOR, HEAD_OFFICER, Given, Id, Request, Shown, operation

router = Router(tags=["funds"])


class Approved(Given):
    """Nothing is chosen: fund, subject and amount are the order's."""


class ApprovalOut(Shown):
    fund_id: Id
    subject: str
    amount: int = Field(description=_("钱数，单位是分"))
    approved_at: datetime


@operation(
    router,
    "POST",
    "/orders/{order_id}/cost-approval",
    roles=[DIRECTOR, HEAD_OFFICER],
    scopes=["funds:write"],
    says="同意超过资金限额的一笔兑换；交东西要由另一个人办。",
    answer=ApprovalOut,
)
def approve_cost(request: Request, order_id: Id, payload: Approved) -> ApprovalOut:
    """Approve an order whose cost is above its fund's limit; somebody else hands it over."""
    order = mall_queries.order(actor=request.actor, order_id=order_id)
    if order.product.fund_id is None:
        raise NotFound
    approval = funds.approve_draw(
        actor=request.actor,
        fund_id=order.product.fund_id,
        subject=mall_queries.subject_of(order.pk),
        amount=order.cost,
        at=clock.now(),
    )
    return ApprovalOut.model_validate(approval)

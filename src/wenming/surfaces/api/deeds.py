"""Declarations, their reviews, reversals."""

import base64
import io
from datetime import date, datetime
from typing import Any, Literal

from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router

from wenming.core import clock
from wenming.core.errors import WrongInput
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import family
from wenming.surfaces.api.operations import (
    CLERK,
    DIRECTOR,
    EVERYBODY,
    HEAD_OFFICER,
    LANE_CHIEF,
    REVIEWER,
    SUPERVISOR,
    TELLER,
    VILLAGER,
    Day,
    Flag,
    Given,
    Id,
    Page,
    PageOf,
    Ref,
    Request,
    Shown,
    operation,
)

router = Router(tags=["deeds"])
PHOTOS_MOST = 6


class DeclarationOut(Shown):
    id: int
    public_id: str
    branch_id: Id
    depositor_id: Id
    depositor_name: str
    item_id: Id
    item_code: str
    item_title: str
    happened_on: date
    quantity: int
    words: str
    door: str
    status: str
    status_label: str
    revision: int
    points: int | None = Field(description=_("百分之一分"))
    honour: int | None = Field(description=_("百分之一分"))
    why: str = Field(description=_("为什么是这么多分"))
    declared_at: datetime


class Declarations(Shown):
    items: list[DeclarationOut]


class OfferOut(Shown):
    item_id: Id
    code: str
    title: str
    unit: str
    times_left: int | None
    refusal: str


class ReversalOut(Shown):
    id: int
    declaration_id: Id
    status: str
    reason: str


class NewDeclaration(Given):
    door: Literal["self", "other", "lane_chief", "counter", "api"] = "self"
    depositor_ids: list[Ref] = Field(min_length=1, max_length=200)
    item_id: Ref
    happened_on: Day
    quantity: int = Field(1, ge=1, le=100_000, strict=True)
    words: str = Field("", max_length=500)
    photos: list[str] = Field([], max_length=PHOTOS_MOST, description=_("照片，base64"))


class Amendment(Given):
    happened_on: Day
    quantity: int = Field(1, ge=1, le=100_000, strict=True)
    words: str = Field("", max_length=500)
    photos: list[str] = Field([], max_length=PHOTOS_MOST, description=_("新照片，base64"))
    item_id: Ref | None = None


class Nothing(Given):
    """Nothing needs to be said."""


class NewReview(Given):
    decision: Literal["approve", "return", "reject"]
    revision: int = Field(ge=1, strict=True, description=_("看到的是第几稿"))
    reason: str = Field("", max_length=200)


class NewReversal(Given):
    reason: str = Field(min_length=1, max_length=200)


class Confirmation(Given):
    write_off: Flag = Field(False, description=_("积分不够收回时，差额核销"))


def shown(declaration: Any) -> DeclarationOut:
    return DeclarationOut(
        id=declaration.pk,
        public_id=declaration.public_id,
        branch_id=declaration.branch_id,
        depositor_id=declaration.depositor_id,
        depositor_name=declaration.depositor.name,
        item_id=declaration.item_id,
        item_code=declaration.item.code,
        item_title=declaration.item.title,
        happened_on=declaration.happened_on,
        quantity=declaration.quantity,
        words=declaration.words,
        door=declaration.door,
        status=declaration.status,
        status_label=str(deed_queries.Status(declaration.status).label),
        revision=declaration.revision,
        points=declaration.points,
        honour=declaration.honour,
        why=deed_queries.explain(declaration),
        declared_at=declaration.declared_at,
    )


def shown_reversal(reversal: Any) -> ReversalOut:
    return ReversalOut(id=reversal.pk, declaration_id=reversal.declaration_id, status=reversal.status, reason=reversal.reason)


def shown_offer(offer: deed_queries.Offer) -> OfferOut:
    return OfferOut(
        item_id=offer.item.pk,
        code=offer.item.code,
        title=offer.item.title,
        unit=offer.item.unit,
        times_left=offer.times_left,
        refusal=offer.refusal,
    )


def pictures(photos: list[str]) -> list[io.BytesIO]:
    try:
        return [io.BytesIO(base64.b64decode(photo, validate=True)) for photo in photos]
    except ValueError as error:
        raise WrongInput(field="photos") from error


@operation(
    router,
    "GET",
    "/depositors/{depositor_id}/declarable-items",
    roles=EVERYBODY,
    scopes=["deeds:read"],
    says="今天能给一位储户申报哪些事，各还能报几次。",
    answer=Page[OfferOut],
)
def list_declarable_items(
    request: Request,
    depositor_id: Id,
    page_of: Query[PageOf],
    door: Literal["self", "other", "lane_chief", "counter", "api"] = "self",
) -> Page[OfferOut]:
    """What may be declared for a depositor today, and how often still."""
    offers = deed_queries.declarable_items(
        actor=request.actor,
        depositor_id=depositor_id,
        on=clock.local_date(clock.now()),
        door=door,
        after=page_of.position,
        limit=page_of.rows,
    )
    return page_of.of(offers, shown_offer, lambda offer: offer.item.pk)


@operation(
    router,
    "POST",
    "/declarations",
    roles=[VILLAGER, CLERK, TELLER, DIRECTOR, LANE_CHIEF],
    scopes=["deeds:write"],
    says="给一个或几个人申报一件事：给自己、替别人、街巷长代报、柜台录入。",
    answer=Declarations,
    status=201,
)
def declare_deed(request: Request, payload: NewDeclaration) -> Declarations:
    """Declare one deed of one or several: for oneself, for another, as lane chief, at the counter."""
    made = deeds.declare_deed(
        actor=request.actor,
        submission_key=request.submission_key,
        at=clock.now(),
        **payload.model_dump() | {"photos": pictures(payload.photos)},
    )
    return Declarations(items=[shown(declaration) for declaration in made])


@operation(
    router,
    "GET",
    "/declarations",
    roles=EVERYBODY,
    scopes=["deeds:read"],
    says="给一位储户申报过的事，新的在前。",
    answer=Page[DeclarationOut],
)
def list_declarations(request: Request, depositor_id: Id, page_of: Query[PageOf]) -> Page[DeclarationOut]:
    """What was declared for one depositor, newest first."""
    passbook = family.passbook_to_read(actor=request.actor, depositor_id=depositor_id)
    rows = deed_queries.declarations_of(depositor_ids=[passbook.depositor_id], before=page_of.position, limit=page_of.rows)
    return page_of.of(rows, shown, lambda row: row.pk)


@operation(
    router,
    "GET",
    "/declarations/to-review",
    roles=[REVIEWER, DIRECTOR, HEAD_OFFICER],
    scopes=["deeds:review"],
    says="自己分行等审核的申报，早的在前；该回避的不在内。",
    answer=Page[DeclarationOut],
)
def list_declarations_to_review(request: Request, page_of: Query[PageOf], branch_id: Id | None = None) -> Page[DeclarationOut]:
    """The queue of the own branches without what one is barred from, oldest first."""
    rows = deed_queries.declarations_to_review(
        actor=request.actor, branch_id=branch_id, after=page_of.position, limit=page_of.rows
    )
    return page_of.of(rows, shown, lambda row: row.pk)


@operation(
    router,
    "GET",
    "/declarations/{declaration_id}",
    roles=EVERYBODY,
    scopes=["deeds:read"],
    says="一件申报：自己报的、自己的或家里能看的，或自己任职的分行的。",
    answer=DeclarationOut,
)
def read_declaration(request: Request, declaration_id: Id) -> DeclarationOut:
    """One declaration that one declared, that is one's own or one may read at home, or at a branch where one holds an office."""
    return shown(deed_queries.declaration(actor=request.actor, declaration_id=declaration_id))


@operation(
    router,
    "POST",
    "/declarations/{declaration_id}/reviews",
    roles=[REVIEWER, DIRECTOR, HEAD_OFFICER],
    scopes=["deeds:review"],
    says="审核看到的这一稿：通过、退回或不通过；自己、家里人和亲属的不能审。",
    answer=DeclarationOut,
    status=201,
)
def review_declaration(request: Request, declaration_id: Id, payload: NewReview) -> DeclarationOut:
    """Approve, return or reject what one saw; nobody reviews what concerns oneself, one's household or kin."""
    deeds.review_declaration(
        actor=request.actor,
        declaration_id=declaration_id,
        decision=payload.decision,
        reason=payload.reason,
        revision=payload.revision,
        at=clock.now(),
    )
    return shown(deed_queries.declaration(actor=request.actor, declaration_id=declaration_id))


@operation(
    router,
    "POST",
    "/declarations/{declaration_id}/amendments",
    roles=[VILLAGER, CLERK, TELLER, DIRECTOR, LANE_CHIEF],
    scopes=["deeds:write"],
    says="改申报的内容；审核和公示重新开始。",
    answer=DeclarationOut,
    status=201,
)
def amend_declaration(request: Request, declaration_id: Id, payload: Amendment) -> DeclarationOut:
    """Change what was declared; review and notice start anew."""
    changes = payload.model_dump() | {"photos": pictures(payload.photos)}
    return shown(deeds.amend_declaration(actor=request.actor, declaration_id=declaration_id, at=clock.now(), **changes))


@operation(
    router,
    "POST",
    "/declarations/{declaration_id}/withdrawal",
    roles=[VILLAGER, CLERK, TELLER, DIRECTOR, LANE_CHIEF],
    scopes=["deeds:write"],
    says="有结果之前撤回申报。",
    answer=DeclarationOut,
)
def withdraw_declaration(request: Request, declaration_id: Id, payload: Nothing) -> DeclarationOut:
    """Take a declaration back before it is decided."""
    return shown(deeds.withdraw_declaration(actor=request.actor, declaration_id=declaration_id, at=clock.now()))


@operation(
    router,
    "POST",
    "/declarations/{declaration_id}/reversals",
    roles=[CLERK, REVIEWER, DIRECTOR, SUPERVISOR, HEAD_OFFICER],
    scopes=["deeds:reverse"],
    says="提出更正一件已入账的事；要另一位工作人员确认。",
    answer=ReversalOut,
    status=201,
)
def propose_reversal(request: Request, declaration_id: Id, payload: NewReversal) -> ReversalOut:
    """Propose to put a deposited deed right; another officer confirms it."""
    return shown_reversal(
        deeds.propose_reversal(actor=request.actor, declaration_id=declaration_id, reason=payload.reason, at=clock.now())
    )


@operation(
    router,
    "GET",
    "/reversals/to-confirm",
    roles=[DIRECTOR, HEAD_OFFICER],
    scopes=["deeds:reverse"],
    says="别人提出、等我确认的更正，早的在前。",
    answer=Page[ReversalOut],
)
def list_reversals_to_confirm(request: Request, page_of: Query[PageOf]) -> Page[ReversalOut]:
    """The proposals of others that one may confirm, oldest first."""
    rows = deed_queries.reversals_to_confirm(actor=request.actor, after=page_of.position, limit=page_of.rows)
    return page_of.of(rows, shown_reversal, lambda row: row.pk)


@operation(
    router,
    "POST",
    "/reversals/{reversal_id}/confirmation",
    roles=[DIRECTOR, HEAD_OFFICER],
    scopes=["deeds:reverse"],
    says="作为第二个人确认更正：这件事的积分收回。",
    answer=ReversalOut,
)
def confirm_reversal(request: Request, reversal_id: Id, payload: Confirmation) -> ReversalOut:
    """Confirm as the second officer: the deed's points are taken back."""
    return shown_reversal(
        deeds.confirm_reversal(actor=request.actor, reversal_id=reversal_id, write_off=payload.write_off, at=clock.now())
    )

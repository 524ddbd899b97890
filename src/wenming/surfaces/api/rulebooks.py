"""The rules in force, for anyone to read; and whose points go next under them, for officers."""

from datetime import date
from typing import Any, Literal

from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router

from wenming.core import clock
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.surfaces.api.operations import OFFICERS, PUBLIC, Day, Id, Page, PageOf, Request, Shown, operation

router = Router(tags=["rulebooks"])


class RuleItemOut(Shown):
    id: int
    code: str
    category: str
    direction: str
    effect: str
    title: str
    plain: str
    value_kind: str
    points: int = Field(description=_("百分之一分"))
    unit: str
    quantity_max: int
    steps: list[dict[str, Any]]
    classes: dict[str, Any]
    declarers: list[str]
    evidence: list[str]
    reviews_needed: int
    track: str
    notice_workdays: int
    window_days: int
    caps: dict[str, int]


class EditionOut(Shown):
    id: int
    organisation_id: int
    number: int
    in_force_from: date
    in_force_to: date | None
    note: str
    expiry: Literal["never", "after_months", "year_end"]
    expiry_months: int
    carry_percent: int
    expiry_words: str = Field(description=_("积分能用多久，一句话"))


class ExpiryOut(Shown):
    expiry: Literal["never", "after_months", "year_end"]
    expiry_words: str
    since: date | None = Field(description=_("这样算从哪天起"))
    last_day: date | None = Field(description=_("最近一批积分能用到哪天；90 天内没有就是空"))
    people: int
    points: int = Field(description=_("百分之一分"))


class LossOut(Shown):
    depositor_id: Id
    name: str
    passbook_number: str
    points: int = Field(description=_("不用就会到期的积分，百分之一分"))


@operation(
    router,
    "GET",
    "/branches/{branch_id}/editions",
    roles=[PUBLIC],
    scopes=[],
    says="一个分行用过、在用和将用的细则版本，新的在前，各写明积分能用多久。",
    answer=Page[EditionOut],
)
def list_editions(request: Request, branch_id: Id, page_of: Query[PageOf]) -> Page[EditionOut]:
    """The editions that hold, held or will hold at a branch, newest first, each with how long points last."""
    rows = rulebook_queries.editions_page(branch_id=branch_id, before=page_of.position, limit=page_of.rows)
    return page_of.of(rows, _shown_edition, lambda row: row.pk)


@operation(
    router,
    "GET",
    "/branches/{branch_id}/expiry",
    roles=OFFICERS,
    scopes=["passbooks:read"],
    says="一个分行的积分能用多久，照现在看最先到期的是哪天、多少人、多少分。",
    answer=ExpiryOut,
)
def read_expiry(request: Request, branch_id: Id) -> ExpiryOut:
    """How long points last at a branch, and what goes next, of how many people, as things stand."""
    found = rulebook_queries.expiry_outlook(actor=request.actor, branch_id=branch_id, on=clock.local_date(clock.now()))
    return ExpiryOut(
        expiry=found.rule.kind,
        expiry_words=found.rule.words,
        since=found.since,
        last_day=found.last_day,
        people=found.people,
        points=found.points,
    )


@operation(
    router,
    "GET",
    "/branches/{branch_id}/expiry/losses",
    roles=OFFICERS,
    scopes=["passbooks:read"],
    says="那天之前不用就会到期的：谁、多少分。",
    answer=Page[LossOut],
)
def list_expiry_losses(request: Request, branch_id: Id, page_of: Query[PageOf]) -> Page[LossOut]:
    """Who loses how much on that day unless it is used before."""
    rows = rulebook_queries.expiry_losses(
        actor=request.actor,
        branch_id=branch_id,
        on=clock.local_date(clock.now()),
        after=page_of.position,
        limit=page_of.rows,
    )
    return page_of.of(rows, LossOut.model_validate, lambda row: row.passbook_id)


@operation(
    router,
    "GET",
    "/branches/{branch_id}/rule-items",
    roles=[PUBLIC],
    scopes=[],
    says="一个分行今天或某一天执行的条款。",
    answer=Page[RuleItemOut],
)
def list_rule_items(request: Request, branch_id: Id, page_of: Query[PageOf], on: Day | None = None) -> Page[RuleItemOut]:
    """The clauses that hold at a branch today, or on a day."""
    branch = organisation_queries.organisation(organisation_id=branch_id)
    day = on or clock.local_date(clock.now())
    rows = rulebook_queries.items_in_force(branch_id=branch.pk, on=day, after=page_of.position)[: page_of.rows]
    return page_of.of(list(rows), _shown, lambda row: row.pk)


def _shown_edition(edition: Any) -> EditionOut:
    rule = rulebook_queries.rule_of(edition)
    return EditionOut(
        id=edition.pk,
        organisation_id=edition.rule_book.organisation_id,
        number=edition.number,
        in_force_from=edition.in_force_from,
        in_force_to=edition.in_force_to,
        note=edition.adopted_note,
        expiry=rule.kind,
        expiry_months=rule.months,
        carry_percent=rule.carry_percent,
        expiry_words=rule.words,
    )


def _shown(item: Any) -> RuleItemOut:
    plain = {name: getattr(item, name) for name in RuleItemOut.model_fields if name not in ("id", "caps")}
    return RuleItemOut(id=item.pk, caps=dict(rulebook_queries.terms_of(item).caps), **plain)

"""The rules in force, for anyone to read."""

from typing import Any

from ninja import Field, Query, Router, Schema

from wenming.core import clock
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.surfaces.api.operations import PUBLIC, Day, Id, Page, PageOf, Request, operation

router = Router(tags=["rulebooks"])


class RuleItemOut(Schema):
    id: int
    code: str
    category: str
    direction: str
    effect: str
    title: str
    plain: str
    value_kind: str
    points: int = Field(description="百分之一分")
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


@operation(router, "GET", "/branches/{branch_id}/rule-items", roles=[PUBLIC], scopes=[], answer=Page[RuleItemOut])
def list_rule_items(request: Request, branch_id: Id, page_of: Query[PageOf], on: Day | None = None) -> Page[RuleItemOut]:
    """The clauses that hold at a branch today, or on a day."""
    branch = organisation_queries.organisation(organisation_id=branch_id)
    day = on or clock.local_date(clock.now())
    rows = rulebook_queries.items_in_force(branch_id=branch.pk, on=day, after=page_of.position)[: page_of.rows]
    return page_of.of(list(rows), _shown, lambda row: row.pk)


def _shown(item: Any) -> RuleItemOut:
    plain = {name: getattr(item, name) for name in RuleItemOut.model_fields if name not in ("id", "caps")}
    return RuleItemOut(id=item.pk, caps=dict(rulebook_queries.terms_of(item).caps), **plain)

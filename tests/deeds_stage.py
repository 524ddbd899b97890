"""Willow Creek with a rule book: what the tests of rules, deeds and notices stand on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from PIL import Image

from tests import village as sample
from tests.copies import kept
from tests.village import Village
from wenming.core import clock
from wenming.core.actor import Actor, system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.queries import Door
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.notices import queries as notices
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks import services as books
from wenming.domain.rulebooks.services import ItemDraft

THURSDAY = datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)
EVERYWHERE = ("self", "other", "lane_chief", "counter", "sheet", "activity")


def clause(code: str, title: str, points: int = 300, **more: object) -> ItemDraft:
    """A clause that asks for nothing unless told so."""
    given: dict[str, object] = {"declarers": EVERYWHERE, "evidence": ("none",), "category": "volunteering", **more}
    return ItemDraft(code=code, title=title, points=points, **given)  # type: ignore[arg-type]


CLAUSES = (
    clause("1.1", "捡拾垃圾", 200, caps={"person_times_month": 3}),
    clause("1.2", "大扫除", 300, track="post_first"),
    clause("1.3", "志愿服务", 100, value_kind="per_unit", unit="小时", quantity_max=8, caps={"person_points_month": 1000}),
    clause("1.4", "见义勇为", 5000, reviews_needed=2, notice_workdays=7, window_days=180),
    clause("1.5", "街巷巡查", 300, classes={"lane_chief": {}}),
    clause("1.6", "修路灯", 800, evidence=("photo",)),
    clause("1.7", "调解", 500, evidence=("document", "witness"), declarers=("self", "counter")),
    clause("2.1", "门前三包", 100, credits_household=True, caps={"household_times_month": 2}),
    clause("2.2", "只给荣誉", 1000, effect="honour"),
    clause(
        "2.91", "门前杂物不清", 200, direction="demerit", effect="points", demerit_kind="yard", repair="清干净。",
        classes={"villager": {}}, category="customs",
    ),
)  # fmt: skip


@kept
def build(at: datetime, *, demerits_vote: str = "2026年1月村民代表会议通过") -> Village:
    """The village with these clauses in force since the start of the year before."""
    village = sample.build(at)
    books.adopt_edition(
        actor=system("shell"),
        organisation_id=village.head_bank_id,
        items=CLAUSES,
        in_force_from=date(at.year - 1, 1, 1),
        at=at,
        demerits_vote=demerits_vote,
    )
    for one in rulebooks.items_in_force(branch_id=village.branch_id, on=at.date()):
        village.items[one.code] = one.pk
    return village


def photo(colour: str = "red") -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    file.seek(0)
    return file


def declare(
    village: Village,
    name: str = "王秀梅",
    code: str = "1.1",
    *,
    at: datetime,
    actor: Actor | None = None,
    door: str = Door.COUNTER,
    key: str = "",
    on: date | None = None,
    quantity: int = 1,
    words: str = "",
    photos: Sequence[io.BytesIO] = (),
) -> deed_queries.Declaration:
    """One declaration at the counter unless told otherwise."""
    made = deeds.declare_deed(
        actor=actor or village.officer("teller", at=at),
        door=door,
        depositor_ids=[village.person(name)],
        item_id=village.items[code],
        happened_on=on or at.date(),
        quantity=quantity,
        words=words,
        photos=photos,
        submission_key=key or f"{name}-{code}-{on}-{quantity}-{words}-{at.isoformat()}",
        at=at,
    )
    return made[0]


def review(
    village: Village, declaration: deed_queries.Declaration, *, at: datetime, by: str = "reviewer", decision: str = "approve"
) -> deed_queries.Declaration:
    return deeds.review_declaration(
        actor=village.officer(by, at=at),
        declaration_id=declaration.pk,
        decision=decision,
        reason="" if decision == "approve" else "请补照片",
        revision=declaration.revision,
        at=at,
    )


def publish(village: Village, *, at: datetime) -> notices.Notice:
    return deeds.publish_notice(actor=village.officer("clerk", at=at), branch_id=village.branch_id, at=at)


def line_of(declaration: deed_queries.Declaration) -> int:
    found = deed_queries.declaration(actor=system(), declaration_id=declaration.pk).notice_line_id
    assert found is not None
    return found


def now(declaration: deed_queries.Declaration) -> deed_queries.Declaration:
    """The declaration as it stands in the store."""
    return deed_queries.declaration(actor=system(), declaration_id=declaration.pk)


def points_of(village: Village, name: str) -> int:
    return ledger.balance(depositors.passbook_of(depositor_id=village.person(name)).points_account_id)


def honour_of(village: Village, name: str) -> int:
    return ledger.balance(depositors.passbook_of(depositor_id=village.person(name)).honour_account_id)


def later(at: datetime, days: int) -> datetime:
    return at + timedelta(days=days)

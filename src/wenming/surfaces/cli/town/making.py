"""Makes the demo town from nothing: structure, people, rules, goods, the years that passed, and the work that waits now."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wenming.core import chance, clock
from wenming.core.actor import system
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import services as rulebooks
from wenming.domain.rulebooks.expiry import NEVER
from wenming.surfaces.cli import building
from wenming.surfaces.cli.town import enrolment, goods, history, officers, present, structure
from wenming.surfaces.cli.town.people import Family, Roll
from wenming.surfaces.cli.town.progress import Progress

SEED = 20180101
UPTO = {"found": 0.01, "enrolled": 0.12, "past": 0.96}


def make(*, scale: str, at: datetime, progress: Progress, seed: int = SEED) -> dict[str, Any]:
    """Build the whole town in the present store; the card of what was made. The same seed makes the same town."""
    with chance.seeded(seed):
        source = random.Random(seed)
        return _make(structure.SCALES[scale], scale, at, progress, source)


def _make(size: structure.Scale, scale: str, at: datetime, progress: Progress, source: random.Random) -> dict[str, Any]:
    actor = system(door="demo")
    opening = clock.day_start(date(size.first_year, 1, 1)) + timedelta(hours=9)
    progress.show(0.005, _("建机构"))
    town = structure.found(actor=actor, source=source, scale=size, at=opening)
    roll = Roll(source, size.first_year, size.last_year)
    rolls: dict[int, list[Family]] = {}
    for branch in town.branches:
        part = UPTO["found"] + (UPTO["enrolled"] - UPTO["found"]) * branch.number / size.branches
        progress.show(part, format_lazy(_("{branch}开户"), branch=branch.name))
        rolls[branch.number] = roll.families(number=branch.number, villages=branch.villages, counts=branch.counts)
        first = [family for family in rolls[branch.number] if family.joined_in == size.first_year]
        enrolment.enrol(actor=actor, branch_id=branch.id, families=first, at=opening)
    head = officers.appoint(actor=actor, town=town, rolls=rolls, at=opening)
    rulebooks.adopt_edition(
        actor=actor,
        organisation_id=town.head_bank_id,
        items=rulebooks.starter_items(),
        in_force_from=date(size.first_year, 1, 1),
        at=opening,
        note="镇人大主席团会议通过，各村村民代表会议表决同意。",
        rule=NEVER,
    )
    shelf = goods.stock_up(actor=actor, town=town, at=opening)
    stars = frozenset(family.number for family in officers.villagers(rolls[1], size.last_year))
    past = history.Past(actor=actor, source=source, town=town, rolls=rolls, shelf=shelf, stars=stars)
    width = UPTO["past"] - UPTO["enrolled"]
    with building.postponed_indexes("deeds_declaration", keep=("declaration_by_day",)):
        past.live(lambda part, month: progress.show(UPTO["enrolled"] + width * part, month))
    progress.show(UPTO["past"], _("今天的待办"))
    logins = officers.open_doors(actor=actor, town=town, head=head, rolls=rolls, at=at - timedelta(days=60))
    present.arrange(source=source, town=town, head=head, families=rolls[1], shelf=shelf, at=at)
    ledger.seal(book_id=organisations.book_of(branch_id=town.head_bank_id), at=at)
    return {"scale": scale, "seed": SEED, "password": officers.PASSWORD, "logins": logins, "branch": town.branches[0].code}

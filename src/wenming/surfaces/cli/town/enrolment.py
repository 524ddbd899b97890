"""Enrols the planned families of a branch, one wave a year, and reads back who may be drawn for deeds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as enrolling
from wenming.surfaces.cli.town.choices import Saver
from wenming.surfaces.cli.town.people import Family

STAR = 9.0


def enrol(*, actor: Actor, branch_id: int, families: Sequence[Family], at: datetime) -> None:
    """Enrol one wave, all at once."""
    joined_on = clock.local_date(at)
    rows = [
        depositors.EnrolRow(
            household_number=family.number,
            name=member.name,
            is_head=member.is_head,
            kind=member.kind,
            lane=family.lane,
            village_code=family.village,
            resident_count=family.resident_count if family.number else None,
            sex=member.sex,
            born_on=member.born_on,
            phone=member.phone,
            classes=member.classes,
            guardian=member.guardian,
            joined_on=joined_on,
        )
        for family in families
        for member in family.members
    ]
    if rows:
        enrolling.enrol_many(actor=actor, branch_id=branch_id, rows=rows, at=at)


def savers(*, source: random.Random, sheet: deeds.Reckoner, on: date, stars: frozenset[str] = frozenset()) -> list[Saver]:
    """The depositors on a branch's roll, each with how active one is: a few do much, most do something.

    The households of the numbers in `stars` do most: those whom the demo shows.
    """
    return [
        Saver(
            id=pk,
            household=entry.household_id or -pk,
            account=entry.points_account_id,
            classes=sheet.classes.on(pk, on),
            joined_on=entry.joined_on,
            weight=source.lognormvariate(0, 0.7) + (STAR if entry.household_number in stars else 0),
            kind=entry.kind,
        )
        for pk, entry in sheet.roll.entries.items()
        if entry.kind != "household"
    ]

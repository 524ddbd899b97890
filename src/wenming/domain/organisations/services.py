"""Writes of the organisations room: regions, banks and branches, the villages they serve.

Offices and their terms stand in `offices.py`; all are called from here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from wenming.core import audit, clock
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, WrongInput, require
from wenming.core.transactions import service
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import policies, queries
from wenming.domain.organisations.models import Appointment, Organisation, Region, Role, ServiceArea
from wenming.domain.organisations.offices import (
    CodeFromAbove,
    LastHeadOfficer,
    NeverLoggedIn,
    NewOfficer,
    OfficeHeld,
    OfficersAreKin,
    OfficeWaits,
    OwnOffice,
    ProposerLeft,
    SecondOfficerNeeded,
    WrongOffice,
    appoint_officer,
    confirm_appointment,
    create_officer,
    drop_proposal,
    end_appointment,
    end_offices,
    plain_words,
    propose_appointment,
    reissue_activation,
)
from wenming.locale.packs import PACKS

__all__ = [
    "Appointment",
    "CodeFromAbove",
    "LastHeadOfficer",
    "NeverLoggedIn",
    "NewOfficer",
    "OfficeHeld",
    "OfficeWaits",
    "OfficersAreKin",
    "OwnOffice",
    "ProposerLeft",
    "SecondOfficerNeeded",
    "WrongOffice",
    "appoint_officer",
    "confirm_appointment",
    "create_officer",
    "drop_proposal",
    "end_appointment",
    "end_offices",
    "propose_appointment",
    "reissue_activation",
]
CODE = re.compile(r"[A-Z0-9]{2,12}")
LEVELS = frozenset({"province", "city", "county", "town", "village"})


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One place of the statistical codes, as a file brings it."""

    code: str
    name: str
    level: str
    parent_code: str
    valid_from: date
    valid_to: date | None = None


class CodeTaken(Refusal):
    code, message, status = "organisations.code_taken", _("代码 {code} 已经用了，请换一个。"), 409


class VillageServed(Refusal):
    code, message, status = "organisations.village_served", _("{name}已经由别的分行服务，要先从那边撤下来。"), 409


class UnknownVillage(Refusal):
    code, message = "organisations.unknown_village", _("没有代码是 {code} 的村，请看看 12 位区划代码。")


def _code(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if not CODE.fullmatch(plain):
        raise WrongInput(field="code", message=_("代码用 2 到 12 位数字或大写字母，例如 LC07。"))
    if Organisation.objects.filter(code=plain).exists():
        raise CodeTaken(field="code", code=plain)
    return plain


@service
def choose_word_pack(*, actor: Actor, head_bank_id: int, pack: str, at: datetime) -> Organisation:
    """Say by which words a head bank and its branches go, on screens, on the wall and in print. Empty: 文明银行."""
    bank = Organisation.objects.select_for_update().filter(pk=head_bank_id).first()
    if bank is None:
        raise NotFound
    require(policies.may_choose_words(actor, bank))
    if pack and pack not in PACKS:
        raise WrongInput(field="pack")
    before, bank.word_pack = bank.word_pack, pack
    bank.save(update_fields=["word_pack"])
    audit.record(
        actor=actor,
        act="organisations.words_chosen",
        subject=f"organisation:{bank.pk}",
        facts={"before": before, "after": pack},
        at=at,
    )
    return bank


@service
def add_regions(*, rows: Sequence[RegionRow]) -> int:
    """Add places by their 12-digit codes; a code that is there from the same day is left as it is. Says how many are new."""
    for row in rows:
        if not re.fullmatch(r"\d{12}", row.code) or row.level not in LEVELS:
            raise WrongInput(field="code", message=_("区划代码要 12 位数字。"))
        plain_words(row.name, "name")
    present: set[tuple[str, date]] = set()
    codes = [row.code for row in rows]
    for start in range(0, len(codes), 500):
        present.update(Region.objects.filter(code__in=codes[start : start + 500]).values_list("code", "valid_from"))
    new = [
        Region(
            code=row.code,
            name=row.name.strip(),
            level=row.level,
            parent_code=row.parent_code,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
        if (row.code, row.valid_from) not in present
    ]
    Region.objects.bulk_create(new, batch_size=2000)
    return len(new)


@service
def open_county(*, actor: Actor, code: str, name: str, at: datetime, opened_on: date | None = None) -> Organisation:
    """Open a county above the head banks. Only the operator's shell may."""
    require(actor.is_system)
    return _open(actor, Organisation.Kind.COUNTY, code, name, at, opened_on, None)


@service
def open_head_bank(
    *, actor: Actor, code: str, name: str, at: datetime, county_id: int | None = None, opened_on: date | None = None
) -> Organisation:
    """Open a town's head bank together with its book. Only the operator's shell may."""
    require(actor.is_system)
    county = queries.organisation(organisation_id=county_id) if county_id is not None else None
    if county is not None and county.kind != Organisation.Kind.COUNTY:
        raise NotFound(field="county_id")
    return _open(actor, Organisation.Kind.HEAD_BANK, code, name, at, opened_on, county)


@service
def open_branch(
    *,
    actor: Actor,
    head_bank_id: int,
    code: str,
    name: str,
    village_codes: Sequence[str],
    at: datetime,
    opened_on: date | None = None,
) -> Organisation:
    """Open a branch for some villages, or for none. Refuses a village that another branch serves."""
    head_bank = queries.organisation(organisation_id=head_bank_id)
    if head_bank.kind != Organisation.Kind.HEAD_BANK:
        raise NotFound(field="head_bank_id")
    require(policies.may_open_branch(actor, head_bank))
    branch = _open(actor, Organisation.Kind.BRANCH, code, name, at, opened_on, head_bank)
    _serve(branch, village_codes, branch.opened_on)
    return branch


def _open(
    actor: Actor, kind: str, code: str, name: str, at: datetime, opened_on: date | None, parent: Organisation | None
) -> Organisation:
    code = _code(code)
    opened = Organisation.objects.create(
        code=code,
        kind=kind,
        name=plain_words(name, "name"),
        parent=parent,
        book_id=ledger.open_book(code=code, at=at).pk if kind == Organisation.Kind.HEAD_BANK else None,
        opened_on=opened_on or clock.local_date(at),
    )
    audit.record(
        actor=actor, act=f"organisations.{kind}_opened", subject=f"organisation:{opened.pk}", at=at, organisation_id=opened.pk
    )
    return opened


def _serve(branch: Organisation, village_codes: Sequence[str], on: date) -> None:
    regions = queries.regions_by_code(codes=village_codes, on=on)
    for code in village_codes:
        if code not in regions or regions[code].level != "village":
            raise UnknownVillage(field="village_codes", code=code)
    served = ServiceArea.objects.filter(region__in=regions.values(), valid_to__isnull=True).select_related("region").first()
    if served is not None:
        raise VillageServed(field="village_codes", name=served.region.name)
    ServiceArea.objects.bulk_create(
        ServiceArea(branch=branch, region=regions[code], valid_from=on) for code in dict.fromkeys(village_codes)
    )


@service
def serve_villages(*, actor: Actor, branch_id: int, village_codes: Sequence[str], on: date, at: datetime) -> None:
    """Set which villages a branch serves from a day on: those not named are given up, new ones are taken."""
    branch = queries.organisation(organisation_id=branch_id)
    require(actor.holds(Role.HEAD_OFFICER, branch_id=branch_id))
    areas = ServiceArea.objects.filter(branch_id=branch_id, valid_to__isnull=True).select_related("region")
    kept = {area.region.code for area in areas if area.region.code in village_codes}
    areas.exclude(region__code__in=kept).update(valid_to=on)
    _serve(branch, [code for code in village_codes if code not in kept], on)
    audit.record(
        actor=actor,
        act="organisations.villages_set",
        subject=f"organisation:{branch_id}",
        at=at,
        organisation_id=branch_id,
        facts={"villages": list(village_codes)},
    )

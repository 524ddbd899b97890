"""Enrolment in bulk: a whole roll in a handful of statements. One person at the counter goes the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from wenming.core import audit, bulk, chance, clock, vault
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.depositors import facts, pinyin, policies, queries
from wenming.domain.depositors.facts import EnrolRow
from wenming.domain.depositors.models import (
    ClassMembership,
    Depositor,
    DepositorKind,
    Household,
    Passbook,
    Series,
    VaultRecord,
)
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations.queries import Kind as OrganisationKind


class IdNumberTaken(Refusal):
    code, message, status = "depositors.id_number_taken", _("这个身份证号已经开过户。"), 409
    field = "id_number"


class HeadTaken(Refusal):
    code, message = "depositors.head_taken", _("这一户已经有户主了，一户只能有一个。")
    field = "is_head"


class HouseholdMissing(Refusal):
    code, message, field = "depositors.household_missing", _("家庭存折要写户号。"), "household_number"


class HouseholdClosed(Refusal):
    code, message, field = "depositors.household_closed", _("这个户号已经销了，请另用一个。"), "household_number"


class VillageElsewhere(Refusal):
    code, message = "depositors.village_elsewhere", _("这个村不归{branch}服务。")
    field = "village_code"


class BranchClosed(Refusal):
    code, message, status = "depositors.branch_closed", _("这个分行已经停办了。"), 409


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row of a roll; `row` counts from 0."""

    row: int
    refusal: Refusal


def check_rows(*, branch_id: int, rows: Sequence[EnrolRow], on: date) -> tuple[list[EnrolRow | None], list[RowFault]]:
    """The rows in normal form (None where refused) and every fault, also those between rows and with the roll."""
    cleaned: list[EnrolRow | None] = []
    faults: list[RowFault] = []
    for number, row in enumerate(rows):
        try:
            cleaned.append(facts.clean_row(row, on))
        except Refusal as refusal:
            cleaned.append(None)
            faults.append(RowFault(number, refusal))
    faults += _between(branch_id, cleaned, on)
    for fault in faults:
        cleaned[fault.row] = None
    return cleaned, sorted(faults, key=lambda fault: fault.row)


def _between(branch_id: int, rows: Sequence[EnrolRow | None], on: date) -> list[RowFault]:
    """Faults that one row alone does not show: an ID number twice, a second head, a village of another branch."""
    villages = {village.code for village in organisations.villages_of(branch_id=branch_id)}
    numbers = list({row.household_number for row in rows if row and row.household_number})
    homes = _present(branch_id, numbers)
    headed = {home.number for home in homes if home.head_id is not None}
    closed = {home.number for home in homes if home.closed_on is not None}
    taken = set(queries.ids_by_id_number(id_numbers=[row.id_number for row in rows if row]))
    found: list[RowFault] = []
    for number, row in enumerate(rows):
        if row is None:
            continue
        refusal: Refusal | None = None
        if row.kind == DepositorKind.HOUSEHOLD and not row.household_number:
            refusal = HouseholdMissing()
        elif row.household_number in closed:
            refusal = HouseholdClosed()
        elif row.village_code and row.village_code not in villages:
            refusal = VillageElsewhere(branch=organisations.organisation(organisation_id=branch_id).name)
        elif row.id_number and row.id_number in taken:
            refusal = IdNumberTaken()
        elif row.is_head and row.household_number and row.household_number in headed:
            refusal = HeadTaken()
        if refusal is not None:
            found.append(RowFault(number, refusal))
            continue
        taken.add(row.id_number)
        if row.is_head:
            headed.add(row.household_number)
    return found


def _present(branch_id: int, numbers: Sequence[str]) -> list[Household]:
    found: list[Household] = []
    for start in range(0, len(numbers), queries.CHUNK):
        found += Household.objects.filter(branch_id=branch_id, number__in=numbers[start : start + queries.CHUNK])
    return found


@service
def enrol_many(*, actor: Actor, branch_id: int, rows: Sequence[EnrolRow], at: datetime) -> list[Depositor]:
    """Enrol a whole roll: households, depositors, classes, vault, passbooks, accounts. One bad row refuses all of it.

    A row whose household number is known joins that household; a person's row without a number starts a household of
    its own. A new household without a marked head is headed by its first grown-up.
    """
    require(policies.may_enrol(actor, branch_id))
    branch = organisations.organisation(organisation_id=branch_id)
    if branch.kind != OrganisationKind.BRANCH:
        raise NotFound(field="branch_id")
    if branch.closed_on is not None:
        raise BranchClosed
    series = Series.objects.select_for_update().filter(branch_id=branch_id).first()
    if series is None:
        Series.objects.get_or_create(branch_id=branch_id)
        series = Series.objects.select_for_update().get(branch_id=branch_id)
    on = clock.local_date(at)
    cleaned, faults = check_rows(branch_id=branch_id, rows=rows, on=on)
    if faults:
        raise faults[0].refusal
    whole = [row for row in cleaned if row is not None]
    if not whole:
        return []
    homes = _households(branch_id, branch.code, whole, series, on)
    failpoint("depositors.households_written")
    people = _depositors(branch_id, whole, homes, at)
    _classes(people, whole)
    _vault(people, whole)
    failpoint("depositors.people_written")
    _passbooks(branch_id, branch.code, people, series, at)
    failpoint("depositors.passbooks_written")
    series.save()
    _heads(people, whole, homes)
    failpoint("depositors.heads_chosen")
    audit.record(
        actor=actor,
        act="depositors.enrolled",
        subject=f"depositor:{people[0].pk}" if len(people) == 1 else f"organisation:{branch_id}",
        at=at,
        organisation_id=branch_id,
        facts={"count": len(people), "first": people[0].pk, "last": people[-1].pk},
    )
    return people


def _households(branch_id: int, code: str, rows: Sequence[EnrolRow], series: Series, on: date) -> list[Household | None]:
    """For each row its household, made where the number is new; rows without a number get a running one."""
    numbers = [row.household_number for row in rows]
    known = {home.number: home for home in _present(branch_id, list({number for number in numbers if number}))}
    sizes: dict[str, int] = {}
    for place, row in enumerate(rows):
        if not numbers[place] and row.kind == DepositorKind.PERSON:
            numbers[place] = _next_number(branch_id, code, series)
        sizes[numbers[place]] = sizes.get(numbers[place], 0) + (row.kind == DepositorKind.PERSON)
    villages = organisations.villages_of(branch_id=branch_id)
    only = villages[0].code if len(villages) == 1 else ""
    new: dict[str, Household] = {}
    for number, row in zip(numbers, rows, strict=True):
        if not number or number in known:
            continue
        home = new.setdefault(
            number,
            Household(
                branch_id=branch_id,
                number=number,
                opened_on=row.joined_on or on,
                village_code=only,
                resident_count=sizes[number] or 1,
            ),
        )
        home.lane = home.lane or row.lane
        home.village_code = row.village_code or home.village_code
        home.resident_count = row.resident_count or home.resident_count
    bulk.create(list(new.values()))
    known |= new
    return [known.get(number) for number in numbers]


def _next_number(branch_id: int, code: str, series: Series) -> str:
    """The next running household number that no clerk has used before."""
    while True:
        series.last_household += 1
        number = f"{code}-{series.last_household:04d}"
        if not Household.objects.filter(branch_id=branch_id, number=number).exists():
            return number


def _depositors(branch_id: int, rows: Sequence[EnrolRow], homes: Sequence[Household | None], at: datetime) -> list[Depositor]:
    on = clock.local_date(at)
    people = []
    for row, home in zip(rows, homes, strict=True):
        full, initials = pinyin.of_name(row.name, row.kind in (DepositorKind.PERSON, DepositorKind.HOUSEHOLD))
        people.append(
            Depositor(
                public_id=chance.public_id(),
                branch_id=branch_id,
                kind=row.kind,
                household=home,
                name=row.name,
                pinyin=full[:160],
                initials=initials[:40],
                sex=row.sex,
                born_on=row.born_on,
                guardian=row.guardian,
                guardian_consent_on=on if row.guardian else None,
                joined_on=row.joined_on or on,
                status_at=at,
            )
        )
    bulk.create(people)
    return people


def _classes(people: Sequence[Depositor], rows: Sequence[EnrolRow]) -> None:
    """Only what does not follow from the depositor's nature is written down."""
    held = [(person.pk, name, person.joined_on) for person, row in zip(people, rows, strict=True) for name in row.classes]
    bulk.insert(ClassMembership, ("depositor", "identity_class", "valid_from"), held)


def _vault(people: Sequence[Depositor], rows: Sequence[EnrolRow]) -> None:
    bulk.create(
        [
            sealed(person.pk, row.id_number, row.phone)
            for person, row in zip(people, rows, strict=True)
            if row.id_number or row.phone
        ]
    )


def sealed(depositor_id: int, id_number: str, phone: str) -> VaultRecord:
    """A vault record under a key of its own; nothing is saved yet."""
    key = vault.new_key()
    return VaultRecord(
        depositor_id=depositor_id,
        wrapped_key=key,
        id_number=vault.encrypt(key, "id_number", id_number) if id_number else None,
        id_digest=vault.digest("id_number", id_number) if id_number else None,
        phone=vault.encrypt(key, "phone", phone) if phone else None,
        phone_digest=vault.digest("phone", phone) if phone else None,
    )


def _passbooks(branch_id: int, code: str, people: Sequence[Depositor], series: Series, at: datetime) -> None:
    book_id = organisations.book_of(branch_id=branch_id)
    points = ledger.open_accounts(book_id=book_id, unit=ledger.Unit.POINTS, count=len(people), at=at)
    honour = ledger.open_accounts(book_id=book_id, unit=ledger.Unit.HONOUR, count=len(people), at=at)
    first = series.last_passbook + 1
    codes = chance.public_ids(len(people))
    books = [
        (person.pk, branch_id, f"{code}P{serial:05d}", card_code, points_id, honour_id, person.joined_on)
        for serial, (person, card_code, points_id, honour_id) in enumerate(zip(people, codes, points, honour, strict=True), first)
    ]
    series.last_passbook += len(people)
    columns = ("depositor", "branch", "number", "card_code", "points_account", "honour_account", "opened_on")
    bulk.insert(Passbook, columns, books)


def _heads(people: Sequence[Depositor], rows: Sequence[EnrolRow], homes: Sequence[Household | None]) -> None:
    """Give every household without a head the one who is marked, else its first grown-up, else its first person."""
    chosen: dict[int, tuple[int, Depositor]] = {}
    for person, row, home in zip(people, rows, homes, strict=True):
        if home is None or home.head_id is not None or person.kind != DepositorKind.PERSON:
            continue
        rank = 0 if row.is_head else 1 if not facts.is_minor(person.born_on, person.joined_on) else 2
        if home.pk not in chosen or rank < chosen[home.pk][0]:
            chosen[home.pk] = (rank, person)
    pairs = [(home_id, person.pk) for home_id, (_rank, person) in chosen.items()]
    for start in range(0, len(pairs), queries.CHUNK):
        part = pairs[start : start + queries.CHUNK]
        head = Depositor.objects.filter(household_id=OuterRef("pk"), pk__in=[person for _home, person in part])
        Household.objects.filter(pk__in=[home for home, _person in part]).update(head=Subquery(head.values("pk")[:1]))
    for home in homes:
        if home is not None and home.pk in chosen:
            home.head = chosen[home.pk][1]

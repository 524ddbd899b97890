"""Writes of the depositors' room: enrolment, classes, kin, corrections, log-in, reading of encrypted facts.

Households stand in `households.py`, erasure in `erasure.py`, enrolment in bulk in `enrolment.py`; all are called from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wenming.core import audit, clock, vault
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, WrongInput, require
from wenming.core.transactions import service
from wenming.domain.depositors import facts, pinyin, policies, queries
from wenming.domain.depositors.enrolment import IdNumberTaken, RowFault, check_rows, enrol_many, sealed
from wenming.domain.depositors.erasure import erase_depositor, erasure_list, finish_erasures, replay_erasures
from wenming.domain.depositors.facts import EnrolRow, PersonFacts
from wenming.domain.depositors.households import (
    change_head,
    change_household,
    merge_households,
    move_depositor_back,
    move_depositor_out,
    move_member,
    record_death,
    split_household,
)
from wenming.domain.depositors.models import (
    ClassMembership,
    Depositor,
    DepositorKind,
    Household,
    IdentityClass,
    Kinship,
    Reveal,
    RevealPurpose,
    VaultRecord,
)
from wenming.domain.depositors.pairs import OutOfOffice, PairIsKin, check_pair, confirm_appointment
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations.services import CodeFromAbove

__all__ = [
    "CodeFromAbove",
    "EnrolRow",
    "OutOfOffice",
    "PairIsKin",
    "PersonFacts",
    "RowFault",
    "change_head",
    "change_household",
    "check_pair",
    "check_rows",
    "confirm_appointment",
    "enrol_many",
    "erase_depositor",
    "erasure_list",
    "finish_erasures",
    "merge_households",
    "move_depositor_back",
    "move_depositor_out",
    "move_member",
    "record_death",
    "replay_erasures",
    "split_household",
]
REVEALS_A_DAY = 200


class AlreadyKin(Refusal):
    code, message, status = "depositors.already_kin", _("这两个人的亲属关系已经登记过。"), 409


class NothingKept(Refusal):
    code, message, status = "depositors.nothing_kept", _("这一项没有登记过。"), 404


class TooManyReveals(Refusal):
    code, message, status = "depositors.too_many_reveals", _("今天看的次数太多了，明天再看，或请行长来办。"), 429


def _theirs(actor: Actor, depositor_id: int) -> Depositor:
    """The depositor, locked, if the actor may change people of that branch; else not found."""
    found = Depositor.objects.select_for_update().filter(policies.visible(actor), pk=depositor_id).first()
    if found is None or found.status == Depositor.Status.ERASED:
        raise NotFound
    require(policies.may_enrol(actor, found.branch_id))
    return found


def _record(actor: Actor, act: str, person: Depositor, at: datetime, **more: object) -> None:
    audit.record(
        actor=actor,
        act=f"depositors.{act}",
        subject=f"depositor:{person.pk}",
        at=at,
        organisation_id=person.branch_id,
        facts=more,
    )


def _row(person: PersonFacts, **more: object) -> EnrolRow:
    return EnrolRow(
        name=person.name,
        sex=person.sex,
        born_on=person.born_on,
        id_number=person.id_number,
        phone=person.phone,
        classes=tuple(person.classes),
        guardian=person.guardian,
        **more,  # type: ignore[arg-type]
    )


@service
def enrol_household(
    *,
    actor: Actor,
    branch_id: int,
    number: str,
    head: PersonFacts,
    members: Sequence[PersonFacts],
    at: datetime,
    lane: str = "",
    village_code: str = "",
    resident_count: int | None = None,
    joined_on: date | None = None,
) -> Household:
    """Enrol a new household with its head and members; each person gets a passbook. An empty number is filled in."""
    first = _row(
        head,
        household_number=number,
        is_head=True,
        lane=lane,
        village_code=village_code,
        resident_count=resident_count or 1 + len(members),
        joined_on=joined_on,
    )
    if number and queries.household_by_number(branch_id=branch_id, number=facts.clean_number(number)) is not None:
        raise WrongInput(field="number", message=_("这个户号已经用了，请换一个，或把人加到这一户里。"), status=409)
    started = enrol_many(actor=actor, branch_id=branch_id, rows=[first], at=at)[0]
    assert started.household is not None
    home = started.household
    rest = [_row(member, household_number=home.number, joined_on=joined_on) for member in members]
    enrol_many(actor=actor, branch_id=branch_id, rows=rest, at=at)
    return home


@service
def enrol_depositor(
    *,
    actor: Actor,
    branch_id: int,
    kind: str,
    facts: PersonFacts,
    at: datetime,
    household_id: int | None = None,
    joined_on: date | None = None,
) -> Depositor:
    """Enrol one person, household passbook, unit or collective, with a passbook and its two accounts."""
    number = ""
    if household_id is not None:
        home = Household.objects.filter(pk=household_id, branch_id=branch_id, closed_on__isnull=True).first()
        if home is None:
            raise NotFound(field="household_id")
        number = home.number
    row = _row(facts, kind=kind, household_number=number, joined_on=joined_on)
    return enrol_many(actor=actor, branch_id=branch_id, rows=[row], at=at)[0]


@service
def correct_depositor(
    *,
    actor: Actor,
    depositor_id: int,
    at: datetime,
    name: str | None = None,
    sex: str | None = None,
    born_on: date | None = None,
    id_number: str | None = None,
    phone: str | None = None,
    guardian: str | None = None,
) -> Depositor:
    """Put facts right; what is None stays. A new phone number replaces the old one as log-in name too."""
    person = _theirs(actor, depositor_id)
    old = {field: _kept(depositor_id, field) for field in ("id_number", "phone")}
    row = facts.clean_row(
        EnrolRow(
            kind=person.kind,
            name=person.name if name is None else name,
            sex=person.sex if sex is None else sex,
            born_on=born_on if born_on is not None else None if id_number else person.born_on,
            id_number=old["id_number"] if id_number is None else id_number,
            phone=old["phone"] if phone is None else phone,
            guardian=person.guardian if guardian is None else guardian,
        ),
        clock.local_date(at),
    )
    holder = queries.ids_by_id_number(id_numbers=[row.id_number]).get(row.id_number) if row.id_number else None
    if holder not in (None, person.pk):
        raise IdNumberTaken
    person.name, person.sex, person.born_on = row.name, row.sex, row.born_on
    full, initials = pinyin.of_name(row.name, person.kind in (DepositorKind.PERSON, DepositorKind.HOUSEHOLD))
    person.pinyin, person.initials = full[:160], initials[:40]
    if row.guardian != person.guardian:
        person.guardian, person.guardian_consent_on = row.guardian, clock.local_date(at) if row.guardian else None
    person.save(update_fields=["name", "sex", "born_on", "pinyin", "initials", "guardian", "guardian_consent_on"])
    if {"id_number": row.id_number, "phone": row.phone} != old:
        VaultRecord.objects.filter(depositor_id=person.pk).delete()
        if row.id_number or row.phone:
            sealed(person.pk, row.id_number, row.phone).save()
    if person.user_id is not None:
        identity.rename_user(user_id=person.user_id, display_name=person.name)
        if row.phone != old["phone"]:
            identity.drop_login_names(user_id=person.user_id, kind=identity_queries.LoginKind.PHONE)
            _add_login(person.user_id, identity_queries.LoginKind.PHONE, row.phone)
    given = (("name", name), ("sex", sex), ("born_on", born_on), ("guardian", guardian))
    changed = [field for field, value in given if value is not None]
    _record(actor, "corrected", person, at, fields=[*changed, *(field for field in old if getattr(row, field) != old[field])])
    return person


def _kept(depositor_id: int, field: str) -> str:
    record = VaultRecord.objects.filter(depositor_id=depositor_id).first()
    if record is None or getattr(record, field) is None:
        return ""
    return vault.decrypt(bytes(record.wrapped_key), field, getattr(record, field))


@service
def set_class(*, actor: Actor, depositor_id: int, identity_class: str, on: date, at: datetime | None = None) -> ClassMembership:
    """Give a depositor an identity class from a day on. Saying it twice does it once."""
    person = _theirs(actor, depositor_id)
    if identity_class not in IdentityClass.values:
        raise WrongInput(field="identity_class", message=_("没有这种身份。"))
    held = ClassMembership.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=on), depositor=person, identity_class=identity_class, valid_from__lte=on
    ).first()
    if held is not None:
        return held
    given = ClassMembership.objects.create(depositor=person, identity_class=identity_class, valid_from=on)
    _record(actor, "class_set", person, at or clock.day_start(on), identity_class=identity_class, on=on.isoformat())
    return given


@service
def end_class(*, actor: Actor, depositor_id: int, identity_class: str, on: date, at: datetime | None = None) -> None:
    """End an identity class on a day; that day no longer counts. A class that was not held is left as it is."""
    person = _theirs(actor, depositor_id)
    held = ClassMembership.objects.filter(depositor=person, identity_class=identity_class, valid_to__isnull=True)
    held.filter(valid_from__gte=on).delete()
    if held.update(valid_to=on):
        _record(actor, "class_ended", person, at or clock.day_start(on), identity_class=identity_class, on=on.isoformat())


@service
def register_kin(*, actor: Actor, first_id: int, second_id: int, relation: str, at: datetime) -> Kinship:
    """Write down that two depositors are kin beyond one household, so that neither reviews for the other."""
    person, other = _theirs(actor, first_id), Depositor.objects.filter(policies.visible(actor), pk=second_id).first()
    if other is None:
        raise NotFound(field="second_id")
    if person.pk == other.pk or DepositorKind.PERSON not in (person.kind, other.kind):
        raise WrongInput(field="second_id", message=_("亲属要选另一个人。"))
    words = facts.clean_words(relation, "relation", most=20)
    if not words:
        raise WrongInput(field="relation", message=_("请写是什么亲属，例如兄妹。"))
    low, high = sorted((person.pk, other.pk))
    if Kinship.objects.filter(first_id=low, second_id=high).exists():
        raise AlreadyKin
    pair = Kinship.objects.create(first_id=low, second_id=high, relation=words, registered_at=at)
    _record(actor, "kin_registered", person, at, other=other.pk)
    return pair


@service
def remove_kin(*, actor: Actor, first_id: int, second_id: int, at: datetime) -> None:
    """Take back a registration of kin that was wrong. Saying it twice does it once."""
    person = _theirs(actor, first_id)
    low, high = sorted((first_id, second_id))
    gone, _by_model = Kinship.objects.filter(first_id=low, second_id=high).delete()
    if gone:
        _record(actor, "kin_removed", person, at, other=second_id)


@service
def give_login(*, actor: Actor, depositor_id: int, at: datetime) -> str:
    """An activation code to hand over at the counter; makes the user and the log-in names on the first time.

    The names are the passbook number, the phone unless someone else logs in by it, and for the head of a household its
    number (with the branch's code before it where that is not part of it).
    """
    person = Depositor.objects.select_for_update().filter(policies.visible(actor), pk=depositor_id).first()
    if person is None or person.status != Depositor.Status.ACTIVE:
        raise NotFound
    require(policies.may_serve(actor, person.branch_id))
    if person.user_id is not None and not organisations.may_hand_code(actor=actor, user_id=person.user_id, at=at):
        raise CodeFromAbove
    if person.user_id is None:
        person.user = identity.register_user(display_name=person.name, at=at)
        person.save(update_fields=["user"])
    assert person.user_id is not None
    kinds = identity_queries.LoginKind
    _add_login(person.user_id, kinds.PASSBOOK, queries.passbook_of(depositor_id=person.pk).number)
    _add_login(person.user_id, kinds.PHONE, _kept(person.pk, "phone"))
    if person.household is not None and person.household.head_id == person.pk:
        for name in _household_names(person.household):
            _add_login(person.user_id, kinds.HOUSEHOLD, name)
    _record(actor, "login_given", person, at)
    return identity.issue_activation(actor=actor, user_id=person.user_id, at=at)


@service
def end_device(*, actor: Actor, depositor_id: int, public_id: str, at: datetime) -> None:
    """At the counter: end a phone that the depositor lost."""
    person = Depositor.objects.filter(policies.visible(actor), pk=depositor_id).first()
    if person is None or person.user_id is None:
        raise NotFound
    require(policies.may_serve(actor, person.branch_id))
    identity.revoke_device(actor=actor, user_id=person.user_id, public_id=public_id, at=at)
    _record(actor, "device_ended", person, at)


def _household_names(home: Household) -> list[str]:
    """Under which numbers a household logs in: with the branch's code always, without it where no other has that number."""
    code, number = home.branch.code, home.number
    names = [number if number.startswith(code) else f"{code}-{number}"]
    if not Household.objects.filter(number=number).exclude(pk=home.pk).exists():
        names.append(number)
    return list(dict.fromkeys(names))


def _add_login(user_id: int, kind: str, name: str) -> None:
    """Add a log-in name unless it is empty or another user's, as with a phone that a family shares."""
    taken = identity_queries.user_by_login_name(name=name) if name else None
    if name and (taken is None or taken.pk == user_id):
        identity.add_login_name(user_id=user_id, kind=kind, name=name)


@service
def reveal(*, actor: Actor, depositor_id: int, field: str, purpose: str, at: datetime) -> str:
    """Read one encrypted fact (`id_number` or `phone`) for a stated purpose. Each reading is written down."""
    person = Depositor.objects.filter(policies.visible(actor), pk=depositor_id).first()
    if person is None:
        raise NotFound
    require(policies.may_reveal(actor, person))
    if field not in ("id_number", "phone"):
        raise WrongInput(field="field", message=_("没有这一项。"))
    if purpose not in RevealPurpose.values:
        raise WrongInput(field="purpose", message=_("请选为什么要看。"))
    today = clock.day_start(clock.local_date(at))
    if Reveal.objects.filter(user_id=actor.user_id, at__gte=today).count() >= REVEALS_A_DAY and not actor.is_system:
        raise TooManyReveals
    words = _kept(person.pk, field)
    if not words:
        raise NothingKept(field=field)
    Reveal.objects.create(depositor=person, user_id=actor.user_id, field=field, purpose=purpose, at=at)
    _record(actor, "revealed", person, at, field=field, purpose=purpose)
    return words


@service
def identity_facts(*, actor: Actor, branch_id: int, at: datetime) -> list[tuple[str, str, str]]:
    """Passbook number, ID number and phone of a whole branch, for an archive. The operator's shell alone, and audited."""
    require(actor.is_system)
    found: list[tuple[str, str, str]] = []
    records = VaultRecord.objects.filter(depositor__branch_id=branch_id).order_by("depositor_id")
    columns = ("depositor__passbook__number", "wrapped_key", "id_number", "phone")
    for number, key, id_number, phone in records.values_list(*columns):
        found.append(
            (
                number,
                vault.decrypt(key, "id_number", id_number) if id_number else "",
                vault.decrypt(key, "phone", phone) if phone else "",
            )
        )
    audit.record(
        actor=actor,
        act="depositors.identity_exported",
        subject=f"organisation:{branch_id}",
        at=at,
        organisation_id=branch_id,
        facts={"count": len(found)},
    )
    return found

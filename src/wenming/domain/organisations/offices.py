"""Offices and their terms. One officer fills those of a branch; those above the villages want a second officer's word."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wenming.core import audit, states
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service, take_turn
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.domain.organisations import policies, queries
from wenming.domain.organisations.models import Appointment, Organisation, Proposal, Role

NAME_MAX = 30
AreKin = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class NewOfficer:
    """A fresh officer: the code is handed over and not kept."""

    user_id: int
    appointment_id: int
    activation_code: str


class WrongOffice(Refusal):
    code, message = "organisations.wrong_office", _("{place}没有“{role}”这个岗位。")


class OfficeHeld(Refusal):
    code, message, status = "organisations.office_held", _("这个人现在就在这个岗位上。"), 409


class NeverLoggedIn(Refusal):
    code, message = "organisations.never_logged_in", _("他还没有自己登录过，先请本人用激活码登录一次。")


class OfficeWaits(Refusal):
    code, message, status = "organisations.office_waits", _("这个人的任职已经有人提了，等另一位确认就行。"), 409


class OwnOffice(Refusal):
    code, message, status = "organisations.own_office", _("自己的任职要由别人来提、别人来确认。"), 403


class SecondOfficerNeeded(Refusal):
    code, message, status = "organisations.second_officer", _("提的人不能自己确认，请总行另一位工作人员来确认。"), 403


class OfficersAreKin(Refusal):
    code, message = "organisations.officers_are_kin", _("提的人、确认的人和任职的人不能是一家人或亲属，请换一位来办。")
    status = 403


class ProposerLeft(Refusal):
    code, message, status = "organisations.proposer_left", _("提的人已经不在岗，这个提议不算数了，请重新提。"), 409


class CodeFromAbove(Refusal):
    """A code opens everything its user may do, offices too: only who may fill them all hands it over."""

    code, message = "organisations.code_from_above", _("他有任职，激活码要由任命他的人来发；总行的人请系统管理员来发。")
    status = 403


class LastHeadOfficer(Refusal):
    code, message, status = "organisations.last_head_officer", _("总行至少要留一位工作人员，先任好接手的人。"), 409


def plain_words(text: str, field: str) -> str:
    plain = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(plain) <= NAME_MAX or any(unicodedata.category(letter)[0] == "C" for letter in plain):
        raise WrongInput(field=field, message=_("名称要填 1 到 30 个字。"))
    return plain


def hold_offices(organisation_id: int) -> None:
    """Wait for one's turn at the offices of an organisation, so that none is given twice and the last one is seen."""
    take_turn(f"offices:{organisation_id}")


def _fill(
    actor: Actor,
    user_id: int,
    place: Organisation,
    role: str,
    starts_at: datetime,
    ends_at: datetime | None,
    lane: str,
    at: datetime,
) -> Appointment:
    """Give the office. Refuses one that does not exist there, and one the user holds already."""
    _check_office(user_id, place, role, starts_at, ends_at)
    if is_held(user_id, place, role, lane, starts_at):
        raise OfficeHeld(field="role")
    appointed = Appointment.objects.create(
        user_id=user_id,
        organisation=place,
        role=role,
        lane=lane,
        starts_at=starts_at,
        ends_at=ends_at,
        appointed_by=actor.user_id,
    )
    failpoint("organisations.appointed")
    _record(actor, "organisations.officer_appointed", appointed, at)
    return appointed


def is_held(user_id: int, place: Organisation, role: str, lane: str, at: datetime) -> bool:
    lasting = Q(ends_at__isnull=True) | Q(ends_at__gt=at)
    return Appointment.objects.filter(lasting, user_id=user_id, organisation=place, role=role, lane=lane).exists()


def _check_office(user_id: int, place: Organisation, role: str, starts_at: datetime, ends_at: datetime | None) -> None:
    if not policies.suits(role, place):
        raise WrongOffice(field="role", place=place.name, role=str(Role(role).label))
    if identity_queries.user(user_id=user_id) is None:
        raise NotFound(field="user_id")
    if ends_at is not None and ends_at <= starts_at:
        raise WrongInput(field="ends_at", message=_("任期的结束要晚于开始。"))


@service
def appoint_officer(
    *,
    actor: Actor,
    user_id: int,
    organisation_id: int,
    role: str,
    at: datetime,
    ends_at: datetime | None = None,
    lane: str = "",
    starts_at: datetime | None = None,
) -> Appointment:
    """Give a user an office for a term. Offices above the villages are not given this way, but by the operator's shell."""
    place = queries.organisation(organisation_id=organisation_id)
    if role not in Role.values:
        raise WrongInput(field="role", message=_("没有这个岗位。"))
    hold_offices(place.pk)
    require(policies.may_appoint(actor, place, role))
    return _fill(actor, user_id, place, role, starts_at or at, ends_at, plain_words(lane, "lane") if lane else "", at)


@service
def create_officer(
    *, actor: Actor, name: str, organisation_id: int, role: str, at: datetime, login: str = "", lane: str = ""
) -> NewOfficer:
    """Register someone, give the office and an activation code. The log-in name is the name unless another is given."""
    user = identity.register_user(display_name=plain_words(name, "name"), at=at)
    identity.add_login_name(user_id=user.pk, kind=identity_queries.LoginKind.OFFICER, name=login or name)
    given = appoint_officer(actor=actor, user_id=user.pk, organisation_id=organisation_id, role=role, at=at, lane=lane)
    return NewOfficer(user.pk, given.pk, identity.issue_activation(actor=actor, user_id=user.pk, at=at))


@service
def propose_appointment(
    *, actor: Actor, user_id: int, organisation_id: int, role: str, at: datetime, ends_at: datetime | None = None
) -> Proposal:
    """Propose someone for an office above the villages. It is held only after a second officer confirmed it.

    Refuses who never set a password: a code that others hand over would open the office to them.
    """
    place = queries.organisation(organisation_id=organisation_id)
    if role not in Role.values:
        raise WrongInput(field="role", message=_("没有这个岗位。"))
    hold_offices(place.pk)
    require(policies.may_propose(actor, place))
    if user_id == actor.user_id:
        raise OwnOffice(field="user_id")
    _check_office(user_id, place, role, at, ends_at)
    if not identity_queries.has_password(user_id=user_id):
        raise NeverLoggedIn(field="user_id")
    if is_held(user_id, place, role, "", at):
        raise OfficeHeld(field="role")
    if Proposal.objects.filter(user_id=user_id, organisation=place, role=role, status=Proposal.Status.PROPOSED).exists():
        raise OfficeWaits(field="role")
    proposal = Proposal.objects.create(
        user_id=user_id, organisation=place, role=role, ends_at=ends_at, proposed_by=actor.user_id or 0, proposed_at=at
    )
    _record_proposal(actor, "organisations.office_proposed", proposal, at)
    return proposal


def locked_proposal(actor: Actor, proposal_id: int) -> Proposal:
    """The proposal, locked, if the actor has a word on it; else not found."""
    proposal = Proposal.objects.select_for_update(of=("self",)).select_related("organisation").filter(pk=proposal_id).first()
    if proposal is None or not policies.may_propose(actor, proposal.organisation):
        raise NotFound
    return proposal


@service
def confirm_appointment(*, actor: Actor, proposal_id: int, at: datetime, are_kin: AreKin) -> Appointment:
    """The second officer's word: now the office is held. Saying it twice does it once.

    Refuses the proposer, the proposed, kin among the three, and a proposer who has left office. Who is kin is known in a
    room above, which calls this; doors go through there.
    """
    proposal = locked_proposal(actor, proposal_id)
    if proposal.status == Proposal.Status.CONFIRMED and proposal.appointment is not None:
        return proposal.appointment
    hold_offices(proposal.organisation_id)
    check_second(actor, proposal, at, are_kin)
    states.move(proposal, to=Proposal.Status.CONFIRMED)
    proposal.appointment = _fill(actor, proposal.user_id, proposal.organisation, proposal.role, at, proposal.ends_at, "", at)
    proposal.decided_by, proposal.decided_at = actor.user_id, at
    proposal.save(update_fields=["status", "appointment", "decided_by", "decided_at"])
    return proposal.appointment


def check_second(actor: Actor, proposal: Proposal, at: datetime, are_kin: AreKin) -> None:
    """Two different officers of the bank, both in office now, neither of them the proposed, no kin among the three."""
    second = actor.user_id
    if second is None or second == proposal.proposed_by:
        raise SecondOfficerNeeded
    if second == proposal.user_id:
        raise OwnOffice
    first = Actor(proposal.proposed_by, actor.door, queries.grants_of(user_id=proposal.proposed_by, at=at))
    if not policies.may_propose(first, proposal.organisation):
        raise ProposerLeft
    three = ((second, proposal.proposed_by), (second, proposal.user_id), (proposal.proposed_by, proposal.user_id))
    if any(are_kin(one, other) for one, other in three):
        raise OfficersAreKin


@service
def drop_proposal(*, actor: Actor, proposal_id: int, at: datetime) -> Proposal:
    """Put a proposal aside, by its proposer or a colleague. Saying it twice does it once."""
    proposal = locked_proposal(actor, proposal_id)
    if proposal.status == Proposal.Status.DROPPED:
        return proposal
    states.move(proposal, to=Proposal.Status.DROPPED)
    proposal.decided_by, proposal.decided_at = actor.user_id, at
    proposal.save(update_fields=["status", "decided_by", "decided_at"])
    _record_proposal(actor, "organisations.office_dropped", proposal, at)
    return proposal


@service
def reissue_activation(*, actor: Actor, user_id: int, at: datetime) -> str:
    """A new activation code for an officer who forgot the password, by whoever may fill every office that is held."""
    offices = Appointment.objects.select_related("organisation").filter(user_id=user_id)
    require(any(policies.may_appoint(actor, office.organisation, office.role) for office in offices), NotFound)
    require(queries.may_hand_code(actor=actor, user_id=user_id, at=at), CodeFromAbove)
    return identity.issue_activation(actor=actor, user_id=user_id, at=at)


@service
def end_appointment(*, actor: Actor, appointment_id: int, at: datetime) -> Appointment:
    """End an office now, one's own too; its rights are gone at the next click. Saying it twice does it once.

    Above the villages one colleague is enough, so that a log-in in wrong hands is stopped at once; the last one stays.
    """
    held = Appointment.objects.select_for_update(of=("self",)).select_related("organisation").filter(pk=appointment_id).first()
    if held is None:
        raise NotFound
    hold_offices(held.organisation_id)
    require(policies.may_end(actor, held))
    if held.ends_at is None or held.ends_at > at:
        if not actor.is_system and is_last(held, at):
            raise LastHeadOfficer(field="appointment_id")
        _end(actor, held, at)
    return held


def is_last(held: Appointment, at: datetime) -> bool:
    if held.role != Role.HEAD_OFFICER:
        return False
    others = Appointment.objects.filter(queries.in_force(at), organisation_id=held.organisation_id, role=held.role)
    return not others.exclude(user_id=held.user_id).exists()


def _end(actor: Actor, held: Appointment, at: datetime) -> None:
    held.ends_at = max(at, held.starts_at)
    held.save(update_fields=["ends_at"])
    failpoint("organisations.appointment_ended")
    _record(actor, "organisations.appointment_ended", held, at)


@service
def end_offices(*, actor: Actor, user_id: int, at: datetime) -> int:
    """End every office of someone who died or is forgotten, and put proposals aside; says how many offices ended.

    Called by the room that knows of the death; whether the actor may is asked there.
    """
    held = Appointment.objects.select_for_update().filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), user_id=user_id)
    ended = list(held.order_by("pk"))
    for office in ended:
        _end(actor, office, at)
    for proposal in Proposal.objects.select_for_update().filter(user_id=user_id, status=Proposal.Status.PROPOSED):
        states.move(proposal, to=Proposal.Status.DROPPED)
        proposal.decided_by, proposal.decided_at = actor.user_id, at
        proposal.save(update_fields=["status", "decided_by", "decided_at"])
    return len(ended)


def _record(actor: Actor, act: str, appointment: Appointment, at: datetime) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject=f"user:{appointment.user_id}",
        at=at,
        organisation_id=appointment.organisation_id,
        facts={"role": appointment.role, "appointment": appointment.pk},
    )


def _record_proposal(actor: Actor, act: str, proposal: Proposal, at: datetime) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject=f"user:{proposal.user_id}",
        at=at,
        organisation_id=proposal.organisation_id,
        facts={"role": proposal.role, "proposal": proposal.pk},
    )

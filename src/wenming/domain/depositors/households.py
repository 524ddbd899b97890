"""What happens to households: merge, split, a new head, moving away, a death. Points of the dead pass to the family."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from wenming.core import audit, clock, states
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.depositors import facts, policies, queries
from wenming.domain.depositors.enrolment import VillageElsewhere
from wenming.domain.depositors.models import Depositor, DepositorKind, Household, Passbook
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations import services as offices

Status = Depositor.Status


class NotOfHousehold(Refusal):
    code, message = "depositors.not_of_household", _("这个人不在这一户里。")


class HeadMissing(Refusal):
    code, message = "depositors.head_missing", _("户主要走了，先请家里另选一位户主。")


class OtherBranch(Refusal):
    code, message = "depositors.other_branch", _("只能并到同一个分行的户里。")


class NumberTaken(Refusal):
    code, message, status = "depositors.household_number_taken", _("这个户号已经用了，请换一个。"), 409


class OwnFamily(Refusal):
    """Where points change hands, nobody decides about the own household or kin."""

    code, message, status = "depositors.own_family", _("这是您自己家或亲属的事，请另一位工作人员来办。"), 403


def _check_not_own(actor: Actor, people: Sequence[Depositor]) -> None:
    if queries.is_kin_of_user(user_id=actor.user_id, depositor_ids=[person.pk for person in people]):
        raise OwnFamily


def _home(actor: Actor, household_id: int, field: str = "household_id") -> Household:
    """The household, locked, if the actor enrols at its branch; else not found."""
    home = Household.objects.select_for_update().filter(pk=household_id, closed_on__isnull=True).first()
    if home is None or not organisations.may_see(actor=actor, branch_id=home.branch_id):
        raise NotFound(field=field)
    require(policies.may_enrol(actor, home.branch_id))
    return home


def _person(actor: Actor, depositor_id: int) -> Depositor:
    person = Depositor.objects.select_for_update().filter(policies.visible(actor), pk=depositor_id).first()
    if person is None or person.status == Status.ERASED:
        raise NotFound
    require(policies.may_enrol(actor, person.branch_id))
    return person


def _home_of(person: Depositor) -> Household | None:
    if person.household_id is None:
        return None
    return Household.objects.select_for_update().get(pk=person.household_id)


def _members(home: Household) -> list[Depositor]:
    return list(Depositor.objects.select_for_update().filter(household=home, status=Status.ACTIVE).order_by("pk"))


def _record(actor: Actor, act: str, home: Household, at: datetime, **more: object) -> None:
    audit.record(
        actor=actor, act=f"depositors.{act}", subject=f"household:{home.pk}", at=at, organisation_id=home.branch_id, facts=more
    )


def _close(home: Household, at: datetime) -> None:
    home.closed_on, home.head = clock.local_date(at), None
    home.save(update_fields=["closed_on", "head"])


def _grown_up(people: Sequence[Depositor], at: datetime) -> Depositor | None:
    """The eldest grown-up person, unknown birth dates last."""
    on = clock.local_date(at)
    grown = [p for p in people if p.kind == DepositorKind.PERSON and not facts.is_minor(p.born_on, on)]
    return min(grown, key=lambda p: (p.born_on is None, p.born_on or on, p.pk), default=None)


def _pass_on(person: Depositor, heir: Depositor, why: str, at: datetime) -> int:
    """Move what can be spent from one passbook to another; honour stays where it was earned. The amount moved."""
    source, target = (Passbook.objects.get(depositor=each) for each in (person, heir))
    amount = ledger_queries.balance(account_id=source.points_account_id)
    if amount <= 0:
        return 0
    branch = organisations.organisation(organisation_id=person.branch_id)
    ledger.post(
        book_id=organisations.book_of(branch_id=person.branch_id),
        posting=ledger.Posting(
            kind=ledger.Kind.MOVED,
            subject=f"depositor:{person.public_id}",
            moves=(ledger.Move(source=source.points_account_id, destination=target.points_account_id, amount=amount),),
            key=f"{why}:{person.public_id}:{at.timestamp():.6f}",
            occurred_at=at,
            recorded_at=at,
            scope=branch.code,
        ),
    )
    failpoint("depositors.points_passed_on")
    return amount


@service
def change_household(
    *,
    actor: Actor,
    household_id: int,
    at: datetime,
    lane: str | None = None,
    resident_count: int | None = None,
    village_code: str | None = None,
) -> Household:
    """Put a household's lane, village or number of residents right; what is None stays. Empty is a village not known."""
    home = _home(actor, household_id)
    if village_code is not None and village_code != home.village_code:
        if village_code and village_code not in {one.code for one in organisations.villages_of(branch_id=home.branch_id)}:
            raise VillageElsewhere(branch=home.branch.name)
        home.village_code = village_code
    if lane is not None:
        home.lane = facts.clean_words(lane, "lane")
    if resident_count is not None:
        if not 1 <= resident_count <= 99:
            raise WrongInput(field="resident_count", message=_("家里人口填 1 到 99。"))
        home.resident_count = resident_count
    home.save(update_fields=["lane", "resident_count", "village_code"])
    _record(actor, "household_changed", home, at)
    return home


@service
def change_head(*, actor: Actor, household_id: int, depositor_id: int, at: datetime) -> Household:
    """Make a grown-up member the head of the household."""
    home = _home(actor, household_id)
    _lead(home, depositor_id, at)
    _record(actor, "head_changed", home, at, head=depositor_id)
    return home


def _lead(home: Household, depositor_id: int, at: datetime) -> None:
    head = next((member for member in _members(home) if member.pk == depositor_id), None)
    if head is None or head.kind != DepositorKind.PERSON:
        raise NotOfHousehold(field="depositor_id")
    if facts.is_minor(head.born_on, clock.local_date(at)):
        raise WrongInput(field="depositor_id", message=_("户主要满 18 岁。"))
    if home.head is not None and home.head.user_id is not None:
        identity.drop_login_names(user_id=home.head.user_id, kind=identity_queries.LoginKind.HOUSEHOLD)
    home.head = head
    home.save(update_fields=["head"])


@service
def merge_households(*, actor: Actor, kept_id: int, closed_id: int, at: datetime) -> Household:
    """Two families become one, for example by marriage. Passbooks stay with their people; a family passbook is emptied
    into the other family's, or its head's. Refuses households of different branches."""
    if kept_id == closed_id:
        raise WrongInput(field="closed_id", message=_("要选两户不同的人家。"))
    homes = {pk: _home(actor, pk) for pk in sorted((kept_id, closed_id))}
    kept, closed = homes[kept_id], homes[closed_id]
    if kept.branch_id != closed.branch_id:
        raise OtherBranch(field="closed_id")
    present, leaving = _members(kept), _members(closed)
    _check_not_own(actor, [*present, *leaving])
    shared = next((m for m in present if m.kind == DepositorKind.HOUSEHOLD), None) or kept.head
    for member in leaving:
        if member.kind == DepositorKind.HOUSEHOLD and shared is not None:
            _pass_on(member, shared, "merged", at)
            _leave(member, Status.MOVED, at)
            continue
        member.household = kept
        member.save(update_fields=["household"])
    kept.resident_count = min(kept.resident_count + closed.resident_count, 99)
    kept.save(update_fields=["resident_count"])
    _close(closed, at)
    _record(actor, "households_merged", kept, at, closed=closed.pk)
    return kept


@service
def split_household(
    *,
    actor: Actor,
    household_id: int,
    number: str,
    member_ids: Sequence[int],
    head_id: int,
    at: datetime,
    lane: str | None = None,
) -> Household:
    """Some members start a household of their own, with its own number and head. The old head can't leave this way."""
    home = _home(actor, household_id)
    number = facts.clean_number(number, "number")
    if not number or Household.objects.filter(branch_id=home.branch_id, number=number).exists():
        raise NumberTaken(field="number")
    leaving = [member for member in _members(home) if member.pk in set(member_ids)]
    if len(leaving) != len(set(member_ids)) or head_id not in member_ids:
        raise NotOfHousehold(field="member_ids")
    if home.head_id in member_ids:
        raise HeadMissing(field="member_ids")
    new = Household.objects.create(
        branch_id=home.branch_id,
        village_code=home.village_code,
        number=number,
        lane=home.lane if lane is None else facts.clean_words(lane, "lane"),
        resident_count=len(leaving),
        opened_on=clock.local_date(at),
    )
    Depositor.objects.filter(pk__in=[member.pk for member in leaving]).update(household=new)
    _lead(new, head_id, at)
    home.resident_count = max(home.resident_count - len(leaving), 1)
    home.save(update_fields=["resident_count"])
    _record(actor, "household_split", home, at, new=new.pk)
    return new


@service
def move_member(*, actor: Actor, depositor_id: int, household_id: int, at: datetime) -> Depositor:
    """A person joins another household of the branch and takes the passbook along. The last one closes the door."""
    person = _person(actor, depositor_id)
    if person.kind != DepositorKind.PERSON:
        raise NotOfHousehold(field="depositor_id")
    target = _home(actor, household_id)
    if target.branch_id != person.branch_id:
        raise OtherBranch(field="household_id")
    if person.household_id == target.pk:
        return person
    _leave_home(person, at)
    person.household = target
    person.save(update_fields=["household"])
    target.resident_count = min(target.resident_count + 1, 99)
    if target.head_id is None:
        target.head = person
    target.save(update_fields=["resident_count", "head"])
    _record(actor, "member_moved", target, at, depositor=person.pk)
    return person


def _leave_home(person: Depositor, at: datetime) -> None:
    """Count one less at home; a head leaves only when nobody else is there, and then the household closes."""
    if person.household_id is None or person.kind != DepositorKind.PERSON:
        return
    home = Household.objects.select_for_update().get(pk=person.household_id)
    others = [member for member in _members(home) if member.pk != person.pk and member.kind == DepositorKind.PERSON]
    if home.head_id == person.pk and others:
        raise HeadMissing(field="depositor_id")
    home.resident_count = max(home.resident_count - 1, 1)
    home.save(update_fields=["resident_count"])
    if not others:
        _close(home, at)


def _leave(person: Depositor, status: str, at: datetime) -> None:
    states.move(person, to=status)
    person.status_at = at
    person.save(update_fields=["status", "status_at"])
    failpoint("depositors.left")


@service
def move_depositor_out(*, actor: Actor, depositor_id: int, at: datetime) -> Depositor:
    """A depositor moves away: the passbook can still be spent from, nothing more is earned. A head hands over first."""
    person = _person(actor, depositor_id)
    _leave_home(person, at)
    _leave(person, Status.MOVED, at)
    audit.record(
        actor=actor, act="depositors.moved_out", subject=f"depositor:{person.pk}", at=at, organisation_id=person.branch_id
    )
    return person


@service
def move_depositor_back(*, actor: Actor, depositor_id: int, household_id: int, at: datetime) -> Depositor:
    """Someone who moved away is back, in a household of the branch, with the old passbook."""
    person = _person(actor, depositor_id)
    home = _home(actor, household_id)
    if home.branch_id != person.branch_id:
        raise OtherBranch(field="household_id")
    states.move(person, to=Status.ACTIVE)
    person.status_at, person.household = at, home
    person.save(update_fields=["status", "status_at", "household"])
    _record(actor, "moved_back", home, at, depositor=person.pk)
    return person


@service
def record_death(*, actor: Actor, depositor_id: int, at: datetime, heir_id: int | None = None) -> Depositor:
    """Close the passbook of someone who died: honour is kept, what could be spent passes to the family.

    It goes to the named heir of the household, else its head, else the eldest grown-up, who becomes the head if the dead
    was. With nobody left it stays where it is and can't be spent. The log-in ends.
    """
    person = _person(actor, depositor_id)
    if person.kind != DepositorKind.PERSON:
        raise WrongInput(field="depositor_id", message=_("只有个人储户能登记去世。"))
    _check_not_own(actor, [person])
    home = _home_of(person)
    others = [member for member in _members(home) if member.pk != person.pk] if home else []
    heir = next((member for member in others if member.pk == heir_id), None)
    if heir_id is not None and heir is None:
        raise NotOfHousehold(field="heir_id")
    head = next((member for member in others if home and member.pk == home.head_id), None)
    heir = heir or head or _grown_up(others, at) or next(iter(others), None)
    moved = _pass_on(person, heir, "inherited", at) if heir is not None else 0
    _leave(person, Status.DECEASED, at)
    Passbook.objects.filter(depositor=person).update(closed_on=clock.local_date(at))
    if home is not None:
        _after_death(home, person, others, at)
    if person.user_id is not None:
        offices.end_offices(actor=actor, user_id=person.user_id, at=at)
        identity.close_user(user_id=person.user_id)
    audit.record(
        actor=actor,
        act="depositors.deceased",
        subject=f"depositor:{person.pk}",
        at=at,
        organisation_id=person.branch_id,
        facts={"heir": heir.pk if heir else None, "moved": moved},
    )
    return person


def _after_death(home: Household, person: Depositor, others: Sequence[Depositor], at: datetime) -> None:
    people = [member for member in others if member.kind == DepositorKind.PERSON]
    home.resident_count = max(home.resident_count - 1, 1)
    if home.head_id == person.pk:
        home.head = _grown_up(people, at) or next(iter(people), None)
    home.save(update_fields=["resident_count", "head"])
    if not people:
        _close(home, at)


def leave_household_of(person: Depositor, at: datetime) -> None:
    """Take someone who is being erased out of the household; another grown-up becomes the head if that was theirs."""
    home = _home_of(person)
    if home is not None and person.kind == DepositorKind.PERSON:
        _after_death(home, person, [member for member in _members(home) if member.pk != person.pk], at)

"""Two officers at the same office at once: it is given once, and the last one of a bank stays. With the guard off it isn't so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest

from tests import village as villages
from tests.races_mall.together import together
from tests.village import Village
from wenming.core.actor import Actor, system
from wenming.core.errors import Refusal
from wenming.domain.depositors import services as depositors
from wenming.domain.identity import services as identity
from wenming.domain.organisations import offices, queries
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.models import Appointment, Proposal
from wenming.domain.organisations.queries import Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(at: datetime, transactional_db: None) -> Village:
    """Willow Creek with three officers at the head bank, and somebody who has a log-in but no office."""
    town = villages.build(at)
    for key in ("second", "third", "new"):
        user = identity.register_user(display_name=f"总行{key}", at=at)
        identity.set_password(user_id=user.pk, password=villages.PASSWORD, at=at)
        town.users[key] = user.pk
        if key != "new":
            organisations.appoint_officer(
                actor=system(), user_id=user.pk, organisation_id=town.head_bank_id, role=Role.HEAD_OFFICER, at=at
            )
    return town


def appoint_twice(town: Village) -> int:
    appoint = partial(
        organisations.appoint_officer, user_id=town.users["new"], organisation_id=town.branch_id, role=Role.CLERK, at=town.at
    )
    results = together([partial(appoint, actor=town.officer(key)) for key in ("head", "second", "third", "director")])
    assert all(isinstance(result, Appointment | organisations.OfficeHeld) for result in results)
    return Appointment.objects.filter(user_id=town.users["new"]).count()


def confirm_twice(town: Village) -> int:
    proposal = organisations.propose_appointment(
        actor=town.officer("head"),
        user_id=town.users["new"],
        organisation_id=town.head_bank_id,
        role=Role.HEAD_OFFICER,
        at=town.at,
    )
    confirm = partial(depositors.confirm_appointment, proposal_id=proposal.pk, at=town.at)
    results = together([partial(confirm, actor=town.officer(key)) for key in ("second", "third")])
    assert not any(isinstance(result, Refusal) for result in results)
    return Appointment.objects.filter(user_id=town.users["new"]).count()


def end_each_other(town: Village) -> int:
    """Each of the three ends the next one's office."""
    held = {office.user_id: office.appointment_id for office in queries.officers_of(branch_id=town.head_bank_id, at=town.at)}
    at = town.at + timedelta(minutes=1)
    keys = ("head", "second", "third")
    acts = [
        partial(organisations.end_appointment, actor=town.officer(one), appointment_id=held[town.users[other]], at=at)
        for one, other in zip(keys, keys[1:] + keys[:1], strict=True)
    ]
    together(acts)
    return len(queries.officers_of(branch_id=town.head_bank_id, at=at))


def test_an_office_is_given_once(town: Village) -> None:
    assert appoint_twice(town) == 1


def test_two_confirm_at_once_and_it_is_held_once(town: Village) -> None:
    assert confirm_twice(town) == 1


def test_one_of_the_bank_stays(town: Village) -> None:
    assert end_each_other(town) == 1


def unlocked(actor: Actor, proposal_id: int) -> Proposal:
    return Proposal.objects.select_related("organisation").get(pk=proposal_id)


@pytest.mark.postgresql_only
@pytest.mark.parametrize(
    ("race", "runners", "wrong", "asked"),
    [(appoint_twice, 4, 4, "is_held"), (confirm_twice, 2, 2, "is_held"), (end_each_other, 3, 0, "is_last")],
)
def test_without_their_turns(
    town: Village, race: Callable[[Village], int], runners: int, wrong: int, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: nobody waits, and all look before any of them writes. On the embedded store writers take turns anyway."""
    gate, look = threading.Barrier(runners), getattr(offices, asked)

    def look_together(*given: object) -> bool:
        found: bool = look(*given)
        if threading.current_thread() is not threading.main_thread():
            gate.wait(timeout=60)
        return found

    monkeypatch.setattr(offices, "hold_offices", lambda organisation_id: None)
    monkeypatch.setattr(offices, "locked_proposal", unlocked)
    monkeypatch.setattr(offices, asked, look_together)
    assert race(town) == wrong

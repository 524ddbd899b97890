"""W17: an act of two persons takes two who are not the same, no kin of each other, and both in office at that time.

Every such act is tried with every pair of officers: whoever may not be the second is refused, and nothing has happened then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoDbBlocker

from tests import deeds_stage, village
from tests.copies import kept
from tests.village import Village
from wenming.core import audit
from wenming.core.actor import Actor, system
from wenming.core.errors import NotAllowed, NotFound, Refusal, WrongInput
from wenming.domain.depositors import pairs, queries
from wenming.domain.depositors import services as depositors
from wenming.domain.funds import queries as fund_queries
from wenming.domain.funds import services as funds
from wenming.domain.funds.models import Approval
from wenming.domain.identity import services as identity
from wenming.domain.intake import services as intake
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.models import Proposal
from wenming.domain.organisations.queries import Role
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks

pytestmark = pytest.mark.django_db
LINE = "2026-03-10,{number},{name},捡拾垃圾,2\n"
REGISTER = "日期,户号,姓名,事项,分值\n"
PAIRS = {
    "two strangers": ("王建国", "尉迟恭礼", True),
    "one without a passbook": ("钱会计", "王建国", True),
    "one and the same": ("王建国", "王建国", False),
    "one household": ("王建国", "李秀英", False),
    "registered kin": ("王建国", "王秀梅", False),
    "kin of the other's household": ("王建国", "赵志强", False),
    "kin of one's own household": ("李秀英", "王秀梅", False),
}
TERMS = ("both in office", "the first has left", "the second has left")
Done = Callable[[], bool]
Second = Callable[[Actor], object]


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Village]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield build(deeds_stage.THURSDAY)
        transaction.set_rollback(True)


@pytest.fixture
def town(built: Village) -> Village:
    return deepcopy(built)


@kept
def build(at: datetime) -> Village:
    """Willow Creek; everyone of the pairs is head officer of the town, and director and teller of the branch."""
    town = deeds_stage.build(at)
    town.users["钱会计"] = town.users["clerk"]
    for name in sorted({name for first, second, _may in PAIRS.values() for name in (first, second)}):
        if name not in town.users:
            town.villager(name)
        for place, role in (
            (town.head_bank_id, Role.HEAD_OFFICER),
            (town.branch_id, Role.DIRECTOR),
            (town.branch_id, Role.TELLER),
        ):
            organisations.appoint_officer(actor=system(), user_id=town.users[name], organisation_id=place, role=role, at=at)
    town.villager("单秀兰")
    village.log_in(town, "单秀兰")
    return town


def officer(town: Village, name: str, at: datetime | None = None) -> Actor:
    return queries.actor_for(user_id=town.users[name], door="console", at=at or town.at)


def later(town: Village) -> datetime:
    return town.at + timedelta(hours=1)


# The acts: what the first does; then what the second does, and whether it happened


def office(town: Village, first: Actor) -> tuple[Second, Done]:
    new = town.users["单秀兰"]
    proposal = propose(town, first)
    return (
        lambda second: depositors.confirm_appointment(actor=second, proposal_id=proposal.pk, at=later(town)),
        lambda: bool(organisation_queries.grants_of(user_id=new, at=later(town))),
    )


def propose(town: Village, first: Actor, name: str = "单秀兰", role: str = Role.SUPERVISOR) -> Proposal:
    return organisations.propose_appointment(
        actor=first, user_id=town.users[name], organisation_id=town.head_bank_id, role=role, at=town.at
    )


def register(town: Village, first: Actor) -> tuple[Second, Done]:
    sheet = bring(town, first, LINE.format(number="0003", name="单秀兰"))

    def second(actor: Actor) -> None:
        intake.sign_sheet(actor=actor, sheet_id=sheet.pk, at=later(town))
        intake.commit_sheet(actor=actor, sheet_id=sheet.pk, at=later(town))

    return second, lambda: deeds_stage.points_of(town, "单秀兰") == 200


def bring(town: Village, first: Actor, lines: str) -> intake.Sheet:
    data = (REGISTER + lines).encode()
    return intake.stage_sheet(actor=first, kind="register", branch_id=town.branch_id, file_name="台账.csv", data=data, at=town.at)


def rule_change(town: Village, first: Actor) -> tuple[Second, Done]:
    edition = rulebooks.draft_edition(actor=first, organisation_id=town.branch_id, at=town.at)
    on = town.at.date()
    return (
        lambda second: rulebooks.put_in_force(actor=second, edition_id=edition.pk, on=on, at=later(town)),
        lambda: rulebook_queries.edition_in_force(branch_id=town.branch_id, on=on) == edition,
    )


def fund_of(town: Village) -> int:
    fund = funds.open_fund(actor=system(), organisation_id=town.branch_id, source="collective", name="集体专款", at=town.at)
    funds.receive_money(
        actor=system(), fund_id=fund.pk, amount=200_000, number="1", payer="", received_on=town.at.date(), at=town.at
    )
    return fund.pk


def payment(town: Village, first: Actor) -> tuple[Second, Done]:
    fund_id = fund_of(town)
    funds.approve_draw(actor=first, fund_id=fund_id, subject="order:7", amount=60_000, at=town.at)
    return (
        lambda second: pay(town, fund_id, second),
        lambda: bool(fund_queries.draws_for(subjects=["order:7"])),
    )


def pay(town: Village, fund_id: int, actor: Actor, amount: int = 60_000) -> funds.Draw:
    return funds.draw(actor=actor, fund_id=fund_id, subject="order:7", amount=amount, at=later(town), key="draw:order:7")


def limit_of(fund_id: int) -> int:
    (fund,) = [one for one in fund_queries.fund_balances(actor=system()) if one.id == fund_id]
    return fund.limit


def higher_limit(town: Village, first: Actor) -> tuple[Second, Done]:
    fund_id = fund_of(town)
    funds.set_limit(actor=first, fund_id=fund_id, limit=90_000, at=town.at)
    return (
        lambda second: funds.confirm_limit(actor=second, fund_id=fund_id, at=later(town)),
        lambda: limit_of(fund_id) == 90_000,
    )


ACTS = {"office": office, "register": register, "rules": rule_change, "payment": payment, "limit": higher_limit}
KIN_REFUSED = (pairs.PairIsKin, organisations.OfficersAreKin)
SAME_REFUSED = (
    organisations.SecondOfficerNeeded,
    intake.SecondSignature,
    rulebooks.SecondPersonNeeded,
    funds.ApproverDraws,
    funds.OwnRaise,
)
LEFT_REFUSED = (pairs.OutOfOffice, organisations.ProposerLeft, NotAllowed, NotFound, intake.SecondSignature)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("term", TERMS)
def test_only_two_strangers_in_office_do_it(town: Village, act: str, pair: str, term: str) -> None:
    first, second, may = PAIRS[pair]
    do, done = ACTS[act](town, officer(town, first))
    if term != TERMS[0]:
        leaver = first if term == TERMS[1] else second
        organisations.end_offices(actor=system(), user_id=town.users[leaver], at=town.at + timedelta(minutes=1))
    actor = officer(town, second, later(town))
    assert not done()
    if may and term == TERMS[0]:
        do(actor)
        assert done()
        return
    with pytest.raises((*KIN_REFUSED, *SAME_REFUSED, *LEFT_REFUSED)) as refused:
        do(actor)
    assert refused.value.words and refused.value.status in (403, 404, 409)
    if term == TERMS[0]:
        expected = SAME_REFUSED if first == second else KIN_REFUSED
        assert isinstance(refused.value, expected)
    assert not done()


@pytest.mark.parametrize("act", ACTS)
def test_without_the_question_of_kin_they_would(town: Village, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: nobody is kin of anybody."""
    monkeypatch.setattr(queries, "are_kin", lambda one, other: False)
    do, done = ACTS[act](town, officer(town, "王建国"))
    do(officer(town, "李秀英", later(town)))
    assert done()


def test_the_circle_is_whom_the_question_names(town: Village) -> None:
    """Asked for all at once or one by one, the answer is the same."""
    everybody = set(town.people.values())
    for user_id in town.users.values():
        near = {one for one in everybody if queries.is_kin_of_user(user_id=user_id, depositor_ids=[one])}
        assert queries.circle_of_user(user_id=user_id) == near
    assert queries.circle_of_user(user_id=None) == frozenset()


# Offices above the villages


def test_an_office_above_the_villages_is_held_from_the_second_word_on(town: Village) -> None:
    first, second, new = town.officer("head"), officer(town, "尉迟恭礼"), town.users["单秀兰"]
    proposal = propose(town, first, role=Role.HEAD_OFFICER)
    assert organisation_queries.grants_of(user_id=new, at=later(town)) == ()
    assert proposal in organisation_queries.proposals_to_confirm(actor=second)
    assert organisation_queries.proposals_to_confirm(actor=town.officer("director")) == []
    given = depositors.confirm_appointment(actor=second, proposal_id=proposal.pk, at=later(town))
    again = depositors.confirm_appointment(actor=second, proposal_id=proposal.pk, at=later(town))
    assert given == again and given.starts_at == later(town)
    [grant] = organisation_queries.grants_of(user_id=new, at=later(town))
    assert grant.role == Role.HEAD_OFFICER and grant.branch_ids == {town.branch_id, town.other_branch_id}
    assert {event.act for event in audit.trail(subject=f"user:{new}")} >= {
        "organisations.office_proposed",
        "organisations.officer_appointed",
    }


def test_nobody_gives_an_office_to_kin_or_to_oneself(town: Village) -> None:
    first = officer(town, "王建国")
    with pytest.raises(organisations.OwnOffice):
        propose(town, first, "王建国")
    for name in ("刘德福", "陈桂花"):
        town.villager(name)
        village.log_in(town, name)
    proposal = propose(town, first, "刘德福")
    son_in_law = town.villager("张伟").user_id
    assert son_in_law is not None
    organisations.appoint_officer(
        actor=system(), user_id=son_in_law, organisation_id=town.head_bank_id, role=Role.HEAD_OFFICER, at=town.at
    )
    with pytest.raises(organisations.OfficersAreKin):
        depositors.confirm_appointment(actor=officer(town, "张伟"), proposal_id=proposal.pk, at=later(town))
    of_kin = propose(town, officer(town, "张伟"), "陈桂花")
    with pytest.raises(organisations.OfficersAreKin):
        depositors.confirm_appointment(actor=first, proposal_id=of_kin.pk, at=later(town))
    organisations.appoint_officer(
        actor=system(), user_id=town.users["刘德福"], organisation_id=town.head_bank_id, role=Role.HEAD_OFFICER, at=town.at
    )
    with pytest.raises(organisations.OwnOffice):
        depositors.confirm_appointment(actor=officer(town, "刘德福"), proposal_id=proposal.pk, at=later(town))


def test_what_can_not_be_proposed(town: Village) -> None:
    first = officer(town, "王建国")
    village.log_in(town, "尉迟恭礼")
    propose(town, first)
    with pytest.raises(organisations.OfficeWaits):
        propose(town, officer(town, "尉迟恭礼"))
    with pytest.raises(organisations.OfficeHeld):
        propose(town, first, "尉迟恭礼", Role.HEAD_OFFICER)
    with pytest.raises(organisations.WrongOffice):
        propose(town, first, role=Role.CLERK)
    with pytest.raises(WrongInput):
        propose(town, first, role="king")
    town.villager("曾静")
    with pytest.raises(organisations.NeverLoggedIn):
        propose(town, first, "曾静")
    for actor in (town.officer("director"), system()):
        with pytest.raises(NotAllowed):
            propose(town, actor)
    with pytest.raises(NotAllowed):
        organisations.propose_appointment(
            actor=first, user_id=town.users["单秀兰"], organisation_id=town.branch_id, role=Role.CLERK, at=town.at
        )


def test_a_proposal_is_put_aside_and_may_come_again(town: Village) -> None:
    first, second = officer(town, "王建国"), officer(town, "尉迟恭礼")
    proposal = propose(town, first)
    with pytest.raises(NotFound):
        organisations.drop_proposal(actor=town.officer("director"), proposal_id=proposal.pk, at=later(town))
    for _ in range(2):
        dropped = organisations.drop_proposal(actor=second, proposal_id=proposal.pk, at=later(town))
    assert dropped.status == Proposal.Status.DROPPED
    with pytest.raises(Refusal) as refused:
        depositors.confirm_appointment(actor=second, proposal_id=proposal.pk, at=later(town))
    assert refused.value.code == "wrong_step"
    assert propose(town, first).pk != proposal.pk


def test_a_county_proposes_for_its_banks(at: datetime) -> None:
    county = organisations.open_county(actor=system(), code="9901", name="清溪县", at=at)
    bank = organisations.open_head_bank(actor=system(), code="ST", name="双塔镇总行", at=at, county_id=county.pk)
    users = [identity.register_user(display_name=name, at=at).pk for name in ("县甲", "县乙", "镇丙")]
    for user_id in users[:2]:
        organisations.appoint_officer(actor=system(), user_id=user_id, organisation_id=county.pk, role=Role.HEAD_OFFICER, at=at)
    identity.set_password(user_id=users[2], password=village.PASSWORD, at=at)
    first, second = (queries.actor_for(user_id=user_id, door="console", at=at) for user_id in users[:2])
    proposal = organisations.propose_appointment(
        actor=first, user_id=users[2], organisation_id=bank.pk, role=Role.HEAD_OFFICER, at=at
    )
    depositors.confirm_appointment(actor=second, proposal_id=proposal.pk, at=at)
    assert queries.actor_for(user_id=users[2], door="console", at=at).holds(Role.HEAD_OFFICER, organisation_id=bank.pk)


def test_a_colleague_ends_an_office_at_once_but_not_the_last(town: Village) -> None:
    first = officer(town, "王建国")
    held = {office.user_id: office for office in organisation_queries.officers_of(branch_id=town.head_bank_id, at=town.at)}
    with pytest.raises(NotAllowed):
        organisations.end_appointment(
            actor=town.officer("director"), appointment_id=held[town.users["head"]].appointment_id, at=later(town)
        )
    for user_id, office_held in held.items():
        if user_id != town.users["王建国"]:
            organisations.end_appointment(actor=first, appointment_id=office_held.appointment_id, at=later(town))
    own = held[town.users["王建国"]].appointment_id
    with pytest.raises(organisations.LastHeadOfficer):
        organisations.end_appointment(actor=first, appointment_id=own, at=later(town))
    organisations.end_appointment(actor=system(), appointment_id=own, at=later(town))
    clerk = organisation_queries.appointments_of(user_id=town.users["reviewer"])[0].appointment_id
    assert organisations.end_appointment(actor=town.officer("reviewer"), appointment_id=clerk, at=later(town)).ends_at


def test_the_dead_and_the_forgotten_hold_no_office(town: Village) -> None:
    proposal = propose(town, officer(town, "王建国"))
    depositors.record_death(actor=town.officer("director"), depositor_id=town.person("单秀兰"), at=later(town))
    proposal.refresh_from_db()
    assert proposal.status == Proposal.Status.DROPPED
    depositors.erase_depositor(actor=town.officer("head"), depositor_id=town.person("尉迟恭礼"), at=later(town))
    assert organisation_queries.grants_of(user_id=town.users["尉迟恭礼"], at=later(town)) == ()


def test_a_code_opens_no_office_that_its_giver_could_not_fill(town: Village) -> None:
    """Otherwise the counter could log in as the director, and one officer of the bank as two."""
    clerk_of_branch = town.officer("teller")
    for name in ("王建国", "单秀兰"):
        if name == "单秀兰":
            propose(town, officer(town, "王建国"))
        for actor in (clerk_of_branch, officer(town, "尉迟恭礼")):
            with pytest.raises(depositors.CodeFromAbove):
                depositors.give_login(actor=actor, depositor_id=town.person(name), at=later(town))
        with pytest.raises(depositors.CodeFromAbove if name == "王建国" else NotFound):
            organisations.reissue_activation(actor=officer(town, "尉迟恭礼"), user_id=town.users[name], at=later(town))
    assert depositors.give_login(actor=system("shell"), depositor_id=town.person("王建国"), at=later(town))
    assert organisations.reissue_activation(actor=town.officer("head"), user_id=town.users["director"], at=later(town))


# Registers


def test_lines_of_the_signers_kin_wait_for_another_signature(town: Village) -> None:
    lines = LINE.format(number="0003", name="单秀兰") + LINE.format(number="0001", name="王小雨")
    sheet = bring(town, town.officer("clerk"), lines)
    assert (sheet.good_count, sheet.bad_count) == (2, 0)
    signed = intake.sign_sheet(actor=officer(town, "王秀梅"), sheet_id=sheet.pk, at=later(town))
    assert [(p["row"], p["code"]) for p in signed.problems] == [(3, "signers_household")]
    assert (signed.good_count, signed.bad_count) == (1, 1)
    done = intake.commit_sheet(actor=town.officer("clerk"), sheet_id=sheet.pk, at=later(town))
    assert done.committed_count == 1
    assert (deeds_stage.points_of(town, "单秀兰"), deeds_stage.points_of(town, "王小雨")) == (200, 0)
    rest = bring(town, town.officer("clerk"), lines)
    intake.sign_sheet(actor=officer(town, "尉迟恭礼"), sheet_id=rest.pk, at=later(town))
    assert intake.commit_sheet(actor=town.officer("clerk"), sheet_id=rest.pk, at=later(town)).committed_count == 1
    assert (deeds_stage.points_of(town, "单秀兰"), deeds_stage.points_of(town, "王小雨")) == (200, 200)


def test_nobody_signs_a_sheet_about_kin_alone(town: Village) -> None:
    sheet = bring(town, town.officer("clerk"), LINE.format(number="0001", name="王小雨"))
    with pytest.raises(intake.SignerConcerned):
        intake.sign_sheet(actor=officer(town, "王秀梅"), sheet_id=sheet.pk, at=later(town))
    sheet.refresh_from_db()
    assert sheet.status == "checked" and sheet.signed_by is None


def test_kin_that_were_registered_after_the_signature_count(town: Village) -> None:
    """W04 is asked again when the points post."""
    lines = LINE.format(number="0003", name="单秀兰") + LINE.format(number="0005", name="刘德福")
    sheet = bring(town, town.officer("clerk"), lines)
    intake.sign_sheet(actor=officer(town, "尉迟恭礼"), sheet_id=sheet.pk, at=town.at)
    depositors.register_kin(
        actor=town.officer("clerk"),
        first_id=town.person("尉迟恭礼"),
        second_id=town.person("刘德福"),
        relation="舅甥",
        at=town.at,
    )
    done = intake.commit_sheet(actor=town.officer("clerk"), sheet_id=sheet.pk, at=later(town))
    assert [(p["row"], p["code"]) for p in done.problems] == [(3, "signers_household")]
    assert (deeds_stage.points_of(town, "单秀兰"), deeds_stage.points_of(town, "刘德福")) == (200, 0)


def test_a_signature_of_one_who_left_since_does_not_carry(town: Village) -> None:
    sheet = bring(town, town.officer("clerk"), LINE.format(number="0003", name="单秀兰"))
    with pytest.raises(intake.SignatureMissing):
        intake.commit_sheet(actor=officer(town, "尉迟恭礼"), sheet_id=sheet.pk, at=town.at)
    intake.sign_sheet(actor=officer(town, "尉迟恭礼"), sheet_id=sheet.pk, at=town.at)
    organisations.end_offices(actor=system(), user_id=town.users["尉迟恭礼"], at=town.at + timedelta(minutes=1))
    with pytest.raises(pairs.OutOfOffice):
        intake.commit_sheet(actor=town.officer("clerk"), sheet_id=sheet.pk, at=later(town))
    assert deeds_stage.points_of(town, "单秀兰") == 0


def test_the_operators_shell_stands_for_both(town: Village) -> None:
    data = (REGISTER + LINE.format(number="0003", name="单秀兰")).encode()
    report = intake.take_in(
        actor=system("cli"), kind="register", branch_id=town.branch_id, file_name="台账.csv", data=data, at=town.at
    )
    assert report.committed == 1 and deeds_stage.points_of(town, "单秀兰") == 200
    clerk, more = town.officer("clerk"), data + b"\n"
    with pytest.raises(intake.SignatureMissing):
        intake.take_in(actor=clerk, kind="register", branch_id=town.branch_id, file_name="b.csv", data=more, at=town.at)


# Rules


def test_who_wrote_last_does_not_approve_even_a_draft_of_another(town: Village) -> None:
    first, second = officer(town, "王建国"), officer(town, "尉迟恭礼")
    edition = rulebooks.draft_edition(actor=first, organisation_id=town.branch_id, at=town.at)
    rulebooks.add_item(actor=second, edition_id=edition.pk, draft=deeds_stage.clause("9.1", "植树", 300), at=town.at)
    with pytest.raises(rulebooks.SecondPersonNeeded):
        rulebooks.put_in_force(actor=second, edition_id=edition.pk, on=town.at.date(), at=town.at)
    rulebooks.put_in_force(actor=first, edition_id=edition.pk, on=town.at.date(), at=town.at)
    found = rulebook_queries.item_in_force(branch_id=town.branch_id, code="9.1", on=town.at.date())
    assert found is not None


# Payments


def test_up_to_the_limit_one_officer_pays(town: Village) -> None:
    fund_id = fund_of(town)
    with pytest.raises(funds.NoApprovalNeeded):
        funds.approve_draw(actor=officer(town, "王建国"), fund_id=fund_id, subject="order:7", amount=50_000, at=town.at)
    assert pay(town, fund_id, town.officer("teller"), 50_000).amount == 50_000


def test_above_the_limit_only_what_was_approved_is_paid(town: Village) -> None:
    fund_id, teller = fund_of(town), town.officer("teller")
    with pytest.raises(funds.ApprovalMissing) as refused:
        pay(town, fund_id, teller)
    assert "600" in refused.value.words and "500" in refused.value.words
    for key, refusal in (("teller", NotAllowed), ("other_director", NotFound), ("supervisor", NotAllowed)):
        with pytest.raises(refusal):
            funds.approve_draw(actor=town.officer(key), fund_id=fund_id, subject="order:7", amount=60_000, at=town.at)
    for _ in range(2):
        funds.approve_draw(actor=town.officer("director"), fund_id=fund_id, subject="order:7", amount=60_000, at=town.at)
    with pytest.raises(Refusal):
        funds.approve_draw(actor=town.officer("director"), fund_id=fund_id, subject="order:7", amount=70_000, at=town.at)
    with pytest.raises(funds.ApprovalMissing):
        pay(town, fund_id, teller, 70_000)
    pay(town, fund_id, teller)
    approval = fund_queries.approvals_for(subjects=["order:7"])["order:7"]
    assert (approval.approved_by, approval.drawn_by) == (town.users["director"], town.users["teller"])


def test_a_lower_limit_holds_at_once_and_a_higher_one_waits(town: Village) -> None:
    fund_id = fund_of(town)
    first, second = officer(town, "王建国"), officer(town, "尉迟恭礼")
    with pytest.raises(NotAllowed):
        funds.set_limit(actor=town.officer("director"), fund_id=fund_id, limit=1, at=town.at)
    with pytest.raises(funds.NoRaise):
        funds.confirm_limit(actor=second, fund_id=fund_id, at=town.at)
    funds.set_limit(actor=first, fund_id=fund_id, limit=80_000, at=town.at)
    assert limit_of(fund_id) == 50_000
    funds.set_limit(actor=first, fund_id=fund_id, limit=10_000, at=town.at)
    assert limit_of(fund_id) == 10_000
    with pytest.raises(funds.NoRaise):
        funds.confirm_limit(actor=second, fund_id=fund_id, at=town.at)
    for wrong in (-1, 10**12):
        with pytest.raises(Refusal) as refused:
            funds.set_limit(actor=first, fund_id=fund_id, limit=wrong, at=town.at)
        assert refused.value.field == "limit"


# What the store itself refuses


def test_the_store_refuses_one_person_twice(town: Village) -> None:
    proposal = propose(town, officer(town, "王建国"))
    fund_id = fund_of(town)
    approval = funds.approve_draw(actor=officer(town, "王建国"), fund_id=fund_id, subject="order:7", amount=60_000, at=town.at)
    held = organisation_queries.appointments_of(user_id=town.users["王建国"])[0].appointment_id
    for rows, changes in (
        (
            Proposal.objects.filter(pk=proposal.pk),
            {"status": "confirmed", "appointment_id": held, "decided_by": town.users["王建国"], "decided_at": town.at},
        ),
        (Proposal.objects.filter(pk=proposal.pk), {"user_id": town.users["王建国"]}),
        (Approval.objects.filter(pk=approval.pk), {"drawn_by": town.users["王建国"]}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**changes)  # type: ignore[attr-defined]

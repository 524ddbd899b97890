"""Households: merge, split, heads, moving away, death; what is left in a passbook goes with the family."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime, timedelta

import pytest
from pytest_django import DjangoDbBlocker

from tests import village
from wenming.core.actor import system
from wenming.core.errors import NotFound, Refusal, WrongInput
from wenming.domain.depositors import households, queries, services
from wenming.domain.depositors.models import Household
from wenming.domain.depositors.queries import EnrolRow, PersonFacts, Status
from wenming.domain.identity import queries as identity_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import services as organisations

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[village.Village]:
    with village.standing(django_db_blocker) as town:
        yield town


@pytest.fixture
def town(built: village.Village) -> village.Village:
    return deepcopy(built)


def earn(town: village.Village, name: str, amount: int) -> None:
    book = queries.passbook_of(depositor_id=town.person(name))
    moves = (
        ledger.Move("issuance", book.points_account_id, amount),
        ledger.Move("issuance", book.honour_account_id, amount),
    )
    posting = ledger.Posting(
        kind=ledger.Kind.OPENING_BALANCE,
        subject=f"test:{name}",
        moves=moves,
        key=f"test:{name}",
        occurred_at=town.at,
        recorded_at=town.at,
    )
    ledger.post(book_id=town.book_id, posting=posting)


def points(town: village.Village, name: str) -> tuple[int, int]:
    book = queries.passbook_of(depositor_id=town.person(name))
    return tuple(ledger_queries.balance(account_id=pk) for pk in (book.points_account_id, book.honour_account_id))  # type: ignore[return-value]


def names(household_id: int) -> list[str]:
    return [member.name for member in queries.members_of(household_id=household_id)]


def home(town: village.Village, number: str) -> Household:
    return Household.objects.get(pk=town.households[number])


def test_a_household_at_the_counter(town: village.Village, at: datetime) -> None:
    clerk = town.officer("clerk")
    made = services.enrol_household(
        actor=clerk,
        branch_id=town.branch_id,
        number="",
        head=PersonFacts(name="郑一"),
        members=[PersonFacts(name="郑二")],
        at=at,
    )
    assert (made.number, made.resident_count, names(made.pk)) == ("LX01-0001", 2, ["郑一", "郑二"])
    services.enrol_many(actor=clerk, branch_id=town.branch_id, rows=[EnrolRow(household_number="LX01-0002", name="郑三")], at=at)
    assert services.enrol_household(
        actor=clerk, branch_id=town.branch_id, number="", head=PersonFacts(name="郑四"), members=[], at=at
    ).number == "LX01-0003", "running numbers step over the clerk's own"  # fmt: skip
    with pytest.raises(WrongInput) as refused:
        services.enrol_household(
            actor=clerk, branch_id=town.branch_id, number="lx01-0001", head=PersonFacts(name="郑五"), members=[], at=at
        )
    assert refused.value.field == "number" and refused.value.words
    joined = services.enrol_depositor(
        actor=clerk, branch_id=town.branch_id, kind="person", facts=PersonFacts(name="郑六"), household_id=made.pk, at=at
    )
    assert joined.household_id == made.pk
    with pytest.raises(NotFound):
        services.enrol_depositor(
            actor=clerk, branch_id=town.branch_id, kind="person", facts=PersonFacts(name="郑七"), household_id=99999, at=at
        )


def test_two_families_become_one(town: village.Village, at: datetime) -> None:
    earn(town, "王建国家", 500)
    kept = services.merge_households(
        actor=town.officer("clerk"), kept_id=town.households["0002"], closed_id=town.households["0001"], at=at
    )
    assert names(kept.pk) == ["王建国", "李秀英", "王小雨", "王秀梅", "赵志强"] and kept.resident_count == 5
    assert home(town, "0001").closed_on == date(2026, 3, 12)
    assert points(town, "王建国家") == (0, 500), "honour stays where it was earned"
    assert points(town, "王秀梅") == (500, 0), "the family's points go to the other family's head"


def test_what_can_not_be_merged(town: village.Village, at: datetime) -> None:
    other = queries.household_by_number(branch_id=town.other_branch_id, number="0001")
    assert other is not None
    with pytest.raises(households.OtherBranch):
        services.merge_households(actor=town.officer("head"), kept_id=town.households["0001"], closed_id=other.pk, at=at)
    with pytest.raises(NotFound):
        services.merge_households(actor=town.officer("clerk"), kept_id=town.households["0001"], closed_id=other.pk, at=at)
    with pytest.raises(WrongInput):
        services.merge_households(actor=town.officer("clerk"), kept_id=other.pk, closed_id=other.pk, at=at)


def test_a_family_divides(town: village.Village, at: datetime) -> None:
    clerk, wife, head = town.officer("clerk"), town.person("曾静"), town.person("张伟")
    told = {"actor": clerk, "household_id": town.households["0004"], "at": at}
    with pytest.raises(households.HeadMissing):
        services.split_household(**told, number="0044", member_ids=[head], head_id=head)  # type: ignore[arg-type]
    with pytest.raises(households.NumberTaken):
        services.split_household(**told, number="0001", member_ids=[wife], head_id=wife)  # type: ignore[arg-type]
    with pytest.raises(households.NotOfHousehold):
        services.split_household(**told, number="0044", member_ids=[town.person("王建国")], head_id=town.person("王建国"))  # type: ignore[arg-type]
    with pytest.raises(WrongInput):
        child = town.person("张子轩")
        services.split_household(**told, number="0044", member_ids=[child], head_id=child)  # type: ignore[arg-type]
    new = services.split_household(**told, number="0044", member_ids=[wife, town.person("张子轩")], head_id=wife)  # type: ignore[arg-type]
    assert names(new.pk) == ["曾静", "张子轩"] and new.head_id == wife and new.lane == "南街"
    assert home(town, "0004").resident_count == 1


def test_a_daughter_marries_into_another_family(town: village.Village, at: datetime) -> None:
    clerk = town.officer("clerk")
    with pytest.raises(households.HeadMissing):
        services.move_member(actor=clerk, depositor_id=town.person("张伟"), household_id=town.households["0005"], at=at)
    services.move_member(actor=clerk, depositor_id=town.person("曾静"), household_id=town.households["0005"], at=at)
    assert names(town.households["0005"]) == ["曾静", "刘德福", "陈桂花"]
    services.move_member(actor=clerk, depositor_id=town.person("单秀兰"), household_id=town.households["0005"], at=at)
    assert home(town, "0003").closed_on is not None, "the last one closes the door"
    with pytest.raises(Refusal) as refused:
        services.enrol_many(actor=clerk, branch_id=town.branch_id, rows=[EnrolRow(household_number="0003", name="郑一")], at=at)
    assert refused.value.code == "depositors.household_closed", "nobody moves into a closed household"


def test_a_new_head_logs_in_by_the_household_number(town: village.Village, at: datetime) -> None:
    old = town.villager("王建国").user_id
    services.change_head(
        actor=town.officer("clerk"), household_id=town.households["0001"], depositor_id=town.person("李秀英"), at=at
    )
    assert identity_queries.user_by_login_name(name="LX01-0001") is None
    new = town.villager("李秀英").user_id
    found = identity_queries.user_by_login_name(name="LX01-0001")
    assert found is not None and found.pk == new != old
    for name, refusal in (("王小雨", WrongInput), ("张伟", households.NotOfHousehold), ("王建国家", households.NotOfHousehold)):
        with pytest.raises(refusal):
            services.change_head(
                actor=town.officer("clerk"), household_id=town.households["0001"], depositor_id=town.person(name), at=at
            )


def test_moving_away_and_back(town: village.Village, at: datetime) -> None:
    clerk, pk = town.officer("clerk"), town.person("赵志强")
    services.move_depositor_out(actor=clerk, depositor_id=pk, at=at)
    assert names(town.households["0002"]) == ["王秀梅"]
    assert queries.depositor(actor=clerk, depositor_id=pk).status == Status.MOVED
    assert queries.may_spend(depositor_id=pk)
    services.move_depositor_back(actor=clerk, depositor_id=pk, household_id=town.households["0002"], at=at)
    assert names(town.households["0002"]) == ["王秀梅", "赵志强"]
    with pytest.raises(households.HeadMissing):
        services.move_depositor_out(actor=clerk, depositor_id=town.person("王秀梅"), at=at)


def test_the_points_of_the_dead_go_to_the_head_and_honour_is_kept(town: village.Village, at: datetime) -> None:
    earn(town, "李秀英", 700)
    services.record_death(actor=town.officer("clerk"), depositor_id=town.person("李秀英"), at=at)
    assert points(town, "李秀英") == (0, 700) and points(town, "王建国") == (700, 0)
    assert not queries.may_spend(depositor_id=town.person("李秀英"))
    assert queries.find_depositors(actor=town.officer("clerk"), text="李秀英") == []
    with pytest.raises(Refusal):
        services.record_death(actor=town.officer("clerk"), depositor_id=town.person("李秀英"), at=at)
    assert points(town, "王建国") == (700, 0)
    assert ledger_queries.verify().ok


def test_when_the_head_dies_the_eldest_leads_and_the_named_heir_inherits(town: village.Village, at: datetime) -> None:
    earn(town, "王建国", 300)
    town.villager("王建国")
    with pytest.raises(households.NotOfHousehold):
        services.record_death(actor=town.officer("clerk"), depositor_id=town.person("王建国"), heir_id=town.person("张伟"), at=at)
    services.record_death(
        actor=town.officer("clerk"), depositor_id=town.person("王建国"), heir_id=town.person("王小雨"), at=at + timedelta(1)
    )
    assert points(town, "王小雨") == (300, 0)
    assert home(town, "0001").head_id == town.person("李秀英")
    assert identity_queries.user_by_login_name(name="13800000001") is None, "the log-in ended"


def test_the_last_of_a_household(town: village.Village, at: datetime) -> None:
    earn(town, "单秀兰", 100)
    services.record_death(actor=town.officer("clerk"), depositor_id=town.person("单秀兰"), at=at)
    assert points(town, "单秀兰") == (100, 100), "nobody is left to pass it to"
    assert home(town, "0003").closed_on == date(2026, 3, 12) and home(town, "0003").head_id is None
    with pytest.raises(WrongInput):
        services.record_death(actor=town.officer("clerk"), depositor_id=town.person("清溪供销社"), at=at)


def test_lane_and_residents_can_be_put_right(town: village.Village, at: datetime) -> None:
    clerk, pk = town.officer("clerk"), town.households["0005"]
    services.change_household(actor=clerk, household_id=pk, lane="东街", resident_count=4, at=at)
    assert (home(town, "0005").lane, home(town, "0005").resident_count) == ("东街", 4)
    with pytest.raises(WrongInput):
        services.change_household(actor=clerk, household_id=pk, resident_count=0, at=at)


def test_a_village_of_the_branch_can_be_put_right(town: village.Village, at: datetime) -> None:
    clerk, pk = town.officer("clerk"), town.households["0005"]
    services.change_household(actor=clerk, household_id=pk, village_code="990101100202", at=at)
    assert home(town, "0005").village_code == "990101100202"
    with pytest.raises(Refusal) as refused:
        services.change_household(actor=clerk, household_id=pk, village_code="990101100203", at=at)
    assert refused.value.field == "village_code"
    services.change_household(actor=clerk, household_id=pk, village_code="", lane="东街", at=at)
    assert home(town, "0005").village_code == ""
    assert queries.households_by_village(branch_id=town.branch_id) == {"990101100201": 5, "": 1}


def test_where_points_change_hands_nobody_decides_for_the_own_family(town: village.Village, at: datetime) -> None:
    for name in ("王秀梅", "李秀英"):
        user_id = town.villager(name).user_id
        assert user_id is not None
        organisations.appoint_officer(actor=system(), user_id=user_id, organisation_id=town.branch_id, role="clerk", at=at)
    homes, sister, wife = town.households, town.villager("王秀梅"), town.villager("李秀英")
    for actor, kept, closed in ((sister, "0003", "0001"), (wife, "0001", "0003"), (wife, "0003", "0001")):
        with pytest.raises(households.OwnFamily):
            services.merge_households(actor=actor, kept_id=homes[kept], closed_id=homes[closed], at=at)
    with pytest.raises(households.OwnFamily):
        services.record_death(actor=sister, depositor_id=town.person("王建国"), at=at)
    services.merge_households(actor=sister, kept_id=homes["0003"], closed_id=homes["0005"], at=at)

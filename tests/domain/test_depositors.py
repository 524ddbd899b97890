"""Depositors: enrolment, search, scope, classes, kin, names on the wall, log-in, encrypted facts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from tests import village
from wenming.core import audit, clock
from wenming.core.actor import Actor, system
from wenming.core.errors import NotAllowed, NotFound, Refusal, WrongInput
from wenming.domain.depositors import enrolment, facts, pinyin, queries, services
from wenming.domain.depositors.models import VaultRecord
from wenming.domain.depositors.queries import EnrolRow, IdentityClass, PersonFacts, RevealPurpose
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.domain.ledger import queries as ledger

pytestmark = pytest.mark.django_db
ID_NUMBER = "11010519491231002X"


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[village.Village]:
    with village.standing(django_db_blocker) as town:
        yield town


@pytest.fixture
def town(built: village.Village) -> village.Village:
    return deepcopy(built)


def enrol(town: village.Village, actor: Actor | None = None, **more: object) -> int:
    person = replace(PersonFacts(name="新来的"), **more)  # type: ignore[arg-type]
    return services.enrol_depositor(
        actor=actor or town.officer("clerk"), branch_id=town.branch_id, kind="person", facts=person, at=town.at
    ).pk


def test_enrolment_opens_a_passbook_with_two_accounts(town: village.Village) -> None:
    book = queries.passbook_of(depositor_id=town.person("王建国"))
    assert book.number == "LX01P00001" and len(book.card_code) == 32
    assert ledger.balances([book.points_account_id, book.honour_account_id]) == {
        book.points_account_id: 0,
        book.honour_account_id: 0,
    }
    assert queries.depositor_by_card(actor=town.officer("teller"), card_code=book.card_code).pk == town.person("王建国")
    assert queries.depositor_by_card(actor=town.officer("teller"), card_code="lx01p00001").pk == town.person("王建国")


def test_a_household_has_its_head_and_members(town: village.Village) -> None:
    home = queries.household(actor=town.officer("clerk"), household_id=town.households["0001"])
    assert home.head is not None and home.head.name == "王建国" and home.resident_count == 3
    assert [m.name for m in queries.members_of(household_id=home.pk)] == ["王建国", "李秀英", "王小雨", "王建国家"]
    assert queries.household_by_number(branch_id=town.branch_id, number=" 0001 ") == home


def test_numbers_run_on_and_step_over_the_clerks_own(town: village.Village) -> None:
    clerk = town.officer("clerk")
    services.enrol_household(
        actor=clerk, branch_id=town.branch_id, number="LX01-0001", head=PersonFacts(name="郑一"), members=[], at=town.at
    )
    home = services.enrol_household(
        actor=clerk,
        branch_id=town.branch_id,
        number="",
        head=PersonFacts(name="郑二"),
        members=[PersonFacts(name="郑三")],
        at=town.at,
    )
    assert home.number == "LX01-0002"
    with pytest.raises(WrongInput) as refused:
        services.enrol_household(
            actor=clerk, branch_id=town.branch_id, number="lx01-0002", head=PersonFacts(name="郑四"), members=[], at=town.at
        )
    assert refused.value.field == "number" and refused.value.words


@pytest.mark.parametrize("key", ["teller", "reviewer", "lane_chief", "supervisor", "other_clerk"])
def test_who_may_not_enrol(town: village.Village, key: str) -> None:
    with pytest.raises(NotAllowed):
        enrol(town, actor=town.officer(key))


@pytest.mark.parametrize("name", ["", "  ", "王\u200b伟", "王\u202e伟", "王\x00伟", "王5", "<b>", "王" * 31, "·", "😀"])
def test_impossible_names(town: village.Village, name: str) -> None:
    with pytest.raises(facts.WrongName) as refused:
        enrol(town, name=name)
    assert refused.value.field == "name" and "30" in refused.value.words


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("王　秀 梅", "王秀梅"),
        ("䶮喆垚", "䶮喆垚"),
        ("𬭎𰻞", "𬭎𰻞"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("Jean  Dupont", "Jean Dupont"),
        ("é".encode().decode() + "mile", "émile"),
        ("e\u0301mile", "émile"),
    ],
)
def test_names_in_one_normal_form(town: village.Village, name: str, kept: str) -> None:
    assert queries.depositor(actor=town.officer("clerk"), depositor_id=enrol(town, name=name)).name == kept


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"id_number": "110105491231002"}, "id_number", "depositors.old_id_number"),
        ({"id_number": "110105194912310021"}, "id_number", "depositors.wrong_id_number"),
        ({"id_number": "11010519491331002X"}, "id_number", "depositors.wrong_id_number"),
        ({"id_number": "1101051949123100"}, "id_number", "depositors.wrong_id_number"),
        ({"id_number": ID_NUMBER, "born_on": date(1950, 1, 1)}, "born_on", "depositors.wrong_birth_date"),
        ({"phone": "1380000000"}, "phone", "depositors.wrong_phone"),
        ({"phone": "23800000001"}, "phone", "depositors.wrong_phone"),
        ({"born_on": date(2026, 3, 13)}, "born_on", "depositors.wrong_birth_date"),
        ({"born_on": date(1899, 12, 31)}, "born_on", "depositors.wrong_birth_date"),
        ({"born_on": date(2012, 3, 13)}, "guardian", "depositors.guardian_consent_missing"),
        ({"sex": "x"}, "sex", "wrong_input"),
        ({"classes": ("king",)}, "classes", "wrong_input"),
    ],
)
def test_facts_that_can_not_be(town: village.Village, wrong: dict[str, object], field: str, code: str) -> None:
    before = queries.counts()
    with pytest.raises(Refusal) as refused:
        enrol(town, **wrong)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.words)
    assert queries.counts() == before


def test_facts_are_read_kindly(town: village.Village) -> None:
    pk = enrol(town, id_number="１１０１０５１９４９１２３１００２ｘ", phone="+86 138-0013-8000", sex="女")
    person = queries.depositor(actor=town.officer("clerk"), depositor_id=pk)
    assert (person.born_on, person.sex) == (date(1949, 12, 31), "f")
    assert facts.clean_phone("（010）6958 1234") == "01069581234"


def test_an_id_number_enrols_once(town: village.Village) -> None:
    enrol(town, id_number=ID_NUMBER)
    with pytest.raises(enrolment.IdNumberTaken) as refused:
        enrol(town, id_number=ID_NUMBER.lower())
    assert refused.value.field == "id_number" and refused.value.status == 409


def test_under_fourteen_needs_a_guardian_and_fourteen_does_not(town: village.Village) -> None:
    child = queries.depositor(actor=town.officer("clerk"), depositor_id=enrol(town, born_on=date(2012, 3, 13), guardian="王建国"))
    assert (child.guardian, child.guardian_consent_on) == ("王建国", date(2026, 3, 12))
    enrol(town, born_on=date(2012, 3, 12))


def test_the_vault_keeps_ciphertext(town: village.Village) -> None:
    pk = enrol(town, id_number=ID_NUMBER, phone="13800138000")
    record = VaultRecord.objects.get(depositor_id=pk)
    kept = bytes(record.id_number or b"") + bytes(record.phone or b"")
    assert ID_NUMBER.encode() not in kept and b"13800138000" not in kept
    assert not VaultRecord.objects.filter(depositor_id=town.person("李秀英")).exists(), "no key where there is nothing to keep"
    assert queries.vault_fields(depositor_id=pk) == {"id_number", "phone"}
    assert queries.ids_by_id_number(id_numbers=[ID_NUMBER, "x"]) == {ID_NUMBER: pk}


def test_reading_an_encrypted_fact_is_written_down(town: village.Village, at: datetime) -> None:
    pk, clerk = enrol(town, phone="13800138000"), town.officer("clerk")
    assert services.reveal(actor=clerk, depositor_id=pk, field="phone", purpose=RevealPurpose.CONTACT, at=at) == "13800138000"
    [event] = [e for e in audit.trail(subject=f"depositor:{pk}") if e.act == "depositors.revealed"]
    assert event.facts == {"field": "phone", "purpose": "contact"} and event.user_id == clerk.user_id
    for more, refusal in (
        ({"purpose": "好奇"}, WrongInput),
        ({"field": "name"}, WrongInput),
        ({"field": "id_number"}, services.NothingKept),
        ({"actor": town.officer("reviewer")}, NotAllowed),
        ({"actor": town.officer("other_clerk")}, NotFound),
    ):
        told = {"actor": clerk, "depositor_id": pk, "field": "phone", "purpose": "contact", "at": at, **more}
        with pytest.raises(refusal):
            services.reveal(**told)  # type: ignore[arg-type]


def test_reading_has_a_daily_measure(town: village.Village, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "REVEALS_A_DAY", 2)
    pk, clerk = enrol(town, phone="13800138000"), town.officer("clerk")
    told = {"actor": clerk, "depositor_id": pk, "field": "phone", "purpose": "contact"}
    for _time in range(2):
        services.reveal(**told, at=at)  # type: ignore[arg-type]
    with pytest.raises(services.TooManyReveals):
        services.reveal(**told, at=at)  # type: ignore[arg-type]
    services.reveal(**told, at=at + timedelta(days=1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("王建", "王建国"), ("shanxiulan", "单秀兰"), ("sxl", "单秀兰"), ("Yu Chi", "尉迟恭礼"), ("cgl", None), ("zengj", "曾静"),
        ("0004", "曾静"),
        ("lx01p00004", "王秀梅"), ("清溪", "清溪供销社"), ("孙立", None), ("", None), ("%", None), ("王_", None),
        ("\x00", None), ("\U0010ffff", None),
    ],
)  # fmt: skip
def test_search(town: village.Village, text: str, first: str | None) -> None:
    found = queries.find_depositors(actor=town.officer("teller"), text=text)
    assert [person.name for person in found][:1] == ([first] if first else [])


def test_search_is_scoped_and_limited(town: village.Village) -> None:
    def names(actor: Actor, text: str = "w", **more: int) -> set[str]:
        return {person.name for person in queries.find_depositors(actor=actor, text=text, **more)}

    assert names(town.officer("head")) == {"王建国", "王小雨", "王秀梅", "吴强", "王建国家"}
    assert names(town.officer("head"), branch_id=town.other_branch_id) == {"吴强"}
    assert names(town.officer("other_clerk")) == {"吴强"}
    assert names(town.officer("lane_chief")) == {"王建国", "王小雨", "王建国家"}, "a lane chief sees the lane"
    assert names(town.villager("王建国")) == {"王建国", "王小雨", "王建国家"}, "a villager sees the household"
    assert names(Actor(None, "board")) == set()
    assert len(queries.find_depositors(actor=system(), text="w", limit=2)) == 2


def test_other_branches_people_do_not_exist(town: village.Village, at: datetime) -> None:
    stranger, pk = town.officer("other_director"), town.person("王建国")
    card = queries.passbook_of(depositor_id=pk).card_code
    for ask in (
        lambda: queries.depositor(actor=stranger, depositor_id=pk),
        lambda: queries.depositor_by_card(actor=stranger, card_code=card),
        lambda: queries.household(actor=stranger, household_id=town.households["0001"]),
        lambda: services.set_class(actor=stranger, depositor_id=pk, identity_class="minor", on=at.date()),
        lambda: services.correct_depositor(actor=stranger, depositor_id=pk, name="改了", at=at),
        lambda: services.register_kin(actor=stranger, first_id=pk, second_id=town.person("孙立"), relation="兄弟", at=at),
        lambda: services.give_login(actor=stranger, depositor_id=pk, at=at),
        lambda: services.record_death(actor=stranger, depositor_id=pk, at=at),
        lambda: services.move_depositor_out(actor=stranger, depositor_id=pk, at=at),
        lambda: services.erase_depositor(actor=stranger, depositor_id=pk, at=at),
        lambda: services.change_household(actor=stranger, household_id=town.households["0001"], lane="x", at=at),
    ):
        with pytest.raises(NotFound):
            ask()
    assert queries.depositors_of(actor=stranger, branch_id=town.branch_id) == []


def test_pages_of_depositors(town: village.Village) -> None:
    clerk = town.officer("clerk")
    first = queries.depositors_of(actor=clerk, branch_id=town.branch_id, limit=10)
    rest = queries.depositors_of(actor=clerk, branch_id=town.branch_id, after=first[-1].pk, limit=10)
    assert len({person.pk for person in first + rest}) == len(first) + len(rest) == 15


def test_classes_are_dated_and_several_at_once(town: village.Village) -> None:
    clerk, pk = town.officer("clerk"), town.person("王建国")
    services.set_class(actor=clerk, depositor_id=pk, identity_class=IdentityClass.LANE_CHIEF, on=date(2026, 4, 1))
    services.set_class(actor=clerk, depositor_id=pk, identity_class=IdentityClass.LANE_CHIEF, on=date(2026, 4, 5))
    services.end_class(actor=clerk, depositor_id=pk, identity_class=IdentityClass.LANE_CHIEF, on=date(2026, 5, 1))
    for on, is_chief in (
        (date(2026, 3, 31), False),
        (date(2026, 4, 1), True),
        (date(2026, 4, 30), True),
        (date(2026, 5, 1), False),
    ):
        classes = queries.classes_on(depositor_ids=[pk], on=on)[pk]
        assert classes == {"villager", "party_member"} | ({"lane_chief"} if is_chief else set())


def test_classes_by_nature(town: village.Village) -> None:
    pk = {name: town.person(name) for name in ("张子轩", "清溪供销社", "柳溪村第一村民小组", "王建国家", "张伟")}
    services.set_class(actor=system(), depositor_id=pk["张伟"], identity_class="new_villager", on=date(2026, 1, 1))
    classes = queries.classes_on(depositor_ids=pk.values(), on=date(2027, 8, 31))
    assert classes[pk["张子轩"]] == {"villager", "minor"}
    assert classes[pk["清溪供销社"]] == {"unit"} and classes[pk["张伟"]] == {"new_villager"}
    assert classes[pk["柳溪村第一村民小组"]] == classes[pk["王建国家"]] == {"villager"}
    assert queries.classes_on(depositor_ids=[pk["张子轩"]], on=date(2027, 9, 1))[pk["张子轩"]] == {"villager"}


@pytest.mark.parametrize(
    ("name", "kind", "born_on", "shown"),
    [
        ("王秀梅", "person", None, "王*梅"),
        ("王伟", "person", date(1990, 1, 1), "王*"),
        ("欧阳建国", "person", None, "欧**国"),
        ("阿依古丽·买买提", "person", None, "阿**提"),
        ("王", "person", None, "*"),
        ("王小雨", "person", date(2008, 3, 13), "未成年人"),
        ("王小雨", "person", date(2008, 3, 12), "王*雨"),
        ("王建国家", "household", None, "王*国家"),
        ("清溪供销社", "unit", None, "清溪供销社"),
        ("第一村民小组", "collective", None, "第一村民小组"),
        ("", "person", None, "已注销"),
    ],
)
def test_names_on_the_wall(name: str, kind: str, born_on: date | None, shown: str) -> None:
    assert queries.public_name(name=name, kind=kind, born_on=born_on, on=date(2026, 3, 12)) == shown


def test_a_registered_minor_is_never_named(town: village.Village) -> None:
    pk = town.person("尉迟恭礼")
    services.set_class(actor=town.officer("clerk"), depositor_id=pk, identity_class="minor", on=date(2026, 1, 1))
    shown = queries.public_names(depositor_ids=[pk, town.person("王建国")], on=date(2026, 3, 12))
    assert shown == {pk: "未成年人", town.person("王建国"): "王*国"}


def test_relatives(town: village.Village) -> None:
    brother, sister = town.person("王建国"), town.person("王秀梅")
    assert queries.relatives_of(depositor_ids=[brother]) >= {brother, sister, town.person("李秀英"), town.person("王小雨")}
    assert town.person("张伟") not in queries.relatives_of(depositor_ids=[brother])
    reviewer = town.users["kin_reviewer"]
    for name, is_kin in (
        ("王建国", True),
        ("李秀英", True),
        ("赵志强", True),
        ("王秀梅", True),
        ("张伟", False),
        ("孙立", False),
    ):
        assert queries.is_kin_of_user(user_id=reviewer, depositor_ids=[town.person(name)]) is is_kin, name
    assert not queries.is_kin_of_user(user_id=town.users["clerk"], depositor_ids=[brother])
    assert not queries.is_kin_of_user(user_id=None, depositor_ids=[brother])


def test_kin_are_registered_once_and_can_be_taken_back(town: village.Village, at: datetime) -> None:
    clerk, first, second = town.officer("clerk"), town.person("张伟"), town.person("王建国")
    services.register_kin(actor=clerk, first_id=first, second_id=second, relation="甥舅", at=at)
    assert [(p.name, relation) for p, relation in queries.kin_of(depositor_id=first)] == [("刘德福", "翁婿"), ("王建国", "甥舅")]
    with pytest.raises(services.AlreadyKin):
        services.register_kin(actor=clerk, first_id=second, second_id=first, relation="甥舅", at=at)
    services.remove_kin(actor=clerk, first_id=second, second_id=first, at=at)
    assert [p.name for p, _relation in queries.kin_of(depositor_id=first)] == ["刘德福"]
    for other, relation in ((first, "自己"), (second, " ")):
        with pytest.raises(WrongInput):
            services.register_kin(actor=clerk, first_id=first, second_id=other, relation=relation, at=at)


def test_log_in_by_phone_household_or_passbook(town: village.Village, at: datetime) -> None:
    code = services.give_login(actor=town.officer("teller"), depositor_id=town.person("王建国"), at=at)
    user = identity.activate(name="13800000001", code=code, password=village.PASSWORD, at=at)
    for name in ("LX01-0001", "lx010001", "LX01P00001", "+8613800000001"):
        assert identity_queries.user_by_login_name(name=name) == user
    assert identity_queries.user_by_login_name(name="0001") is None, "the neighbours have a 0001 as well"
    code = services.give_login(actor=town.officer("clerk"), depositor_id=town.person("尉迟恭礼"), at=at)
    assert identity.activate(name="0006", code=code, password=village.PASSWORD, at=at) != user
    actor = queries.actor_for(user_id=user.pk, door="villager", at=at)
    assert (actor.depositor_id, actor.household_id, actor.branch_id) == (
        town.person("王建国"),
        town.households["0001"],
        town.branch_id,
    )


def test_a_shared_phone_stays_with_the_first(town: village.Village, at: datetime) -> None:
    first = town.villager("王建国").user_id
    pk = enrol(town, phone="13800000001")
    code = services.give_login(actor=town.officer("clerk"), depositor_id=pk, at=at)
    number = queries.passbook_of(depositor_id=pk).number
    assert identity.activate(name=number, code=code, password=village.PASSWORD, at=at).pk != first
    assert identity_queries.user_by_login_name(name="13800000001").pk == first  # type: ignore[union-attr]
    assert len(queries.depositors_by_phone(actor=town.officer("clerk"), phone="13800000001")) == 2


def test_corrections(town: village.Village, at: datetime) -> None:
    clerk, pk = town.officer("clerk"), town.person("王建国")
    user = town.villager("王建国").user_id
    services.correct_depositor(actor=clerk, depositor_id=pk, name="汪建国", phone="13900000001", id_number=ID_NUMBER, at=at)
    person = queries.depositor(actor=clerk, depositor_id=pk)
    assert (person.name, person.initials, person.born_on) == ("汪建国", "wjg", date(1949, 12, 31))
    assert identity_queries.user_by_login_name(name="13800000001") is None
    assert identity_queries.user_by_login_name(name="13900000001").pk == user  # type: ignore[union-attr]
    assert services.reveal(actor=clerk, depositor_id=pk, field="id_number", purpose="payment", at=at) == ID_NUMBER
    with pytest.raises(enrolment.IdNumberTaken):
        services.correct_depositor(actor=clerk, depositor_id=town.person("张伟"), id_number=ID_NUMBER, at=at)
    services.correct_depositor(actor=clerk, depositor_id=pk, phone="", id_number="", at=at)
    assert queries.vault_fields(depositor_id=pk) == frozenset()
    assert "汪" not in str([event.facts for event in audit.trail(subject=f"depositor:{pk}")])


def test_a_childs_guardian_can_be_put_right(town: village.Village, at: datetime) -> None:
    clerk, pk = town.officer("clerk"), town.person("王小雨")
    with pytest.raises(facts.GuardianConsentMissing):
        services.correct_depositor(actor=clerk, depositor_id=pk, guardian="", at=at)
    child = services.correct_depositor(actor=clerk, depositor_id=pk, guardian="李秀英", at=at)
    assert (child.guardian, child.guardian_consent_on) == ("李秀英", at.date())


def test_classes_that_were_given_are_listed_with_their_days(town: village.Village, at: datetime) -> None:
    clerk, pk = town.officer("clerk"), town.person("王建国")
    services.end_class(actor=clerk, depositor_id=pk, identity_class="party_member", on=date(2026, 2, 1))
    services.set_class(actor=clerk, depositor_id=pk, identity_class="lane_chief", on=date(2026, 3, 1))
    terms = [(one.identity_class, one.valid_to) for one in queries.class_terms(depositor_id=pk)]
    assert terms == [("lane_chief", None), ("party_member", date(2026, 2, 1))]


def test_bulk_enrolment_is_all_or_nothing_and_names_every_fault(town: village.Village, at: datetime) -> None:
    rows = [
        EnrolRow(household_number="0100", name="赵一", is_head=True, id_number=ID_NUMBER),
        EnrolRow(household_number="0100", name="赵二", is_head=True),
        EnrolRow(household_number="0001", name="赵三", is_head=True),
        EnrolRow(household_number="0100", name="赵四", id_number=ID_NUMBER),
        EnrolRow(household_number="0100", name="赵5"),
        EnrolRow(kind="household", name="赵家"),
        EnrolRow(household_number="0101", name="赵七", village_code="990101100203"),
        EnrolRow(household_number="0001", name="赵八"),
    ]
    _cleaned, faults = services.check_rows(branch_id=town.branch_id, rows=rows, on=clock.local_date(at))
    assert [(fault.row, fault.refusal.field) for fault in faults] == [
        (1, "is_head"),
        (2, "is_head"),
        (3, "id_number"),
        (4, "name"),
        (5, "household_number"),
        (6, "village_code"),
    ]
    before = queries.counts()
    with pytest.raises(Refusal):
        services.enrol_many(actor=town.officer("clerk"), branch_id=town.branch_id, rows=rows, at=at)
    assert queries.counts() == before
    good = [rows[0], rows[7]]
    first, second = services.enrol_many(actor=town.officer("clerk"), branch_id=town.branch_id, rows=good, at=at)
    assert second.household_id == town.households["0001"] and first.household is not None and first.household.head == first
    assert services.enrol_many(actor=town.officer("clerk"), branch_id=town.branch_id, rows=[], at=at) == []


def test_a_household_without_a_marked_head_is_led_by_a_grown_up(town: village.Village, at: datetime) -> None:
    rows = [
        EnrolRow(household_number="0200", name="钱小", born_on=date(2015, 1, 1), guardian="钱大"),
        EnrolRow(household_number="0200", name="钱大", born_on=date(1980, 1, 1)),
    ]
    _child, parent = services.enrol_many(actor=town.officer("clerk"), branch_id=town.branch_id, rows=rows, at=at)
    home = queries.household_by_number(branch_id=town.branch_id, number="0200")
    assert home is not None and home.head == parent and home.resident_count == 2


def test_the_roll_as_maps(town: village.Village) -> None:
    with CaptureQueriesContext(connection) as seen:
        roll = queries.roll_index(branch_id=town.branch_id)
    assert len(seen) == 2
    pk = town.person("王小雨")
    assert roll.by_household_and_name["0001", "王小雨"] == (pk,) and roll.by_name["王小雨"] == (pk,)
    assert roll.heads["0001"] == town.person("王建国") and roll.households == town.households
    entry = roll.entries[pk]
    book = queries.passbook_of(depositor_id=pk)
    assert (entry.passbook_number, entry.points_account_id, entry.honour_account_id, entry.is_head) == (
        book.number,
        book.points_account_id,
        book.honour_account_id,
        False,
    )
    assert roll.by_passbook[book.number] == pk
    assert roll.by_household_and_name["", "清溪供销社"] == (town.person("清溪供销社"),)


def test_counts(town: village.Village) -> None:
    counts = queries.counts()
    assert counts.by_kind == {"person": 15, "household": 1, "unit": 1, "collective": 1}
    assert (counts.depositors, counts.households, counts.passbooks) == (18, 8, 18)
    assert queries.counts(branch_ids=[town.other_branch_id]).depositors == 3


def test_messages_for_a_household_go_to_its_head(town: village.Village) -> None:
    user = town.villager("王建国").user_id
    found = queries.user_ids_of(depositor_ids=[town.person("王建国家"), town.person("王建国"), town.person("张伟")])
    assert found == {town.person("王建国家"): user, town.person("王建国"): user, town.person("张伟"): None}


def test_searches_use_an_index(town: village.Village) -> None:
    for column in ("name", "pinyin", "initials"):
        wanted = queries._starting(column, "w")
        plan = queries.Depositor.objects.filter(wanted, branch_id=town.branch_id).explain()
        if connection.vendor == "sqlite":
            assert f"USING INDEX depositor_{column}" in plan, plan


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("单秀兰", "shanxiulan", "sxl"), ("曾小贤", "zengxiaoxian", "zxx"),
        ("仇英", "qiuying", "qy"), ("解晓东", "xiexiaodong", "xxd"),
        ("区伟", "ouwei", "ow"), ("查良镛", "zhaliangyong", "zly"), ("尉迟恭", "yuchigong", "ycg"), ("万俟卨", "moqixie", "mqx"),
        ("任盈盈", "renyingying", "ryy"), ("吕布", "lvbu", "lb"), ("重耳", "chonger", "ce"),
        ("王秀兰", "wangxiulan", "wxl"),
        ("Tom 李", "tomli", "toml"),
    ],
)  # fmt: skip
def test_pinyin_of_names(name: str, full: str, initials: str) -> None:
    assert pinyin.of_name(name) == (full, initials)


def test_pinyin_is_quick() -> None:
    pinyin.syllable.cache_clear()
    surnames, given = "王李张刘陈杨赵黄周吴单曾", "秀英建国伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂"
    start = time.process_time()
    for number in range(18_754):
        pinyin.of_name(surnames[number % 12] + given[number % 25] + given[number % 23])
    assert time.process_time() - start < 2


def test_enrolment_in_bulk_takes_few_statements(town: village.Village, at: datetime) -> None:
    def rows(count: int, first: int) -> list[EnrolRow]:
        return [EnrolRow(household_number=f"B{first + n // 3:04d}", name="孙大圣", phone="13800138000") for n in range(count)]

    with CaptureQueriesContext(connection) as few:
        services.enrol_many(actor=system(), branch_id=town.branch_id, rows=rows(3, 0), at=at)
    with CaptureQueriesContext(connection) as many:
        services.enrol_many(actor=system(), branch_id=town.branch_id, rows=rows(300, 10), at=at)
    assert len(many) < len(few) + 40

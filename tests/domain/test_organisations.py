"""Regions, banks and branches, offices and their terms."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from tests import village
from wenming.core.actor import Actor, system
from wenming.core.errors import NotAllowed, NotFound, WrongInput
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import services as identity
from wenming.domain.ledger import queries as ledger
from wenming.domain.organisations import queries, services
from wenming.domain.organisations.queries import Role

pytestmark = pytest.mark.django_db
REGIONS = Path(services.__file__).parent / "regions" / "lucheng.csv"


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[village.Village]:
    with village.standing(django_db_blocker) as town:
        yield town


@pytest.fixture
def town(built: village.Village) -> village.Village:
    return deepcopy(built)


def test_the_regions_of_lucheng() -> None:
    with REGIONS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    villages = [row for row in rows if row["level"] == "village"]
    assert len(villages) == 54 and len(rows) == 56
    assert rows[0]["code"] == "110112000000" and rows[1]["name"] == "潞城镇"
    assert {row["parent_code"] for row in villages} == {"110112119000"}
    assert all("\u4e00" <= letter <= "\u9fff" for row in rows for letter in row["name"])
    assert not any(row["name"].endswith("委会") for row in villages)


def test_regions_import_reads_both_shapes_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "villages.csv"
    other.write_text('code,name,streetCode\n110112119201,"胡各庄村委会",110112119\n110113001201,前村村委会,110113001\n', "utf-8")
    for file, options, new in ((REGIONS, {}, 56), (REGIONS, {}, 0), (other, {"under": "110113"}, 1)):
        call_command("regions-import", str(file), json=True, **options)
        assert f'"new": {new}' in capsys.readouterr().out
    assert queries.regions_by_code(codes=["110113001201"], on=date(2026, 1, 1))["110113001201"].name == "前"


def test_a_branch_serves_several_villages_and_a_village_may_have_none(town: village.Village, at: datetime) -> None:
    assert [v.name for v in queries.villages_of(branch_id=town.branch_id)] == ["柳溪", "上柳溪"]
    under = queries.villages_under(parent_code="990101100000", on=date(2026, 3, 1))
    assert [v.branch_id for v in under] == [town.branch_id, town.branch_id, town.other_branch_id, None]
    with pytest.raises(services.VillageServed):
        open_branch(town, at, ["990101100201"])
    with pytest.raises(services.UnknownVillage):
        open_branch(town, at, ["990101100999"])
    counts = queries.counts()
    assert (counts.head_banks, counts.branches, counts.villages, counts.villages_served) == (1, 2, 4, 3)


def open_branch(town: village.Village, at: datetime, codes: list[str], code: str = "SQ03") -> None:
    actor = town.officer("head")
    services.open_branch(actor=actor, head_bank_id=town.head_bank_id, code=code, name="石桥分行", village_codes=codes, at=at)


def test_villages_change_hands(town: village.Village, at: datetime) -> None:
    head = town.officer("head")
    on = date(2026, 4, 1)
    services.serve_villages(actor=head, branch_id=town.branch_id, village_codes=["990101100201"], on=on, at=at)
    open_branch(town, at + timedelta(days=30), ["990101100202", "990101100204"])
    assert [v.name for v in queries.villages_of(branch_id=town.branch_id)] == ["柳溪"]
    assert [v.name for v in queries.villages_of(branch_id=town.branch_id, on=date(2026, 3, 1))] == ["柳溪", "上柳溪"]


@pytest.mark.parametrize("code", ["", "X", "柳溪", "LX 01", "ABCDEFGHIJKLM"])
def test_codes_are_checked(town: village.Village, at: datetime, code: str) -> None:
    with pytest.raises(WrongInput) as refused:
        open_branch(town, at, [], code)
    assert refused.value.field == "code"


def test_a_code_is_given_once(town: village.Village, at: datetime) -> None:
    with pytest.raises(services.CodeTaken):
        open_branch(town, at, [], "lx01")


def test_branches_write_into_the_head_banks_book(town: village.Village) -> None:
    books = {queries.book_of(branch_id=pk) for pk in (town.branch_id, town.other_branch_id, town.head_bank_id)}
    assert len(books) == 1
    assert queries.head_bank_of(branch_id=town.branch_id) == town.head_bank_id
    assert ledger.counts().books == 1


def test_only_the_shell_opens_banks_and_only_the_head_bank_opens_branches(town: village.Village, at: datetime) -> None:
    for key in ("head", "director"):
        with pytest.raises(NotAllowed):
            services.open_head_bank(actor=town.officer(key), code="NEW", name="新镇总行", at=at)
    with pytest.raises(NotAllowed):
        services.open_branch(
            actor=town.officer("director"), head_bank_id=town.head_bank_id, code="NEW", name="新", village_codes=[], at=at
        )


def test_a_head_officer_reaches_every_branch_and_a_director_one(town: village.Village) -> None:
    head, director = town.officer("head"), town.officer("director")
    assert head.branches() == {town.branch_id, town.other_branch_id}
    assert director.branches(Role.DIRECTOR) == {town.branch_id}
    assert [b.code for b in queries.visible_branches(actor=head)] == ["HW02", "LX01"]
    assert [b.code for b in queries.visible_branches(actor=director)] == ["LX01"]
    assert queries.visible_branches(actor=Actor(None, "board")) == []
    assert queries.may_see(actor=director, branch_id=town.branch_id)
    assert not queries.may_see(actor=director, branch_id=town.other_branch_id)


def test_a_county_reaches_the_branches_of_its_banks(at: datetime) -> None:
    county = services.open_county(actor=system(), code="9901", name="清溪县", at=at)
    bank = services.open_head_bank(actor=system(), code="ST", name="双塔镇总行", at=at, county_id=county.pk)
    branch = services.open_branch(actor=system(), head_bank_id=bank.pk, code="ST01", name="双塔分行", village_codes=[], at=at)
    user = identity.register_user(display_name="县里的人", at=at).pk
    services.appoint_officer(actor=system(), user_id=user, organisation_id=county.pk, role=Role.SUPERVISOR, at=at)
    assert depositors.actor_for(user_id=user, door="console", at=at).branches() == {branch.pk}


def test_rights_end_with_the_term_at_once(town: village.Village, at: datetime) -> None:
    [held] = queries.appointments_of(user_id=town.users["clerk"])
    services.end_appointment(actor=town.officer("director"), appointment_id=held.appointment_id, at=at + timedelta(minutes=1))
    assert town.officer("clerk", at=at + timedelta(seconds=59)).is_officer
    assert not town.officer("clerk", at=at + timedelta(minutes=1)).is_officer
    ended = services.end_appointment(actor=town.officer("head"), appointment_id=held.appointment_id, at=at + timedelta(days=2))
    assert ended.ends_at == at + timedelta(minutes=1), "ending it again changes nothing"


def test_a_term_may_have_both_ends(town: village.Village, at: datetime) -> None:
    user = identity.register_user(display_name="下沉干部", at=at).pk
    services.appoint_officer(
        actor=town.officer("head"),
        user_id=user,
        organisation_id=town.branch_id,
        role=Role.REVIEWER,
        at=at,
        starts_at=at + timedelta(days=1),
        ends_at=at + timedelta(days=8),
    )
    grants = [bool(queries.grants_of(user_id=user, at=at + timedelta(days=n))) for n in (0, 1, 7, 8)]
    assert grants == [False, True, True, False]


@pytest.mark.parametrize(
    ("key", "place", "role", "refusal"),
    [
        ("director", "branch", Role.CLERK, None),
        ("director", "branch", Role.DIRECTOR, NotAllowed),
        ("director", "other", Role.CLERK, NotAllowed),
        ("clerk", "branch", Role.TELLER, NotAllowed),
        ("head", "branch", Role.DIRECTOR, None),
        ("head", "branch", Role.HEAD_OFFICER, services.WrongOffice),
        ("head", "bank", Role.HEAD_OFFICER, NotAllowed),
        ("shell", "bank", Role.HEAD_OFFICER, None),
        ("shell", "bank", Role.CLERK, services.WrongOffice),
        ("shell", "branch", "king", WrongInput),
    ],
)
def test_who_fills_which_office(
    town: village.Village, at: datetime, key: str, place: str, role: str, refusal: type[Exception] | None
) -> None:
    places = {"branch": town.branch_id, "other": town.other_branch_id, "bank": town.head_bank_id}
    user = identity.register_user(display_name="新人", at=at).pk
    actor = system() if key == "shell" else town.officer(key)

    def appoint() -> None:
        services.appoint_officer(actor=actor, user_id=user, organisation_id=places[place], role=role, at=at)

    if refusal is None:
        appoint()
        assert queries.grants_of(user_id=user, at=at)[0].role == role
        with pytest.raises(services.OfficeHeld):
            appoint()
    else:
        with pytest.raises(refusal):
            appoint()


def test_terms_run_forward_and_users_exist(town: village.Village, at: datetime) -> None:
    with pytest.raises(WrongInput):
        services.appoint_officer(
            actor=system(), user_id=town.users["teller"], organisation_id=town.branch_id, role=Role.CLERK, at=at, ends_at=at
        )
    with pytest.raises(NotFound):
        services.appoint_officer(actor=system(), user_id=99999, organisation_id=town.branch_id, role=Role.CLERK, at=at)
    with pytest.raises(NotFound):
        services.end_appointment(actor=system(), appointment_id=99999, at=at)


def test_an_actor_costs_two_queries(town: village.Village) -> None:
    town.villager("王建国")
    for key in ("head", "director", "王建国"):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            town.officer(key)
        assert len(seen) <= 2


def test_create_officer_on_the_command_line(town: village.Village, at: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create-officer", "吕会计", role="clerk", organisation="lx01".upper(), json=True)
    made = json.loads(capsys.readouterr().out)
    from wenming.core import clock

    user = identity.activate(name="吕会计", code=made["activation_code"], password=village.PASSWORD, at=clock.now())
    assert depositors.actor_for(user_id=user.pk, door="console", at=clock.now()).branches(Role.CLERK) == {town.branch_id}


@pytest.mark.parametrize(("role", "place"), [("head_officer", "LX01"), ("clerk", "NONE"), ("king", "LX01")])
def test_create_officer_refuses_in_words(town: village.Village, role: str, place: str) -> None:
    from django.core.management.base import CommandError

    with pytest.raises(CommandError) as refused:
        call_command("create-officer", "吕会计", "--role", role, "--organisation", place)
    assert refused.value.returncode == 2
    assert identity.queries.user_by_login_name(name="吕会计") is None


def test_the_shell_gives_an_officer_of_the_bank_a_new_code(town: village.Village, capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management.base import CommandError

    from wenming.core import clock

    call_command("officer-code", "何主任", json=True)
    code = json.loads(capsys.readouterr().out)["activation_code"]
    assert identity.activate(name="何主任", code=code, password=village.PASSWORD, at=clock.now()).pk == town.users["head"]
    town.villager("张伟")
    for name in ("没有这个人", "13800000004"):
        with pytest.raises(CommandError) as refused:
            call_command("officer-code", name)
        assert refused.value.returncode == 2


def test_officers_get_new_codes_from_those_above(town: village.Village, at: datetime) -> None:
    code = services.reissue_activation(actor=town.officer("director"), user_id=town.users["clerk"], at=at)
    identity.activate(name="钱会计", code=code, password=village.PASSWORD, at=at)
    for key in ("clerk", "other_director"):
        with pytest.raises(NotFound):
            services.reissue_activation(actor=town.officer(key), user_id=town.users["reviewer"], at=at)


def test_a_bank_is_opened_from_the_command_line(town: village.Village, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("open-bank", "ST", "双塔镇总行", json=True)
    call_command("open-bank", "ST01", "双塔分行", under="ST", villages=["990101100204"], json=True)
    assert json.loads(capsys.readouterr().out.split("}")[1] + "}")["villages"] == ["990101100204"]
    bank, branch = queries.organisation_by_code(code="ST"), queries.branch_by_code(code="ST01")
    assert branch.parent_id == bank.pk and queries.book_of(branch_id=branch.pk) == bank.book_id

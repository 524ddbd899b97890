"""What every door says of points that are about to go: phone, wall, console, API and CLI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client, RequestFactory

from tests.surfaces.stage import Stage
from tests.surfaces.test_villager import count_queries, english_in, text_of
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import services as identity
from wenming.domain.ledger import queries as ledger
from wenming.domain.rulebooks import jobs, queries, services
from wenming.domain.rulebooks.expiry import USUAL, ExpiryRule
from wenming.domain.rulebooks.queries import Expiry
from wenming.surfaces import statements
from wenming.ui.looks import COOKIE

JANUARY = datetime(2028, 1, 10, 9, 30, tzinfo=clock.ZONE)
FEBRUARY = datetime(2028, 2, 1, 9, 30, tzinfo=clock.ZONE)


@pytest.fixture(autouse=True)
def late(stage: Stage) -> Iterator[None]:
    """Two years on, twenty days before the first points go."""
    with transaction.atomic():
        stage.turn_to(JANUARY)
        jobs.expire_points(at=datetime(2028, 1, 2, 9, 30, tzinfo=clock.ZONE))
        yield
        transaction.set_rollback(True)


def officer(stage: Stage, key: str) -> Client:
    return stage.client_of(stage.village.users[key])


def test_home_and_passbook_name_the_day(stage: Stage) -> None:
    client = stage.client("王建国")
    home, passbook = (text_of(client.get(address).content.decode()) for address in ("/", "/passbook/"))
    assert "80 分将在 1月31日到期" in home and "80 分将在 1月31日到期，先用先得" in passbook
    assert [english_in(page) for page in (home, passbook)] == [[], []]
    assert max(count_queries(client, address) for address in ("/", "/passbook/")) <= 11
    assert "到期" not in text_of(stage.client("孙立").get("/").content.decode())


def test_the_elders_home_says_it_too(stage: Stage) -> None:
    client = stage.client("王建国")
    client.cookies[COOKIE] = "elder"
    assert "有 80 分 1月31日到期，先用掉吧" in text_of(client.get("/").content.decode())
    assert count_queries(client, "/") <= 11


def test_messages_and_the_line_that_took_them(stage: Stage) -> None:
    client = stage.client("王建国")
    jobs.expire_points(at=JANUARY)
    said = text_of(client.get("/messages/").content.decode())
    assert "有积分快到期了，先用先得" in said and "能用到 2028年1月31日" in said and "80 分" in said
    stage.turn_to(FEBRUARY)
    jobs.expire_points(at=FEBRUARY)
    said = text_of(client.get("/messages/").content.decode())
    assert "有积分到期了" in said and "2026年1月底前存的积分" in said
    passbook = client.get("/passbook/").content.decode()
    assert "2026年1月底前存的积分" in passbook and "到期清零" in passbook and "80 分将在" not in text_of(passbook)
    (line, *_rest) = ledger.statement(depositors.passbook_of(depositor_id=stage.village.person("王建国")).points_account_id)
    entry = text_of(client.get(f"/passbook/{line.public_id}/").content.decode())
    assert "积分能用多久" in entry and USUAL.words in entry and "哪天的事" not in entry
    assert english_in(client.get("/messages/").content.decode()) == []


def test_the_desk_names_the_line_that_took_them_on_its_page_on_paper_and_as_proof(stage: Stage) -> None:
    jobs.expire_points(at=FEBRUARY)
    stage.turn_to(FEBRUARY)
    desk, holder, person = officer(stage, "clerk"), stage.client("王建国"), stage.village.person("王建国")
    record = text_of(desk.get(f"/console/depositors/{person}/").content.decode())
    assert "到期清零 ：2026年1月底前存的积分" in record
    book = depositors.depositor(actor=system(), depositor_id=person).passbook
    page = statements.newest_page(RequestFactory().get("/"), book, at=FEBRUARY)
    assert page["lines"][-1]["words"] == "到期清零：2026年1月底前存的积分"
    (line,) = ledger.statement(book.points_account_id, limit=1)
    assert "2026年1月底前存的积分" in Client().get(f"/board/proof/{line.public_id}/").content.decode()
    papers = desk.get(f"/console/depositors/{person}/passbook.pdf"), holder.get("/passbook/paper.pdf")
    assert papers[0].content == papers[1].content and papers[0].content.startswith(b"%PDF")


def test_the_wall_says_how_long(stage: Stage) -> None:
    said = text_of(Client().get("/board/LX01/rules/").content.decode())
    assert "积分能用多久" in said and USUAL.words in said and "荣誉积分永远算数" in said


def test_the_console_shows_who_loses_what(stage: Stage) -> None:
    client = officer(stage, "director")
    rules = client.get("/console/rules/").content.decode()
    assert "看谁的积分快到期" in rules and USUAL.words in rules
    page = client.get("/console/rules/expiry/")
    said = text_of(page.content.decode())
    assert page.status_code == 200 and english_in(page.content.decode()) == ["wm"], "the hint of the search"
    outlook = queries.expiry_outlook(
        actor=stage.village.officer("director"), branch_id=stage.village.branch_id, on=JANUARY.date()
    )
    assert f"2028年1月31日到期：{outlook.people} 人" in said and "王建国" in said
    assert officer(stage, "other_director").get("/console/rules/expiry/").status_code == 200
    assert "王建国" not in officer(stage, "other_director").get("/console/rules/expiry/").content.decode()
    assert stage.client("王建国").get("/console/rules/expiry/").status_code == 403


def test_a_draft_is_given_its_rule(stage: Stage) -> None:
    director, client = stage.village.officer("director"), officer(stage, "director")
    draft = services.draft_edition(actor=director, organisation_id=stage.village.branch_id, at=JANUARY)
    address = f"/console/rules/{draft.pk}/"
    form = {"act": "expiry", "expiry": "year_end", "expiry_months": "24", "carry_percent": "20"}
    assert client.post(address, form).status_code == 302
    draft.refresh_from_db()
    assert queries.rule_of(draft) == ExpiryRule(Expiry.YEAR_END, carry_percent=20)
    assert "没用完的留下 20%" in client.get(address).content.decode()
    for wrong in (
        {"expiry": "x"},
        {"expiry": "after_months", "expiry_months": "3"},
        {"carry_percent": "100"},
        {"carry_percent": "a"},
    ):
        answer = client.post(address, form | wrong)
        assert answer.status_code == 422, wrong
    assert client.post(address, form | {"expiry": "never"}).status_code == 302
    draft.refresh_from_db()
    assert queries.rule_of(draft) == ExpiryRule()


def test_the_api_says_the_same(stage: Stage) -> None:
    village = stage.village
    director = village.officer("director")
    assert director.user_id is not None
    key = identity.issue_api_key(actor=director, user_id=director.user_id, name="x", scopes=["passbooks:read"], at=JANUARY)
    headers = {"Authorization": f"Bearer {key}"}
    branch, person = f"/api/v1/branches/{village.branch_id}", village.person("王建国")
    losses = Client().get(f"{branch}/expiry/losses", headers=headers).json()["items"]
    outlook = Client().get(f"{branch}/expiry", headers=headers).json()
    assert (len(losses), sum(loss["points"] for loss in losses)) == (outlook["people"], outlook["points"])
    assert outlook["last_day"] == "2028-01-31" and outlook["expiry"] == "after_months"
    passbook = Client().get(f"/api/v1/depositors/{person}/passbook", headers=headers).json()
    assert passbook["expiring"] == {"points": 8000, "last_day": "2028-01-31"}
    (edition,) = Client().get(f"{branch}/editions").json()["items"]
    assert (edition["expiry_months"], edition["expiry_words"]) == (24, USUAL.words)
    jobs.expire_points(at=FEBRUARY)
    (line, *_rest) = Client().get(f"/api/v1/depositors/{person}/statement", headers=headers).json()["items"]
    assert (line["kind"], line["amount"], line["words"]) == ("expired", -8000, "2026年1月底前存的积分")


def test_the_command_says_the_same(stage: Stage) -> None:
    def called(*arguments: str) -> str:
        out = StringIO()
        call_command("expiry", *arguments, stdout=out)
        return out.getvalue()

    call_command("jobs", stdout=StringIO())
    (facts,) = json.loads(called("--branch", "LX01", "--people", "--json"))
    assert (facts["branch"], facts["last_day"], facts["expiry"]) == ("LX01", "2028-01-31", "after_months")
    assert sum(one["points_hundredths"] for one in facts["losses"]) == facts["points_hundredths"] > 0
    assert len(facts["losses"]) == facts["people"]
    assert len(json.loads(called("--json"))) == 2
    words = called("--people")
    assert "2028-01-31 到期" in words and "王建国 100" in words and "最近没有要到期的" in words
    told = {one["name"]: one["points_hundredths"] for one in facts["losses"]}
    stage.turn_to(FEBRUARY)
    call_command("jobs", stdout=StringIO())
    assert {name: gone(stage, name) for name in told} == told


def gone(stage: Stage, name: str) -> int:
    """What the books say went."""
    account_id = depositors.passbook_of(depositor_id=stage.village.person(name)).points_account_id
    lines = ledger.statement(account_id, limit=200)
    return -sum(line.amount for line in lines if line.kind == ledger.Kind.EXPIRED)


def test_a_year_end_rule_for_the_branch(stage: Stage) -> None:
    services.adopt_edition(
        actor=system("shell"),
        organisation_id=stage.village.branch_id,
        items=services.starter_items(),
        in_force_from=date(2028, 1, 5),
        at=JANUARY,
        rule=ExpiryRule(Expiry.YEAR_END),
    )
    assert "没用完的不留" in Client().get("/board/LX01/rules/").content.decode()
    assert "将在" not in text_of(stage.client("王建国").get("/").content.decode())

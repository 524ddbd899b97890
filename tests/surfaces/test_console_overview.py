"""How the branches of a bank do this month, as its officer sees it: who wants help stands first, and the sums are the books'."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.surfaces.stage import Stage
from tests.surfaces.test_villager import english_in, text_of
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.deeds.figures import late_reviews, points_by_category
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger.queries import Kind, Unit
from wenming.domain.organisations import services as organisations
from wenming.surfaces.console.overview import HEIGHT, WIDTH, Line, parts_of_a_hundred, percent

PAGE = "/console/branches/"
WITHIN = timedelta(days=2)


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


def head(stage: Stage) -> Client:
    return stage.client_of(stage.village.users["head"])


def shown(client: Client) -> str:
    return " ".join(text_of(client.get(PAGE).content.decode()).split())


def questions(client: Client) -> int:
    client.get(PAGE)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(PAGE).status_code == 200
    return len(asked)


def test_who_wants_help_stands_first_with_the_reason(stage: Stage) -> None:
    client = head(stage)
    before = shown(client)
    assert english_in(before) == ["wm"], "the hint of the search"
    table = before.split("要帮一把的排前面")[1]
    assert table.index("河湾分行") < table.index("柳溪分行") and "要帮：这个月还没有记录" in table and "正常" in table
    waiting = stage.declare(list(stage.items)[3], "张伟", days_ago=1)
    stage.turn_to(stage.now + timedelta(days=3))
    assert waiting
    (count,) = late_reviews(branch_ids=[stage.village.branch_id], at=stage.now, within=WITHIN).values()
    table = shown(client).split("要帮一把的排前面")[1]
    assert f"要帮：{count} 笔超过 2 天没审" in table and table.index("柳溪分行") < table.index("河湾分行")


def test_the_sums_are_those_of_the_books_sealed_or_not(stage: Stage) -> None:
    book_id, today = stage.village.book_id, clock.local_date(stage.now)
    spans = [
        (date(2026, 1, 1), date(2026, 3, 1)),
        (date(2026, 3, 1), today + timedelta(days=1)),
        (date(2020, 1, 1), date(2020, 2, 1)),
    ]
    for kind in (Kind.DEED_DEPOSITED, Kind.ORDER_PLACED):
        wanted: dict[str, list[int]] = {}
        for place, (first, end) in enumerate(spans):
            for total in ledger_queries.totals_by_kind(book_id, None, clock.day_start(first), clock.day_start(end)):
                if (total.kind, total.unit) == (kind, Unit.POINTS):
                    wanted.setdefault(total.scope, [0] * len(spans))[place] = total.amount
        assert wanted and ledger_queries.amounts(book_id, spans, kind, Unit.POINTS) == wanted
        call_command("jobs", verbosity=0)
        assert ledger_queries.amounts(book_id, spans, kind, Unit.POINTS) == wanted


def test_what_people_do_is_told_by_category(stage: Stage) -> None:
    found = points_by_category(branch_ids=[stage.village.branch_id], month=stage.now.date())
    assert found and list(found.values()) == sorted(found.values(), reverse=True)
    assert "大家在做什么 " in shown(head(stage)) and "100%" in shown(head(stage))
    assert points_by_category(branch_ids=[stage.village.other_branch_id], month=stage.now.date()) == {}


def test_shares_add_up_to_a_hundred() -> None:
    found = parts_of_a_hundred({"volunteering": 570, "good_deeds": 297, "participation": 133})
    assert [share for _name, share in found] == [57, 30, 13] and parts_of_a_hundred({}) == []


def test_more_branches_ask_no_more_of_the_store(stage: Stage) -> None:
    client = head(stage)
    few = questions(client)
    for number in (7, 8, 9):
        organisations.open_branch(
            actor=system(),
            head_bank_id=stage.village.head_bank_id,
            code=f"SQ0{number}",
            name=f"石桥{number}分行",
            village_codes=[],
            at=stage.now,
        )
    cache.clear()
    assert questions(client) == few <= 22
    assert "石桥9分行" in shown(client)


def test_what_is_there_is_never_nothing_of_a_hundred() -> None:
    assert [percent(*one) for one in ((0, 9), (1, 16_000), (1, 3), (9, 9), (0, 0))] == [0, 1, 33, 100, None]


def test_a_curve_stays_in_its_box() -> None:
    assert Line.of([0, 0, 0, 0, 0, 0]).last == (WIDTH, HEIGHT)
    assert Line.of([0, 5, 10]).path == f"0,{HEIGHT} {WIDTH // 2},{HEIGHT // 2} {WIDTH},0"
    assert Line.of([10, -5]).last == (WIDTH, HEIGHT)

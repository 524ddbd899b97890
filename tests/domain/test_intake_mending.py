"""Wrong cells are put right where the product knows the answer: by who brought the sheet, in the open, before anybody signs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy

import pytest
from pytest_django import DjangoDbBlocker

from tests import village as villages
from tests.domain.test_intake import REGISTER, RULES, SUMMARY, balance, stage, take
from tests.village import Village
from wenming.core import audit
from wenming.core.errors import NotFound
from wenming.domain.depositors import services as depositors
from wenming.domain.intake import queries, services
from wenming.domain.ledger import queries as ledger

LINES = (
    "2026-03-01,0002,王秀美,义务清扫,2,\n"  # 2: sounds like 王秀梅
    "2026-03-02,2,赵志强,义务清扫,2,\n"  # 3: the noughts are gone
    "3月2日,0003,单秀兰,义务清扫,2,\n"  # 4: no year anywhere
    "2026-03-03,0004,张伟,义务清扫,5,\n"  # 5: the rules give 2
    "2026-03-03,0004,曾静,扫大街,2,\n"  # 6: no such clause
    "2026-03-03,0005,刘德福,义务清扫,2,\n"
    "2026-03-03,0005,刘德福,义务清扫,2,\n"  # 8: twice
    "2026-03-04,0001,王建国,义务清扫,2,\n"
)
FILE = REGISTER + LINES


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Village]:
    with villages.standing(django_db_blocker) as village:
        take(village, "rulebook", RULES)
        yield village


@pytest.fixture
def village(built: Village, db: None) -> Village:
    return deepcopy(built)


@pytest.fixture
def sheet(village: Village) -> services.Sheet:
    return stage(village, village.officer("clerk"), "register", FILE)


def seen(village: Village, sheet: services.Sheet, **only: bool) -> dict[int, queries.PreviewRow]:
    rows = queries.preview(actor=village.officer("clerk"), public_id=sheet.public_id, **only)
    return {row.number: row for row in rows}


def put_in(village: Village, sheet: services.Sheet) -> services.Sheet:
    services.sign_sheet(actor=village.officer("director"), sheet_id=sheet.pk, at=village.at)
    return services.commit_sheet(actor=village.officer("clerk"), sheet_id=sheet.pk, at=village.at)


def mend(village: Village, sheet: services.Sheet, row: int, column: str, text: str, by: str = "clerk") -> services.Sheet:
    return services.mend_cell(
        actor=village.officer(by), sheet_id=sheet.pk, row=row, column=column, text=text, at=village.at
    )  # fmt: skip


def leave_out(village: Village, sheet: services.Sheet, row: int) -> services.Sheet:
    return services.leave_out_row(actor=village.officer("clerk"), sheet_id=sheet.pk, row=row, at=village.at)


def test_each_wrong_cell_offers_what_the_books_know(village: Village, sheet: services.Sheet) -> None:
    offers = {
        (number, at): (offer.column, offer.texts, offer.is_sure)
        for number, row in seen(village, sheet).items()
        for at, offer in row.offers.items()
    }
    assert offers == {
        (2, "C"): ("C", ("王秀梅",), True),
        (3, "B"): ("B", ("0002",), True),
        (4, "A"): ("A", ("2026-03-02", "2025-03-02"), False),
        (5, "E"): ("E", ("2",), True),
        (6, "D"): ("D", ("1.1 义务清扫",), False),
    }
    assert (sheet.good_count, sheet.bad_count, sheet.facts["sure"]) == (2, 6, 3)
    assert [number for number, row in seen(village, sheet).items() if row.may_leave_out] == [2, 3, 4, 5, 6, 8]


def test_all_that_is_sure_is_mended_at_once_and_the_original_stays(village: Village, sheet: services.Sheet) -> None:
    done = services.mend_sure(actor=village.officer("clerk"), sheet_id=sheet.pk, at=village.at)
    assert (done.good_count, done.bad_count, done.mend_count, done.facts["sure"]) == (5, 3, 1, 0)
    rows = seen(village, sheet, only_mended=True)
    assert {number: row.mended for number, row in rows.items()} == {2: {"C": "王秀美"}, 3: {"B": "2"}, 5: {"E": "5"}}
    assert rows[2].cells[2] == "王秀梅" and not rows[2].problems
    (event, *_before) = audit.trail(subject=f"sheet:{sheet.pk}")
    assert (event.act, event.user_id) == ("intake.mended", village.users["clerk"])
    assert event.facts == {"kind": "register", "count": 3, "cells": ["C2", "B3", "E5"]}, "which cells, never what they say"
    with pytest.raises(services.NotOnOffer):
        services.mend_sure(actor=village.officer("clerk"), sheet_id=sheet.pk, at=village.at)


def test_a_mended_sheet_goes_in_and_the_same_file_does_nothing_more(village: Village, sheet: services.Sheet) -> None:
    services.mend_sure(actor=village.officer("clerk"), sheet_id=sheet.pk, at=village.at)
    mend(village, sheet, 4, "A", "2026-03-02")
    mend(village, sheet, 6, "D", "1.1 义务清扫")
    assert leave_out(village, sheet, 8).bad_count == 0
    done = put_in(village, sheet)
    assert (done.committed_count, done.row_count, done.content) == (7, 7, None)
    paid = {name: balance(village, name) for name in ("王秀梅", "赵志强", "单秀兰", "张伟", "曾静", "刘德福", "王建国")}
    assert paid == dict.fromkeys(paid, 200)
    with pytest.raises(services.AlreadyImported):
        stage(village, village.officer("clerk"), "register", FILE)


def test_a_file_that_left_lines_to_mend_is_mended_again_without_effect(village: Village, sheet: services.Sheet) -> None:
    services.mend_sure(actor=village.officer("clerk"), sheet_id=sheet.pk, at=village.at)
    assert put_in(village, sheet).committed_count == 5
    assert list(seen(village, sheet)) == [4, 6, 8], "the rows that are still wrong are kept"
    before = ledger.counts()
    again = stage(village, village.officer("clerk"), "register", FILE)
    again = services.mend_sure(actor=village.officer("clerk"), sheet_id=again.pk, at=village.at)
    assert again.good_count == 5 and put_in(village, again).committed_count == 0
    assert ledger.counts() == before


def test_a_row_is_put_back_as_it_came(village: Village, sheet: services.Sheet) -> None:
    leave_out(village, sheet, 8)
    mend(village, sheet, 2, "C", "王秀梅")
    assert seen(village, sheet)[8].is_left_out
    for row in (8, 2):
        services.put_back_row(actor=village.officer("clerk"), sheet_id=sheet.pk, row=row, at=village.at)
    now = queries.sheet(actor=village.officer("clerk"), public_id=sheet.public_id)
    assert (now.bad_count, now.facts["mended"], now.mend_count) == (6, 0, 4)
    assert seen(village, sheet)[2].cells[2] == "王秀美" and not seen(village, sheet, only_mended=True)
    with pytest.raises(services.NotOnOffer):
        services.put_back_row(actor=village.officer("clerk"), sheet_id=sheet.pk, row=2, at=village.at)


def test_only_who_brought_it_mends_only_what_is_offered_and_only_before_it_is_signed(
    village: Village, sheet: services.Sheet
) -> None:
    for row, column, text in ((2, "C", "王建国"), (2, "D", "王秀梅"), (9, "C", "王秀梅"), (4, "A", "")):
        with pytest.raises(services.NotOnOffer):
            mend(village, sheet, row, column, text)
    with pytest.raises(services.NotOnOffer):
        leave_out(village, sheet, 9)
    with pytest.raises(services.BringersToMend):
        mend(village, sheet, 2, "C", "王秀梅", by="director")
    with pytest.raises(NotFound):
        mend(village, sheet, 2, "C", "王秀梅", by="other_clerk")
    assert queries.may_mend(actor=village.officer("clerk"), sheet=sheet)
    assert not queries.may_mend(actor=village.officer("director"), sheet=sheet)
    services.sign_sheet(actor=village.officer("director"), sheet_id=sheet.pk, at=village.at)
    with pytest.raises(services.SignedAlready):
        mend(village, sheet, 2, "C", "王秀梅")


def test_who_signs_has_seen_what_was_mended(village: Village, sheet: services.Sheet) -> None:
    mend(village, sheet, 2, "C", "王秀梅")
    with pytest.raises(services.SheetChanged):
        services.sign_sheet(actor=village.officer("director"), sheet_id=sheet.pk, at=village.at, seen=0)
    services.sign_sheet(actor=village.officer("director"), sheet_id=sheet.pk, at=village.at, seen=1)
    with pytest.raises(services.SheetChanged):
        services.commit_sheet(actor=village.officer("clerk"), sheet_id=sheet.pk, at=village.at, seen=0)


def test_the_lines_below_still_read_what_stands_in_a_row_left_out(village: Village) -> None:
    content = REGISTER + "2026-03-01,0001,没有人,义务清扫,2,\n同上,同上,李秀英,同上,同上,\n"
    made = stage(village, village.officer("clerk"), "register", content)
    assert leave_out(village, made, 2).bad_count == 0
    assert put_in(village, made).committed_count == 1 and balance(village, "李秀英") == 200
    roll = "户号,户主,与户主关系,姓名\n0071,马三,户主,马三9\n,马三,妻子,何四\n"
    made = stage(village, village.officer("clerk"), "roll", roll)
    assert leave_out(village, made, 2).good_count == 1
    services.commit_sheet(actor=village.officer("clerk"), sheet_id=made.pk, at=village.at)
    index = villages.depositor_queries.roll_index(branch_id=village.branch_id)
    assert index.entries[index.by_name["何四"][0]].household_number == "0071"


def test_a_line_left_out_of_balances_still_counts_for_the_total_at_the_foot(village: Village) -> None:
    content = SUMMARY + "0001,王建国,10,5,3,12\n0009,没有人,1,0,0,1\n合计,,11,5,3,13\n"
    made = stage(village, village.officer("clerk"), "balances", content)
    assert not made.is_blocked and made.bad_count == 1
    made = leave_out(village, made, 5)
    assert made.is_blocked and [problem["code"] for problem in made.problems] == ["total_differs"] * 2
    assert not any(row.offers or row.may_leave_out for row in seen(village, made, only_bad=True).values())


def test_names_stand_nowhere_unsealed_and_leave_with_the_person(village: Village, sheet: services.Sheet) -> None:
    mend(village, sheet, 2, "C", "王秀梅")
    kept = queries.sheet(actor=village.officer("clerk"), public_id=sheet.public_id)
    assert "王秀" not in json.dumps([kept.problems, kept.facts], ensure_ascii=False)
    roll = "户号,姓名,储户类型\n0001,张子轩,好人\n0005,刘德福,个人\n"
    made = stage(village, village.officer("clerk"), "roll", roll)
    mend(village, made, 2, "C", "个人")
    depositors.erase_depositor(
        actor=village.officer("director"), depositor_id=village.person("王秀梅"), at=village.at
    )  # fmt: skip
    services.forget_erased(actor=village.officer("director"), at=village.at)
    gone = queries.sheet(actor=village.officer("clerk"), public_id=sheet.public_id)
    assert gone.status == queries.Status.DROPPED and gone.content is None
    still = queries.sheet(actor=village.officer("clerk"), public_id=made.public_id)
    assert still.status == queries.Status.CHECKED


@pytest.mark.parametrize(
    ("kind", "content", "row", "column", "into", "texts"),
    [
        ("register", "日期,姓名,事项,数量\n2026-03-01,张伟,志愿服务时长,五小时\n", 2, "D", "D", ("5",)),
        ("register", "日期,姓名,事项,数量\n2026-03-01,张伟,志愿服务时长,二十三\n", 2, "D", "D", ("23",)),
        ("register", "日期,姓名,事项,数量\n2026-03-01,张伟,志愿服务时长,好多\n", 2, "D", "", ()),
        ("register", "日期,姓名,事项\n2027-02-03,张伟,1.1\n", 2, "A", "A", ("2026-02-03",)),
        ("register", "2026年2月台账,,\n日期,姓名,事项\n2.1,张伟,1.1\n", 3, "A", "A", ("2026-02-01", "2026-02-10")),
        ("register", "日期,姓名,事项\n2月30日,张伟,1.1\n", 2, "A", "", ()),
        ("register", "日期,姓名,事项\n2026-03-01,尉迟工礼,1.1\n", 2, "B", "B", ("尉迟恭礼",)),
        ("register", "日期,姓名,类别,事项\n2026-03-01,张伟,文明习俗,1.1\n", 2, "C", "C", ("志愿服务",)),
        ("balances", SUMMARY + "0001,王建国,10,5,3,13\n", 4, "F", "F", ("12",)),
        ("roll", "户号,姓名,储户类型\n0071,何四,好人\n", 2, "C", "C", ("个人", "家庭", "单位", "集体")),
    ],
)
def test_what_is_offered(
    village: Village, kind: str, content: str, row: int, column: str, into: str, texts: tuple[str, ...]
) -> None:
    made = stage(village, village.officer("clerk"), kind, content)
    wrong = seen(village, made, only_bad=True)[row]
    assert column in wrong.problems
    offer = wrong.offers.get(column)
    assert (offer.column, offer.texts) == (into, texts) if offer else texts == ()


def test_namesakes_are_told_apart_by_the_household_number(village: Village) -> None:
    take(village, "roll", "户号,姓名\n0072,张伟\n")
    made = stage(village, village.officer("clerk"), "register", "日期,姓名,户号,事项\n2026-03-01,张伟,,1.1\n")
    offer = seen(village, made)[2].offers["B"]
    assert (offer.column, offer.texts, offer.is_sure) == ("C", ("0004", "0072"), False)
    done = mend(village, made, 2, "B", "0072")
    assert done.bad_count == 0 and seen(village, made)[2].mended == {"C": ""}


def test_the_sum_of_a_sheet_is_said_only_where_every_line_has_its_points(village: Village) -> None:
    clerk = village.officer("clerk")
    whole = stage(village, clerk, "register", REGISTER + "2026-03-01,0002,王秀梅,义务清扫,2,\n2026-03-02,0004,张伟,义务清扫,2,\n")
    assert (whole.good_count, whole.facts["points"]) == (2, 400)
    some = stage(village, clerk, "register", REGISTER + "2026-03-01,0002,王秀梅,义务清扫,2,\n2026-03-05,0004,张伟,义务清扫,,\n")
    assert some.good_count == 2 and "points" not in some.facts

"""Sheets are checked against the books, previewed, signed where two must sign, and taken in once."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pytest_django import DjangoDbBlocker

from tests import village as villages
from tests.village import Village
from wenming.core.actor import Actor, system
from wenming.core.errors import NotAllowed, NotFound
from wenming.domain.deeds import queries as deeds
from wenming.domain.deeds import services as judging
from wenming.domain.depositors import queries as depositors
from wenming.domain.intake import outgoing, queries, rulesheets, services, workbooks
from wenming.domain.intake.services import Report
from wenming.domain.ledger import queries as ledger
from wenming.domain.notices import queries as notices
from wenming.domain.notices import services as noticing
from wenming.domain.organisations import services as organisations
from wenming.domain.rulebooks import queries as rulebooks

SAMPLES = Path(__file__).parents[2] / "samples"
MISTAKES = [
    (4, "D", "not_in_household"),
    (5, "C", "household_unknown"),
    (6, "B", "date_impossible"),
    (7, "E", "item_unknown"),
    (8, "G", "points_differ"),
    (9, "F", "category_differs"),
    (11, "D", "repeated"),
    (12, "G", "not_a_number"),
    (15, "E", "cap_reached"),
    (16, "B", "date_missing"),
]
BOOKS = (
    ("rulebook", "rulebook.xls", 14),
    ("roll", "roll.xlsx", 20),
    ("balances", "monthly-summary.xlsx", 10),
    ("register", "register.csv", 20),
)
SHELL = system("cli")
RULES = (
    "编号,类别,事项,分值,单位,上限,公示\n"
    "1.1,志愿服务,义务清扫,2,次,每人每月最多2次,先入账后公示\n"
    "1.2,志愿服务,志愿服务时长,1,小时,每年不超过10分,\n"
)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Village]:
    with villages.standing(django_db_blocker) as village:
        yield village


@pytest.fixture
def village(built: Village, db: None) -> Village:
    return deepcopy(built)


def take(village: Village, kind: str, content: str | bytes, name: str = "表.csv", *, is_trial: bool = False) -> Report:
    data = content if isinstance(content, bytes) else content.encode()
    return services.take_in(
        actor=SHELL, kind=kind, branch_id=village.branch_id, file_name=name, data=data, at=village.at, is_trial=is_trial
    )


def sample(village: Village, kind: str, name: str) -> Report:
    return take(village, kind, (SAMPLES / name).read_bytes(), name)


def codes(report: Report) -> list[tuple[int, str, str]]:
    return [(problem["row"], problem["column"], problem["code"]) for problem in report.problems]


def balance(village: Village, name: str) -> int:
    index = depositors.roll_index(branch_id=village.branch_id)
    return ledger.balance(index.entries[index.by_name[name][0]].points_account_id)


def stage(village: Village, actor: Actor, kind: str, content: str) -> services.Sheet:
    return services.stage_sheet(
        actor=actor, kind=kind, branch_id=village.branch_id, file_name="表.csv", data=content.encode(), at=village.at
    )


# The sample books


def test_the_sample_books_go_in_and_a_second_time_changes_nothing(village: Village) -> None:
    for kind, name, rows in BOOKS:
        report = sample(village, kind, name)
        assert (report.rows, report.good, report.problems, report.committed) == (rows, rows, [], rows), name
        again = sample(village, kind, name)
        assert (again.good, again.bad, again.committed, again.is_duplicate) == (rows, 0, 0, True)
    report = ledger.verify()
    assert report.ok and ledger.counts().transactions > 30
    assert balance(village, "马国庆") > 0


def test_every_mistake_of_the_sample_is_named_at_its_cell(village: Village) -> None:
    sample(village, "rulebook", "rulebook.xls")
    sample(village, "roll", "roll.xlsx")
    report = sample(village, "register", "register-with-mistakes.xlsx")
    assert codes(report) == MISTAKES


# Roll


def test_known_people_stay_as_they_are(village: Village) -> None:
    before = depositors.counts()
    report = take(village, "roll", "户号,姓名,与户主关系,性别\n0001,王建国,户主,男\n0001,王大力,儿子,男\n")
    assert (report.known, report.committed) == (1, 1)
    assert depositors.counts().depositors == before.depositors + 1


def test_the_household_number_is_carried_down_a_family(village: Village) -> None:
    take(village, "roll", "户号,户主,姓名,与户主关系\n901,甲田,甲田,户主\n,,乙河,配偶\n902,丙山,丙山,户主\n")
    home = depositors.household_by_number(branch_id=village.branch_id, number="901")
    assert home is not None and home.head is not None and home.head.name == "甲田"
    assert [member.name for member in depositors.members_of(household_id=home.pk)] == ["甲田", "乙河"]


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("903,丁,12345,,", "C", "id_number_wrong"),
        ("903,丁,,138,", "D", "phone_unreadable"),
        ("903,丁,,,2021.2.30", "E", "date_impossible"),
        ("903,,,13800000000,", "B", "name_missing"),
        ("903,12345,,,", "B", "name_unreadable"),
        ("903,小丁,,,2020-01-01", "B", "guardian_consent_missing"),
    ],
)
def test_wrong_cells_of_a_roll_are_named(village: Village, line: str, column: str, code: str) -> None:
    report = take(village, "roll", f"户号,姓名,身份证号,电话,出生日期\n{line}\n")
    assert codes(report) == [(2, column, code)] and report.committed == 0


def test_id_numbers_and_phones_are_kept_encrypted_and_not_in_the_sheet(village: Village) -> None:
    clerk = village.officer("clerk")
    sheet = stage(
        village, clerk, "roll", "户号,姓名,身份证号,电话\n904,戊风,11010119900307803X,13911112222\n905,己,x,13911113333\n"
    )
    assert b"13911112222" not in bytes(sheet.content or b"") and "13911112222" not in str(sheet.problems)
    services.commit_sheet(actor=clerk, sheet_id=sheet.pk, at=village.at)
    index = depositors.roll_index(branch_id=village.branch_id)
    person = index.by_name["戊风"][0]
    assert depositors.vault_fields(depositor_id=person) == {"id_number", "phone"}
    assert index.entries[person].born_on == date(1990, 3, 7)


# Rule book


@pytest.mark.parametrize(
    ("text", "caps"),
    [
        ("每月最多8次", {"person_times_month": 8}),
        ("每人每天1次；每年不超过40分", {"person_times_day": 1, "person_points_year": 4000}),
        ("每户每月2次", {"household_times_month": 2}),
        ("全年封顶", None),
        ("8次/月", {"person_times_month": 8}),
        ("每户每年最多20.5分", {"household_points_year": 2050}),
        ("不限", {}),
    ],
)
def test_caps_in_words(text: str, caps: dict[str, int] | None) -> None:
    if caps is None:
        with pytest.raises(rulesheets.CellWrong):
            rulesheets.read_caps(text)
    else:
        assert rulesheets.read_caps(text) == caps


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+2", (200, "", ())),
        ("5分/次", (500, "", ())),
        ("每小时1分", (100, "小时", ())),
        ("－2", (-200, "", ())),
        ("4小时1分；10小时2分", (0, "", ((4, 100), (10, 200)))),
    ],
)
def test_values_in_words(text: str, value: object) -> None:
    assert rulesheets.read_value(text) == value


def test_a_first_rule_book_holds_from_the_stated_day_and_the_next_closes_it(village: Village) -> None:
    take(village, "rulebook", "积分细则,,,,,,\n自2021年1月1日起施行,,,,,,\n" + RULES)
    first = rulebooks.edition_in_force(branch_id=village.branch_id, on=date(2021, 6, 1))
    assert first is not None and first.in_force_from == date(2021, 1, 1)
    take(village, "rulebook", RULES.replace("义务清扫,2", "义务清扫,3"))
    first.refresh_from_db()
    assert first.in_force_to == date(2026, 3, 12)
    item = rulebooks.item_in_force(branch_id=village.branch_id, code="1.1", on=date(2026, 3, 12))
    assert item is not None and item.points == 300


def test_without_a_day_it_holds_since_the_branch_opened(village: Village) -> None:
    take(village, "rulebook", RULES)
    edition = rulebooks.edition_in_force(branch_id=village.branch_id, on=date(2020, 1, 1))
    assert edition is not None and edition.in_force_from == villages.SINCE


def test_clauses_that_may_not_stand_are_named(village: Village) -> None:
    head = "编号,类别,事项,加减分,分值,单位,上限,整改要求\n"
    report = take(
        village,
        "rulebook",
        head
        + "1,文明习惯,甲,加,2,次,,\n2,文明习俗,乙,加,2,次,每季度3次,\n"
        + "3,文明习俗,丙,加,好多,次,,\n4,文明习俗,取消低保,减,2,次,,补上\n",
    )
    assert [(row, column) for row, column, _code in codes(report)][:3] == [(2, "B"), (3, "G"), (4, "E")]
    assert {code for row, _column, code in codes(report) if row == 5} >= {"red_line"} or (5, "C", "red_line") in codes(report)


# Register


@pytest.fixture
def ruled(village: Village) -> Village:
    take(village, "rulebook", RULES)
    return village


REGISTER = "日期,户号,姓名,事项,分值,备注\n"


def test_rows_post_and_caps_are_counted_down_the_sheet(ruled: Village) -> None:
    report = take(
        ruled,
        "register",
        REGISTER + "2026-03-01,0001,王建国,义务清扫,2,\n2026-03-02,0001,王建国,1.1 义务清扫,2,\n2026-03-03,0001,王建国,1.1,2,\n",
    )
    assert codes(report) == [(4, "D", "cap_reached")] and balance(ruled, "王建国") == 400


def test_the_same_rows_in_another_file_are_named_and_the_mended_file_takes_the_rest(ruled: Village) -> None:
    first = REGISTER + "2026-03-01,0001,王建国,义务清扫,2,\n2026-03-01,0009,没有人,义务清扫,2,\n"
    assert take(ruled, "register", first).committed == 1
    assert (take(ruled, "register", first).committed, balance(ruled, "王建国")) == (0, 200)
    report = take(ruled, "register", REGISTER + "2026-03-01,0001,王建国,义务清扫,2,\n2026-03-02,0002,王秀梅,义务清扫,2,\n")
    assert codes(report) == [(2, "A", "already_there")] and report.committed == 1


def test_one_line_twice_in_a_sheet_is_named(ruled: Village) -> None:
    line = "2026-03-01,0001,王建国,义务清扫,2,\n"
    assert codes(take(ruled, "register", REGISTER + line + line)) == [(3, "C", "repeated")]


def test_namesakes_need_their_household_number(ruled: Village) -> None:
    take(ruled, "roll", "户号,姓名\n910,张伟\n")
    report = take(ruled, "register", "日期,姓名,事项,分值\n2026-03-01,张伟,义务清扫,2\n2026-03-01,王建国,义务清扫,2\n")
    assert codes(report) == [(2, "B", "person_ambiguous")] and report.committed == 1


def test_hours_are_worked_out_from_the_value(ruled: Village) -> None:
    take(ruled, "register", REGISTER + "2026-03-01,0001,王建国,志愿服务时长,3,\n")
    made = deeds.declarations_in(actor=SHELL, branch_ids=[ruled.branch_id])
    assert [(one.quantity, one.points, one.status) for one in made] == [(3, 300, deeds.Status.DEPOSITED)]


def test_a_clerk_cannot_import_the_own_household(ruled: Village) -> None:
    user_id = ruled.villager("王建国").user_id
    assert user_id is not None
    organisations.appoint_officer(actor=SHELL, user_id=user_id, organisation_id=ruled.branch_id, role="clerk", at=ruled.at)
    sheet = stage(ruled, ruled.villager("王建国"), "register", REGISTER + "2026-03-01,0001,李秀英,义务清扫,2,\n")
    assert [problem["code"] for problem in sheet.problems] == ["own_household"]


def test_a_trial_writes_nothing(ruled: Village) -> None:
    before = ledger.counts()
    report = take(ruled, "register", REGISTER + "2026-03-01,0001,王建国,义务清扫,2,\n", is_trial=True)
    assert (report.good, report.committed) == (1, 0) and ledger.counts() == before
    assert queries.sheets_of(actor=SHELL, branch_id=ruled.branch_id)[0].kind == "rulebook"


# Opening balances

SUMMARY = "月度汇总表,,,,,\n2026年2月,,,,,\n户号,户主,上月结余,本月得分,已兑换,结余\n"


def test_opening_balances_post_once_per_passbook(village: Village) -> None:
    report = take(village, "balances", SUMMARY + "0001,王建国,10,5,3,12\n0002,王秀梅,1,0,0,1\n合计,,11,5,3,13\n")
    assert report.problems == [] and balance(village, "王建国") == 1200
    report = take(village, "balances", SUMMARY + "0001,王建国,10,5,2,13\n0005,刘德福,1,0,0,1\n合计,,11,5,2,14\n")
    assert codes(report) == [(4, "F", "already_opened")] and balance(village, "刘德福") == 100
    assert ledger.verify().ok


def test_lines_that_do_not_add_up_are_named(village: Village) -> None:
    report = take(village, "balances", SUMMARY + "0001,王建国,10,5,3,13\n0002,王秀梅,1,0,2,-1\n合计,,11,5,5,12\n")
    assert codes(report) == [(4, "F", "balance_differs"), (5, "F", "negative")]


def test_totals_that_differ_stop_the_whole_sheet(village: Village) -> None:
    report = take(village, "balances", SUMMARY + "0001,王建国,10,5,3,12\n合计,,10,5,3,21\n")
    assert codes(report) == [(5, "F", "total_differs")] and report.committed == 0 and balance(village, "王建国") == 0


def test_two_officers_sign_opening_balances(village: Village) -> None:
    clerk, director = village.officer("clerk"), village.officer("director")
    sheet = stage(village, clerk, "balances", SUMMARY + "0001,王建国,10,5,3,12\n合计,,10,5,3,12\n")
    with pytest.raises(services.SignatureMissing):
        services.commit_sheet(actor=clerk, sheet_id=sheet.pk, at=village.at)
    with pytest.raises(services.SecondSignature):
        services.sign_sheet(actor=clerk, sheet_id=sheet.pk, at=village.at)
    assert queries.may_sign(actor=director, sheet=sheet) and not queries.may_sign(actor=clerk, sheet=sheet)
    services.sign_sheet(actor=director, sheet_id=sheet.pk, at=village.at)
    done = services.commit_sheet(actor=clerk, sheet_id=sheet.pk, at=village.at)
    assert (done.status, done.committed_count, balance(village, "王建国")) == (queries.Status.COMMITTED, 1, 1200)
    with pytest.raises(services.AlreadyImported):
        services.commit_sheet(actor=clerk, sheet_id=sheet.pk, at=village.at)
    with pytest.raises(services.AlreadyImported):
        stage(village, clerk, "balances", SUMMARY + "0001,王建国,10,5,3,12\n合计,,10,5,3,12\n")


def test_who_signed_a_register_leaves_its_objections_to_others(ruled: Village) -> None:
    clerk, director = ruled.officer("clerk"), ruled.officer("director")
    sheet = stage(ruled, clerk, "register", "台账,,,,,\n" + REGISTER + "2026-03-01,0001,王建国,义务清扫,2,\n")
    services.sign_sheet(actor=director, sheet_id=sheet.pk, at=ruled.at)
    services.commit_sheet(actor=clerk, sheet_id=sheet.pk, at=ruled.at)
    line = notices.standing_lines(branch_id=ruled.branch_id, at=ruled.at)[0]
    objection = noticing.raise_objection(
        actor=ruled.villager("刘德福"), line_id=line.id, reason="not_done", words="那天没看见他去", at=ruled.at
    )
    with pytest.raises(judging.Recused):
        judging.resolve_objection(actor=director, objection_id=objection.pk, upheld=False, answer="查过值班表了", at=ruled.at)
    supervisor = ruled.officer("supervisor")
    done = judging.resolve_objection(
        actor=supervisor, objection_id=objection.pk, upheld=False, answer="查过值班表了", at=ruled.at
    )
    assert done.status == "dismissed"


# Preview and scope


def test_the_preview_keeps_the_sheets_own_rows_and_marks_the_wrong_cell(ruled: Village) -> None:
    clerk = ruled.officer("clerk")
    sheet = stage(
        ruled,
        clerk,
        "register",
        "台账,,,,,\n" + REGISTER + "2026-03-01,0001,王建国,义务清扫,2,\n2026-03-01,0001,王建国,扫雪,2,\n",
    )
    rows = queries.preview(actor=clerk, public_id=sheet.public_id)
    assert [row.number for row in rows] == [1, 2, 3, 4] and list(rows[3].problems) == ["D"]
    assert [row.number for row in queries.preview(actor=clerk, public_id=sheet.public_id, only_bad=True)] == [4]
    book = openpyxl.load_workbook(io.BytesIO(queries.problems_workbook(actor=clerk, public_id=sheet.public_id)))
    cell = book.active["E2"]
    assert cell.value == "扫雪" and cell.fill.fgColor.rgb == "FFFDF0DC" and "扫雪" in book.active["H2"].value
    services.sign_sheet(actor=ruled.officer("director"), sheet_id=sheet.pk, at=ruled.at)
    services.commit_sheet(actor=clerk, sheet_id=sheet.pk, at=ruled.at)
    assert [row.number for row in queries.preview(actor=clerk, public_id=sheet.public_id)] == [4]


def test_other_branches_and_other_offices_may_not(ruled: Village) -> None:
    other, teller = ruled.officer("other_clerk"), ruled.officer("teller")
    for actor in (other, teller):
        with pytest.raises(NotAllowed):
            stage(ruled, actor, "roll", "户号,姓名\n1,甲\n")
    brought = stage(ruled, ruled.officer("clerk"), "rulebook", RULES.replace(",2,", ",3,"))
    services.sign_sheet(actor=ruled.officer("director"), sheet_id=brought.pk, at=ruled.at)
    with pytest.raises(NotAllowed):
        services.commit_sheet(actor=ruled.officer("clerk"), sheet_id=brought.pk, at=ruled.at)
    sheet = stage(ruled, ruled.officer("clerk"), "roll", "户号,姓名\n911,甲乙\n")
    with pytest.raises(NotFound):
        queries.sheet(actor=other, public_id=sheet.public_id)
    with pytest.raises(NotFound):
        services.commit_sheet(actor=other, sheet_id=sheet.pk, at=ruled.at)


def test_a_dropped_sheet_is_gone_for_good(village: Village) -> None:
    clerk = village.officer("clerk")
    sheet = stage(village, clerk, "roll", "户号,姓名\n911,甲乙\n")
    dropped = services.drop_sheet(actor=clerk, sheet_id=sheet.pk, at=village.at)
    assert dropped.content is None and queries.sheets_of(actor=clerk, branch_id=village.branch_id) == []
    with pytest.raises(services.SheetGone):
        services.commit_sheet(actor=clerk, sheet_id=sheet.pk, at=village.at + timedelta(hours=1))


# Round trips


def test_lines_of_many_passbooks_are_put_into_words_at_once(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, name, _rows in BOOKS:
        sample(village, kind, name)
    asked: list[int] = []

    def wording(lines: Sequence[Any]) -> list[str]:
        asked.append(len(lines))
        return [line.subject for line in lines]

    def rows() -> list[Sequence[str]]:
        given = {"actor": SHELL, "kind": "statements", "branch_ids": [village.branch_id], "on": date(2026, 3, 12)}
        return list(queries.export_rows(**given, wording=wording).rows)

    whole = rows()
    assert asked == [len(whole)] and len(whole) > 5
    monkeypatch.setattr(outgoing, "PAGE", 2)
    assert rows() == whole and max(asked[1:]) < len(whole)


@pytest.mark.parametrize("kind", ["roll", "rulebook", "register", "balances"])
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_what_we_export_comes_in_again_without_effect(village: Village, kind: str, form: str) -> None:
    for one, name, _rows in BOOKS:
        sample(village, one, name)
    made = queries.export_rows(actor=SHELL, kind=kind, branch_ids=[village.branch_id], on=date(2026, 3, 12), wording=list)
    rows = list(made.rows)
    heading = [[text] for text in (made.title, *made.notes)]
    if form == "xlsx":
        data = workbooks.table(made.title, made.columns, rows, made.notes)
    else:
        data = workbooks.comma_separated(made.columns, rows, heading)
    before = ledger.counts(), depositors.counts()
    report = take(village, kind, data, f"导出.{form}")
    assert report.problems == [] and report.committed == 0 and report.known == report.rows > 5
    assert (ledger.counts(), depositors.counts()) == before

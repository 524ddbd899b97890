"""Sheets are read as clerks keep them; what is not a plain sheet is refused before it is parsed."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlwt

from wenming.domain.intake import cells, guard, reader, sheets
from wenming.domain.intake.cells import CellWrong, When


def workbook(rows: list[list[object]], merged: tuple[str, ...] = (), title: str = "表") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for area in merged:
        sheet.merge_cells(area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(data: bytes, **parts: bytes | None) -> bytes:
    """The same workbook with parts added or replaced; `__` in a name stands for a slash, `_dot_` for a dot."""
    out = io.BytesIO()
    names = {name.replace("__", "/").replace("_dot_", "."): content for name, content in parts.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in names:
                new.writestr(entry.filename, old.read(entry))
        for name, content in names.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


PLAIN = workbook([["户号", "姓名"], ["0001", "王梅"]])


def test_values_become_what_the_clerk_sees() -> None:
    grid = reader.read(
        workbook([[7.0, 0.5, 110112.0, datetime(2021, 3, 5), datetime(2021, 3, 5, 9, 30), True, "007", 0.1 + 0.2]])
    )
    assert grid.rows[0] == ["7", "0.5", "110112", "2021-03-05", "2021-03-05 09:30", "是", "007", "0.3"]


def test_merged_cells_carry_their_text() -> None:
    grid = reader.read(workbook([["标题", None, None], ["一组", 1, 2], [None, 3, 4]], ("A1:C1", "A2:A3")))
    assert grid.rows == [["标题", "标题", "标题"], ["一组", "1", "2"], ["一组", "3", "4"]]


def test_old_workbooks_are_read() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("名册")
    sheet.write_merge(0, 0, 0, 1, "名册")
    sheet.write(1, 0, "户号")
    sheet.write(2, 0, 312.0)
    out = io.BytesIO()
    book.save(out)
    assert reader.read(out.getvalue(), "x.xls").rows == [["名册"], ["户号"], ["312"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_usual_encoding(encoding: str) -> None:
    assert reader.read("户号,姓名\r\n0312,冯喆𬭎\r\n".encode(encoding)).rows == [["户号", "姓名"], ["0312", "冯喆𬭎"]]


def test_the_content_decides_not_the_name() -> None:
    assert reader.read(PLAIN, "register.csv").rows[1] == ["0001", "王梅"]
    assert reader.read("户号,姓名\n1,王梅\n".encode(), "book.xlsx").rows[1] == ["1", "王梅"]


def sheet_xml(body: str) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'.encode()


SHEET = "xl__worksheets__sheet1_dot_xml"
REFUSED: list[tuple[str, bytes, type[guard.FileRefused]]] = [
    ("nothing", b"", guard.FileEmpty),
    ("too large", b"a" * (guard.LARGEST_FILE + 1), guard.FileTooLarge),
    ("a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, guard.WrongFileType),
    ("a document", b"%PDF-1.7 ...", guard.WrongFileType),
    ("a page", b"<html><table></table></html>", guard.WrongFileType),
    ("another zip", repacked(PLAIN, xl__workbook_dot_xml=None), guard.WrongFileType),
    ("a cut zip", PLAIN[: len(PLAIN) // 2], guard.FileDamaged),
    ("macros", repacked(PLAIN, xl__vbaProject_dot_bin=b"x"), guard.HasMacros),
    ("links", repacked(PLAIN, xl__externalLinks__externalLink1_dot_xml=b"<a/>"), guard.HasLinks),
    ("connections", repacked(PLAIN, xl__connections_dot_xml=b"<a/>"), guard.HasLinks),
    ("a file inside", repacked(PLAIN, xl__embeddings__a_dot_docx=b"PK"), guard.HasEmbeddedFiles),
    ("a zip as picture", repacked(PLAIN, xl__media__a_dot_png=b"PK\x03\x04...."), guard.HasEmbeddedFiles),
    ("a bomb", repacked(PLAIN, xl__media__a_dot_xml=b" " * 30_000_000), guard.PackedTooTight),
    (
        "entities",
        repacked(PLAIN, xl__sharedStrings_dot_xml=b'<!DOCTYPE a [<!ENTITY b "c">]><sst>&b;</sst>'),
        guard.UnsafeXml,
    ),
    ("UTF-16 parts", repacked(PLAIN, **{SHEET: "<worksheet/>".encode("utf-16")}), guard.UnsafeXml),
    (
        "a far row",
        repacked(PLAIN, **{SHEET: sheet_xml('<row r="1048576"><c r="A1048576"><v>1</v></c></row>')}),
        guard.TooManyRows,
    ),
    ("a far column", repacked(PLAIN, **{SHEET: sheet_xml('<row r="1"><c r="XFD1"><v>1</v></c></row>')}), guard.TooManyColumns),
    (
        "a far corner",
        repacked(PLAIN, **{SHEET: sheet_xml('<row r="90000"><c r="GA90000"><v>1</v></c></row>')}),
        guard.TooManyCells,
    ),
    ("an encrypted workbook", guard.OLE_MAGIC + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), guard.Encrypted),
    ("old macros", guard.OLE_MAGIC + b"\0" * 600 + "_VBA_PROJECT_CUR".encode("utf-16-le") + b"\0\0", guard.HasMacros),
    ("a broken old workbook", guard.OLE_MAGIC + b"\1" * 2000, guard.FileDamaged),
    ("too many lines", b"a,b\n" * (guard.MOST_ROWS + 1), guard.TooManyRows),
    ("too many columns", b"," * (guard.MOST_COLUMNS + 1), guard.TooManyColumns),
]


@pytest.mark.parametrize(("data", "refusal"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_a_plain_sheet_is_refused(data: bytes, refusal: type[guard.FileRefused]) -> None:
    with pytest.raises(refusal) as refused:
        reader.read(data, "台账.xlsx")
    assert refused.value.code.startswith("intake.") and refused.value.field == "file" and len(refused.value.words) > 5


def test_formatting_far_below_the_data_does_no_harm() -> None:
    body = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>'
    assert reader.read(repacked(PLAIN, **{SHEET: sheet_xml(body)})).rows == [["1"]]


def test_an_old_workbook_with_a_far_cell_is_refused() -> None:
    book = xlwt.Workbook()
    book.add_sheet("表").write(65_000, 220, "远")
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(guard.TooManyColumns):
        reader.read(out.getvalue())


@pytest.mark.parametrize(
    "text",
    [
        "2021.3.5",
        "2021-3-5",
        "2021/03/05",
        "2021年3月5日",
        "２０２１．３．５",
        "3月5日",
        "3月5号",
        "5日",
        "44260",
        "20210305",
        "21.3.5",
        "3/5",
    ],
)
def test_dates_as_clerks_write_them(text: str) -> None:
    assert cells.read_date(text, When(2021, 3)) == date(2021, 3, 5)


@pytest.mark.parametrize(
    ("text", "when", "code"),
    [
        ("2021.2.30", When(), "date_impossible"),
        ("3月5日", When(), "date_without_year"),
        ("3.1", When(2021), "date_ambiguous"),
        ("上周三", When(2021), "date_unreadable"),
        ("1021-03-05", When(), "date_too_early"),
        ("2027-01-01", When(), "date_in_future"),
    ],
)
def test_dates_that_cannot_be_are_named(text: str, when: When, code: str) -> None:
    with pytest.raises(CellWrong) as wrong:
        cells.read_date(text, when, date(2026, 3, 12))
    assert wrong.value.code == code


@pytest.mark.parametrize(("text", "amount"), [("＋２", 200), ("2分", 200), ("扣2分", -200), ("－0.5", -50), ("1,234.5", 123450)])
def test_points_as_clerks_write_them(text: str, amount: int) -> None:
    assert cells.read_points(text) == amount


@pytest.mark.parametrize("text", ["王\u202e梅", "王\u200b梅", "王\x07梅"])
def test_marks_that_nobody_sees_are_refused_in_names(text: str) -> None:
    with pytest.raises(CellWrong) as wrong:
        cells.read_name(text)
    assert wrong.value.code == "invisible_marks"


def test_an_id_number_kept_as_a_number_has_lost_its_end() -> None:
    grid = reader.read(workbook([["身份证号"], [110101199003070011]]))
    assert grid.lossy == {(2, 1)}


def find(text: str, kind: str) -> sheets.Table:
    return sheets.find(reader.read(text.encode()), kind)


def test_the_header_is_found_under_titles_and_read_by_its_synonyms() -> None:
    table = find(
        "柳溪村台账,,,\n2021年3月,,,\n日 期,户主/姓名,积分事项,分值（+/−）\n3月5日,王　梅,扫雪,2\n合计,,,2\n制表人：钱,,,\n",
        "register",
    )
    assert table.header_row == 3 and list(table.columns) == ["happened_on", "name", "item", "points"]
    assert [line.number for line in table.lines] == [4] and [line.number for line in table.totals] == [5]
    assert table.when == When(2021, 3) and table.feet == ["制表人：钱"]


def test_a_header_in_two_rows() -> None:
    table = find("序号,户主,上月结余,本月积分,,,结余\n,,,加分,扣分,得分,\n1,王梅,3,2,0,2,5\n", "balances")
    assert {name: column.letters for name, column in table.columns.items()} == {
        "serial": "A", "name": "B", "opening": "C", "earned": "D", "deducted": "E", "net": "F", "balance": "G",
    }  # fmt: skip


def test_blank_numbered_and_repeated_header_rows_are_passed_over() -> None:
    table = find("序号,姓名,日期,事项\n1,王梅,3月5日,扫雪\n2,,,\n,,,\n序号,姓名,日期,事项\n3,李强,〃,同上\n", "register")
    assert [line.number for line in table.lines] == [2, 6]
    assert table.lines[1].cells["happened_on"] == "3月5日" and table.lines[1].cells["item"] == "扫雪"


def test_missing_columns_are_named() -> None:
    with pytest.raises(sheets.ColumnsMissing) as missing:
        find("姓名,分值\n王梅,2\n", "register")
    assert "日期" in missing.value.words and "事项" in missing.value.words
    with pytest.raises(sheets.HeaderNotFound):
        find("今天,天气\n很,好\n", "roll")


def test_an_old_workbook_cut_short_is_damaged_and_nothing_worse() -> None:
    """Cut inside its last sector the compiled reader panics; the clerk reads that the file is damaged."""
    whole = (Path(__file__).parents[2] / "samples" / "rulebook.xls").read_bytes()
    for end in (8208, 8541, 9000):
        with pytest.raises((guard.FileDamaged, guard.WrongFileType)):
            reader.read(whole[:end], "rulebook.xls")

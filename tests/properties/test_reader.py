"""Whatever bytes arrive, the reader answers with a grid or a refusal, never with a fault."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wenming.core.errors import Refusal
from wenming.domain.intake import headings, reader, sheets
from wenming.domain.intake.cells import CellWrong, When, read_count, read_date, read_name, read_points

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "samples").iterdir()) if path.suffix != ".md"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def answer(data: bytes) -> None:
    try:
        grid = reader.read(data, "x")
        for kind in headings.COLUMNS:
            try:
                sheets.find(grid, kind)
            except Refusal as refusal:
                assert refusal.words
    except Refusal as refusal:
        assert refusal.words and refusal.code.startswith("intake.")


@QUICK
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6)), min_size=1, max_size=8),
)
def test_mutated_files_are_read_or_refused(sample: bytes, changes: list[tuple[float, bytes]]) -> None:
    data = bytearray(sample)
    for place, piece in changes:
        at = int(place * len(data))
        data[at : at + len(piece)] = piece
    answer(bytes(data))


@QUICK
@given(st.sampled_from(SAMPLES), st.floats(0, 1), st.floats(0, 1))
def test_cut_files_are_read_or_refused(sample: bytes, start: float, end: float) -> None:
    answer(sample[int(start * len(sample)) : int(end * len(sample))])


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    answer(data)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(TEXTS.filter(lambda text: text == text.strip() and not text.startswith(("=", "'"))), min_size=1, max_size=6),
        min_size=1,
        max_size=6,
    )
)
def test_texts_survive_a_workbook(rows: list[list[str]]) -> None:
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            book.active.cell(number, column).value = text or None
    out = io.BytesIO()
    book.save(out)
    try:
        grid = reader.read(out.getvalue())
    except Refusal:
        assert not any(text for row in rows for text in row)
        return
    for number, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            assert grid.cell(number, column) == reader._tidy(text)


@QUICK
@given(TEXTS)
def test_any_cell_is_read_or_named(text: str) -> None:
    for read in (lambda cell: read_date(cell, When(2021, 3)), read_points, read_count, read_name):
        try:
            read(text)
        except CellWrong as wrong:
            assert wrong.code and wrong.message

"""docs/reference/steps.md says what the models say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wenming.domain.deeds.models import Declaration, Reversal
from wenming.domain.intake.models import Sheet
from wenming.domain.notices.models import Notice, NoticeLine, Objection
from wenming.domain.organisations.models import Proposal
from wenming.domain.rulebooks.models import Edition

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "steps.md"
SECTIONS = {
    "Declaration": Declaration,
    "Notice": Notice,
    "Line of a notice": NoticeLine,
    "Objection": Objection,
    "Reversal": Reversal,
    "Edition": Edition,
    "Proposal of an office": Proposal,
    "Sheet": Sheet,
}


def tables() -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {}
    for section in re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, body = section.split("\n", 1)
        rows = re.findall(r"^\| (\w+) [^|]*\| ([^|]+) \|$", body, flags=re.MULTILINE)
        found[title] = {start: set(ends.split(", ")) for start, ends in rows if start != "from"}
    return found


@pytest.mark.parametrize(("section", "model"), SECTIONS.items())
def test_the_page_agrees_with_the_models(section: str, model: type) -> None:
    steps = {str(start): {str(end) for end in ends} for start, ends in model.STEPS.items()}  # type: ignore[attr-defined]
    assert tables()[section] == steps

"""Documents that can go stale are checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def test_links_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in LINK.findall(page.read_text("utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} → {target}")
    assert broken == []


def test_every_requirement_is_answered() -> None:
    """docs/requirements.md lists R1 to R152, each once, with what covers it or `not yet`."""
    rows = re.findall(r"^\| R(\d+) \|[^|]+\|([^|]+)\|", (ROOT / "docs" / "requirements.md").read_text("utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 153))
    assert all(cover.strip() for _, cover in rows)


def test_covering_files_exist() -> None:
    text = (ROOT / "docs" / "requirements.md").read_text("utf-8")
    named = set(re.findall(r"`((?:tests|src|docs|samples)/[^`\s]+)`", text))
    assert sorted(name for name in named if not (ROOT / name.split("::")[0]).exists()) == []


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[\[>=<;~ ]", line)[0] for line in project["dependencies"]]
    decision = (ROOT / "docs" / "decisions" / "0005-dependencies.md").read_text("utf-8").lower()
    assert [name for name in names if f"| {name.lower()}" not in decision] == []
    assert len(names) <= 30

# ruff: noqa: N999  (commands are named with a hyphen)
"""`wenming regions-import FILE`: add places by their 12-digit codes from a CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.services import RegionRow
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse, read_file

OWN_COLUMNS = {"code", "name", "level", "parent_code"}
VILLAGE_COLUMNS = {"code", "name", "streetCode"}
COMMITTEE = re.compile(r"(村村委会|村委会|村民委员会)$")


class Command(BankCommand):
    help = gettext_lazy("从 CSV 文件读入区划代码：本产品的格式，或 china-division 的 villages.csv。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("file", help=_("CSV 文件"))
        parser.add_argument("--under", default="", metavar="CODE", help=_("只要这个代码开头的，例如 110112"))
        parser.add_argument(
            "--from", dest="valid_from", default="2018-01-01", metavar="DAY", help=_("文件里没写时，从哪天起有效")
        )

    def work(self, **options: Any) -> Answer:
        try:
            valid_from = date.fromisoformat(options["valid_from"])
            text = read_file(options["file"]).decode("utf-8-sig")
            rows = [row for row in _rows(text, valid_from) if row.code.startswith(options["under"])]
        except (ValueError, KeyError) as error:
            raise WrongUse(_("这个文件读不懂：要 UTF-8 的 CSV，第一行是列名。")) from error
        new = organisations.add_regions(rows=rows)
        words = _("读了 {rows} 个地方，新增 {new} 个。").format(rows=len(rows), new=new)
        return Answer({"rows": len(rows), "new": new}, words)


def _rows(text: str, valid_from: date) -> Iterator[RegionRow]:
    """The places of a file in either of the two shapes."""
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or ())
    for row in reader:
        if columns >= OWN_COLUMNS:
            start, end = row.get("valid_from"), row.get("valid_to")
            yield RegionRow(
                row["code"],
                row["name"],
                row["level"],
                row["parent_code"],
                date.fromisoformat(start) if start else valid_from,
                date.fromisoformat(end) if end else None,
            )
        elif columns >= VILLAGE_COLUMNS:
            name = COMMITTEE.sub("", row["name"]) or row["name"]
            yield RegionRow(row["code"], name, "village", row["streetCode"].ljust(12, "0"), valid_from)
        else:
            raise ValueError(columns)

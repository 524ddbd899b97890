"""`wenming verify`: re-read every book and the audit trail, and name what does not hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.domain.ledger import queries as ledger
from wenming.surfaces.cli.command import FAULTS, GOOD, Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy(
        "把每一本账从头再读一遍，核对得上就说核对无误，对不上就指出在哪里。\n退出码：0 核对无误，1 发现问题，2 用法不对。"
    )

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("--book", help=_("只核对这个代码的账本"))

    def work(self, **options: Any) -> Answer:
        book_id = ledger.book_by_code(options["book"]).pk if options["book"] else None
        report = ledger.verify(book_id)
        facts = asdict(report)
        lines = [
            _("账本 {books} 本，账 {transactions:,} 笔，流水 {entries:,} 行。").format(**facts),
            *(
                f"{fault.code}  {fault.book}  {fault.number if fault.number is not None else '-'}  {fault.message}"
                for fault in report.faults
            ),
            _("核对无误。") if report.ok else _("发现 {count} 处问题。").format(count=len(report.faults)),
        ]
        return Answer(facts, "\n".join(lines), GOOD if report.ok else FAULTS)

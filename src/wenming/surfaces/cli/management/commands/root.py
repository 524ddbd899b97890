"""`wenming root`: the newest published fingerprint of every book, as it hangs on the wall."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.domain.ledger import queries as ledger
from wenming.surfaces.cli.command import Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("列出每本账最近一次封账的笔数和指纹。\n退出码：0 正常，2 用法不对。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("--book", help=_("只看这个代码的账本"))

    def work(self, **options: Any) -> Answer:
        books = [ledger.book_by_code(options["book"])] if options["book"] else ledger.books()
        facts, lines = [], []
        for book in books:
            seal = ledger.latest_seal(book.pk)
            size, root = (seal.size, bytes(seal.root).hex()) if seal else (0, "")
            sealed_at = seal.sealed_at if seal else None
            facts.append({"book": book.code, "algorithm": book.algorithm, "size": size, "root": root, "sealed_at": sealed_at})
            lines.append(
                f"{book.code}  {size}  {root}  {sealed_at:%Y-%m-%d %H:%M:%S%z}" if seal else f"{book.code}  0  {_('还没有封账')}"
            )
        return Answer(facts, "\n".join(lines))

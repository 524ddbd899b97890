"""`wenming consistency`: the proof that one published fingerprint grew out of an earlier one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.domain.ledger import queries as ledger
from wenming.surfaces.cli.command import Answer, BankCommand
from wenming.surfaces.cli.management.commands.proof import written


class Command(BankCommand):
    help = gettext_lazy("开证明：后一次封账是在前一次之上接着记的，前面的没有改。\n退出码：0 正常，2 用法不对。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("first", type=int, metavar="FIRST", help=_("前一次封账的笔数"))
        parser.add_argument("second", type=int, metavar="SECOND", help=_("后一次封账的笔数"))
        parser.add_argument("--book", required=True, help=_("账本的代码"))
        parser.add_argument("--out", metavar="FILE", help=_("写到这个文件"))

    def work(self, **options: Any) -> Answer:
        book = ledger.book_by_code(options["book"])
        proof = ledger.consistency_proof(book.pk, options["first"], options["second"])
        facts = {"proof": "consistency", **asdict(proof)}
        return written(facts, options["out"], f"{proof.book}  {proof.first} → {proof.second}  {proof.second_root}")

"""`wenming proof`: the inclusion proof of one transaction, to be checked by `verify_proof.py` against the paper on the wall."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.domain.ledger import queries as ledger
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse, as_json


class Command(BankCommand):
    help = gettext_lazy(
        "给一笔账开证明：它在某次封账里，一个字没改。用 verify_proof.py 对照墙上的指纹核对。\n退出码：0 正常，2 用法不对。"
    )

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("public_id", metavar="PUBLIC_ID", help=_("这一笔账的编号（32 位）"))
        parser.add_argument("--size", type=int, help=_("对照这个笔数的封账，不写就用最近一次"))
        parser.add_argument("--out", metavar="FILE", help=_("写到这个文件"))

    def work(self, **options: Any) -> Answer:
        proof = ledger.inclusion_proof(options["public_id"], options["size"])
        facts = {"proof": "inclusion", **asdict(proof)}
        return written(facts, options["out"], f"{proof.book}  {proof.number}/{proof.size}  {proof.root}")


def written(facts: dict[str, Any], out: str | None, words: str) -> Answer:
    """The proof as a file and one line, or, without a file, the proof itself."""
    if not out:
        return Answer(facts, as_json(facts))
    try:
        Path(out).write_text(as_json(facts) + "\n", encoding="utf-8")
    except OSError as error:
        raise WrongUse(_("写不了这个文件：{path}").format(path=out)) from error
    return Answer(facts, words)

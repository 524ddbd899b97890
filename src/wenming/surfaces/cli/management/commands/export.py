"""Write a table as a sheet, or the whole bank as one archive of open files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.core.errors import NotFound
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.cli import archive, exporting
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse

KINDS = ("roll", "rulebook", "register", "balances", "statements", "redemptions", "bank")


class Command(BankCommand):
    help = gettext_lazy("把名册、细则、台账、结余、流水、兑换导出成表；bank 把整个银行导成一个存档。退出码：0 好了，2 用法不对。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=KINDS, metavar="KIND", help="|".join(KINDS))
        parser.add_argument("--out", required=True, metavar="FILE", help=_("写到哪里：.xlsx 或 .csv；bank 用 .zip"))
        parser.add_argument("--branch", default="", metavar="CODE", help=_("只要这一个分行"))
        parser.add_argument("--with-identity", action="store_true", help=_("存档里带上身份证号和电话（会记进操作日志）"))

    def work(self, *, kind: str, out: str, branch: str, with_identity: bool, **options: Any) -> Answer:
        place = Path(out)
        wanted = (".zip",) if kind == "bank" else (".xlsx", ".csv")
        if place.suffix.lower() not in wanted:
            raise WrongUse(_("文件名要用 {endings} 结尾。").format(endings=_(" 或 ").join(wanted)))
        if kind == "bank" and branch:
            raise WrongUse(_("bank 是整个银行，不能只要一个分行。"))
        if with_identity and kind != "bank":
            raise WrongUse(_("--with-identity 只用在 bank 上。"))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            return self.write(kind, place, branch, with_identity)
        except OSError as error:
            raise WrongUse(_("写不了这个文件：{path}").format(path=out)) from error

    def write(self, kind: str, place: Path, branch: str, with_identity: bool) -> Answer:
        actor, at = system("cli"), clock.now()
        if kind == "bank":
            manifest = archive.write_bank(place, actor=actor, at=at, with_identity=with_identity)
            facts = {
                "file": str(place),
                "files": len(manifest["files"]),
                "counts": manifest["counts"],
                "seals": manifest["seals"],
            }
            return Answer(facts, _("整个银行写到 {path}，共 {count} 个文件。").format(path=place, count=facts["files"]))
        made = exporting.table(actor=actor, kind=kind, branch_ids=_branches(kind, branch), at=at)
        count = exporting.write_table(made, place)
        return Answer({"file": str(place), "rows": count}, _("{count} 行写到 {path}。").format(count=count, path=place))


def _branches(kind: str, code: str) -> list[int]:
    if not code:
        if kind == "rulebook":
            raise WrongUse(_("导出细则要用 --branch 说明是哪个分行的。"))
        return [one.pk for one in organisations.all_branches()]
    try:
        return [organisations.branch_by_code(code=code).pk]
    except NotFound as error:
        raise WrongUse(_("没有编号是 {branch} 的分行，用 branches 命令查。").format(branch=code)) from error

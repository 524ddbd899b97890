"""Take in what clerks keep: a roll, a rule book, a points register, a monthly summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.domain.intake import queries as intake_queries
from wenming.domain.intake import services as intake
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.cli.command import FAULTS, GOOD, Answer, BankCommand, WrongUse, as_json, read_file

SHOWN_PROBLEMS = 50


class Command(BankCommand):
    help = gettext_lazy("导入一张表。对的行入册，错的行说清哪里不对。退出码：0 全对，1 有错行，2 用法不对。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=intake_queries.Kind.values, metavar="KIND", help="roll|rulebook|register|balances")
        parser.add_argument("file", help=_("表格文件：.xlsx、.xls 或 .csv"))
        parser.add_argument("--branch", required=True, metavar="CODE", help=_("分行编号，用 branches 命令查"))
        parser.add_argument("--dry-run", action="store_true", help=_("只核对，不入册"))

    def work(self, *, kind: str, file: str, branch: str, dry_run: bool, **options: Any) -> Answer | None:
        try:
            data = read_file(file)
            report = intake.take_in(
                actor=system("cli"),
                kind=kind,
                branch_id=organisations.branch_by_code(code=branch).pk,
                file_name=Path(file).name,
                data=data,
                at=clock.now(),
                is_trial=dry_run,
            )
        except (Refusal, WrongUse) as refused:
            if options.get("json"):
                self.stdout.write(as_json(_error(refused, branch)))
            raise WrongUse(_error(refused, branch)["message"]) from refused
        facts = {
            "rows": report.rows,
            "good": report.good,
            "bad": report.bad,
            "problems": report.problems,
            "committed": report.committed,
            "known": report.known,
            "duplicate": report.is_duplicate,
            "notes": report.notes,
        }
        return Answer(facts, _words(report, is_trial=dry_run), FAULTS if report.bad else GOOD)


def _error(refused: Refusal | WrongUse, branch: str) -> dict[str, str]:
    if not isinstance(refused, Refusal):
        return {"code": "wrong_use", "message": str(refused)}
    if refused.code == "not_found":
        return {"code": refused.code, "message": _("没有编号是 {branch} 的分行，用 branches 命令查。").format(branch=branch)}
    return {"code": refused.code, "message": refused.words}


def _words(report: intake.Report, *, is_trial: bool) -> str:
    lines = [_("共 {rows} 行：{good} 行对，{bad} 行要改。").format(rows=report.rows, good=report.good, bad=report.bad)]
    lines += report.notes
    for problem in report.problems[:SHOWN_PROBLEMS]:
        lines.append(_("  {column}{row}  {field}：{message}").format(**problem))
    if len(report.problems) > SHOWN_PROBLEMS:
        lines.append(_("  还有 {count} 处，用 --json 看全部。").format(count=len(report.problems) - SHOWN_PROBLEMS))
    if is_trial:
        lines.append(_("只核对了，没有入册。"))
    else:
        lines.append(_("入册 {committed} 行，早已在册 {known} 行。").format(committed=report.committed, known=report.known))
    return "\n".join(lines)

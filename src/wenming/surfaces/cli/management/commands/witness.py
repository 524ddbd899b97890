"""`wenming witness`: keep what a bank publishes, and shout when two of its words can't both be true."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.surfaces.cli import witnessing
from wenming.surfaces.cli.command import FAULTS, GOOD, Answer, BankCommand, WrongUse


class Command(BankCommand):
    help = gettext_lazy(
        "在外面替账本作证：把公布过的总指纹记在见证本里，发现同一笔数两个指纹、账变短、接不上，就喊出来。\n"
        "来源可以是：root --json 写出的文件、扫码抄下的文字（.txt）、下载的证明、装着这些的文件夹，或银行的网址。\n"
        "退出码：0 都接得上，1 有问题，2 用法不对。"
    )
    needs_store = False

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="+", metavar="SOURCE", help=_("文件、文件夹，或 http:// 开头的网址"))
        parser.add_argument("--keep", required=True, metavar="FILE", help=_("见证本，没有就新建；只往后添，不改"))

    def work(self, *, sources: list[str], keep: str, **options: Any) -> Answer:
        book = Path(keep)
        known = witnessing.notebook(book)
        heads, proofs, banks = [], [], []
        for source in sources:
            if "://" in source:
                banks.append(witnessing.Bank(source))
                heads += banks[-1].heads()
                continue
            if not Path(source).exists():
                raise WrongUse(_("没有这个文件：{path}").format(path=source))
            for path in witnessing.read_files(Path(source)):
                if path.absolute() != book.absolute():
                    found, steps = witnessing.read_file(path)
                    heads += found
                    proofs += steps
        if not heads:
            raise WrongUse(_("没有找到总指纹。"))
        finding = witnessing.judge(known, heads, proofs, banks)
        added = witnessing.write_down(book, finding, known, clock.now())
        return _answer(finding, len(known), added)


def _answer(finding: witnessing.Finding, known: int, added: int) -> Answer:
    facts = {
        "ok": not finding.alarms,
        "alarms": [asdict(alarm) for alarm in finding.alarms],
        "unproven": [{"first": asdict(early), "second": asdict(late)} for early, late in finding.unproven],
        "seen": len(finding.heads),
        "added": added,
        "known": known + added,
    }
    if finding.alarms:
        words = "\n".join([*(alarm.message for alarm in finding.alarms), _("请把两处的纸和屏幕都留好，报告上级。")])
        return Answer(facts, words, FAULTS)
    words = _("看到 {seen} 个总指纹，都对得上；见证本里共 {known} 个。").format(**facts)
    if finding.unproven:
        words += "\n" + _("其中 {count} 处还没有证明，请带上银行的网址或下载的证明再查一次。").format(count=len(finding.unproven))
    return Answer(facts, words, GOOD)

"""`wenming restore FILE --data DIR`: put a backup back, repeat the erasures made since, and verify the books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.domain.depositors import services as depositors
from wenming.domain.intake import jobs as intake
from wenming.domain.ledger import queries as ledger
from wenming.surfaces.cli import backups
from wenming.surfaces.cli.command import FAULTS, GOOD, Answer, BankCommand, WrongUse


class Command(BankCommand):
    help = gettext_lazy("把备份恢复到一个空的数据夹，照注销名单再清一遍，再核对全部账。退出码：0 好了，1 账有错，2 用法不对。")
    needs_store = False

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("file", help=_("备份文件"))
        parser.add_argument(
            "--published", default="", metavar="FILE", help=_("公布过的指纹（root --json 写出的文件），备份不能比它旧")
        )
        parser.add_argument("--force", action="store_true", help=_("数据夹里已有账本、备份较旧或钥匙不同，也要恢复"))

    def work(self, *, file: str, published: str, force: bool, **options: Any) -> Answer:
        backups.require_embedded()
        source, store = Path(file), backups.folder() / backups.STORE
        if not source.is_file():
            raise WrongUse(_("读不了这个文件：{path}").format(path=file))
        if store.exists() and store.stat().st_size and not force:
            raise WrongUse(_("数据夹 {folder} 里已经有账本。换一个空的，或者加 --force。").format(folder=backups.folder()))
        heads = backups.read_published(Path(published)) if published else []
        kept = backups.folder() / backups.PUBLISHED
        if kept.exists():
            heads += backups.read_published(kept)
        manifest = backups.restore(source, published=heads, is_forced=force)
        call_command("migrate", verbosity=0, interactive=False)
        erased = depositors.replay_erasures(path=depositors.erasure_list(), at=clock.now())
        intake.forget_erased(at=clock.now())
        report = ledger.verify()
        faults = [{"code": one.code, "book": one.book, "number": one.number, "message": one.message} for one in report.faults]
        facts = {
            "made_at": manifest["made_at"],
            "files": len(manifest["files"]),
            "erased": erased,
            "ok": report.ok,
            "transactions": report.transactions,
            "faults": faults,
        }
        words = [_("恢复好了：{made_at} 的备份，{count} 个文件。").format(made_at=facts["made_at"], count=facts["files"])]
        if erased:
            words.append(_("照注销名单又清了 {count} 位。").format(count=erased))
        words.append(_("账全部核对过，没有错。") if report.ok else _("账核对出错：{first}").format(first=faults[0]["message"]))
        return Answer(facts, "\n".join(words), GOOD if report.ok else FAULTS)

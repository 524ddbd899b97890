"""`wenming erase PASSBOOK`: forget a depositor for good, in every room; `--replay` repeats the erasure list after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.depositors import queries, services
from wenming.domain.intake import jobs
from wenming.domain.ledger import queries as ledger
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse
from wenming.ui import print as paper
from wenming.ui.filters import full_day


class Command(BankCommand):
    help = gettext_lazy("注销一位储户：姓名、证件、电话、照片、登录都清掉，账本不动。不能反悔。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("passbook", nargs="?", default="", help=_("存折号"))
        parser.add_argument("--yes", action="store_true", help=_("确认注销"))
        parser.add_argument("--certificate", default="", metavar="FILE", help=_("注销证明写到这个 PDF 文件"))
        parser.add_argument("--replay", action="store_true", help=_("恢复备份以后，照注销名单再清一遍"))

    def work(self, **options: Any) -> Answer:
        at, actor = clock.now(), system("shell")
        if options["replay"]:
            done = services.replay_erasures(path=services.erasure_list(), at=at)
            jobs.forget_erased(at=at)
            return Answer({"erased": done}, _("照名单清了 {done} 位。").format(done=done))
        if not options["passbook"] or not options["yes"]:
            raise WrongUse(_("请写存折号，并加 --yes 确认。注销不能反悔。"))
        person = queries.depositor_by_card(actor=actor, card_code=options["passbook"])
        erased = services.erase_depositor(actor=actor, depositor_id=person.pk, at=at)
        jobs.forget_erased(at=at)
        if options["certificate"]:
            self.certify(erased, Path(options["certificate"]))
        words = _("存折 {number} 的人已经注销。").format(number=options["passbook"])
        return Answer({"erased": 1, "depositor": erased.public_id}, words)

    def certify(self, erased: Any, out: Path) -> None:
        book = ledger.book(organisations.book_of(branch_id=erased.branch_id))
        seal = ledger.latest_seal(book.pk)
        data = {
            "place": organisations.organisation(organisation_id=erased.branch_id).name,
            "number": erased.public_id,
            "erased_on": full_day(erased.status_at),
            "officer": _("总行管理员"),
            "head": paper.Head.of(book, seal) if seal else None,
        }
        try:
            out.write_bytes(paper.erasure_pdf(data))
        except OSError as error:
            raise WrongUse(_("人已经注销，可是写不了这个文件：{path}").format(path=out)) from error

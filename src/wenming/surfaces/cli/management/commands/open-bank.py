# ruff: noqa: N999  (commands are named with a hyphen)
"""`wenming open-bank CODE NAME`: open a town's head bank with its book; with `--under CODE` a branch of that bank."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.organisations import queries
from wenming.domain.organisations import services as organisations
from wenming.surfaces.cli.command import Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("开一个总行（连同账本）；加 --under 就在那个总行下面开一个分行。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help=_("代码，2 到 12 位数字或大写字母"))
        parser.add_argument("name", help=_("名称"))
        parser.add_argument("--under", default="", metavar="CODE", help=_("总行的代码"))
        parser.add_argument("--villages", nargs="*", default=[], metavar="CODE", help=_("服务哪些村，12 位区划代码"))

    def work(self, **options: Any) -> Answer:
        at, actor = clock.now(), system("shell")
        if options["under"]:
            bank = queries.organisation_by_code(code=options["under"])
            opened = organisations.open_branch(
                actor=actor,
                head_bank_id=bank.pk,
                code=options["code"],
                name=options["name"],
                village_codes=options["villages"],
                at=at,
            )
        else:
            opened = organisations.open_head_bank(actor=actor, code=options["code"], name=options["name"], at=at)
        villages = [village.code for village in queries.villages_of(branch_id=opened.pk)]
        facts = {"code": opened.code, "name": opened.name, "kind": opened.kind, "villages": villages}
        return Answer(facts, _("{name}开好了，代码 {code}。").format(name=opened.name, code=opened.code))

# ruff: noqa: N999  (commands are named with a hyphen)
"""`wenming create-officer`: the first officers of a bank, with an activation code to set their password by."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.identity import services as identity
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.surfaces.cli.command import Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("设一个工作账号并给一份任职，打印激活码。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=_("姓名"))
        parser.add_argument("--role", required=True, choices=organisation_queries.Role.values, help=_("岗位"))
        parser.add_argument("--organisation", required=True, metavar="CODE", help=_("总行或分行的代码"))
        parser.add_argument("--login", default="", help=_("登录名，不写就用姓名"))
        parser.add_argument("--lane", default="", help=_("街巷长管的街巷"))

    def work(self, **options: Any) -> Answer:
        at, login = clock.now(), options["login"] or options["name"]
        place = organisation_queries.organisation_by_code(code=options["organisation"])
        made = organisations.create_officer(
            actor=system("shell"),
            name=options["name"],
            login=login,
            organisation_id=place.pk,
            role=options["role"],
            lane=options["lane"],
            at=at,
        )
        words = _("{name}是{place}的{role}了。登录名：{login}。激活码：{code}，7 天内用它设密码。").format(
            name=options["name"],
            place=place.name,
            role=organisation_queries.Role(options["role"]).label,
            login=login,
            code=made.activation_code,
        )
        facts = {
            "name": options["name"],
            "login": login,
            "role": options["role"],
            "organisation": place.code,
            "activation_code": made.activation_code,
            "valid_days": identity.CODE_DAYS,
        }
        return Answer(facts, words)

# ruff: noqa: N999  (commands are named with a hyphen)
"""`wenming officer-code`: a new activation code for an officer of a bank who forgot the password."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.core.errors import NotFound
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.domain.organisations import services as organisations
from wenming.surfaces.cli.command import Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("给忘了密码的工作人员一个新激活码。总行的人只能这样领，页面上谁也发不了。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("login", help=_("登录名"))

    def work(self, *, login: str, **options: Any) -> Answer:
        user = identity_queries.user_by_login_name(name=login)
        if user is None:
            raise NotFound
        code = organisations.reissue_activation(actor=system("shell"), user_id=user.pk, at=clock.now())
        words = _("{name}的激活码：{code}，{days} 天内用它设新密码。").format(
            name=user.display_name, code=code, days=identity.CODE_DAYS
        )
        return Answer({"login": login, "activation_code": code, "valid_days": identity.CODE_DAYS}, words)

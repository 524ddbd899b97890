# ruff: noqa: N999  (commands are named with a hyphen)
"""`wenming api-key issue|list|revoke`: keys for programs that use the REST API as one user, narrowed to scopes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse


class Command(BankCommand):
    help = gettext_lazy("给程序发一把密钥，或列出、停用一个人的密钥。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["issue", "list", "revoke"], help=_("发、列出还是停用"))
        parser.add_argument("login", help=_("登录名：手机号、户号或工作账号"))
        parser.add_argument("--name", default="", help=_("密钥的名字，例如“镇政府数据平台”"))
        parser.add_argument("--scope", action="append", default=[], metavar="SCOPE", help=_("权限，可以写几次，例如 deeds:read"))
        parser.add_argument("--days", type=int, default=365, help=_("有效多少天"))
        parser.add_argument("--prefix", default="", help=_("要停用的密钥的前 8 位"))

    def work(self, **options: Any) -> Answer:
        user = identity_queries.user_by_login_name(name=options["login"])
        if user is None:
            raise WrongUse(_("没有用“{login}”登录的人。").format(login=options["login"]))
        if options["act"] == "issue":
            return self.issue(user.pk, options)
        if options["act"] == "revoke":
            return self.revoke(user.pk, options["prefix"])
        return self.list_keys(user.pk)

    def issue(self, user_id: int, options: dict[str, Any]) -> Answer:
        key = identity.issue_api_key(
            actor=system("shell"),
            user_id=user_id,
            name=options["name"],
            scopes=options["scope"],
            at=clock.now(),
            days=options["days"],
        )
        words = _("密钥只显示这一次，请收好：\n{key}").format(key=key)
        return Answer(
            {"key": key, "name": options["name"], "scopes": sorted(set(options["scope"])), "days": options["days"]}, words
        )

    def revoke(self, user_id: int, prefix: str) -> Answer:
        found = [card for card in identity_queries.api_keys_of(user_id=user_id) if prefix and card.prefix == prefix]
        if not found:
            raise WrongUse(_("这个人没有前 8 位是“{prefix}”的密钥。").format(prefix=prefix))
        identity.revoke_api_key(actor=system("shell"), key_id=found[0].id, at=clock.now())
        return Answer({"prefix": prefix, "revoked": True}, _("密钥 {prefix} 已停用。").format(prefix=prefix))

    def list_keys(self, user_id: int) -> Answer:
        cards = identity_queries.api_keys_of(user_id=user_id)
        facts = [
            {
                "prefix": card.prefix,
                "name": card.name,
                "scopes": sorted(card.scopes),
                "issued_at": card.issued_at,
                "expires_at": card.expires_at,
                "revoked_at": card.revoked_at,
            }
            for card in cards
        ]
        words = "\n".join(
            f"{card.prefix}  {card.name}  {_('、').join(sorted(card.scopes))}  {_('已停用') if card.revoked_at else _('可用')}"
            for card in cards
        )
        return Answer(facts, words or _("还没有密钥。"))

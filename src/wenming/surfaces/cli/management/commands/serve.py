"""`wenming serve`: the whole bank in one process on this machine."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.surfaces.cli import serving
from wenming.surfaces.cli.command import Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("启动服务：先更新数据表，再开网页，每分钟办一次到期的事。Ctrl+C 停止。")
    needs_store = False

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=serving.PORT, help=_("端口，默认 8000"))

    def work(self, **options: Any) -> Answer | None:
        port = options["port"]
        serving.require_free_port(port)
        serving.migrate()
        serving.serve(port=port, say=self.say, greeting=_("已启动：{address}").format(address=serving.address(port)))
        return None

    def say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()

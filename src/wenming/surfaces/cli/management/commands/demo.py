"""`wenming demo`: a browsable town on an empty machine; a second start is immediate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.locale.catalogues import CHINESE
from wenming.surfaces.cli import building, serving, town
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse
from wenming.surfaces.cli.town import making
from wenming.surfaces.cli.town.progress import Progress

CARD = "demo.json"


class Command(BankCommand):
    help = gettext_lazy("演示镇：在空的数据夹里造好一个镇，打印网址和各角色的登录名，然后启动服务。")
    needs_store = False

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", choices=sorted(town.SCALES), help=_("village 一两个村，town 整个镇（默认）"))
        parser.add_argument("--port", type=int, default=serving.PORT, help=_("端口，默认 8000"))
        parser.add_argument("--no-open", action="store_true", help=_("不自动打开浏览器"))
        parser.add_argument("--build-only", action="store_true", help=_("只造数据，不启动服务"))

    def work(self, **options: Any) -> Answer | None:
        card = self.card(options["scale"])
        if options["build_only"]:
            if card is None:
                card = self.build(options["scale"] or "town")
            return Answer(card, town.words(card))
        port = options["port"]
        serving.require_free_port(port)
        if card is None:
            self.build_apart(options["scale"] or "town")
            card = self.card(None)
        serving.migrate()
        greeting = self.greeting(card or {}, port)
        open_browser = sys.stdout.isatty() and not options["no_open"]
        serving.serve(port=port, say=self.say, greeting=greeting, open_browser=open_browser)
        return None

    def card(self, scale: str | None) -> dict[str, Any] | None:
        """What this folder's demo is; None for a folder without one. Refuses a folder of another kind or scale."""
        folder = Path(settings.DATA)
        path = folder / CARD
        if not path.exists():
            store = Path(connection.settings_dict["NAME"])
            if settings.MODE != "demo" or (connection.vendor == "sqlite" and store.exists()):
                raise WrongUse(_("数据夹 {folder} 里是正式账本，不能拿来做演示。请用 --data 换一个空的。").format(folder=folder))
            return None
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if scale and card["scale"] != scale:
            raise WrongUse(
                _("数据夹 {folder} 里已有 {old} 规模的演示；要 {new} 规模，请用 --data 换一个空的。").format(
                    folder=folder, old=card["scale"], new=scale
                )
            )
        return card

    def build_apart(self, scale: str) -> None:
        """Build in a process of its own, so that the server does not carry the memory of the building."""
        command = [sys.executable, "-m", "wenming", "demo", "--build-only", "--scale", scale]
        code = subprocess.call(command)
        if code:
            sys.exit(code)

    def build(self, scale: str) -> dict[str, Any]:
        folder = Path(settings.DATA)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mode").write_text("demo\n", encoding="utf-8")
        progress = Progress()
        with building.scratch_store():
            progress.show(0, _("建表"))
            serving.migrate()
            with translation.override(CHINESE):
                card = making.make(scale=scale, at=clock.now(), progress=progress)
        card["seconds"] = round(progress.seconds, 1)
        progress.end(_("演示镇造好了"))
        (folder / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")
        return card

    def greeting(self, card: dict[str, Any], port: int) -> str:
        here = serving.address(port)
        doors = [
            _("村民  {address}").format(address=here),
            _("工作台  {address}").format(address=f"{here}console/"),
            _("公示栏  {address}").format(address=f"{here}board/"),
            _("接口  {address}").format(address=f"{here}api/v1/openapi.json"),
        ]
        return "\n".join([town.words(card), "", *doors, _("按 Ctrl+C 停止。")])

    def say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()

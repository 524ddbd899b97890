"""`wenming backup`: the store and the pictures, taken while people work, in one file or folder. The keys are not in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.surfaces.cli import backups, server_backups
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse


class Command(BankCommand):
    help = gettext_lazy("备份账本和照片，不用停。钥匙不在备份里，要另外存好。退出码：0 好了，2 用法不对。")

    def options(self, parser: CommandParser) -> None:
        words = _("写到哪个 .zip 文件；PostgreSQL 的账本写到一个空文件夹")
        parser.add_argument("--out", required=True, metavar="FILE", help=words)

    def work(self, *, out: str, **options: Any) -> Answer:
        place = Path(out).absolute()
        if place.is_relative_to(backups.folder() / "media"):
            raise WrongUse(_("备份不要放在照片夹里。"))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            keeper = backups if connection.vendor == "sqlite" else server_backups
            manifest = keeper.make(place, clock.now())
            published = json.dumps(manifest["heads"], ensure_ascii=False, indent=1)
            (backups.folder() / backups.PUBLISHED).write_text(published, encoding="utf-8")
        except OSError as error:
            raise WrongUse(_("写不了这个文件：{path}").format(path=out)) from error
        size = sum(path.stat().st_size for path in [place, *place.rglob("*")] if path.is_file())
        facts = {"file": str(place), "bytes": size, "files": len(manifest["files"]), "heads": manifest["heads"]}
        words = _("备份写到 {path}，{size} MB，{count} 个文件。vault.key 和 secret.key 不在里面，请另外存好。")
        return Answer(facts, words.format(path=place, size=round(size / 1_000_000, 1), count=facts["files"]))

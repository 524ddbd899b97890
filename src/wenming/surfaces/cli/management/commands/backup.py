"""`wenming backup`: one file with the store and the pictures, taken while people work. The keys are not in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.surfaces.cli import backups
from wenming.surfaces.cli.command import Answer, BankCommand, WrongUse


class Command(BankCommand):
    help = gettext_lazy("备份账本和照片，不用停。钥匙不在备份里，要另外存好。退出码：0 好了，2 用法不对。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, metavar="FILE", help=_("备份写到哪个文件，用 .zip 结尾"))

    def work(self, *, out: str, **options: Any) -> Answer:
        backups.require_embedded()
        place = Path(out).absolute()
        if place.is_relative_to(backups.folder() / "media"):
            raise WrongUse(_("备份不要放在照片夹里。"))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            manifest = backups.make(place, clock.now())
            published = json.dumps(manifest["heads"], ensure_ascii=False, indent=1)
            (backups.folder() / backups.PUBLISHED).write_text(published, encoding="utf-8")
        except OSError as error:
            raise WrongUse(_("写不了这个文件：{path}").format(path=out)) from error
        size = place.stat().st_size
        facts = {"file": str(place), "bytes": size, "files": len(manifest["files"]), "heads": manifest["heads"]}
        words = _("备份写到 {path}，{size} MB，{count} 个文件。vault.key 和 secret.key 不在里面，请另外存好。")
        return Answer(facts, words.format(path=place, size=round(size / 1_000_000, 1), count=facts["files"]))

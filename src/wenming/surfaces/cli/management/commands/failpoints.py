"""`wenming failpoints`: the places where a test may let the process die."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import failpoints
from wenming.surfaces.cli.command import Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("列出测试可以让程序在那里中断的地方；平常运行时全都不起作用。")
    needs_store = False

    def work(self, **options: Any) -> Answer:
        words = [*failpoints.NAMES, _("共 {count} 处，只在测试时起作用。").format(count=len(failpoints.NAMES))]
        return Answer({"failpoints": list(failpoints.NAMES)}, "\n".join(words))

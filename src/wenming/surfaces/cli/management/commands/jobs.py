"""`wenming jobs`: run once what the timetable would run now."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock
from wenming.surfaces.cli import timetable
from wenming.surfaces.cli.command import FAULTS, GOOD, Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("把现在到期的事办一遍：公示到期入账、过期兑换退回、封账。")

    def work(self, **options: Any) -> Answer:
        at = clock.now()
        done, faults = timetable.run_due(at)
        lines = [f"{name}: {result}" for name, result in done.items()]
        if faults:
            lines.append(_("没办成：{names}。原因已记入日志。").format(names=_("、").join(faults)))
        return Answer({"at": at, "done": done, "faults": faults}, "\n".join(lines), FAULTS if faults else GOOD)

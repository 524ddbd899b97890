"""`wenming branches`: every branch with its code and the villages that it serves."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.domain.organisations import queries as organisations
from wenming.surfaces.cli.command import Answer, BankCommand


class Command(BankCommand):
    help = gettext_lazy("列出分行和各自服务的村。")

    def work(self, **options: Any) -> Answer:
        villages = organisations.villages_by_branch()
        facts = [
            {
                "code": branch.code,
                "name": branch.name,
                "villages": [{"code": village.code, "name": village.name} for village in villages.get(branch.pk, [])],
            }
            for branch in organisations.all_branches()
        ]
        lines = [f"{one['code']}  {one['name']}  {_('、').join(v['name'] for v in one['villages'])}" for one in facts]
        return Answer(facts, "\n".join(lines))

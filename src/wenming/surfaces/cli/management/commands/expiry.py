"""`wenming expiry`: how long points last at each branch, what goes next, and with `--people` whose."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import clock, points
from wenming.core.actor import system
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import queries as rulebooks
from wenming.surfaces.cli.command import Answer, BankCommand

AT_ONCE = 1000


class Command(BankCommand):
    help = gettext_lazy("看积分能用多久、下一批哪天到期、关系到多少人；加 --people 列出是谁。只看，不清。")

    def options(self, parser: CommandParser) -> None:
        parser.add_argument("--branch", metavar="CODE", help=_("只看一个分行"))
        parser.add_argument("--people", action="store_true", help=_("列出每个人会到期多少"))

    def work(self, **options: Any) -> Answer:
        code, on = options["branch"], clock.local_date(clock.now())
        branches = [organisations.branch_by_code(code=code)] if code else organisations.all_branches()
        facts = [self.facts_of(branch, on, with_people=options["people"]) for branch in branches]
        return Answer(facts, "\n".join(line for one in facts for line in self.lines_of(one)))

    def facts_of(self, branch: Any, on: date, *, with_people: bool) -> dict[str, Any]:
        found = rulebooks.expiry_outlook(actor=system("shell"), branch_id=branch.pk, on=on)
        facts: dict[str, Any] = {
            "branch": branch.code,
            "name": branch.name,
            "expiry": found.rule.kind,
            "words": found.rule.words,
            "since": found.since,
            "last_day": found.last_day,
            "people": found.people,
            "points_hundredths": found.points,
        }
        return facts | ({"losses": self.losses(branch.pk, on)} if with_people else {})

    def losses(self, branch_id: int, on: date) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = None
        while page := rulebooks.expiry_losses(actor=system("shell"), branch_id=branch_id, on=on, after=after, limit=AT_ONCE):
            after = page[-1].passbook_id
            rows += [{"passbook": one.passbook_number, "name": one.name, "points_hundredths": one.points} for one in page]
        return rows

    def lines_of(self, facts: dict[str, Any]) -> list[str]:
        head = _("{branch} {name}：{words}").format(**facts)
        if not facts["people"]:
            return [_("{head}{said}").format(head=head, said=_("最近没有要到期的。"))]
        said = _("{day} 到期：{people:,} 人，{amount} 分。").format(
            day=facts["last_day"], people=facts["people"], amount=points.show(facts["points_hundredths"])
        )
        rows = [f"  {one['passbook']} {one['name']} {points.show(one['points_hundredths'])}" for one in facts.get("losses", [])]
        return [_("{head}{said}").format(head=head, said=said), *rows]

"""`wenming info`: how much of everything the store holds."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import points
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.ledger import queries as ledger
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.cli.command import Answer, BankCommand


def gather() -> dict[str, Any]:
    """The counts as they are printed and as JSON."""
    places, people, books = organisations.counts(), depositors.counts(), ledger.counts()
    whole, rest = divmod(books.outstanding, points.HUNDRED)
    return {
        "branches": places.branches,
        "villages": places.villages,
        "villages_served": places.villages_served,
        "households": people.households,
        "depositors": {**people.by_kind, "total": people.depositors},
        "deeds": {str(step): count for step, count in deeds.counts_by_status().items()},
        "transactions": books.transactions,
        "entries": books.entries,
        "points_outstanding": whole + rest / points.HUNDRED if rest else whole,
        "points_outstanding_hundredths": books.outstanding,
    }


class Command(BankCommand):
    help = gettext_lazy("数一数账本里有什么：分行、储户、善行、凭证、积分。")

    def work(self, **options: Any) -> Answer:
        facts = gather()
        people = facts["depositors"]
        steps = {str(step.value): str(step.label) for step in deeds.Status}
        done = _("，").join(f"{steps.get(step, step)} {count:,}" for step, count in facts["deeds"].items() if count)
        lines = [
            _("分行 {branches} 个，服务 {villages_served} 个村（全镇 {villages} 个）").format(**facts),
            _("储户 {total:,} 个：个人 {person:,}，家庭 {household:,}，单位 {unit:,}，集体 {collective:,}").format(**people),
            _("户 {households:,}").format(**facts),
            _("善行：{done}").format(done=done or _("还没有")),
            _("凭证 {transactions:,} 张，分录 {entries:,} 行").format(**facts),
            _("在外积分 {amount}").format(amount=points.show(facts["points_outstanding_hundredths"])),
        ]
        return Answer(facts, "\n".join(lines))

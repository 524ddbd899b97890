"""How long spendable points last: the rule of an edition, on which days points go, when people are told. Pure.

Honour points never go. Whatever the rule, nothing is taken sooner than `LEAST_NOTICE` days after the first notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from wenming.core import clock
from wenming.domain.rulebooks.models import Expiry

NOTICE_DAYS = (90, 60, 30, 7)
LEAST_NOTICE = 7
FIRST_YEAR_END = 90
MONTHS = (6, 120)
CARRY_MOST = 99
GONE = 0
NOBODY = date.min


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """Never; so many whole months after the month in which points came in; or at the end of each year but for a part."""

    kind: str = Expiry.NEVER
    months: int = 0
    carry_percent: int = 0

    @property
    def words(self) -> str:
        """The rule as it hangs on the wall."""
        if self.kind == Expiry.AFTER_MONTHS:
            return _("积分从存入那个月算起，能用满 {months} 个月，到月底为止。先存的先用。").format(months=self.months)
        if self.kind == Expiry.YEAR_END:
            kept = _("没用完的留下 {percent}%").format(percent=self.carry_percent) if self.carry_percent else _("没用完的不留")
            return _("积分每年 12 月 31 日结一次，{kept}。先存的先用。").format(kept=kept)
        return _("积分长期有效，不会到期。")


NEVER = ExpiryRule()
USUAL = ExpiryRule(Expiry.AFTER_MONTHS, months=24)


@dataclass(frozen=True, slots=True)
class Span:
    """The rule of one edition over [start, end); a branch's own edition goes before its bank's."""

    start: date
    end: date | None
    is_own: bool
    rule: ExpiryRule


@dataclass(frozen=True, slots=True)
class Term:
    """One day on which points go: what is left of everything that came in before `cutoff`, but for the part carried over."""

    due_on: date
    cutoff: date
    carry_percent: int = 0


def months_before(day: date, months: int) -> date:
    """The first of a month so many months before the first of this one."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def rule_on(spans: Iterable[Span], day: date) -> Span | None:
    """Whose rule holds on a day."""
    found = [span for span in spans if span.start <= day and (span.end is None or day < span.end)]
    return min(found, key=lambda span: (not span.is_own, -span.start.toordinal()), default=None)


def since(spans: Sequence[Span], day: date) -> date:
    """From when on the rule of this day has held without a break: points that were there before count from then."""
    span = rule_on(spans, day)
    assert span is not None, "no rule holds on that day"
    begun = [other.end for other in spans if other.is_own and not span.is_own and other.end is not None and other.end <= day]
    start = max([span.start, *begun])
    before = rule_on(spans, start - timedelta(days=1))
    return since(spans, start - timedelta(days=1)) if before is not None and before.rule == span.rule else start


def term_on(spans: Sequence[Span], day: date) -> Term | None:
    """What goes at the start of this day, if anything may."""
    span = rule_on(spans, day)
    if span is None or day.day != 1:
        return None
    if span.rule.kind == Expiry.AFTER_MONTHS:
        cutoff = months_before(day, span.rule.months)
        return Term(day, cutoff) if cutoff >= since(spans, day) else None
    if span.rule.kind == Expiry.YEAR_END and day.month == 1:
        is_known = (day - since(spans, day)).days >= FIRST_YEAR_END
        return Term(day, day, span.rule.carry_percent) if is_known else None
    return None


def terms_near(spans: Sequence[Span], today: date) -> list[Term]:
    """The last day that has come, and those of the next ninety days, soonest first."""
    held, found = rule_on(spans, today), []
    for day in (clock.month_start(today), date(today.year, 1, 1)):
        term, then = term_on(spans, day), rule_on(spans, day)
        if term is not None and held is not None and then is not None and then.rule == held.rule:
            found.append(term)
            break
    day = clock.next_month(today)
    while (day - today).days <= max(NOTICE_DAYS):
        term = term_on(spans, day)
        found += [term] if term is not None else []
        day = clock.next_month(day)
    return found


def is_done(ended: Mapping[int, date]) -> bool:
    """Whether the points of a term are gone. `ended` says on which day each round came to its end, by days before."""
    return GONE in ended


def gone_on(term: Term, ended: Mapping[int, date], today: date) -> date:
    """The first day without these points: the due day, or a week after the first notice where that came late.

    A round that met `NOBODY` need not be waited for.
    """
    told_on = min((day for days, day in ended.items() if days != GONE), default=today)
    return max(term.due_on, told_on + timedelta(days=LEAST_NOTICE))


def round_due(term: Term, ended: Mapping[int, date], today: date) -> int | None:
    """Which round is due: a notice so many days before, `GONE`, or none. A notice that was missed is not made up for."""
    if is_done(ended):
        return None
    left = (gone_on(term, ended, today) - today).days
    if ended and left <= 0:
        return GONE
    fitting = [days for days in NOTICE_DAYS if days >= (term.due_on - today).days]
    wanted = min(fitting, default=None)
    return wanted if wanted is not None and not any(days <= wanted for days in ended) else None

"""How long points last: the rule and its days, notices once each, the clearing once, and what a preview promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tests import deeds_stage as stage
from tests.village import Village
from wenming.core import audit, clock
from wenming.core.actor import system
from wenming.core.errors import NotAllowed, NotFound
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as enrolment
from wenming.domain.inbox import queries as inbox
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import expiry, jobs, queries, services
from wenming.domain.rulebooks.expiry import NEVER, USUAL, ExpiryRule, Span, Term
from wenming.domain.rulebooks.models import ExpiryRound
from wenming.domain.rulebooks.queries import Expiry

pytest_plugins = ["tests.deeds_fixtures"]
pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
YEAR_END = ExpiryRule(Expiry.YEAR_END, carry_percent=20)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=clock.ZONE)


def adopt(village: Village, rule: ExpiryRule, since: date, *, branch: bool = False) -> None:
    """The same clauses again under another rule of expiry, from a day on."""
    services.adopt_edition(
        actor=system("shell"),
        organisation_id=village.branch_id if branch else village.head_bank_id,
        items=stage.CLAUSES,
        in_force_from=since,
        at=noon(since),
        rule=rule,
    )


def account(village: Village, name: str) -> int:
    return depositors.passbook_of(depositor_id=village.person(name)).points_account_id


def give(village: Village, name: str, points: int, day: date, *, unit: str = "points") -> Any:
    book = depositors.passbook_of(depositor_id=village.person(name))
    into = book.points_account_id if unit == "points" else book.honour_account_id
    posting = ledger.Posting(
        ledger.Kind.DEED_DEPOSITED, f"deed:{day.toordinal()}", (ledger.Move("issuance", into, points),),
        f"give:{name}:{day}:{points}:{unit}", noon(day), noon(day),
    )  # fmt: skip
    return ledger.post(book_id=village.book_id, posting=posting)


def spend(village: Village, name: str, points: int, day: date) -> Any:
    posting = ledger.Posting(
        ledger.Kind.PENALTY, f"deed:{day.toordinal()}", (ledger.Move(account(village, name), "redeemed", points),),
        f"spend:{name}:{day}:{points}", noon(day), noon(day),
    )  # fmt: skip
    return ledger.post(book_id=village.book_id, posting=posting)


def run(day: date) -> dict[str, int]:
    return jobs.expire_points(at=noon(day))


def balance(village: Village, name: str) -> int:
    return ledger_queries.balance(account(village, name))


def letters(village: Village, name: str) -> list[tuple[str, int, str]]:
    """What was said about expiry, oldest first."""
    user_id = village.villager(name).user_id
    assert user_id is not None
    found = reversed(inbox.messages_of(user_id=user_id, limit=100))
    return [
        (one.about.removeprefix("rulebooks.points_"), one.facts["points"], one.facts["last_day"])
        for one in found
        if one.subject.startswith("expiry:")
    ]


# The rule, without a store


def span(rule: ExpiryRule, start: date, end: date | None = None, *, is_own: bool = False) -> Span:
    return Span(start, end, is_own, rule)


def test_two_years_and_to_the_end_of_the_month() -> None:
    held = [span(USUAL, date(2020, 1, 1))]
    assert expiry.term_on(held, date(2026, 4, 1)) == Term(date(2026, 4, 1), date(2024, 4, 1))
    assert expiry.term_on(held, date(2026, 4, 2)) is None
    assert expiry.term_on([span(NEVER, date(2020, 1, 1))], date(2026, 4, 1)) is None
    assert expiry.term_on([], date(2026, 4, 1)) is None
    days = [term.due_on for term in expiry.terms_near(held, date(2026, 3, 12))]
    assert days == [date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)]


def test_a_new_rule_takes_nothing_before_its_own_time() -> None:
    """Points that were there before count from the day on which the rule came into force."""
    held = [span(NEVER, date(2018, 1, 1), date(2024, 3, 15)), span(USUAL, date(2024, 3, 15))]
    assert expiry.since(held, date(2026, 3, 1)) == date(2024, 3, 15)
    assert expiry.term_on(held, date(2026, 3, 1)) is None
    assert expiry.term_on(held, date(2026, 4, 1)) == Term(date(2026, 4, 1), date(2024, 4, 1))


def test_a_new_edition_with_the_same_rule_changes_nothing() -> None:
    held = [span(USUAL, date(2023, 1, 1), date(2025, 6, 1)), span(USUAL, date(2025, 6, 1))]
    assert expiry.since(held, date(2026, 1, 1)) == date(2023, 1, 1)
    shorter = [*held[:1], span(ExpiryRule(Expiry.AFTER_MONTHS, months=12), date(2025, 6, 1))]
    assert expiry.since(shorter, date(2026, 1, 1)) == date(2025, 6, 1)


def test_a_branch_of_its_own_mind() -> None:
    held = [span(USUAL, date(2020, 1, 1)), span(YEAR_END, date(2025, 3, 1), is_own=True)]
    assert expiry.rule_on(held, date(2025, 2, 1)) == held[0] and expiry.rule_on(held, date(2025, 3, 1)) == held[1]
    assert expiry.since(held, date(2026, 1, 1)) == date(2025, 3, 1)
    over = [held[0], span(YEAR_END, date(2025, 3, 1), date(2025, 9, 1), is_own=True)]
    assert expiry.since(over, date(2026, 1, 1)) == date(2025, 9, 1)


def test_year_ends() -> None:
    held = [span(YEAR_END, date(2025, 10, 1))]
    assert expiry.term_on(held, date(2026, 1, 1)) == Term(date(2026, 1, 1), date(2026, 1, 1), 20)
    late = [span(YEAR_END, date(2025, 10, 4))]
    assert expiry.term_on(late, date(2026, 1, 1)) is None, "a rule of less than ninety days takes nothing"
    assert expiry.term_on(late, date(2027, 1, 1)) is not None and expiry.term_on(late, date(2026, 2, 1)) is None
    assert [term.due_on for term in expiry.terms_near(held, date(2026, 5, 5))] == [date(2026, 1, 1)]


@pytest.mark.parametrize(
    ("left", "ended", "wanted"),
    [
        (91, [], None),
        (90, [], 90),
        (61, [90], None),
        (60, [90], 60),
        (45, [], 60),
        (45, [90, 60], None),
        (30, [60], 30),
        (7, [30], 7),
        (1, [], 7),
        (1, [7], None),
        (0, [7], 0),
        (0, [90], 0),
        (-40, [90], 0),
        (0, [0, 7], None),
    ],
)
def test_which_round_is_due(left: int, ended: list[int], wanted: int | None) -> None:
    today = date(2026, 3, 1)
    term = Term(today + left * DAY, date(2024, 3, 1))
    told = {days: term.due_on - max(days, 8) * DAY for days in ended}
    assert expiry.round_due(term, told, today) == wanted


def test_nobody_loses_points_untold() -> None:
    """After an outage the notice comes first, and a week passes between it and the clearing."""
    today = date(2026, 3, 20)
    term = Term(date(2026, 3, 1), date(2024, 3, 1))
    assert expiry.round_due(term, {}, today) == 7 and expiry.gone_on(term, {}, today) == date(2026, 3, 27)
    told = {7: today}
    for days, wanted in ((0, None), (6, None), (7, 0)):
        assert expiry.round_due(term, told, today + days * DAY) == wanted


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (NEVER, "积分长期有效，不会到期。"),
        (USUAL, "积分从存入那个月算起，能用满 24 个月，到月底为止。先存的先用。"),
        (YEAR_END, "积分每年 12 月 31 日结一次，没用完的留下 20%。先存的先用。"),
        (ExpiryRule(Expiry.YEAR_END), "积分每年 12 月 31 日结一次，没用完的不留。先存的先用。"),
    ],
)
def test_the_rule_in_words(rule: ExpiryRule, words: str) -> None:
    assert rule.words == words


# With a store


def test_oldest_first_and_once(village: Village) -> None:
    """Sixty days of notices, then what is left of the old points goes; what is younger stays."""
    give(village, "王秀梅", 1000, date(2025, 3, 20))
    give(village, "王秀梅", 500, date(2025, 4, 20))
    give(village, "王秀梅", 700, date(2025, 3, 21), unit="honour")
    spend(village, "王秀梅", 300, date(2025, 5, 1))
    for day in (date(2027, 1, 1) + number * DAY for number in range(0, 90, 3)):
        run(day)
    assert balance(village, "王秀梅") == 1200
    run(date(2027, 4, 1))
    assert balance(village, "王秀梅") == 500 and stage.honour_of(village, "王秀梅") == 700
    spoken = [(about, points) for about, points, last_day in letters(village, "王秀梅") if last_day == "2027-03-31"]
    assert spoken == [("expiring", 700)] * 4 + [("expired", 700)]
    assert run(date(2027, 4, 1)) == {"told": 0, "expired": 0}
    (line, *_rest) = ledger_queries.statement(account(village, "王秀梅"))
    assert (line.kind, line.amount, line.subject) == (ledger.Kind.EXPIRED, -700, "expiry:2025-04-01")
    assert queries.titles_for(subjects=[line.subject, "deed:1"]) == {line.subject: "2025年3月底前存的积分"}
    assert ledger_queries.verify().ok


def test_what_comes_later_is_told_apart(village: Village) -> None:
    """Three months stand in the notices at once: each says what goes on its own day, not the sum."""
    for month, points in ((3, 100), (4, 200), (5, 400)):
        give(village, "王秀梅", points, date(2025, month, 20))
    run(date(2027, 3, 12))
    assert [points for _about, points, _day in letters(village, "王秀梅")] == [100, 200, 400]


def test_a_return_does_not_make_points_young(village: Village) -> None:
    """Held before the clearing, given back after it: gone at the next one."""
    old = account(village, "王秀梅")
    give(village, "王秀梅", 1000, date(2025, 3, 20))
    hold = ledger.post(
        book_id=village.book_id,
        posting=ledger.Posting(
            ledger.Kind.ORDER_PLACED, "order:1", (ledger.Move(old, "escrow", 600),), "hold", noon(date(2027, 3, 30)),
            noon(date(2027, 3, 30)),
        ),
    )  # fmt: skip
    run(date(2027, 3, 1))
    run(date(2027, 4, 1))
    assert balance(village, "王秀梅") == 0
    ledger.post(
        book_id=village.book_id,
        posting=ledger.Posting(
            ledger.Kind.ORDER_RELEASED, "order:1", (ledger.Move("escrow", old, 600),), "back", noon(date(2027, 4, 5)),
            noon(date(2027, 4, 5)), ends=hold.pk,
        ),
    )  # fmt: skip
    assert balance(village, "王秀梅") == 600
    run(date(2027, 4, 6))
    assert balance(village, "王秀梅") == 600
    run(date(2027, 5, 1))
    assert balance(village, "王秀梅") == 0


def test_what_was_put_right_counts_for_its_own_day(village: Village) -> None:
    """A young deed that was none leaves the old points as they are; an old one takes its own with it."""
    give(village, "王秀梅", 1000, date(2025, 3, 20))
    wrong = give(village, "王秀梅", 500, date(2026, 5, 1))
    ledger.reverse(transaction_id=wrong.pk, key="wrong", at=noon(date(2026, 5, 9)))
    old = give(village, "张伟", 1000, date(2025, 3, 20))
    give(village, "张伟", 800, date(2026, 5, 1))
    ledger.reverse(transaction_id=old.pk, key="old", at=noon(date(2026, 6, 1)))
    run(date(2027, 3, 2))
    assert losses(village, date(2027, 3, 12)) == {"王秀梅": 1000}
    run(date(2027, 4, 1))
    assert (balance(village, "王秀梅"), balance(village, "张伟")) == (0, 800)
    for name in ("王秀梅", "张伟"):
        left = ledger_queries.remainders([account(village, name)], [noon(date(2026, 1, 1)), noon(date(2030, 1, 1))])
        alone = [ledger_queries.expirable(account(village, name), noon(day)) for day in (date(2026, 1, 1), date(2030, 1, 1))]
        assert list(left[account(village, name)]) == alone


def test_year_end_keeps_its_part(village: Village) -> None:
    adopt(village, YEAR_END, date(2026, 3, 13))
    give(village, "王秀梅", 999, date(2026, 4, 1))
    give(village, "张伟", 100, date(2026, 12, 31))
    run(date(2026, 12, 2))
    run(date(2027, 1, 1))
    assert (balance(village, "王秀梅"), balance(village, "张伟")) == (200, 20), "rounded for the depositor"
    give(village, "王秀梅", 300, date(2027, 6, 1))
    run(date(2027, 12, 2))
    run(date(2028, 1, 1))
    assert balance(village, "王秀梅") == 100


def test_never_is_never(village: Village) -> None:
    adopt(village, NEVER, date(2026, 3, 13))
    give(village, "王秀梅", 1000, date(2026, 3, 14))
    assert all(run(date(year, 1, 1)) == {"told": 0, "expired": 0} for year in range(2027, 2040))
    assert balance(village, "王秀梅") == 1000 and not ExpiryRound.objects.exists()


def test_late_after_an_outage(village: Village) -> None:
    """The clock jumps over the day: told first, taken a week later, and only once however often the clock jumps."""
    give(village, "王秀梅", 1000, date(2025, 3, 20))
    day = date(2028, 6, 9)
    assert run(day)["told"] and balance(village, "王秀梅") == 1000
    assert [one[2] for one in letters(village, "王秀梅")] == ["2028-06-15"]
    assert run(day + 6 * DAY)["expired"] == 0 and balance(village, "王秀梅") == 1000
    assert run(day + 7 * DAY)["expired"] == 1 and balance(village, "王秀梅") == 0
    for back in (date(2027, 4, 1), date(2026, 1, 1), day + 7 * DAY, date(2028, 7, 1)):
        run(back)
    assert balance(village, "王秀梅") == 0
    lines = ledger_queries.statement(account(village, "王秀梅"), limit=100)
    assert [line.kind for line in lines].count(ledger.Kind.EXPIRED) == 1


def test_one_branch_alone(village: Village) -> None:
    adopt(village, YEAR_END, date(2026, 3, 13), branch=True)
    give(village, "王秀梅", 1000, date(2026, 4, 1))
    give(village, "孙立", 1000, date(2026, 4, 1))
    run(date(2026, 12, 2))
    run(date(2027, 1, 1))
    assert (balance(village, "王秀梅"), balance(village, "孙立")) == (200, 1000)


def test_batches_join(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches meet everyone once; a walk that broke off goes on where it was."""
    from wenming.core.failpoints import armed
    from wenming.domain.rulebooks import expiring

    monkeypatch.setattr(expiring, "AT_ONCE", 3)
    names = ["王建国", "王秀梅", "赵志强", "单秀兰", "张伟", "王建国家", "清溪供销社"]
    for name in names:
        give(village, name, 1000, date(2025, 3, 20))
    run(date(2027, 3, 2))

    class Broken(Exception):
        pass

    walked: list[str] = []

    def break_off(name: str) -> None:
        walked.append(name)
        if walked.count("rulebooks.expiry_walked") == 3 and name == "rulebooks.points_expired":
            raise Broken

    with armed(break_off), pytest.raises(Broken):
        run(date(2027, 4, 1))
    left = [name for name in names if balance(village, name)]
    assert 0 < len(left) < len(names)
    run(date(2027, 4, 1))
    assert [balance(village, name) for name in names] == [0] * len(names)
    (walk,) = ExpiryRound.objects.filter(branch_id=village.branch_id, due_on=date(2027, 4, 1), days_before=0)
    assert (walk.people, walk.points) == (7, 7000)
    (event,) = [one for one in audit.trail(subject=f"branch:{village.branch_id}") if one.act == "rulebooks.points_expired"]
    assert event.facts["people"] == 7


def test_households_and_those_without_a_log_in(village: Village) -> None:
    head = village.villager("王建国")
    give(village, "王建国家", 500, date(2025, 3, 20))
    give(village, "单秀兰", 500, date(2025, 3, 20))
    run(date(2027, 3, 2))
    assert head.user_id is not None
    assert [one[1] for one in letters(village, "王建国")] == [500]
    run(date(2027, 4, 1))
    assert balance(village, "单秀兰") == 0


def test_closed_passbooks_are_left_alone(village: Village) -> None:
    give(village, "曾静", 500, date(2025, 3, 20))
    enrolment.record_death(actor=system("shell"), depositor_id=village.person("曾静"), at=noon(date(2027, 3, 3)))
    run(date(2027, 3, 4))
    assert run(date(2027, 4, 1))["expired"] >= 1


# The preview


def losses(village: Village, day: date) -> dict[str, int]:
    found = queries.expiry_losses(actor=village.officer("director"), branch_id=village.branch_id, on=day, limit=1000)
    return {one.name: one.points for one in found}


def test_the_preview_is_what_happens(village: Village) -> None:
    give(village, "王秀梅", 1000, date(2025, 3, 20))
    give(village, "张伟", 800, date(2025, 3, 3))
    give(village, "单秀兰", 900, date(2025, 4, 3))
    spend(village, "张伟", 300, date(2026, 1, 1))
    run(date(2027, 3, 5))
    day = date(2027, 3, 12)
    said = losses(village, day)
    assert said == {"王秀梅": 1000, "张伟": 500}
    outlook = queries.expiry_outlook(actor=village.officer("head"), branch_id=village.branch_id, on=day)
    assert (outlook.people, outlook.points, outlook.last_day, outlook.cutoff) == (2, 1500, date(2027, 3, 31), date(2025, 4, 1))
    assert (outlook.rule, outlook.since) == (USUAL, date(2025, 1, 1))
    before = {name: balance(village, name) for name in said}
    run(date(2027, 4, 1))
    assert {name: before[name] - balance(village, name) for name in said} == said
    assert losses(village, date(2027, 4, 1)) == {"单秀兰": 900}


def test_pages_of_the_preview(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("王建国", "王秀梅", "单秀兰", "张伟"):
        give(village, name, 100, date(2025, 3, 20))
    run(date(2027, 3, 2))
    monkeypatch.setattr(queries, "CHUNK", 2)
    director, day, after, seen = village.officer("director"), date(2027, 3, 12), None, []
    while page := queries.expiry_losses(actor=director, branch_id=village.branch_id, on=day, after=after, limit=3):
        seen += [one.name for one in page]
        after = page[-1].passbook_id
    assert sorted(seen) == sorted(["王建国", "王秀梅", "单秀兰", "张伟"])


def test_only_those_in_office_look(village: Village) -> None:
    day = date(2027, 3, 12)
    for stranger in (village.villager("张伟"), village.officer("other_director")):
        with pytest.raises(NotFound):
            queries.expiry_losses(actor=stranger, branch_id=village.branch_id, on=day)
        with pytest.raises(NotFound):
            queries.expiry_outlook(actor=stranger, branch_id=village.branch_id, on=day)


def test_what_a_villager_is_shown(village: Village) -> None:
    branch = organisations.organisation(organisation_id=village.branch_id)
    book = depositors.passbook_of(depositor_id=village.person("王秀梅"))
    where = {"points_account_id": book.points_account_id, "honour_account_id": book.honour_account_id}

    def going(day: date) -> queries.Expiring | None:
        shown = queries.standing(branch=branch, on=day, **where)
        assert shown.points == balance(village, "王秀梅") and shown.honour == 0
        return shown.expiring

    give(village, "王秀梅", 300, date(2025, 3, 20))
    give(village, "王秀梅", 200, date(2025, 5, 20))
    assert going(date(2026, 12, 1)) is None
    assert going(date(2027, 1, 2)) == queries.Expiring(300, date(2027, 3, 31))
    spend(village, "王秀梅", 350, date(2027, 1, 5))
    assert going(date(2027, 1, 6)) is None
    assert going(date(2027, 3, 12)) == queries.Expiring(150, date(2027, 5, 31))
    assert going(date(2027, 6, 2)) == queries.Expiring(150, date(2027, 6, 8)), "late: a week is left"
    run(date(2027, 6, 4))
    assert going(date(2027, 6, 5)) == queries.Expiring(150, date(2027, 6, 10))
    run(date(2027, 6, 11))
    assert going(date(2027, 6, 11)) is None


# Writing the rule


@pytest.fixture
def draft(village: Village, at: datetime) -> Iterator[int]:
    yield services.draft_edition(actor=village.officer("director"), organisation_id=village.branch_id, at=at).pk


def test_a_draft_says_how_long(village: Village, draft: int, at: datetime) -> None:
    director, head = village.officer("director"), village.officer("head")
    assert queries.rule_of(queries.edition(actor=director, edition_id=draft)) == USUAL, "as the bank has it"
    services.set_expiry(actor=director, edition_id=draft, rule=YEAR_END, at=at)
    edition = services.put_in_force(actor=head, edition_id=draft, on=at.date() + DAY, at=at)
    assert queries.rule_of(edition) == YEAR_END
    assert queries.rule_at(branch_id=village.branch_id, on=at.date()) == USUAL
    assert queries.rule_at(branch_id=village.branch_id, on=at.date() + DAY) == YEAR_END
    assert queries.rule_at(branch_id=village.branch_id, on=date(2019, 1, 1)) == NEVER
    with pytest.raises(services.EditionClosed):
        services.set_expiry(actor=director, edition_id=draft, rule=NEVER, at=at)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (ExpiryRule(Expiry.AFTER_MONTHS, months=5), "expiry_months"),
        (ExpiryRule(Expiry.AFTER_MONTHS, months=121), "expiry_months"),
        (ExpiryRule(Expiry.YEAR_END, carry_percent=100), "carry_percent"),
        (ExpiryRule(Expiry.YEAR_END, carry_percent=-1), "carry_percent"),
        (ExpiryRule("tomorrow"), "expiry"),
    ],
)
def test_rules_nobody_could_plan_with(village: Village, draft: int, at: datetime, rule: ExpiryRule, field: str) -> None:
    with pytest.raises(services.BadExpiry) as refused:
        services.set_expiry(actor=village.officer("director"), edition_id=draft, rule=rule, at=at)
    assert refused.value.field == field


def test_who_writes_it_does_not_approve_it(village: Village, draft: int, at: datetime) -> None:
    head = village.officer("head")
    services.set_expiry(actor=head, edition_id=draft, rule=NEVER, at=at)
    with pytest.raises(services.SecondPersonNeeded):
        services.put_in_force(actor=head, edition_id=draft, on=at.date(), at=at)


def test_only_the_timetable_walks(village: Village) -> None:
    (due, *_rest) = queries.due_rounds(today=date(2027, 3, 2))
    with pytest.raises(NotAllowed):
        services.advance_round(actor=village.officer("head"), due=due, at=noon(date(2027, 3, 2)))

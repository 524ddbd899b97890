"""The books: posting, refusals, holds, reversals, expiry, statements."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from tests.books import BOOK, Bank
from wenming.core import audit, clock
from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.domain.ledger import engine, queries, services, tallies
from wenming.domain.ledger.services import Kind, Move, Posting, Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(at: datetime) -> Bank:
    return Bank(at)


def test_points_and_honour_move_together(bank: Bank) -> None:
    moves = (Move("issuance", bank.wang, 300), Move("issuance", bank.merit, 300))
    posted = services.post(
        book_id=bank.book.pk, posting=Posting(Kind.DEED_DEPOSITED, "deed:1", moves, "deposit:1", bank.at, bank.at, "07")
    )
    assert queries.balances([bank.wang, bank.merit]) == {bank.wang: 300, bank.merit: 300}
    assert sum(line.amount for line in queries.entries(posted.pk)) == 0
    assert queries.house_balances(bank.book.pk)["honour:issuance"] == -300
    assert queries.outstanding(bank.book.pk) == 300
    assert queries.verify().ok


def refuse(code: str, bank: Bank, *postings: Posting) -> Refusal:
    before = queries.counts()
    with pytest.raises(Refusal) as refused:
        services.post_many(book_id=bank.book.pk, postings=postings)
    assert refused.value.code == code
    assert queries.counts() == before
    return refused.value


def test_nobody_spends_what_is_not_there(bank: Bank) -> None:
    bank.earn(250, "a")
    refused = refuse("ledger.not_enough_points", bank, bank.posting(bank.wang, "redeemed", 300, "b"))
    assert refused.details["missing"] == 50
    assert refused.words == "积分还差 0.5 分。"


def test_floors_hold_at_every_step_of_a_batch(bank: Bank) -> None:
    spend, earn = bank.posting(bank.wang, "redeemed", 100, "spend"), bank.posting("issuance", bank.wang, 100, "earn")
    assert refuse("ledger.not_enough_points", bank, spend, earn).details["position"] == 0
    services.post_many(book_id=bank.book.pk, postings=[earn, spend])
    assert queries.balance(bank.wang) == 0


@pytest.mark.parametrize("amount", [0, -1, 10**10 + 1, 1.0, True, "3"])
def test_amounts_out_of_range(bank: Bank, amount: int) -> None:
    refuse("ledger.amount_out_of_range", bank, bank.posting("issuance", bank.wang, amount, "a"))


def test_unknown_accounts_and_mixed_units(bank: Bank) -> None:
    other = services.open_book(code="other", at=bank.at)
    stranger = services.open_account(book_id=other.pk, unit=Unit.POINTS, at=bank.at)
    refuse("ledger.unknown_account", bank, bank.posting("issuance", 10**9, 100, "a"))
    refuse("ledger.unknown_account", bank, bank.posting("issuance", stranger.pk, 100, "a"))
    refuse("ledger.unknown_account", bank, bank.posting("nowhere", bank.wang, 100, "a"))
    refuse("ledger.mixed_units", bank, bank.posting(bank.wang, bank.merit, 100, "a"))
    refuse("ledger.mixed_units", bank, bank.posting("outside", bank.wang, 100, "a"))


def test_the_same_words_twice_are_one_transaction(bank: Bank) -> None:
    first = bank.earn(300, "a")
    assert bank.earn(300, "a", recorded_at=bank.at + timedelta(days=400)) == first
    both = [bank.posting("issuance", bank.li, 5, "b"), bank.posting("issuance", bank.wang, 300, "a")]
    second, again = services.post_many(book_id=bank.book.pk, postings=[*both])
    assert again == first
    assert services.post_many(book_id=bank.book.pk, postings=[both[0], both[0]]) == [second, second]
    assert queries.balances([bank.wang, bank.li]) == {bank.wang: 300, bank.li: 5}


def test_a_repeat_is_known_even_when_it_would_be_refused_now(bank: Bank) -> None:
    bank.earn(300, "a")
    spent = bank.post(bank.wang, "redeemed", 300, "b")
    assert bank.post(bank.wang, "redeemed", 300, "b") == spent
    assert queries.balance(bank.wang) == 0


@pytest.mark.parametrize(
    "change",
    [{"subject": "deed:2"}, {"kind": Kind.MOVED}, {"occurred_at": datetime(2026, 3, 1, tzinfo=clock.ZONE)}, {"scope": "09"}],
)
def test_a_key_with_other_words_is_refused(bank: Bank, change: dict[str, object]) -> None:
    bank.earn(300, "a")
    refuse("ledger.key_reused", bank, bank.posting("issuance", bank.wang, 300, "a", **change))
    refuse("ledger.key_reused", bank, bank.posting("issuance", bank.wang, 301, "a"))
    refuse("ledger.key_reused", bank, bank.posting("issuance", bank.li, 300, "a"))


def test_a_hold_ends_once_and_wholly(bank: Bank) -> None:
    bank.earn(500, "a")
    hold = bank.hold(300, "b")
    assert (queries.balance(bank.wang), queries.held(bank.wang)) == (200, 300)
    collect = {"kind": Kind.ORDER_COLLECTED, "ends": hold}
    refuse("ledger.hold_amount", bank, bank.posting("escrow", "redeemed", 299, "c", **collect))
    bank.post("escrow", "redeemed", 300, "c", **collect)
    assert (queries.balance(bank.wang), queries.held(bank.wang)) == (200, 0)
    refuse("ledger.hold_ended", bank, bank.posting("escrow", bank.wang, 300, "d", kind=Kind.ORDER_RELEASED, ends=hold))
    assert queries.end_of(hold) is not None
    assert queries.verify().ok


def end_early(bank: Bank) -> services.Transaction:
    """A hold, and its end told with an instant five hours before it."""
    bank.earn(500, "a")
    hold = bank.hold(300, "b")
    early = bank.at - timedelta(hours=5)
    moves = (Move("escrow", "redeemed", 300),)
    return services.post(
        book_id=bank.book.pk, posting=Posting(Kind.ORDER_COLLECTED, "order:b", moves, "c", early, early, ends=hold)
    )


def test_an_end_told_with_an_earlier_instant_is_recorded_with_its_hold(bank: Bank) -> None:
    """The numbers follow the instants: no end is numbered before its hold, so that the log alone can be replayed."""
    assert end_early(bank).recorded_at == bank.at
    assert queries.verify().ok


def test_without_that_guard_verify_names_the_end(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    check = engine._check_past
    monkeypatch.setattr(engine, "_check_past", lambda stage, posting: check(stage, posting) and 0)
    end = end_early(bank)
    assert end.recorded_at < bank.at
    assert [fault.code for fault in queries.verify().faults] == ["transaction.order"]


def test_a_hold_may_end_in_parts(bank: Bank) -> None:
    bank.earn(500, "a")
    hold = bank.hold(300, "b")
    moves = (Move("escrow", "redeemed", 200), Move("escrow", bank.wang, 100))
    services.post(book_id=bank.book.pk, posting=Posting(Kind.ORDER_COLLECTED, "order:b", moves, "c", bank.at, bank.at, ends=hold))
    assert (queries.balance(bank.wang), queries.held(bank.wang), queries.outstanding(bank.book.pk)) == (300, 0, 300)
    assert queries.verify().ok


def test_two_ends_in_one_batch_are_refused(bank: Bank) -> None:
    bank.earn(500, "a")
    hold = bank.hold(300, "b")
    ends = [bank.posting("escrow", "redeemed", 300, key, kind=Kind.ORDER_COLLECTED, ends=hold) for key in ("c", "d")]
    refuse("ledger.hold_ended", bank, *ends)


def test_what_is_no_hold_has_no_end(bank: Bank) -> None:
    earned = bank.earn(500, "a")
    refuse("ledger.hold_amount", bank, bank.posting("escrow", "redeemed", 500, "b", ends=earned))
    refuse("ledger.unknown_transaction", bank, bank.posting("escrow", "redeemed", 500, "b", ends=10**9))
    with pytest.raises(AssertionError):
        bank.post("escrow", "redeemed", 500, "b")


def test_reversal_is_the_mirror_and_happens_once(bank: Bank) -> None:
    earned = bank.earn(300, "a")
    reversed_by = services.reverse(transaction_id=earned, key="undo", at=bank.at)
    assert services.reverse(transaction_id=earned, key="undo", at=bank.at + timedelta(days=1)) == reversed_by
    assert queries.balance(bank.wang) == 0
    newest, oldest = queries.statement(bank.wang)
    assert (oldest.reversed_by_id, newest.reverses_id, newest.amount) == (reversed_by.pk, earned, -300)
    for transaction_id, code in ((earned, "ledger.already_reversed"), (reversed_by.pk, "ledger.cannot_reverse")):
        with pytest.raises(Refusal) as refused:
            services.reverse(transaction_id=transaction_id, key="again", at=bank.at)
        assert refused.value.code == code
    with pytest.raises(services.UnknownTransaction):
        services.reverse(transaction_id=10**9, key="again", at=bank.at)
    assert queries.verify().ok


def test_reversal_of_what_is_spent_needs_a_write_off(bank: Bank) -> None:
    earned = bank.earn(300, "a")
    bank.post(bank.wang, "redeemed", 180, "b")
    with pytest.raises(services.ShortOfPoints) as refused:
        services.reverse(transaction_id=earned, key="undo", at=bank.at)
    assert refused.value.details["missing"] == 180
    services.reverse(transaction_id=earned, key="undo", at=bank.at, write_off=True)
    assert queries.balance(bank.wang) == 0
    houses = queries.house_balances(bank.book.pk)
    assert (houses["points:issuance"], houses["points:written_off"], houses["points:redeemed"]) == (0, -180, 180)
    assert queries.verify().ok


def test_reversing_a_hold_ends_it(bank: Bank) -> None:
    bank.earn(300, "a")
    hold = bank.hold(300, "b")
    services.reverse(transaction_id=hold, key="undo", at=bank.at)
    assert (queries.balance(bank.wang), queries.held(bank.wang)) == (300, 0)
    refuse("ledger.hold_ended", bank, bank.posting("escrow", "redeemed", 300, "c", ends=hold))
    second = bank.hold(100, "d")
    bank.post("escrow", "redeemed", 100, "e", kind=Kind.ORDER_COLLECTED, ends=second)
    with pytest.raises(services.HoldEnded):
        services.reverse(transaction_id=second, key="undo 2", at=bank.at)
    assert queries.verify().ok


def test_closed_accounts_take_no_lines(bank: Bank) -> None:
    bank.earn(300, "a")
    with pytest.raises(services.AccountNotEmpty):
        services.close_account(account_id=bank.wang, at=bank.at)
    bank.post(bank.wang, bank.li, 300, "b", kind=Kind.MOVED)
    closed = services.close_account(account_id=bank.wang, at=bank.at)
    assert services.close_account(account_id=bank.wang, at=bank.at + timedelta(days=1)).closed_at == closed.closed_at
    refuse("ledger.account_closed", bank, bank.posting("issuance", bank.wang, 1, "c"))
    assert queries.verify().ok


def test_money_has_a_floor_and_its_own_words(bank: Bank) -> None:
    fund = services.open_account(book_id=bank.book.pk, unit=Unit.FEN, at=bank.at, is_member=False, code="fund:1")
    bank.post("outside", fund.pk, 5_000, "in", kind=Kind.DONATION_RECEIVED)
    refused = refuse("ledger.not_enough_money", bank, bank.posting(fund.pk, "outside", 5_050, "out", kind=Kind.FUND_DRAWN))
    assert refused.words == "这笔资金还差 0.5 元。"
    bank.post(fund.pk, "outside", 4_000, "out", kind=Kind.FUND_DRAWN)
    assert queries.balance(fund.pk) == 1_000
    assert queries.verify().ok


def test_first_in_first_out_expiry(bank: Bank) -> None:
    year = bank.at + timedelta(days=365)
    bank.earn(1_000, "old")
    bank.post(bank.wang, "redeemed", 300, "spent", recorded_at=bank.at + timedelta(days=1))
    hold = bank.hold(200, "held")
    bank.earn(400, "new", recorded_at=year)
    wrong = bank.earn(50, "wrong", recorded_at=year)
    bank.post("escrow", bank.wang, 200, "back", kind=Kind.ORDER_RELEASED, ends=hold, recorded_at=year)
    services.reverse(transaction_id=wrong, key="undo", at=year)
    cutoff = bank.at + timedelta(days=300)
    assert queries.balance(bank.wang) == 1_100
    assert queries.expirable(bank.wang, cutoff) == 700
    facts = {"account_id": bank.wang, "cutoff": cutoff, "subject": "year:2026", "key": "expire:1", "at": year}
    expired = services.expire(**facts)  # type: ignore[arg-type]
    assert services.expire(**facts) == expired  # type: ignore[arg-type]
    assert (queries.balance(bank.wang), queries.expirable(bank.wang, cutoff)) == (400, 0)
    assert services.expire(**{**facts, "key": "expire:2"}) is None  # type: ignore[arg-type]
    assert queries.verify().ok


def test_statement_pages_periods_and_balances(bank: Bank) -> None:
    days = [bank.at + timedelta(days=10 * number) for number in range(12)]
    for number, day in enumerate(days):
        bank.earn(100 + number, f"k{number}", recorded_at=day, occurred_at=day)
    whole = queries.statement(bank.wang)
    paged = [line for page in (None, 9, 5, 1) for line in queries.statement(bank.wang, before=page, limit=4)]
    assert paged == whole
    assert [line.sequence for line in whole] == list(range(12, 0, -1))
    inside = queries.statement(bank.wang, start=days[2], end=days[5])
    assert [line.amount for line in inside] == [104, 103, 102]
    opening, closing = (queries.balance_at(bank.wang, edge - timedelta(microseconds=1)) for edge in (days[2], days[5]))
    assert opening + sum(line.amount for line in inside) == closing
    assert queries.balance_at(bank.wang, bank.at - timedelta(seconds=1)) == 0
    assert [queries.balance_at(bank.wang, day) for day in days] == [line.balance_after for line in reversed(whole)]
    march = queries.month_flow(bank.wang, bank.at.date())
    assert (march.earned, march.spent) == (201, 0)
    assert queries.statement(bank.li) == []
    assert queries.balance_at(bank.li, bank.at) == 0


def test_what_came_back_is_not_earned(bank: Bank) -> None:
    bank.earn(500, "a")
    hold = bank.hold(300, "b")
    bank.post("escrow", bank.wang, 300, "c", kind=Kind.ORDER_RELEASED, ends=hold)
    bank.post(bank.wang, "issuance", 100, "d", kind=Kind.PENALTY)
    flow = queries.month_flow(bank.wang, bank.at.date())
    assert (flow.earned, flow.spent) == (500, 100)


def test_totals_and_the_day_sheet(bank: Bank) -> None:
    bank.earn(500, "a", scope="07")
    bank.earn(200, "b", scope="08")
    totals = queries.totals_by_kind(bank.book.pk, "07", clock.day_start(bank.at.date()), clock.day_end(bank.at.date()))
    assert [(total.kind, total.count, total.amount) for total in totals] == [("deed_deposited", 1, 500)]
    sheet = queries.day_sheet(bank.book.pk, bank.at.date())
    assert [(total.scope, total.amount) for total in sheet.totals] == [("07", 500), ("08", 200)]
    assert sheet.size == 0
    sealed = services.seal(book_id=bank.book.pk, at=bank.at)
    assert sealed is not None
    sheet = queries.day_sheet(bank.book.pk, bank.at.date())
    assert (sheet.size, sheet.root) == (2, bytes(sealed.root).hex())


@pytest.mark.sqlite_only
def test_sums_read_what_is_not_sealed_and_nothing_before(bank: Bank) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {tallies.UNSEALED}", [bank.book.pk, bank.book.pk])
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert "SEARCH t USING INTEGER PRIMARY KEY (rowid>?)" in plan


def test_the_clock_of_the_books_never_goes_back(bank: Bank) -> None:
    bank.earn(100, "a", recorded_at=bank.at + timedelta(hours=1))
    services.seal(book_id=bank.book.pk, at=bank.at)
    bank.earn(100, "b", recorded_at=bank.at)
    bank.post("issuance", bank.li, 100, "c", recorded_at=bank.at)
    lines = [*queries.statement(bank.wang), *queries.statement(bank.li)]
    assert {line.recorded_at for line in lines} == {bank.at + timedelta(hours=1)}
    services.seal(book_id=bank.book.pk, at=bank.at)
    assert queries.verify().ok


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_transaction",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_seal",
        "DELETE FROM ledger_account",
        "DELETE FROM ledger_book",
        "DELETE FROM core_auditevent",
        "UPDATE ledger_transaction SET subject = 'deed:9'",
        "UPDATE ledger_numbering SET number = 9",
        "DELETE FROM ledger_numbering",
        "UPDATE ledger_entry SET amount = 9",
        "UPDATE ledger_entry SET balance_after = balance_after",
        "UPDATE ledger_seal SET size = 9",
        "UPDATE ledger_account SET unit = 'honour'",
        "UPDATE core_auditevent SET act = 'nothing'",
    ],
)
def test_triggers_refuse(bank: Bank, statement: str) -> None:
    bank.earn(100, "a")
    audit.record(actor=system(), act="books.opened", subject="book:1", at=bank.at)
    services.seal(book_id=bank.book.pk, at=bank.at)
    with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert queries.verify().ok


def test_opening_a_book_again_gives_the_same(bank: Bank) -> None:
    assert services.open_book(code=BOOK, at=bank.at) == bank.book
    assert queries.book_by_code(BOOK) == bank.book
    with pytest.raises(Refusal):
        queries.book_by_code("nowhere")
    with pytest.raises(Refusal):
        queries.transaction("0" * 32)
    assert services.post_many(book_id=bank.book.pk, postings=[]) == []


@pytest.mark.postgresql_only
def test_the_server_plans_the_statements_of_a_posting_once(bank: Bank) -> None:
    for number in range(3):
        bank.earn(100, f"deed {number}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements")
        plans = {statement: (generic, custom) for statement, generic, custom in cursor.fetchall()}
    posting = {statement: found for statement, found in plans.items() if "INSERT INTO ledger_transaction" in statement}
    assert posting
    assert all(generic >= 3 and not custom for generic, custom in posting.values())

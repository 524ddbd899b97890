"""The books at their edges: the largest and the smallest, the first refused of a batch, several moves between the same two,
write-offs to the point, and every place where a posting may be cut off."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.books import Bank
from tests.races_mall.together import together
from wenming.core import failpoints, points
from wenming.core.errors import Refusal
from wenming.core.transactions import turn
from wenming.domain.ledger import engine, queries, services, stage
from wenming.domain.ledger.models import ENTRIES_MOST
from wenming.domain.ledger.services import Kind, Move, Posting, Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(at: datetime) -> Bank:
    return Bank(at)


def refused(bank: Bank, *postings: Posting) -> Refusal:
    with pytest.raises(Refusal) as found:
        services.post_many(book_id=bank.book.pk, postings=postings)
    return found.value


def moving(bank: Bank, key: str, *moves: Move, **more: object) -> Posting:
    return bank.posting("issuance", bank.wang, 1, key, **more)._replace(moves=moves)


def test_the_largest_amount_is_one_and_more_is_named(bank: Bank) -> None:
    bank.earn(points.LARGEST, "most")
    assert queries.balance(bank.wang) == points.LARGEST
    assert refused(bank, bank.posting("issuance", bank.li, points.LARGEST + 1, "more")).field == "amount"


def test_who_was_refused_in_a_batch_and_over_which_account(bank: Bank) -> None:
    earn, spend = bank.posting("issuance", bank.wang, 100, "earn"), bank.posting(bank.li, "redeemed", 30, "spend")
    found = refused(bank, earn, spend)
    assert (found.details["position"], found.details["account"], found.details["missing"]) == (1, bank.li, 30)
    bank.earn(100, "first")
    again = bank.posting("issuance", bank.wang, 200, "first")
    assert refused(bank, earn, spend._replace(moves=(Move("issuance", bank.li, 1),)), again).details["position"] == 2
    services.close_account(account_id=bank.li, at=bank.at)
    assert refused(bank, earn, bank.posting("issuance", bank.li, 1, "late")).details["position"] == 1


def test_all_that_is_there_may_be_spent_and_not_one_hundredth_more(bank: Bank) -> None:
    bank.earn(100, "a")
    found = refused(bank, bank.posting(bank.wang, "redeemed", 101, "b"))
    assert found.details["missing"] == 1
    bank.post(bank.wang, "redeemed", 100, "b", kind=Kind.ORDER_COLLECTED)
    assert queries.balance(bank.wang) == 0 and queries.verify().ok


def test_moves_between_the_same_two_are_one_line_each(bank: Bank) -> None:
    both = moving(bank, "a", Move("issuance", bank.wang, 100), Move("issuance", bank.wang, 50), Move("issuance", bank.li, 7))
    services.post_many(book_id=bank.book.pk, postings=[both])
    assert [line.amount for line in queries.statement(bank.wang)] == [150] and queries.balance(bank.li) == 7
    circle = moving(bank, "b", Move(bank.wang, bank.li, 30), Move(bank.li, bank.wang, 10), kind=Kind.MOVED)
    services.post_many(book_id=bank.book.pk, postings=[circle])
    assert (queries.balance(bank.wang), queries.balance(bank.li)) == (130, 27)
    assert queries.verify().ok


def test_what_changes_nothing_or_names_too_many_is_a_fault_of_the_caller(bank: Bank) -> None:
    members = bank.members(ENTRIES_MOST, 0)
    for moves in (
        (Move(bank.wang, bank.li, 1), Move(bank.li, bank.wang, 1)),
        (Move(bank.wang, bank.wang, 1),),
        tuple(Move("issuance", member, 1) for member in members),
    ):
        with pytest.raises(AssertionError, match="a: moves that change nothing, or too many accounts"):
            services.post_many(book_id=bank.book.pk, postings=[moving(bank, "a", *moves)])
    services.post_many(book_id=bank.book.pk, postings=[moving(bank, "a", *(Move("issuance", one, 1) for one in members[1:]))])
    assert sum(queries.balances(members).values()) == ENTRIES_MOST - 1 and queries.verify().ok


def test_the_longest_act_is_put_right_even_where_part_of_it_is_written_off(bank: Bank) -> None:
    members = bank.members(ENTRIES_MOST - 1, 0)
    given = moving(bank, "a", *(Move("issuance", member, 100) for member in members))
    (pk,) = services.post_many(book_id=bank.book.pk, postings=[given])
    bank.post(members[0], "redeemed", 30, "b", kind=Kind.ORDER_COLLECTED)
    undone = services.reverse(transaction_id=pk, key="undo", at=bank.at, write_off=True)
    assert len(queries.entries(undone.pk)) == ENTRIES_MOST + 1
    assert queries.house_balances(bank.book.pk)["points:written_off"] == -30
    assert set(queries.balances(members).values()) == {0} and queries.verify().ok


def test_holds_of_one_hundredth_and_several_at_once(bank: Bank) -> None:
    bank.earn(100, "a")
    smallest, other = bank.hold(1, "b"), bank.hold(20, "c")
    assert (queries.balance(bank.wang), queries.held(bank.wang)) == (79, 21)
    bank.post("escrow", "redeemed", 1, "d", kind=Kind.ORDER_COLLECTED, ends=smallest)
    assert queries.held(bank.wang) == 20
    bank.post("escrow", bank.wang, 20, "e", kind=Kind.ORDER_RELEASED, ends=other)
    assert (queries.balance(bank.wang), queries.held(bank.wang)) == (99, 0) and queries.verify().ok


def test_two_corrections_of_one_line_in_a_batch_are_refused(bank: Bank) -> None:
    earned = bank.earn(100, "a")
    undo = [bank.posting(bank.wang, "issuance", 100, key, kind=Kind.REVERSED, reverses=earned) for key in ("b", "c")]
    assert refused(bank, *undo).code == "ledger.already_reversed"
    assert queries.balance(bank.wang) == 100
    services.post_many(book_id=bank.book.pk, postings=undo[:1])
    bank.earn(100, "d")
    assert refused(bank, undo[1]).code == "ledger.already_reversed"
    assert queries.balance(bank.wang) == 100


@pytest.mark.parametrize(("spent", "left", "written_off"), [(0, 0, 0), (1, 0, -1), (300, 0, -300)])
def test_a_write_off_takes_what_is_there_to_the_point(bank: Bank, spent: int, left: int, written_off: int) -> None:
    both = moving(bank, "a", Move("issuance", bank.wang, 300), Move("issuance", bank.merit, 300))
    (earned,) = services.post_many(book_id=bank.book.pk, postings=[both])
    if spent:
        bank.post(bank.wang, "redeemed", spent, "b", kind=Kind.ORDER_COLLECTED)
    services.reverse(transaction_id=earned, key="undo", at=bank.at, write_off=True)
    houses = queries.house_balances(bank.book.pk)
    assert (queries.balance(bank.wang), houses["points:written_off"], houses["points:issuance"]) == (left, written_off, 0)
    assert queries.balance(bank.merit) == 0 and queries.verify().ok


@pytest.mark.parametrize("count", [1, 2, 64, 65, 200])
def test_batches_of_every_size_stand_in_order(bank: Bank, count: int) -> None:
    """However many, and in however many statements they are written."""
    services.seal(book_id=bank.book.pk, at=bank.at)
    made = [
        bank.posting("issuance", bank.wang if place % 2 else bank.li, 10 + place, f"k{place}", scope=f"{place % 3:02}")
        for place in range(count)
    ]
    pks = services.post_many(book_id=bank.book.pk, postings=made)
    assert pks == sorted(set(pks)) and len(pks) == count
    assert services.post_many(book_id=bank.book.pk, postings=made[::-1]) == pks[::-1], "said again"
    services.seal(book_id=bank.book.pk, at=bank.at + timedelta(seconds=1))
    assert queries.outstanding(bank.book.pk) == sum(10 + place for place in range(count)) and queries.verify().ok


def test_every_place_where_a_posting_may_be_cut_off_is_told(bank: Bank) -> None:
    reached: list[str] = []
    earned = bank.earn(100, "a")
    with failpoints.armed(reached.append):
        bank.post(bank.wang, "issuance", 100, "undo", kind=Kind.REVERSED, reverses=earned)
    own = [place for place in reached if place.startswith("ledger.")]
    assert own == ["ledger.transactions_written", "ledger.entries_written", "ledger.balances_written"]


def test_told_at_the_instant_of_the_last_seal_it_keeps_its_instant(bank: Bank) -> None:
    bank.earn(100, "a")
    services.seal(book_id=bank.book.pk, at=bank.at)
    bank.earn(100, "b")
    bank.earn(100, "c", recorded_at=bank.at - timedelta(days=1))
    assert {line.recorded_at for line in queries.statement(bank.wang)} == {bank.at}
    assert queries.verify().ok


def test_money_and_points_of_one_name_do_not_meet(bank: Bank) -> None:
    fund = services.open_account(book_id=bank.book.pk, unit=Unit.FEN, at=bank.at, is_member=False, code="fund:1").pk
    assert refused(bank, moving(bank, "a", Move(fund, bank.wang, 1))).code == "ledger.mixed_units"
    assert refused(bank, moving(bank, "a", Move(bank.merit, bank.wang, 1))).code == "ledger.mixed_units"
    assert queries.counts().transactions == 0


def held_by(bank: Bank, *accounts: int) -> list[int]:
    return [queries.held(account) for account in accounts]


def test_points_and_honour_may_be_held_in_one_act_and_end_in_one(bank: Bank) -> None:
    both = moving(bank, "a", Move("issuance", bank.wang, 300), Move("issuance", bank.merit, 200))
    hold = moving(bank, "b", Move(bank.wang, "escrow", 100), Move(bank.merit, "escrow", 50), kind=Kind.ORDER_PLACED)
    pk = services.post_many(book_id=bank.book.pk, postings=[both, hold])[1]
    assert held_by(bank, bank.wang, bank.merit) == [100, 50]
    ends = {"kind": Kind.ORDER_COLLECTED, "ends": pk}
    assert refused(bank, bank.posting("escrow", "redeemed", 100, "c", **ends)).code == "ledger.hold_amount"
    whole = moving(bank, "c", Move("escrow", "redeemed", 100), Move("escrow", bank.merit, 50), **ends)
    services.post_many(book_id=bank.book.pk, postings=[whole])
    assert held_by(bank, bank.wang, bank.merit) == [0, 0] and queries.balance(bank.merit) == 200
    assert queries.verify().ok


def test_what_another_gets_in_the_same_act_is_not_held(bank: Bank) -> None:
    bank.earn(300, "a")
    moves = (Move(bank.wang, "escrow", 100), Move("issuance", bank.li, 10))
    holds = [moving(bank, key, *moves, kind=Kind.ORDER_PLACED) for key in ("b", "c")]
    first, second = services.post_many(book_id=bank.book.pk, postings=holds)
    assert held_by(bank, bank.wang, bank.li) == [200, 0] and queries.verify().ok
    bank.post("escrow", "redeemed", 100, "d", kind=Kind.ORDER_COLLECTED, ends=first)
    services.reverse(transaction_id=second, key="undo", at=bank.at)
    assert held_by(bank, bank.wang, bank.li) == [0, 0]
    assert (queries.balance(bank.wang), queries.balance(bank.li)) == (200, 10) and queries.verify().ok


def test_a_hold_is_what_members_give_and_all_that_they_give(bank: Bank) -> None:
    bank.earn(300, "a")
    for moves in (
        (Move("issuance", "escrow", 100),),
        (Move(bank.wang, "escrow", 100), Move("issuance", "escrow", 100)),
        (Move(bank.wang, "escrow", 100), Move(bank.wang, "redeemed", 1)),
    ):
        with pytest.raises(AssertionError, match="b: a hold takes all that its givers give"):
            services.post_many(book_id=bank.book.pk, postings=[moving(bank, "b", *moves, kind=Kind.ORDER_PLACED)])
    assert held_by(bank, bank.wang) == [0] and queries.verify().ok


def test_what_is_no_hold_is_not_ended_by_an_act_without_escrow_either(bank: Bank) -> None:
    earned = bank.earn(300, "a")
    assert refused(bank, bank.posting("issuance", bank.wang, 300, "b", ends=earned)).code == "ledger.hold_amount"
    assert refused(bank, bank.posting(bank.wang, "redeemed", 300, "b", ends=earned)).code == "ledger.hold_amount"


def test_a_write_off_changes_nothing_where_nothing_is_short(bank: Bank) -> None:
    bank.earn(300, "a")
    hold = bank.hold(200, "b")
    fine = bank.post(bank.wang, "issuance", 100, "c", kind=Kind.PENALTY)
    for number, original in enumerate((hold, fine)):
        services.reverse(transaction_id=original, key=f"undo:{number}", at=bank.at, write_off=True)
    assert (queries.balance(bank.wang), queries.held(bank.wang)) == (300, 0)
    houses = {name: balance for name, balance in queries.house_balances(bank.book.pk).items() if balance}
    assert houses == {"points:issuance": -300} and queries.verify().ok


def test_money_that_is_spent_is_never_written_off(bank: Bank) -> None:
    fund = services.open_account(book_id=bank.book.pk, unit=Unit.FEN, at=bank.at, is_member=False, code="fund:1").pk
    given = bank.post("outside", fund, 5_000, "in", kind=Kind.DONATION_RECEIVED)
    drawn = bank.post(fund, "outside", 4_000, "out", kind=Kind.FUND_DRAWN)
    with pytest.raises(services.ShortOfPoints) as found:
        services.reverse(transaction_id=given, key="undo", at=bank.at, write_off=True)
    assert found.value.details["missing"] == 4_000
    services.reverse(transaction_id=drawn, key="back", at=bank.at, write_off=True)
    services.reverse(transaction_id=given, key="undo", at=bank.at, write_off=True)
    assert queries.balance(fund) == 0 and queries.verify().ok


def test_points_move_between_house_accounts_alone_and_beside_a_member(bank: Bank) -> None:
    bank.post("issuance", "expired", 30, "a", kind=Kind.MOVED)
    both = [bank.posting("expired", "written_off", 10, "b", kind=Kind.MOVED), bank.posting("issuance", bank.wang, 5, "c")]
    services.post_many(book_id=bank.book.pk, postings=both)
    houses = {name: balance for name, balance in queries.house_balances(bank.book.pk).items() if balance}
    assert houses == {"points:issuance": -35, "points:expired": 20, "points:written_off": 10}
    assert queries.balance(bank.wang) == 5 and queries.verify().ok


@pytest.mark.postgresql_only
def test_who_posts_stands_among_the_posters_of_the_book_until_the_act_is_over(bank: Bank) -> None:
    """The sealer waits for them: nothing may come below the last seal."""
    bank.earn(100, "a")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT classid::bigint << 32 | objid::bigint FROM pg_locks "
            "WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted AND pid = pg_backend_pid()"
        )
        assert cursor.fetchall() == [(turn(f"posting {bank.book.pk}"),)]


def test_what_the_store_refuses_is_told_and_not_tried_for_ever(bank: Bank) -> None:
    """A passbook whose count of lines was set back would write over its own lines."""
    bank.earn(300, "a")
    hold = bank.hold(100, "b")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_account SET last_sequence = 0 WHERE id = %s", [bank.wang])
    earn, other = bank.posting("issuance", bank.wang, 1, "c"), bank.posting("issuance", bank.li, 1, "d")
    release = bank.posting("escrow", bank.wang, 100, "e", kind=Kind.ORDER_RELEASED, ends=hold)
    before = queries.counts()
    for postings in ([earn], [other, earn], [release]):
        with pytest.raises(IntegrityError), transaction.atomic():
            services.post_many(book_id=bank.book.pk, postings=postings)
    assert queries.counts() == before and queries.balance(bank.li) == 0


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_a_hold_that_another_ends_between_the_look_and_the_lock_is_refused_in_words(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.earn(300, "a")
    hold = bank.hold(100, "b")
    ends = [bank.posting("escrow", "redeemed", 100, key, kind=Kind.ORDER_COLLECTED, ends=hold) for key in ("c", "d")]
    look, others = stage._read_past, ends[1:]

    def look_and_wait(*given: object) -> dict[int, stage.Past]:
        found: dict[int, stage.Past] = look(*given)  # type: ignore[arg-type]
        if others:
            other = [others.pop()]
            together([lambda: services.post_many(book_id=bank.book.pk, postings=other)])
        return found

    monkeypatch.setattr(stage, "_read_past", look_and_wait)
    assert refused(bank, ends[0]).code == "ledger.hold_ended"
    assert held_by(bank, bank.wang) == [0] and queries.verify().ok


def test_what_two_members_have_spent_is_written_off_for_both(bank: Bank) -> None:
    both = moving(bank, "a", Move("issuance", bank.wang, 300), Move("issuance", bank.li, 200))
    (earned,) = services.post_many(book_id=bank.book.pk, postings=[both])
    bank.post(bank.wang, "redeemed", 250, "b", kind=Kind.ORDER_COLLECTED)
    bank.post(bank.li, "redeemed", 20, "c", kind=Kind.ORDER_COLLECTED)
    undone = services.reverse(transaction_id=earned, key="undo", at=bank.at, write_off=True)
    houses = queries.house_balances(bank.book.pk)
    assert (houses["points:written_off"], houses["points:issuance"]) == (-270, 0)
    assert [queries.balance(bank.wang), queries.balance(bank.li)] == [0, 0]
    lines = queries.entries(undone.pk)
    assert len(lines) == len({line.account.pk for line in lines}) == 4, "one line for each account"
    assert queries.verify().ok


def test_what_came_out_of_what_was_written_off_is_written_off_in_the_same_line(bank: Bank) -> None:
    given = bank.post("written_off", bank.wang, 100, "a", kind=Kind.MOVED)
    bank.post(bank.wang, "redeemed", 30, "b", kind=Kind.ORDER_COLLECTED)
    undone = services.reverse(transaction_id=given, key="undo", at=bank.at, write_off=True)
    assert [line.amount for line in queries.entries(undone.pk)] == [-70, 70]
    assert queries.house_balances(bank.book.pk)["points:written_off"] == -30
    assert queries.balance(bank.wang) == 0 and queries.verify().ok


@pytest.mark.parametrize("count", [1, 2, 64])
def test_up_to_64_plain_acts_are_read_and_written_like_one(bank: Bank, count: int) -> None:
    """The server is asked for its turn, the figures and ids, and writes everything at once; one act needs no savepoint. The
    embedded store writes each table by itself."""
    bank.earn(1, "first")
    postings = [bank.posting("issuance", member, 1, f"to:{member}") for member in bank.members(count, 0)]
    with CaptureQueriesContext(connection) as asked:
        engine.post_batch(bank.book.pk, postings)
    verbs = [statement.split()[0] for statement in dict.fromkeys(one["sql"] for one in asked.captured_queries)]
    writing = ["WITH"] if count == 1 else ["SAVEPOINT", "WITH", "RELEASE"]
    on_server, embedded = ["SELECT"] * 3 + writing, ["SELECT", "INSERT", "INSERT", "UPDATE"]
    assert verbs == (on_server if connection.vendor == "postgresql" else embedded)

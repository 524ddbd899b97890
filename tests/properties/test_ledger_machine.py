"""The books against a plain dictionary: any order of acts, every refusal where the dictionary expects it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from tests.books import Bank
from wenming.domain.ledger import engine, queries, services
from wenming.domain.ledger.services import Kind, Move, Posting

AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
MEMBERS = st.integers(0, 3)
AMOUNTS = st.integers(1, 500)


class Books(RuleBasedStateMachine):
    """`balances`, `held` and `house` are the dictionary; `said` keeps every key with the pk it gave."""

    def __init__(self) -> None:
        super().__init__()
        self.scope = transaction.atomic()
        self.scope.__enter__()
        self.bank = Bank(AT)
        self.members = self.bank.members(4, 0)
        self.balances = dict.fromkeys(self.members, 0)
        self.held = dict.fromkeys(self.members, 0)
        self.holds: dict[int, tuple[int, int]] = {}
        self.lines: dict[int, list[int]] = {pk: [] for pk in self.members}
        self.said: dict[str, tuple[Posting, int]] = {}
        self.reversible: dict[int, tuple[int, int]] = {}
        self.roots: dict[int, bytes] = {}
        self.steps = 0

    def teardown(self) -> None:
        services.seal(book_id=self.bank.book.pk, at=AT)
        report = queries.verify()
        transaction.set_rollback(True)
        self.scope.__exit__(None, None, None)
        assert report.ok, report.faults

    def key(self) -> str:
        self.steps += 1
        return f"k{self.steps}"

    def say(self, source: int | str, destination: int | str, amount: int, **more: object) -> int:
        posting = self.bank.posting(
            source, destination, amount, self.key(), recorded_at=AT + timedelta(seconds=self.steps), **more
        )
        posted = services.post(book_id=self.bank.book.pk, posting=posting)
        self.said[posting.key] = (posting, posted.pk)
        return posted.pk

    def count(self, member: int, amount: int) -> None:
        self.balances[member] += amount
        self.lines[member].append(amount)

    @initialize()
    def begin(self) -> None:
        """Every life begins with a first deposit."""
        self.earn(0, 300)

    @rule(member=MEMBERS, amount=AMOUNTS)
    def earn(self, member: int, amount: int) -> None:
        pk = self.members[member]
        self.reversible[self.say("issuance", pk, amount)] = (pk, amount)
        self.count(pk, amount)

    @rule(source=MEMBERS, destination=MEMBERS, amount=AMOUNTS)
    def move(self, source: int, destination: int, amount: int) -> None:
        giver, taker = self.members[source], self.members[destination]
        if giver == taker:
            return
        if self.balances[giver] < amount:
            with pytest.raises(services.NotEnoughPoints) as refused:
                self.say(giver, taker, amount, kind=Kind.MOVED)
            assert refused.value.details["missing"] == amount - self.balances[giver]
            return
        self.say(giver, taker, amount, kind=Kind.MOVED)
        self.count(giver, -amount)
        self.count(taker, amount)

    @rule(member=MEMBERS, amount=AMOUNTS)
    def hold(self, member: int, amount: int) -> None:
        pk = self.members[member]
        if self.balances[pk] < amount:
            with pytest.raises(services.NotEnoughPoints):
                self.say(pk, "escrow", amount, kind=Kind.ORDER_PLACED)
            return
        self.holds[self.say(pk, "escrow", amount, kind=Kind.ORDER_PLACED)] = (pk, amount)
        self.count(pk, -amount)
        self.held[pk] += amount

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), is_collected=st.booleans(), wrong=st.integers(-1, 1))
    def end(self, data: st.DataObject, is_collected: bool, wrong: int) -> None:
        hold = data.draw(st.sampled_from(sorted(self.holds)))
        pk, amount = self.holds[hold]
        kind = Kind.ORDER_COLLECTED if is_collected else Kind.ORDER_RELEASED
        destination: int | str = "redeemed" if is_collected else pk
        if wrong and amount + wrong > 0:
            with pytest.raises(services.HoldAmount):
                self.say("escrow", destination, amount + wrong, kind=kind, ends=hold)
            return
        self.say("escrow", destination, amount, kind=kind, ends=hold)
        del self.holds[hold]
        self.held[pk] -= amount
        if not is_collected:
            self.count(pk, amount)
        with pytest.raises(services.HoldEnded):
            self.say("escrow", destination, amount, kind=kind, ends=hold)

    @precondition(lambda self: self.reversible)
    @rule(data=st.data(), write_off=st.booleans())
    def reverse(self, data: st.DataObject, write_off: bool) -> None:
        posted = data.draw(st.sampled_from(sorted(self.reversible)))
        pk, amount = self.reversible[posted]
        key = self.key()
        if self.balances[pk] < amount and not write_off:
            with pytest.raises(services.ShortOfPoints):
                services.reverse(transaction_id=posted, key=key, at=AT)
            return
        undone = services.reverse(transaction_id=posted, key=key, at=AT, write_off=write_off)
        assert services.reverse(transaction_id=posted, key=key, at=AT, write_off=write_off) == undone
        del self.reversible[posted]
        taken = min(amount, self.balances[pk])
        if taken:
            self.count(pk, -taken)
        with pytest.raises(services.AlreadyReversed):
            services.reverse(transaction_id=posted, key=self.key(), at=AT, write_off=True)

    @precondition(lambda self: self.said)
    @rule(data=st.data(), later=st.integers(0, 10**9))
    def say_again(self, data: st.DataObject, later: int) -> None:
        posting, pk = self.said[data.draw(st.sampled_from(sorted(self.said)))]
        again = posting._replace(recorded_at=posting.recorded_at + timedelta(microseconds=later))
        assert services.post(book_id=self.bank.book.pk, posting=again).pk == pk
        with pytest.raises(services.KeyReused):
            services.post(book_id=self.bank.book.pk, posting=posting._replace(subject="deed:other"))

    @rule(acts=st.lists(st.tuples(MEMBERS, st.integers(-400, 400).filter(bool)), min_size=1, max_size=6))
    def batch(self, acts: list[tuple[int, int]]) -> None:
        """All or nothing, each act against what the acts before it left."""
        running, is_good, postings = dict(self.balances), True, []
        for member, amount in acts:
            pk = self.members[member]
            running[pk] += amount
            is_good = is_good and running[pk] >= 0
            sides = ("issuance", pk) if amount > 0 else (pk, "redeemed")
            postings.append(Posting(Kind.MOVED, "batch", (Move(*sides, abs(amount)),), self.key(), AT, AT))
        if not is_good:
            with pytest.raises(services.NotEnoughPoints):
                services.post_many(book_id=self.bank.book.pk, postings=postings)
            return
        pks = services.post_many(book_id=self.bank.book.pk, postings=postings)
        assert len(set(pks)) == len(acts)
        for member, amount in acts:
            self.count(self.members[member], amount)

    @rule()
    def seal(self) -> None:
        sealed = services.seal(book_id=self.bank.book.pk, at=AT)
        if sealed is None:
            return
        assert sealed.size not in self.roots
        self.roots[sealed.size] = bytes(sealed.root)
        for size, root in self.roots.items():
            proof = queries.consistency_proof(self.bank.book.pk, size, sealed.size)
            assert proof.first_root == root.hex()

    @invariant()
    def the_books_agree_with_the_dictionary(self) -> None:
        assert queries.balances(self.members) == self.balances
        assert {pk: queries.held(pk) for pk in self.members} == self.held
        assert queries.outstanding(self.bank.book.pk) == sum(self.balances.values()) + sum(self.held.values())

    @invariant()
    def statements_add_up(self) -> None:
        for pk in self.members[:2]:
            lines = queries.statement(pk, limit=1000)[::-1]
            assert [line.amount for line in lines] == self.lines[pk]
            assert [line.balance_after for line in lines] == [sum(self.lines[pk][: place + 1]) for place in range(len(lines))]
            if lines:
                middle = lines[len(lines) // 2].recorded_at
                assert queries.balance_at(pk, middle) == sum(line.amount for line in lines if line.recorded_at <= middle)


def lives(examples: int, steps: int, *, is_fixed: bool = True) -> settings:
    """How many lives of how many acts; fixed ones are the same in every run."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=is_fixed,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate] if is_fixed else list(Phase),
    )


@pytest.mark.django_db
def test_ledger_machine() -> None:
    run_state_machine_as_test(Books, settings=lives(examples=7, steps=18))


@pytest.mark.django_db
def test_ledger_machine_fails_without_the_check_of_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_check_floor", lambda account, balance, position: None)
    with pytest.raises(Exception, match="account_above_floor|DID NOT RAISE"):
        run_state_machine_as_test(Books, settings=lives(examples=7, steps=18))

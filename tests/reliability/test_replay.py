"""Replay is state: the stored originals alone give every balance, every hold and every root again."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from datetime import datetime

import pymerkle
import pytest

from tests.books import Bank
from wenming.core.errors import Refusal
from wenming.domain.ledger import dialect, numbers, queries, services
from wenming.domain.ledger.models import Account, Seal
from wenming.domain.ledger.services import Kind


@dataclass
class Original:
    """A memento read by its documented format, with none of the product's code."""

    public_id: str
    kind: str
    ends: str
    lines: list[tuple[str, int]]


def read(data: bytes) -> Original:
    assert data[0] == 1
    place = 2 + data[1]
    public_id = data[place : place + 16].hex()
    place += 16 + 8 + 32
    kind = data[place + 1 : place + 1 + data[place]].decode()
    place += 1 + data[place]
    place += 1 + data[place] + 32 + 8
    ends = data[place : place + 16].hex()
    place += 32
    count = data[place]
    lines = [struct.unpack_from(">16sq", data, place + 1 + 24 * number) for number in range(count)]
    assert place + 1 + 24 * count == len(data)
    return Original(public_id, kind, ends, [(account.hex(), amount) for account, amount in lines])


def live(bank: Bank, members: list[int], steps: int, chance: random.Random) -> None:
    """A random life of the bank, refusals and all."""
    holds: list[tuple[int, int]] = []
    for step in range(steps):
        member, other = chance.sample(members, 2)
        amount = chance.randrange(1, 400)
        try:
            match chance.randrange(6):
                case 0 | 1:
                    bank.post("issuance", member, amount, f"earn:{step}")
                case 2:
                    bank.post(member, other, amount, f"move:{step}", kind=Kind.MOVED)
                case 3:
                    holds.append((bank.post(member, "escrow", amount, f"hold:{step}", kind=Kind.ORDER_PLACED), amount))
                case 4 if holds:
                    hold, amount = holds.pop(chance.randrange(len(holds)))
                    bank.post("escrow", "redeemed", amount, f"end:{step}", kind=Kind.ORDER_COLLECTED, ends=hold)
                case 5:
                    lines = queries.statement(member, limit=1)
                    services.reverse(transaction_id=lines[0].transaction_id, key=f"undo:{step}", at=bank.at, write_off=True)
        except Refusal:
            continue
        if step % 17 == 0:
            services.seal(book_id=bank.book.pk, at=bank.at)
    services.seal(book_id=bank.book.pk, at=bank.at)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_replay_is_state(at: datetime, seed: int) -> None:
    bank = Bank(at)
    members = bank.members(6, 500)
    live(bank, members, 150, random.Random(seed))
    balances: dict[str, int] = {}
    held: dict[str, int] = {}
    open_holds: dict[str, dict[str, int]] = {}
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    roots = {}
    codes = dict(Account.objects.values_list("public_id", "code"))
    mementos = dialect.rows_of(f"SELECT t.memento FROM {numbers.NUMBERED} ORDER BY n.number, t.id")
    for number, (data,) in enumerate(mementos, 1):
        tree.append_entry(bytes(data))
        roots[number] = tree.get_state()
        original = read(bytes(data))
        assert sum(amount for _account, amount in original.lines) == 0
        for account, amount in original.lines:
            balances[account] = balances.get(account, 0) + amount
        if original.ends != "00" * 16:
            for account, amount in open_holds.pop(original.ends).items():
                held[account] -= amount
        elif any(codes[account] == "points:escrow" and amount > 0 for account, amount in original.lines):
            open_holds[original.public_id] = {account: -amount for account, amount in original.lines if amount < 0}
            for account, amount in open_holds[original.public_id].items():
                held[account] = held.get(account, 0) + amount
    for account in Account.objects.filter(is_member=True):
        assert account.balance == balances.get(account.public_id, 0)
        assert account.held == held.get(account.public_id, 0)
    houses = queries.house_balances(bank.book.pk)
    for account in Account.objects.filter(is_member=False, unit="points"):
        assert houses[str(account.code)] == balances.get(account.public_id, 0)
    assert houses["points:escrow"] == sum(held.values())
    assert Seal.objects.count() > 3
    assert all(roots[seal.size] == bytes(seal.root) for seal in Seal.objects.all())
    assert bank.faults() == []

"""At the end of a long life: the log alone gives everything again (L16), and a copy from earlier is its beginning (L17)."""

from __future__ import annotations

import hashlib
from collections import defaultdict

from tests.simulation.audit_books import Books, ask, demand, read_memento
from tests.simulation.proofs import Tree
from tests.simulation.store import sqlite3

LOG = (
    "SELECT n.number + t.id - n.id, t.memento FROM ledger_numbering n JOIN ledger_transaction t "
    "ON t.id >= n.id AND t.id < n.id + n.count WHERE n.number > {after} ORDER BY n.number, t.id"
)


def replay(books: Books) -> None:
    """Balances, open holds and the root, from the numbered originals and nothing else."""
    codes = {public_id: books.accounts[pk].code for public_id, pk in books.by_public.items()}
    balances: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    holds: dict[str, dict[str, int]] = {}
    tree = Tree()
    for number, data in ask(LOG.format(after=0)):
        memento = bytes(data)
        tree.add(hashlib.sha256(b"\x00" + memento).digest())
        public_id, _recorded, _kind, _scope, _subject, lines = read_memento(memento)
        ended = ended_by(memento)
        for account, amount in lines:
            balances[account] += amount
        if ended is not None:
            for account, amount in holds.pop(ended).items():
                held[account] -= amount
        elif any(codes[account] == "points:escrow" and amount > 0 for account, amount in lines):
            holds[public_id] = {account: -amount for account, amount in lines if amount < 0}
            for account, amount in holds[public_id].items():
                held[account] += amount
        if number in books.roots:
            demand(tree.root() == books.roots[number], "L16", "root of", number)
    unsealed = [one for one in books.posted.values() if one.number is None]
    for one in unsealed:
        for account_id, amount in one.lines:
            balances[books.accounts[account_id].public_id] += amount
    for account in books.accounts.values():
        demand(balances[account.public_id] == account.balance, "L16", "balance of", account.pk)
    if not unsealed:
        for account in books.accounts.values():
            demand(held[account.public_id] == account.held, "L16", "holds of", account.pk)


def ended_by(memento: bytes) -> str | None:
    """The public id of the hold that a transaction ends."""
    place = 2 + memento[1] + 16 + 8 + 32
    place += 1 + memento[place]
    place += 1 + memento[place] + 32 + 8
    ended = memento[place : place + 16]
    return ended.hex() if any(ended) else None


def restore(books: Books, copy: sqlite3.Connection) -> None:
    """The copy verifies up to its own root, and the log from there on leads to the present one."""
    size, root = copy.execute("SELECT size, root FROM ledger_seal ORDER BY size DESC LIMIT 1").fetchone()
    demand(books.roots[size] == bytes(root), "L17", "root of the copy at", size)
    tree = Tree()
    for _number, memento in copy.execute(LOG.format(after=0)):
        tree.add(hashlib.sha256(b"\x00" + bytes(memento)).digest())
    demand(tree.size == size and tree.root() == bytes(root), "L17", "log of the copy at", size)
    for _number, memento in ask(LOG.format(after=size)):
        tree.add(hashlib.sha256(b"\x00" + bytes(memento)).digest())
    demand(tree.root() == books.roots[tree.size], "L17", "log from the copy to the present")

# ruff: noqa: S608  (the SQL is put together from names and marks only; every value is a parameter)
"""What an archive of a book holds: everything that a checker without the product needs to work the book out again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wenming.domain.ledger import dialect, memento, numbers
from wenming.domain.ledger.models import PLACES, Book, Seal

Facts = dict[str, Any]


def opening(book: Book) -> Facts:
    return {"code": book.code, "algorithm": book.algorithm, "opened": memento.micros(book.opened_at)}


def accounts(book_id: int) -> Iterator[Facts]:
    """Every account with what never changes about it, its hash, and what it says of itself now."""
    opened, closed = dialect.raw_instant("opened_at"), dialect.raw_instant("closed_at")
    rows = dialect.stream(
        f"SELECT public_id, unit, code, is_member, floor, {opened}, certificate, balance, held, credited_total, debited_total, "
        f"last_sequence, {closed} FROM ledger_account WHERE book_id = %s ORDER BY id",
        [book_id],
    )
    for public_id, unit, code, is_member, floor, born, certificate, balance, held, credited, debited, count, ended in rows:
        yield {
            "id": public_id,
            "unit": unit,
            "code": code,
            "member": bool(is_member),
            "floor": floor,
            "opened": dialect.micros_of(born),
            "certificate": bytes(certificate).hex(),
            "balance": balance,
            "held": held,
            "credited": credited,
            "debited": debited,
            "lines": count,
            "closed": dialect.micros_of(ended) if ended is not None else None,
        }


def log(book_id: int) -> Iterator[Facts]:
    """Every transaction with its exact bytes: the numbered ones in order, then those that no seal covers yet."""
    columns = "t.kind, t.subject, t.scope, t.key, t.memento"
    for statement in (
        f"SELECT n.number + t.id - n.id, {columns} FROM {numbers.NUMBERED} WHERE n.book_id = %s ORDER BY n.number, t.id",
        f"SELECT NULL, {columns} FROM ledger_transaction t JOIN ledger_book b ON b.id = t.book_id "
        "WHERE b.id = %s AND t.id > b.sealed_id ORDER BY t.recorded, t.id",
    ):
        for number, kind, subject, scope, key, whole in dialect.stream(statement, [book_id]):
            yield {
                "number": number,
                "id": memento.token_of(whole).hex(),
                "kind": kind,
                "subject": subject,
                "scope": scope,
                "key": key,
                "memento": bytes(whole).hex(),
            }


def lines(book_id: int) -> Iterator[tuple[str, str, int, int]]:
    """Every passbook and fund, line by line in its order: account, transaction, amount, balance after it."""
    statement = (
        f"SELECT a.public_id, t.memento, e.amount, e.balance_after FROM ledger_account a JOIN ledger_entry e "
        f"ON e.id > a.id * {PLACES} AND e.id < (a.id + 1) * {PLACES} JOIN ledger_transaction t ON t.id = e.transaction_id "
        "WHERE a.book_id = %s ORDER BY e.id"
    )
    for account, whole, amount, balance_after in dialect.stream(statement, [book_id]):
        yield account, memento.token_of(whole).hex(), amount, balance_after


def seals(book_id: int) -> Iterator[Facts]:
    """Every published head, oldest first, with the balances of the house accounts that it vouches for."""
    for seal in Seal.objects.filter(book_id=book_id).defer("nodes").order_by("size").iterator(chunk_size=256):
        yield {
            "size": seal.size,
            "root": bytes(seal.root).hex(),
            "sealed": memento.micros(seal.sealed_at),
            "houses": seal.house_balances,
            "digest": bytes(seal.digest).hex(),
        }

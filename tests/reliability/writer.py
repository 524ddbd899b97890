"""A teller who writes until he is killed. Run as a program beside the tests, on their data folder.

For every line on standard input a child is started whose tellers post one deposit after another into the book whose id
stands on that line; each acknowledged pk goes to standard output. Starting children from a loaded program makes many kills cheap.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import UTC, datetime


def write(book_id: int, account_id: int, life: str, is_hasty: bool) -> None:
    """One teller. A hasty one says "done" inside the act, before its commit: the control that has to lose."""
    from wenming.core.transactions import act
    from wenming.domain.ledger import services
    from wenming.domain.ledger.services import Kind, Move, Posting

    at = datetime(2026, 3, 12, tzinfo=UTC)
    step = 0
    while True:
        step += 1
        moves = (Move("issuance", account_id, 100),)
        posting = Posting(Kind.DEED_DEPOSITED, f"deed:{step}", moves, f"{life}:{step}", at, at)
        if is_hasty:
            with act():
                os.write(1, f"{services.post(book_id=book_id, posting=posting).pk}\n".encode())
            continue
        os.write(1, f"{services.post(book_id=book_id, posting=posting).pk}\n".encode())
        if step % 20 == 0:
            services.seal(book_id=book_id, at=at)


def work(book_id: int, account_id: int, life: str, tellers: int, is_hasty: bool) -> None:
    """Several tellers at once, each a thread of this process."""
    for teller in range(1, tellers):
        arguments = (book_id, account_id, f"{life}-{teller}", is_hasty)
        threading.Thread(target=write, args=arguments, daemon=True).start()
    write(book_id, account_id, life, is_hasty)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wenming.config.settings")
    import django

    django.setup()
    for line in sys.stdin:
        book_id, account_id, life, tellers, is_hasty = line.split()
        child = os.fork()
        if child == 0:
            work(int(book_id), int(account_id), life, int(tellers), is_hasty == "hasty")
        os.write(1, f"child {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()

"""A teller who writes until he is killed. Run as a program beside the tests, on their data folder.

For every line on standard input a child is started that posts one deposit after another into the book whose id stands on
that line; each acknowledged pk goes to standard output. Starting children from a loaded program makes many kills cheap.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime


def write(book_id: int, account_id: int, life: str) -> None:
    from wenming.domain.ledger import services
    from wenming.domain.ledger.services import Kind, Move, Posting

    at = datetime(2026, 3, 12, tzinfo=UTC)
    step = 0
    while True:
        step += 1
        moves = (Move("issuance", account_id, 100),)
        posting = Posting(Kind.DEED_DEPOSITED, f"deed:{step}", moves, f"{life}:{step}", at, at)
        posted = services.post(book_id=book_id, posting=posting)
        os.write(1, f"{posted.pk}\n".encode())
        if step % 20 == 0:
            services.seal(book_id=book_id, at=at)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wenming.config.settings")
    import django

    django.setup()
    for line in sys.stdin:
        book_id, account_id, life = line.split()
        child = os.fork()
        if child == 0:
            write(int(book_id), int(account_id), life)
        os.write(1, f"child {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()

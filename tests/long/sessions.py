"""R06: sessions of PostgreSQL are cut at random while tellers write; who is cut off says the same again under the same key."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from tests.books import Bank
from tests.emptying import empty_tables
from wenming.core.errors import Refusal
from wenming.domain.ledger import queries
from wenming.domain.ledger.models import Transaction
from wenming.domain.ledger.services import Kind, NotEnoughPoints

AT = datetime(2026, 3, 12, 1, 30, tzinfo=UTC)
TELLERS, EACH = 6, 10_000
CUT = (
    "SELECT COUNT(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND state IS NOT NULL ORDER BY random() LIMIT 1) AS one"
)


class Seen:
    """What the tellers were told, and what went wrong otherwise."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, int] = {}
        self.refused: set[str] = set()
        self.retries = 0
        self.faults: list[str] = []
        self.over = threading.Event()


def teller(bank: Bank, members: list[int], place: int, seed: int, seen: Seen) -> None:
    """Move points about until told to stop; a cut is answered by the same words again."""
    dice, number = random.Random(f"{seed}:{place}"), 0
    try:
        while not seen.over.is_set():
            number += 1
            source, target = dice.sample(members, 2)
            key, amount = f"{seed}:{place}:{number}", dice.randrange(1, EACH)
            while True:
                try:
                    seen.acknowledged[key] = bank.post(source, target, amount, key, kind=Kind.MOVED)
                except NotEnoughPoints:
                    seen.refused.add(key)
                except (OperationalError, InterfaceError):
                    seen.retries += 1
                    connection.close()
                    continue
                break
    except (Exception, Refusal) as error:
        seen.faults.append(f"{type(error).__name__}: {error}")
    finally:
        connection.close()


def cut(units: int, dice: random.Random, seen: Seen) -> int:
    """End one session after the other, a breath apart."""
    done = 0
    while done < units and not seen.faults:
        with connection.cursor() as cursor:
            cursor.execute(CUT)
            done += int(cursor.fetchone()[0])
        seen.over.wait(dice.random() * 0.02)
    seen.over.set()
    return done


def work(seed: int, units: int) -> dict[str, Any]:
    empty_tables()
    bank, seen = Bank(AT), Seen()
    members = bank.members(8, EACH)
    threads = [threading.Thread(target=teller, args=(bank, members, place, seed, seen)) for place in range(TELLERS)]
    for thread in threads:
        thread.start()
    done = cut(units, random.Random(seed), seen)
    for thread in threads:
        thread.join()
    there = dict(Transaction.objects.filter(kind="moved").values_list("key", "pk"))
    found = Counter[str](cuts=done, acknowledged=len(seen.acknowledged), said_again=seen.retries)
    found["lost"] = sum(there.get(key) != pk for key, pk in seen.acknowledged.items())
    found["unasked"] = len(there.keys() - seen.acknowledged.keys())
    found["other_answers"] = len(seen.faults)
    whole = sum(queries.balances(members).values()) == EACH * len(members) and queries.verify().ok
    found["failed"] = found["lost"] + found["unasked"] + found["other_answers"] + (not whole)
    empty_tables()
    return dict(found)

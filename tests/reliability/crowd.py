"""Many callers at once, each with a connection of its own."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from django.db import connection

from tests.books import Bank
from wenming.core.transactions import act
from wenming.domain.ledger import queries
from wenming.domain.ledger.services import Kind, NotEnoughPoints


def all_at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Start `work(0…count-1)` behind one barrier, each in a thread; what each gave back, or the exception that ended it."""
    gate = threading.Barrier(count)
    answers: list[object] = [None] * count

    def run(place: int) -> None:
        gate.wait()
        try:
            answers[place] = work(place)
        except Exception as error:
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def bank_workload(bank: Bank, members: list[int], each: int, callers: int, steps: int, seed: int) -> list[str]:
    """The bank test: transfers among members, each an act of its own, while others read. Every problem in words."""
    total = each * len(members)
    problems: list[str] = []

    def transfer(place: int) -> None:
        chance = random.Random(f"{seed}:{place}")
        for step in range(steps):
            source, destination = chance.sample(members, 2)
            try:
                with act():
                    bank.post(source, destination, chance.randrange(1, each * 2), f"{seed}:{place}:{step}", kind=Kind.MOVED)
            except NotEnoughPoints:
                continue

    def watch(_place: int) -> None:
        for _step in range(steps):
            seen = queries.balances(members)
            if sum(seen.values()) != total:
                problems.append(f"a reader saw {sum(seen.values())} instead of {total}")
            if min(seen.values()) < 0:
                problems.append(f"a reader saw {min(seen.values())} in a passbook")

    answers = all_at_once(callers, lambda place: (watch if place % 4 == 3 else transfer)(place))
    problems += [f"{type(answer).__name__}: {answer}" for answer in answers if isinstance(answer, Exception)]
    if sum(queries.balances(members).values()) != total:
        problems.append("points were made or lost")
    problems += [f"{fault.code}: {fault.message}" for fault in queries.verify().faults]
    return problems

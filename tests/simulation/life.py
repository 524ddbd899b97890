"""A village lives: gesture after gesture, each at its own instant, some cut off by a crash, some said twice or late.

Everything follows from the seed. After every gesture the auditors look at every row that it touched, at the end of a month
at everything. A refusal must have written nothing; a crash leaves all of an act or none of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulation import acts, offices
from tests.simulation.acts import Gesture, Maker
from tests.simulation.audit_books import Books, Violation, ask, demand
from tests.simulation.audit_work import Work
from tests.simulation.store import noted, watch
from tests.simulation.world import World
from wenming.core import clock, failpoints
from wenming.core.errors import Refusal

START = datetime(2022, 1, 4, 9, 30, tzinfo=clock.ZONE)
A_YEAR = 34_000  # gestures, of which some thirty thousand are durable acts
GAP = timedelta(days=365) / A_YEAR
CHOICES: tuple[tuple[int, Maker], ...] = (
    (230, acts.declare), (200, acts.review), (12, acts.approve_many), (20, acts.amend), (10, acts.withdraw), (12, acts.publish),
    (22, acts.object_to), (26, acts.answer), (4, acts.look_at_objector), (12, acts.deposit), (8, acts.propose_reversal),
    (9, acts.decide_reversal), (3, acts.preview), (130, acts.order), (95, acts.hand_over), (18, acts.cancel), (12, acts.refund),
    (22, offices.receive_goods), (4, offices.count_goods), (4, offices.change_price), (8, offices.receive_money),
    (2, offices.register_sheet), (2, offices.openings_sheet), (6, offices.work_on_sheet), (1, offices.enrol),
    (2, offices.child_born), (10, offices.change_people), (1, offices.erase), (5, offices.look_up), (3, offices.give_log_in),
    (2, offices.change_office), (1, offices.new_rules), (22, offices.timetable), (4, offices.clear_old_points),
    (30, offices.intrude),
)  # fmt: skip


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Figures:
    gestures: int = 0
    acts: int = 0
    refusals: int = 0
    crashes: int = 0
    repeats: int = 0
    checks: int = 0
    failpoints: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)


class Life:
    """One village under one seed."""

    def __init__(
        self, seed: int, world: World, *, busy: Mapping[str, int] | None = None, keep: Callable[[str], None] | None = None
    ) -> None:
        self.seed, self.world, self.dice = seed, world, random.Random(f"life {seed}")
        world.dice = random.Random(f"choices {seed}")
        self.weights = [busy.get(maker.__name__, 0) if busy else weight for weight, maker in CHOICES]
        self.now = world.at
        self.keep = keep or (lambda line: None)
        self.log = hashlib.sha256()
        self.tail: list[str] = []
        self.figures = Figures()
        self.later: list[tuple[datetime, int, Gesture]] = []
        self.order = itertools.count()
        self.said: list[tuple[Gesture, str]] = []
        watch()
        self.books = Books(world.book_id, random.Random(f"auditor {seed}"))
        self.work = Work(self.books)
        noted()

    def live(self, gestures: int, gap: timedelta = GAP, halfway: Callable[[], None] | None = None) -> Figures:
        """So many gestures, with the end of each month on the way and at the end."""
        month = clock.local_date(self.now).month
        for place in range(gestures):
            if halfway is not None and place == gestures // 2:
                halfway()
            self.now += gap * (self.dice.random() * 2)
            self.world.at = self.now
            self.gesture()
            if clock.local_date(self.now).month != month:
                month = clock.local_date(self.now).month
                self.month_end()
        self.month_end()
        return self.figures

    def month_end(self) -> None:
        self.books.month_end()
        self.work.month_end()
        root = self.books.tree.root().hex()
        self.write(f"month {clock.local_date(self.now)} {self.books.tree.size} {root} {self.figures.acts}")

    def gesture(self) -> None:
        """The next thing that happens: something delayed, something said again, or something new."""
        if self.later and self.later[0][0] <= self.now:
            self.do(heapq.heappop(self.later)[2], is_repeat=True)
            return
        if self.said and self.dice.random() < 0.05:
            self.say_again()
            return
        maker = self.dice.choices(CHOICES, self.weights)[0][1]
        made = maker(self.world, self.now)
        if made is None:
            return
        fate = self.dice.random()
        if made.key and fate < 0.04:  # no signal in the field: it arrives days later, perhaps twice
            for _time in range(self.dice.choice((1, 1, 2))):
                self.postpone(made, timedelta(days=self.dice.random() * 30))
        else:
            self.do(made)

    def postpone(self, made: Gesture, wait: timedelta) -> None:
        heapq.heappush(self.later, (self.now + wait, next(self.order), made))

    def say_again(self) -> None:
        """The same words under the same key have the first answer; other words are refused (L12, W19)."""
        made, answer = self.dice.choice(self.said[-400:])
        self.figures.repeats += 1
        assert made.other is not None
        told = self.attempt(made.name, made.do)
        if made.name == "declare" and not ask("SELECT 1 FROM deeds_declaration WHERE submission_key = %s", [made.key]):
            demand(told.startswith("refused"), "L12", made.key, "was forgotten with its person, and said again gave", told)
            return
        demand(told == answer, "L12", made.key, "said again gave", told, "instead of", answer)
        other = self.attempt(made.name, made.other)
        demand(other.endswith("key_reused"), "L12", made.key, "with other words gave", other)
        demand(not self.touched(), "L12", made.key, "said again wrote something")

    def instant(self) -> datetime:
        """What the clock at the door says: mostly right, sometimes late or early, now and then by days."""
        fate = self.dice.random()
        if fate < 0.9:
            return self.now
        if fate < 0.99:
            return self.now + timedelta(seconds=self.dice.randrange(-900, 900))
        return self.now + timedelta(days=self.dice.choice((-20, -3, -1, 1)), seconds=self.dice.randrange(3600))

    def do(self, made: Gesture, *, is_repeat: bool = False) -> None:
        crash = self.dice.randrange(1, 25) if self.dice.random() < 0.08 else 0
        told = self.attempt(made.name, made.do, crash)
        if told == "crash":
            self.figures.crashes += 1
            if self.dice.random() < 0.6:
                told = self.attempt(made.name, made.do)
            else:
                self.postpone(made, timedelta(hours=self.dice.random() * 48))
        if made.is_forbidden:
            demand(told.startswith("refused") or told == "crash", "W18", made.name, "was let in:", told)
        if made.key and made.other is not None and told.startswith("done") and not is_repeat:
            self.said.append((made, told))
        if made.name == "change_office":
            offices.look_who_is_in_office(self.world)
            self.look("offices")

    def attempt(self, name: str, do: Callable[[datetime], Any], crash: int = 0) -> str:
        """Do it at the instant of the door's clock; what came of it, once the auditors have looked."""
        at = self.instant()
        hits = itertools.count(1)
        ended = 0

        def reach(place: str) -> None:
            nonlocal ended
            self.figures.failpoints[place] += 1
            ended += place == "act.ended"
            if next(hits) == crash:
                raise Crash

        try:
            with failpoints.armed(reach):
                told = f"done {answer(do(at))}"
        except Refusal as refusal:
            told = f"refused {refusal.code}"
            self.figures.refusals += 1
        except Crash:
            told = "crash"
        self.figures.gestures += 1
        self.figures.acts += ended
        changes = self.look(name, at)
        demand(not changes or ended, "atomic", name, "ended in", told, "and left", changes[:4])
        self.figures.outcomes[f"{name} {told if told.startswith('refused') else told.partition(' ')[0]}"] += 1
        self.write(f"{self.figures.gestures} {at.isoformat()} {name} {told} {len(changes)}")
        return told

    def look(self, name: str, at: datetime | None = None) -> list[Any]:
        """Let both auditors look at everything that was touched."""
        changes = noted()
        if changes:
            if name == "erase":
                demand(
                    not any(table.startswith("ledger_") for table, _how, _row in changes), "L20", "an erasure touched the books"
                )
            self.books.after(changes)
            self.work.after(changes, at or self.now)
            self.figures.checks += len(changes)
            accounts = sorted({row for table, _how, row in changes if table == "ledger_account"})
            if accounts and self.dice.random() < 0.05:
                account = self.books.accounts[self.dice.choice(accounts)]
                if account.is_member:
                    self.books.look_at(account)
        return changes

    def touched(self) -> bool:
        return bool(ask("SELECT 1 FROM noted LIMIT 1"))

    def write(self, line: str) -> None:
        self.log.update(f"{line}\n".encode())
        self.tail = [*self.tail[-24:], line]
        self.keep(line)


def answer(result: Any) -> str:
    """What a repeat must give again, as words: row numbers, a body, or whatever it was."""
    if isinstance(result, list | tuple):
        return " ".join(answer(one) for one in result[:40])
    number = getattr(result, "pk", None)
    if number is not None:
        return str(number)
    body = getattr(result, "body", None)
    if body is not None:
        return str(body.decode())
    return str(result) if isinstance(result, int | dict | None) else type(result).__name__


@contextlib.contextmanager
def telling(life: Life) -> Any:
    """A failure prints its seed and what happened last."""
    try:
        yield
    except Exception as fault:
        fault.add_note(f"seed {life.seed}, after {life.figures.gestures} gestures; the last of them:")
        for line in life.tail:
            fault.add_note(line)
        raise


__all__ = ["START", "Crash", "Life", "Violation", "telling"]

"""Random acts by several people at once, through every service of the loop; afterwards every book verifies.

Four hundred here, ten thousand in tests/long.
"""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from tests import shop as shops
from tests.surfaces.stage import photo
from wenming.core import clock
from wenming.core.actor import system
from wenming.core.errors import Refusal
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import jobs as mall_jobs
from wenming.domain.mall import queries as mall_queries
from wenming.domain.mall import services as mall
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks

ACTS = 1_000
THREADS = 4
NAMES = ("王建国", "李秀英", "王秀梅", "赵志强", "单秀兰", "张伟", "刘德福", "尉迟恭礼")


class Actors:
    """Everyone the acts are done by; made before the threads start."""

    def __init__(self, shop: shops.Shop) -> None:
        self.shop = shop
        self.village = village = shop.village
        self.villagers = [village.villager(name) for name in NAMES]
        self.people = [village.person(name) for name in NAMES]
        self.officers = {
            key: village.officer(key) for key in ("clerk", "director", "reviewer", "reviewer2", "teller", "supervisor")
        }


def declare(dice: random.Random, who: Actors, at: datetime) -> None:
    actor = dice.choice(who.villagers)
    found = rulebook_queries.items_in_force(branch_id=who.village.branch_id, on=at.date())
    items = [item for item in found if "self" in item.declarers]
    deeds.declare_deed(
        actor=actor,
        door="self",
        depositor_ids=[actor.depositor_id or 0],
        item_id=dice.choice(items).pk,
        happened_on=at.date() - timedelta(days=dice.randrange(5)),
        quantity=1,
        words="村口",
        photos=[photo()],
        submission_key=f"key-{dice.getrandbits(64):x}",
        at=at,
    )


def review(dice: random.Random, who: Actors, at: datetime) -> None:
    actor = who.officers[dice.choice(["reviewer", "reviewer2", "director"])]
    queue = list(deed_queries.declarations_to_review(actor=actor, branch_id=who.village.branch_id))
    if queue:
        chosen = dice.choice(queue)
        number = getattr(chosen, "pk", None) or chosen.declaration_id
        decision = dice.choice(["approve", "approve", "approve", "return", "reject"])
        deeds.review_declaration(
            actor=actor, declaration_id=number, decision=decision, reason="看过了", revision=chosen.revision, at=at
        )


def publish(dice: random.Random, who: Actors, at: datetime) -> None:
    deeds.publish_notice(actor=who.officers["clerk"], branch_id=who.village.branch_id, at=at)


def object_to(dice: random.Random, who: Actors, at: datetime) -> None:
    standing = notice_queries.standing_lines(branch_id=who.village.branch_id, at=at)
    if standing:
        line = dice.choice(standing)
        notices.raise_objection(actor=dice.choice(who.villagers), line_id=line.id, reason="amount", words="记多了", at=at)


def answer(dice: random.Random, who: Actors, at: datetime) -> None:
    for file in notice_queries.objections_to_answer(actor=who.officers["supervisor"], at=at):
        deeds.resolve_objection(
            actor=who.officers["supervisor"],
            objection_id=file.id,
            upheld=dice.random() < 0.5,
            answer="查过了，答复如上。",
            at=at,
        )


def order(dice: random.Random, who: Actors, at: datetime) -> None:
    actor = dice.choice(who.villagers)
    product = dice.choice([who.shop.powder_id, who.shop.ball_id])
    mall.place_order(
        actor=actor,
        product_id=product,
        branch_id=who.village.branch_id,
        depositor_id=actor.depositor_id or 0,
        quantity=1,
        submission_key=f"key-{dice.getrandbits(64):x}",
        at=at,
    )


def serve(dice: random.Random, who: Actors, at: datetime) -> None:
    waiting = list(mall_queries.orders_to_hand_over(actor=who.officers["teller"], branch_id=who.village.branch_id))
    if waiting:
        chosen = dice.choice(waiting)
        if dice.random() < 0.6:
            mall.hand_over_order(actor=who.officers["teller"], order_id=chosen.pk, at=at)
        else:
            mall.cancel_order(actor=who.officers["teller"], order_id=chosen.pk, reason="不要了", at=at)


def put_right(dice: random.Random, who: Actors, at: datetime) -> None:
    waiting = list(deed_queries.reversals_to_confirm(actor=who.officers["director"]))
    if waiting and dice.random() < 0.7:
        deeds.confirm_reversal(actor=who.officers["director"], reversal_id=waiting[0].pk, at=at, write_off=dice.random() < 0.5)
        return
    done = [
        deed
        for deed in deed_queries.declarations_of(depositor_ids=[dice.choice(who.people)], before=None, limit=30)
        if deed.status == "deposited"
    ]
    if done:
        deeds.propose_reversal(actor=who.officers["clerk"], declaration_id=dice.choice(done).pk, reason="记错人了", at=at)


def timetable(dice: random.Random, who: Actors, at: datetime) -> None:
    deed_jobs.run_due(at=at)
    mall_jobs.expire_orders(at=at)
    ledger.seal(book_id=who.village.book_id, at=at)


CHOICES = (
    declare,
    declare,
    declare,
    review,
    review,
    review,
    publish,
    object_to,
    answer,
    order,
    order,
    serve,
    put_right,
    timetable,
)


def work(seed: int, acts: int, who: Actors, start: datetime, faults: list[BaseException], tally: dict[str, int]) -> None:
    dice = random.Random(seed)
    try:
        for number in range(acts):
            at = start + timedelta(hours=number)
            act = dice.choice(CHOICES)
            try:
                act(dice, who, at)
                tally[act.__name__] = tally.get(act.__name__, 0) + 1
            except Refusal as refusal:
                tally[refusal.code] = tally.get(refusal.code, 0) + 1
    except BaseException as fault:
        faults.append(fault)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_books_verify_after_many_random_acts(at: datetime) -> None:
    live(at, range(THREADS), ACTS // THREADS)


def live(at: datetime, seeds: range, acts: int) -> None:
    """So many acts by each of so many people at once, over some days."""
    shop = shops.open_shop(at, powder=60)
    village = shop.village
    rulebooks.adopt_edition(
        actor=system("shell"),
        organisation_id=village.head_bank_id,
        items=rulebooks.starter_items(),
        in_force_from=clock.local_date(at) - timedelta(days=60),
        at=at,
        note="",
    )
    who = Actors(shop)
    for name in NAMES:
        shop.give(name, 30000)
    faults: list[BaseException] = []
    tally: dict[str, int] = {}
    threads = [threading.Thread(target=work, args=(seed, acts, who, at + timedelta(hours=1), faults, tally)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert {"declare", "review", "order", "serve", "timetable"} <= set(tally), tally
    end = at + timedelta(hours=acts, days=30)
    deed_jobs.run_due(at=end)
    mall_jobs.expire_orders(at=end)
    ledger.seal(book_id=village.book_id, at=end)
    report = ledger_queries.verify(book_id=village.book_id)
    assert report.ok, report.faults
    assert report.transactions > 50

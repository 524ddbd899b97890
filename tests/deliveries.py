"""Random ways in which the things of phones and counters without network reach the server, and what must come of them.

A schedule is made from a seed: who keeps what, and when which batch comes: late, out of order, twice, cut after some item,
its answer lost, from a phone whose log-in ended, was stolen, or whose owner lost the role meanwhile. `play` delivers it
through the real pages; `replay` delivers each thing once, cleanly, when it first came. Both must leave the same books, and
`expected` says in plain words of its own which fate each thing must have.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client, override_settings
from PIL import Image
from pytest_django import DjangoDbBlocker

from tests.surfaces import stage as stages
from wenming.core import attachments, clock
from wenming.core.actor import system
from wenming.core.models import AuditEvent, Fate
from wenming.domain.deeds.models import Declaration
from wenming.domain.depositors import services as depositors
from wenming.domain.identity import services as identity
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.ledger.models import Entry
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order, Stock, StockChange
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.domain.rulebooks import queries as rulebooks

AT = datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)
DAYS = 90
VILLAGERS = ("李秀英", "赵志强")
BUYERS = ("王建国", "王秀梅", "单秀兰", "王小雨")
SERVERS = ("teller", "clerk")
BACKEND = "wenming.domain.identity.backends.LoginNameBackend"


COUNTER = "/console/counter/outbox/"
PLACES = {
    "a1": (VILLAGERS[0], "/outbox/"),
    "a2": (VILLAGERS[0], "/outbox/"),
    "b": (VILLAGERS[1], "/outbox/"),
    "c1": (SERVERS[0], COUNTER),
    "c2": (SERVERS[1], COUNTER),
}


def picture() -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (165, 54, 43)).save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode()


PHOTO = picture()


@dataclass(frozen=True)
class Thing:
    """One item as its phone keeps it. `kind` says what the model knows of it: good, twin, unfit, wrong or served."""

    phone: str
    owner: str
    key: str
    kind: str
    body: dict[str, Any]
    made_at: datetime
    happened_on: date | None = None
    window: int = 0
    order: int = 0


@dataclass(frozen=True)
class Arrival:
    """A thing that reached the server for the first time, and the state of the world then."""

    at: datetime
    thing: Thing
    device: str


@dataclass
class World:
    """The village with orders waiting; built once, each schedule runs in a savepoint over it."""

    stage: stages.Stage
    orders: list[Order]
    items: dict[int, tuple[int, int]]
    phones: dict[str, Phone] = field(default_factory=dict)

    @property
    def start(self) -> datetime:
        return self.stage.shop.at + timedelta(days=20)


def build(stage: stages.Stage) -> World:
    """Four people with an order each: one for a week, the others for sixty days."""
    at = stage.now
    clerk = stage.village.officer("clerk", at=at)
    products = [stage.shop.powder_id]
    made = mall.add_product(
        actor=clerk, organisation_id=stage.village.branch_id, kind="goods", title="菜籽油", price=1000, cost=500, unit="桶",
        fund_id=stage.shop.fund_id, pickup_days=60, is_for_minors=True, at=at,
    )  # fmt: skip
    mall.receive_stock(actor=clerk, product_id=made.pk, branch_id=stage.village.branch_id, quantity=5, at=at)
    products.append(made.pk)
    for place, name in enumerate(BUYERS):
        stage.shop.order(name, key=f"waiting:{name}", product_id=products[place > 0], at=at)
    orders = list(Order.objects.filter(submission_key__startswith="waiting:").order_by("pk"))
    found = {one.pk: one for one in _clauses(stage)}
    for name in VILLAGERS:
        stage.village.villager(name)
    world = World(stage, orders, {pk: (one.pk, one.window_days) for pk, one in found.items()})
    world.phones = {name: Phone(world, name, *place) for name, place in PLACES.items()}
    return world


def _clauses(stage: stages.Stage) -> list[Any]:
    return [rulebooks.item(item_id=pk) for pk in stage.items.values()]


@contextmanager
def standing(blocker: DjangoDbBlocker, folder: Path) -> Iterator[World]:
    """One world for a whole module of tests, gone at the end."""
    settings = override_settings(TEST_CLOCK=str(folder / "now"), MEDIA_ROOT=folder / "media")
    with blocker.unblock(), settings, transaction.atomic():
        yield build(stages.build(AT, folder / "now"))
        transaction.set_rollback(True)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Phone:
    """A browser that keeps things and sends them; its log-in may end."""

    def __init__(self, world: World, name: str, owner: str, address: str) -> None:
        self.world, self.name, self.owner, self.address = world, name, owner, address
        self.user = get_user_model().objects.get(pk=world.stage.village.users[owner])
        self.client = Client()
        self.enter()
        self.device = self.client.get("/outbox/").json()["device"]
        self.cookies = copy.deepcopy(self.client.cookies)

    def begin(self) -> None:
        """As it was when everybody had just logged in."""
        self.client.cookies = copy.deepcopy(self.cookies)

    def enter(self) -> None:
        self.client.force_login(self.user, backend=BACKEND)

    def send(self, things: list[Thing], device: str) -> dict[str, dict[str, str]] | None:
        """The fates by key; None when the log-in had ended."""
        items = [{"key": one.key, "format": 1, "made_at": one.made_at.isoformat(), **one.body} for one in things]
        body = json.dumps({"owner": self.user.public_id, "device": device, "items": items})
        answer = self.client.post(self.address, body, "application/json")
        if answer.status_code == 302:
            return None
        assert answer.status_code == 200, answer.content
        return {fate["key"]: fate for fate in answer.json()["fates"]}


@dataclass
class Run:
    """One schedule as it was played."""

    arrivals: list[Arrival] = field(default_factory=list)
    turns: list[tuple[datetime, str]] = field(default_factory=list)
    told: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    deliveries: int = 0
    things: list[Thing] = field(default_factory=list)


def _things(world: World, chance: random.Random) -> list[Thing]:
    """What each phone keeps: deeds of two villagers, one of them with two phones; hand-overs of two counters."""
    made: list[Thing] = []
    today = clock.local_date(world.start)
    for phone, owner in (("a1", VILLAGERS[0]), ("a2", VILLAGERS[0]), ("b", VILLAGERS[1])):
        made += [_deed(world, chance, phone, owner, number, today) for number in range(chance.randint(1, 2))]
    twin = next(one for one in made if one.phone == "a1")
    if chance.random() < 0.5 and twin.kind == "good":
        copy = {name: value for name, value in twin.body.items() if name != "photos"}
        copy["photos"] = [PHOTO]
        made.append(_as(twin, phone="a2", key=_key(chance), body=copy))
    for phone, owner in zip(("c1", "c2"), SERVERS, strict=True):
        for order in chance.sample(world.orders, chance.randint(1, 2)):
            is_right = chance.random() < 0.85
            code = order.pickup_code if is_right else f"{(int(order.pickup_code) + 1) % 10**8:08d}"
            body = {"order": order.public_id, "code": code}
            kind = "served" if is_right else "wrong"
            made.append(Thing(phone, owner, _key(chance), kind, body, world.start, order=order.pk))
    return made


def _key(chance: random.Random) -> str:
    return chance.randbytes(16).hex()


def _as(thing: Thing, **more: Any) -> Thing:
    return Thing(**{**thing.__dict__, **more})


def _deed(world: World, chance: random.Random, phone: str, owner: str, number: int, today: date) -> Thing:
    clause, window = world.items[chance.choice(list(world.items))]
    day = today - timedelta(days=chance.randint(0, 5))
    is_fit = chance.random() < 0.8
    people = [world.stage.village.person(owner)] if is_fit else [world.stage.village.person("孙立")]
    body: dict[str, Any] = {"item": clause, "happened_on": day.isoformat(), "quantity": 1, "people": people}
    body |= {"words": f"{phone} {number}", "household_number": "", "person_name": "", "photos": [PHOTO]}
    made_at = world.start - timedelta(days=chance.choice((0, 0, 3, -4000)))
    return Thing(phone, owner, _key(chance), "good" if is_fit else "unfit", body, made_at, day, window)


def _events(world: World, chance: random.Random) -> list[tuple[datetime, str, Callable[[], None]]]:
    """Changes in the world, at most one of each: an office ends, somebody moves away, a phone is stolen."""
    found: list[tuple[datetime, str, Callable[[], None]]] = []

    def some_time() -> datetime:
        return world.start + timedelta(seconds=chance.randrange(DAYS * 86400))

    def end_office() -> None:
        user = world.stage.village.users["teller"]
        (office,) = organisation_queries.appointments_of(user_id=user)
        organisations.end_appointment(actor=system("shell"), appointment_id=office.appointment_id, at=clock.now())

    def move_away() -> None:
        depositors.move_depositor_out(
            actor=system("shell"), depositor_id=world.stage.village.person(VILLAGERS[1]), at=clock.now()
        )

    for name, act in (("office", end_office), ("moved", move_away), ("stolen", lambda: None)):
        if chance.random() < 0.35:
            found.append((some_time(), name, act))
    return found


def play(world: World, seed: int) -> Run:
    """Deliver one random schedule through the pages, copies and cuts and all; every answer is heard and kept."""
    chance = random.Random(seed)
    world.stage.turn_to(world.start)
    run = Run(things=_things(world, chance))
    phones = _begin(world)
    waiting = {name: [one for one in run.things if one.phone == name] for name in phones}
    plan: list[tuple[datetime, str, Callable[[], None] | None]] = list(_events(world, chance))
    for name in phones:
        span = chance.choice((1, 6, DAYS))
        for _attempt in range(chance.randint(1, 3)):
            plan.append((world.start + timedelta(seconds=chance.randrange(span * 86400)), name, None))
    plan.sort(key=lambda turn: turn[0])
    plan += [(world.start + timedelta(days=DAYS), name, None) for name in phones]
    for at, name, act in plan:
        world.stage.turn_to(at)
        if act is not None:
            _change(world, run, phones, at, name, act)
        else:
            is_last = at == world.start + timedelta(days=DAYS)
            _attempt_of(run, phones[name], waiting[name], at, chance, is_last)
    return run


def _change(world: World, run: Run, phones: dict[str, Phone], at: datetime, name: str, act: Callable[[], None]) -> None:
    run.turns.append((at, name))
    act()
    if name == "stolen":
        lost = phones["a2"]
        owner = world.stage.village.villager(VILLAGERS[0])
        identity.revoke_device(actor=owner, user_id=lost.user.pk, public_id=lost.device, at=at)


def _attempt_of(run: Run, phone: Phone, mine: list[Thing], at: datetime, chance: random.Random, is_last: bool) -> None:
    """One connection: some of what is kept, in some order, some of it twice; it may break off, or nobody may be logged in."""
    if not is_last and chance.random() < 0.15:
        phone.client.cookies.pop("sessionid", None)
    batch = list(mine)
    if not is_last:
        batch = [one for one in batch if chance.random() < 0.8]
    batch += [one for one in batch if chance.random() < 0.3]
    chance.shuffle(batch)
    if not is_last and chance.random() < 0.4:
        batch = batch[: chance.randint(0, len(batch))]
    if not batch:
        return
    run.deliveries += len(batch)
    seen = {arrival.thing.key for arrival in run.arrivals}
    told = phone.send(batch, phone.device)
    if told is None:
        phone.enter()
        told = phone.send(batch, phone.device) if is_last or chance.random() < 0.5 else None
    if told is None:
        return
    for one in batch:
        if one.key not in seen:
            seen.add(one.key)
            run.arrivals.append(Arrival(at, one, phone.device))
        fate = told[one.key]
        run.told.setdefault(one.key, []).append((fate["outcome"], fate["code"]))


def replay(world: World, run: Run, seed: int) -> None:
    """The same things, each delivered once, when it first came; the same changes in the world."""
    chance = random.Random(seed)
    world.stage.turn_to(world.start)
    _things(world, chance)
    phones = _begin(world)
    acts = {name: act for _at, name, act in _events(world, chance)}
    turns: list[tuple[datetime, int, str]] = [(at, 0, name) for at, name in run.turns]
    turns += list(dict.fromkeys((arrival.at, 1, arrival.thing.phone) for arrival in run.arrivals))
    for at, kind, name in sorted(turns, key=lambda turn: turn[:2]):
        world.stage.turn_to(at)
        if kind == 0:
            _change(world, Run(), phones, at, name, acts[name])
            continue
        come = [one.thing for one in run.arrivals if one.at == at and one.thing.phone == name]
        if phones[name].send(come, phones[name].device) is None:
            phones[name].enter()
            assert phones[name].send(come, phones[name].device) is not None


def _begin(world: World) -> dict[str, Phone]:
    for phone in world.phones.values():
        phone.begin()
    return world.phones


def books(world: World) -> dict[str, Any]:
    """Everything that may matter to anybody: deeds, orders, points, stock, money, photos, fates and the audit's acts."""
    deeds = Declaration.objects.filter(submission_key__startswith="villager:").order_by("submission_key")
    return {
        "deeds": [
            (one.submission_key, one.item_id, one.depositor_id, one.happened_on, one.words, one.status, one.declared_at)
            for one in deeds
        ],
        "photos": sum(len(attachments.of(f"deed:{one.pk}")) for one in deeds),
        "orders": list(Order.objects.order_by("pk").values_list("pk", "status", "ended_at", "ended_by")),
        "points": sorted(Entry.objects.values_list("id", "amount", "balance_after")),
        "stock": list(Stock.objects.order_by("pk").values_list("pk", "quantity")),
        "changes": StockChange.objects.count(),
        "money": world.stage.shop.money(),
        "fates": list(Fate.objects.order_by("key").values_list("key", "outcome", "code", "words", "recorded_at")),
        "acts": sorted(AuditEvent.objects.values_list("act", "user_id", "at"), key=str),
    }


def expected(world: World, run: Run) -> dict[str, str]:
    """What each thing must become, said without the product: by what came first and what held when it came."""
    outcomes: dict[str, str] = {}
    turned = {name: at for at, name in run.turns}
    until = {order.pk: order.pick_up_by for order in world.orders}
    taken: set[int] = set()
    told: set[tuple[Any, ...]] = set()
    for arrival in run.arrivals:
        thing, at = arrival.thing, arrival.at

        def over(name: str, at: datetime = at) -> bool:
            return name in turned and turned[name] <= at

        if thing.order:
            if thing.owner == "teller" and over("office") or thing.kind == "wrong":
                outcome = "refused"
            elif thing.order in taken or at >= until[thing.order]:
                outcome = "conflict"
            else:
                taken.add(thing.order)
                outcome = "applied"
        else:
            assert thing.happened_on is not None
            same = (thing.owner, thing.body["item"], thing.happened_on, thing.body["words"])
            is_late = (clock.local_date(at) - thing.happened_on).days > thing.window
            if thing.kind == "unfit" or (thing.phone == "a2" and over("stolen")) or (thing.phone == "b" and over("moved")):
                outcome = "refused"
            elif same in told:
                outcome = "duplicate"
            elif is_late:
                outcome = "refused"
            else:
                told.add(same)
                outcome = "applied"
        outcomes[thing.key] = outcome
    return outcomes


def check(world: World, seed: int, *, verify: bool = False) -> Run:
    """One schedule: same books as one clean delivery, one fate for each thing, the same in every answer, and the right one."""
    with undone():
        run = play(world, seed)
        messy = books(world)
        if verify:
            assert ledger_queries.verify().ok, seed
    with undone():
        replay(world, run, seed)
        clean = books(world)
    for part, found in messy.items():
        assert found == clean[part], f"schedule {seed}: {part}"
    outcomes = {key: outcome for key, outcome, *_rest in messy["fates"]}
    assert set(outcomes) == {one.key for one in run.things}, f"schedule {seed}: each thing has one fate"
    assert all(len(set(answers)) == 1 for answers in run.told.values()), f"schedule {seed}: a fate changed"
    assert outcomes == expected(world, run), f"schedule {seed}"
    return run

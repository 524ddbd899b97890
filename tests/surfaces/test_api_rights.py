"""Every operation against every role, made from the API's own description: who gets in where nobody should is a fault.

Each operation is called with real ids of Willow Creek by: nobody, villagers of two branches, every officer's role, another
branch's officer, a key with too narrow a scope. A success must be on the operation's list of roles AND in the right branch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from tests.shop import MORNING, Shop, open_shop
from wenming.core.actor import Actor, system
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.funds import services as funds
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import queries as mall_queries
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks
from wenming.surfaces.api.urls import api

pytestmark = pytest.mark.django_db
CALLERS = {
    "anonymous": "",
    "villager": "张伟",
    "villager_elsewhere": "孙立",
    "head_officer": "head",
    "director": "director",
    "clerk": "clerk",
    "reviewer": "reviewer",
    "teller": "teller",
    "lane_chief": "lane_chief",
    "supervisor": "supervisor",
    "director_elsewhere": "other_director",
    "clerk_elsewhere": "other_clerk",
    "reviewer_elsewhere": "other_reviewer",
}
NOT_OURS = {"villager", "villager_elsewhere", "director_elsewhere", "clerk_elsewhere", "reviewer_elsewhere"}
# What everyone with a role may read because it is about oneself alone or narrowed to one's own branches.
OWN_LISTS = {
    "who_am_i",
    "list_keys",
    "list_messages",
    "list_depositors",
    "list_declarations_to_review",
    "list_objections",
    "list_reversals_to_confirm",
    "list_open_orders",
    "list_funds",
    "verify_books",
}
OPEN_TO_THE_BRANCH = {"raise_objection", "list_shelf"}


def described() -> list[tuple[str, str, dict[str, Any]]]:
    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    return [(method.upper(), path, operation) for path, some in paths.items() for method, operation in some.items()]


OPERATIONS = {operation["operationId"]: (method, path, operation) for method, path, operation in described()}


class Stage:
    """The village with one of everything; the things belong to 王建国 (0001) at Willow Creek."""

    def __init__(self) -> None:
        self.shop = open_shop(MORNING)
        village, at = self.shop.village, MORNING
        rulebooks.adopt_edition(
            actor=village.officer("head"),
            organisation_id=village.head_bank_id,
            items=rulebooks.starter_items(),
            in_force_from=date(2026, 1, 1),
            at=at,
            note="",
        )
        self.first_item_id = rulebook_queries.items_in_force(branch_id=village.branch_id, on=at.date())[0].pk
        self.begin()
        owner = village.villager("王建国")
        self.waiting, self.hanging, approved, done = (self.declare(owner, village.person("王建国"), place) for place in range(4))
        self.reversal_id = self.post_and_question(done)
        self.approve(self.hanging)
        deeds.publish_notice(actor=village.officer("clerk"), branch_id=village.branch_id, at=at)
        self.approve(approved)
        self.notice = notice_queries.notices_on_wall(branch_id=village.branch_id)[0]
        (line,) = notice_queries.lines(notice_id=self.notice.pk, at=at)
        self.line_id = line.id
        self.objection_id = notices.raise_objection(
            actor=village.villager("单秀兰"), line_id=line.id, reason="amount", words="没有这么多", at=at
        ).pk
        self.order = self.shop.order("王建国", key="open")
        self.allow_the_cost()
        seal = ledger.seal(book_id=village.book_id, at=at)
        assert seal is not None
        self.size = seal.size
        self.client = Client()
        self.keys = {name: self.key(who) for name, who in CALLERS.items() if who}
        self.narrow = self.key("director", ["inbox:read"])

    def allow_the_cost(self) -> None:
        """The order costs more than one officer may pay alone; the director has said yes."""
        funds.set_limit(actor=system("shell"), fund_id=self.shop.fund_id, limit=1000, at=MORNING)
        subject, cost = mall_queries.subject_of(self.order.pk), self.order.cost
        director = self.shop.village.officer("director")
        funds.approve_draw(actor=director, fund_id=self.shop.fund_id, subject=subject, amount=cost, at=MORNING)

    def begin(self) -> None:
        """What a larger stage adds before anything is sealed."""

    def post_and_question(self, declaration_id: int) -> int:
        """A deed that went all the way, and the proposal to put it right."""
        village = self.shop.village
        self.approve(declaration_id)
        notice = deeds.publish_notice(actor=village.officer("clerk"), branch_id=village.branch_id, at=MORNING)
        deed_jobs.run_due(at=notice.ends_at)
        clerk = village.officer("clerk")
        return deeds.propose_reversal(actor=clerk, declaration_id=declaration_id, reason="记错了", at=notice.ends_at).pk

    def declare(self, actor: Actor, depositor_id: int, place: int) -> int:
        offers = deed_queries.declarable_items(actor=actor, depositor_id=depositor_id, on=MORNING.date(), door="self")
        free = [offer.item.pk for offer in offers if not offer.refusal and "photo" not in offer.item.evidence]
        made = deeds.declare_deed(
            actor=actor,
            door="self",
            depositor_ids=[depositor_id],
            item_id=free[place],
            happened_on=MORNING.date(),
            quantity=1,
            words="邻居们都在场，可以作证",
            photos=[],
            submission_key=f"stage-{place}",
            at=MORNING,
        )
        return made[0].pk

    def approve(self, declaration_id: int) -> None:
        for who in ("reviewer", "reviewer2", "director"):
            actor = self.shop.village.officer(who)
            declaration = deed_queries.declaration(actor=actor, declaration_id=declaration_id)
            if declaration.status == "submitted":
                deeds.review_declaration(
                    actor=actor, declaration_id=declaration_id, decision="approve", reason="", revision=1, at=MORNING
                )

    def key(self, who: str, scopes: list[str] | None = None) -> str:
        village = self.shop.village
        actor = village.officer(who) if who in village.users else village.villager(who)
        assert actor.user_id is not None
        every = sorted({scope for _m, _p, operation in OPERATIONS.values() for scope in operation["x-scopes"]})
        return identity.issue_api_key(actor=actor, user_id=actor.user_id, name="矩阵", scopes=scopes or every, at=MORNING)

    def values(self) -> dict[str, Any]:
        """A real value for every parameter and field, always 王建国's or Willow Creek's."""
        village = self.shop.village
        return {
            "depositor_id": village.person("王建国"),
            "household_id": village.households["0001"],
            "branch_id": village.branch_id,
            "organisation_id": village.branch_id,
            "declaration_id": self.waiting,
            "reversal_id": self.reversal_id,
            "number": self.notice.number,
            "line_id": self.line_id,
            "objection_id": self.objection_id,
            "product_id": self.shop.powder_id,
            "order_id": self.order.pk,
            "fund_id": self.shop.fund_id,
            "code": self.order.pickup_code,
            "public_id": "0" * 32,
            "day": "2026-03-12",
            "first": self.size,
            "second": self.size,
        }

    def body(self, name: str) -> dict[str, Any]:
        values = self.values()
        ids = {key: values[key] for key in ("branch_id", "depositor_id", "product_id", "organisation_id")}
        bodies: dict[str, dict[str, Any]] = {
            "enrol_depositor": {"branch_id": ids["branch_id"], "facts": {"name": "新来的人"}},
            "enrol_household": {"branch_id": ids["branch_id"], "number": "0777", "head": {"name": "新来的户主"}},
            "declare_deed": {
                "door": "counter",
                "depositor_ids": [ids["depositor_id"]],
                "item_id": self.first_item_id,
                "happened_on": "2026-03-12",
                "words": "大家都看见了",
            },
            "review_declaration": {"decision": "return", "reason": "再补一张照片", "revision": 1},
            "amend_declaration": {"happened_on": "2026-03-12", "words": "改一下说法"},
            "withdraw_declaration": {},
            "propose_reversal": {"reason": "重复申报"},
            "confirm_reversal": {},
            "publish_notice": {"branch_id": ids["branch_id"]},
            "raise_objection": {"reason": "amount", "words": "分数好像多了"},
            "resolve_objection": {"upheld": False, "answer": "已经核实过了"},
            "add_product": {"organisation_id": ids["organisation_id"], "kind": "goods", "title": "新毛巾", "price": 100},
            "change_product": {"price": 2100},
            "receive_stock": {"branch_id": ids["branch_id"], "quantity": 1},
            "count_stock": {"branch_id": ids["branch_id"], "counted": 3},
            "place_order": {key: ids[key] for key in ("branch_id", "depositor_id", "product_id")},
            "hand_over_order": {},
            "approve_cost": {},
            "cancel_order": {},
            "refund_order": {"reason": "坏了"},
            "open_fund": {"organisation_id": ids["organisation_id"], "source": "fiscal", "name": "新的资金"},
            "receive_money": {"number": "99", "amount": 1, "received_on": "2026-03-12"},
        }
        return bodies[name]

    def call(self, name: str, key: str) -> Any:
        method, path, operation = OPERATIONS[name]
        values = self.values()
        query = {
            parameter["name"]: values[parameter["name"]]
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query" and (parameter.get("required") or parameter["name"] in ("branch_id", "depositor_id"))
        }
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        address = path.format_map(values | {"code": "QX" if path.startswith("/api/v1/books") else values["code"]})
        if method == "GET":
            return self.client.get(address, query, headers=headers)
        headers["Idempotency-Key"] = "matrix"
        call = getattr(self.client, method.lower())
        return call(address, json.dumps(self.body(name)), content_type="application/json", headers=headers)


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Stage]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Stage()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def stopped_clock(settings: Settings, tmp_path: Path) -> datetime:
    file = tmp_path / "clock"
    file.write_text(MORNING.isoformat())
    settings.TEST_CLOCK = str(file)
    return MORNING


def may(name: str, caller: str) -> bool:
    """Whether a success of this caller would be right: listed, and not a stranger to 王建国 and Willow Creek."""
    roles = OPERATIONS[name][2]["x-roles"]
    if "public" in roles:
        return True
    if caller == "anonymous":
        return False
    role = caller.removesuffix("_elsewhere")
    if "user" not in roles and role not in roles:
        return False
    if name in OPEN_TO_THE_BRANCH:
        return not caller.endswith("_elsewhere")
    return name in OWN_LISTS or caller not in NOT_OURS


def test_every_operation_says_who() -> None:
    known = {"public", "user", "villager", *(role.value for role in depositor_queries.organisations.Role)}
    for name, (_method, _path, operation) in OPERATIONS.items():
        assert operation.get("x-roles"), f"{name} names no roles"
        assert set(operation["x-roles"]) <= known, name
        assert operation.get("x-scopes") or operation["x-roles"] == ["public"], f"{name} names no scopes"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_nobody_gets_in_where_they_should_not(stage: Stage, name: str) -> None:
    unexpected, passed = [], []
    for caller in CALLERS:
        with transaction.atomic():
            response = stage.call(name, stage.keys.get(caller, ""))
            transaction.set_rollback(True)
        assert response.status_code < 500, (caller, response.content)
        if response.status_code < 400:
            passed.append(caller)
            if not may(name, caller):
                unexpected.append(f"{caller}: {response.status_code} {response.content[:200]!r}")
        elif caller == "anonymous":
            assert response.status_code == (404 if OPERATIONS[name][2]["x-roles"] == ["public"] else 401), response.content
        else:
            assert response.status_code in (403, 404, 409, 422), (caller, response.content)
    assert unexpected == []
    if name not in CAN_NOT_SUCCEED_HERE:
        assert passed, "nobody at all gets in: the call itself is wrong, so the matrix proves nothing"


CAN_NOT_SUCCEED_HERE = {"read_proof", "propose_reversal", "refund_order"}


@pytest.mark.parametrize("name", sorted(name for name, what in OPERATIONS.items() if what[2]["x-scopes"]))
def test_a_narrow_key_opens_nothing_else(stage: Stage, name: str) -> None:
    response = stage.call(name, stage.narrow)
    assert response.status_code == 403
    assert response.json()["code"] in ("scope_missing", "not_allowed")


@pytest.mark.parametrize("name", sorted(name for name, what in OPERATIONS.items() if "{" in what[1]))
def test_strangers_learn_nothing(stage: Stage, name: str) -> None:
    """For a stranger a thing of another branch and a thing that does not exist give the same answer."""
    roles = OPERATIONS[name][2]["x-roles"]
    for caller in ("villager_elsewhere", "director_elsewhere", "clerk_elsewhere", "reviewer_elsewhere"):
        if "public" in roles or caller.removesuffix("_elsewhere") not in roles or name in ABOUT_PUBLIC_THINGS:
            continue
        assert stage.call(name, stage.keys[caller]).status_code == 404, (name, caller)


ABOUT_PUBLIC_THINGS = {"raise_objection", "receive_stock", "count_stock"}


def test_a_role_that_ended_is_gone(stage: Stage) -> None:
    from wenming.domain.organisations import queries as organisation_queries
    from wenming.domain.organisations import services as organisations

    village: Any = stage.shop.village
    assert stage.call("list_open_orders", stage.keys["teller"]).status_code == 200
    (held,) = organisation_queries.appointments_of(user_id=village.users["teller"])
    organisations.end_appointment(actor=system("shell"), appointment_id=held.appointment_id, at=MORNING)
    assert stage.call("list_open_orders", stage.keys["teller"]).status_code == 403
    assert identity_queries.user(user_id=village.users["teller"]) is not None
    assert isinstance(stage.shop, Shop)

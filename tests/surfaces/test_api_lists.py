"""Every list of the API is a keyset page: described as one, walked without gap or repeat while rows come in, flat in queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from tests.shop import MORNING
from tests.surfaces.test_api_rights import OPERATIONS, Stage, stopped_clock
from wenming.core.actor import system
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.queries import PersonFacts
from wenming.domain.funds import services as funds
from wenming.domain.inbox import services as inbox
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import services as mall
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.organisations import services as organisations
from wenming.domain.rulebooks import jobs as rule_jobs
from wenming.domain.rulebooks import services as rulebooks
from wenming.domain.rulebooks.expiry import ExpiryRule
from wenming.domain.rulebooks.queries import Expiry
from wenming.surfaces.api.urls import api

__all__ = ["stopped_clock"]
pytestmark = pytest.mark.django_db
MOST_QUERIES = 11
# Arrays that cannot grow with the books, by operation or by schema.
BOUNDED = {
    "declare_deed": "as many as were sent",
    "who_am_i": "one's own offices",
    "read_household": "one family",
    "enrol_household": "one family",
    "read_consistency": "grows with the logarithm of the book",
    "read_proof": "grows with the logarithm of the book",
    "verify_books": "the first faults alone",
}


def lists() -> list[str]:
    return sorted(name for name, (method, _path, _what) in OPERATIONS.items() if method == "GET" and name.startswith("list_"))


def answer_of(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of the good answer, looked up."""
    (status,) = [code for code in operation["responses"] if str(code).startswith("2")]
    found: dict[str, Any] = operation["responses"][status]["content"]["application/json"]["schema"]
    return schemas[found["$ref"].rsplit("/", 1)[1]] if "$ref" in found else found


def faults_of(name: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    """What keeps an operation from being a list of bounded pages; empty when it is one, or no list at all."""
    answer = answer_of(operation, schemas)
    arrays = [key for key, value in answer.get("properties", {}).items() if value.get("type") == "array"]
    if answer.get("type") == "array":
        return [f"{name}: a bare array has no end"]
    if not arrays or name in BOUNDED:
        return []
    if method != "get" or arrays != ["items"] or "next" not in answer["properties"]:
        return [f"{name}: {arrays} and no cursor"]
    asked = {one["name"]: one["schema"] for one in operation.get("parameters", []) if one["in"] == "query"}
    limit = asked.get("limit", {})
    wanted = {"default": 50, "minimum": 1, "maximum": 200}
    if "cursor" not in asked or {key: limit.get(key) for key in wanted} != wanted:
        return [f"{name}: no cursor, or limit is not 1 to 200 with 50 as usual"]
    return [] if name.startswith("list_") or name == "read_statement" else [f"{name}: a list is called list_…"]


def test_no_list_without_a_cursor() -> None:
    described = api.get_openapi_schema(path_prefix="/api/v1/")
    schemas = described["components"]["schemas"]
    faults = [
        fault
        for operations in described["paths"].values()
        for method, operation in operations.items()
        for fault in faults_of(operation["operationId"], method, operation, schemas)
    ]
    assert faults == []
    assert len(lists()) >= 20


@pytest.mark.parametrize(
    ("answer", "parameters"),
    [
        ({"type": "array", "items": {}}, []),
        ({"type": "object", "properties": {"items": {"type": "array"}}}, []),
        ({"type": "object", "properties": {"items": {"type": "array"}, "next": {"type": "string"}}}, []),
        (
            {"type": "object", "properties": {"items": {"type": "array"}, "next": {"type": "string"}}},
            [{"name": name, "in": "query", "schema": {"default": 50, "minimum": 1}} for name in ("cursor", "limit")],
        ),
    ],
)
def test_the_test_above_can_fail(answer: dict[str, Any], parameters: list[dict[str, Any]]) -> None:
    response = {"content": {"application/json": {"schema": answer}}}
    assert faults_of("list_new_things", "get", {"responses": {"200": response}, "parameters": parameters}, {})


@dataclass
class Walk:
    """One list: who reads it, where, and how a row is added to it meanwhile."""

    caller: str
    path: str
    add: Callable[[int], object] | None = None
    query: dict[str, Any] = field(default_factory=dict)


class Lists(Stage):
    """The stage of the rights with several rows in every list."""

    def __init__(self) -> None:
        super().__init__()
        self.village = self.shop.village
        self.keys["王建国"] = self.key("王建国")
        self.head, self.clerk, self.director = (self.village.officer(who) for who in ("head", "clerk", "director"))
        self.add_bank(9)
        self.add_edition(0)
        self.product_ids = [self.add_product(place) for place in range(3)]
        for place in range(3):
            self.add_fund(place)
            self.add_message(place)
            self.add_draw(place)
            self.add_order(place)
            self.add_key(place)
        done = [self.declare_for(name, 10 + place) for place, name in enumerate(("刘德福", "陈桂花", "尉迟恭礼"))]
        noticed = self.hang(done)
        deed_jobs.run_due(at=noticed.ends_at)
        for declaration_id in done:
            deeds.propose_reversal(actor=self.clerk, declaration_id=declaration_id, reason="登了两遍", at=noticed.ends_at)
        self.hung = self.hang([self.declare_for(name, 20 + place) for place, name in enumerate(("刘德福", "张伟", "曾静"))])
        self.lines = notice_queries.lines(notice_id=self.hung.pk, at=MORNING)
        for line in self.lines:
            self.object("单秀兰", line.id)
        for place in range(3):
            self.declare_for("王秀梅", 30 + place)

    def add_fund(self, place: int) -> None:
        funds.open_fund(
            actor=self.director, organisation_id=self.village.branch_id, source="fiscal", name=f"资金{place}", at=MORNING
        )

    def add_receipt(self, place: int) -> None:
        funds.receive_money(
            actor=self.clerk, fund_id=self.shop.fund_id, amount=100, number=f"R{place}", payer="", received_on=MORNING.date(),
            at=MORNING,
        )  # fmt: skip

    def add_draw(self, place: int) -> None:
        """A redemption that was handed over: a draw on the fund, and a receipt of the day."""
        self.add_receipt(100 + place)
        order = self.shop.order("王秀梅" if place % 2 else "张伟", key=f"draw{place}", product_id=self.product_ids[place % 3])
        mall.hand_over_order(
            actor=self.village.officer("teller"),
            order_id=order.pk,
            code=order.pickup_code,
            at=MORNING + timedelta(seconds=place),
        )

    def add_product(self, place: int) -> int:
        product_id = mall.add_product(
            actor=self.clerk, organisation_id=self.village.branch_id, kind="goods", title=f"毛巾{place}", price=100 + place,
            at=MORNING, fund_id=self.shop.fund_id, cost=10,
        ).pk  # fmt: skip
        mall.receive_stock(actor=self.clerk, product_id=product_id, branch_id=self.village.branch_id, quantity=50, at=MORNING)
        return product_id

    def add_order(self, place: int) -> None:
        self.shop.order("王建国", key=f"order{place}", product_id=self.product_ids[place % 3])

    def add_key(self, _place: int) -> None:
        self.key("王建国", ["me:read"])

    def add_message(self, place: int) -> None:
        inbox.send(to=self.village.users["王建国"], about="deeds.deposited", subject=f"deed:{place}", at=MORNING)

    def declare_for(self, name: str, place: int) -> int:
        """One declaration at the counter, of a clause and a day that nobody used before."""
        teller, depositor_id = self.village.officer("teller"), self.village.person(name)
        offers = deed_queries.declarable_items(actor=teller, depositor_id=depositor_id, on=MORNING.date(), door="counter")
        free = [offer.item for offer in offers if not offer.refusal and offer.item.value_kind == "fixed"]
        made = deeds.declare_deed(
            actor=teller,
            door="counter",
            depositor_ids=[depositor_id],
            item_id=free[place % len(free)].pk,
            happened_on=MORNING.date(),
            quantity=1,
            words="邻居们都在场，可以作证",
            photos=[],
            submission_key=f"list-{name}-{place}",
            at=MORNING,
        )
        return made[0].pk

    def hang(self, ids: list[int]) -> notice_queries.Notice:
        for declaration_id in ids:
            self.approve(declaration_id)
        return deeds.publish_notice(
            actor=self.clerk, branch_id=self.village.branch_id, declaration_ids=ids, at=MORNING, workdays=7
        )

    def object(self, name: str, line_id: int) -> None:
        notices.raise_objection(
            actor=self.village.villager(name), line_id=line_id, reason="amount", words="没有这么多", at=MORNING
        )

    def add_person(self, place: int) -> None:
        depositors.enrol_depositor(
            actor=self.clerk, branch_id=self.village.branch_id, kind="person", facts=PersonFacts(name=f"王新{'甲乙丙丁'[place]}"),
            at=MORNING,
        )  # fmt: skip

    def add_branch(self, place: int) -> None:
        organisations.open_branch(
            actor=self.head, head_bank_id=self.village.head_bank_id, code=f"N{place}1", name=f"新{place}分行", village_codes=[],
            at=MORNING,
        )  # fmt: skip

    def add_bank(self, place: int) -> None:
        organisations.open_head_bank(actor=system("shell"), code=f"BK{place}", name=f"镇{place}总行", at=MORNING)
        ledger.seal(book_id=self.village.book_id, at=MORNING)

    def add_reversal(self, place: int) -> None:
        """A deed that is posted at once and found wrong."""
        declaration_id = self.declare_for("曾静", 50 + place)
        notice = self.hang([declaration_id])
        deed_jobs.run_due(at=notice.ends_at)
        deeds.propose_reversal(actor=self.clerk, declaration_id=declaration_id, reason="登了两遍", at=notice.ends_at)

    def begin(self) -> None:
        """At 河湾 points last half a year, and some go on the first of April."""
        rulebooks.adopt_edition(
            actor=system("shell"),
            organisation_id=self.shop.village.other_branch_id,
            items=rulebooks.starter_items(),
            in_force_from=date(2025, 6, 1),
            at=MORNING,
            rule=ExpiryRule(Expiry.AFTER_MONTHS, months=6),
        )
        for name in ("孙立", "周敏", "吴强"):
            self.add_old(name)
        rule_jobs.expire_points(at=MORNING)

    def add_old(self, name: str) -> None:
        passbook = depositor_queries.passbook_of(depositor_id=self.shop.village.person(name))
        posting = ledger.Posting(
            ledger.Kind.OPENING_BALANCE,
            f"opening:{passbook.pk}",
            (ledger.Move("opening", passbook.points_account_id, 100),),
            f"old:{name}",
            MORNING - timedelta(days=180),
            MORNING - timedelta(days=180),
        )
        ledger.post(book_id=self.shop.village.book_id, posting=posting)

    def add_edition(self, place: int) -> None:
        rulebooks.adopt_edition(
            actor=system("shell"),
            organisation_id=self.village.branch_id,
            items=rulebooks.starter_items()[:3],
            in_force_from=date(2027, 1, 1 + place),
            at=MORNING,
            rule=ExpiryRule(Expiry.YEAR_END, carry_percent=place),
        )

    def walks(self) -> dict[str, Walk]:
        branch, fund, person = (f"/branches/{self.village.branch_id}", f"/funds/{self.shop.fund_id}", self.village.person)
        mine = {"depositor_id": person("王建国")}
        return {
            "list_books": Walk("clerk", "/books", self.add_bank),
            "list_branches": Walk("clerk", "/branches", self.add_branch),
            "list_day_receipts": Walk("clerk", f"{branch}/receipts", lambda n: self.add_draw(10 + n), {"day": "2026-03-12"}),
            "list_declarable_items": Walk("clerk", f"/depositors/{person('王建国')}/declarable-items", None, {"door": "counter"}),
            "list_declarations": Walk(
                "clerk", "/declarations", lambda n: self.declare_for("王建国", 60 + n), {"depositor_id": person("王建国")}
            ),
            "list_declarations_to_review": Walk("reviewer", "/declarations/to-review", lambda n: self.declare_for("赵志强", n)),
            "list_depositors": Walk("clerk", "/depositors", self.add_person, {"branch_id": self.village.branch_id}),
            "list_draws": Walk("clerk", f"{fund}/draws", lambda n: self.add_draw(10 + n)),
            "list_editions": Walk("clerk", f"{branch}/editions", lambda n: self.add_edition(1 + n)),
            "list_expiry_losses": Walk("clerk_elsewhere", f"/branches/{self.village.other_branch_id}/expiry/losses"),
            "list_funds": Walk("director", "/funds", lambda n: self.add_fund(10 + n)),
            "list_keys": Walk("王建国", "/keys", self.add_key),
            "list_messages": Walk("王建国", "/messages", self.add_message),
            "list_notice_lines": Walk("clerk", f"/notices/{self.hung.number}/lines"),
            "list_notices": Walk("clerk", f"{branch}/notices", lambda n: self.hang([self.declare_for("李秀英", n)])),
            "list_objections": Walk("supervisor", "/objections", lambda n: self.object("尉迟恭礼", self.lines[n].id)),
            "list_open_orders": Walk("teller", "/orders/open", lambda n: self.add_order(10 + n)),
            "list_orders": Walk("clerk", "/orders", lambda n: self.add_order(10 + n), mine),
            "list_receipts": Walk("clerk", f"{fund}/receipts", self.add_receipt),
            "list_reversals_to_confirm": Walk("director", "/reversals/to-confirm", self.add_reversal),
            "list_rule_items": Walk("clerk", f"{branch}/rule-items"),
            "list_shelf": Walk("clerk", f"{branch}/shelf", lambda n: self.add_product(10 + n)),
            "list_stock": Walk("clerk", f"{branch}/stock", lambda n: self.add_product(10 + n)),
            "read_statement": Walk(
                "clerk", f"/depositors/{person('王秀梅')}/statement", lambda n: self.shop.give("王秀梅", 300 + n)
            ),
        }

    def page(self, walk: Walk, **query: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.keys[walk.caller]}"}
        response = self.client.get(f"/api/v1{walk.path}", walk.query | query, headers=headers)
        assert response.status_code == 200, response.content
        return dict(response.json())


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Lists]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Lists()
        transaction.set_rollback(True)


def name_of(row: dict[str, Any]) -> str:
    """What tells the rows of a list apart."""
    for key in ("id", "item_id", "sequence", "product_id", "book"):
        if key in row:
            return str(row[key])
    return json.dumps(row, sort_keys=True)


LISTS = [*lists(), "read_statement"]


@pytest.mark.parametrize("name", LISTS)
def test_a_walk_meets_every_row_once(stage: Lists, name: str) -> None:
    """Two rows come in while the list is walked; what stood there before is met exactly once, nothing twice."""
    with transaction.atomic():
        walk = stage.walks()[name]
        whole = stage.page(walk, limit=200)
        before = [name_of(row) for row in whole["items"]]
        assert len(before) >= 2 and not whole["next"], "too few rows to prove anything"
        seen, cursor, size = [], "", max(1, len(before) // 4)
        for turn in range(len(before) + 5):
            page = stage.page(walk, limit=size, **({"cursor": cursor} if cursor else {}))
            assert len(page["items"]) <= size
            seen += [name_of(row) for row in page["items"]]
            cursor = page["next"]
            if not cursor:
                break
            if walk.add is not None and turn < 2:
                walk.add(turn)
        assert not cursor
        assert len(seen) == len(set(seen)) and set(before) <= set(seen)
        assert [row for row in seen if row in before] == before, "the order of the list is not the order of the walk"
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", LISTS)
def test_queries_do_not_grow_with_the_page(stage: Lists, name: str) -> None:
    walk = stage.walks()[name]
    counts = []
    for limit in (1, 200):
        with CaptureQueriesContext(connection) as captured:
            rows = stage.page(walk, limit=limit)["items"]
        counts.append(len(captured))
    assert len(rows) > 1 and counts[0] == counts[1] <= MOST_QUERIES, counts


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "query",
    [{"cursor": "x"}, {"cursor": "A" * 65}, {"cursor": "MTI."}, {"limit": 201}, {"limit": 10**9}, {"limit": 0}, {"limit": "-1"}],
)
def test_bad_pages_are_named(stage: Lists, name: str, query: dict[str, Any]) -> None:
    walk = stage.walks()[name]
    headers = {"Authorization": f"Bearer {stage.keys[walk.caller]}"}
    response = stage.client.get(f"/api/v1{walk.path}", walk.query | query, headers=headers)
    assert response.status_code == 422 and list(response.json()["fields"]) == list(query), response.content


def test_a_page_is_fifty_rows_unless_told(stage: Lists) -> None:
    with transaction.atomic():
        walk = stage.walks()["list_messages"]
        for place in range(60):
            stage.add_message(place)
        assert len(stage.page(walk)["items"]) == 50
        transaction.set_rollback(True)


def test_a_search_is_walked_too(stage: Lists) -> None:
    walk = Walk("clerk", "/depositors", None, {"branch_id": stage.village.branch_id, "text": "w"})
    found = [row["name"] for row in stage.page(walk, limit=200)["items"]]
    assert len(found) >= 4 and {"王建国", "王秀梅"} <= set(found)
    seen, cursor = [], ""
    while True:
        page = stage.page(walk, limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [row["name"] for row in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == found
    blank = Walk("clerk", "/depositors", None, {"branch_id": stage.village.branch_id, "text": "\u200b"})
    assert stage.page(blank)["items"] == []


def test_rules_of_a_day_without_an_edition(stage: Lists) -> None:
    walk = stage.walks()["list_rule_items"]
    walk.query = {"on": date(2019, 1, 1).isoformat()}
    assert stage.page(walk) == {"items": [], "next": ""}

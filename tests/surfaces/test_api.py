"""The REST API: one error shape, keys of programs, sessions, saying it twice, pages, the walk from deed to rice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from tests import village as villages
from tests.shop import Shop, standing_shop
from wenming.core import idempotency
from wenming.core.models import IdempotencyRecord
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.identity import services as identity
from wenming.domain.ledger import services as ledger
from wenming.domain.mall.models import Order
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks

pytestmark = pytest.mark.django_db
EVERYTHING = [
    "me:read", "depositors:read", "depositors:write", "passbooks:read", "deeds:read", "deeds:write", "deeds:review",
    "deeds:reverse", "notices:read", "notices:write", "notices:object", "notices:answer", "mall:read", "mall:write",
    "mall:hand_over", "funds:read", "funds:write", "ledger:verify",
]  # fmt: skip


class Caller:
    """A program with a key: sends JSON, reads JSON, has a fresh Idempotency-Key for each write."""

    def __init__(self, key: str = "") -> None:
        self.client, self.headers, self.count = Client(), {"Authorization": f"Bearer {key}"} if key else {}, 0

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self.read(self.client.get(f"/api/v1{path}", query, headers=self.headers))

    def send(self, path: str, body: Any, *, key: str | None = None, method: str = "post") -> tuple[int, Any]:
        self.count += 1
        headers = self.headers | {"Idempotency-Key": key or f"test-{id(self)}-{self.count}"}
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        call = getattr(self.client, method)
        return self.read(call(f"/api/v1{path}", text, content_type="application/json", headers=headers))

    @staticmethod
    def read(response: Any) -> tuple[int, Any]:
        assert response["Content-Type"].startswith("application/json"), response.content[:200]
        body = response.json()
        if response.status_code >= 400:
            assert set(body) == {"code", "message", "fields"}
            assert re.search(r"[\u4e00-\u9fff]", body["message"]), body
        return response.status_code, body


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Shop]:
    with standing_shop(django_db_blocker) as shop:
        yield shop


@pytest.fixture
def shop(built: Shop, at: datetime, settings: Settings, tmp_path: Path) -> Shop:
    set_clock(settings, tmp_path, at)
    return deepcopy(built)


def set_clock(settings: Settings, folder: Path, at: datetime) -> None:
    file = folder / "clock"
    file.write_text(at.isoformat())
    settings.TEST_CLOCK = str(file)


def key_of(shop: Shop, who: str, scopes: list[str] | None = None) -> Caller:
    """A key for an officer (`teller`) or a villager (`王建国`)."""
    village = shop.village
    actor = village.officer(who) if who in village.users else village.villager(who)
    assert actor.user_id is not None
    key = identity.issue_api_key(actor=actor, user_id=actor.user_id, name="测试", scopes=scopes or EVERYTHING, at=shop.at)
    return Caller(key)


def order_body(shop: Shop, name: str, **more: Any) -> dict[str, Any]:
    village = shop.village
    return {"product_id": shop.powder_id, "branch_id": village.branch_id, "depositor_id": village.person(name), **more}


def test_description_is_public_and_complete() -> None:
    status, body = Caller().get("/openapi.json")
    assert status == 200
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            assert operation["x-roles"], (path, method)
            assert "x-scopes" in operation and (operation["x-scopes"] or "public" in operation["x-roles"]), (path, method)
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            assert ("Idempotency-Key" in names) == (method != "get"), (path, method)
            assert {"400", "401", "404", "422"} <= set(operation["responses"])


def test_who_am_i(shop: Shop) -> None:
    status, body = key_of(shop, "teller", ["me:read"]).get("/me")
    assert status == 200 and body["scopes"] == ["me:read"]
    assert [grant["role"] for grant in body["grants"]] == ["teller"]


@pytest.mark.parametrize("header", ["", "Bearer wm_x_y", "Bearer ", "Basic abc", "Bearer wm_00000000_" + "0" * 64])
def test_without_a_valid_key(shop: Shop, header: str) -> None:
    caller = Caller()
    caller.headers = {"Authorization": header} if header else {}
    status, body = caller.get("/me")
    assert (status, body["code"]) == (401, "unauthenticated")


def test_scopes_narrow_a_key(shop: Shop) -> None:
    caller = key_of(shop, "teller", ["me:read"])
    status, body = caller.get("/orders/open")
    assert (status, body["code"]) == (403, "scope_missing")


def test_revoked_key_is_over_at_once(shop: Shop) -> None:
    from wenming.domain.identity import queries as identity_queries

    caller = key_of(shop, "teller")
    actor = shop.village.officer("teller")
    assert caller.get("/me")[0] == 200 and actor.user_id is not None
    (card,) = identity_queries.api_keys_of(user_id=actor.user_id)
    identity.revoke_api_key(actor=actor, key_id=card.id, at=shop.at)
    assert caller.get("/me")[0] == 401


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ("{", 400, "bad_json", None),
        ("", 400, "bad_json", None),
        ('{"quantity": NaN}', 400, "bad_json", None),
        ('{"quantity": 99999999999999999999}', 400, "bad_json", None),
        ('{"quantity": 1, "quantity": 2}', 400, "bad_json", None),
        ("[" * 100 + "]" * 100, 400, "bad_json", None),
        ("[]", 422, "wrong_input", None),
        ("{}", 422, "wrong_input", "product_id"),
        ({"quantity": 0}, 422, "wrong_input", "quantity"),
        ({"quantity": 101}, 422, "wrong_input", "quantity"),
        ({"quantity": 1.5}, 422, "wrong_input", "quantity"),
        ({"quantity": "1"}, 422, "wrong_input", "quantity"),
        ({"quantity": True}, 422, "wrong_input", "quantity"),
        ({"price": 1}, 422, "wrong_input", "price"),
        ({"depositor_id": None}, 422, "wrong_input", "depositor_id"),
    ],
)
def test_bad_input_is_named(shop: Shop, body: Any, status: int, code: str, field: str | None) -> None:
    caller = key_of(shop, "teller")
    sent = order_body(shop, "王建国") | body if isinstance(body, dict) else body
    got, answer = caller.send("/orders", sent)
    assert (got, answer["code"]) == (status, code), answer
    if field is not None:
        assert field in answer["fields"]
    assert not Order.objects.exists() and not IdempotencyRecord.objects.exists()


def test_not_utf8(shop: Shop) -> None:
    assert key_of(shop, "teller").send("/orders", b'{"quantity": "\xff\xfe"}')[0] == 400


@pytest.mark.parametrize(
    "query", [{"limit": 201}, {"limit": 0}, {"limit": "x"}, {"cursor": "!!"}, {"cursor": "eHh4"}, {"cursor": "é"}]
)
def test_bad_pages(shop: Shop, query: dict[str, Any]) -> None:
    status, body = key_of(shop, "teller").get("/orders/open", **query)
    assert status == 422 and list(body["fields"]) == list(query)


def test_wrong_addresses_and_methods() -> None:
    assert Caller().get("/nowhere")[1]["code"] == "not_found"
    assert Caller().get("/branches/x/rule-items")[0] == 422
    assert Caller().get("/branches/999999/rule-items")[0] == 404
    status, body = Caller().send("/branches", {})
    assert (status, body["code"]) == (405, "method_not_allowed")
    assert Caller().get("/transactions/" + "0" * 32 + "/proof")[0] == 404


def test_key_is_required_and_well_formed(shop: Shop) -> None:
    caller = key_of(shop, "teller")
    response = caller.client.post(
        "/api/v1/orders", json.dumps(order_body(shop, "王建国")), content_type="application/json", headers=caller.headers
    )
    assert (response.status_code, response.json()["code"]) == (400, "key_missing")
    assert caller.send("/orders", order_body(shop, "王建国"), key="两只老虎")[1]["code"] == "key_malformed"
    assert not Order.objects.exists()


def test_same_key_same_body_same_answer(shop: Shop) -> None:
    caller = key_of(shop, "teller")
    body = order_body(shop, "王建国", quantity=2)
    first, again = (caller.send("/orders", body, key="k-1") for _ in range(2))
    assert first == again and first[0] == 201
    assert Order.objects.count() == 1 and shop.points_of("王建国") == 6000
    status, answer = caller.send("/orders", body | {"quantity": 1}, key="k-1")
    assert (status, answer["code"]) == (409, "key_reused")
    other = key_of(shop, "王秀梅")
    assert other.send("/orders", order_body(shop, "王秀梅"), key="k-1")[0] == 201


def test_refused_key_stays_free(shop: Shop) -> None:
    caller = key_of(shop, "teller")
    body = order_body(shop, "李秀英")
    for _ in range(2):
        status, answer = caller.send("/orders", body, key="k-1")
        assert (status, answer["code"], answer["message"]) == (422, "mall.too_few_points", "还差 20 分。家里人可以一起凑。")
    assert not IdempotencyRecord.objects.exists()
    shop.give("李秀英", 5000)
    assert caller.send("/orders", body, key="k-1")[0] == 201


def test_kept_answers_cannot_be_read_from_the_store(shop: Shop) -> None:
    key_of(shop, "teller").send("/orders", order_body(shop, "王建国"), key="k-1")
    (record,) = IdempotencyRecord.objects.all()
    assert "洗衣粉".encode() not in bytes(record.answer) and b"title" not in bytes(record.answer)


def test_the_guard_is_the_key(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: without the store's unique key and the look-up, the same delivery counts twice."""
    caller = key_of(shop, "teller")
    body = {"branch_id": shop.village.branch_id, "quantity": 5}
    for _ in range(2):
        caller.send(f"/products/{shop.powder_id}/deliveries", body, key="k-1")
    assert caller.get(f"/branches/{shop.village.branch_id}/stock")[1]["items"][0]["left"] == 15
    monkeypatch.setattr(idempotency, "once", lambda *, do, **_rest: do())
    for _ in range(2):
        caller.send(f"/products/{shop.powder_id}/deliveries", body, key="k-2")
    assert caller.get(f"/branches/{shop.village.branch_id}/stock")[1]["items"][0]["left"] == 25


def test_sessions_need_the_token_on_writes(shop: Shop) -> None:
    village = shop.village
    villages.log_in(village, "teller")
    client = Client(enforce_csrf_checks=True)
    user = identity_user(village.users["teller"])
    client.force_login(user, backend="wenming.domain.identity.backends.LoginNameBackend")
    session = client.session
    session["token_version"] = user.token_version
    session.save()
    assert client.get("/api/v1/me").status_code == 200
    body = json.dumps(order_body(shop, "王建国"))
    headers = {"Idempotency-Key": "k-1"}
    refused = client.post("/api/v1/orders", body, content_type="application/json", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    client.cookies["csrftoken"] = "a" * 32
    headers["X-CSRFToken"] = "a" * 32
    assert client.post("/api/v1/orders", body, content_type="application/json", headers=headers).status_code == 201


def identity_user(user_id: int) -> Any:
    from wenming.domain.identity import queries as identity_queries

    return identity_queries.user(user_id=user_id)


def test_pages_join_without_gap_or_repeat(shop: Shop) -> None:
    caller = key_of(shop, "teller")
    for number, name in enumerate(("王建国", "王秀梅", "张伟", "单秀兰")):
        shop.order(name, key=f"p{number}")
    seen, cursor = [], ""
    while True:
        _status, body = caller.get("/orders/open", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [row["id"] for row in body["items"]]
        cursor = body["next"]
        if not cursor:
            break
    assert seen == sorted(Order.objects.values_list("pk", flat=True)) and len(seen) == 4


def test_code_is_for_the_buyer_alone(shop: Shop) -> None:
    order = shop.order("王建国", key="a")
    assert key_of(shop, "王建国").get(f"/orders/{order.pk}")[1]["pickup_code"] == order.pickup_code
    assert key_of(shop, "teller").get(f"/orders/{order.pk}")[1]["pickup_code"] == ""
    assert key_of(shop, "张伟").get(f"/orders/{order.pk}")[0] == 404


def test_entries_are_read_as_at_home(shop: Shop) -> None:
    """Of another grown-up of the household a grown-up gets the balance; the entries once that one allows it; of a child all."""
    wife, husband = key_of(shop, "李秀英"), shop.village.person("王建国")
    assert wife.get(f"/depositors/{husband}/passbook")[0] == 200
    entries = (f"/depositors/{husband}/statement", {}), ("/declarations", {"depositor_id": husband})
    assert [wife.get(path, **query)[0] for path, query in entries] == [404, 404]
    key_of(shop, "王建国")
    identity.set_preference(user_id=shop.village.users["王建国"], name="family", value="open")
    assert [wife.get(path, **query)[0] for path, query in entries] == [200, 200]
    assert wife.get(f"/depositors/{shop.village.person('王小雨')}/statement")[0] == 200
    assert key_of(shop, "王小雨").get(f"/depositors/{husband}/statement")[0] == 404


def test_counter(shop: Shop) -> None:
    teller, buyer, clerk = key_of(shop, "teller"), key_of(shop, "王建国"), key_of(shop, "clerk")
    status, placed = buyer.send("/orders", order_body(shop, "王建国", price_seen=2000))
    assert (status, placed["status"], placed["price"]) == (201, "placed", 2000)
    assert teller.get(f"/orders/by-code/{placed['pickup_code']}")[1]["id"] == placed["id"]
    assert buyer.send(f"/orders/{placed['id']}/hand-over", {})[0] == 403
    assert teller.send(f"/orders/{placed['id']}/hand-over", {"code": placed["pickup_code"]})[1]["status"] == "collected"
    status, answer = teller.send(f"/orders/{placed['id']}/hand-over", {"code": placed["pickup_code"]})
    assert (status, answer["code"], answer["message"]) == (409, "mall.already_collected", "这个码 3月12日 09:30 领过了。")
    assert clerk.get("/funds")[1]["items"][0]["balance"] == 98_500
    assert clerk.send(f"/orders/{placed['id']}/refund", {"reason": "坏了"})[1]["status"] == "refunded"
    day = Caller().get(f"/branches/{shop.village.branch_id}/receipts", day="2026-03-12")
    assert day == (200, {"items": [], "next": ""})


def test_shelf_and_funds_are_kept_over_the_api(shop: Shop) -> None:
    director, clerk, village = key_of(shop, "director"), key_of(shop, "clerk"), shop.village
    status, fund = director.send("/funds", {"organisation_id": village.branch_id, "source": "collective", "name": "集体分红"})
    assert status == 201
    receipt = {"number": "8", "payer": "村集体", "amount": 5000, "received_on": "2026-03-12"}
    assert clerk.send(f"/funds/{fund['id']}/receipts", receipt)[0] == 201
    assert clerk.get(f"/funds/{fund['id']}/receipts")[1]["items"][0]["amount"] == 5000
    body = {
        "organisation_id": village.branch_id,
        "kind": "goods",
        "title": "大米",
        "price": 5000,
        "cost": 100,
        "fund_id": fund["id"],
    }
    status, product = clerk.send("/products", body)
    assert status == 201
    changed = clerk.send(f"/products/{product['id']}", {"price": 4500}, method="patch")
    assert (changed[1]["price"], changed[1]["cost"]) == (4500, 100)
    delivered = clerk.send(f"/products/{product['id']}/deliveries", {"branch_id": village.branch_id, "quantity": 3})
    counted = clerk.send(f"/products/{product['id']}/counts", {"branch_id": village.branch_id, "counted": 2})
    assert (delivered[1]["left"], counted[1]["left"]) == (3, 2)
    titles = [row["title"] for row in key_of(shop, "王建国").get(f"/branches/{village.branch_id}/shelf")[1]["items"]]
    assert "大米" in titles


def test_people_are_enrolled_and_found(shop: Shop) -> None:
    clerk, village = key_of(shop, "clerk"), shop.village
    home = {"branch_id": village.branch_id, "number": "0099", "head": {"name": "郑成功", "born_on": "1980-01-01"}}
    status, household = clerk.send("/households", home)
    assert status == 201 and household["members"][0]["name"] == "郑成功"
    facts = {
        "branch_id": village.branch_id,
        "facts": {"name": "郑小小", "born_on": "1999-01-01"},
        "household_id": household["id"],
    }
    status, person = clerk.send("/depositors", facts)
    assert status == 201
    assert clerk.get(f"/households/{household['id']}")[1]["members"][1]["id"] == person["id"]
    found = clerk.get("/depositors", branch_id=village.branch_id, text="zheng")[1]["items"]
    assert {row["name"] for row in found} == {"郑成功", "郑小小"}
    wrong = clerk.send("/depositors", facts | {"facts": {"name": "郑", "id_number": "123"}})
    assert wrong[0] == 422 and "id_number" in wrong[1]["fields"]


def test_from_deed_to_rice(shop: Shop, settings: Settings, tmp_path: Path) -> None:
    """The closed loop over the API: declare, review, notice, post, statement with proof, order."""
    village = shop.village
    rulebooks.adopt_edition(
        actor=village.officer("head"),
        organisation_id=village.head_bank_id,
        items=rulebooks.starter_items(),
        in_force_from=date(2026, 1, 1),
        at=shop.at,
        note="村民代表会议通过",
    )
    villager, reviewer, clerk = key_of(shop, "王秀梅"), key_of(shop, "reviewer"), key_of(shop, "clerk")
    rules = Caller().get(f"/branches/{village.branch_id}/rule-items", limit=200)[1]["items"]
    assert len(rules) == rulebook_queries.items_in_force(branch_id=village.branch_id, on=date(2026, 3, 12)).count() >= 45
    offers = villager.get(f"/depositors/{village.person('王秀梅')}/declarable-items")[1]["items"]
    item = next(rule for rule in rules if rule["id"] == next(o["item_id"] for o in offers if not o["refusal"]))
    body = {
        "door": "self",
        "depositor_ids": [village.person("王秀梅")],
        "item_id": item["id"],
        "happened_on": "2026-03-11",
        "words": "在村口帮忙清扫了一上午，李秀英可以作证",
        "photos": [PICTURE],
    }
    status, made = villager.send("/declarations", body)
    assert status == 201, made
    declaration = made["items"][0]
    assert [row["id"] for row in reviewer.get("/declarations/to-review")[1]["items"]] == [declaration["id"]]
    review = {"decision": "approve", "revision": declaration["revision"]}
    status, reviewed = reviewer.send(f"/declarations/{declaration['id']}/reviews", review)
    assert status == 201 and reviewed["points"] and reviewed["why"], reviewed
    if reviewed["status"] == "submitted":
        status, reviewed = key_of(shop, "reviewer2").send(f"/declarations/{declaration['id']}/reviews", review)
    if reviewed["status"] == "approved":
        assert clerk.send("/notices", {"branch_id": village.branch_id})[0] == 201
    (notice,) = Caller().get(f"/branches/{village.branch_id}/notices")[1]["items"]
    (line,) = Caller().get(f"/notices/{notice['number']}/lines")[1]["items"]
    assert line["name"] == "王*梅"
    book = f"/depositors/{village.person('王秀梅')}"
    before = villager.get(f"{book}/passbook")[1]
    assert before["pending"] == reviewed["points"]
    objection = key_of(shop, "张伟").send(f"/notice-lines/{line['id']}/objections", {"reason": "amount", "words": "只扫了一会儿"})
    assert objection[0] == 201
    (waiting,) = key_of(shop, "supervisor").get("/objections")[1]["items"]
    answer = {"upheld": False, "answer": "当天在场的人都证实了。"}
    assert key_of(shop, "supervisor").send(f"/objections/{waiting['id']}/resolution", answer)[1]["status"] == "dismissed"
    later = datetime.fromisoformat(notice["ends_at"]) + timedelta(minutes=1)
    deed_jobs.run_due(at=later)
    set_clock(settings, tmp_path, later)
    after = villager.get(f"{book}/passbook")[1]
    assert (after["points"], after["pending"]) == (before["points"] + reviewed["points"], 0)
    newest = villager.get(f"{book}/statement")[1]["items"][0]
    assert (newest["amount"], newest["words"]) == (reviewed["points"], item["title"])
    ledger.seal(book_id=village.book_id, at=later)
    proof = Caller().get(f"/transactions/{newest['transaction']}/proof")[1]
    assert proof["root"] == Caller().get("/books/QX/seal")[1]["root"]
    assert key_of(shop, "supervisor").get("/books/verification")[1]["ok"] is True
    status, reversal = key_of(shop, "supervisor").send(f"/declarations/{declaration['id']}/reversals", {"reason": "重复申报"})
    assert status == 201
    assert key_of(shop, "director").send(f"/reversals/{reversal['id']}/confirmation", {})[1]["status"] == "confirmed"
    assert villager.get(f"{book}/passbook")[1]["points"] == before["points"]


PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP8z8DAwMDAxMDAwMDAAAANHQEDasKb6QAAAABJRU5ErkJggg=="

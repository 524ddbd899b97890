"""What the API promises of every operation: as described, once a key, one error shape, and no word about others' things."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import RequestFactory
from pytest_django import DjangoDbBlocker

from tests.shop import MORNING
from tests.surfaces.test_api_rights import CALLERS, OPERATIONS, Stage, stopped_clock
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.funds import services as funds
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.surfaces import middleware
from wenming.surfaces.api.urls import api

__all__ = ["stopped_clock"]
pytestmark = pytest.mark.django_db
WRITES = sorted(name for name, (method, _path, _operation) in OPERATIONS.items() if method != "GET")
OURS = [caller for caller in CALLERS if caller != "anonymous" and not caller.endswith("elsewhere")]
MODELS = {
    operation.operation_id: next(model for status, model in operation.response_models.items() if status in (200, 201))
    for _prefix, router in api._routers
    for view in router.path_operations.values()
    for operation in view.operations
}


class TwoBranches(Stage):
    """The stage of the rights, and one of everything at 河湾, as real as Willow Creek's own."""

    def __init__(self) -> None:
        super().__init__()
        self.theirs = neighbour(self)


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[TwoBranches]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield TwoBranches()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def send(stage: Stage, name: str, caller: str, *, key: str = "once", body: Any = None, **values: Any) -> Any:
    """One call with Willow Creek's own things, but for the values and the body that are given."""
    method, path, operation = OPERATIONS[name]
    known = stage.values()
    if "{public_id}" in path:
        known["public_id"] = stage_transaction(stage)
    known |= values
    if path.startswith("/api/v1/books"):
        known["code"] = "QX"
    asked = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query" and one.get("required")]
    query = {one: known[one] for one in asked} | {one: value for one, value in values.items() if f"{{{one}}}" not in path}
    address = path.format_map(known) + (f"?{urlencode(query)}" if query else "")
    headers = {"Authorization": f"Bearer {stage.keys[caller]}"} if caller in stage.keys else {}
    if method != "GET" and key:
        headers["Idempotency-Key"] = key
    text = "" if method == "GET" else json.dumps(stage.body(name) if body is None else body)
    return stage.client.generic(method, address, text, content_type="application/json", headers=headers)


def stage_transaction(stage: Stage) -> str:
    """A sealed transaction of the village."""
    held = Order.objects.select_related("held").get(pk=stage.order.pk).held
    assert held is not None
    return held.public_id


def prepare(stage: Stage, name: str) -> None:
    """What must have happened before an operation can succeed."""
    teller, director = stage.shop.village.officer("teller"), stage.shop.village.officer("director")
    if name == "refund_order":
        mall.hand_over_order(actor=teller, order_id=stage.order.pk, code=stage.order.pickup_code, at=MORNING)
    if name == "propose_reversal":
        found = next(one for one in deed_queries.reversals_to_confirm(actor=director))
        deeds.drop_reversal(actor=director, reversal_id=found.pk, at=MORNING)


def target(stage: Stage, name: str) -> dict[str, Any]:
    if name != "propose_reversal":
        return {}
    here = [stage.shop.village.branch_id]
    (done,) = deed_queries.declarations_in(actor=system(), branch_ids=here, status=deed_queries.Status.DEPOSITED)
    return {"declaration_id": done.pk}


def first_success(stage: Stage, name: str) -> tuple[str, Any]:
    """The first caller who gets what is asked, and the answer."""
    prepare(stage, name)
    for caller in OURS:
        with transaction.atomic():
            answer = send(stage, name, caller, **target(stage, name))
            if answer.status_code < 300:
                return caller, answer
            transaction.set_rollback(True)
    raise AssertionError(f"nobody gets an answer from {name}")


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_answers_are_as_described(stage: Stage, name: str) -> None:
    """No name more, no name less, every value of its kind."""
    _caller, answer = first_success(stage, name)
    body = answer.json()
    described = MODELS[name].model_validate({"response": body}).model_dump(mode="json")["response"]
    assert described == body
    assert str(answer.status_code) in {str(status) for status in OPERATIONS[name][2]["responses"]}


@pytest.mark.parametrize("name", WRITES)
def test_every_write_happens_once_a_key(stage: Stage, name: str) -> None:
    caller, first = first_success(stage, name)
    where = target(stage, name)
    again = send(stage, name, caller, **where)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotent-Replay"] == "true" and "Idempotent-Replay" not in first
    other = send(stage, name, caller, body=stage.body(name) | {"unheard_of": 1}, **where)
    assert other.status_code == 422, "an unknown field is refused before the key is asked"
    moved = stage.client.generic(
        "POST",
        "/api/v1/households",
        json.dumps({"branch_id": stage.shop.village.branch_id, "number": "0888", "head": {"name": "另一户"}}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {stage.keys[caller]}", "Idempotency-Key": "once"},
    )
    assert moved.status_code in (403, 409) and moved.json()["code"] in ("not_allowed", "key_reused")


@pytest.mark.parametrize("name", WRITES)
def test_every_write_asks_for_its_key(stage: Stage, name: str) -> None:
    prepare(stage, name)
    answers = [send(stage, name, caller, key="") for caller in OURS]
    assert {answer.status_code for answer in answers} <= {400, 403}
    assert "key_missing" in {answer.json()["code"] for answer in answers}


def neighbour(stage: Stage) -> dict[str, Any]:
    village, name = stage.shop.village, "孙立"
    director, owner, place = village.officer("other_director"), village.villager(name), village.other_branch_id
    stage.shop.give(name, 5000)
    fund = funds.open_fund(actor=director, organisation_id=place, source="fiscal", name="河湾资金", at=MORNING)
    product = mall.add_product(
        actor=director, organisation_id=place, kind="goods", title="河湾毛巾", price=100, at=MORNING, fund_id=fund.pk
    )
    mall.receive_stock(actor=director, product_id=product.pk, branch_id=place, quantity=9, at=MORNING)
    order = mall.place_order(
        actor=owner, product_id=product.pk, branch_id=place, depositor_id=village.person(name), quantity=1,
        submission_key="neighbour", at=MORNING,
    )  # fmt: skip
    waiting, hanging = (stage_declare(stage, name, number) for number in range(2))
    for who in ("other_reviewer", "other_director"):
        actor = village.officer(who)
        if deed_queries.declaration(actor=actor, declaration_id=hanging).status == "submitted":
            deeds.review_declaration(actor=actor, declaration_id=hanging, decision="approve", reason="", revision=1, at=MORNING)
    notice = deeds.publish_notice(actor=village.officer("other_clerk"), branch_id=place, at=MORNING)
    (line,) = notice_queries.lines(notice_id=notice.pk, at=MORNING)
    objection = notices.raise_objection(
        actor=village.villager("吴强"), line_id=line.id, reason="amount", words="没有这么多", at=MORNING
    )
    home = depositor_queries.depositor(actor=system(), depositor_id=village.person(name)).household_id
    return {
        "depositor_id": village.person(name),
        "depositor_ids": [village.person(name)],
        "household_id": home,
        "branch_id": place,
        "organisation_id": place,
        "declaration_id": waiting,
        "declaration_ids": [waiting],
        "objection_id": objection.pk,
        "product_id": product.pk,
        "order_id": order.pk,
        "fund_id": fund.pk,
        "code": order.pickup_code,
    }


def stage_declare(stage: Stage, name: str, number: int) -> int:
    village = stage.shop.village
    actor, depositor_id = village.villager(name), village.person(name)
    offers = deed_queries.declarable_items(actor=actor, depositor_id=depositor_id, on=MORNING.date(), door="self")
    free = [offer.item.pk for offer in offers if not offer.refusal and offer.item.value_kind == "fixed"]
    made = deeds.declare_deed(
        actor=actor, door="self", depositor_ids=[depositor_id], item_id=free[number], happened_on=MORNING.date(), quantity=1,
        words="邻居们都在场，可以作证", photos=[], submission_key=f"{name}-{number}", at=MORNING,
    )  # fmt: skip
    return made[0].pk


@pytest.mark.parametrize("name", sorted(name for name, what in OPERATIONS.items() if what[2]["x-roles"] != ["public"]))
def test_what_is_elsewhere_is_what_is_nowhere(stage: TwoBranches, name: str) -> None:
    """Another branch's number and a number that nobody has get the same answer: in the address, in the query, in the body."""
    method, path, operation = OPERATIONS[name]
    asked = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    body = stage.body(name) if method != "GET" else {}
    inside = set(body) | ({"household_id", "fund_id", "declaration_ids"} if method != "GET" else set())
    told = []
    for field, value in stage.theirs.items():
        nowhere = [10**9] if isinstance(value, list) else "00000000" if field == "code" else 10**9
        for caller in (one for one in OURS if one != "head_officer"):
            pairs = []
            for one in (value, nowhere):
                if f"{{{field}}}" in path or field in asked:
                    call: dict[str, Any] = {field: one}
                elif field in inside:
                    call = {"body": body | {field: one}}
                else:
                    continue
                with transaction.atomic():
                    answer = send(stage, name, caller, **call)
                    pairs.append(
                        (answer.status_code, answer.content if answer.status_code >= 400 else answer.json().get("items"))
                    )
                    transaction.set_rollback(True)
            if pairs and pairs[0] != pairs[1]:
                told.append((field, caller, pairs))
    assert told == []


BAD_TRANSPORT: list[tuple[str, bytes, str, int, str]] = [
    ("text", b"{}", "text/plain", 415, "wrong_media_type"),
    ("form", b"a=1", "application/x-www-form-urlencoded", 415, "wrong_media_type"),
    ("files", b"--x--", "multipart/form-data; boundary=x", 415, "wrong_media_type"),
    ("no kind", b"{}", "", 415, "wrong_media_type"),
    ("other letters", "{}".encode("utf-16"), "application/json; charset=utf-16", 415, "wrong_media_type"),
    ("hidden letters", "{}".encode("utf-16"), "application/json", 400, "bad_json"),
    ("byte order mark", b"\xef\xbb\xbf{}", "application/json", 400, "bad_json"),
    ("half a letter", b'{"reason": "\xe5\xad"}', "application/json", 400, "bad_json"),
    ("deep", b"[" * 100_000 + b"]" * 100_000, "application/json", 400, "bad_json"),
    ("beyond exact", b'{"product_id": 9007199254740993}', "application/json", 400, "bad_json"),
    ("beyond exact, broken", b'{"product_id": 9.007199254740993e999999999}', "application/json", 400, "bad_json"),
    ("not a number", b'{"product_id": NaN}', "application/json", 400, "bad_json"),
    ("endless", b'{"product_id": -Infinity}', "application/json", 400, "bad_json"),
    ("NUL", b'{"reason": "\\u0000"}', "application/json", 422, "hidden_signs"),
    ("turned around", '{"reason": "\u202e"}'.encode(), "application/json", 422, "hidden_signs"),
    ("hidden name", '{"\u2066": 1}'.encode(), "application/json", 422, "hidden_signs"),
    ("half a pair", b'{"reason": "\\ud800"}', "application/json", 422, "hidden_signs"),
    ("13 MB", b'{"reason": "' + b"x" * 13_000_000 + b'"}', "application/json", 413, "too_large"),
    ("nothing", b"", "application/json", 400, "bad_json"),
]


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"), [case[1:] for case in BAD_TRANSPORT], ids=[c[0] for c in BAD_TRANSPORT]
)
@pytest.mark.parametrize("name", WRITES)
def test_what_is_not_plain_json_is_refused(stage: Stage, name: str, body: bytes, kind: str, status: int, code: str) -> None:
    method, path, operation = OPERATIONS[name]
    caller = next(caller for caller in OURS if caller in operation["x-roles"])
    headers = {"Authorization": f"Bearer {stage.keys[caller]}", "Idempotency-Key": "k"}
    answer = stage.client.generic(method, path.format_map(stage.values()), body, content_type=kind, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert set(answer.json()) == {"code", "message", "fields"}
    assert str(status) in {str(one) for one in operation["responses"]}


def test_a_field_with_hidden_signs_is_named(stage: Stage) -> None:
    body = stage.body("enrol_household") | {"members": [{"name": "甲"}, {"name": "乙\u202e"}]}
    answer = send(stage, "enrol_household", "clerk", body=body)
    assert list(answer.json()["fields"]) == ["members.1.name"]


@pytest.mark.parametrize("path", ["/openapi.json", "/branches", "/me"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"])
def test_wrong_methods(stage: Stage, path: str, method: str) -> None:
    answer = stage.client.generic(method, f"/api/v1{path}", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"], answer["Allow"]) == (405, "method_not_allowed", "GET")


def test_whole_numbers_may_be_written_with_a_point(stage: Stage) -> None:
    body = stage.body("receive_stock")
    address = OPERATIONS["receive_stock"][1].format_map(stage.values())
    written = (("1.0", True), ("1e0", True), ("1.5", False), ('"1"', False), ("true", False), ('"１"', False))
    for number, (text, is_good) in enumerate(written):
        answer = stage.client.post(
            address,
            json.dumps(body | {"quantity": "Q"}).replace('"Q"', text),
            content_type="application/json",
            headers={"Authorization": f"Bearer {stage.keys['clerk']}", "Idempotency-Key": f"n{number}"},
        )
        assert answer.status_code == (201 if is_good else 422), (text, answer.content)


@pytest.mark.parametrize(
    "name", ["receive_stock", "place_order", "declare_deed", "publish_notice", "open_fund", "enrol_depositor"]
)
@pytest.mark.parametrize("value", ["1", "１", True, 1.5, None, {}, [True]])
def test_references_are_numbers(stage: Stage, name: str, value: Any) -> None:
    method, path, operation = OPERATIONS[name]
    caller = next(caller for caller in OURS if caller in operation["x-roles"])
    field = next(field for field in stage.body(name) if field.endswith(("_id", "_ids")))
    answer = send(stage, name, caller, body=stage.body(name) | {field: value})
    assert answer.status_code == 422 and all(one.startswith(field) for one in answer.json()["fields"]), answer.content


DAYS = [
    "0001-01-01",
    "9999-12-31",
    "1899-12-31",
    "2200-01-01",
    "0",
    "-1",
    "1700000000",
    "2026-3-1",
    "２０２６-03-12",
    "2026-03-12T00:00",
]


@pytest.mark.parametrize("day", DAYS)
def test_odd_days_are_named(stage: Stage, day: str) -> None:
    branch, person = f"/branches/{stage.shop.village.branch_id}", stage.shop.village.person("王建国")
    addresses = {
        "day": f"{branch}/receipts",
        "on": f"{branch}/rule-items",
        "start": f"/depositors/{person}/statement",
        "end": f"/depositors/{person}/statement",
    }
    for name, address in addresses.items():
        answer = stage.client.get(f"/api/v1{address}", {name: day}, headers={"Authorization": f"Bearer {stage.keys['clerk']}"})
        assert answer.status_code == 422 and list(answer.json()["fields"]) == [name], (name, answer.content)
        assert "2026-03-10" in answer.json()["message"]
    for field, name, caller in (("happened_on", "declare_deed", "clerk"), ("received_on", "receive_money", "clerk")):
        for value in (day, 0):
            answer = send(stage, name, caller, body=stage.body(name) | {field: value})
            assert answer.status_code == 422 and list(answer.json()["fields"]) == [field], answer.content


@pytest.mark.parametrize("name", sorted(name for name, what in OPERATIONS.items() if what[0] == "GET"))
def test_misspelt_and_doubled_parameters_are_named(stage: Stage, name: str) -> None:
    caller, answer = first_success(stage, name)
    address = answer.wsgi_request.get_full_path()
    joint = "&" if "?" in address else "?"
    headers = {"Authorization": f"Bearer {stage.keys[caller]}"}
    unknown = stage.client.get(f"{address}{joint}pagee=2", headers=headers)
    assert (unknown.status_code, unknown.json()["code"], list(unknown.json()["fields"])) == (422, "unknown_parameter", ["pagee"])
    if name.startswith("list_"):
        doubled = stage.client.get(f"{address}{joint}limit=1&limit=2", headers=headers)
        assert (doubled.status_code, doubled.json()["code"], list(doubled.json()["fields"])) == (
            422,
            "parameter_twice",
            ["limit"],
        )


def test_photos_that_are_no_base64(stage: Stage) -> None:
    for photo in ("照片", "!!!!", "YQ", "data:image/png;base64,YQ=="):
        answer = send(stage, "declare_deed", "clerk", body=stage.body("declare_deed") | {"photos": [photo]})
        assert answer.status_code == 422 and list(answer.json()["fields"]) == ["photos"], answer.content
    many = send(stage, "declare_deed", "clerk", body=stage.body("declare_deed") | {"photos": ["YQ=="] * 7})
    assert many.status_code == 422 and list(many.json()["fields"]) == ["photos"]


def test_refusals_name_the_inputs_of_the_api(stage: Stage) -> None:
    body = stage.body("declare_deed") | {"door": "self", "depositor_ids": [stage.shop.village.person("王建国")]}
    offers = deed_queries.declarable_items(
        actor=stage.shop.village.villager("王建国"), depositor_id=body["depositor_ids"][0], on=MORNING.date(), door="counter"
    )
    closed = next(offer.item.pk for offer in offers if "self" not in offer.item.declarers)
    owner = stage.key("王建国")
    answer = stage.client.post(
        "/api/v1/declarations",
        json.dumps(body | {"item_id": closed}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {owner}", "Idempotency-Key": "k"},
    )
    assert answer.status_code == 422 and list(answer.json()["fields"]) == ["item_id"], answer.content


def test_faults_and_lock_outs_have_the_shape_too() -> None:
    request = RequestFactory().get("/api/v1/branches")
    for answer, status in ((middleware.server_error(request), 500), (middleware.locked_out(request, {}), 429)):
        assert answer.status_code == status and set(json.loads(answer.content)) == {"code", "message", "fields"}


def test_files_are_not_taken(stage: Stage) -> None:
    answer = stage.client.post(
        "/api/v1/orders",
        {"file": SimpleUploadedFile("a.txt", b"x")},
        headers={"Authorization": f"Bearer {stage.keys['teller']}", "Idempotency-Key": "k"},
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("text", ["\x00", "\u202e", "\ud800", "\x85"])
def test_hidden_signs_in_a_parameter_are_named(stage: Stage, text: str) -> None:
    said = {"branch_id": stage.shop.village.branch_id, "text": text}
    query = urlencode({name: str(value).encode("utf-8", "surrogatepass") for name, value in said.items()})
    headers = {"Authorization": f"Bearer {stage.keys['clerk']}"}
    answer = stage.client.get(f"/api/v1/depositors?{query}", headers=headers)
    if text != "\ud800":  # half a pair is no UTF-8: the address arrives with a sign of replacement, and finds nobody
        assert (answer.status_code, list(answer.json()["fields"])) == (422, ["text"])
    else:
        assert answer.json() == {"items": [], "next": ""}
    assert stage.client.get("/api/v1/branches?%E2%80%AE=1").status_code == 400

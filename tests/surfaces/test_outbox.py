"""What phones hand in after they were without network: read with care, decided by today's rules, one fate each."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.test import Client

from tests import village as villages
from tests.surfaces.stage import Stage, photo
from wenming.core import attachments, clock, fates
from wenming.core.actor import system
from wenming.core.models import Fate
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import queries as identity

NAME = "李秀英"
KEY = "a" * 32


class Phone:
    """A logged-in browser that sends what it kept."""

    def __init__(self, stage: Stage, name: str = NAME) -> None:
        self.stage, self.name, self.client = stage, name, stage.client(name)
        self.owner = get_user_model().objects.get(pk=stage.village.users[name]).public_id
        self.device = self.client.get("/outbox/").json()["device"]

    def item(self, key: str = KEY, **more: Any) -> dict[str, Any]:
        asked = {
            "item": list(self.stage.items.values())[4],
            "happened_on": clock.local_date(self.stage.now).isoformat(),
            "quantity": 1,
            "people": [self.stage.village.person(self.name)],
            "household_number": "",
            "person_name": "",
            "words": "槐树巷北口",
            "photos": [base64.b64encode(photo().read()).decode()],
        }
        return {"key": key, "format": 1, "made_at": (self.stage.now - timedelta(days=3)).isoformat(), **asked, **more}

    def post(self, body: object) -> Any:
        return self.client.post("/outbox/", json.dumps(body), "application/json")

    def send(self, *items: Any) -> list[dict[str, str]]:
        answer = self.post({"owner": self.owner, "device": self.device, "items": list(items)})
        assert answer.status_code == 200, answer.content
        fates_told: list[dict[str, str]] = answer.json()["fates"]
        return fates_told

    def declared(self) -> list[Any]:
        return deed_queries.declared_by(actor=self.stage.village.villager(self.name))


@pytest.fixture
def phone(stage: Stage) -> Phone:
    return Phone(stage)


def test_a_deed_is_handed_in_with_its_photo_and_both_times(phone: Phone) -> None:
    (told,) = phone.send(phone.item())
    (deed,) = phone.declared()
    assert told == {
        "key": KEY, "outcome": "applied", "code": "", "words": "", "field": "", "address": f"/deeds/{deed.public_id}/done/",
    }  # fmt: skip
    assert (deed.door, deed.words, deed.declared_at) == ("self", "槐树巷北口", phone.stage.now)
    assert len(attachments.of(f"deed:{deed.pk}")) == 1
    (fate,) = fates.of_subject(f"deed:{deed.pk}")
    assert fate.claimed_at == phone.stage.now - timedelta(days=3) and fate.recorded_at == phone.stage.now
    device = identity.device(user_id=phone.stage.village.users[NAME], public_id=phone.device)
    assert device is not None and fate.device_id == device.pk


def test_copies_in_one_batch_and_after_ninety_days_are_one_deed(phone: Phone) -> None:
    item = phone.item()
    first, second = phone.send(item, item)
    phone.stage.turn_to(phone.stage.now + timedelta(days=90))
    assert first == second == phone.send(item)[0]
    assert len(phone.declared()) == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"happened_on": "2026-01-05"}, "deeds.too_late", "happened_on"),
        ({"happened_on": "2026-03-13"}, "wrong_input", "other_day"),
        ({"happened_on": "someday"}, "wrong_input", "other_day"),
        ({"people": []}, "wrong_input", "people"),
        ({"people": [999999]}, "wrong_input", "people"),
        ({"people": "all"}, "wrong_input", "people"),
        ({"quantity": "many"}, "wrong_input", "quantity"),
        ({"quantity": True}, "wrong_input", "quantity"),
        ({"item": 999999}, "not_found", "item"),
        ({"item": -1}, "wrong_input", "item"),
        ({"words": "字" * 501}, "wrong_input", "words"),
        ({"words": "\ud800"}, "wrong_input", "words"),
        ({"words": "a\0b"}, "wrong_input", "words"),
        ({"words": 7}, "wrong_input", "words"),
        ({"photos": ["not base64!"]}, "attachments.not_a_picture", "photos"),
        ({"photos": [base64.b64encode(b"<script>").decode()]}, "attachments.not_a_picture", "photos"),
        ({"photos": ["AA=="] * 4}, "wrong_input", "photos"),
        ({"photos": [7]}, "attachments.not_a_picture", "photos"),
        ({"person_name": "没有这人", "household_number": "0002"}, "wrong_input", "person_name"),
        ({"format": 2}, "delivery.other_format", ""),
        ({"format": None}, "delivery.other_format", ""),
    ],
)
def test_what_the_rules_refuse_is_a_fate_with_its_reason(phone: Phone, change: dict[str, Any], code: str, field: str) -> None:
    """The server's rules decide, whatever the phone's clock or an edited queue say; a good item beside it goes through."""
    bad, good = phone.send(phone.item(**change), phone.item("b" * 32))
    assert (bad["outcome"], bad["code"], bad["field"]) == ("refused", code, field) and bad["words"]
    assert good["outcome"] == "applied" and len(phone.declared()) == 1
    assert phone.send(phone.item(**change))[0] == bad
    assert Fate.objects.count() == 2


@pytest.mark.parametrize(
    "raw",
    [
        7,
        None,
        [],
        {},
        {"key": "short"},
        {"key": 7},
        {"key": KEY},
        {"key": KEY, "made_at": "x"},
        {"key": KEY, "made_at": "2026-03-12T09:30"},
        {"key": KEY, "made_at": "0001-01-01T00:00+14:00"},
    ],
)
def test_what_has_no_key_or_no_time_is_answered_and_forgotten(phone: Phone, raw: object) -> None:
    (told,) = phone.send(raw)
    assert (told["outcome"], told["code"]) == ("refused", "delivery.unreadable")
    assert not Fate.objects.exists()


def test_a_batch_is_json_of_the_one_who_is_logged_in(phone: Phone) -> None:
    for body in ("", "[", "[]", "{}", '{"items": 7}', "[" * 100_000, json.dumps({"owner": phone.owner, "items": [1] * 21})):
        answer = phone.client.post("/outbox/", body, "application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "delivery.bad_batch"), body[:20]
    other = phone.post({"owner": Phone(phone.stage, "王秀梅").owner, "device": "", "items": [phone.item()]})
    assert (other.status_code, other.json()["code"]) == (403, "delivery.other_owner")
    assert not phone.declared() and not Fate.objects.exists()


def test_the_same_key_with_other_words_changes_nothing(phone: Phone) -> None:
    phone.send(phone.item())
    (told,) = phone.send(phone.item(words="改过的队列"))
    assert (told["outcome"], told["code"]) == ("conflict", "fates.key_reused")
    (deed,) = phone.declared()
    assert deed.words == "槐树巷北口" and Fate.objects.count() == 1


def test_one_deed_told_on_two_phones_is_recorded_once(phone: Phone) -> None:
    other = Phone(phone.stage)
    (first,), (second,) = phone.send(phone.item()), other.send(other.item("b" * 32))
    assert first["outcome"] == "applied" and second["outcome"] == "duplicate"
    assert "已记过" in second["words"] and second["address"] == first["address"].replace("done/", "")
    assert [told["outcome"] for told in phone.send(phone.item("c" * 32, words="下午又去了一趟"))] == ["applied"]
    assert len(phone.declared()) == 2


def test_who_is_named_in_full_in_another_family(phone: Phone) -> None:
    """The phone knows no other families; the server looks the person up when the item comes."""
    (told,) = phone.send(phone.item(people=[], household_number="0003", person_name="单秀兰"))
    assert told["outcome"] in ("applied", "refused")
    (deed,) = phone.declared()
    assert (deed.depositor.name, deed.door) == ("单秀兰", "other")


def test_a_role_that_ended_meanwhile_is_refused(phone: Phone) -> None:
    """The member who left the household is not declared for any more."""
    from wenming.domain.depositors import services

    services.move_depositor_out(actor=system(), depositor_id=phone.stage.village.person(NAME), at=phone.stage.now)
    (told,) = phone.send(phone.item())
    assert told["outcome"] == "refused" and not phone.declared()


def test_without_log_in_nothing_is_taken(phone: Phone) -> None:
    body = json.dumps({"owner": phone.owner, "device": phone.device, "items": [phone.item()]})
    answer = Client().post("/outbox/", body, "application/json")
    assert answer.status_code == 302 and answer["Location"].startswith("/login/")
    assert Client(enforce_csrf_checks=True).post("/outbox/", body, "application/json").status_code == 403


def test_the_token_for_sending_is_given_with_the_state(stage: Stage) -> None:
    stage.village.villager(NAME)
    user = get_user_model().objects.get(pk=stage.village.users[NAME])
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="wenming.domain.identity.backends.LoginNameBackend")
    state = client.get("/outbox/")
    assert state["Cache-Control"] == "no-store" and state.json()["owner"] == user.public_id
    body = json.dumps({"owner": user.public_id, "device": "", "items": []})
    headers = {"X-CSRFToken": state.json()["token"]}
    assert client.post("/outbox/", body, "application/json").status_code == 403
    assert client.post("/outbox/", body, "application/json", headers=headers).json() == {"fates": []}


def test_the_phone_learns_clauses_and_first_names_of_its_household_only(phone: Phone) -> None:
    kit = phone.client.get("/outbox/kit/")
    assert kit["Cache-Control"] == "no-store"
    assert [person["name"] for person in kit.json()["family"]] == [NAME, "王建国", "王小雨"] or {
        person["name"] for person in kit.json()["family"]
    } == {"李秀英", "王建国", "王小雨", "王建国家"}
    text = kit.content.decode()
    assert "13800000001" not in text and "born" not in text
    assert {"id", "title", "proof", "window_days"} <= set(kit.json()["items"][0])


def test_officers_without_a_passbook_are_told_so(stage: Stage) -> None:
    client = stage.client_of(stage.village.users["clerk"])
    owner = get_user_model().objects.get(pk=stage.village.users["clerk"]).public_id
    assert client.get("/outbox/kit/").json() == {"items": [], "family": []}
    item = {"key": KEY, "format": 1, "made_at": stage.now.isoformat(), "item": 1}
    answer = client.post("/outbox/", json.dumps({"owner": owner, "items": [item]}), "application/json").json()
    assert answer["fates"][0]["code"] == "outbox.no_passbook"


def test_the_form_too_takes_one_deed_once(stage: Stage) -> None:
    """What went in from the phone is not entered again on the page."""
    phone = Phone(stage)
    phone.send(phone.item(photos=[]))
    deed = phone.declared()[0]
    with pytest.raises(deeds.EnteredTwice):
        deeds.declare_deed_once(
            actor=stage.village.villager(NAME),
            door="self",
            depositor_ids=[deed.depositor_id],
            item_id=deed.item_id,
            happened_on=deed.happened_on,
            quantity=1,
            words=" 槐树巷北口 ",
            photos=[],
            submission_key="villager:else",
            at=stage.now,
        )
    deeds.withdraw_declaration(actor=stage.village.villager(NAME), declaration_id=deed.pk, at=stage.now)
    assert phone.send(phone.item("d" * 32))[0]["outcome"] == "applied"


# Devices


def log_in(stage: Stage, client: Client, agent: str = "") -> None:
    stage.village.villager(NAME)
    villages.log_in(stage.village, NAME)
    number = depositors.passbook_of(depositor_id=stage.village.person(NAME)).number
    answer = client.post("/login/", {"name": number, "password": villages.PASSWORD}, headers={"User-Agent": agent})
    assert answer.status_code == 302


def test_a_phone_is_known_again_and_shown_to_its_owner(stage: Stage) -> None:
    client = Client()
    for _time in range(2):
        log_in(stage, client, "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0")
        client.post("/logout/")
    log_in(stage, Client(), "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)")
    log_in(stage, client, "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0")
    assert sorted(one.name for one in identity.devices_of(user_id=stage.village.users[NAME])) == ["安卓手机，微信里", "苹果手机"]
    html = client.get("/settings/").content.decode()
    assert "苹果手机" in html and "就是这部" in html


def test_a_stolen_phone_is_out_at_its_next_click_and_its_queue_is_refused(stage: Stage) -> None:
    stolen, own = Client(), Client()
    log_in(stage, stolen)
    lost = stolen.get("/outbox/").json()
    log_in(stage, own)
    answer = own.post(f"/settings/devices/{lost['device']}/end/")
    assert answer["Location"] == "/settings/" and own.get("/me/").status_code == 200
    assert stolen.get("/me/").status_code == 302
    assert f'data-ended="{lost["owner"]}"' in stolen.get("/login/").content.decode(), "the page clears what was kept"
    phone = Phone(stage)
    phone.device = lost["device"]
    (told,) = phone.send(phone.item())
    assert (told["outcome"], told["code"]) == ("refused", "delivery.device_ended") and not phone.declared()
    assert "已停用" in own.get("/settings/").content.decode()
    log_in(stage, stolen)
    assert stolen.get("/outbox/").json()["device"] != lost["device"], "found again it is a new device"


def test_nobody_ends_another_persons_phone(stage: Stage) -> None:
    theirs = Phone(stage)
    other = stage.client("王秀梅")
    assert other.post(f"/settings/devices/{theirs.device}/end/").status_code == 404
    assert theirs.client.get("/me/").status_code == 200


def test_the_counter_ends_a_lost_phone(stage: Stage) -> None:
    lost = Phone(stage)
    page = f"/console/counter/people/{stage.village.person(NAME)}/"
    teller = stage.client_of(stage.village.users["teller"])
    assert "登录过的手机" in teller.get(page).content.decode()
    assert teller.post(page, {"device": lost.device})["Location"] == page
    assert lost.client.get("/me/").status_code == 302
    assert "已停用" in teller.get(page).content.decode()
    outsider = stage.client_of(stage.village.users["other_clerk"])
    assert outsider.post(page, {"device": Phone(stage).device}).status_code == 404


def test_ending_this_very_phone_is_a_log_out(stage: Stage) -> None:
    client = Client()
    log_in(stage, client)
    device = client.get("/outbox/").json()["device"]
    assert client.post(f"/settings/devices/{device}/end/")["Location"] == "/login/"
    assert client.get("/me/").status_code == 302


# The worker


def test_the_worker_keeps_pages_that_know_nobody(stage: Stage) -> None:
    text = Client().get("/sw.js")
    assert text["Content-Type"].startswith("text/javascript") and text["Cache-Control"] == "no-cache"
    facts = json.loads(text.content.decode().split("run(")[1].rsplit(");", 1)[0])
    for address in [*facts["files"], *facts["pages"].values()]:
        if not address.startswith("/static/"):
            html = Client().get(address).content.decode()
            assert Client().get(address).status_code == 200
            assert all(name not in html for name in (*stage.village.people, "柳溪", "LX01"))
    assert set(facts["pages"].values()) == {"/kept/", "/console/counter/offline/"}


def test_the_switch_takes_the_worker_away(stage: Stage, settings: LazySettings) -> None:
    settings.OFFLINE = False
    assert "leave();" in Client().get("/sw.js").content.decode()
    html = stage.client(NAME).get("/declare/").content.decode()
    assert "outbox.js" not in html and "declare.js" not in html


def test_the_reviewer_sees_both_times(phone: Phone) -> None:
    """What the phone's clock said decides nothing, and stands beside our own time for who must judge."""
    phone.send(phone.item())
    (deed,) = phone.declared()
    assert "3月9日 09:30 存在手机里的" in phone.client.get(f"/deeds/{deed.public_id}/").content.decode()
    reviewer = phone.stage.client_of(phone.stage.village.users["reviewer"])
    html = reviewer.get(f"/console/review/{deed.pk}/").content.decode()
    assert "没网时存在手机里" in html and "3月9日 09:30" in html

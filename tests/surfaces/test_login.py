"""Log-in, activation, passwords and the look of pages."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import village as villages
from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations

PASSWORD = villages.PASSWORD


@pytest.fixture(autouse=True)
def known_password(stage: Stage) -> None:
    villages.log_in(stage.village, "王建国")


def number_of(stage: Stage, name: str) -> str:
    return depositor_queries.passbook_of(depositor_id=stage.village.person(name)).number


@pytest.mark.parametrize(
    "name", ["13800000001", "138 0000 0001", "+86 138-0000-0001", "１３８０００００００１", "LX01P00001", "lx01p00001"]
)
def test_the_phone_and_the_passbook_number_let_in(stage: Stage, name: str) -> None:
    client = Client()
    answer = client.post("/login/", {"name": name, "password": PASSWORD})
    assert answer.status_code == 302 and answer["Location"] == "/"
    assert "王建国" in client.get("/").content.decode()


def test_officers_go_to_the_console(stage: Stage) -> None:
    villages.log_in(stage.village, "clerk")
    answer = Client().post("/login/", {"name": "钱会计", "password": PASSWORD})
    assert answer["Location"] == "/console/"


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", "/\\elsewhere.example"]
)
def test_next_leads_to_own_pages_only(stage: Stage, wanted: str) -> None:
    answer = Client().post("/login/", {"name": "13800000001", "password": PASSWORD, "next": wanted})
    assert answer["Location"] == "/"


def test_next_leads_back(stage: Stage) -> None:
    client = Client()
    assert client.get("/mall/")["Location"] == "/login/?next=/mall/"
    answer = client.post("/login/", {"name": "13800000001", "password": PASSWORD, "next": "/mall/"})
    assert answer["Location"] == "/mall/"


def test_wrong_and_unknown_have_one_answer(stage: Stage) -> None:
    answers = [
        Client().post("/login/", {"name": name, "password": "不是这个密码"}).content.decode()
        for name in ("13800000001", "13899999999")
    ]
    for html in answers:
        assert "手机号、户号或密码不对" in html and "不是这个密码" not in html
    assert all(answer.count("密码不对") == 1 for answer in answers)


def test_empty_fields_are_named(stage: Stage) -> None:
    answer = Client().post("/login/", {})
    html = answer.content.decode()
    assert answer.status_code == 422 and "请填手机号或户号。" in html and "请填密码。" in html and "有 2 处要补" in html


def test_after_five_wrong_passwords_one_rests(stage: Stage) -> None:
    client = Client()
    for _ in range(5):
        answer = client.post("/login/", {"name": "13800000002", "password": "wrong-password"})
    assert answer.status_code == 429
    assert "先歇" in answer.content.decode()
    assert client.post("/login/", {"name": "13800000002", "password": PASSWORD}).status_code == 429
    assert client.post("/login/", {"name": "13800000001", "password": PASSWORD}).status_code == 302


def test_the_code_from_the_counter_sets_a_password_and_lets_in(stage: Stage) -> None:
    code = depositors.give_login(actor=system("shell"), depositor_id=stage.village.person("赵志强"), at=stage.now)
    client, number = Client(), number_of(stage, "赵志强")
    data = {"name": number, "code": code, "password": "jinsui-hu-2026", "again": "jinsui-hu-2026"}
    wrong = client.post("/activate/", {**data, "again": "else"})
    assert wrong.status_code == 422 and "两遍填的不一样" in wrong.content.decode()
    weak = client.post("/activate/", {**data, "password": "12345678", "again": "12345678"})
    assert weak.status_code == 422 and "太容易被猜到" in weak.content.decode()
    assert client.post("/activate/", {**data, "code": "00000000"}).status_code == 422
    assert client.post("/activate/", data)["Location"] == "/"
    assert "赵志强" in client.get("/").content.decode()
    assert Client().post("/activate/", data).status_code == 422


def test_a_new_password_ends_the_other_sessions(stage: Stage) -> None:
    here, there = stage.client("王建国"), stage.client("王建国")
    data = {"present": PASSWORD, "password": "jinsui-hu-2026", "again": "jinsui-hu-2026"}
    assert here.post("/password/", {**data, "present": "no"}).status_code == 422
    assert here.post("/password/", data)["Location"] == "/me/"
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302


def test_logging_out_needs_a_post(stage: Stage) -> None:
    client = stage.client("王建国")
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/").status_code == 302


def test_rights_end_with_the_office(stage: Stage) -> None:
    user_id = stage.village.users["teller"]
    client = stage.client_of(user_id)
    assert client.get("/console/counter/").status_code == 200
    (office,) = organisation_queries.appointments_of(user_id=user_id)
    organisations.end_appointment(actor=system("shell"), appointment_id=office.appointment_id, at=stage.now)
    assert client.get("/console/counter/").status_code in (302, 403, 404)


def test_the_look_is_kept_in_a_cookie_without_log_in(stage: Stage) -> None:
    client = Client()
    answer = client.post("/settings/", {"theme": "dark", "size": "elder", "contrast": "", "next": "/board/"})
    assert answer["Location"] == "/board/"
    html = client.get("/board/").content.decode()
    assert 'data-theme="dark"' in html and 'data-size="elder"' in html and "data-contrast" not in html
    client.post("/settings/", {"size": "", "next": "/board/"})
    html = client.get("/board/").content.decode()
    assert 'data-theme="dark"' in html and "data-size" not in html


def test_the_look_comes_along_to_another_phone(stage: Stage) -> None:
    stage.client("王建国").post("/settings/", {"size": "elder"})
    other = Client()
    other.post("/login/", {"name": "13800000001", "password": PASSWORD})
    assert 'data-size="elder"' in other.get("/").content.decode()


def test_a_forged_look_is_harmless(stage: Stage) -> None:
    client = Client()
    client.cookies["wm_look"] = '"><script>.dark.<b>'
    html = client.get("/board/").content.decode()
    assert 'data-theme="dark"' in html and "<script>." not in html


def test_forms_from_elsewhere_are_refused(stage: Stage) -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/", {"name": "13800000001", "password": PASSWORD})
    assert answer.status_code == 403 and "放得太久了" in answer.content.decode()

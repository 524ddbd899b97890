"""What every page answers to input that no field can hold; the policy on every answer; sessions, messages and
the language of the thread."""

from __future__ import annotations

from datetime import timedelta

import pytest
from csp.exceptions import CSPNonceError
from csp.utils import build_policy
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from tests.surfaces.stage import Stage
from wenming.core.sessions import SessionStore
from wenming.surfaces.middleware import ContentPolicy


@pytest.mark.django_db
def test_nul_is_refused_before_it_reaches_the_store() -> None:
    client = Client()
    for answer in (
        client.get("/board/search/", {"q": "a\0b"}),
        client.post("/login/", {"name": "a\0b", "password": "x"}),
        client.get("/board/%00/"),
    ):
        assert answer.status_code == 400
        assert "没看懂" in answer.content.decode()


def test_the_policy_is_that_of_the_settings_and_a_nonce_is_new_on_every_page() -> None:
    def plain(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def with_nonce(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.csp_nonce))  # type: ignore[attr-defined]

    request = RequestFactory().get("/")
    assert ContentPolicy(plain)(request)["Content-Security-Policy"] == build_policy()
    with pytest.raises(CSPNonceError):
        str(request.csp_nonce)  # type: ignore[attr-defined]
    seen = set()
    for _turn in range(2):
        answer = ContentPolicy(with_nonce)(RequestFactory().get("/"))
        nonce = answer.content.decode()
        assert answer["Content-Security-Policy"] == build_policy(nonce=nonce) and f"'nonce-{nonce}'" in build_policy(nonce=nonce)
        seen.add(nonce)
    assert len(seen) == 2 and "nonce-" not in build_policy()


def test_a_session_is_over_when_it_ran_out_or_its_row_is_gone(stage: Stage) -> None:
    for end in (lambda row: row.update(expire_date=stage.now - timedelta(days=3650)), lambda row: row.delete()):
        client = stage.client("王建国")
        assert client.get("/").status_code == 200
        end(Session.objects.filter(session_key=client.session.session_key))
        answer = client.get("/")
        assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/")
        assert answer.cookies["sessionid"].value == ""


def test_a_session_whose_signature_is_not_ours_says_nothing(stage: Stage) -> None:
    client = stage.client("王建国")
    assert client.get("/").status_code == 200
    row = Session.objects.get(session_key=client.session.session_key)
    whole = row.session_data
    for wrong in (whole[:-1] + ("a" if whole[-1] != "a" else "b"), "x" + whole, whole.replace(":", ""), "", "{}"):
        row.session_data = wrong
        row.save()
        for _twice in range(2):
            assert SessionStore(row.session_key).load() == {} != SessionStore().decode(whole)
        assert stage.client_of(stage.village.users["clerk"]).get("/console/").status_code == 200
    stolen = Client()
    stolen.cookies["sessionid"] = row.session_key
    assert stolen.get("/")["Location"] == "/login/?next=/"


def test_what_was_said_waits_for_the_next_page_and_is_shown_once(stage: Stage) -> None:
    client = stage.client("王建国")
    said = "已经退出。"
    assert client.post("/logout/").status_code == 302
    for address in ("/api/v1/openapi.json", "/sw.js"):
        assert said not in client.get(address).content.decode()
    assert said in client.get("/login/").content.decode()
    assert said not in client.get("/login/").content.decode()


@pytest.mark.parametrize("before", ["zh-hans", "en"])
def test_the_thread_speaks_as_it_did_before(stage: Stage, before: str) -> None:
    client = stage.client("王建国")
    with translation.override(before):
        for address in ("/", "/?language=en", "/nowhere/", "/api/v1/me"):
            client.get(address)
            assert translation.get_language() == before
        client.cookies["wm_look"] = "en"
        assert 'lang="en"' in client.get("/").content.decode() and translation.get_language() == before

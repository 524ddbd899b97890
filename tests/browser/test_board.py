"""The public board in a real browser: without log-in, on the phone, on a wide screen and on paper."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import look_at
from tests.surfaces import stage as stages
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries

LOOKS = [("", 390), ("dark.elder", 360), ("light", 1280)]
Opener = Callable[..., BrowserContext]


def pages_of(stage: stages.Stage) -> dict[str, str]:
    (notice,) = stages.notices_up(stage)
    return {
        "town": "/board/",
        "branch": "/board/LX01/",
        "notice": f"/board/notices/{notice}/",
        "day": "/board/LX01/days/2026-03-06/",
        "rules": "/board/LX01/rules/",
        "proof": f"/board/proof/{voucher(stage)}/",
        "find": "/board/proof/",
        "seals": "/board/seals/QX/",
        "login": "/login/",
        "activate": "/activate/",
    }


def voucher(stage: stages.Stage) -> str:
    done = [one for one in deed_queries.declarations_in(actor=system(), status="deposited") if one.transaction_id]
    return str(done[0].transaction.public_id)


def test_every_page_fits(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    page = open_context(live_server.url, worker=False).new_page()
    assert look_at(page, live_server.url, pages_of(stage), LOOKS, picture="p-{name}-{looks}-{width}") == {}


def test_the_phone_checks_the_proof_itself(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    page = open_context(live_server.url).new_page()
    page.goto(f"/board/proof/{voucher(stage)}/")
    expect(page.locator("#checked")).to_contain_text("刚刚在您的手机上算过，对得上。")
    expect(page.locator("#verdict h2")).to_have_text("是真的，没改过")


def test_a_changed_proof_is_found_out(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    """The twin of the test above: one changed byte, and the phone says so."""
    page = open_context(live_server.url).new_page()

    def tamper(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        proof = answer.json()
        proof["memento"] = proof["memento"][:-2] + ("00" if proof["memento"][-2:] != "00" else "01")
        route.fulfill(response=answer, json=proof)  # type: ignore[attr-defined]

    page.route("**/proof.json", tamper)
    page.goto(f"/board/proof/{voucher(stage)}/")
    expect(page.locator("#checked")).to_have_text("您的手机算出来对不上。")
    expect(page.locator("#verdict h2")).to_have_text("对不上")

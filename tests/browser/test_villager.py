"""The villager's pages in a real browser: every page in its looks fits the phone; the main walk, with and without script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import keep_picture, wide_elements
from tests.surfaces import stage as stages
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.mall import queries as mall_queries

LOOKS = [("light", 390), ("dark", 390), ("light.elder", 360), ("light", 360), ("more", 390)]
Opener = Callable[..., BrowserContext]


@pytest.fixture
def stage(transactional_db: None, at: datetime, tmp_path: Path, settings: LazySettings) -> stages.Stage:
    settings.TEST_CLOCK = str(tmp_path / "now")
    settings.MEDIA_ROOT = tmp_path / "media"
    return stages.build(at, tmp_path / "now")


def enter(context: BrowserContext, stage: stages.Stage, name: str, address: str) -> Page:
    session = stage.client(name).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    return context.new_page()


def pages_of(stage: stages.Stage) -> dict[str, str]:
    actor = stage.village.villager("王建国")
    returned = deed_queries.declaration(actor=actor, declaration_id=stage.deeds["returned"])
    done = [one for one in deed_queries.declarations_of(depositor_ids=[actor.depositor_id]) if one.transaction_id]
    (order,) = mall_queries.orders_of(depositor_ids=[actor.depositor_id])
    (notice,) = stages.notices_up(stage)
    line = deed_queries.declaration(actor=actor, declaration_id=stage.deeds["on_notice:王建国"]).notice_line_id
    return {
        "home": "/",
        "passbook": "/passbook/",
        "entry": f"/passbook/{done[0].transaction.public_id}/",
        "declare-1": "/declare/",
        "declare-2": f"/declare/{next(iter(stage.items.values()))}/",
        "deeds": "/deeds/",
        "deed-returned": f"/deeds/{returned.public_id}/",
        "deed-done": f"/deeds/{returned.public_id}/done/",
        "amend": f"/deeds/{returned.public_id}/amend/",
        "notices": "/notices/",
        "notice": f"/notices/{notice}/",
        "object": f"/notices/{notice}/lines/{line}/",
        "mall": "/mall/",
        "product": f"/mall/{order.product.public_id}/",
        "product-check": f"/mall/{order.product.public_id}/?quantity=2",
        "orders": "/orders/",
        "code": f"/orders/{order.public_id}/",
        "messages": "/messages/",
        "household": "/household/",
        "me": "/me/",
        "settings": "/settings/",
        "password": "/password/",
        "missing": "/deeds/nothing/",
    }


def test_every_page_fits_the_phone_in_every_look(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    addresses = pages_of(stage)
    wide = {}
    for looks, width in LOOKS:
        page = enter(open_context(live_server.url, width=width, looks=looks), stage, "王建国", live_server.url)
        for name, address in addresses.items():
            page.goto(address)
            keep_picture(page, f"m-{name}-{looks}-{width}")
            if found := wide_elements(page):
                wide[f"{name} {looks} {width}"] = found
    assert wide == {}

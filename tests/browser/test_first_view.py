"""The villager's home over a slow line, as the bench measures it: small, and it does not jump. Seconds are the bench's matter."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.surfaces import stage as stages
from wenming.surfaces.cli.bench import web


@pytest.mark.parametrize("name", ["王建国", "单秀兰"])
def test_the_home_is_small_and_stands_still(stage: stages.Stage, live_server: LiveServer, chromium: Browser, name: str) -> None:
    session = stage.client(name).cookies["sessionid"].value
    found = web.first_view(chromium, live_server.url, "/", session, web.LINES["slow_4g"])
    assert 0 < found["kilobytes"] <= web.GOALS["kilobytes"]
    assert found["layout_shift"] == web.GOALS["layout_shift"]
    assert found["balance_seconds"] > 0

"""A reviewer clears complete declarations with one key each in a real browser; a hundred are to be done in five minutes."""

from __future__ import annotations

import time
from typing import Any

from tests.browser.conftest import session_of
from tests.browser.test_keys import counted, declare_many
from tests.long.axe import place
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries

MOST_SECONDS = 3
"""For each of a hundred in five minutes; the run itself looks at nothing, so that what it takes is the page's share."""


def work(seed: int, units: int) -> dict[str, Any]:
    stage, address, browser = place()
    declare_many(stage, units)
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.add_cookies([{"name": "sessionid", "value": session_of(stage, "reviewer"), "url": address}])
    page = context.new_page()
    page.goto(f"{address}/console/review/")
    waiting = len(deed_queries.declarations_in(actor=system(), status="submitted", limit=1000))
    begun, requests, reloads, lost = time.monotonic(), 0, 0, 0
    for asked, focus in counted(page, units):
        requests += len(asked)
        reloads += sum(one.is_navigation_request() for one in asked)
        lost += focus[0] not in ("case", "H1")
    seconds = time.monotonic() - begun
    context.close()
    left = len(deed_queries.declarations_in(actor=system(), status="submitted", limit=1000))
    failed = reloads + lost + (waiting - left != units) + (seconds > MOST_SECONDS * units)
    return {
        "keys": units,
        "requests": requests,
        "page_reloads": reloads,
        "focus_lost": lost,
        "milliseconds": int(seconds * 1000),
        "failed": int(failed),
    }

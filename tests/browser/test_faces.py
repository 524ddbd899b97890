"""Every page of every door once: axe finds nothing, nothing sticks out, at twice the size of type either.

Each page is looked at by one person in one look; from page to page width, theme and size go on, so that all kinds come.
The long form, `run.py check --long axe`, looks at every page in every look as every role.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from playwright.sync_api import BrowserContext
from pytest_django.live_server_helper import LiveServer

from tests.browser import faces
from tests.browser.conftest import OVERFLOW, enter
from tests.surfaces.stage import Stage

OWNERS = {"villager": faces.VILLAGER, "console": "director", "board": "", "kit": ""}
TELLER = ("counter", "counter_person", "order", "counter_offline")
HEAD = ("branches", "open_branch", "branch_villages", "bank", "propose")
OTHERS = {
    **{f"villager:{name}": "" for name in ("login", "activate")},
    **{f"console:{name}": "teller" for name in TELLER},
    **{f"console:{name}": "head" for name in HEAD},
    "missing": faces.VILLAGER,
}


def owner_of(name: str) -> str:
    """Whose page it is: by its own name, else by its door."""
    return OTHERS.get(name, OWNERS.get(name.split(":")[0], ""))


def test_nothing_sticks_out_in_english(
    stage: Stage, live_server: LiveServer, open_context: Callable[..., BrowserContext]
) -> None:
    """English words are longer than Chinese ones: every page of the phone and of the board in the elders' size."""
    faces.furnish(stage)
    pages = {name: address for name, address in faces.addresses(stage).items() if " " not in name}
    findings, seen = [], 0
    for role in (faces.VILLAGER, ""):
        context = open_context(live_server.url, worker=False)
        page = enter(context, stage, role, live_server.url) if role else context.new_page()
        page.set_viewport_size({"width": 360, "height": 780})
        context.add_cookies([{"name": "wm_look", "value": "light.elder.en", "url": live_server.url}])
        for name in (name for name in pages if owner_of(name) == role and not name.startswith("kit")):
            page.goto(live_server.url + pages[name])
            assert page.locator("html").get_attribute("lang") == "en", name
            findings += [f"{name}: {one}" for one in page.evaluate(OVERFLOW)]
            seen += 1
    assert findings == []
    assert seen > 30


def test_every_page_in_one_look(stage: Stage, live_server: LiveServer, open_context: Callable[..., BrowserContext]) -> None:
    faces.furnish(stage)
    pages = {name: address for name, address in faces.addresses(stage).items() if " " not in name}
    looks, enlarged = cycle(faces.combinations()), cycle(faces.ENLARGED)
    findings, refused, seen = [], [], 0
    for role in dict.fromkeys(map(owner_of, pages)):
        context = open_context(live_server.url, worker=False)
        page = enter(context, stage, role, live_server.url) if role else context.new_page()
        walker = faces.Walker(page, live_server.url)
        for name in (name for name in pages if owner_of(name) == role):
            width, theme, size = next(looks)
            is_new = walker.open(pages[name], size)
            refused += [name] if walker.status >= 400 else []
            if is_new:
                walker.look(name, width, theme, size)
                if not size:
                    walker.enlarge(name, *next(enlarged))
        findings += walker.findings
        seen += walker.figures["looks"]
    assert findings == []
    assert refused == ["missing"]
    assert seen > 50

"""The villager's home in a slow browser on a slow line, and many callers at once on the server that `serve` starts."""

from __future__ import annotations

import http.client
import importlib.util
import json
import math
import os
import random
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import waitress
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import include, path

from wenming.surfaces.cli import serving
from wenming.surfaces.cli.bench import memory
from wenming.surfaces.cli.bench.crowds import each_in_a_thread

GOALS = {"balance_seconds": 1.5, "kilobytes": 60, "layout_shift": 0, "p99_milliseconds": 100}
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "microsoft-edge")
MISSING = "playwright or Chromium is missing: `python3 run.py test` installs both; they are no part of the product."
LINES = {
    "slow_4g": {"latency": 150.0, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8},
    "slow_4g_as_devtools": {"latency": 562.5, "downloadThroughput": 1_474_560 / 8, "uploadThroughput": 691_200 / 8},
}
"""Lighthouse's slow 4G: its line as it is (bytes a second, milliseconds a request), and as its browser throttling states it."""
SLOWER = 4
"""Times that the processor is slowed down."""
CALLERS, SECONDS, THINKING = 50, 15.0, 3.0
"""Callers at once, seconds of each measurement, and mean seconds that a caller reads before the next page."""
WATCH = """
window.seen = {shift: 0, balance: 0};
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.seen.shift += one.value; })
  .observe({type: "layout-shift", buffered: true});
const look = () => {
  const wanted = document.querySelector(".bal, #empty"), box = wanted && wanted.getBoundingClientRect();
  const painted = performance.getEntriesByName("first-contentful-paint").length;
  if (painted && box && box.height && box.top < innerHeight) window.seen.balance = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def empty(request: HttpRequest) -> HttpResponse:
    """A page with one line, behind the same stack."""
    return HttpResponse(f'<!doctype html><html lang="en"><title>empty</title><p id="empty">{request.user.pk}')


urlpatterns = [path("empty-page-of-the-bench/", empty), path("", include(settings.ROOT_URLCONF))]
PAGES = {"home": "/", "empty": "/empty-page-of-the-bench/"}


def run(*, folder: Path, rounds: int) -> dict[str, Any]:
    """A villager of the demo: the first view on each line, then the server under callers."""
    card = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    (login,) = [one for one in card["logins"] if one["role"] == "村民"]
    client = Client(headers={"host": "127.0.0.1"})
    answer = client.post("/login/", {"name": login["login"], "password": login["password"], "next": "/"})
    assert answer.status_code == 302, answer.status_code
    session = client.cookies["sessionid"].value
    return {"goals": GOALS, "first_view": first_views(session, rounds), "callers": callers(folder, session)}


def browser_path() -> str | None:
    """The browser's program, where there is one and the driver too."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return os.environ.get("WENMING_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def served() -> Iterator[str]:
    """The product's own server in this process, with one empty page more."""
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"]):
        server = waitress.create_server(get_wsgi_application(), host="127.0.0.1", port=0, threads=serving.THREADS)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.effective_port}"
        server.close()


def first_views(session: str, rounds: int) -> dict[str, Any]:
    """Medians of fresh browser profiles, page by page in turn."""
    program = browser_path()
    if program is None:
        return {"missing": MISSING}
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    report: dict[str, Any] = {"processor_slower": SLOWER, "lines": LINES}
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for line, conditions in LINES.items():
            found: dict[str, list[dict[str, float]]] = {name: [] for name in PAGES}
            for _round in range(rounds):
                for name, page in PAGES.items():
                    found[name].append(first_view(browser, address, page, session, conditions))
            report[line] = {
                name: {figure: statistics.median(view[figure] for view in views) for figure in views[0]}
                for name, views in found.items()
            }
        browser.close()
    return report


def first_view(browser: Any, address: str, page: str, session: str, conditions: dict[str, float]) -> dict[str, float]:
    """One look with an empty cache: seconds until the balance is seen, kilobytes that came, how much the page jumped."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2, service_workers="block")
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    context.add_init_script(WATCH)
    tab = context.new_page()
    wire = context.new_cdp_session(tab)
    came: list[float] = []
    wire.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", {"offline": False, **conditions})
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tab.goto(address + page, wait_until="networkidle")
    seen = tab.evaluate("window.seen")
    context.close()
    return {
        "balance_seconds": seen["balance"] / 1000,
        "kilobytes": sum(came) / 1000,
        "requests": len(came),
        "layout_shift": seen["shift"],
    }


def callers(folder: Path, session: str) -> dict[str, Any]:
    """Home and passbook in turn: a closed loop, which finds the most that the server does, and people who read in between."""
    report: dict[str, Any] = {"callers": CALLERS, "seconds": SECONDS, "thinking_seconds": THINKING}
    with memory.server(folder) as (port, _pid):
        report["without_pause"] = crowd(port, session, 0.0)
        report["with_pause"] = crowd(port, session, THINKING)
    return report


def crowd(port: int, session: str, thinking: float) -> dict[str, Any]:
    """So many callers for so many seconds: answers a second, and milliseconds by page."""
    spent: dict[str, list[float]] = {"/": [], "/passbook/": []}
    begun = time.perf_counter()

    def call(place: int) -> None:
        dice = random.Random(place)  # noqa: S311 (when a caller reads on)
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        time.sleep(dice.uniform(0, thinking))
        turn = place
        while time.perf_counter() - begun < SECONDS:
            page = tuple(spent)[turn % len(spent)]
            spent[page].append(asked(line, page, session))
            turn += 1
            time.sleep(dice.uniform(0.5, 1.5) * thinking)
        line.close()

    each_in_a_thread(CALLERS, call)
    count = sum(map(len, spent.values()))
    rate = count / (time.perf_counter() - begun)
    return {"answers_a_second": rate, "milliseconds": {page: figures(times) for page, times in spent.items()}}


def asked(line: http.client.HTTPConnection, page: str, session: str) -> float:
    began = time.perf_counter()
    line.request("GET", page, headers={"Cookie": f"sessionid={session}", "Accept-Encoding": "gzip"})
    answer = line.getresponse()
    answer.read()
    assert answer.status == 200, f"{page}: {answer.status}"
    return (time.perf_counter() - began) * 1000


def figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"count": len(ordered), "median": statistics.median(ordered), "p99": ordered[math.ceil(len(ordered) * 0.99) - 1]}

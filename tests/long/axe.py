"""Every page of every role in every look: axe's findings, what sticks out, and at twice the size of type what is out of reach.

A seed names one role of nine, so that nine portions in a row are all of them. What was found stands, one a line, in
`build/long/axe-ROLE.txt`.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import manimgx_fonts_cjk
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import village as villages
from tests.browser import conftest, faces
from tests.long.frame import JOURNALS
from tests.surfaces import stage as stages


@functools.cache
def place() -> tuple[stages.Stage, str, Browser]:
    """The sample village behind a server of its own, and a browser with Chinese fonts; both end with the process."""
    from django.conf import settings

    folder = Path(tempfile.mkdtemp(prefix="wenming-axe-"))
    settings.TEST_CLOCK, settings.MEDIA_ROOT = str(folder / "now"), folder / "media"
    settings.ALLOWED_HOSTS = ["*"]
    logging.getLogger("django.request").setLevel(logging.ERROR)
    stage = stages.build(villages.MORNING, folder / "now")
    faces.furnish(stage)
    return stage, LiveServer("127.0.0.1").url, browse(folder)


def browse(folder: Path) -> Browser:
    found = os.environ.get("WENMING_CHROMIUM") or next(filter(None, map(shutil.which, conftest.NAMES)), None)
    fonts = folder / "fonts.conf"
    fonts.write_text(conftest.FONTS.format(folder=Path(manimgx_fonts_cjk.__file__).parent), encoding="utf-8")
    return (
        sync_playwright()
        .start()
        .chromium.launch(executable_path=found, args=conftest.ARGUMENTS, env={**os.environ, "FONTCONFIG_FILE": str(fonts)})
    )


def work(seed: int, units: int) -> dict[str, Any]:
    """The pages of so many roles, from the seed's on."""
    total: dict[str, Any] = dict.fromkeys(faces.FIGURES, 0)
    for number in range(seed, seed + units):
        stage, address, browser = place()
        role = faces.ROLES[number % len(faces.ROLES)]
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
        if session := conftest.session_of(stage, role):
            context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        walker = faces.Walker(context.new_page(), address)
        faces.walk(walker, faces.addresses(stage))
        context.close()
        faces.keep(walker.findings, JOURNALS / f"axe-{role or 'nobody'}.txt")
        for name, count in walker.figures.items():
            total[name] += count
    return {**total, "failed": sum(total[name] for name in ("violations", "wide", "unreachable"))}

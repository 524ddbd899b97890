"""What goes over the wire: compressed where it helps, and nothing at all where the phone has it."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from tests.surfaces.stage import Stage
from wenming.domain.deeds import queries as deed_queries

pytestmark = pytest.mark.django_db
TAKES = {"Accept-Encoding": "gzip"}


def test_pages_and_styles_are_compressed(stage: Stage) -> None:
    page = stage.client("王建国").get("/", headers=TAKES)
    assert page["Content-Encoding"] == "gzip" and "王建国" in gzip.decompress(page.content).decode()
    assert not Client().get("/login/").has_header("Content-Encoding")
    style = Client().get("/static/ui/kit.css", headers=TAKES)
    assert style["Content-Encoding"] == "gzip" and "Accept-Encoding" in style["Vary"]
    assert gzip.decompress(style.getvalue()).startswith(b"/* ")


def test_what_the_phone_has_is_not_sent_again() -> None:
    first = Client().get("/static/ui/kit.css", headers=TAKES)
    assert first["ETag"].startswith("W/")
    again = Client().get("/static/ui/kit.css", headers={**TAKES, "If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_a_photo_goes_as_it_is(stage: Stage) -> None:
    client = stage.client("王建国")
    deed = deed_queries.declaration(actor=stage.village.villager("王建国"), declaration_id=stage.deeds["submitted"])
    page = client.get(f"/deeds/{deed.public_id}/").content.decode()
    address = "/photos/" + page.split('src="/photos/')[1].split('"')[0]
    assert not client.get(address, headers=TAKES).has_header("Content-Encoding")

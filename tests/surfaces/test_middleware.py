"""What every page answers to input that no field can hold."""

from __future__ import annotations

import pytest
from django.test import Client


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

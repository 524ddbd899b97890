"""The command `api-key`: issue, list, revoke; wrong use in one sentence."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from wenming.core import clock
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def officer(at: datetime) -> int:
    user = identity.register_user(display_name="钱会计", at=at)
    identity.add_login_name(user_id=user.pk, kind="officer", name="钱会计")
    return user.pk


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command("api-key", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_issue_list_revoke(officer: int) -> None:
    made = run("issue", "钱会计", "--name", "数据平台", "--scope", "deeds:read", "--scope", "mall:read")
    at = clock.now()
    assert identity_queries.user_by_api_key(key=made["key"], at=at) == (officer, frozenset({"deeds:read", "mall:read"}))
    (listed,) = run("list", "钱会计")
    assert listed["scopes"] == ["deeds:read", "mall:read"] and listed["revoked_at"] is None
    assert made["key"].split("_")[2] not in json.dumps(listed)
    assert run("revoke", "钱会计", "--prefix", listed["prefix"]) == {"prefix": listed["prefix"], "revoked": True}
    assert identity_queries.user_by_api_key(key=made["key"], at=at) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("issue", "没有这个人", "--name", "x", "--scope", "deeds:read"),
        ("issue", "钱会计", "--name", "x"),
        ("issue", "钱会计", "--name", "x", "--scope", "DEEDS READ"),
        ("issue", "钱会计", "--name", "x", "--scope", "deeds:read", "--days", "0"),
        ("revoke", "钱会计"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    assert refused.value.returncode == 2

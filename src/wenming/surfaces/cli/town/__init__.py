"""The demo town: 潞城镇 with its real villages and invented people, made in bulk by the same services as everything else.

`making` builds it; this module says which scales there are and how a finished town is announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

SCALES = ("town", "village")


def words(card: Mapping[str, Any]) -> str:
    """The log-ins of the demo as a table for the screen."""
    lines = [_("演示镇的登录名（密码都是 {password}）：").format(password=card["password"])]
    for login in card["logins"]:
        lines.append(f"  {capfirst(_(login['role']))}\t{login['login']}\t{login['name']}".rstrip())
    return "\n".join(lines)

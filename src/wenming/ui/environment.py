"""The Jinja2 environment of every page."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment


def make(**options: Any) -> Environment:
    return Environment(**options)

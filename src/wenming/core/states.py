"""Steps of a thing's life: a status and the table of steps beside it. `move` is the only way to change a status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from wenming.core.errors import Refusal

Steps = Mapping[str, frozenset[str]]


class WrongStep(Refusal):
    code, message, status = "wrong_step", _("这一笔现在是“{status}”，不能这样办。"), 409


def move(thing: Any, *, to: str, field: str = "status") -> None:
    """Change a model's status if its class's STEPS allow it. Saves nothing."""
    current = getattr(thing, field)
    steps: Steps = type(thing).STEPS
    if to not in steps.get(current, frozenset()):
        raise WrongStep(status=getattr(thing, f"get_{field}_display")(), current=str(current), wanted=str(to))
    setattr(thing, field, to)

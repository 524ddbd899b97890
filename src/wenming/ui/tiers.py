"""The tiers of households, by honour points: what was ever earned, not lowered by spending."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wenming.core.points import HUNDRED


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier, and how far it is to the next one; amounts in hundredths. `next_name` is empty at the top."""

    name: str | Promise
    glyph: str
    start: int
    earned: int
    next_name: str | Promise = ""
    next_start: int = 0

    @property
    def missing(self) -> int:
        return max(0, self.next_start - self.earned)


LADDER: tuple[tuple[int, str | Promise, str], ...] = (
    (0, _("青苗户"), "sprout"),
    (300 * HUNDRED, _("拔节户"), "joint"),
    (800 * HUNDRED, _("金穗户"), "ear"),
    (1400 * HUNDRED, _("满仓户"), "barn"),
)


def tier_of(honour: int) -> Tier:
    """The tier that this much honour has reached."""
    place = max(index for index, (start, _name, _glyph) in enumerate(LADDER) if honour >= start or index == 0)
    start, name, glyph = LADDER[place]
    if place + 1 == len(LADDER):
        return Tier(name=name, glyph=glyph, start=start, earned=honour)
    next_start, next_name, _next_glyph = LADDER[place + 1]
    return Tier(name=name, glyph=glyph, start=start, earned=honour, next_name=next_name, next_start=next_start)

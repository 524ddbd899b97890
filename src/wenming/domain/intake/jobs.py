"""What the timetable runs: finish what an erasure has begun."""

from __future__ import annotations

from datetime import datetime

from wenming.core.actor import system
from wenming.domain.intake import services


def forget_erased(*, at: datetime) -> int:
    """Forget for good whoever was erased since the last time, in every room."""
    return services.forget_erased(actor=system(), at=at)

"""Who read the encrypted facts of a depositor: the depositor may know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from wenming.domain.depositors.models import Reveal
from wenming.domain.identity import queries as identity


@dataclass(frozen=True, slots=True)
class Look:
    """One reading: when, which fact, what for, and who, all in words."""

    at: datetime
    fact: str
    purpose: str
    by: str


def looks_at(*, depositor_id: int, limit: int) -> list[Look]:
    """The newest first."""
    rows = list(Reveal.objects.filter(depositor_id=depositor_id).order_by("-id")[:limit])
    names = identity.display_names(user_ids=[row.user_id for row in rows if row.user_id is not None])
    facts = {"phone": _("手机号"), "id_number": _("身份证号")}
    return [Look(row.at, facts[row.field], str(row.get_purpose_display()), names.get(row.user_id or 0, "")) for row in rows]

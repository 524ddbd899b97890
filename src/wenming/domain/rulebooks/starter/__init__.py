"""The starter rule book: what villages score most often, in plain words, merits first.

The scale: 3 to 4 points for an ordinary deed, some 36 points a year for a depositor who takes part; one point is worth
about one yuan at the counter. A few lawful demerits stand at the end of three categories. They stay off until the
village has voted for them (`Edition.demerits_vote`).
"""

from __future__ import annotations

from wenming.domain.rulebooks.clauses import ItemDraft
from wenming.domain.rulebooks.starter.daily import CUSTOMS, PARTICIPATION, VOLUNTEERING
from wenming.domain.rulebooks.starter.standing import CONTESTS, EMPLOYMENT, GOOD_DEEDS, SPECIAL_WORK

ITEMS: tuple[ItemDraft, ...] = (
    *VOLUNTEERING,
    *CUSTOMS,
    *PARTICIPATION,
    *GOOD_DEEDS,
    *CONTESTS,
    *SPECIAL_WORK,
    *EMPLOYMENT,
)

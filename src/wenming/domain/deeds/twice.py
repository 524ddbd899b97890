"""One deed told twice: on two phones, or on the phone and on the page. It is declared once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import IO

from wenming.core import days
from wenming.core.actor import Actor
from wenming.core.transactions import service, take_turn
from wenming.domain.deeds import queries, refusals
from wenming.domain.deeds.declaring import declare_deed
from wenming.domain.deeds.models import Declaration
from wenming.domain.rulebooks import queries as rulebooks


@service
def declare_deed_once(
    *,
    actor: Actor,
    door: str,
    depositor_ids: Sequence[int],
    item_id: int,
    happened_on: date,
    quantity: int,
    words: str,
    photos: Sequence[IO[bytes]],
    submission_key: str,
    at: datetime,
) -> list[Declaration]:
    """Declare a deed, unless the actor has declared it already in the same words under another key.

    The same clause, day, people, quantity and words are the same deed; whoever did it twice says so in the words.
    """
    code = rulebooks.item(item_id=item_id).code
    take_turn(f"told:{actor.user_id}:{code}:{happened_on}")
    told = queries.told_before(
        actor=actor,
        depositor_ids=depositor_ids,
        code=code,
        happened_on=happened_on,
        quantity=quantity,
        words=words.strip(),
        except_key=submission_key,
    )
    if told is not None:
        raise refusals.EnteredTwice(deed=told.pk, when=days.short(told.happened_on))
    return declare_deed(
        actor=actor,
        door=door,
        depositor_ids=depositor_ids,
        item_id=item_id,
        happened_on=happened_on,
        quantity=quantity,
        words=words,
        photos=photos,
        submission_key=submission_key,
        at=at,
    )

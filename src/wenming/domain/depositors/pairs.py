"""Acts that take two persons: the second is somebody else, no kin of the first, and both hold their office at that time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from wenming.core.actor import Actor
from wenming.core.errors import Refusal
from wenming.core.transactions import service
from wenming.domain.depositors import queries
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.services import Appointment

MayDo = Callable[[Actor], bool]


class PairIsKin(Refusal):
    code, message, status = "depositors.pair_is_kin", _("两个办事的人不能是一家人或亲属，请另一位工作人员来办。"), 403


class OutOfOffice(Refusal):
    code, message, status = "depositors.out_of_office", _("先办的那位已经不在岗，这一步不算数了，请重新办一次。"), 409


def check_pair(*, first_id: int | None, second_id: int | None, at: datetime, may_first: MayDo, may_second: MayDo) -> None:
    """Refuse two who are kin, and either who may not do their part at this instant.

    That they are two is asked by each room in its own words. The operator's shell is no person and vouches for both; the
    audit trail says so.
    """
    if first_id is None or second_id is None:
        return
    if queries.are_kin(first_id, second_id):
        raise PairIsKin
    for user_id, may in ((first_id, may_first), (second_id, may_second)):
        if not may(queries.actor_for(user_id=user_id, door="console", at=at)):
            raise OutOfOffice


@service
def confirm_appointment(*, actor: Actor, proposal_id: int, at: datetime) -> Appointment:
    """The second officer's word on an office above the villages, with what this room knows of kin."""
    return organisations.confirm_appointment(actor=actor, proposal_id=proposal_id, at=at, are_kin=queries.are_kin)

"""Writes of the deeds' room: declare, review, publish, deposit, put right, and record a whole register."""

from __future__ import annotations

from wenming.domain.deeds.declaring import amend_declaration, declare_deed, withdraw_declaration
from wenming.domain.deeds.depositing import deposit_deed, publish_notice
from wenming.domain.deeds.forgetting import forget_erased
from wenming.domain.deeds.refusals import (
    AlreadyDeposited,
    BatchTooLarge,
    BeforeJoining,
    DemeritsOff,
    DemeritUnnoticed,
    DoorClosed,
    EnteredTwice,
    EvidenceNeeded,
    ItemNotInForce,
    KeyReused,
    NobodyNamed,
    NotDeposited,
    NothingChosen,
    NotOnRoll,
    NotYetHappened,
    OthersCanReview,
    PhotoNeeded,
    PointsDiffer,
    ReasonNeeded,
    Recused,
    RegisterHasProblems,
    ReversalWaiting,
    ReviewedBefore,
    RevisionPassed,
    SecondOfficerNeeded,
    TooLate,
    TooManyNamed,
    TooManyPhotos,
    WordsTooLong,
)
from wenming.domain.deeds.register import (
    Reckoner,
    RegisterResult,
    RegisterRow,
    RowProblem,
    begin_history,
    check_register,
    record_register,
)
from wenming.domain.deeds.reversing import confirm_reversal, drop_reversal, propose_reversal, resolve_objection
from wenming.domain.deeds.reviewing import Outcome, approve_many, review_declaration
from wenming.domain.deeds.twice import declare_deed_once

__all__ = [
    "AlreadyDeposited", "BatchTooLarge", "BeforeJoining", "DemeritUnnoticed", "DemeritsOff", "DoorClosed", "EnteredTwice",
    "EvidenceNeeded", "ItemNotInForce", "KeyReused", "NobodyNamed", "NotDeposited", "NotOnRoll", "NotYetHappened",
    "NothingChosen", "OthersCanReview", "Outcome", "PhotoNeeded", "PointsDiffer", "ReasonNeeded", "Reckoner", "Recused",
    "RegisterHasProblems", "RegisterResult", "RegisterRow", "ReversalWaiting", "ReviewedBefore", "RevisionPassed",
    "RowProblem", "SecondOfficerNeeded", "TooLate", "TooManyNamed", "TooManyPhotos", "WordsTooLong", "amend_declaration",
    "approve_many", "begin_history", "check_register", "confirm_reversal", "declare_deed", "declare_deed_once",
    "deposit_deed", "drop_reversal", "forget_erased", "propose_reversal", "publish_notice", "record_register",
    "resolve_objection", "review_declaration", "withdraw_declaration",
]  # fmt: skip

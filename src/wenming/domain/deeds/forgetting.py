"""What was written and photographed about people who are being erased goes too; points and states stay as they are."""

from __future__ import annotations

from datetime import datetime

from wenming.core import attachments, audit
from wenming.core.actor import Actor
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.deeds.models import Declaration, Reversal, Review
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors.queries import SOMEBODY, UnderWay
from wenming.domain.inbox import services as inbox
from wenming.domain.notices import services as notices


@service
def forget_erased(*, actor: Actor, at: datetime) -> int:
    """Blank the words, earlier versions and photos of the deeds of everyone who is being erased, their objections, and
    their names in other people's words; how many of their own deeds that were."""
    done = 0
    for erasure in depositors.erasures_under_way():
        done += _forget_own(actor, erasure, at)
        _forget_mentions(erasure)
        notices.forget_erased(erasure=erasure)
    return done


def _forget_own(actor: Actor, erasure: UnderWay, at: datetime) -> int:
    done = 0
    own = Declaration.objects.filter(depositor_id=erasure.depositor_id)
    for declaration in own.only("pk", "public_id", "words", "history", "branch_id", "submission_key", "batch_key"):
        subject = f"deed:{declaration.pk}"
        photos = attachments.destroy(subject=subject)
        if not (photos or declaration.words or declaration.history):
            continue
        declaration.words, declaration.history = "", []
        if not declaration.batch_key:
            declaration.submission_key, declaration.request_hash = f"forgotten:{declaration.public_id}", ""
        declaration.save(update_fields=["words", "history", "submission_key", "request_hash"])
        failpoint("deeds.forgotten")
        audit.record(actor=actor, act="deeds.forgotten", subject=subject, at=at, organisation_id=declaration.branch_id)
        done += 1
    return done


def _forget_mentions(erasure: UnderWay) -> None:
    """The name in what was written about the deeds of others, and why reviewers and officers decided as they did."""
    if not erasure.name:
        return
    others = Declaration.objects.filter(branch_id__in=erasure.branch_ids)
    for declaration in others.exclude(history=[]) | others.filter(words__contains=erasure.name):
        hidden = erasure.hide(declaration.words), erasure.hide(declaration.history)
        if hidden != (declaration.words, declaration.history):
            declaration.words, declaration.history = hidden
            declaration.save(update_fields=["words", "history"])
    inbox.hide_name(name=erasure.name, instead=SOMEBODY)
    for model in (Review, Reversal):
        found = model.objects.filter(declaration__branch_id__in=erasure.branch_ids, reason__contains=erasure.name)
        for one in found:
            one.reason = erasure.hide(one.reason)
            one.save(update_fields=["reason"])

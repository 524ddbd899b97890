"""What was written and photographed about people who were erased goes too; points and states stay as they are."""

from __future__ import annotations

from datetime import datetime

from wenming.core import attachments, audit
from wenming.core.actor import Actor
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.deeds.models import Declaration
from wenming.domain.depositors import queries as depositors


@service
def forget_erased(*, actor: Actor, since: datetime, at: datetime) -> int:
    """Blank the words, earlier versions and photos of the deeds of everyone erased after `since`; how many deeds that were."""
    erased = depositors.erased_ids(after=since)
    done = 0
    for declaration in Declaration.objects.filter(depositor_id__in=erased).only("pk", "words", "history", "branch_id"):
        subject = f"deed:{declaration.pk}"
        photos = attachments.destroy(subject=subject)
        if not (photos or declaration.words or declaration.history):
            continue
        declaration.words, declaration.history = "", []
        declaration.save(update_fields=["words", "history"])
        failpoint("deeds.forgotten")
        audit.record(actor=actor, act="deeds.forgotten", subject=subject, at=at, organisation_id=declaration.branch_id)
        done += 1
    return done

"""Erasure: everything that says who someone was goes, the books stay. A list outside the backups lets a restore repeat it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from wenming.core import attachments, audit, clock, states, vault
from wenming.core.actor import Actor, system
from wenming.core.errors import NotFound, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.depositors import policies, queries
from wenming.domain.depositors.households import leave_household_of
from wenming.domain.depositors.models import ClassMembership, Depositor, Erasure, Kinship, Passbook, Reveal, VaultRecord
from wenming.domain.identity import services as identity
from wenming.domain.inbox import services as inbox
from wenming.domain.organisations import services as organisations

GONE = "已注销"


def erasure_list() -> Path:
    """Where the erasure list is kept: beside the store and never inside a backup. Random ids and instants only."""
    return Path(settings.DATA) / "erasures.jsonl"


@service
def erase_depositor(*, actor: Actor, depositor_id: int, at: datetime) -> Depositor:
    """Forget a depositor: name, pinyin, vault and its key, kin, classes, pictures, messages, log-in, offices. Twice is once.

    The ledger is untouched: its accounts carry random ids. Points that are left can't be spent any more. Deeds, objections
    and sheets follow within a minute (`intake.jobs.forget_erased`).
    """
    person = Depositor.objects.select_for_update().filter(policies.visible(actor), pk=depositor_id).first()
    if person is None:
        raise NotFound
    require(policies.may_erase(actor, person.branch_id))
    if person.status != Depositor.Status.ERASED:
        _forget(actor, person, at)
        _remember(person.public_id, at)
        failpoint("depositors.erasure_listed")
    return person


@service
def replay_erasures(*, path: Path, at: datetime) -> int:
    """Repeat the erasures of a list on a store that was restored from an older copy; says how many were due."""
    due = list(_listed(path))
    done = 0
    for start in range(0, len(due), queries.CHUNK):
        found = Depositor.objects.select_for_update().filter(public_id__in=due[start : start + queries.CHUNK])
        for person in found.exclude(status=Depositor.Status.ERASED):
            _forget(system("restore"), person, at)
            done += 1
    return done


def _forget(actor: Actor, person: Depositor, at: datetime) -> None:
    key = vault.new_key()
    Erasure.objects.create(
        depositor=person, user_id=person.user_id, wrapped_key=key, name=vault.encrypt(key, "name", person.name), begun_at=at
    )
    Depositor.objects.filter(branch_id=person.branch_id, guardian=person.name).exclude(guardian="").update(guardian=GONE)
    if person.status == Depositor.Status.ACTIVE:
        leave_household_of(person, at)
    Kinship.objects.filter(first=person).delete()
    Kinship.objects.filter(second=person).delete()
    for rows in (VaultRecord, ClassMembership, Reveal):
        rows.objects.filter(depositor=person).delete()
    Passbook.objects.filter(depositor=person, closed_on__isnull=True).update(closed_on=clock.local_date(at))
    attachments.destroy(subject=f"depositor:{person.pk}")
    user_id, person.user = person.user_id, None
    states.move(person, to=Depositor.Status.ERASED)
    person.name = person.pinyin = person.initials = person.sex = person.guardian = ""
    person.born_on = person.guardian_consent_on = person.household = None
    person.status_at = at
    person.save()
    if user_id is not None:
        organisations.end_offices(actor=actor, user_id=user_id, at=at)
        inbox.erase_messages(user_id=user_id)
        identity.erase_user(user_id=user_id)
    failpoint("depositors.facts_erased")
    audit.record(actor=actor, act="depositors.erased", subject=f"depositor:{person.pk}", at=at, organisation_id=person.branch_id)
    transaction.on_commit(_squeeze)


@service
def finish_erasures(*, depositor_ids: Sequence[int]) -> int:
    """The rooms above have forgotten these people too: now the last that knew their names goes. Says how many that were."""
    done, _by_model = Erasure.objects.filter(depositor_id__in=list(depositor_ids)).delete()
    transaction.on_commit(_squeeze)
    return done


def _remember(public_id: str, at: datetime) -> None:
    """Append to the list, on disk before the act is durable: an erasure that was asked for must not come undone."""
    line = json.dumps({"depositor": public_id, "at": at.astimezone(UTC).isoformat()}) + "\n"
    with open(os.open(erasure_list(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="ascii") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _listed(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    for line in path.read_text(encoding="ascii").splitlines():
        if line.strip():
            yield str(json.loads(line)["depositor"])


def _squeeze() -> None:
    """Let the embedded store's files forget too: overwritten pages leave the write-ahead log for the main file."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

"""Declaring a deed, changing it, taking it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import IO, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import attachments, audit, chance, clock, states
from wenming.core.actor import Actor, system
from wenming.core.errors import NotFound, require
from wenming.core.failpoints import failpoint
from wenming.core.prepared import prepared, save_new
from wenming.core.transactions import service, take_turn
from wenming.domain.deeds import caps, policies, queries, refusals
from wenming.domain.deeds.models import Declaration, Door, Status
from wenming.domain.depositors import queries as depositors
from wenming.domain.notices import services as notices
from wenming.domain.organisations import queries as organisations
from wenming.domain.rulebooks import engine
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks.queries import RuleItem

MOST_PEOPLE = 200
MOST_PHOTOS = 6
LONGEST_WORDS = 500
DOOR_WORDS = {
    "self": gettext_lazy("本人"),
    "other": gettext_lazy("邻居"),
    "lane_chief": gettext_lazy("街巷长"),
    "counter": gettext_lazy("柜台"),
    "sheet": gettext_lazy("表格"),
    "activity": gettext_lazy("活动签到"),
}


@prepared
def _locked(declaration_id: int) -> QuerySet[Declaration]:
    beside = ("item__edition", "depositor", "household", "passbook", "branch")
    return Declaration.objects.select_for_update(of=("self",)).select_related(*beside).filter(pk=declaration_id)


def locked(declaration_id: int) -> Declaration:
    """One declaration with its row locked, its clause and people beside it."""
    found = _locked.one(declaration_id=declaration_id)
    if found is None:
        raise NotFound
    return found


def record(actor: Actor, act: str, declaration: Declaration, at: datetime, **facts: object) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject=queries.subject_of(declaration.pk),
        at=at,
        organisation_id=declaration.branch_id,
        facts=facts,
    )


@service
def declare_deed(
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
    branch_id: int | None = None,
) -> list[Declaration]:
    """Declare one deed of one or several depositors: one declaration each, joined as a group.

    The same submission key with the same words gives the same declarations; with other words it is refused. Which clause
    holds follows from the day of the deed: the clause of the same number in the edition of that day.
    """
    digest = _request_digest(actor, door, depositor_ids, item_id, happened_on, quantity, words, photos)
    take_turn(f"submission:{submission_key}")
    earlier = _earlier(submission_key, digest)
    if earlier:
        return earlier
    words = _checked_words(words, photos)
    people = _people(actor, door, depositor_ids, branch_id)
    item = _item_on(people[0].branch_id, item_id, happened_on)
    _check_item(item, door)
    _check_evidence(item, door, words, bool(photos))
    classes = depositors.classes_on(depositor_ids=[one.pk for one in people], on=happened_on)
    group_key = hashlib.sha256(submission_key.encode()).hexdigest()[:32] if len(people) > 1 else None
    made = []
    for place, one in enumerate(people):
        _check_day(item, happened_on, one.joined_on, at)
        _check_points(item, one.pk, one.household_id, happened_on, quantity, classes[one.pk])
        declaration = Declaration(
            public_id=chance.public_id(),
            branch_id=one.branch_id,
            item=item,
            depositor=one,
            household_id=one.household_id,
            passbook=credited_passbook(item, one),
            declared_by=actor.user_id,
            door=door,
            happened_on=happened_on,
            quantity=quantity,
            words=words,
            status_at=at,
            declared_at=at,
            submission_key=submission_key if place == 0 else f"{submission_key}/{place}",
            request_hash=digest,
            group_key=group_key,
        )
        save_new(declaration)
        made.append(declaration)
        failpoint("deeds.declaration_written")
    _keep_photos(made[0], photos, actor, at)
    for declaration in made:
        record(actor, "deeds.declared", declaration, at, item=item.code, door=door)
    return made


def _request_digest(
    actor: Actor,
    door: str,
    depositor_ids: Sequence[int],
    item_id: int,
    happened_on: date,
    quantity: int,
    words: str,
    photos: Sequence[IO[bytes]],
) -> str:
    """What was asked, as one hash; the photos are read and put back to their start."""
    seen = []
    for file in photos[: MOST_PHOTOS + 1]:
        seen.append(hashlib.sha256(file.read(attachments.LARGEST_FILE + 1)).hexdigest())
        file.seek(0)
    facts = [actor.user_id, door, sorted(depositor_ids), item_id, happened_on.isoformat(), quantity, words.strip(), seen]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


@prepared
def _under_key(submission_key: str) -> QuerySet[Declaration]:
    return Declaration.objects.filter(submission_key=submission_key)


def _earlier(submission_key: str, digest: str) -> list[Declaration]:
    """What this key brought about before."""
    first = _under_key.one(submission_key=submission_key)
    if first is None:
        return []
    if first.request_hash != digest:
        raise refusals.KeyReused
    return queries.group_of(first)


def _people(actor: Actor, door: str, depositor_ids: Sequence[int], branch_id: int | None) -> list[Any]:
    """The depositors the deed is declared for: on the roll, of one branch, within the actor's reach through this door."""
    ids = list(dict.fromkeys(depositor_ids))
    if not ids:
        raise refusals.NobodyNamed(field="depositor")
    if len(ids) > MOST_PEOPLE:
        raise refusals.TooManyNamed(field="depositor", most=MOST_PEOPLE)
    people = [depositors.depositor(actor=system(actor.door), depositor_id=one) for one in ids]
    home = branch_id if branch_id is not None else people[0].branch_id
    for one in people:
        require(one.branch_id == home and organisations.may_see(actor=actor, branch_id=home), NotFound)
        lane = one.household.lane if one.household is not None else ""
        require(policies.may_declare(actor, door, one.branch_id, one.household_id, one.pk, lane))
    if any(one.status != depositors.Status.ACTIVE for one in people):
        raise refusals.NotOnRoll(field="depositor")
    return people


def credited_passbook(item: RuleItem, depositor: Any) -> Any:
    """Whose passbook the clause credits: the depositor's, or the household's where the clause says so."""
    if not item.credits_household or depositor.household_id is None:
        return depositor.passbook
    members = depositors.members_of(household_id=depositor.household_id)
    own = [one for one in members if one.kind == depositors.DepositorKind.HOUSEHOLD]
    head = [one for one in members if one.pk == depositor.household.head_id]
    return (own or head or [depositor])[0].passbook


def _item_on(branch_id: int, item_id: int, on: date) -> RuleItem:
    """The clause of this number that held at the branch on the day of the deed."""
    found = rulebooks.item_in_its_place(branch_id=branch_id, item_id=item_id, on=on)
    if found is None:
        raise refusals.ItemNotInForce(field="happened_on")
    return found


def put_under_rules_of_the_day(declaration: Declaration) -> None:
    """W06: an edition may have come into force since the deed was declared, from its very day on; its clause holds."""
    item = _item_on(declaration.branch_id, declaration.item_id, declaration.happened_on)
    if item.pk != declaration.item_id:
        declaration.item, declaration.passbook = item, credited_passbook(item, declaration.depositor)


def _check_item(item: RuleItem, door: str) -> None:
    if item.direction == rulebooks.Direction.DEMERIT and not item.edition.demerits_vote:
        raise refusals.DemeritsOff(field="item")
    if queries.declarer_of(door) not in item.declarers:
        raise refusals.DoorClosed(field="item", who=_("、").join(str(DOOR_WORDS[one]) for one in item.declarers))


def check_day(item: RuleItem, happened_on: date, joined_on: date, today: date) -> None:
    """W07: not in the future, within the clause's window, not before the depositor joined."""
    if happened_on > today:
        raise refusals.NotYetHappened(field="happened_on")
    if happened_on < today - timedelta(days=item.window_days):
        raise refusals.TooLate(field="happened_on", days=item.window_days)
    if happened_on < joined_on:
        raise refusals.BeforeJoining(field="happened_on")


def _check_day(item: RuleItem, happened_on: date, joined_on: date, at: datetime) -> None:
    check_day(item, happened_on, joined_on, clock.local_date(at))


def _check_points(
    item: RuleItem, depositor_id: int, household_id: int | None, on: date, quantity: int, classes: frozenset[str]
) -> None:
    """Say at once what approval would refuse: wrong class, wrong quantity, a cap that is full already."""
    usage = caps.usage_of(depositor_id=depositor_id, household_id=household_id, item=item, happened_on=on)
    engine.assess(rulebooks.terms_of(item), engine.DeedFacts(on, quantity, classes), usage)


def _checked_words(words: str, photos: Sequence[IO[bytes]]) -> str:
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        raise refusals.WordsTooLong(field="words")
    if len(photos) > MOST_PHOTOS:
        raise refusals.TooManyPhotos(field="photos", most=MOST_PHOTOS)
    return words


def _check_evidence(item: RuleItem, door: str, words: str, has_photos: bool) -> None:
    """A photo, or the words that name the document or the witness; at the counter the paper itself was seen."""
    if has_photos or "none" in item.evidence or door in (Door.COUNTER, Door.API, Door.SHEET):
        return
    if item.evidence == ["photo"]:
        raise refusals.PhotoNeeded(field="photos")
    if not words:
        raise refusals.EvidenceNeeded(field="words")


def _keep_photos(declaration: Declaration, photos: Sequence[IO[bytes]], actor: Actor, at: datetime) -> None:
    for file in photos:
        attachments.keep(actor=actor, file=file, subject=queries.subject_of(declaration.pk), at=at)


@service
def amend_declaration(
    *,
    actor: Actor,
    declaration_id: int,
    happened_on: date,
    quantity: int,
    words: str,
    photos: Sequence[IO[bytes]],
    at: datetime,
    item_id: int | None = None,
) -> Declaration:
    """Change a declaration that is not deposited. Review and notice start anew; the version before is kept.

    Refuses the deeds of whoever was erased: what was written then would outlive the erasure.

    New photos replace the old ones on the page; the old ones are kept under the version before.
    """
    declaration = locked(declaration_id)
    require(policies.may_see(actor, declaration), NotFound)
    require(policies.may_amend(actor, declaration))
    if declaration.status in (Status.DEPOSITED, Status.REVERSED):
        raise refusals.AlreadyDeposited
    if declaration.depositor.status == depositors.Status.ERASED:
        raise refusals.PersonErased
    words = _checked_words(words, photos)
    item = _item_on(declaration.branch_id, item_id or declaration.item_id, happened_on)
    kept = attachments.of(queries.subject_of(declaration.pk))
    _check_item(item, declaration.door)
    _check_evidence(item, declaration.door, words, bool(photos) or bool(kept))
    _check_day(item, happened_on, declaration.depositor.joined_on, declaration.declared_at)
    start_anew(declaration, actor, at, "amended")
    classes = depositors.classes_on(depositor_ids=[declaration.depositor_id], on=happened_on)[declaration.depositor_id]
    usage = caps.usage_of(
        depositor_id=declaration.depositor_id,
        household_id=declaration.household_id,
        item=item,
        happened_on=happened_on,
        without=[declaration.pk],
    )
    engine.assess(rulebooks.terms_of(item), engine.DeedFacts(happened_on, quantity, classes), usage)
    declaration.item, declaration.happened_on, declaration.quantity, declaration.words = item, happened_on, quantity, words
    declaration.passbook = credited_passbook(item, declaration.depositor)
    declaration.save()
    failpoint("deeds.amended")
    _keep_photos(declaration, photos, actor, at)
    record(actor, "deeds.amended", declaration, at, revision=declaration.revision)
    return declaration


def start_anew(declaration: Declaration, actor: Actor, at: datetime, why: str) -> None:
    """Back to the queue as a new revision: the version before is kept, its line leaves the wall, its points are gone."""
    photos = [photo.public_id for photo in attachments.of(queries.subject_of(declaration.pk))]
    version = {
        "revision": declaration.revision,
        "item": declaration.item_id,
        "happened_on": declaration.happened_on.isoformat(),
        "quantity": declaration.quantity,
        "words": declaration.words,
        "photos": photos,
        "points": declaration.points,
        "status": declaration.status,
        "until": at.isoformat(),
        "by": actor.user_id,
        "why": why,
    }
    notices.strike_line(subject=queries.subject_of(declaration.pk), at=at)
    if declaration.status != Status.SUBMITTED:
        states.move(declaration, to=Status.SUBMITTED)
    declaration.history = [*declaration.history, version]
    declaration.revision += 1
    declaration.points = declaration.honour = declaration.posted = None
    declaration.explanation, declaration.notice_line_id, declaration.is_noticed = {}, None, False
    declaration.status_at = at
    declaration.save()
    failpoint("deeds.started_anew")


@service
def withdraw_declaration(*, actor: Actor, declaration_id: int, at: datetime) -> Declaration:
    """Whoever declared it takes it back before it is decided."""
    declaration = locked(declaration_id)
    require(policies.may_see(actor, declaration), NotFound)
    require(policies.may_amend(actor, declaration))
    if declaration.status == Status.WITHDRAWN:
        return declaration
    states.move(declaration, to=Status.WITHDRAWN)
    declaration.status_at = at
    declaration.save(update_fields=["status", "status_at"])
    failpoint("deeds.withdrawn")
    record(actor, "deeds.withdrawn", declaration, at)
    return declaration

"""Reads of the depositors' room. Lists are scoped by the actor; what the actor may not see does not exist."""

from __future__ import annotations

import functools
import operator
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, FilteredRelation, Q, QuerySet

from wenming.core import vault
from wenming.core.actor import Actor
from wenming.core.errors import NotFound
from wenming.core.prepared import prepared
from wenming.domain.depositors import models, policies
from wenming.domain.depositors.facts import EnrolRow, PersonFacts, age_on, grown_up_on, is_minor, minors_after
from wenming.domain.depositors.kinship import are_kin, circle_of_user, is_kin_of_user, own_and_shared, relatives_of
from wenming.domain.depositors.looks import Look, looks_at
from wenming.domain.depositors.models import ClassMembership, Depositor, Erasure, Household, Kinship, Passbook, VaultRecord
from wenming.domain.depositors.roll import RollEntry, RollIndex, roll_index
from wenming.domain.organisations import queries as organisations

__all__ = [
    "EnrolRow",
    "Look",
    "Passbook",
    "PersonFacts",
    "RollEntry",
    "RollIndex",
    "age_on",
    "are_kin",
    "circle_of_user",
    "is_kin_of_user",
    "is_minor",
    "looks_at",
    "own_and_shared",
    "relatives_of",
    "roll_index",
]
DepositorKind = models.DepositorKind
IdentityClass = models.IdentityClass
RevealPurpose = models.RevealPurpose
Sex = models.Sex
Status = Depositor.Status
PRESENT = (Status.ACTIVE, Status.MOVED)
CHUNK = 500
SOMEBODY = "某人"
Identity = frozenset[str]


@dataclass(frozen=True, slots=True)
class Counts:
    depositors: int
    by_kind: Mapping[str, int]
    households: int
    passbooks: int


PLACE = ("pk", "status", "household_id", "branch_id", "branch__parent__word_pack", "born_on")
"""What of a depositor says where somebody belongs."""


@prepared
def _place_and_offices(user_id: int, at: datetime) -> QuerySet[Any, Any]:
    """The own place, if there is one, beside every appointment in force, or beside none."""
    in_force = FilteredRelation("appointments", condition=organisations.in_force(at, "appointments__"))
    places = [f"depositor__{name}" for name in PLACE]
    offices = [f"held__{name}" for name in organisations.OFFICE]
    user = get_user_model().objects.filter(pk=user_id).annotate(held=in_force)
    return user.order_by("held__id").values_list(*places, *offices)


def actor_for(*, user_id: int | None, door: str, at: datetime) -> Actor:
    """Who acts at this instant, in at most two queries; an office that ended a moment ago is not among the grants."""
    if user_id is None:
        return Actor(user_id=None, door=door)
    rows = _place_and_offices(user_id=user_id, at=at)
    width = len(PLACE)
    depositor_id, status, household_id, branch_id, words, born_on = rows[0][:width] if rows else [None] * width
    if status not in PRESENT:
        depositor_id = household_id = branch_id = words = born_on = None
    grants = organisations.grants_from(offices=[row[width:] for row in rows if row[width] is not None])
    if words is None:
        words = grants[0].word_pack if grants else ""
    return Actor(
        user_id=user_id,
        door=door,
        grants=grants,
        depositor_id=depositor_id,
        household_id=household_id,
        branch_id=branch_id,
        word_pack=words,
        minors_after=minors_after(born_on, at),
    )


def _everyone() -> QuerySet[Depositor]:
    return Depositor.objects.select_related("household", "branch", "passbook").exclude(status=Status.ERASED)


def _seen_by(actor: Actor) -> QuerySet[Depositor]:
    return _everyone().filter(policies.visible(actor))


@prepared
def _anyone(depositor_id: int) -> QuerySet[Depositor]:
    return _everyone().select_related("passbook__points_account").filter(pk=depositor_id)


def depositor(*, actor: Actor, depositor_id: int) -> Depositor:
    """One depositor with household, branch and passbook. People of other branches are not found."""
    found = _anyone.one(depositor_id=depositor_id)
    if found is None or not (policies.plainly_sees(actor, found) or _seen_by(actor).filter(pk=depositor_id).exists()):
        raise NotFound
    return found


def depositor_by_card(*, actor: Actor, card_code: str) -> Depositor:
    """Who holds the card or passbook whose code was scanned, or whose number was typed."""
    plain = _typed(card_code)
    found = _seen_by(actor).filter(Q(passbook__card_code=plain.lower()) | Q(passbook__number=plain.upper())).first()
    if found is None:
        raise NotFound(field="card_code")
    return found


def depositors_of(*, actor: Actor, branch_id: int, after: int | None = None, limit: int = 30, text: str = "") -> list[Depositor]:
    """A branch's depositors in the order of enrolment, or those whom a search finds there.

    `after` is the id at which the last page ended.
    """
    found = _seen_by(actor).filter(branch_id=branch_id).order_by("pk")
    if text:
        typed = _typed(text)[:60]
        wanted = functools.reduce(operator.or_, _ways(typed)) if typed else Q(pk__in=[])
        found = found.exclude(status=Status.DECEASED).filter(wanted)
    if after is not None:
        found = found.filter(pk__gt=after)
    return list(found[:limit])


def _typed(text: str) -> str:
    """What was typed or scanned, in plain forms; what can't be seen is left out."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isprintable()).strip()


def _beyond(start: str) -> str:
    """The first text after all that begin with `start`, in code point order."""
    last = ord(start[-1]) + 1
    return start[:-1] + chr(0xE000 if 0xD800 <= last <= 0xDFFF else last)


def _starting(column: str, start: str) -> Q:
    return Q(**{f"{column}__gte": start, f"{column}__lt": _beyond(start)})


def find_depositors(*, actor: Actor, text: str, limit: int = 20, branch_id: int | None = None) -> list[Depositor]:
    """Search by the beginning of a name, of its pinyin or initials, or by household, passbook or card number.

    Every look-up is a range on an index. Finds only whom the actor may see.
    """
    typed = _typed(text)[:60]
    if not typed:
        return []
    seen = _seen_by(actor).exclude(status=Status.DECEASED)
    if branch_id is not None:
        seen = seen.filter(branch_id=branch_id)
    found: dict[int, Depositor] = {}
    for wanted in _ways(typed):
        if len(found) >= limit:
            break
        for person in seen.filter(wanted).order_by("pinyin", "pk")[:limit]:
            found.setdefault(person.pk, person)
    return list(found.values())[:limit]


def _ways(typed: str) -> list[Q]:
    upper = typed.upper()
    ways = [Q(passbook__number=upper), Q(household__number=upper)]
    if len(typed) == 32:
        return [Q(passbook__card_code=typed.lower())]
    letters = "".join(sign for sign in typed.lower().replace("ü", "v") if sign not in " '’")
    if letters.isascii() and letters.isalpha():
        return [_starting("initials", letters), _starting("pinyin", letters), _starting("name", typed)]
    if any(sign.isdigit() for sign in typed):
        return [*ways, _starting("passbook__number", upper), _starting("household__number", upper), _starting("name", typed)]
    return [_starting("name", typed)]


def depositors_by_phone(*, actor: Actor, phone: str) -> list[Depositor]:
    """Whom the actor may see under this phone number, by its keyed hash."""
    digest = vault.digest("phone", phone)
    return list(_seen_by(actor).filter(vault__phone_digest=digest).order_by("pk"))


def household(*, actor: Actor, household_id: int) -> Household:
    """One household with its head; other branches' are not found."""
    found = Household.objects.select_related("head", "branch").filter(pk=household_id).first()
    if found is None or not (
        actor.household_id == found.pk or Depositor.objects.filter(policies.visible(actor), household_id=found.pk).exists()
    ):
        raise NotFound
    return found


@prepared
def _members(household_id: int) -> QuerySet[Depositor]:
    members = Depositor.objects.select_related("passbook").filter(household_id=household_id, status=Status.ACTIVE)
    return members.order_by("pk")


def members_of(*, household_id: int) -> list[Depositor]:
    """The members on the roll, with their passbooks, in the order of enrolment."""
    return _members(household_id=household_id)


def household_by_number(*, branch_id: int, number: str) -> Household | None:
    return Household.objects.select_related("head").filter(branch_id=branch_id, number=_typed(number).upper()).first()


def households_by_village(*, branch_id: int) -> dict[str, int]:
    """How many households of a branch live in each village, by the village's code."""
    homes = Household.objects.filter(branch_id=branch_id, closed_on__isnull=True).values_list("village_code")
    return dict(homes.annotate(Count("pk")).order_by())


@prepared
def _passbook(depositor_id: int) -> QuerySet[Passbook]:
    return Passbook.objects.filter(depositor_id=depositor_id)


def passbook_of(*, depositor_id: int) -> Passbook:
    found = _passbook.one(depositor_id=depositor_id)
    if found is None:
        raise NotFound
    return found


def may_spend(*, depositor_id: int) -> bool:
    """Whether the passbook may be spent from: its holder is on the roll, or moved away with points left."""
    return Depositor.objects.filter(pk=depositor_id, status__in=PRESENT).exists()


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An erasure that the rooms above have to follow: whose words and pictures go, and which name leaves other people's words."""

    depositor_id: int
    branch_ids: tuple[int, ...]
    user_id: int | None
    name: str

    def hide(self, said: Any) -> Any:
        """The same words, or the same JSON, without the name."""
        if isinstance(said, str):
            return said.replace(self.name, SOMEBODY) if self.name else said
        if isinstance(said, dict):
            return {key: self.hide(value) for key, value in said.items()}
        return [self.hide(value) for value in said] if isinstance(said, list) else said


def erasures_under_way() -> list[UnderWay]:
    """What is to be forgotten now, in order. The name stays empty while somebody else of the bank bears it, since words with it
    speak of nobody in particular."""
    found = []
    for one in Erasure.objects.select_related("depositor").order_by("pk"):
        bank_id = organisations.head_bank_of(branch_id=one.depositor.branch_id)
        branches = tuple(branch.pk for branch in organisations.branches_of(head_bank_id=bank_id))
        name = vault.decrypt(bytes(one.wrapped_key), "name", bytes(one.name))
        has_namesake = len(name) < 2 or Depositor.objects.filter(branch_id__in=branches, name=name).exists()
        found.append(UnderWay(one.depositor_id, branches, one.user_id, "" if has_namesake else name))
    return found


def passbooks_of(*, depositor_ids: Iterable[int]) -> dict[int, Passbook]:
    """The passbooks of many, by depositor."""
    return {book.depositor_id: book for part in _chunks(depositor_ids) for book in Passbook.objects.filter(depositor_id__in=part)}


def open_passbooks(*, branch_id: int, after: int, limit: int) -> list[Passbook]:
    """The open passbooks of a branch with their holders, from one on, in the order in which they were opened."""
    found = Passbook.objects.select_related("depositor").filter(branch_id=branch_id, pk__gt=after, closed_on__isnull=True)
    return list(found.order_by("pk")[:limit])


def passbooks_by_account(*, account_ids: Iterable[int]) -> dict[int, Passbook]:
    """The passbooks behind points accounts of the ledger."""
    return {
        book.points_account_id: book
        for part in _chunks(account_ids)
        for book in Passbook.objects.filter(points_account_id__in=part)
    }


def passbook_accounts(*, branch_id: int) -> Iterator[tuple[str, str, str]]:
    """Every passbook of a branch with the public ids of its accounts of points and of honour."""
    found = Passbook.objects.filter(branch_id=branch_id).order_by("number")
    yield from found.values_list("number", "points_account__public_id", "honour_account__public_id").iterator(chunk_size=CHUNK)


def user_ids_of(*, depositor_ids: Iterable[int]) -> dict[int, int | None]:
    """The users to whom messages for these depositors go; a household's go to its head."""
    found: dict[int, int | None] = {}
    for part in _chunks(depositor_ids):
        rows = Depositor.objects.filter(pk__in=part).values_list("pk", "user_id", "kind", "household__head__user_id")
        found.update({pk: (head if kind == DepositorKind.HOUSEHOLD else user_id) for pk, user_id, kind, head in rows})
    return found


def _chunks(ids: Iterable[int]) -> Iterable[Sequence[int]]:
    whole = list(dict.fromkeys(ids))
    for start in range(0, len(whole), CHUNK):
        yield whole[start : start + CHUNK]


@dataclass(frozen=True, slots=True)
class ClassTerm:
    """An identity class that was given, from a day until a day."""

    identity_class: str
    label: str
    valid_from: date
    valid_to: date | None


def class_terms(*, depositor_id: int) -> list[ClassTerm]:
    """The classes that a depositor holds or held, the newest first."""
    held = ClassMembership.objects.filter(depositor_id=depositor_id).order_by("-valid_from", "identity_class")
    return [ClassTerm(one.identity_class, one.get_identity_class_display(), one.valid_from, one.valid_to) for one in held]


Nature = tuple[int, str, date | None, str | None]


def _natures_of(people: QuerySet[Depositor], on: date) -> QuerySet[Depositor, Nature]:
    """What each is, once for every class that was given and holds on the day."""
    holds = Q(classes__valid_from__lte=on) & (Q(classes__valid_to__isnull=True) | Q(classes__valid_to__gt=on))
    held = people.annotate(held=FilteredRelation("classes", condition=holds))
    return held.values_list("pk", "kind", "born_on", "held__identity_class")


@prepared
def _nature_of(depositor_id: int, on: date) -> QuerySet[Depositor, Nature]:
    return _natures_of(Depositor.objects.filter(pk=depositor_id), on)


def _natures(ids: Sequence[int], on: date) -> Iterable[Nature]:
    if len(ids) == 1:
        return _nature_of(depositor_id=ids[0], on=on)
    return (row for part in _chunks(ids) for row in _natures_of(Depositor.objects.filter(pk__in=part), on))


def classes_on(*, depositor_ids: Iterable[int], on: date) -> dict[int, Identity]:
    """The identity classes of each depositor on a day.

    Everyone is a villager but new villagers and units; whoever is under eighteen on that day is a minor as well.
    """
    ids = list(dict.fromkeys(depositor_ids))
    given: dict[int, set[str]] = {pk: set() for pk in ids}
    nature: dict[int, tuple[str, date | None]] = {}
    for pk, kind, born_on, identity_class in _natures(ids, on):
        nature[pk] = (kind, born_on)
        if identity_class is not None:
            given[pk].add(identity_class)
    for pk, (kind, born_on) in nature.items():
        given[pk] |= classes_by_nature(kind, born_on, on, given[pk])
    return {pk: frozenset(classes) for pk, classes in given.items()}


def classes_by_nature(kind: str, born_on: date | None, on: date, given: Iterable[str] = ()) -> Identity:
    """The classes that follow from what a depositor is, beside those that were given."""
    if kind == DepositorKind.UNIT:
        return frozenset({IdentityClass.UNIT.value})
    classes = set() if IdentityClass.NEW_VILLAGER in given else {IdentityClass.VILLAGER.value}
    if kind == DepositorKind.PERSON and is_minor(born_on, on):
        classes.add(IdentityClass.MINOR.value)
    return frozenset(classes)


def public_name(*, name: str, kind: str, born_on: date | None, on: date) -> str:
    """A name as the wall shows it: 王*梅, 王*; minors never; units and collectives whole; nobody's after erasure."""
    if not name:
        return "已注销"
    if kind in (DepositorKind.UNIT, DepositorKind.COLLECTIVE):
        return name
    if kind == DepositorKind.PERSON and is_minor(born_on, on):
        return "未成年人"
    ending = ""
    if kind == DepositorKind.HOUSEHOLD and name[-1] in "家户" and len(name) > 1:
        name, ending = name[:-1], name[-1]
    if len(name) == 1:
        return f"*{ending}"
    hidden = "*" * min(max(len(name) - 2, 1), 2)
    return f"{name[0]}{hidden}{name[-1] if len(name) > 2 else ''}{ending}"


def public_names(*, depositor_ids: Iterable[int], on: date) -> dict[int, str]:
    """The masked names of many; someone registered as a minor is one, whatever the birth date says."""
    shown: dict[int, str] = {}
    for part in _chunks(depositor_ids):
        minors = set(
            ClassMembership.objects.filter(
                Q(valid_to__isnull=True) | Q(valid_to__gt=on),
                depositor_id__in=part,
                identity_class=IdentityClass.MINOR,
                valid_from__lte=on,
            ).values_list("depositor_id", flat=True)
        )
        for pk, name, kind, born_on in Depositor.objects.filter(pk__in=part).values_list("pk", "name", "kind", "born_on"):
            masked = public_name(name=name, kind=kind, born_on=born_on, on=on)
            shown[pk] = "未成年人" if pk in minors and name else masked
    return shown


def kin_of(*, depositor_id: int) -> list[tuple[Depositor, str]]:
    """The registered kin beyond the household, with the relation as it was written down."""
    theirs = Q(first_id=depositor_id) | Q(second_id=depositor_id)
    pairs = Kinship.objects.filter(theirs).select_related("first", "second").order_by("pk")
    return [(pair.second if pair.first_id == depositor_id else pair.first, pair.relation) for pair in pairs]


def ids_by_id_number(*, id_numbers: Sequence[str]) -> dict[str, int]:
    """Which of these ID numbers are already enrolled, and by which depositor."""
    digests = {vault.digest("id_number", number): number for number in id_numbers if number}
    found: dict[str, int] = {}
    keys = list(digests)
    for start in range(0, len(keys), CHUNK):
        rows = VaultRecord.objects.filter(id_digest__in=keys[start : start + CHUNK]).values_list("id_digest", "depositor_id")
        found.update({digests[digest]: pk for digest, pk in rows if digest is not None})
    return found


def vault_fields(*, depositor_id: int) -> Identity:
    """Which encrypted facts are kept of a depositor; not what they say."""
    record = VaultRecord.objects.filter(depositor_id=depositor_id).first()
    kept = {"id_number": record.id_number, "phone": record.phone} if record else {}
    return frozenset(field for field, sealed in kept.items() if sealed)


def counts(*, branch_ids: Iterable[int] | None = None) -> Counts:
    """How many depositors are on the roll, by kind, and how many households and open passbooks."""
    people = Depositor.objects.filter(status=Status.ACTIVE)
    households = Household.objects.filter(closed_on__isnull=True)
    passbooks = Passbook.objects.filter(closed_on__isnull=True)
    if branch_ids is not None:
        ids = list(branch_ids)
        people, households = people.filter(branch_id__in=ids), households.filter(branch_id__in=ids)
        passbooks = passbooks.filter(branch_id__in=ids)
    by_kind: dict[str, int] = dict.fromkeys(DepositorKind.values, 0)
    by_kind.update(people.values_list("kind").annotate(Count("pk")))
    return Counts(sum(by_kind.values()), by_kind, households.count(), passbooks.count())


class ClassBook:
    """The identity classes of some depositors, asked person by person and day by day without asking the store again."""

    def __init__(self, entries: Iterable[RollEntry]) -> None:
        self.held: dict[int, list[tuple[str, date, date | None]]] = {}
        self.nature = {entry.depositor_id: (entry.kind, entry.born_on) for entry in entries}
        self.turns: dict[int, list[date]] = {}
        self.known: dict[tuple[int, int], Identity] = {}
        for part in _chunks(self.nature):
            held = ClassMembership.objects.filter(depositor_id__in=part)
            for pk, name, start, end in held.values_list("depositor_id", "identity_class", "valid_from", "valid_to"):
                self.held.setdefault(pk, []).append((name, start, end))

    def on(self, depositor_id: int, day: date) -> Identity:
        """The same as `classes_on` for this one."""
        turns = self.turns.get(depositor_id)
        if turns is None:
            turns = self.turns[depositor_id] = self._turns(depositor_id)
        place = (depositor_id, bisect_right(turns, day))
        found = self.known.get(place)
        if found is None:
            held = self.held.get(depositor_id, ())
            given = {name for name, start, end in held if start <= day and (end is None or day < end)}
            kind, born_on = self.nature[depositor_id]
            found = self.known[place] = frozenset(given) | classes_by_nature(kind, born_on, day, given)
        return found

    def _turns(self, depositor_id: int) -> list[date]:
        """The days on which this depositor's classes may change."""
        days = {day for _name, *ends in self.held.get(depositor_id, ()) for day in ends if day is not None}
        born_on = self.nature[depositor_id][1]
        if born_on is not None:
            days.add(grown_up_on(born_on))
        return sorted(days)


def class_book(*, entries: Iterable[RollEntry]) -> ClassBook:
    """The classes of many on the roll over all days, in one query for every five hundred."""
    return ClassBook(entries)

"""Who I am, the branches, the depositors and their households and passbooks."""

from datetime import date, datetime
from typing import Any, Literal

from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router

from wenming.core import clock
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.depositors import family
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.identity import queries as identity_queries
from wenming.domain.inbox import queries as inbox_queries
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.surfaces.api.operations import (
    CLERK,
    DIRECTOR,
    EVERYBODY,
    HEAD_OFFICER,
    OFFICERS,
    PUBLIC,
    USER,
    Day,
    Given,
    Id,
    Page,
    PageOf,
    Ref,
    Request,
    Shown,
    operation,
)
from wenming.surfaces.statements import titles_for

router = Router(tags=["people"])


class GrantOut(Shown):
    role: str
    organisation_id: Id
    branch_ids: list[Id]


class Me(Shown):
    user_id: Id
    depositor_id: Id | None
    household_id: Id | None
    branch_id: Id | None
    grants: list[GrantOut]
    scopes: list[str] | None = Field(description=_("密钥的权限；自己登录时为空"))


class VillageOut(Shown):
    code: str
    name: str


class Branch(Shown):
    id: int
    code: str
    name: str
    villages: list[VillageOut]


class DepositorOut(Shown):
    id: int
    kind: str
    name: str
    branch_id: Id
    household_id: Id | None
    household_number: str
    passbook_number: str
    status: str
    joined_on: date


class HouseholdOut(Shown):
    id: int
    number: str
    branch_id: Id
    lane: str
    resident_count: int
    members: list[DepositorOut]


class Person(Given):
    name: str = Field(min_length=1, max_length=60)
    sex: str = Field("", max_length=2)
    born_on: Day | None = None
    id_number: str = Field("", max_length=20)
    phone: str = Field("", max_length=20)
    classes: list[str] = Field([], max_length=6)
    guardian: str = Field("", max_length=30)


class NewDepositor(Given):
    branch_id: Ref
    kind: Literal["person", "household", "unit", "collective"] = "person"
    facts: Person
    household_id: Ref | None = None


class NewHousehold(Given):
    branch_id: Ref
    number: str = Field(min_length=1, max_length=20)
    head: Person
    members: list[Person] = Field([], max_length=30)
    lane: str = Field("", max_length=30)
    village_code: str = Field("", max_length=12)
    resident_count: int | None = Field(None, ge=1, le=99, strict=True)


class ExpiringOut(Shown):
    points: int = Field(description=_("百分之一分"))
    last_day: date = Field(description=_("最后能用的一天"))


class PassbookOut(Shown):
    number: str
    points: int = Field(description=_("可用积分，百分之一分"))
    honour: int = Field(description=_("荣誉积分，百分之一分"))
    pending: int = Field(description=_("公示中还不能用的积分，百分之一分"))
    held: int = Field(description=_("为未领取的兑换留着的积分，百分之一分"))
    expiring: ExpiringOut | None = Field(description=_("90 天内最先到期的积分"))


class LineOut(Shown):
    sequence: int
    amount: int
    balance_after: int
    kind: str
    words: str
    subject: str
    transaction: str
    number: int | None = Field(description=_("封账后的编号"))
    occurred_at: datetime
    recorded_at: datetime
    is_reversal: bool
    is_reversed: bool


class KeyOut(Shown):
    id: int
    name: str
    prefix: str = Field(description=_("密钥开头的几位，用来认出是哪一把"))
    scopes: list[str]
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class MessageOut(Shown):
    id: int
    about: str
    subject: str
    facts: dict[str, Any]
    sent_at: datetime
    is_read: bool


def shown(depositor: Any) -> DepositorOut:
    return DepositorOut(
        id=depositor.pk,
        kind=depositor.kind,
        name=depositor.name,
        branch_id=depositor.branch_id,
        household_id=depositor.household_id,
        household_number=depositor.household.number if depositor.household else "",
        passbook_number=depositor.passbook.number,
        status=depositor.status,
        joined_on=depositor.joined_on,
    )


def shown_household(household: Any) -> HouseholdOut:
    members = depositor_queries.members_of(household_id=household.pk)
    return HouseholdOut(
        id=household.pk,
        number=household.number,
        branch_id=household.branch_id,
        lane=household.lane,
        resident_count=household.resident_count,
        members=[shown(member) for member in members],
    )


def shown_key(card: identity_queries.KeyCard) -> KeyOut:
    return KeyOut(
        id=card.id,
        name=card.name,
        prefix=card.prefix,
        scopes=sorted(card.scopes),
        issued_at=card.issued_at,
        expires_at=card.expires_at,
        revoked_at=card.revoked_at,
    )


def facts_of(person: Person) -> depositor_queries.PersonFacts:
    return depositor_queries.PersonFacts(**person.model_dump())


@operation(router, "GET", "/me", roles=[USER], scopes=["me:read"], says="我是谁：储户身份、担任的职务、密钥的权限。", answer=Me)
def who_am_i(request: Request) -> Me:
    """Who acts: the depositor, the offices and the rights of the key."""
    actor = request.actor
    grants = [
        GrantOut(role=grant.role, organisation_id=grant.organisation_id, branch_ids=sorted(grant.branch_ids))
        for grant in actor.grants
    ]
    return Me(
        user_id=actor.user_id or 0,
        depositor_id=actor.depositor_id,
        household_id=actor.household_id,
        branch_id=actor.branch_id,
        grants=grants,
        scopes=sorted(actor.scopes) if actor.scopes is not None else None,
    )


@operation(
    router,
    "GET",
    "/keys",
    roles=[USER],
    scopes=["me:read"],
    says="我的密钥，新的在前：各能做什么、用到哪天；不给出密钥本身。",
    answer=Page[KeyOut],
)
def list_keys(request: Request, page_of: Query[PageOf]) -> Page[KeyOut]:
    """My keys, newest first, with what each may do and until when; never their secrets."""
    rows = identity_queries.api_keys_of(user_id=request.actor.user_id or 0, before=page_of.position, limit=page_of.rows)
    return page_of.of(rows, shown_key, lambda row: row.id)


@operation(router, "GET", "/messages", roles=[USER], scopes=["me:read"], says="发给我的消息，新的在前。", answer=Page[MessageOut])
def list_messages(request: Request, page_of: Query[PageOf]) -> Page[MessageOut]:
    """The messages to me, newest first."""
    rows = inbox_queries.messages_of(user_id=request.actor.user_id or 0, before=page_of.position, limit=page_of.rows)
    return page_of.of(
        rows,
        lambda row: MessageOut(
            id=row.pk, about=row.about, subject=row.subject, facts=row.facts, sent_at=row.sent_at, is_read=row.read_at is not None
        ),
        lambda row: row.pk,
    )


@operation(router, "GET", "/branches", roles=[PUBLIC], scopes=[], says="全部分行和各自服务的村。", answer=Page[Branch])
def list_branches(request: Request, page_of: Query[PageOf]) -> Page[Branch]:
    """Every branch with the villages it serves."""
    rows = organisation_queries.branches_page(after=page_of.position, limit=page_of.rows)
    villages = organisation_queries.villages_by_branch(branch_ids=[branch.pk for branch in rows])

    def shown_branch(branch: Any) -> Branch:
        served = [VillageOut(code=village.code, name=village.name) for village in villages.get(branch.pk, [])]
        return Branch(id=branch.pk, code=branch.code, name=branch.name, villages=served)

    return page_of.of(rows, shown_branch, lambda branch: branch.pk)


@operation(
    router,
    "GET",
    "/depositors",
    roles=OFFICERS,
    scopes=["depositors:read"],
    says="一个分行的储户；也可以按姓名、拼音、首字母或号码查找。",
    answer=Page[DepositorOut],
)
def list_depositors(
    request: Request, branch_id: Id, page_of: Query[PageOf], text: str = Query("", max_length=60)
) -> Page[DepositorOut]:
    """The depositors of a branch, or those that a search finds there by name, pinyin, initials or number."""
    rows = depositor_queries.depositors_of(
        actor=request.actor, branch_id=branch_id, after=page_of.position, limit=page_of.rows, text=text
    )
    return page_of.of(rows, shown, lambda row: row.pk)


@operation(
    router,
    "GET",
    "/depositors/{depositor_id}",
    roles=EVERYBODY,
    scopes=["depositors:read"],
    says="一位储户：自己家里的，或自己任职的分行的。",
    answer=DepositorOut,
)
def read_depositor(request: Request, depositor_id: Id) -> DepositorOut:
    """One depositor of the own household, or of a branch where one holds an office."""
    return shown(depositor_queries.depositor(actor=request.actor, depositor_id=depositor_id))


@operation(
    router,
    "POST",
    "/depositors",
    roles=[CLERK, DIRECTOR, HEAD_OFFICER],
    scopes=["depositors:write"],
    says="给一位储户登记，并开一本善行簿。",
    answer=DepositorOut,
    status=201,
)
def enrol_depositor(request: Request, payload: NewDepositor) -> DepositorOut:
    """Enrol a depositor and open the passbook."""
    return shown(
        depositors.enrol_depositor(
            actor=request.actor,
            branch_id=payload.branch_id,
            kind=payload.kind,
            facts=facts_of(payload.facts),
            household_id=payload.household_id,
            at=clock.now(),
        )
    )


@operation(
    router,
    "POST",
    "/households",
    roles=[CLERK, DIRECTOR, HEAD_OFFICER],
    scopes=["depositors:write"],
    says="登记一户人家：户主和家里人。",
    answer=HouseholdOut,
    status=201,
)
def enrol_household(request: Request, payload: NewHousehold) -> HouseholdOut:
    """Enrol a household with its head and members."""
    return shown_household(
        depositors.enrol_household(
            actor=request.actor,
            branch_id=payload.branch_id,
            number=payload.number,
            head=facts_of(payload.head),
            members=[facts_of(member) for member in payload.members],
            lane=payload.lane,
            village_code=payload.village_code,
            resident_count=payload.resident_count,
            at=clock.now(),
        )
    )


@operation(
    router,
    "GET",
    "/households/{household_id}",
    roles=EVERYBODY,
    scopes=["depositors:read"],
    says="一户人家和家里人。",
    answer=HouseholdOut,
)
def read_household(request: Request, household_id: Id) -> HouseholdOut:
    """One household with its members."""
    return shown_household(depositor_queries.household(actor=request.actor, household_id=household_id))


@operation(
    router,
    "GET",
    "/depositors/{depositor_id}/passbook",
    roles=EVERYBODY,
    scopes=["passbooks:read"],
    says="善行簿现在的结余：可用、荣誉、公示中、预留，以及最先到期的。",
    answer=PassbookOut,
)
def read_passbook(request: Request, depositor_id: Id) -> PassbookOut:
    """What stands in a passbook now: spendable, honour, pending, held, and what goes next."""
    depositor = depositor_queries.depositor(actor=request.actor, depositor_id=depositor_id)
    passbook = depositor.passbook
    standing = rulebook_queries.standing(
        branch=depositor.branch,
        points_account_id=passbook.points_account_id,
        honour_account_id=passbook.honour_account_id,
        on=clock.local_date(clock.now()),
    )
    going = standing.expiring
    return PassbookOut(
        number=passbook.number,
        points=standing.points,
        honour=standing.honour,
        expiring=ExpiringOut(points=going.points, last_day=going.last_day) if going else None,
        pending=deed_queries.pending_points(depositor_id=depositor_id),
        held=ledger_queries.held(account_id=passbook.points_account_id),
    )


@operation(
    router,
    "GET",
    "/depositors/{depositor_id}/statement",
    roles=EVERYBODY,
    scopes=["passbooks:read"],
    says="善行簿在 [start, end) 里的流水，新的在前。",
    answer=Page[LineOut],
)
def read_statement(
    request: Request,
    depositor_id: Id,
    page_of: Query[PageOf],
    unit: Literal["points", "honour"] = "points",
    start: Day | None = None,
    end: Day | None = None,
) -> Page[LineOut]:
    """The lines of a passbook in [start, end), newest first."""
    passbook = family.passbook_to_read(actor=request.actor, depositor_id=depositor_id)
    lines = ledger_queries.statement(
        account_id=passbook.points_account_id if unit == "points" else passbook.honour_account_id,
        before=page_of.position,
        limit=page_of.rows,
        start=start,
        end=end,
    )
    words = titles_for(line.subject for line in lines)
    return page_of.of(lines, lambda line: _shown_line(line, words), lambda line: line.sequence)


def _shown_line(line: ledger_queries.Line, words: dict[str, str]) -> LineOut:
    return LineOut(
        sequence=line.sequence,
        amount=line.amount,
        balance_after=line.balance_after,
        kind=line.kind,
        words=words.get(line.subject, line.kind_name),
        subject=line.subject,
        transaction=line.public_id,
        number=line.number,
        occurred_at=line.occurred_at,
        recorded_at=line.recorded_at,
        is_reversal=line.reverses_id is not None,
        is_reversed=line.reversed_by_id is not None,
    )

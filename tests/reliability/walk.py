"""One of everything that moves points or money in Willow Creek, act by act: the walk on which the failpoints are tried.

Every step is one act of one person, finds what it needs in the store, and may be said again: what is done stays done. So a
walk that broke off anywhere goes on with the step that was not acknowledged.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests import deeds_stage as stage
from tests.shop import Shop, open_shop
from wenming.core import idempotency, transactions
from wenming.core.actor import Actor, system
from wenming.core.errors import Refusal
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.models import Declaration, Reversal
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.queries import PersonFacts
from wenming.domain.funds import services as funds
from wenming.domain.identity import services as identity
from wenming.domain.identity.models import Activation
from wenming.domain.intake import services as intake
from wenming.domain.intake.models import Sheet
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import jobs as mall_jobs
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order
from wenming.domain.notices import services as notices
from wenming.domain.notices.models import Objection
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks

OPENINGS = "月度汇总表,,\n2026年2月,,\n户号,户主,结余\n0002,王秀梅,12\n0004,张伟,300\n合计,,312\n"
REGISTER = "日期,户号,姓名,事项,分值\n2026-03-01,0003,单秀兰,捡拾垃圾,2\n2026-03-02,0005,刘德福,1.2,4\n"
GRANDCHILD = "刘小宝"
Step = Callable[["Walk"], object]
STEPS: list[tuple[int, Step]] = []


def on_day(day: int) -> Callable[[Step], Step]:
    """The next step of the walk, so many days after its beginning."""

    def add(step: Step) -> Step:
        STEPS.append((day, step))
        return step

    return add


@dataclass
class Walk:
    """Who walks where, and the instant of the present step."""

    shop: Shop
    start: datetime
    at: datetime

    @classmethod
    def begin(cls, at: datetime) -> Walk:
        """The village with rules, a shop and log-ins, before the first step."""
        shop = open_shop(at)
        village = shop.village
        rulebooks.adopt_edition(
            actor=system("shell"),
            organisation_id=village.head_bank_id,
            items=stage.CLAUSES,
            in_force_from=date(at.year - 1, 1, 1),
            at=at,
            demerits_vote="村民代表会议通过",
        )
        items = rulebook_queries.items_in_force(branch_id=village.branch_id, on=at.date())
        village.items = {one.code: one.pk for one in items}
        for name in ("李秀英", "赵志强", "张伟"):
            village.villager(name)
        return cls(shop, at, at)

    def take(self, number: int) -> object:
        """Do one step, at its own instant; later steps have later ones."""
        day, step = STEPS[number]
        self.at = self.start + timedelta(days=day, minutes=number)
        return step(self)

    def officer(self, key: str) -> Actor:
        return self.shop.village.officer(key, at=self.at)

    @property
    def branch_id(self) -> int:
        return self.shop.village.branch_id

    def person(self, name: str) -> int:
        return self.shop.village.person(name)

    def declare(self, name: str, code: str, key: str, *, photos: int = 0) -> list[Declaration]:
        return deeds.declare_deed(
            actor=self.officer("teller"),
            door="counter",
            depositor_ids=[self.person(name)],
            item_id=self.shop.village.items[code],
            happened_on=self.at.date(),
            quantity=1,
            words="在村口",
            photos=[stage.photo() for _place in range(photos)],
            submission_key=key,
            at=self.at,
        )

    def review(self, key: str, decision: str = "approve", by: str = "reviewer") -> Declaration:
        found = declaration(key)
        return deeds.review_declaration(
            actor=self.officer(by),
            declaration_id=found.pk,
            decision=decision,
            reason="看过了",
            revision=found.revision,
            at=self.at,
        )

    def amend(self, key: str) -> None:
        found = declaration(key)
        if found.revision == 1:
            deeds.amend_declaration(
                actor=self.officer("clerk"),
                declaration_id=found.pk,
                happened_on=found.happened_on,
                quantity=1,
                words="补了照片",
                photos=[stage.photo("blue")],
                at=self.at,
            )

    def object_to(self, key: str) -> Objection:
        return notices.raise_objection(
            actor=self.shop.village.villager("赵志强", at=self.at),
            line_id=declaration(key).notice_line_id or 0,
            reason="not_done",
            words="那天没有看见",
            at=self.at,
        )

    def answer(self, *, upheld: bool) -> object:
        return deeds.resolve_objection(
            actor=self.officer("supervisor"),
            objection_id=Objection.objects.order_by("-pk")[0].pk,
            upheld=upheld,
            answer="查过了，如上答复",
            at=self.at,
        )

    def order(self, name: str, key: str, product_id: int | None = None) -> Order:
        return self.shop.order(name, key=key, at=self.at, product_id=product_id)

    def stage_sheet(self, kind: str, content: str) -> None:
        if Sheet.objects.filter(kind=kind).exists():
            return
        intake.stage_sheet(
            actor=self.officer("clerk"),
            kind=kind,
            branch_id=self.branch_id,
            file_name=f"{kind}.csv",
            data=content.encode(),
            at=self.at,
        )

    def mend(self, kind: str) -> Sheet:
        found = Sheet.objects.filter(kind=kind).order_by("pk")[0]
        return intake.mend_sure(actor=self.officer("clerk"), sheet_id=found.pk, at=self.at)

    def sign(self, kind: str) -> Sheet:
        found = Sheet.objects.filter(kind=kind).order_by("pk")[0]
        return intake.sign_sheet(actor=self.officer("director"), sheet_id=found.pk, at=self.at)

    def commit(self, kind: str) -> Sheet:
        found = Sheet.objects.filter(kind=kind).order_by("pk")[0]
        return intake.commit_sheet(actor=self.officer("clerk"), sheet_id=found.pk, at=self.at)


def declaration(key: str) -> Declaration:
    return Declaration.objects.get(submission_key=key)


def order_of(key: str) -> Order:
    return Order.objects.get(submission_key=key)


@contextlib.contextmanager
def unless_done(*codes: str) -> Iterator[None]:
    """An act without a key of its own answers a repeat by saying that it is done: that is as good."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code not in codes:
            raise


# People and offices


@on_day(0)
def take_office(walk: Walk) -> None:
    with unless_done("organisations.office_held"):
        organisations.appoint_officer(
            actor=walk.officer("director"),
            user_id=walk.shop.village.users["张伟"],
            organisation_id=walk.branch_id,
            role="teller",
            at=walk.at,
        )


@on_day(0)
def leave_office(walk: Walk) -> object:
    held = organisation_queries.appointments_of(user_id=walk.shop.village.users["张伟"])
    return organisations.end_appointment(actor=walk.officer("director"), appointment_id=held[0].appointment_id, at=walk.at)


@on_day(0)
def enrol(walk: Walk) -> None:
    with unless_done("wrong_input"):
        depositors.enrol_household(
            actor=walk.officer("clerk"),
            branch_id=walk.branch_id,
            number="0099",
            head=PersonFacts("高山", phone="13800000099", born_on=date(1980, 1, 1)),
            members=[PersonFacts(GRANDCHILD, born_on=date(2016, 1, 1), guardian="高山")],
            at=walk.at,
        )


@on_day(0)
def logged_in(walk: Walk) -> None:
    """A code from the counter, used at once: two services in one act, since nobody else may know the code."""
    if Activation.objects.filter(used_at__isnull=False).exists():
        return
    head = depositor_queries.roll_index(branch_id=walk.branch_id).by_name["高山"][0]
    with transactions.act():
        code = depositors.give_login(actor=walk.officer("teller"), depositor_id=head, at=walk.at)
        identity.activate(name="13800000099", code=code, password="gao-shan-2026", at=walk.at)


# Money and goods


@on_day(0)
def fund_opened(walk: Walk) -> None:
    with unless_done("funds.name_taken"):
        funds.open_fund(
            actor=walk.officer("director"), organisation_id=walk.branch_id, source="collective", name="村集体", at=walk.at
        )


@on_day(0)
def money_received(walk: Walk) -> object:
    return funds.receive_money(
        actor=walk.officer("clerk"), fund_id=walk.shop.fund_id, amount=5000, number="R1", payer="村委会",
        received_on=walk.at.date(), at=walk.at,
    )  # fmt: skip


@on_day(0)
def goods_received(walk: Walk) -> idempotency.Answer:
    """Through the keeper of keys, as programs and phones say it."""

    def deliver() -> idempotency.Answer:
        quantities = {walk.shop.powder_id: 20, walk.shop.ball_id: 3}
        mall.receive_delivery(actor=walk.officer("clerk"), branch_id=walk.branch_id, quantities=quantities, at=walk.at)
        return idempotency.Answer(201, b"{}")

    return idempotency.once(owner_id=1, key="delivery-1", request="goods", at=walk.at, do=deliver)


@on_day(0)
def past_orders(walk: Walk) -> object:
    row = mall.RedeemRow(
        walk.shop.powder_id, walk.person("王建国"), 1, walk.at - timedelta(days=40), walk.at - timedelta(days=39)
    )
    return mall.redeem_many(actor=walk.officer("clerk"), branch_id=walk.branch_id, rows=[row], key="2026-01", at=walk.at)


# Sheets


@on_day(0)
def openings_staged(walk: Walk) -> None:
    walk.stage_sheet("balances", OPENINGS)


@on_day(0)
def openings_signed(walk: Walk) -> None:
    with unless_done("wrong_step"):
        walk.sign("balances")


@on_day(0)
def openings_committed(walk: Walk) -> None:
    with unless_done("intake.already_imported"):
        walk.commit("balances")


@on_day(0)
def register_staged(walk: Walk) -> None:
    walk.stage_sheet("register", REGISTER)


@on_day(0)
def register_mended(walk: Walk) -> None:
    with unless_done("intake.not_on_offer"):
        walk.mend("register")


@on_day(0)
def register_signed(walk: Walk) -> None:
    with unless_done("wrong_step"):
        walk.sign("register")


@on_day(0)
def register_committed(walk: Walk) -> None:
    with unless_done("intake.already_imported"):
        walk.commit("register")


# Deeds, from the first word to the passbook


@on_day(0)
def declared_with_a_photo(walk: Walk) -> object:
    return walk.declare("李秀英", "1.1", "a", photos=1)


DECLARED = {
    "b": ("单秀兰", "1.4"),
    "c": ("王建国", "1.1"),
    "d": ("李秀英", "1.2"),
    "e": ("张伟", "1.1"),
    "f": ("赵志强", "1.1"),
    "g": ("尉迟恭礼", "1.1"),
}
for _key in DECLARED:
    on_day(0)(lambda walk, key=_key: walk.declare(*DECLARED[key], key))  # type: ignore[misc]


@on_day(0)
def withdrawn(walk: Walk) -> object:
    return deeds.withdraw_declaration(actor=walk.officer("clerk"), declaration_id=declaration("c").pk, at=walk.at)


@on_day(0)
def returned(walk: Walk) -> object:
    return walk.review("a", "return")


@on_day(0)
def amended(walk: Walk) -> None:
    walk.amend("a")


@on_day(0)
def approved(walk: Walk) -> object:
    return walk.review("a")


@on_day(0)
def approved_once_of_twice(walk: Walk) -> object:
    return walk.review("b")


@on_day(0)
def approved_twice(walk: Walk) -> object:
    return walk.review("b", by="reviewer2")


@on_day(0)
def several_approved(walk: Walk) -> object:
    """A list at once, among it one that is posted before its notice."""
    chosen = [declaration(key).pk for key in ("d", "e", "g")]
    return deeds.approve_many(actor=walk.officer("reviewer"), declaration_ids=chosen, at=walk.at)


@on_day(0)
def rejected(walk: Walk) -> object:
    return walk.review("f", "reject")


@on_day(0)
def published(walk: Walk) -> None:
    with unless_done("notices.nothing_to_publish"):
        deeds.publish_notice(actor=walk.officer("clerk"), branch_id=walk.branch_id, at=walk.at)


@on_day(1)
def amended_on_the_wall(walk: Walk) -> None:
    walk.amend("g")


@on_day(1)
def objected(walk: Walk) -> None:
    with unless_done("notices.already_objected"):
        walk.object_to("a")


@on_day(1)
def objection_dismissed(walk: Walk) -> None:
    with unless_done("notices.already_answered"):
        walk.answer(upheld=False)


@on_day(1)
def objected_with_reason(walk: Walk) -> None:
    with unless_done("notices.already_objected"):
        walk.object_to("e")


@on_day(1)
def objection_upheld(walk: Walk) -> None:
    with unless_done("notices.already_answered"):
        walk.answer(upheld=True)


def deposit(walk: Walk, found: Declaration) -> object:
    return deeds.deposit_deed(actor=walk.officer("clerk"), declaration_id=found.pk, at=walk.at)


for _key in ("a", "b", "d"):
    on_day(30)(lambda walk, key=_key: deposit(walk, declaration(key)))  # type: ignore[misc]
for _place in range(2):
    on_day(30)(lambda walk, place=_place: deposit(walk, Declaration.objects.get(submission_key__endswith=f":{place}")))  # type: ignore[misc]


@on_day(30)
def notices_taken_down(walk: Walk) -> object:
    return deed_jobs.close_notices(at=walk.at)


@on_day(30)
def reversal_proposed(walk: Walk) -> None:
    with unless_done("deeds.reversal_waiting"):
        deeds.propose_reversal(actor=walk.officer("clerk"), declaration_id=declaration("a").pk, reason="记错人了", at=walk.at)


@on_day(30)
def reversal_dropped(walk: Walk) -> object:
    found = Reversal.objects.get(declaration=declaration("a"))
    return deeds.drop_reversal(actor=walk.officer("director"), reversal_id=found.pk, at=walk.at)


@on_day(30)
def reversal_proposed_again(walk: Walk) -> None:
    reversal_proposed(walk)


@on_day(30)
def reversal_confirmed(walk: Walk) -> object:
    found = Reversal.objects.filter(declaration=declaration("a")).order_by("-pk")[0]
    return deeds.confirm_reversal(actor=walk.officer("director"), reversal_id=found.pk, at=walk.at)


# Orders


@on_day(31)
def ordered(walk: Walk) -> object:
    return walk.order("王建国", "o1")


@on_day(31)
def fetched(walk: Walk) -> None:
    with unless_done("mall.already_collected"):
        found = order_of("o1")
        mall.hand_over_order(actor=walk.officer("teller"), order_id=found.pk, code=found.pickup_code, at=walk.at)


@on_day(32)
def brought_back(walk: Walk) -> None:
    with unless_done("mall.order_ended"):
        mall.refund_order(actor=walk.officer("clerk"), order_id=order_of("o1").pk, reason="坏了", at=walk.at)


@on_day(32)
def ordered_again(walk: Walk) -> object:
    return walk.order("王建国", "o2")


@on_day(32)
def given_up(walk: Walk) -> None:
    with unless_done("mall.order_ended"):
        mall.cancel_order(actor=walk.officer("teller"), order_id=order_of("o2").pk, at=walk.at)


@on_day(32)
def ordered_and_forgotten(walk: Walk) -> object:
    return walk.order("王小雨", "o3", product_id=walk.shop.ball_id)


@on_day(60)
def expired(walk: Walk) -> object:
    return mall_jobs.expire_orders(at=walk.at)


# Ends


@on_day(60)
def inherited(walk: Walk) -> None:
    with unless_done("wrong_step"):
        depositors.record_death(actor=walk.officer("clerk"), depositor_id=walk.person("王建国"), at=walk.at)


@on_day(60)
def erased(walk: Walk) -> object:
    return depositors.erase_depositor(actor=walk.officer("director"), depositor_id=walk.person("李秀英"), at=walk.at)


@on_day(60)
def forgotten(walk: Walk) -> object:
    return deed_jobs.forget_erased(at=walk.at)


@on_day(61)
def new_rules(walk: Walk) -> None:
    with unless_done("rulebooks.edition_overlaps"):
        rulebooks.adopt_edition(
            actor=system("shell"),
            organisation_id=walk.shop.village.head_bank_id,
            items=stage.CLAUSES,
            in_force_from=walk.at.date(),
            at=walk.at,
        )


@on_day(61)
def points_expired(walk: Walk) -> object:
    account = depositor_queries.passbook_of(depositor_id=walk.person("单秀兰")).points_account_id
    return ledger.expire(account_id=account, cutoff=walk.at, subject="clearing:2026", key=f"expire:{account}:2026", at=walk.at)


@on_day(61)
def sealed(walk: Walk) -> object:
    return ledger.seal(book_id=walk.shop.village.book_id, at=walk.at)


def expiry_round(walk: Walk) -> None:
    """Whatever round of telling and taking is due in the village, in one act."""
    with transactions.act():
        for due in rulebook_queries.due_rounds(today=walk.at.date()):
            if due.branch_id == walk.branch_id:
                rulebooks.advance_round(actor=system(), due=due, at=walk.at)


for _day in (692, 722):  # told a month before what was given two years ago goes; then it goes
    on_day(_day)(expiry_round)

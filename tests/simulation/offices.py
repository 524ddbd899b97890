"""What officers and the timetable do: goods, money, sheets, people, offices, rules; and what nobody may do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from tests.simulation.acts import Gesture, people, some
from tests.simulation.world import World, appoint, clauses, family
from wenming.core import clock, idempotency
from wenming.core.errors import NotAllowed
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.deeds import services as deeds
from wenming.domain.deeds.models import Declaration
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.models import Depositor, Household
from wenming.domain.depositors.queries import PersonFacts
from wenming.domain.funds import services as funds
from wenming.domain.intake import jobs as intake_jobs
from wenming.domain.intake import services as intake
from wenming.domain.intake.models import Sheet
from wenming.domain.ledger import jobs as ledger_jobs
from wenming.domain.ledger import services as ledger
from wenming.domain.mall import jobs as mall_jobs
from wenming.domain.mall import services as mall
from wenming.domain.mall.models import Order, Stock
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.models import Appointment, Role
from wenming.domain.rulebooks import queries as rulebooks
from wenming.domain.rulebooks import services as books
from wenming.domain.rulebooks.models import Edition

ROWS_MOST = 30

# Goods and money


def receive_goods(world: World, now: datetime) -> Gesture:
    """Through the keeper of keys, as programs say it; the emptiest shelf first."""
    stock = Stock.objects.filter(branch_id=world.branch_id).order_by("quantity", "pk").values_list("product_id", flat=True)[0]
    user, key, quantity = world.officer("clerk"), f"goods-{world.number()}", world.dice.randrange(1, 2 + world.crowd // 8)

    def deliver(at: datetime, more: int = 0) -> idempotency.Answer:
        def write() -> idempotency.Answer:
            found = mall.receive_stock(
                actor=world.actor(user, at), product_id=stock, branch_id=world.branch_id, quantity=quantity + more, at=at
            )
            return idempotency.Answer(201, str(found.pk).encode())

        return idempotency.once(owner_id=user, key=key, request=f"{stock} {quantity + more}", at=at, do=write)

    return Gesture("receive_goods", deliver, key, lambda at: deliver(at, 1))


def count_goods(world: World, now: datetime) -> Gesture:
    product, counted = world.dice.choice(world.products), world.dice.randrange(0, 80)
    user = world.officer("teller")
    return Gesture(
        "count_goods",
        lambda at: mall.count_stock(
            actor=world.actor(user, at), product_id=product, branch_id=world.branch_id, counted=counted, at=at
        ),
    )


def change_price(world: World, now: datetime) -> Gesture:
    product, price = world.dice.choice(world.products), world.dice.randrange(1, 12) * 50
    user, on_shelf = world.officer("clerk"), world.dice.random() < 0.95
    return Gesture(
        "change_product",
        lambda at: mall.change_product(actor=world.actor(user, at), product_id=product, at=at, price=price, is_on_shelf=on_shelf),
    )


def receive_money(world: World, now: datetime) -> Gesture:
    fund, amount, number = world.dice.choice(world.funds), world.dice.randrange(1, 500_000), f"R{world.number()}"
    user = world.officer("clerk")
    return Gesture(
        "receive_money",
        lambda at: funds.receive_money(
            actor=world.actor(user, at), fund_id=fund, amount=amount, number=number, payer="村委会",
            received_on=clock.local_date(now) - timedelta(days=1), at=at,
        ),
    )  # fmt: skip


# Sheets


def register_sheet(world: World, now: datetime) -> Gesture | None:
    """A paper register of the last weeks, brought by a clerk; somebody else signs before it is taken in."""
    dice, on = world.dice, clock.local_date(now)
    roll = depositor_queries.roll_index(branch_id=world.branch_id)
    chosen = dice.sample(sorted(roll.entries), min(len(roll.entries), dice.randrange(3, ROWS_MOST)))
    items = [one for one in rulebooks.items_in_force(branch_id=world.branch_id, on=on) if one.value_kind == "fixed"]
    lines = [f"积分登记台账{world.number()}", "日期,户号,姓名,事项"]
    for pk in chosen:
        entry = roll.entries[pk]
        day = on - timedelta(days=dice.randrange(0, 25))
        lines.append(f"{day.isoformat()},{entry.household_number},{entry.name},{dice.choice(items).code}")
    if dice.random() < 0.5:
        lines.insert(1, f"公示日期：{(on - timedelta(days=1)).isoformat()}")
    user = world.officer("clerk")
    data = "\n".join(lines).encode()
    return Gesture(
        "stage_register",
        lambda at: intake.stage_sheet(
            actor=world.actor(user, at), kind="register", branch_id=world.branch_id, file_name="台账.csv", data=data, at=at
        ),
    )


def openings_sheet(world: World, now: datetime) -> Gesture:
    dice, roll = world.dice, depositor_queries.roll_index(branch_id=world.branch_id)
    chosen = dice.sample(sorted(roll.entries), min(len(roll.entries), dice.randrange(2, ROWS_MOST)))
    rows = [(roll.entries[pk], dice.randrange(0, 40)) for pk in chosen]
    lines = [f"月度汇总表{world.number()}", "户号,户主,结余"]
    lines += [f"{entry.household_number},{entry.name},{amount}" for entry, amount in rows]
    lines.append(f"合计,,{sum(amount for _entry, amount in rows)}")
    user, data = world.officer("clerk"), "\n".join(lines).encode()
    return Gesture(
        "stage_openings",
        lambda at: intake.stage_sheet(
            actor=world.actor(user, at), kind="balances", branch_id=world.branch_id, file_name="结余.csv", data=data, at=at
        ),
    )


def work_on_sheet(world: World, now: datetime) -> Gesture | None:
    found = some(world.dice, Sheet.objects.filter(status__in=("checked", "signed")).order_by("pk"))
    if found is None:
        return None
    user, chance = world.officer(world.dice.choice(("clerk", "director"))), world.dice.random()
    if chance < 0.4 and found.status == "checked":
        return Gesture("sign_sheet", lambda at: intake.sign_sheet(actor=world.actor(user, at), sheet_id=found.pk, at=at))
    if chance < 0.1:
        return Gesture("drop_sheet", lambda at: intake.drop_sheet(actor=world.actor(user, at), sheet_id=found.pk, at=at))
    return Gesture("commit_sheet", lambda at: intake.commit_sheet(actor=world.actor(user, at), sheet_id=found.pk, at=at))


# People


def enrol(world: World, now: datetime) -> Gesture:
    rows = family(world, f"1{world.number():05d}", world.dice.randrange(1, 5), clock.local_date(now))
    user = world.officer("clerk")
    return Gesture(
        "enrol", lambda at: depositors.enrol_many(actor=world.actor(user, at), branch_id=world.branch_id, rows=rows, at=at)
    )


def child_born(world: World, now: datetime) -> Gesture | None:
    home = some(world.dice, Household.objects.filter(branch_id=world.branch_id, closed_on=None).order_by("pk"), 1000)
    guardian = "王建国" if world.dice.random() < 0.8 else ""
    user, name = world.officer("clerk"), world.name()
    facts = PersonFacts(name, sex="m", born_on=clock.local_date(now) - timedelta(days=40), guardian=guardian)
    return Gesture(
        "child_born",
        lambda at: depositors.enrol_depositor(
            actor=world.actor(user, at), branch_id=world.branch_id, kind="person", facts=facts, at=at, household_id=home.pk
        ),
    )


def change_people(world: World, now: datetime) -> Gesture | None:
    """One of the many things that happen to people and families."""
    dice, user = world.dice, world.officer("clerk")
    one, other = dice.sample(people(world), 2)
    if dice.random() < 0.3:  # kin of a reviewer matter more
        own = Depositor.objects.filter(user_id=world.officer("reviewer")).values_list("pk", flat=True).first()
        near = some(dice, Declaration.objects.filter(status="on_notice").order_by("pk").values_list("depositor_id", flat=True))
        one, other = own or one, near or other
    homes = list(Household.objects.filter(branch_id=world.branch_id, closed_on=None).order_by("pk").values_list("pk", flat=True))
    home, second = dice.sample(homes, 2)
    number, on = f"2{world.number():05d}", clock.local_date(now)
    name = dice.choice(
        (
            "die",
            "move_out",
            "move_back",
            "move_member",
            "merge",
            "split",
            "head",
            "kin",
            "kin",
            "class",
            "correct",
            "lane",
            "unkin",
        )
    )

    def do(at: datetime) -> Any:
        actor = world.actor(user, at)
        match name:
            case "die":
                return depositors.record_death(actor=actor, depositor_id=one, at=at)
            case "move_out":
                return depositors.move_depositor_out(actor=actor, depositor_id=one, at=at)
            case "move_back":
                gone = Depositor.objects.filter(branch_id=world.branch_id, status="moved").order_by("pk").first()
                pk = gone.pk if gone is not None else one
                return depositors.move_depositor_back(actor=actor, depositor_id=pk, household_id=home, at=at)
            case "move_member":
                return depositors.move_member(actor=actor, depositor_id=one, household_id=home, at=at)
            case "merge":
                return depositors.merge_households(actor=actor, kept_id=home, closed_id=second, at=at)
            case "split":
                members = [member.pk for member in depositor_queries.members_of(household_id=home)][1:]
                return depositors.split_household(
                    actor=actor, household_id=home, number=number, member_ids=members[:2], head_id=(members or [one])[0], at=at
                )
            case "head":
                return depositors.change_head(actor=actor, household_id=home, depositor_id=one, at=at)
            case "kin":
                return depositors.register_kin(actor=actor, first_id=one, second_id=other, relation="表亲", at=at)
            case "unkin":
                return depositors.remove_kin(actor=actor, first_id=one, second_id=other, at=at)
            case "class":
                return depositors.set_class(actor=actor, depositor_id=one, identity_class="party_member", on=on, at=at)
            case "correct":
                return depositors.correct_depositor(actor=actor, depositor_id=one, at=at, phone=f"138{number:0>8}")
            case _:
                return depositors.change_household(actor=actor, household_id=home, at=at, lane="南街")

    return Gesture(f"people_{name}", do)


def erase(world: World, now: datetime) -> Gesture:
    """L20: a person is forgotten; the books say what they said before."""
    one, user = world.dice.choice(people(world)), world.officer("director")
    return Gesture("erase", lambda at: depositors.erase_depositor(actor=world.actor(user, at), depositor_id=one, at=at))


def look_up(world: World, now: datetime) -> Gesture:
    one, user = world.dice.choice(people(world)), world.officer("teller")
    return Gesture(
        "reveal",
        lambda at: depositors.reveal(actor=world.actor(user, at), depositor_id=one, field="phone", purpose="contact", at=at),
    )


def give_log_in(world: World, now: datetime) -> Gesture:
    one, user = world.dice.choice(people(world)), world.officer("teller")

    def give(at: datetime) -> None:
        depositors.give_login(actor=world.actor(user, at), depositor_id=one, at=at)
        found = depositor_queries.user_ids_of(depositor_ids=[one])[one]
        if found is not None and found not in world.users:
            world.users.append(found)

    return Gesture("give_login", give)


# Offices and rules


def change_office(world: World, now: datetime) -> Gesture:
    """An officer leaves and another comes; the old one keeps trying the door."""
    role = world.dice.choice(("clerk", "reviewer", "teller", "supervisor", "director", "lane_chief"))
    leaving, director = world.officer(role), world.officer("head" if role == "director" else "director")
    number = world.number()

    def change(at: datetime) -> int:
        actor = world.actor(director, at)
        for office in organisation_queries.appointments_of(user_id=leaving):
            if office.role == role:
                organisations.end_appointment(actor=actor, appointment_id=office.appointment_id, at=at)
        come = organisations.create_officer(
            actor=actor, name=f"{world.name()}", organisation_id=world.branch_id, role=role, at=at, login=f"new{number}",
            lane="北街" if role == "lane_chief" else "",
        )  # fmt: skip
        return come.user_id

    world.gone.append(leaving)
    return Gesture("change_office", change)


def new_rules(world: World, now: datetime) -> Gesture:
    """One head officer drafts, the other brings into force, from today or a later day."""
    drafter, second = world.offices["head"]
    draft = Edition.objects.filter(status="draft").order_by("pk").first()
    worth, on = world.dice.randrange(1, 5) * 100, clock.local_date(now) + timedelta(days=world.dice.choice((0, 0, 0, 1)))
    if draft is None:
        return Gesture("draft_rules", lambda at: _draft(world, drafter, worth, at))
    user = second if world.dice.random() < 0.8 else drafter
    return Gesture(
        "put_in_force",
        lambda at: books.put_in_force(
            actor=world.actor(user, at), edition_id=draft.pk, on=on, at=at, demerits_vote="村民代表会议通过"
        ),
    )


def _draft(world: World, user: int, worth: int, at: datetime) -> Edition:
    actor = world.actor(user, at)
    edition = books.draft_edition(actor=actor, organisation_id=world.head_bank_id, at=at, with_items=False)
    for one in clauses(worth):
        books.add_item(actor=actor, edition_id=edition.pk, draft=one, at=at)
    return edition


# The timetable


def timetable(world: World, now: datetime) -> Gesture:
    def run(at: datetime) -> tuple[object, ...]:
        return (
            deed_jobs.run_due(at=at),
            mall_jobs.expire_orders(at=at),
            ledger_jobs.seal_books(at=at),
            intake_jobs.forget_erased(at=at),
        )

    return Gesture("timetable", run)


def clear_old_points(world: World, now: datetime) -> Gesture | None:
    """The yearly clearing of one passbook, as the books offer it."""
    one = some(world.dice, Depositor.objects.filter(branch_id=world.branch_id).order_by("pk"), 1000)
    account = depositor_queries.passbook_of(depositor_id=one.pk).points_account_id
    cutoff = now - timedelta(days=world.dice.choice((30, 180, 365)))
    key = f"clear-{world.number()}"
    return Gesture(
        "expire",
        lambda at: ledger.expire(account_id=account, cutoff=cutoff, subject=f"clearing:{one.pk}", key=key, at=at, scope="LX01"),
    )


# What nobody may do


def intrude(world: World, now: datetime) -> Gesture | None:
    """Officers of the neighbour, officers of yesterday and villagers at doors that are not theirs (W18, W23)."""
    dice = world.dice
    strangers = [
        world.offices[role][0] for role in ("other_director", "other_clerk", "other_reviewer", "other_teller", "stranger")
    ]
    user = dice.choice(strangers + world.gone[-6:])
    deed = some(dice, Declaration.objects.filter(branch_id=world.branch_id).order_by("-pk"), 50)
    placed = some(dice, Order.objects.order_by("-pk"), 50)
    one, product = dice.choice(people(world)), dice.choice(world.products)
    if deed is None or placed is None or user in world.users:
        return None
    tries: tuple[tuple[str, Any], ...] = (
        ("review", lambda actor, at: deeds.review_declaration(
            actor=actor, declaration_id=deed.pk, decision="approve", reason="", revision=deed.revision, at=at)),
        ("publish", lambda actor, at: deeds.publish_notice(actor=actor, branch_id=world.branch_id, at=at)),
        ("deposit", lambda actor, at: deeds.deposit_deed(actor=actor, declaration_id=deed.pk, at=at)),
        ("propose", lambda actor, at: deeds.propose_reversal(actor=actor, declaration_id=deed.pk, reason="试试看", at=at)),
        ("order", lambda actor, at: mall.place_order(
            actor=actor, product_id=product, branch_id=world.branch_id, depositor_id=one, quantity=1,
            submission_key=f"bad-{world.number()}", at=at)),
        ("hand_over", lambda actor, at: mall.hand_over_order(actor=actor, order_id=placed.pk, at=at)),
        ("goods", lambda actor, at: mall.receive_stock(
            actor=actor, product_id=product, branch_id=world.branch_id, quantity=1, at=at)),
        ("money", lambda actor, at: funds.receive_money(
            actor=actor, fund_id=world.funds[0], amount=1, number=f"B{world.number()}", payer="",
            received_on=clock.local_date(at), at=at)),
        ("reveal", lambda actor, at: depositors.reveal(actor=actor, depositor_id=one, field="phone", purpose="counter", at=at)),
        ("die", lambda actor, at: depositors.record_death(actor=actor, depositor_id=one, at=at)),
        ("erase", lambda actor, at: depositors.erase_depositor(actor=actor, depositor_id=one, at=at)),
        ("stage", lambda actor, at: intake.stage_sheet(
            actor=actor, kind="register", branch_id=world.branch_id, file_name="x.csv", data=b"1,2\n3,4\n", at=at)),
        ("appoint", lambda actor, at: organisations.appoint_officer(
            actor=actor, user_id=user, organisation_id=world.branch_id, role="clerk", at=at)),
        ("rules", lambda actor, at: books.draft_edition(actor=actor, organisation_id=world.head_bank_id, at=at)),
        ("expire", lambda actor, at: mall.expire_order(actor=actor, order_id=placed.pk, at=at)),
    )  # fmt: skip
    name, attempt = dice.choice(tries)

    def intrude_at(at: datetime) -> Any:
        if is_in_office(user, at, world.branch_id, world.head_bank_id):
            raise NotAllowed
        return attempt(world.actor(user, at), at)

    return Gesture(f"intrude_{name}", intrude_at, is_forbidden=True)


def is_in_office(user: int, at: datetime, *places: int) -> bool:
    """By the rows alone: whether the user holds any office at these places at this instant."""
    held = Appointment.objects.filter(user_id=user, organisation_id__in=places, starts_at__lte=at)
    return held.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at)).exists()


def look_who_is_in_office(world: World) -> None:
    """Ask the store who holds the offices now; an empty one is filled by the shell."""
    for role in [role for role in world.offices if role in Role.values]:
        held = Appointment.objects.filter(organisation_id=world.branch_id, role=role, ends_at__isnull=True)
        world.offices[role] = sorted(held.values_list("user_id", flat=True)) or [appoint(world, role, world.at)]

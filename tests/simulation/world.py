"""A village of some four hundred passbooks and its small neighbour, made through the services out of one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.deeds_stage import clause
from tests.village import REGIONS, SINCE
from wenming.core import clock
from wenming.core.actor import Actor, system
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.models import Depositor
from wenming.domain.depositors.queries import EnrolRow, IdentityClass
from wenming.domain.funds import services as funds
from wenming.domain.intake import services as intake
from wenming.domain.mall import services as mall
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.domain.rulebooks import services as rulebooks
from wenming.domain.rulebooks.expiry import ExpiryRule
from wenming.domain.rulebooks.models import RuleItem
from wenming.domain.rulebooks.queries import Expiry
from wenming.domain.rulebooks.services import ItemDraft

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "建国秀英志强桂花小雨子轩德福玉兰海燕春生冬梅长河明月大山"
OFFICES = {
    "director": ("director",),
    "clerk": ("clerk", "clerk"),
    "reviewer": ("reviewer", "reviewer", "reviewer"),
    "teller": ("teller", "teller"),
    "supervisor": ("supervisor",),
    "lane_chief": ("lane_chief",),
}
GOODS = (
    ("洗衣粉", 200, {"cost": 300, "times_max": 3, "unit": "袋"}),
    ("毛巾", 150, {"cost": 150, "unit": "条"}),
    ("大米", 1200, {"cost": 1000, "times_max": 2, "period_days": 90, "unit": "袋"}),
    ("作业本", 100, {"cost": 50, "is_for_minors": True, "unit": "本"}),
    ("理发", 300, {"kind": "service", "pickup_days": 14, "unit": "次"}),
)


def clauses(worth: int) -> tuple[ItemDraft, ...]:
    """The rule book of one edition; `worth` makes editions differ in value."""
    return (
        clause("1.1", "捡拾垃圾", worth, caps={"person_times_month": 3}),
        clause("1.2", "大扫除", worth + 100, track="post_first", caps={"household_times_month": 4}),
        clause("1.3", "志愿服务", 100, value_kind="per_unit", unit="小时", quantity_max=8, caps={"person_points_month": 1500}),
        clause("1.4", "见义勇为", 3000, reviews_needed=2, notice_workdays=7, window_days=180),
        clause("1.5", "参加会议", worth, classes={"villager": {}, "party_member": {"points": worth // 2}}, effect="points"),
        clause("1.6", "照料邻里", 0, value_kind="steps", unit="小时", quantity_max=12, steps=((2, 100), (6, 300))),
        clause("2.1", "门前三包", 150, credits_household=True, caps={"household_times_month": 2, "household_points_year": 2400}),
        clause("2.2", "荣誉之家", 800, effect="honour", caps={"person_times_year": 2}),
        clause("2.3", "学习之星", 200, classes={"minor": {}}, caps={"person_times_day": 1}),
        clause("2.91", "门前杂物不清", 200, direction="demerit", effect="points", demerit_kind="yard", repair="清干净。",
               classes={"villager": {}}, category="customs", caps={"person_times_month": 2}),
    )  # fmt: skip


@dataclass
class World:
    """Where things are; everything else is asked of the store."""

    dice: random.Random
    at: datetime
    head_bank_id: int = 0
    branch_id: int = 0
    other_id: int = 0
    book_id: int = 0
    funds: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)
    offices: dict[str, list[int]] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    clauses: dict[int, list[RuleItem]] = field(default_factory=dict)
    users: list[int] = field(default_factory=list)
    made: int = 0
    crowd: int = 400

    def number(self) -> int:
        """A running number for names and keys."""
        self.made += 1
        return self.made

    def actor(self, user_id: int | None, at: datetime, door: str = "console") -> Actor:
        return depositor_queries.actor_for(user_id=user_id, door=door, at=at)

    def officer(self, role: str) -> int:
        """A user who holds this office now."""
        return self.dice.choice(self.offices[role])

    def name(self) -> str:
        return self.dice.choice(SURNAMES) + "".join(self.dice.sample(GIVEN, self.dice.randrange(1, 3)))


def build(seed: int, at: datetime, accounts: int = 400) -> World:
    """The village as it opens: people, officers, rules, goods and money."""
    world, shell = World(random.Random(f"world {seed}"), at, crowd=accounts), system("shell")
    organisations.add_regions(rows=REGIONS)
    world.head_bank_id = organisations.open_head_bank(actor=shell, code="QX", name="清溪镇总行", at=at, opened_on=SINCE).pk
    for place, (code, name, villages) in enumerate(
        (("LX01", "柳溪分行", ["990101100201", "990101100202"]), ("HW02", "河湾分行", ["990101100203"]))
    ):
        branch = organisations.open_branch(
            actor=shell, head_bank_id=world.head_bank_id, code=code, name=name, village_codes=villages, at=at, opened_on=SINCE
        )
        setattr(world, "other_id" if place else "branch_id", branch.pk)
    world.book_id = organisation_queries.book_of(branch_id=world.branch_id)
    _fill_offices(world)
    rulebooks.adopt_edition(
        actor=shell, organisation_id=world.head_bank_id, items=clauses(200), in_force_from=date(at.year - 1, 1, 1), at=at,
        demerits_vote="村民代表会议通过", rule=ExpiryRule(Expiry.AFTER_MONTHS, months=6),
    )  # fmt: skip
    _enrol(world, world.branch_id, accounts)
    _enrol(world, world.other_id, 12)
    _open_passbooks(world)
    _stock_up(world)
    _give_log_ins(world, accounts)
    return world


def appoint(world: World, role: str, at: datetime, place: int | None = None) -> int:
    """A new person in an office, made by the shell; the user."""
    given = organisations.create_officer(
        actor=system("shell"),
        name=world.name(),
        organisation_id=place or world.branch_id,
        role=role,
        at=at,
        login=f"officer{world.number()}",
        lane="北街" if role == "lane_chief" else "",
    )
    return given.user_id


def _fill_offices(world: World) -> None:
    for key, roles in OFFICES.items():
        world.offices[key] = [appoint(world, role, world.at) for role in roles]
    world.offices["head"] = [appoint(world, "head_officer", world.at, world.head_bank_id) for _place in range(2)]
    for role in ("director", "clerk", "reviewer", "teller"):
        world.offices[f"other_{role}"] = [appoint(world, role, world.at, world.other_id)]


def family(world: World, number: str, size: int, on: date) -> list[EnrolRow]:
    """The rows of one household: grown-ups first, children with the head as guardian."""
    dice, surname, rows = world.dice, world.dice.choice(SURNAMES), []
    for place in range(size):
        age = dice.randrange(25, 80) if place < 2 else dice.randrange(1, 30)
        born = on - timedelta(days=age * 365 + dice.randrange(365))
        name = surname + world.name()[1:]
        rows.append(
            EnrolRow(
                household_number=number,
                name=name,
                is_head=place == 0,
                lane=dice.choice(("北街", "南街")),
                sex=dice.choice("mf"),
                born_on=born,
                phone=f"139{world.number():08d}" if place == 0 else "",
                classes=(IdentityClass.PARTY_MEMBER,) if place == 0 and dice.random() < 0.2 else (),
                guardian=rows[0].name if rows and born > on.replace(year=on.year - 14) else "",
                joined_on=on - timedelta(days=dice.choice((0, 100, 200, 300))),
            )
        )
    return rows


def _enrol(world: World, branch_id: int, accounts: int) -> None:
    rows: list[EnrolRow] = []
    on = clock.local_date(world.at)
    prefix = "9" if branch_id == world.other_id else "0"
    while len(rows) < accounts:
        number = f"{prefix}{world.number():04d}"
        rows += family(world, number, world.dice.randrange(1, 5), on)
        if world.dice.random() < 0.3:
            rows.append(EnrolRow(household_number=number, name=f"{rows[-1].name}家", kind="household", joined_on=on))
    rows[accounts - 1 :] = [EnrolRow(name="供销社", kind="unit", joined_on=on)]
    clerk = world.officer("other_clerk" if branch_id == world.other_id else "clerk")
    depositors.enrol_many(actor=world.actor(clerk, world.at), branch_id=branch_id, rows=rows, at=world.at)


def _open_passbooks(world: World) -> None:
    """What stood in the paper books, read in by the shell."""
    roll = depositor_queries.roll_index(branch_id=world.branch_id)
    amounts = {pk: world.dice.randrange(0, 30) for pk in roll.entries}
    lines = [f"{roll.entries[pk].household_number},{roll.entries[pk].name},{amount}" for pk, amount in amounts.items()]
    data = "\n".join(["期初结余,,", "户号,户主,结余", *lines, f"合计,,{sum(amounts.values())}"]).encode()
    intake.take_in(
        actor=system("shell"), kind="balances", branch_id=world.branch_id, file_name="期初.csv", data=data, at=world.at
    )


def _stock_up(world: World) -> None:
    director, clerk = (world.actor(world.officer(role), world.at) for role in ("director", "clerk"))
    for source, name in (("donation", "爱心超市专款"), ("collective", "村集体资金")):
        fund = funds.open_fund(actor=director, organisation_id=world.branch_id, source=source, name=name, at=world.at)
        world.funds.append(fund.pk)
        funds.receive_money(
            actor=clerk, fund_id=fund.pk, amount=2_000_000, number=f"S{world.number()}", payer="村委会",
            received_on=clock.local_date(world.at), at=world.at,
        )  # fmt: skip
    for title, price, facts in GOODS:
        more = {"kind": "goods", **facts}
        if "cost" in more:
            more["fund_id"] = world.dice.choice(world.funds)
        product = mall.add_product(
            actor=clerk, organisation_id=world.branch_id, title=title, price=price, at=world.at, **more
        )  # fmt: skip
        world.products.append(product.pk)
        mall.receive_stock(actor=clerk, product_id=product.pk, branch_id=world.branch_id, quantity=world.crowd // 8, at=world.at)


def _give_log_ins(world: World, accounts: int) -> None:
    """A log-in for some of the people, a few of whom are reviewers and so may meet their own kin's deeds."""
    people = Depositor.objects.filter(branch_id=world.branch_id, kind="person").order_by("pk").values_list("pk", flat=True)
    chosen = sorted(world.dice.sample(list(people), min(len(people), max(12, accounts // 3))))
    for depositor_id in chosen:
        depositors.give_login(actor=system("shell"), depositor_id=depositor_id, at=world.at)
    found = depositor_queries.user_ids_of(depositor_ids=chosen)
    world.users = [user for user in found.values() if user is not None]
    for user in world.users[:3]:
        organisations.appoint_officer(
            actor=system("shell"), user_id=user, organisation_id=world.branch_id, role="reviewer", at=world.at
        )
        world.offices["reviewer"].append(user)
    other = Depositor.objects.filter(branch_id=world.other_id, kind="person").order_by("pk")[0]
    depositors.give_login(actor=system("shell"), depositor_id=other.pk, at=world.at)
    world.offices["stranger"] = [u for u in depositor_queries.user_ids_of(depositor_ids=[other.pk]).values() if u is not None]

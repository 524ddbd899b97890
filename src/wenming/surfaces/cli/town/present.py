"""What waits today in the demo's first branch: something in every queue of every officer, all of it done by its own hands.

Each story yields the instant of its next act; the acts of all stories are played in the order of their instants.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from typing import Any

from wenming.core import clock
from wenming.core.actor import Actor
from wenming.domain.deeds import jobs as deed_jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.depositors import services as enrolling
from wenming.domain.intake import services as intake
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import services as mall
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.organisations import services as organisations
from wenming.domain.rulebooks import queries as rulebooks
from wenming.surfaces.cli.town import goods, photos
from wenming.surfaces.cli.town.people import Family
from wenming.surfaces.cli.town.structure import Branch, Town

WORDS = {
    "1.1": ("把河边的塑料袋和瓶子捡干净了", "村口到公交站捡了一路垃圾"),
    "1.5": ("给李大爷送饭，帮着收拾了屋子", "陪王奶奶说了会儿话，换了灯泡"),
    "1.6": ("帮邻居接孩子放学", "帮西院搬了两趟东西", "邻居出门，帮着看了一天羊"),
    "1.7": ("村委会门口的路灯不亮，换了灯泡", "健身器材的螺丝松了，都紧了一遍"),
    "1.11": ("教张奶奶用手机交电费", "教几位老人扫码挂号"),
    "3.6": ("秧歌队排练和演出", "参加了乒乓球比赛"),
    "4.5": ("婆婆住院，白天黑夜陪着", "照顾卧床的老父亲，邻居都知道"),
    "4.8": ("发现井盖松动，报给了村里", "老槐树枯枝压着电线，报了电力所"),
}
REGISTER = (
    "{branch}2 月份积分登记表\n"
    "序号,户号,姓名,日期,事项,数量,备注\n"
    "1,{number},{name},{day},1.1,1,河边\n"
    "2,{number},{name},2月30日,1.6,1,日期写错的一行\n"
    "3,999999,查无此人,{day},1.6,1,\n"
    "4,{number},{name},{day},没有这一项,1,\n"
    "5,{number},{name},{day},3.5,五题,\n"
)
Story = Generator[datetime, datetime, None]
LAST_HOUR = 11
"""Before this hour the last day of the stories is yesterday, so that everybody acts by daylight."""


class Scene:
    """One branch today: its officers as actors, its people, and the days that run up to now."""

    def __init__(
        self, *, source: random.Random, branch: Branch, head: dict[str, int], families: Sequence[Family], at: datetime
    ) -> None:
        self.source, self.branch, self.at = source, branch, at
        self.user_ids = {**branch.user_ids, "head_officer": head["head_officer"]}
        entries = depositors.roll_index(branch_id=branch.id).entries.values()
        officers = set(self.user_ids.values())
        holders = depositors.user_ids_of(depositor_ids=[entry.depositor_id for entry in entries])
        self.people = [
            entry
            for entry in entries
            if entry.kind == "person"
            and not depositors.is_minor(entry.born_on, clock.local_date(at))
            and holders[entry.depositor_id] not in officers
        ]
        chief = next(family for family in families if "lane_chief" in family.members[0].classes)
        near = {family.number for family in families if (family.village, family.lane) == (chief.village, chief.lane)}
        self.neighbours = [entry for entry in self.people[1:] if entry.household_number in near - {chief.number}]
        self.steps = 0
        self.today = clock.local_date(at - timedelta(hours=LAST_HOUR))

    def actor(self, role: str, at: datetime) -> Actor:
        door = "villager" if role in ("villager", "elder") else "console"
        return depositors.actor_for(user_id=self.user_ids[role], door=door, at=at)

    def ago(self, days: int, hours: str) -> datetime:
        """So many days before the last one, at "09:40"; on the last day nothing is later than 11 o'clock."""
        hour, minute = hours.split(":")
        return clock.day_start(self.today - timedelta(days=days)) + timedelta(hours=int(hour), minutes=int(minute))

    def declare(
        self, code: str, at: datetime, *, role: str = "clerk", photos_count: int = 0, depositor_id: int | None = None
    ) -> Any:
        """One declaration: by a villager for oneself, by a lane chief for a neighbour, or at the counter for somebody."""
        actor = self.actor(role, at)
        if role in ("villager", "elder"):
            door, ids = deed_queries.Door.SELF, [actor.depositor_id]
        elif role == "lane_chief":
            door, ids = deed_queries.Door.LANE_CHIEF, [self.source.choice(self.neighbours).depositor_id]
        else:
            door = deed_queries.Door.COUNTER
            ids = [depositor_id or self.source.choice(self.people[1:]).depositor_id]
        happened_on = clock.local_date(at) - timedelta(days=1)
        item = rulebooks.item_in_force(branch_id=self.branch.id, code=code, on=happened_on)
        assert item is not None, code
        self.steps += 1
        made = deeds.declare_deed(
            actor=actor,
            door=door,
            depositor_ids=ids,
            item_id=item.pk,
            happened_on=happened_on,
            quantity=1,
            words=self.source.choice(WORDS[code]),
            photos=[photos.paint(self.source) for _ in range(photos_count)],
            submission_key=f"demo-{self.branch.code}-{self.steps}",
            at=at,
            branch_id=self.branch.id,
        )
        return made[0]

    def review(self, declaration: Any, at: datetime, decision: str = "approve", reason: str = "") -> None:
        deeds.review_declaration(
            actor=self.actor("reviewer", at),
            declaration_id=declaration.pk,
            decision=decision,
            reason=reason,
            revision=declaration.revision,
            at=at,
        )

    def publish(self, at: datetime) -> Any:
        return deeds.publish_notice(actor=self.actor("clerk", at), branch_id=self.branch.id, at=at)

    def rich(self) -> int:
        """Somebody with points to spend."""
        some = self.source.sample(self.people, min(60, len(self.people)))
        accounts = {entry.points_account_id: entry.depositor_id for entry in some}
        balances = ledger.balances(account_ids=list(accounts))
        return accounts[max(accounts, key=lambda account: balances.get(account, 0))]

    def affordable(self, depositor_id: int, most: int) -> int | None:
        """The place of the dearest goods that this depositor can pay, up to a price in hundredths."""
        passbook = depositors.passbook_of(depositor_id=depositor_id)
        limit = min(most, ledger.balance(account_id=passbook.points_account_id))
        prices = [(ware.price * goods.HUNDRED, place) for place, ware in enumerate(goods.WARES) if ware.kind == "goods"]
        return max(((price, place) for price, place in prices if price <= limit), default=(0, None))[1]

    def deposited(self) -> int:
        """A deposited declaration of somebody with points left."""
        rows = deed_queries.declarations_of(depositor_ids=[self.rich()], before=None, limit=30)
        return next(row.pk for row in rows if row.status == deed_queries.Status.DEPOSITED and row.points > 0)


def arrange(
    *, source: random.Random, town: Town, head: dict[str, int], families: Sequence[Family], shelf: goods.Shelf, at: datetime
) -> None:
    """Play the stories up to today, act by act, in the order of their instants."""
    scene = Scene(source=source, branch=town.branches[0], head=head, families=families, at=at)
    stories = [_settled_notice(scene), _wall(scene), _waiting(scene), _answered(scene), _kin(scene), _correction(scene)]
    stories += [_order(scene, shelf, number) for number in range(len(ORDERS))]
    stories += [_sheet(scene), _office(scene, town, head)]
    agenda = [(next(story), place, story) for place, story in enumerate(stories)]
    heapq.heapify(agenda)
    while agenda:
        instant, place, story = heapq.heappop(agenda)
        try:
            heapq.heappush(agenda, (story.send(instant), place, story))
        except StopIteration:
            continue


def _settled_notice(scene: Scene) -> Story:
    """Declared four weeks ago, noticed, and deposited since: what a villager sees as done."""
    at = yield scene.ago(30, "09:20")
    made = [scene.declare("1.1", at, role="villager", photos_count=1)]
    at = yield scene.ago(30, "15:10")
    made.append(scene.declare("1.6", at, role="elder"))
    for place, code in enumerate(("1.5", "1.7", "4.8", "1.11", "3.6", "4.5")):
        at = yield scene.ago(29 - place // 3, f"{9 + place % 3}:40")
        made.append(scene.declare(code, at))
    for place, declaration in enumerate(made):
        at = yield scene.ago(26, f"14:{10 + 4 * place}")
        scene.review(declaration, at)
    at = yield scene.ago(24, "16:30")
    scene.publish(at)
    at = yield scene.ago(10, "02:00")
    deed_jobs.run_due(at=at)


def _wall(scene: Scene) -> Story:
    """A notice that still hangs, with one line that a villager objects to, and three approved ones for the next."""
    at = yield scene.ago(6, "08:50")
    made = [scene.declare("1.5", at, role="villager")]
    at = yield scene.ago(6, "10:15")
    made.append(scene.declare("3.6", at, role="elder"))
    for place, code in enumerate(("1.1", "1.6", "1.7", "4.8", "1.11", "4.5", "1.6")):
        at = yield scene.ago(5 - place // 4, f"{9 + place % 4 * 2}:25")
        made.append(scene.declare(code, at))
    for place, declaration in enumerate(made):
        at = yield scene.ago(3, f"09:{10 + 5 * place}")
        scene.review(declaration, at)
    at = yield scene.ago(2, "16:40")
    notice = scene.publish(at)
    at = yield scene.ago(1, "09:35")
    notices.raise_objection(
        actor=scene.actor("villager", at),
        line_id=list(notice_queries.lines(notice_id=notice.pk, limit=30, at=at))[3].id,
        reason=notice_queries.Reason.PERSON,
        words="那天干活的是他哥哥，请再核对一下。",
        at=at,
    )
    approved = []
    for place, code in enumerate(("4.5", "3.6", "1.5")):
        at = yield scene.ago(1, f"{10 + place}:05")
        approved.append(scene.declare(code, at))
    for place, declaration in enumerate(approved):
        at = yield scene.ago(0, f"08:{40 + 5 * place}")
        scene.review(declaration, at)


def _waiting(scene: Scene) -> Story:
    """Declarations that wait for a review, the oldest overdue."""
    for place, code in enumerate(("1.1", "1.7", "1.6", "4.8")):
        at = yield scene.ago(8 - place // 2, f"{10 + place % 2 * 5}:30")
        scene.declare(code, at, photos_count=place % 2)
    for place, (code, role, count) in enumerate(
        (
            ("1.6", "villager", 0),
            ("1.1", "elder", 1),
            ("4.8", "lane_chief", 1),
            ("1.5", "clerk", 0),
            ("1.11", "clerk", 0),
            ("1.7", "lane_chief", 2),
            ("3.6", "clerk", 0),
        )
    ):
        at = yield scene.ago(1, f"{13 + place // 2}:{15 + place % 2 * 25}") if place < 4 else scene.ago(0, f"08:{place}5")
        scene.declare(code, at, role=role, photos_count=count)


def _answered(scene: Scene) -> Story:
    """One sent back for a better photo, one turned down."""
    at = yield scene.ago(3, "15:20")
    back = scene.declare("1.7", at, role="elder", photos_count=1)
    at = yield scene.ago(3, "17:05")
    no = scene.declare("1.1", at, role="lane_chief")
    at = yield scene.ago(2, "10:10")
    scene.review(back, at, decision="return", reason="照片看不清，请补一张修好以后的。")
    at = yield scene.ago(2, "10:20")
    scene.review(no, at, decision="reject", reason="同一天已经记过这件事。")


def _kin(scene: Scene) -> Story:
    """A registered relative of the reviewer declares too: somebody else has to review that."""
    at = yield scene.ago(4, "09:15")
    reviewer = scene.actor("reviewer", at)
    relative = scene.people[0].depositor_id
    assert reviewer.depositor_id is not None
    enrolling.register_kin(
        actor=scene.actor("clerk", at), first_id=reviewer.depositor_id, second_id=relative, relation="堂兄弟", at=at
    )
    at = yield scene.ago(4, "11:30")
    scene.declare("4.8", at, depositor_id=relative)


ORDERS = (
    ("villager", 20, 2, "11:20"),
    ("elder", 10, 1, "10:05"),
    ("", 5, 6, "16:10"),
    ("", 12, 0, "09:10"),
    ("", 15, 0, "09:45"),
)
"""Role, or nobody of the demo; the most points; days ago; hour."""


def _order(scene: Scene, shelf: goods.Shelf, number: int) -> Story:
    """An order to hand over: two of the demo's villagers have one, three of others, one of them nearly overdue."""
    role, most, days, hours = ORDERS[number]
    at = yield scene.ago(days, hours)
    actor = scene.actor(role or "teller", at)
    depositor_id = actor.depositor_id if role else scene.rich()
    assert depositor_id is not None
    ware = scene.affordable(depositor_id, most * 100)
    if ware is not None:
        mall.place_order(
            actor=actor,
            product_id=shelf.product_ids[ware],
            branch_id=scene.branch.id,
            depositor_id=depositor_id,
            quantity=1,
            submission_key=f"demo-order-{number}",
            at=at,
        )


def _correction(scene: Scene) -> Story:
    """A deposited deed found wrong and proposed for correction by the clerk; the director confirms."""
    at = yield scene.ago(0, "09:05")
    actor = scene.actor("clerk", at)
    deeds.propose_reversal(actor=actor, declaration_id=scene.deposited(), reason="同一件事在台账里登了两遍，撤回后一遍。", at=at)


def _sheet(scene: Scene) -> Story:
    """A register that the clerk has uploaded: one good row and four to mend."""
    at = yield scene.ago(0, "09:25")
    person = scene.people[3]
    day = clock.local_date(at) - timedelta(days=3)
    text = REGISTER.format(
        branch=scene.branch.name, number=person.household_number, name=person.name, day=f"{day.year}.{day.month}.{day.day}"
    )
    intake.stage_sheet(
        actor=scene.actor("clerk", at),
        kind="register",
        branch_id=scene.branch.id,
        file_name="积分登记表.csv",
        data=text.encode("gb18030"),
        at=at,
    )


def _office(scene: Scene, town: Town, head: dict[str, int]) -> Story:
    """One officer of the head bank proposed the director as a supervisor there; the other one may confirm."""
    at = yield scene.ago(0, "10:20")
    organisations.propose_appointment(
        actor=depositors.actor_for(user_id=head["second"], door="console", at=at),
        user_id=scene.user_ids["director"],
        organisation_id=town.head_bank_id,
        role="supervisor",
        at=at,
    )

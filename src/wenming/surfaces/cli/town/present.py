"""What waits today in the demo's first branch: something in every queue of every officer, all of it done by its own hands."""

from __future__ import annotations

import random
from collections.abc import Sequence
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


class Scene:
    """One branch today: its officers as actors, its people, and the clock that runs up to now."""

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

    def actor(self, role: str, at: datetime) -> Actor:
        door = "villager" if role in ("villager", "elder") else "console"
        return depositors.actor_for(user_id=self.user_ids[role], door=door, at=at)

    def ago(self, days: float) -> datetime:
        return self.at - timedelta(days=days)

    def declare(
        self, code: str, days: float, *, role: str = "clerk", photos_count: int = 0, depositor_id: int | None = None
    ) -> Any:
        """One declaration, made so many days ago: by a villager for oneself, or at the counter for somebody."""
        at = self.ago(days)
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

    def review(self, declaration: Any, days: float, decision: str = "approve", reason: str = "") -> None:
        at = self.ago(days)
        deeds.review_declaration(
            actor=self.actor("reviewer", at),
            declaration_id=declaration.pk,
            decision=decision,
            reason=reason,
            revision=declaration.revision,
            at=at,
        )

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
    """Set the scene of today, oldest first, so that everything happens in the order of its instants."""
    scene = Scene(source=source, branch=town.branches[0], head=head, families=families, at=at)
    _settled_notice(scene)
    _wall(scene)
    _queue(scene)
    _counter(scene, shelf)
    _corrections(scene)
    _sheet(scene)
    _office(scene, town, head)


def _settled_notice(scene: Scene) -> None:
    """Declared four weeks ago, noticed, and deposited since: what a villager sees as done."""
    made = [scene.declare("1.1", 30, role="villager", photos_count=1), scene.declare("1.6", 29.5, role="elder")]
    made += [scene.declare(code, 29 - place / 4) for place, code in enumerate(("1.5", "1.7", "4.8", "1.11", "3.6", "4.5"))]
    for declaration in made:
        scene.review(declaration, 26)
    publish(scene, 24)
    deed_jobs.run_due(at=scene.ago(10))


def publish(scene: Scene, days: float) -> Any:
    at = scene.ago(days)
    return deeds.publish_notice(actor=scene.actor("clerk", at), branch_id=scene.branch.id, at=at)


def _wall(scene: Scene) -> None:
    """A notice that still hangs, with one line that a villager objects to, and two approved ones for the next."""
    made = [scene.declare("1.5", 6, role="villager"), scene.declare("3.6", 5.9, role="elder")]
    made += [
        scene.declare(code, 5.8 - place / 5) for place, code in enumerate(("1.1", "1.6", "1.7", "4.8", "1.11", "4.5", "1.6"))
    ]
    for declaration in made:
        scene.review(declaration, 3)
    notice = publish(scene, 2)
    at = scene.ago(1)
    line = list(notice_queries.lines(notice_id=notice.pk, limit=30, at=at))[3]
    notices.raise_objection(
        actor=scene.actor("villager", at),
        line_id=line.id,
        reason=notice_queries.Reason.PERSON,
        words="那天干活的是他哥哥，请再核对一下。",
        at=at,
    )
    for place, code in enumerate(("4.5", "3.6", "1.5")):
        scene.review(scene.declare(code, 1.6 - place / 10), 0.9)


def _queue(scene: Scene) -> None:
    """Declarations that wait for a review, the oldest overdue; one of the reviewer's kin; one sent back, one turned down."""
    _kin(scene)
    for place, code in enumerate(("1.1", "1.7", "1.6", "4.8")):
        scene.declare(code, 8.5 - place / 2, photos_count=place % 2)
    back = scene.declare("1.7", 3.4, role="elder", photos_count=1)
    scene.review(back, 2.2, decision="return", reason="照片看不清，请补一张修好以后的。")
    no = scene.declare("1.1", 3.3, role="lane_chief")
    scene.review(no, 2.1, decision="reject", reason="同一天已经记过这件事。")
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
        scene.declare(code, 1.2 - place / 8, role=role, photos_count=count)


def _kin(scene: Scene) -> None:
    """A registered relative of the reviewer declares too: somebody else has to review that."""
    at = scene.ago(4.5)
    reviewer = scene.actor("reviewer", at)
    relative = scene.people[0].depositor_id
    assert reviewer.depositor_id is not None
    enrolling.register_kin(
        actor=scene.actor("clerk", at), first_id=reviewer.depositor_id, second_id=relative, relation="堂兄弟", at=at
    )
    scene.declare("4.8", 4.4, depositor_id=relative)


def _counter(scene: Scene, shelf: goods.Shelf) -> None:
    """Orders to hand over: two of the demo's villagers, three of others, one of them nearly overdue."""
    for place, (role, most, days) in enumerate(
        (("villager", 20, 2.0), ("elder", 10, 1.0), ("", 5, 6.2), ("", 12, 0.4), ("", 15, 0.2))
    ):
        at = scene.ago(days)
        actor = scene.actor(role or "teller", at)
        depositor_id = actor.depositor_id if role else scene.rich()
        assert depositor_id is not None
        ware = scene.affordable(depositor_id, most * 100)
        if ware is None:
            continue
        mall.place_order(
            actor=actor,
            product_id=shelf.product_ids[ware],
            branch_id=scene.branch.id,
            depositor_id=depositor_id,
            quantity=1,
            submission_key=f"demo-order-{place}",
            at=at,
        )


def _corrections(scene: Scene) -> None:
    """A deposited deed found wrong and proposed for correction by the clerk; the director confirms."""
    at = scene.ago(0.8)
    actor = scene.actor("clerk", at)
    deeds.propose_reversal(actor=actor, declaration_id=scene.deposited(), reason="同一件事在台账里登了两遍，撤回后一遍。", at=at)


def _sheet(scene: Scene) -> None:
    """A register that the clerk has uploaded: one good row and four to mend."""
    at = scene.ago(0.3)
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


def _office(scene: Scene, town: Town, head: dict[str, int]) -> None:
    """One officer of the head bank proposed the director as a supervisor there; the other one may confirm."""
    at = scene.ago(0.2)
    organisations.propose_appointment(
        actor=depositors.actor_for(user_id=head["second"], door="console", at=at),
        user_id=scene.user_ids["director"],
        organisation_id=town.head_bank_id,
        role="supervisor",
        at=at,
    )

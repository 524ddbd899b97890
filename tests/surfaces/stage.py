"""Willow Creek with a rule book, a shop, deeds at every step and a log-in: what the pages of every door need to show."""

from __future__ import annotations

import functools
import io
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.auth import get_user_model
from django.test import Client
from PIL import Image, ImageDraw

from tests import shop as shops
from tests import village as villages
from tests.copies import kept
from wenming.core import clock
from wenming.core.actor import system
from wenming.domain.deeds import jobs
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.ledger import services as ledger
from wenming.domain.notices import queries as notice_queries
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks


@functools.cache
def _picture() -> bytes:
    picture = Image.new("RGB", (640, 480), (214, 196, 160))
    ImageDraw.Draw(picture).rectangle((120, 180, 520, 400), fill=(165, 54, 43))
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def photo(words: str = "") -> io.BytesIO:
    """A picture as a phone would send it."""
    out = io.BytesIO(_picture())
    out.name = f"{words or 'photo'}.jpg"
    return out


@dataclass
class Stage:
    shop: shops.Shop
    now: datetime
    clock_file: Path
    items: dict[str, int] = field(default_factory=dict)
    deeds: dict[str, int] = field(default_factory=dict)

    @property
    def village(self) -> villages.Village:
        return self.shop.village

    def turn_to(self, at: datetime) -> None:
        """The clock of the pages."""
        self.now = at
        self.clock_file.write_text(at.isoformat(), encoding="utf-8")

    def declare(self, title: str, name: str, *, words: str = "村口", days_ago: int = 0, with_photo: bool = True) -> int:
        made = deeds.declare_deed(
            actor=self.village.villager(name),
            door=deed_queries.Door.SELF,
            depositor_ids=[self.village.person(name)],
            item_id=self.items[title],
            happened_on=clock.local_date(self.now) - timedelta(days=days_ago),
            quantity=1,
            words=words,
            photos=[photo()] if with_photo else [],
            submission_key=f"{title}:{name}:{days_ago}:{self.now:%Y%m%d}",
            at=self.now,
        )
        return made[0].pk

    def review(self, number: int, decision: str = "approve", reason: str = "") -> None:
        deed = deed_queries.declaration(actor=system(), declaration_id=number)
        for key in ("reviewer", "reviewer2", "director")[: deed.item.reviews_needed if decision == "approve" else 1]:
            deeds.review_declaration(
                actor=self.village.officer(key, at=self.now),
                declaration_id=number,
                decision=decision,
                reason=reason,
                revision=deed.revision,
                at=self.now,
            )

    def publish(self) -> str:
        made = deeds.publish_notice(
            actor=self.village.officer("clerk", at=self.now), branch_id=self.village.branch_id, at=self.now
        )
        return made.number

    def client(self, name: str) -> Client:
        """A browser in which this villager is logged in."""
        self.village.villager(name)
        return self.client_of(self.village.users[name])

    def client_of(self, user_id: int) -> Client:
        client = Client()
        user = get_user_model()._default_manager.get(pk=user_id)
        client.force_login(user, backend="wenming.domain.identity.backends.LoginNameBackend")
        return client


def build(at: datetime, clock_file: Path) -> Stage:
    """Points from an old book, a month of deeds, one notice that ended, one that is up, and one deed at every other step."""
    stage = _built(at)
    stage.clock_file = clock_file
    stage.turn_to(at)
    return stage


@kept
def _built(at: datetime) -> Stage:
    start = at - timedelta(days=20)
    stage = Stage(shop=shops.open_shop(start), now=start, clock_file=Path(os.devnull))
    _adopt_rules(stage, start)
    for name in ("孙立", "李秀英"):
        stage.village.villager(name)
    titles = list(stage.items)
    for place, name in enumerate(("王建国", "王秀梅", "张伟", "单秀兰", "王小雨")):
        stage.review(stage.declare(titles[place % 2], name))
    stage.publish()
    stage.turn_to(at - timedelta(days=6))
    jobs.run_due(at=stage.now)
    ledger.seal(book_id=stage.village.book_id, at=stage.now)
    stage.turn_to(at - timedelta(days=2))
    for title, name in ((titles[1], "王建国"), (titles[0], "王秀梅"), (titles[1], "张伟")):
        stage.deeds[f"on_notice:{name}"] = number = stage.declare(title, name, days_ago=1)
        stage.review(number)
    stage.publish()
    stage.turn_to(at)
    stage.deeds["submitted"] = stage.declare(titles[2], "王建国")
    stage.deeds["returned"] = number = stage.declare(titles[3], "王建国", days_ago=1)
    stage.review(number, "return", "照片看不清，请再拍一张门口的。")
    stage.shop.order("王建国", key="first", at=at)
    return stage


def _adopt_rules(stage: Stage, at: datetime) -> None:
    rulebooks.adopt_edition(
        actor=system("shell"),
        organisation_id=stage.village.head_bank_id,
        items=rulebooks.starter_items(),
        in_force_from=clock.local_date(at) - timedelta(days=60),
        at=at,
        note="村民代表会议通过",
    )
    found = rulebook_queries.items_in_force(branch_id=stage.village.branch_id, on=clock.local_date(at))
    easy = [item for item in found if "self" in item.declarers and item.reviews_needed == 1 and item.direction == "merit"]
    plain = [item for item in easy if item.value_kind == "fixed" and item.track == "notice_first" and item.quantity_max == 1]
    stage.items = {item.title: item.pk for item in plain if not item.classes or {"villager", "minor"} <= set(item.classes)}


def notices_up(stage: Stage) -> list[str]:
    found = notice_queries.notices_on_wall(branch_id=stage.village.branch_id)
    return [notice.number for notice in found if notice_queries.is_open(notice, stage.now)]

"""Willow Creek (柳溪村): a small sample town made only through the services, so that no test holds a state nobody could reach.

`build(at)` makes a head bank with two branches (柳溪 and its neighbour 河湾), an officer of every role, eight households with
kin and children, a unit and a collective. People are looked up by name: `village.person("王秀梅")`; officers by a key:
`village.officer("clerk")`; `kin_reviewer` is 王秀梅, who may not review what concerns her brother 王建国.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.copies import kept
from wenming.core import clock
from wenming.core.actor import Actor, system
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.depositors import services as depositors
from wenming.domain.depositors.queries import EnrolRow, IdentityClass
from wenming.domain.identity import services as identity
from wenming.domain.organisations import queries as organisation_queries
from wenming.domain.organisations import services as organisations
from wenming.domain.organisations.queries import Role
from wenming.domain.organisations.services import RegionRow

PASSWORD = "liuxi-cun-2026"
MORNING = datetime(2026, 3, 12, 9, 30, tzinfo=clock.ZONE)
SINCE = date(2020, 1, 1)
REGIONS = [
    RegionRow("990101000000", "清溪县", "county", "990100000000", SINCE),
    RegionRow("990101100000", "清溪镇", "town", "990101000000", SINCE),
    RegionRow("990101100201", "柳溪", "village", "990101100000", SINCE),
    RegionRow("990101100202", "上柳溪", "village", "990101100000", SINCE),
    RegionRow("990101100203", "河湾", "village", "990101100000", SINCE),
    RegionRow("990101100204", "石桥", "village", "990101100000", SINCE),
]
VILLAGERS = {
    "0001": [("王建国", "m", "1968-03-02", "13800000001"), ("李秀英", "f", "1970-08-15", ""), ("王小雨", "f", "2015-05-20", "")],
    "0002": [("王秀梅", "f", "1985-11-30", "13800000002"), ("赵志强", "m", "1983-01-09", "13800000003")],
    "0003": [("单秀兰", "f", "1949-10-01", "")],
    "0004": [("张伟", "m", "1990-02-28", "13800000004"), ("曾静", "f", "1992-07-07", ""), ("张子轩", "m", "2009-09-01", "")],
    "0005": [("刘德福", "m", "1955-12-12", "13800000005"), ("陈桂花", "f", "1957-04-04", "")],
    "0006": [("尉迟恭礼", "m", "1978-06-18", "13800000006")],
}
NEIGHBOURS = {
    "0001": [("孙立", "m", "1972-01-01", "13800000011"), ("周敏", "f", "1975-05-05", "")],
    "0002": [("吴强", "m", "1988-08-08", "13800000012")],
}
OFFICERS = {
    "head": ("何主任", Role.HEAD_OFFICER),
    "director": ("柳书记", Role.DIRECTOR),
    "clerk": ("钱会计", Role.CLERK),
    "reviewer": ("冯审核", Role.REVIEWER),
    "reviewer2": ("卫审核", Role.REVIEWER),
    "teller": ("蒋柜员", Role.TELLER),
    "lane_chief": ("沈街长", Role.LANE_CHIEF),
    "supervisor": ("韩监督", Role.SUPERVISOR),
}


@dataclass
class Village:
    """Where things are; nothing here is not also in the store."""

    at: datetime
    head_bank_id: int = 0
    branch_id: int = 0
    other_branch_id: int = 0
    people: dict[str, int] = field(default_factory=dict)
    households: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)

    @cached_property
    def book_id(self) -> int:
        return organisation_queries.book_of(branch_id=self.branch_id)

    def officer(self, key: str, door: str = "console", at: datetime | None = None) -> Actor:
        """An officer of Willow Creek (`head`, `director`, `clerk`, `reviewer`, …) or of 河湾 (`other_director`, …)."""
        return depositor_queries.actor_for(user_id=self.users[key], door=door, at=at or self.at)

    def person(self, name: str) -> int:
        return self.people[name]

    def villager(self, name: str, door: str = "villager", at: datetime | None = None) -> Actor:
        """The person at a door; the log-in is made at the counter the first time. `log_in` sets a password."""
        if name not in self.users:
            depositors.give_login(actor=system("shell"), depositor_id=self.people[name], at=self.at)
            user_id = depositor_queries.user_ids_of(depositor_ids=[self.people[name]])[self.people[name]]
            assert user_id is not None
            self.users[name] = user_id
        return depositor_queries.actor_for(user_id=self.users[name], door=door, at=at or self.at)


@contextmanager
def standing(blocker: DjangoDbBlocker) -> Iterator[Village]:
    """One village for a whole module of tests: each test runs in a savepoint over it, and it is gone at the end."""
    with blocker.unblock(), transaction.atomic():
        yield build(MORNING)
        transaction.set_rollback(True)


@kept
def build(at: datetime) -> Village:
    """Make the town in the present store."""
    village, shell = Village(at=at), system("shell")
    organisations.add_regions(rows=REGIONS)
    village.head_bank_id = organisations.open_head_bank(actor=shell, code="QX", name="清溪镇总行", at=at, opened_on=SINCE).pk
    village.branch_id = organisations.open_branch(
        actor=shell,
        head_bank_id=village.head_bank_id,
        code="LX01",
        name="柳溪分行",
        village_codes=["990101100201", "990101100202"],
        at=at,
        opened_on=SINCE,
    ).pk
    village.other_branch_id = organisations.open_branch(
        actor=shell, head_bank_id=village.head_bank_id, code="HW02", name="河湾分行", village_codes=["990101100203"], at=at,
        opened_on=SINCE,
    ).pk  # fmt: skip
    _appoint(village)
    _enrol(village, village.branch_id, VILLAGERS)
    _enrol(village, village.other_branch_id, NEIGHBOURS)
    _relate(village)
    return village


def _appoint(village: Village) -> None:
    offices = [(key, name, role, village.branch_id) for key, (name, role) in OFFICERS.items() if role != Role.HEAD_OFFICER]
    offices.append(("head", *OFFICERS["head"], village.head_bank_id))
    offices += [
        ("other_director", "杨书记", Role.DIRECTOR, village.other_branch_id),
        ("other_clerk", "朱会计", Role.CLERK, village.other_branch_id),
        ("other_reviewer", "秦审核", Role.REVIEWER, village.other_branch_id),
    ]
    for key, name, role, place in offices:
        user = identity.register_user(display_name=name, at=village.at)
        identity.add_login_name(user_id=user.pk, kind="officer", name=name)
        village.users[key] = user.pk
        organisations.appoint_officer(
            actor=system("shell"),
            user_id=user.pk,
            organisation_id=place,
            role=role,
            at=village.at,
            lane="北街" if role == Role.LANE_CHIEF else "",
        )


def log_in(village: Village, key: str) -> None:
    """Give an officer or villager the password `PASSWORD`, as an activation code would."""
    identity.set_password(user_id=village.users[key], password=PASSWORD, at=village.at)


def _enrol(village: Village, branch_id: int, families: dict[str, list[tuple[str, str, str, str]]]) -> None:
    here = branch_id == village.branch_id
    rows = [
        EnrolRow(
            household_number=number,
            name=name,
            is_head=place == 0,
            lane="北街" if number in ("0001", "0003") else "南街",
            village_code="990101100201" if here else "",
            sex=sex,
            born_on=date.fromisoformat(born),
            phone=phone,
            classes=(IdentityClass.PARTY_MEMBER,) if name in ("王建国", "刘德福") else (),
            guardian="王建国" if born >= "2012" else "",
            joined_on=SINCE,
        )
        for number, people in families.items()
        for place, (name, sex, born, phone) in enumerate(people)
    ]
    if here:
        rows += [
            EnrolRow(household_number="0001", name="王建国家", kind="household", joined_on=SINCE),
            EnrolRow(name="清溪供销社", kind="unit", joined_on=SINCE),
            EnrolRow(name="柳溪村第一村民小组", kind="collective", joined_on=SINCE),
        ]
    actor = village.officer("clerk" if here else "other_clerk")
    enrolled = depositors.enrol_many(actor=actor, branch_id=branch_id, rows=rows, at=village.at)
    for person, row in zip(enrolled, rows, strict=True):
        village.people[person.name] = person.pk
        if here and person.household_id is not None:
            village.households[row.household_number] = person.household_id


def _relate(village: Village) -> None:
    """王秀梅 is 王建国's sister and a reviewer herself; 张伟 is 刘德福's son-in-law."""
    clerk = village.officer("clerk")
    for first, second, relation in (("王建国", "王秀梅", "兄妹"), ("刘德福", "张伟", "翁婿")):
        depositors.register_kin(
            actor=clerk, first_id=village.people[first], second_id=village.people[second], relation=relation, at=village.at
        )
    village.users["kin_reviewer"] = village.villager("王秀梅").user_id or 0
    organisations.appoint_officer(
        actor=village.officer("director"),
        user_id=village.users["kin_reviewer"],
        organisation_id=village.branch_id,
        role=Role.REVIEWER,
        at=village.at,
    )

"""The auditor of the workflows: follows every row that an act touches and compares it with the rules (W01 to W24)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import chinese_calendar
from django.db import connection

from tests.simulation.audit_books import EPOCH, Books, ask, demand, marks, micros
from tests.simulation.store import Change
from wenming.core import clock
from wenming.domain.deeds.models import Declaration, Reversal
from wenming.domain.mall.models import Order
from wenming.domain.notices.models import Notice, NoticeLine, Objection

Row = dict[str, Any]
STEPS: dict[str, Any] = {
    "deeds_declaration": Declaration.STEPS,
    "deeds_reversal": Reversal.STEPS,
    "mall_order": Order.STEPS,
    "notices_notice": Notice.STEPS,
    "notices_noticeline": NoticeLine.STEPS,
    "notices_objection": Objection.STEPS,
}
FIRST = {
    "deeds_declaration": {"submitted", "deposited"},
    "deeds_reversal": {"proposed"},
    "mall_order": {"placed", "collected"},
    "notices_notice": {"up"},
    "notices_noticeline": {"standing"},
    "notices_objection": {"open"},
}
COUNTED = ("approved", "on_notice", "deposited")
CAPS = tuple(
    f"{who}_{what}_{window}"
    for who, what, window in (
        ("person", "times", "day"), ("person", "times", "month"), ("person", "times", "year"), ("household", "times", "month"),
        ("person", "points", "day"), ("person", "points", "month"), ("person", "points", "year"),
        ("household", "points", "month"), ("household", "points", "year"),
    )
)  # fmt: skip


@dataclass
class Item:
    """A clause as the auditor knows it."""

    edition: int
    book: int
    code: str
    direction: str
    effect: str
    value_kind: str
    points: int
    steps: list[tuple[int, int]]
    classes: dict[str, dict[str, int]]
    track: str
    window_days: int
    reviews_needed: int
    caps: dict[str, int]


def row_of(table: str, pk: int) -> Row | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE id = %s", [pk])
        found = cursor.fetchone()
        return dict(zip((column[0] for column in cursor.description), found, strict=True)) if found else None


def day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def local(value: Any) -> date:
    """The village day of a stored instant."""
    return clock.local_date(EPOCH + timedelta(microseconds=micros(value)))


def period_end(published: date, workdays: int) -> date:
    """The day after the last working day of a notice."""
    last = published
    while workdays:
        last += timedelta(days=1)
        try:
            workdays -= bool(chinese_calendar.is_workday(last))
        except NotImplementedError:
            workdays -= last.weekday() < 5
    return last + timedelta(days=1)


class Work:
    """What the workflows should look like."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.rows: dict[str, dict[int, Row]] = defaultdict(dict)
        self.items: dict[int, Item] = {}
        self.stock: Counter[int] = Counter()
        self.letters: set[tuple[Any, ...]] = set()
        self.messages: Counter[tuple[int, str, str]] = Counter()
        self.prices: dict[int, int] = {}
        self.at = clock.parse_instant("2000-01-01")
        everything = [
            (table, "I", pk)
            for table in [*STEPS, "mall_stockchange", "rulebooks_edition", "depositors_depositor"]
            for (pk,) in ask(f"SELECT id FROM {table} ORDER BY id")
        ]
        self.prices = dict(ask("SELECT id, price FROM mall_product"))  # type: ignore[arg-type]
        self.after(everything, self.at)

    def after(self, changes: list[Change], at: datetime) -> None:
        """Check every row that was touched, first those that others rest on."""
        self.at = at
        self.seen, self.moved = set(changes), set[int]()
        sent = marks(row for table, how, row in changes if table == "inbox_message" and how == "I")
        self.letters = set(ask(f"SELECT user_id, about, subject FROM inbox_message WHERE id IN ({sent})"))
        handlers: dict[str, Callable[[str, int, Row | None, Row | None], None]] = {
            "rulebooks_edition": self.edition, "depositors_depositor": self.depositor, "mall_product": self.product,
            "mall_stockchange": self.stock_change, "mall_stock": self.stock_row, "notices_notice": self.notice,
            "notices_noticeline": self.line, "notices_objection": self.objection, "deeds_review": self.review,
            "deeds_declaration": self.declaration, "deeds_reversal": self.reversal, "mall_order": self.order,
            "depositors_reveal": self.reveal, "inbox_message": self.message, "intake_sheet": self.sheet,
        }  # fmt: skip
        for table, check in handlers.items():
            for how, pk in dict.fromkeys((how, pk) for name, how, pk in changes if name == table):
                if how == "I" and (table, "U", pk) in self.seen and table in STEPS:
                    continue
                before = self.rows[table].get(pk)
                now = row_of(table, pk)
                if now is not None:
                    self.rows[table][pk] = now
                if table in STEPS:
                    self.step(table, pk, before, now)
                check(how, pk, before, now)
        for pk in sorted(self.moved):
            self.stock_holds(pk)

    def step(self, table: str, pk: int, before: Row | None, now: Row | None) -> None:
        """W01, W10 and the like: only the listed steps are taken, and nothing with steps is ever removed."""
        demand(now is not None, "W01", table, pk, "is gone")
        assert now is not None
        to = now["status"]
        if before is None:
            reached = set(FIRST[table])
            for _depth in range(3):
                reached |= {str(end) for start in list(reached) for end in STEPS[table].get(start, ())}
            demand(to in reached, "W01", table, pk, "begins as", to)
        elif before["status"] != to:
            start = before["status"]
            allowed = {str(end) for end in STEPS[table].get(start, ())}
            two = {str(end) for middle in allowed for end in STEPS[table].get(middle, ())}
            demand(to in allowed | two, "W01", table, pk, "went from", start, "to", to)

    # Rules

    def edition(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        if now is None or now["status"] != "in_force":
            return
        demand(now["drafted_by"] is None or now["drafted_by"] != now["approved_by"], "W17", "edition", pk)
        for other in self.rows["rulebooks_edition"].values():
            if other["id"] != pk and other["status"] == "in_force" and other["rule_book_id"] == now["rule_book_id"]:
                early, late = sorted((other, now), key=lambda row: day(row["in_force_from"]))
                end = early["in_force_to"]
                demand(end is not None and day(end) <= day(late["in_force_from"]), "W06", "editions", early["id"], late["id"])

    def item(self, pk: int) -> Item:
        if pk not in self.items:
            row = row_of("rulebooks_ruleitem", pk)
            assert row is not None
            book = ask("SELECT rule_book_id FROM rulebooks_edition WHERE id = %s", [row["edition_id"]])[0][0]
            self.items[pk] = Item(
                row["edition_id"], book, row["code"], row["direction"], row["effect"], row["value_kind"], row["points"],
                [(int(one["from"]), int(one["points"])) for one in json.loads(row["steps"])], json.loads(row["classes"]),
                row["track"], row["window_days"], row["reviews_needed"], {cap: row[cap] for cap in CAPS if row[cap] is not None},
            )  # fmt: skip
        return self.items[pk]

    # People

    def depositor(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        if now is None or now["kind"] != "person" or not now["name"]:
            return
        if now["born_on"] is not None and how == "I":
            age = years(day(now["born_on"]), day(now["joined_on"]))
            enrolled = years(day(now["born_on"]), local(now["status_at"]))
            demand(min(age, enrolled) >= 14 or now["guardian"] or enrolled >= 14, "W21", "depositor", pk, "has no guardian")

    def is_kin(self, user_id: int, depositor_ids: set[int]) -> bool:
        """Of one household, or registered kin of either household's members."""
        own = {pk for pk, row in self.rows["depositors_depositor"].items() if row["user_id"] == user_id}
        if not own:
            return False
        mine, theirs = self.family(own), self.family(depositor_ids)
        if mine & depositor_ids or theirs & own:
            return True
        pairs = ask("SELECT first_id, second_id FROM depositors_kinship")
        both = pairs + [(second, first) for first, second in pairs]
        return any((a in mine and b in depositor_ids) or (a in own and b in theirs) for a, b in both)

    def family(self, people: set[int]) -> set[int]:
        rows = self.rows["depositors_depositor"]
        homes = {rows[pk]["household_id"] for pk in people} - {None}
        return people | {pk for pk, row in rows.items() if row["household_id"] in homes}

    def reveal(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        if how == "I" and now is not None:
            subject = f"depositor:{now['depositor_id']}"
            found = ask("SELECT subject, user_id FROM core_auditevent WHERE act = 'depositors.revealed' ORDER BY id DESC LIMIT 1")
            demand(found == [(subject, now["user_id"])], "W22", "a look at", subject, "is not in the trail")

    def message(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        if how != "I" or now is None:
            return
        if now["about"] in ("deeds.deposited", "mall.order_placed", "mall.order_collected", "mall.order_refunded"):
            key = (now["user_id"], now["about"], now["subject"])
            self.messages[key] += 1
            demand(self.messages[key] == 1, "W24", "told twice", key)

    def listener(self, depositor_id: int) -> int | None:
        """Who is told about a passbook: its holder, for a family's the head."""
        row = self.rows["depositors_depositor"][depositor_id]
        user: int | None = row["user_id"]
        if row["kind"] == "household":
            statement = (
                "SELECT p.user_id FROM depositors_household h JOIN depositors_depositor p ON p.id = h.head_id WHERE h.id = %s"
            )
            user = next((user for (user,) in ask(statement, [row["household_id"]])), None)
        return user

    def sheet(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        if now is not None and now["status"] == "committed" and now["kind"] in ("balances", "rulebook", "register"):
            two = now["uploaded_by"] is None or (now["signed_by"] is not None and now["signed_by"] != now["uploaded_by"])
            demand(two, "W17", "sheet", pk)

    # Notices

    def notice(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        assert now is not None
        ends = clock.day_start(period_end(local(now["published_at"]), now["workdays"]))
        demand(micros(now["ends_at"]) == micros(ends), "W02", "notice", pk, "ends at", now["ends_at"], "not at", ends)
        if before is not None:
            same = all(before[name] == now[name] for name in ("published_at", "ends_at", "fingerprint", "workdays"))
            demand(same, "W02", "notice", pk, "was changed after it was hung up")

    def line(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        assert now is not None
        if before is None:
            self.masked(now)
        else:
            same = all(before[name] == now[name] for name in ("subject", "masked_name", "words", "points", "happened_on"))
            demand(same, "W03", "line", pk, "was changed on the wall")
        if now["status"] == "cleared" and (before is None or before["status"] != "cleared"):
            demand(not self.open_objections(pk), "W02", "line", pk, "was cleared while contested")

    def masked(self, line: Row) -> None:
        room, _colon, number = line["subject"].partition(":")
        found = ask(
            "SELECT p.name, p.born_on, p.kind FROM deeds_declaration d JOIN depositors_depositor p ON p.id = d.depositor_id "
            "WHERE d.id = %s",
            [number if room == "deed" else 0],
        )
        for name, born_on, kind in found:
            minor = (
                kind == "person"
                and born_on is not None
                and years(day(born_on), local(self.notice_row(line)["published_at"])) < 18
            )
            if name and kind == "person" and len(name) > 1:
                demand(line["masked_name"] != name, "W21", "line", line["id"], "shows a name")
            if minor and name:
                demand(line["masked_name"] in ("未成年人", "1 户"), "W21", "line", line["id"], "shows a minor")

    def notice_row(self, line: Row) -> Row:
        return self.rows["notices_notice"][line["notice_id"]]

    def open_objections(self, line_id: int) -> list[tuple[Any, ...]]:
        return ask("SELECT id FROM notices_objection WHERE line_id = %s AND status = 'open'", [line_id])

    def objection(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        assert now is not None
        line = self.rows["notices_noticeline"][now["line_id"]]
        if now["status"] == "open":
            demand(line["status"] == "contested", "W02", "objection", pk, "leaves its line", line["status"])
            demand(micros(now["raised_at"]) < micros(self.notice_row(line)["ends_at"]), "W02", "objection", pk, "came too late")
        elif (before is None or before["status"] == "open") and now["resolved_by"] is not None:
            demand(now["resolved_by"] != now["raised_by_id"], "W09", "objection", pk, "answered by its objector")
            deed = int(line["subject"].partition(":")[2])
            reviewers = {user for (user,) in ask("SELECT reviewer_id FROM deeds_review WHERE declaration_id = %s", [deed])}
            demand(now["resolved_by"] not in reviewers, "W09", "objection", pk, "answered by a reviewer")
            demand(not self.is_kin(now["resolved_by"], self.beneficiaries(deed)), "W09", "objection", pk, "answered by kin")

    # Deeds

    def beneficiaries(self, deed: int) -> set[int]:
        row = self.rows["deeds_declaration"].get(deed) or row_of("deeds_declaration", deed)
        assert row is not None
        if row["group_key"] is None:
            return {row["depositor_id"]}
        return {pk for (pk,) in ask("SELECT depositor_id FROM deeds_declaration WHERE group_key = %s", [row["group_key"]])}

    def review(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        demand(how == "I" and now is not None, "W04", "a review was changed")
        assert now is not None
        self.free_to_review(now["declaration_id"], now["reviewer_id"])

    def free_to_review(self, deed: int, user_id: int) -> None:
        (declared_by,) = ask("SELECT declared_by FROM deeds_declaration WHERE id = %s", [deed])[0]
        demand(declared_by != user_id, "W04", "deed", deed, "reviewed by who declared it")
        demand(not self.is_kin(user_id, self.beneficiaries(deed)), "W04", "deed", deed, "reviewed by kin")

    def declaration(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        assert now is not None
        item, status = self.item(now["item_id"]), now["status"]
        if before is None or (before["happened_on"], before["item_id"]) != (now["happened_on"], now["item_id"]):
            self.day_of(now, item)
        if before is not None and before["revision"] != now["revision"]:
            self.edited(before, now)
        if before is not None and before["status"] == status:
            demand(status not in COUNTED or (before["points"], before["honour"]) == (now["points"], now["honour"]), "W03", pk)
            return
        if status in ("approved", "deposited") and (before is None or before["status"] not in COUNTED):
            self.approved(now, item)
        if status == "deposited":
            self.deposited(before, now, item)
        awards = self.awards(pk)
        if status not in ("deposited", "reversed"):
            demand(not awards, "W01", "deed", pk, "is", status, "and has an award")

    def awards(self, pk: int) -> list[int]:
        subject = self.books.of_subject[f"deed:{pk}"]
        return [one for one in subject if self.books.posted[one].kind in ("deed_deposited", "penalty")]

    def day_of(self, now: Row, item: Item) -> None:
        """W06 and W07: the day is possible, and the clause is the one that held on it."""
        on, said = day(now["happened_on"]), local(now["declared_at"])
        demand(on <= said, "W07", "deed", now["id"], "has not happened yet")
        if not now["batch_key"]:
            demand(on >= said - timedelta(days=item.window_days), "W07", "deed", now["id"], "is too old")
        joined = self.rows["depositors_depositor"][now["depositor_id"]]["joined_on"]
        demand(on >= day(joined), "W07", "deed", now["id"], "is older than the passbook")

    def edited(self, before: Row, now: Row) -> None:
        """W03: an edit starts review and notice anew and keeps the version before."""
        whole = (now["revision"], now["points"], now["notice_line_id"], now["is_noticed"])
        demand(whole == (before["revision"] + 1, None, None, 0) and now["status"] == "submitted", "W03", "deed", now["id"], whole)
        demand(len(json.loads(now["history"])) == before["revision"], "W03", "deed", now["id"], "lost its history")
        standing = ask(
            "SELECT id FROM notices_noticeline WHERE subject = %s AND status IN ('standing', 'contested')", [f"deed:{now['id']}"]
        )
        demand(not standing, "W03", "deed", now["id"], "was edited and still hangs")

    def approved(self, now: Row, item: Item) -> None:
        """W04, W05, W06 at the moment when the points are reckoned."""
        edition = self.rows["rulebooks_edition"][item.edition]
        on, end = day(now["happened_on"]), edition["in_force_to"]
        held = day(edition["in_force_from"]) <= on and (end is None or on < day(end))
        demand(held, "W06", "deed", now["id"], "under a clause that did not hold on", on)
        if not now["batch_key"]:
            self.reviewed(now, item)
        self.worth(now, item)
        self.caps(now, item)

    def reviewed(self, now: Row, item: Item) -> None:
        """W04: as many as the clause wants approved who are free of interest now; who has become kin since does not count."""
        statement = "SELECT reviewer_id FROM deeds_review WHERE declaration_id = %s AND revision = %s AND decision = 'approve'"
        given = {user for (user,) in ask(statement, [now["id"], now["revision"]])} - {now["declared_by"]}
        free = {user for user in given if not self.is_kin(user, self.beneficiaries(now["id"]))}
        demand(len(free) >= item.reviews_needed, "W04", "deed", now["id"], "approved by", given, "of whom only", free, "are free")

    def given_as(self, now: Row) -> str:
        steps = json.loads(now["explanation"])["steps"]
        return next(str(step["class"]) for step in steps if step["step"] == "class")

    def worth(self, now: Row, item: Item) -> None:
        """The value by the clause, for the class it was given as; a cap of points may only lower it."""
        each = item.classes.get(self.given_as(now), {}).get("points", item.points)
        if item.value_kind == "per_unit":
            each *= now["quantity"]
        elif item.value_kind == "steps":
            each = [worth for start, worth in item.steps if now["quantity"] >= start][-1]
        demerit = item.direction == "demerit"
        wanted = -each if demerit else 0 if item.effect == "honour" else each
        honour = 0 if demerit or item.effect == "points" else each
        capped = any("_points_" in cap for cap in item.caps)
        right = (now["points"], now["honour"]) == (wanted, honour)
        lower = capped and 0 <= abs(now["points"]) <= abs(wanted) and 0 <= now["honour"] <= honour
        demand(right or lower, "W06", "deed", now["id"], (now["points"], now["honour"]), "instead of", (wanted, honour))

    def caps(self, now: Row, item: Item) -> None:
        own = item.classes.get(self.given_as(now), {})
        for cap in CAPS:
            limit = own.get(cap, item.caps.get(cap))
            if limit is None:
                continue
            who, what, window = cap.split("_")
            whose = "depositor_id" if who == "person" or now["household_id"] is None else "household_id"
            start, end = bounds(window, day(now["happened_on"]))
            found = ask(
                f"SELECT d.points, d.honour FROM deeds_declaration d JOIN rulebooks_ruleitem i ON i.id = d.item_id "
                f"JOIN rulebooks_edition e ON e.id = i.edition_id WHERE d.{whose} = %s AND i.code = %s AND e.rule_book_id = %s "
                f"AND d.status IN ('approved', 'on_notice', 'deposited') AND d.happened_on >= %s AND d.happened_on < %s",
                [now[whose], item.code, item.book, start.isoformat(), end.isoformat()],
            )
            used = len(found) if what == "times" else sum(max(abs(points or 0), honour or 0) for points, honour in found)
            demand(used <= limit, "W05", "deed", now["id"], cap, used, "of", limit)

    def deposited(self, before: Row | None, now: Row, item: Item) -> None:
        """W01 and W02: one award, and not before the notice ended without an open objection."""
        pk, awards = now["id"], self.awards(now["id"])
        demand(len(awards) == (1 if now["posted"] or now["honour"] else 0), "W01", "deed", pk, "has awards", awards)
        if awards:
            demand(now["transaction_id"] == awards[0], "W01", "deed", pk, "names another award")
            lines = self.books.posted[awards[0]].lines
            members = {account: amount for account, amount in lines if self.books.accounts[account].is_member}
            book = ask(
                "SELECT points_account_id, honour_account_id FROM depositors_passbook WHERE id = %s", [now["passbook_id"]]
            )[0]
            wanted = {account: amount for account, amount in zip(book, (now["posted"], now["honour"]), strict=True) if amount}
            demand(members == wanted, "W06", "deed", pk, "moved", members, "instead of", wanted)
        if before is None or item.track == "post_first" or now["batch_key"]:
            return
        line = self.rows["notices_noticeline"][now["notice_line_id"]]
        notice = self.notice_row(line)
        demand(line["status"] == "cleared", "W02", "deed", pk, "entered while its line is", line["status"])
        demand(micros(now["status_at"]) >= micros(notice["ends_at"]), "W02", "deed", pk, "entered before its notice ended")
        self.reviewed(now, item)

    def reversal(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        assert now is not None
        if now["status"] == "confirmed" and (before is None or before["status"] != "confirmed"):
            demand(now["proposed_by"] is None or now["proposed_by"] != now["decided_by"], "W17", "reversal", pk)
            demand(not self.is_kin(now["decided_by"], self.beneficiaries(now["declaration_id"])), "W17", "reversal", pk, "by kin")
            deed = row_of("deeds_declaration", now["declaration_id"])
            assert deed is not None
            demand(deed["status"] == "reversed", "W01", "reversal", pk, "leaves its deed", deed["status"])
            demand((now["transaction_id"] is None) == (deed["transaction_id"] is None), "L13", "reversal", pk)

    # The mall

    def product(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        if now is not None:
            self.prices[pk] = now["price"]

    def stock_change(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        demand(how == "I" and now is not None, "W11", "a change of stock was changed")
        assert now is not None
        self.stock[now["stock_id"]] += now["quantity"]
        self.moved.add(now["stock_id"])

    def stock_row(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        self.moved.add(pk)

    def stock_holds(self, pk: int) -> None:
        now = row_of("mall_stock", pk)
        assert now is not None
        demand(now["quantity"] == self.stock[pk] >= 0, "W11", "stock", pk, now["quantity"], "of", self.stock[pk])

    def order(self, how: str, pk: int, before: Row | None, now: Row | None) -> None:
        assert now is not None
        subject, status = f"order:{pk}", now["status"]
        kinds = Counter(self.books.posted[one].kind for one in self.books.of_subject[subject])
        wanted = {
            "placed": {"order_placed": 1}, "collected": {"order_placed": 1, "order_collected": 1},
            "cancelled": {"order_placed": 1, "order_released": 1}, "expired": {"order_placed": 1, "order_released": 1},
            "refunded": {"order_placed": 1, "order_collected": 1, "order_refunded": 1},
        }[status]  # fmt: skip
        money = {kind: count for kind, count in kinds.items() if kind in ("fund_drawn", "fund_returned")}
        demand({k: c for k, c in kinds.items() if k not in money} == wanted, "W10", "order", pk, "is", status, "with", kinds)
        drawn, returned = status in ("collected", "refunded") and now["cost"] > 0, status == "refunded" and now["cost"] > 0
        demand(money == {k: 1 for k, is_so in (("fund_drawn", drawn), ("fund_returned", returned)) if is_so}, "W10", pk, money)
        for one in self.books.of_subject[subject]:
            posted = self.books.posted[one]
            sums = {now["price"]} if posted.kind.startswith("order") else {now["cost"]}
            demand({abs(amount) for _account, amount in posted.lines} == sums, "W12", "order", pk, "moved", posted.lines)
        if before is not None and before["ended_at"] is not None:
            same = all(before[name] == now[name] for name in ("ended_at", "ended_by", "pickup_code", "price", "cost"))
            demand(same, "W13", "order", pk, "ended twice")
        if before is None:
            demand(now["price"] == self.prices[now["product_id"]] * now["quantity"], "W12", "order", pk, "costs", now["price"])
            same = ask("SELECT id FROM mall_order WHERE pickup_code = %s AND status = 'placed'", [now["pickup_code"]])
            demand(len(same) <= 1, "W13", "code", now["pickup_code"], "opens", len(same), "orders")
            self.limit(now)
        if (before is None or before["status"] != status) and (user := self.listener(now["depositor_id"])) is not None:
            about = f"mall.order_{status}"
            demand((user, about, subject) in self.letters, "W24", "nobody was told of", about, subject)

    def limit(self, now: Row) -> None:
        product = row_of("mall_product", now["product_id"])
        assert product is not None
        if product["times_max"] is None:
            return
        since = (
            local(now["placed_at"]) - timedelta(days=product["period_days"] - 1) if product["period_days"] else date(1900, 1, 1)
        )
        found = ask(
            "SELECT quantity, placed_at || '' FROM mall_order WHERE depositor_id = %s AND product_id = %s "
            "AND status IN ('placed', 'collected')",
            [now["depositor_id"], now["product_id"]],
        )
        taken = sum(quantity for quantity, placed_at in found if local(placed_at) >= since)
        demand(taken <= product["times_max"], "W05", "order", now["id"], "is over the limit of its person:", taken)

    # At the end of a month

    def month_end(self) -> None:
        """Everything once more from the store, so that nothing went by unnoticed."""
        for table, kept in self.rows.items():
            if table in STEPS:
                there = dict(ask(f"SELECT id, status FROM {table}"))
                demand(there == {pk: row["status"] for pk, row in kept.items()}, "W01", table, "differs from what was seen")
        sums = dict(ask("SELECT stock_id, SUM(quantity) FROM mall_stockchange GROUP BY stock_id"))
        for pk, quantity in ask("SELECT id, quantity FROM mall_stock"):
            demand(quantity == sums.get(pk, 0) == self.stock[pk], "W11", "stock", pk)
        posted = ask(
            "SELECT d.id FROM deeds_declaration d WHERE d.status IN ('deposited', 'reversed') AND d.transaction_id IS NULL "
            "AND (d.posted <> 0 OR d.honour <> 0)"
        )
        demand(not posted, "W01", "deeds without an award", posted[:3])
        early = ask(
            "SELECT d.id FROM deeds_declaration d JOIN notices_noticeline l ON l.id = d.notice_line_id "
            "JOIN notices_notice n ON n.id = l.notice_id JOIN rulebooks_ruleitem i ON i.id = d.item_id "
            "WHERE d.status = 'deposited' AND i.track = 'notice_first' AND d.batch_key = '' AND d.status_at < n.ends_at"
        )
        demand(not early, "W02", "deeds that entered early", early[:3])


def years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def bounds(window: str, on: date) -> tuple[date, date]:
    if window == "day":
        return on, on + timedelta(days=1)
    if window == "month":
        return on.replace(day=1), (on.replace(day=1) + timedelta(days=32)).replace(day=1)
    return date(on.year, 1, 1), date(on.year + 1, 1, 1)

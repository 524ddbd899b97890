"""Who may do what, role by role, written out once more: at the own branch, from the head bank, at a branch out of reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from django.db.models import Q

from wenming.core.actor import Actor, Grant, system
from wenming.domain.deeds import policies as deeds
from wenming.domain.deeds.models import Declaration, Door
from wenming.domain.depositors import policies as depositors
from wenming.domain.depositors.models import Depositor, Household
from wenming.domain.funds import policies as funds
from wenming.domain.identity.models import User
from wenming.domain.intake import policies as intake
from wenming.domain.mall import policies as mall
from wenming.domain.mall.models import Order
from wenming.domain.notices import policies as notices
from wenming.domain.organisations import policies as organisations
from wenming.domain.organisations.models import Appointment, Organisation, Role
from wenming.domain.rulebooks import policies as rulebooks

BANK, BRANCH, SISTER, ELSEWHERE, COUNTY = 1, 11, 12, 99, 5
ME, MINE, HOME, STRANGER = 7, 70, 700, 8
ALL = frozenset(str(role) for role in Role)
LETTERS = {
    "h": "head_officer", "d": "director", "c": "clerk", "r": "reviewer", "t": "teller", "l": "lane_chief", "s": "supervisor",
}  # fmt: skip
BOARD = Organisation(pk=BRANCH, kind=Organisation.Kind.BRANCH, parent_id=BANK)
HEAD = Organisation(pk=BANK, kind=Organisation.Kind.HEAD_BANK, parent_id=COUNTY)
TABLE: dict[str, tuple[str, Callable[[Actor, int], bool]]] = {
    "review": ("hdr", deeds.may_review),
    "publish": ("hdc", deeds.may_publish),
    "publish a notice": ("hdc", notices.may_publish),
    "import deeds": ("hdc", deeds.may_import),
    "propose a reversal": ("hdcrs", deeds.may_propose_reversal),
    "confirm a reversal": ("hd", deeds.may_confirm_reversal),
    "answer": ("hds", deeds.may_answer),
    "answer on the wall": ("hds", notices.may_answer),
    "declare at the counter": ("dct", lambda who, place: deeds.may_declare(who, Door.COUNTER, place, None, STRANGER, "")),
    "enrol": ("hdc", depositors.may_enrol),
    "serve": ("hdct", depositors.may_serve),
    "erase": ("hd", depositors.may_erase),
    "bring a sheet": ("hdc", intake.may_import),
    "take in a register": ("hdc", lambda who, place: intake.may_take_in(who, place, "register")),
    "take in rules": ("hd", lambda who, place: intake.may_take_in(who, place, "rulebook")),
    "keep stock": ("dct", mall.may_keep_stock),
    "hand over": ("ct", mall.may_serve),
    "keep a branch's products": ("hdc", mall.may_keep_products),
    "open a fund": ("hd", funds.may_open_fund),
    "receive money": ("hdc", funds.may_receive_money),
    "set a limit": ("h", funds.may_set_limit),
    "see the funds": ("hdcrtls", funds.may_see_funds),
    "write rules": ("hd", rulebooks.may_write),
    "see a draft": ("hdcrtls", rulebooks.may_see_draft),
    "see what expires": ("hdcrtls", rulebooks.may_see_expiry),
    "see the shelf": ("hdcrtls", mall.may_see_shelf),
    "refund": ("hdc", lambda who, place: mall.may_refund(who, Order(branch_id=place, depositor_id=STRANGER))),
    "amend": ("dc", lambda who, place: deeds.may_amend(who, Declaration(branch_id=place, declared_by=STRANGER))),
}  # fmt: skip
ACTS = [pytest.param(letters, may, id=name) for name, (letters, may) in TABLE.items()]


def officer(role: str, *, above: bool = False, lane: str = "") -> Actor:
    """Someone who holds one office at the branch, or at the head bank over it, and is nobody's kin."""
    place, reach = (BANK, {BRANCH, SISTER}) if above else (BRANCH, {BRANCH})
    return Actor(ME, "console", (Grant(role, place, frozenset(reach), lane),))


def test_every_role_has_its_letter() -> None:
    assert set(LETTERS.values()) == ALL


@pytest.mark.parametrize(("letters", "may"), ACTS)
def test_the_right_roles_and_no_other(letters: str, may: Callable[[Actor, int], bool]) -> None:
    allowed = {LETTERS[letter] for letter in letters}
    assert {role for role in ALL if may(officer(role), BRANCH)} == allowed
    assert {role for role in ALL if may(officer(role, above=True), SISTER)} == allowed
    assert not any(may(officer(role, above=above), ELSEWHERE) for role in ALL for above in (False, True))
    assert not may(Actor(ME, "villager", depositor_id=MINE, household_id=HOME), BRANCH)
    assert may(system(), BRANCH)


def test_several_offices_add_up() -> None:
    both = Actor(ME, "console", (Grant("teller", SISTER, frozenset({SISTER})), Grant("reviewer", BRANCH, frozenset({BRANCH}))))
    assert deeds.may_review(both, BRANCH) and not deeds.may_review(both, SISTER)
    assert mall.may_serve(both, SISTER) and not mall.may_serve(both, BRANCH)
    twice = Actor(ME, "console", tuple(Grant("reviewer", place, frozenset({place})) for place in (SISTER, BRANCH)))
    assert deeds.may_review(twice, BRANCH) and twice.holds("reviewer", organisation_id=BRANCH)
    assert both.branches() == {BRANCH, SISTER} and both.branches("teller") == {SISTER}


def test_doors_of_declaring() -> None:
    me = Actor(ME, "villager", depositor_id=MINE, household_id=HOME, branch_id=BRANCH)
    assert deeds.may_declare(me, Door.SELF, BRANCH, None, MINE, "")
    assert deeds.may_declare(me, Door.SELF, BRANCH, HOME, STRANGER, "")
    assert not deeds.may_declare(me, Door.SELF, BRANCH, 701, STRANGER, "")
    assert not deeds.may_declare(Actor(ME, "villager", depositor_id=MINE), Door.SELF, BRANCH, None, STRANGER, "")
    assert deeds.may_declare(me, Door.OTHER, BRANCH, 701, STRANGER, "")
    assert not deeds.may_declare(me, Door.OTHER, SISTER, 701, STRANGER, "")
    chief = officer("lane_chief", lane="槐树巷")
    assert deeds.may_declare(chief, Door.LANE_CHIEF, BRANCH, None, STRANGER, "槐树巷")
    assert not deeds.may_declare(chief, Door.LANE_CHIEF, BRANCH, None, STRANGER, "北巷")
    assert not deeds.may_declare(chief, Door.LANE_CHIEF, SISTER, None, STRANGER, "槐树巷")
    assert not deeds.may_declare(officer("clerk"), Door.LANE_CHIEF, BRANCH, None, STRANGER, "")
    assert deeds.may_declare(officer("lane_chief"), Door.LANE_CHIEF, BRANCH, None, STRANGER, "北巷")


def test_only_the_head_bank_reviews_from_above() -> None:
    assert deeds.reviews_from_above(officer("head_officer", above=True), BRANCH)
    assert not any(deeds.reviews_from_above(officer(role), BRANCH) for role in ("reviewer", "director"))
    assert deeds.reviews_from_above(officer("reviewer"), SISTER) and not deeds.reviews_from_above(system(), BRANCH)


def test_ones_own_deed() -> None:
    mine = Depositor(pk=MINE, kind="person", household_id=HOME, born_on=date(2015, 5, 20))
    deed = Declaration(branch_id=BRANCH, depositor=mine, household_id=HOME, declared_by=ME)
    others = Declaration(branch_id=BRANCH, depositor_id=71, household=Household(pk=701), declared_by=STRANGER)
    nobodys = Declaration(branch_id=BRANCH, depositor_id=None, household_id=None, declared_by=None)
    parent = Actor(9, "api", household_id=HOME, minors_after=date(2008, 3, 12))
    for actor in (Actor(ME, "api"), Actor(9, "api", depositor_id=MINE), parent):
        assert deeds.is_own(actor, deed) and deeds.may_see(actor, deed) and deeds.may_amend(actor, deed)
        assert not deeds.is_own(actor, others) and not deeds.may_see(actor, others) and not deeds.may_amend(actor, others)
    assert not deeds.is_own(Actor(None, "api"), nobodys)


@pytest.mark.parametrize(
    ("kind", "born_on", "says", "to_grown_ups", "to_minors"),
    [
        ("person", date(1970, 8, 15), "", False, False),
        ("person", date(1970, 8, 15), "open", True, False),
        ("person", date(2008, 3, 12), "", False, False),
        ("person", date(2008, 3, 13), "", True, False),
        ("person", None, "", False, False),
        ("household", None, "", True, True),
    ],
)
def test_who_reads_at_home(kind: str, born_on: date | None, says: str, to_grown_ups: bool, to_minors: bool) -> None:
    """Decision 11, on 12 March 2026; the holder reads always, another household never."""
    holder = Depositor(pk=71, kind=kind, household_id=HOME, born_on=born_on, user=User(pk=9, preferences={"family": says}))
    grown_up = Actor(ME, "villager", depositor_id=MINE, household_id=HOME, minors_after=date(2008, 3, 12))
    minor = replace(grown_up, minors_after=None)
    assert depositors.may_read_entries(grown_up, holder) is to_grown_ups
    assert depositors.may_read_entries(minor, holder) is to_minors
    assert depositors.may_read_entries(replace(minor, depositor_id=71), holder)
    assert not depositors.may_read_entries(replace(grown_up, household_id=701), holder)
    assert not depositors.may_read_entries(replace(grown_up, household_id=None), holder)


def test_offices_see_their_branch_and_a_lane_chief_the_lane() -> None:
    home = Household(pk=701, lane="槐树巷")
    deed = Declaration(branch_id=BRANCH, depositor_id=71, household=home, declared_by=STRANGER)
    homeless = Declaration(branch_id=BRANCH, depositor_id=72, declared_by=STRANGER)
    assert deeds.may_see(system(), deed) and deeds.may_see(officer("teller"), deed)
    assert deeds.may_see(officer("lane_chief"), deed), "a chief without a lane is one of the whole village"
    assert deeds.may_see(officer("lane_chief", lane="槐树巷"), deed)
    assert not deeds.may_see(officer("lane_chief", lane="北巷"), deed)
    assert not deeds.may_see(officer("lane_chief", lane="槐树巷"), homeless)
    assert depositors.wide_branches(officer("lane_chief", lane="槐树巷")) == frozenset()
    assert depositors.wide_branches(officer("clerk", lane="槐树巷")) == {BRANCH}


def test_which_depositors_there_are_for_whom() -> None:
    """The condition that every list of depositors is asked with."""
    assert depositors.visible(system()) == Q()
    assert depositors.visible(officer("clerk")) == Q(branch_id__in=frozenset({BRANCH}))
    lane = Q(branch_id__in=frozenset({BRANCH}), household__lane="槐树巷")
    assert depositors.visible(officer("lane_chief", lane="槐树巷")) == Q(branch_id__in=frozenset()) | lane
    grants = (Grant("lane_chief", BRANCH, frozenset({BRANCH}), "槐树巷"), Grant("clerk", BRANCH, frozenset({BRANCH})))
    assert depositors.visible(Actor(ME, "console", grants)) == Q(branch_id__in=frozenset({BRANCH})), "the lane is within"
    nobody = Q(branch_id__in=frozenset())
    assert depositors.visible(Actor(ME, "villager")) == nobody
    assert depositors.visible(Actor(ME, "villager", depositor_id=MINE)) == nobody | Q(pk=MINE)
    me = Actor(ME, "villager", depositor_id=MINE, household_id=HOME)
    assert depositors.visible(me) == nobody | Q(household_id=HOME) | Q(pk=MINE)


def test_whose_entries_are_read_at_home() -> None:
    """The condition that lists of entries are asked with; the words for one depositor are `may_read_entries`."""
    day, own, family = date(2008, 3, 12), Q(pk=MINE), Q(kind="household")
    alone = Actor(ME, "villager", depositor_id=MINE, minors_after=day)
    assert depositors.of_family(alone) == own
    minor = replace(alone, household_id=HOME, minors_after=None)
    assert depositors.of_family(minor) == own | (Q(household_id=HOME) & family)
    grown_up = replace(minor, minors_after=day)
    open_to = family | (Q(born_on__gt=day) | Q(user__preferences__family="open"))
    assert depositors.of_family(grown_up) == own | (Q(household_id=HOME) & open_to)
    assert depositors.readable(grown_up) == Q(branch_id__in=frozenset()) | depositors.of_family(grown_up)


def test_only_who_brought_a_sheet_mends_it() -> None:
    assert intake.may_mend(officer("clerk"), BRANCH, ME)
    assert not intake.may_mend(officer("clerk"), BRANCH, STRANGER)
    assert not intake.may_mend(officer("clerk"), SISTER, ME)
    assert not intake.may_mend(officer("teller"), BRANCH, ME)


def test_the_head_bank_chooses_its_words() -> None:
    bank, branch = Organisation(pk=BANK, kind="head_bank"), Organisation(pk=BRANCH, kind="branch")
    above = officer("head_officer", above=True)
    assert organisations.may_choose_words(above, bank)
    assert not organisations.may_choose_words(above, Organisation(pk=BANK + 1000, kind="head_bank"))
    assert not organisations.may_choose_words(above, branch)
    assert not organisations.may_choose_words(Actor(ME, "console", (Grant("head_officer", BRANCH, frozenset({BRANCH})),)), branch)
    assert not organisations.may_choose_words(officer("director", above=True), bank)


def test_whom_one_sees_without_asking_for_the_lane() -> None:
    """A shorter way to some of the same answers: never to more."""
    here, own, wife = Depositor(pk=90, branch_id=BRANCH), Depositor(pk=MINE, branch_id=SISTER), Depositor(pk=91, branch_id=SISTER)
    me = Actor(ME, "villager", depositor_id=MINE, household_id=HOME)
    actors = (system(), officer("clerk"), officer("lane_chief", lane="槐树巷"), me, Actor(ME, "villager"))
    sees = [[depositors.plainly_sees(actor, one) for one in (here, own, wife)] for actor in actors]
    assert sees == [[True, True, True], [True, False, False], [False] * 3, [False, True, False], [False] * 3]


def test_the_shell_is_nobody() -> None:
    assert (system().user_id, system().door, system().is_system, system("cli").door) == (None, "timetable", True, "cli")


def test_who_reads_a_number_in_full() -> None:
    row = Depositor(pk=MINE, branch_id=BRANCH)
    assert depositors.may_reveal(Actor(STRANGER, "villager", depositor_id=MINE), row)
    assert depositors.may_reveal(officer("teller"), row) and not depositors.may_reveal(officer("reviewer"), row)
    assert not depositors.may_reveal(officer("teller"), Depositor(pk=MINE, branch_id=SISTER))
    assert not depositors.may_reveal(Actor(STRANGER, "villager", depositor_id=71), row)
    assert not depositors.may_reveal(Actor(STRANGER, "villager"), Depositor(branch_id=BRANCH))


def test_who_spends_from_which_passbook() -> None:
    me = Actor(ME, "villager", depositor_id=MINE, household_id=HOME, branch_id=BRANCH)
    own, shared = Depositor(pk=MINE, kind="person", household_id=HOME), Depositor(pk=73, kind="household", household_id=HOME)
    wife, theirs = Depositor(pk=74, kind="person", household_id=HOME), Depositor(pk=75, kind="household", household_id=701)
    homeless = Depositor(pk=76, kind="household")
    spends = {
        one.pk: (mall.may_spend_for(me, one, BRANCH, is_grown_up=True), mall.may_spend_for(me, one, BRANCH, is_grown_up=False))
        for one in (own, shared, wife, theirs, homeless)
    }
    assert spends == {MINE: (True, True), 73: (True, False), 74: (False, False), 75: (False, False), 76: (False, False)}
    assert mall.may_spend_for(officer("teller"), wife, BRANCH, is_grown_up=False)
    assert not mall.may_spend_for(officer("teller"), wife, SISTER, is_grown_up=True)
    assert mall.is_of_household(me, own) and mall.is_of_household(me, shared) and not mall.is_of_household(me, wife)
    assert not mall.is_of_household(Actor(ME, "villager", household_id=HOME), shared)
    assert not mall.is_of_household(Actor(ME, "villager", depositor_id=MINE), homeless)
    order = Order(branch_id=BRANCH, depositor=shared)
    assert all(mall.may_see_order(one, order) for one in (me, officer("reviewer"), system()))
    assert not mall.may_see_order(Actor(STRANGER, "villager", depositor_id=74, household_id=701), order)
    assert mall.may_see_shelf(me, BRANCH) and not mall.may_see_shelf(me, SISTER)


def test_nobody_takes_back_the_own_goods() -> None:
    clerk = Actor(ME, "console", officer("clerk").grants, depositor_id=MINE)
    assert not mall.may_refund(clerk, Order(branch_id=BRANCH, depositor_id=MINE))
    assert mall.may_refund(clerk, Order(branch_id=BRANCH, depositor_id=71))
    assert mall.may_refund(officer("clerk"), Order(branch_id=BRANCH, depositor_id=None))


def test_two_signatures() -> None:
    clerk = officer("clerk")
    assert intake.may_sign(clerk, BRANCH, "register", STRANGER) and intake.may_sign(clerk, BRANCH, "register", None)
    assert not intake.may_sign(clerk, BRANCH, "register", ME)
    assert not intake.may_sign(clerk, BRANCH, "rulebook", STRANGER)
    assert not intake.may_sign(clerk, SISTER, "register", STRANGER)
    assert not intake.may_sign(system(), BRANCH, "register", STRANGER), "the shell is nobody, and nobody signs"
    assert [intake.needs_second(clerk, kind) for kind in ("rulebook", "balances", "register", "roll")] == [True] * 3 + [False]
    assert not intake.needs_second(system(), "register")


def test_funds_stand_where_the_office_stands() -> None:
    head, clerk = officer("head_officer", above=True), officer("clerk")
    assert funds.may_open_fund(head, BANK) and funds.may_set_limit(head, BANK) and funds.may_see_funds(head, BANK)
    assert not funds.may_see_funds(clerk, BANK) and not funds.may_receive_money(clerk, BANK)
    assert funds.seen_organisations(head) == {BANK, BRANCH, SISTER}
    assert {role for role in ALL if funds.may_approve(officer(role), BRANCH)} == {"director", "head_officer"}
    assert not funds.may_approve(system(), BRANCH), "a second word is somebody's"
    assert not funds.may_approve(officer("director"), SISTER) and not funds.may_approve(officer("director"), BANK)
    assert funds.may_draw(system()) and funds.may_draw(clerk) and not funds.may_draw(Actor(ME, "villager", depositor_id=MINE))
    assert mall.may_keep_products(head, BANK) and not mall.may_keep_products(clerk, BANK)
    assert rulebooks.may_write(head, BANK) and not rulebooks.may_write(officer("director"), BANK)
    assert rulebooks.may_see_draft(head, BANK) and not rulebooks.may_see_draft(clerk, BANK)


def test_residents_and_supervisors_object() -> None:
    assert notices.may_object(Actor(ME, "villager", branch_id=BRANCH), BRANCH)
    assert not notices.may_object(Actor(ME, "villager", branch_id=SISTER), BRANCH)
    assert notices.may_object(officer("supervisor"), BRANCH) and not notices.may_object(officer("supervisor"), SISTER)
    assert not notices.may_object(officer("director"), BRANCH)
    assert not notices.may_object(Actor(None, "api", branch_id=BRANCH), BRANCH) and not notices.may_object(system(), BRANCH)


def test_who_fills_an_office() -> None:
    head, director = officer("head_officer", above=True), officer("director")
    assert all(organisations.may_appoint(head, BOARD, role) for role in ALL)
    assert {role for role in ALL if organisations.may_appoint(director, BOARD, role)} == ALL - {"head_officer", "director"}
    assert not organisations.may_appoint(director, Organisation(pk=SISTER, kind="branch", parent_id=BANK), "clerk")
    assert not organisations.may_appoint(officer("clerk"), BOARD, "teller")
    assert organisations.may_appoint(system(), HEAD, "supervisor")
    assert not organisations.may_appoint(head, HEAD, "head_officer"), "above the villages an office takes two persons"
    assert organisations.may_open_branch(head, HEAD) and not organisations.may_open_branch(director, HEAD)
    far = Organisation(pk=2, kind="head_bank", parent_id=COUNTY)
    assert not organisations.may_open_branch(head, far)
    assert not organisations.may_appoint(head, Organisation(pk=ELSEWHERE, kind="branch", parent_id=2), "clerk")


def test_two_persons_above_the_villages() -> None:
    head = officer("head_officer", above=True)
    county = Actor(ME, "console", (Grant("head_officer", COUNTY, frozenset()),))
    assert organisations.may_propose(head, HEAD) and organisations.may_propose(county, HEAD)
    assert not organisations.may_propose(head, BOARD) and not organisations.may_propose(system(), HEAD)
    assert not organisations.may_propose(officer("supervisor", above=True), HEAD)
    assert not organisations.may_propose(Actor(ME, "console", (Grant("head_officer", 2, frozenset()),)), HEAD)


def test_everyone_may_lay_down_an_office() -> None:
    own, others = (Appointment(user_id=who, organisation=BOARD, role="teller") for who in (ME, STRANGER))
    assert organisations.may_end(officer("teller"), own) and not organisations.may_end(officer("teller"), others)
    assert organisations.may_end(officer("director"), others)
    colleague = Appointment(user_id=STRANGER, organisation=HEAD, role="head_officer")
    assert organisations.may_end(officer("head_officer", above=True), colleague)
    assert not organisations.may_end(officer("clerk"), colleague)
    assert not organisations.may_end(Actor(None, "api"), Appointment(user_id=None, organisation=BOARD, role="teller"))


@pytest.mark.parametrize(("kind", "letters"), [("branch", "dcrtls"), ("head_bank", "hs"), ("county", "hs")])
def test_which_roles_there_are_where(kind: str, letters: str) -> None:
    place = Organisation(pk=BRANCH, kind=kind)
    assert {role for role in ALL if organisations.suits(role, place)} == {LETTERS[letter] for letter in letters}

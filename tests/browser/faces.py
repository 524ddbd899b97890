"""Every page of every door with sample arguments, and what is looked for on each: axe's findings, what sticks out or is lost.

The pages are found from the map of addresses, so that a new page is walked without being named here; only the arguments
of an address are. An address without a sample fails the walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from axe_playwright_python.base import AXE_SCRIPT
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver, reverse
from playwright.sync_api import Page

from tests.browser.conftest import COMPLETE, OVERFLOW, dress
from tests.house.test_routes import routes
from tests.surfaces.stage import Stage, notices_up
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices
from wenming.domain.rulebooks import queries as rulebook_queries
from wenming.domain.rulebooks import services as rulebooks

VILLAGER = "王建国"
ROLES = (VILLAGER, "lane_chief", "clerk", "reviewer", "teller", "director", "head", "supervisor", "")
WIDTHS = (360, 390, 1366)
SIZES = ("", "elder")
THEMES = ("light", "dark")
HEIGHTS = {360: 780, 390: 844, 1366: 768, 195: 422, 683: 384}
DATA = (".json", ".pdf", ".xlsx", "sw.js")
NOT_PAGES = {
    "villager:logout", "villager:device_end", "villager:outbox", "villager:kit", "villager:discard", "villager:withdraw",
    "villager:photo", "villager:order_cancel", "villager:open_to_family",
    "console:switch", "console:photo", "console:depositor_change",
    "console:counter_list", "console:counter_outbox", "console:publish", "console:officer_code",
    "console:activation", "console:notice_photo", "console:choose_words",
}  # fmt: skip
MORE = {
    "villager:declare": ("?q=清扫", "?q=没有这样的事"),
    "villager:product": ("?quantity=2",),
    "villager:settings": ("?next=/me/",),
    "console:depositors": ("?q=wang", "?q=没有这个人"),
    "console:depositor": ("?tab=deeds", "?tab=orders"),
    "console:depositor_leave": ("?way=moved", "?way=erased"),
    "console:merge": ("?with_number=0004",),
    "console:appoint": ("?q=王",),
    "console:counter": ("?q=00000000",),
    "board:find": ("?voucher=XXXX",),
}
"""Other states of a page that stand behind a question in its address."""

AXE = """() => axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.flatMap((one) =>
  one.nodes.map((node) => `${one.id}: ${node.target.join(" ")} ${node.html.slice(0, 120)}`)))"""
REACH = """() => {
  const wide = document.documentElement.clientWidth, lost = [];
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const control of document.querySelectorAll(controls)) {
    if (control.closest("[hidden], .skip, .vh, dialog:not([open])") || control.disabled) continue;
    const shown = control.matches("input[type=radio], input[type=checkbox], input[type=file]")
      ? control.closest("label") || control : control;
    if (!shown.checkVisibility() || !shown.getClientRects().length) continue;
    shown.scrollIntoView({block: "center", inline: "center"});
    const box = [...shown.getClientRects()].sort((one, other) => other.width * other.height - one.width * one.height)[0];
    const name = `${shown.tagName}.${shown.className}: ${(shown.textContent || shown.name || "").trim().slice(0, 30)}`;
    const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const isHit = hit && (shown.contains(hit) || hit.contains(shown) && hit.matches("label, a, button, summary, td, li"));
    const before = hit ? `${hit.tagName}.${hit.className}` : "nothing";
    if (box.right < 1 || box.left > wide - 1 || !isHit) lost.push(`${name} behind ${before}`);
  }
  scrollTo(0, 0);
  return lost.slice(0, 5);
}"""
FIGURES = ("pages", "looks", "violations", "wide", "unreachable")


def furnish(stage: Stage) -> None:
    """What the stage lacks so that every kind of page has something to show."""
    director = stage.village.officer("director")
    (notice,) = notices_up(stage)
    line = notice_queries.lines(notice_id=notice_queries.notice(number=notice).pk, at=stage.now)[-1]
    other = stage.village.villager("尉迟恭礼")
    notices.raise_objection(actor=other, line_id=line.id, reason="amount", words="分数记多了两分", at=stage.now)
    done = _deposited(VILLAGER)
    deeds.propose_reversal(actor=stage.village.officer("clerk"), declaration_id=done.pk, reason="记错了", at=stage.now)
    rulebooks.draft_edition(actor=director, organisation_id=stage.village.branch_id, at=stage.now)
    rows = f"户号,姓名,事项,日期\n0004,张伟,{next(iter(stage.items))},2026-03-10\n0005,刘德福,x,三月里\n"
    sent = {"kind": "register", "file": SimpleUploadedFile("三月.csv", rows.encode())}
    clerk = stage.client_of(stage.village.users["clerk"])
    assert clerk.post("/console/import/", sent).status_code == 302


def _deposited(name: str) -> deed_queries.Declaration:
    found = deed_queries.declarations_in(actor=system(), status="deposited")
    return next(one for one in found if one.depositor.name == name)


def _samples(stage: Stage) -> dict[str, dict[str, object]]:
    """The arguments of an address, by its name, or by the door's name for what all its pages take."""
    village, actor = stage.village, stage.village.villager(VILLAGER)
    (order,) = mall_queries.orders_of(depositor_ids=[village.person(VILLAGER)])
    (notice,) = notices_up(stage)
    waiting = deed_queries.declaration(actor=actor, declaration_id=stage.deeds["returned"])
    line = deed_queries.declaration(actor=system(), declaration_id=stage.deeds["on_notice:王秀梅"]).notice_line_id
    done = _deposited(VILLAGER)
    draft = rulebook_queries.editions_of(organisation_id=village.branch_id)[0]
    item = rulebook_queries.items_of(actor=village.officer("director"), edition_id=draft.pk)[0]
    objection = notice_queries.objections_to_answer(actor=village.officer("supervisor"), at=stage.now)[0]
    reversal = deed_queries.reversals_to_confirm(actor=village.officer("director"))[0]
    sheets = stage.client_of(village.users["clerk"]).get("/console/import/").content.decode()
    sheet = re.search(r'href="/console/import/([0-9a-f]+)/"', sheets)
    assert sheet is not None
    waiting_id, person, home = stage.deeds["submitted"], village.person(VILLAGER), village.households["0001"]
    product, voucher = order.product.public_id, done.transaction.public_id
    review = {"number": waiting_id}
    family = depositor_queries.passbook_of(depositor_id=village.person(f"{VILLAGER}家")).number
    return {
        "villager:entry": {"public_id": voucher}, "villager:details": {"item_id": next(iter(stage.items.values()))},
        "villager:deed": {"public_id": waiting.public_id}, "villager:declared": {"public_id": waiting.public_id},
        "villager:amend": {"public_id": waiting.public_id}, "villager:notice": {"number": notice},
        "villager:object": {"number": notice, "line_id": line}, "villager:product": {"public_id": product},
        "villager:order": {"public_id": order.public_id}, "villager:passbook_of": {"number": family},
        "console:review_one": review, "console:recent": review,
        "console:deed": {"number": done.pk}, "console:reverse_deed": {"number": _deposited("王秀梅").pk},
        "console:reversal": {"number": reversal.pk}, "console:household": {"number": home}, "console:merge": {"number": home},
        "console:sheet": {"public_id": sheet[1]}, "console:order": {"number": order.pk},
        "console:counter_person": {"number": person}, "console:product": {"public_id": product},
        "console:notice": {"number": notice}, "console:objection": {"number": objection.id},
        "console:edition": {"number": draft.pk}, "console:item_new": {"number": draft.pk},
        "console:item": {"number": draft.pk, "code": item.code}, "console:branch_villages": {"number": village.branch_id},
        "console:": {"number": person}, "board:notice": {"number": notice}, "board:proof": {"public_id": voucher},
        "board:seals": {"code": "QX"}, "board:": {"code": "LX01", "day": "2026-03-06"},
    }  # fmt: skip


def addresses(stage: Stage) -> dict[str, str]:
    """The address of every page by the name of its route; other states of a page behind its name."""
    samples, found = _samples(stage), {}
    for address, name, entry in routes(get_resolver()):
        if name in NOT_PAGES or address.endswith(DATA) or address.startswith("api/"):
            continue
        wanted = set(entry.pattern.converters)
        given = samples.get(name) or samples.get(name.split(":")[0] + ":") or {}
        assert wanted <= set(given), f"{name} has no sample argument for {sorted(wanted - set(given))}"
        found[name] = reverse(name, kwargs={key: given[key] for key in wanted})
        for place, more in enumerate(MORE.get(name, ())):
            found[f"{name} {place}"] = found[name] + more
    found["missing"] = "/deeds/nothing/"
    return found


class Walker:
    """Looks at the pages of one person and keeps what was found. An answer that was seen before is not looked at again."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        page.emulate_media(reduced_motion="reduce")
        self.figures = dict.fromkeys(FIGURES, 0)
        self.findings: list[str] = []
        self.seen: set[str] = set()
        self.status = 0

    def open(self, address: str, size: str) -> bool:
        """Whether a page came that was not seen before in this size: not elsewhere, and not again that one may not."""
        self.page.context.add_cookies([{"name": "wm_look", "value": f"light.{size}".strip("."), "url": self.address}])
        answer = self.page.goto(self.address + address)
        assert answer is not None and answer.status < 500, f"{address}: {answer and answer.status}"
        self.status = answer.status
        self.page.wait_for_function(COMPLETE)
        door = address.split("/")[1]
        came = self.page.url.removeprefix(self.address).split("#")[0]
        if answer.status >= 400:
            came = f"{door} {answer.status}"
        elif unquote(came) != address:
            came = came.split("?")[0]
        mark = f"{size} {came}"
        is_new = mark not in self.seen
        self.seen.add(mark)
        if is_new:
            self.page.evaluate(AXE_SCRIPT)
        return is_new

    def look(self, name: str, width: int, theme: str, size: str) -> None:
        """One page in one look: axe, and what sticks out."""
        self._dress(width, theme, size, 1)
        self.figures["looks"] += 1
        self._count("violations", AXE, f"{name} {width} {size or 'normal'} {theme}")
        self._count("wide", OVERFLOW, f"{name} {width} {size or 'normal'}")

    def enlarge(self, name: str, width: int, scale: int) -> None:
        """One page with type of twice the size, or as wide as half the window: nothing sticks out, all is in reach."""
        self._dress(width, "light", "", scale)
        self._count("wide", OVERFLOW, f"{name} {width} text x{scale}")
        self._count("unreachable", REACH, f"{name} {width} text x{scale}")

    def _dress(self, width: int, theme: str, size: str, scale: int) -> None:
        dress(self.page, f"{theme}.{size}", width, HEIGHTS[width], scale)

    def _count(self, figure: str, script: str, where: str) -> None:
        found = self.page.evaluate(script)
        self.figures[figure] += len(found)
        self.findings += [" ".join(f"{figure}: {where}: {one}".split()) for one in found]


def combinations() -> Iterator[tuple[int, str, str]]:
    """Width, theme, size, in the order in which a page need not be opened more than once a size."""
    for size in SIZES:
        for theme in THEMES:
            for width in WIDTHS:
                yield width, theme, size


ENLARGED = ((390, 2), (1366, 2), (195, 1), (683, 1))
"""Width and times the size of the type; half the window is what a browser's zoom of 200 % leaves."""


def walk(walker: Walker, pages: dict[str, str]) -> None:
    """Every page in every look."""
    for name, address in pages.items():
        for size in SIZES:
            if not walker.open(address, size):
                continue
            walker.figures["pages"] += not size
            for width, theme, of_size in combinations():
                if of_size == size:
                    walker.look(name, width, theme, size)
            if not size:
                for width, scale in ENLARGED:
                    walker.enlarge(name, width, scale)


def keep(findings: list[str], file: Path) -> None:
    """What was found, one a line, for whoever mends it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{one}\n" for one in findings), encoding="utf-8")

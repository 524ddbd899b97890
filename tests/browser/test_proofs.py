"""The check in the browser: the golden vectors and the lies of `verify_proof.py`, with and without the browser's own hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import look_at
from tests.domain.test_proof_checker import BOOKS, TREES, Book, altered_paths, consistency_lies, inclusion_lies
from tests.surfaces import stage as stages
from tests.surfaces.test_board import voucher
from tests.surfaces.test_papers import newest, sealed_on
from wenming.ui.print import Head

Opener = Callable[..., BrowserContext]
# Each case: a proof, a paper, an earlier paper or null. Answers which of them hold; what throws does not.
CHECK = """async ([script, cases]) => {
  const { check } = await import(script);
  const answers = [];
  for (const [proof, paper, earlier] of cases)
    answers.push(await check(proof, paper, earlier ?? undefined).catch(() => false));
  return answers;
}"""
HASHES = """async ([script, texts, algorithm]) => {
  const { sha256, sm3, digest, hex } = await import(script);
  const bytes = (text) => new TextEncoder().encode(text);
  const out = [];
  for (const text of texts)
    out.push([hex((algorithm === "sm3" ? sm3 : sha256)(bytes(text))), hex(await digest(algorithm, bytes(text)))]);
  return out;
}"""
TREE = """async ([script, algorithm, leaves, kept]) => {
  const { climb, grow, digest, bytes, hex } = await import(script);
  const roots = kept.roots.map(bytes);
  const hashes = await Promise.all(leaves.map((leaf) => digest(algorithm, [0], bytes(leaf))));
  const wrong = [];
  for (const { number, size, path } of kept.inclusion) {
    const found = await climb(algorithm, hashes[number - 1], number, size, path.map(bytes));
    if (!found || hex(found) !== kept.roots[size]) wrong.push(["inclusion", number, size]);
  }
  for (const { first, second, path } of kept.consistency) {
    const found = await grow(algorithm, roots[first], first, second, path.map(bytes));
    const [early, late] = (found ?? []).map(hex);
    if (early !== kept.roots[first] || late !== kept.roots[second]) wrong.push(["growth", first, second]);
  }
  return wrong;
}"""
SCRIPT = "/static/board/proofs.js"


@pytest.fixture
def page(live_server: LiveServer, open_context: Opener, db: None) -> Page:
    """A page of the board; its address is 127.0.0.1, so the browser lends its own hash."""
    page = open_context(live_server.url).new_page()
    page.goto("/board/compare/")
    assert page.evaluate("() => Boolean(globalThis.crypto?.subtle)")
    return page


@pytest.fixture
def plain_page(live_server: LiveServer, open_context: Opener, settings: LazySettings, db: None) -> Page:
    """The same over plain http under another name, as in a village's own network: the browser locks its hash away."""
    settings.ALLOWED_HOSTS = ["wall.test"]
    page = open_context(f"http://wall.test:{live_server.url.rpartition(':')[2]}").new_page()
    page.goto("/board/compare/")
    assert not page.evaluate("() => Boolean(globalThis.crypto?.subtle)")
    return page


def head(sheet: dict[str, Any]) -> dict[str, Any]:
    return {"book": sheet["book"], "size": int(sheet["size"]), "root": sheet["root"]}


def answers(page: Page, cases: list[list[Any]]) -> list[bool]:
    return list(page.evaluate(CHECK, [SCRIPT, cases]))


def texts() -> list[str]:
    """Messages around every edge of a block, and one of more than a few."""
    return ["", "abc", *("柳" * count for count in range(16, 24)), *("x" * count for count in (54, 55, 56, 63, 64, 65, 1000))]


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_the_hashes_of_the_page_are_the_hashes(page: Page, plain_page: Page, algorithm: str) -> None:
    wanted = [[hashlib.new(algorithm, text.encode()).hexdigest()] * 2 for text in texts()]
    assert page.evaluate(HASHES, [SCRIPT, texts(), algorithm]) == wanted
    assert plain_page.evaluate(HASHES, [SCRIPT, texts(), algorithm]) == wanted


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_golden_trees(page: Page, plain_page: Page, algorithm: str) -> None:
    for one in (page, plain_page):
        assert one.evaluate(TREE, [SCRIPT, algorithm, TREES["leaves"], TREES[algorithm]]) == []


@pytest.mark.parametrize("name", BOOKS)
def test_golden_proofs_of_every_release(page: Page, name: str) -> None:
    book = BOOKS[name]
    papers = {sheet["size"]: head(sheet) for sheet in book["papers"]}
    true = [[proof, papers[proof["size"]], None] for proof in book["proofs"]]
    true += [[steps, papers[steps["second"]], papers[steps["first"]]] for steps in book["steps"]]
    assert answers(page, true) == [True] * len(true)
    lies = [[proof, sheet, None] for proof in book["proofs"] for size, sheet in papers.items() if size != proof["size"]]
    lies += [[{**proof, "path": path}, sheet, early] for proof, sheet, early in true for path in altered_paths(proof["path"])]
    lies += [[proof, {**sheet, "book": "HW"}, early] for proof, sheet, early in true]
    assert [place for place, holds in enumerate(answers(page, lies)) if holds] == []


def test_every_single_alteration_fails(page: Page) -> None:
    """The lies that the script is told, for every entry and every growth of trees of up to 9 entries and of one of 64."""
    book = Book()
    papers = [head(sheet) for sheet in book.papers]
    proofs = [book.inclusion(number, size) for size in range(1, 10) for number in range(1, size + 1)]
    proofs += [book.inclusion(number, 64) for number in (1, 32, 33, 64)]
    growths = [book.consistency(first, second) for second in range(1, 10) for first in range(1, second + 1)]
    growths += [book.consistency(first, 64) for first in (1, 31, 32, 33, 63)]
    true = [[proof, papers[proof["size"]], None] for proof in proofs]
    true += [[steps, papers[steps["second"]], papers[steps["first"]]] for steps in growths]
    assert all(answers(page, true))
    lies = [[lie, papers[proof["size"]], None] for proof in proofs for lie in inclusion_lies(book, proof)]
    lies += [[lie, papers[one["second"]], papers[one["first"]]] for one in growths for lie in consistency_lies(one)]
    assert len(lies) > 9_000
    assert [lies[place] for place, holds in enumerate(answers(page, lies)) if holds] == []


# The page as somebody sees it who has just scanned a sheet


@pytest.fixture(autouse=True)
def names_of_the_board(settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["wall.test", "localhost", "127.0.0.1"]


def scan(page: Page, paper: Head) -> None:
    page.goto(f"/board/compare/?{paper.address}")


def test_a_scanned_sheet_is_checked_on_the_phone(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    old = sealed_on(stage)
    origins: set[str] = set()
    for address in (live_server.url, f"http://wall.test:{live_server.url.rpartition(':')[2]}"):
        page = open_context(address).new_page()
        page.on("request", lambda sent: origins.add(sent.url.split("/")[2]))
        scan(page, old)
        expect(page.locator("#verdict h2")).to_have_text("一致")
        expect(page.locator("#checked")).to_contain_text("您的手机也算过")
    assert {origin.split(":")[0] for origin in origins} <= {"localhost", "127.0.0.1", "wall.test"}


def test_without_script_the_page_still_answers(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    old = sealed_on(stage)
    page = open_context(live_server.url, script=False).new_page()
    scan(page, old)
    expect(page.locator("#verdict h2")).to_have_text("一致")
    scan(page, Head("QX", old.size, "0" * 64))
    expect(page.locator("#verdict h2")).to_have_text("不一致")


@pytest.mark.parametrize("answer", ["another path", "none", "gone"])
def test_a_bank_that_can_prove_no_growth_is_not_believed(
    stage: stages.Stage, live_server: LiveServer, open_context: Opener, answer: str
) -> None:
    """The twin: the server says it is the same, and the phone says it is not."""
    old = sealed_on(stage)
    page = open_context(live_server.url).new_page()

    def lie(route: Any) -> None:
        steps = route.fetch().json()
        steps["path"][0] = "00" * 32
        bodies = {"another path": json.dumps(steps), "none": "{}", "gone": "<h1>404</h1>"}
        route.fulfill(status=404 if answer == "gone" else 200, body=bodies[answer], content_type="application/json")

    page.route("**/steps.json*", lie)
    scan(page, old)
    expect(page.locator("#verdict h2")).to_have_text("不一致")
    expect(page.locator("#verdict")).to_have_class("card st st-s verdict bad")
    expect(page.locator("#checked")).to_have_text("您的手机算出来对不上。")


def test_the_phone_remembers_the_sheet_before(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    """Two sheets of one history fit; a sheet of another history is found out, whatever the server says of it."""
    old = sealed_on(stage)
    page = open_context(live_server.url).new_page()
    scan(page, old)
    expect(page.locator("#checked")).to_contain_text("您的手机也算过")
    scan(page, newest(stage))
    expect(page.locator("#checked")).to_contain_text("上次扫的那张也接得上")
    page.evaluate("""() => {
      const kept = JSON.parse(localStorage.wm_papers);
      for (const paper of kept) paper.root = "ab".repeat(32);
      localStorage.wm_papers = JSON.stringify(kept);
    }""")
    scan(page, newest(stage))
    expect(page.locator("#verdict h2")).to_have_text("不一致")
    expect(page.locator("#checked")).to_contain_text("上次扫的那张对不上")


def test_a_downloaded_file_is_checked_against_the_sheet(
    stage: stages.Stage, live_server: LiveServer, open_context: Opener, tmp_path: Path
) -> None:
    old = sealed_on(stage)
    page = open_context(live_server.url).new_page()
    page.goto(f"/board/proof/{voucher(stage)}/?{old.address}")
    expect(page.locator("#checked")).to_contain_text("在您的手机上算过，对得上")
    page.get_by_text("给懂技术的人看").click()
    with page.expect_download() as started:
        page.get_by_text("下载凭证文件").click()
    file = tmp_path / "proof.json"
    started.value.save_as(file)
    proof = json.loads(file.read_text("utf-8"))
    scan(page, old)
    expect(page.locator("#own")).to_be_visible()  # it shows itself once somebody listens to it
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))

    def found(content: str) -> str:
        page.locator("#found").evaluate("box => { box.textContent = ''; }")
        chosen = {"name": "proof.json", "mimeType": "application/json", "buffer": content.encode()}
        page.locator("#file").set_input_files([])
        page.locator("#file").set_input_files([chosen])
        expect(page.locator("#found")).not_to_be_empty()
        return str(page.locator("#found").text_content())

    assert found(json.dumps(proof)).startswith("对得上")
    expect(page.locator("#said")).to_contain_text(voucher(stage))
    expect(page.locator("#said")).to_contain_text("+")
    assert found(json.dumps({**proof, "number": proof["number"] + 1})).startswith("对不上")
    assert found(json.dumps({**proof, "path": proof["path"][:-1]})).startswith("对不上")
    assert found(json.dumps({**proof, "memento": f"{proof['memento'][:-2]}ff"})).startswith("对不上")
    assert found(json.dumps({**proof, "size": proof["size"] + 1})).startswith("这个凭证文件对的是另一次封账")
    assert found("{}").startswith("这个文件看不懂") and found("<html>").startswith("这个文件看不懂")
    assert sent == [], "nothing of the file leaves the phone"


# What the phone works out stands there, and everything folded is open.
CHECKED = """() => {
  const box = document.getElementById("checked");
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  return !box || !(box.dataset.proof || box.dataset.newest) || box.textContent !== "";
}"""
LOOKS = [("", 390), ("dark.elder", 360), ("light", 1366)]


def test_the_pages_fit(stage: stages.Stage, live_server: LiveServer, open_context: Opener) -> None:
    old = sealed_on(stage)
    (number,) = stages.notices_up(stage)
    listed = Head(old.book, old.size, old.root, old.day, number, "0" * 16)
    shown = {
        "form": "/board/compare/", "half": "/board/compare/?root=ab", "same": f"/board/compare/?{old.address}",
        "other": f"/board/compare/?{listed.address}", "short": f"/board/compare/?{Head('QX', 9999, old.root, old.day).address}",
        "entry": f"/board/proof/{voucher(stage)}/?{old.address}", "find": f"/board/proof/?{old.address}",
        "seals": "/board/seals/QX/",
    }  # fmt: skip
    page = open_context(live_server.url, worker=False).new_page()
    assert look_at(page, live_server.url, shown, LOOKS, picture="paper-{name}-{looks}-{width}", complete=CHECKED) == {}

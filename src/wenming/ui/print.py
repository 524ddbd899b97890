"""Paper: passbook pages, the red list, slips. Typst turns plain data into PDF with a font that comes with the program.

Amounts in `data` are hundredths of a point; everything else is a text that is ready to show. The caller masks names.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import manimgx_fonts_cjk
import segno
import typst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from wenming.core import clock, points
from wenming.locale.catalogues import ENGLISH
from wenming.ui.filters import full_day, moment, voucher

TEMPLATES = Path(__file__).resolve().parent / "typst"
MARK = TEMPLATES.parent / "static" / "ui" / "mark.svg"
FONTS = Path(manimgx_fonts_cjk.__file__).resolve().parent
LINES_A_PAGE = 22
FINGERPRINT_DIGITS = 16
_LIST_COLUMNS = {"a3": 4, "a4": 3}
_LIST_ROWS = {"a3": 32, "a4": 26}
_LINE_HEIGHT = {"a3": 7.5, "a4": 8.2}
_HONOURS_TAKE = 4
_LARGEST, _AIRY = 3.2, 1.5  # times the type and the line height of a full red list
_DAY_COLUMNS = ("deeds", "deposited", "orders", "redeemed", "others")

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a book as a printed sheet carries it; `notice` and `print` (its fingerprint) when the sheet is a red list."""

    book: str
    size: int
    root: str
    day: date | None = None
    notice: str = ""
    print: str = ""

    @classmethod
    def of(cls, book: Any, seal: Any, **more: str) -> Head:
        """The head that this seal of a book is, on the day of the seal."""
        return cls(book.code, seal.size, bytes(seal.root).hex(), clock.local_date(seal.sealed_at), **more)

    @property
    def facts(self) -> dict[str, Any]:
        """What a check needs."""
        return {"book": self.book, "size": self.size, "root": self.root, "date": self.day.isoformat() if self.day else ""}

    @property
    def address(self) -> str:
        """The same as the end of an address, after the question mark: what the QR code carries."""
        said = {**self.facts, "notice": self.notice, "print": self.print}
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def label(self) -> str:
        """In words: everything that was written until then is under the root."""
        return _("总指纹　账本 {book} 记到第 {size} 笔　{day}").format(book=self.book, size=self.size, day=full_day(self.day))


def passbook_pdf(data: Data) -> bytes:
    """Passbook pages in A4, 22 lines each, oldest line first.

    Keys: place, holder, number, printed_at, lines; optional title (善行簿), number_label (户号), opening (the balance
    carried in, 0), first_page (1), last_page, url (verification address; the page number and fingerprint are added).
    A line has: day, words, amount (signed), balance, voucher; optional item (rule code).
    """
    groups = [data["lines"][start : start + LINES_A_PAGE] for start in range(0, max(len(data["lines"]), 1), LINES_A_PAGE)]
    first = int(data.get("first_page", 1))
    pages = []
    carried = int(data.get("opening", 0))
    for place, lines in enumerate(groups):
        page = _passbook_page(lines, carried)
        fingerprint = page_fingerprint(data["number"], carried, lines)
        address = f"{data.get('url', '')}?page={first + place}&print={fingerprint}"
        last = data.get("last_page", first + len(groups) - 1)
        page["page_words"] = _("第 {number} 页　共 {pages} 页").format(number=first + place, pages=last)
        page.update(fingerprint=in_fours(fingerprint), qr=qr_svg(address))
        pages.append(page)
        carried = int(lines[-1]["balance"]) if lines else carried
    words = {
        "title": data.get("title") or _("善行簿"),
        "place": data["place"],
        "printed_at": data["printed_at"],
        "holder": data["holder"],
        "number": data["number"],
        "number_label": data.get("number_label") or _("户号"),
        "pages": pages,
    }
    return _compile("passbook", words)


def passbook_page(
    book: Any, lines: Sequence[Any], *, words: Mapping[int, str], codes: Mapping[str, str], url: str, at: datetime
) -> Data:
    """What `passbook_pdf` sets of a passbook's newest lines, which come newest first, with the balance carried in.

    `words` are by transaction, `codes` are the clause numbers by subject.
    """
    oldest_first = list(reversed(lines))
    branch = book.depositor.branch
    return {
        "place": " · ".join(one.name for one in (branch.parent, branch) if one is not None),
        "holder": book.depositor.name,
        "number": book.number,
        "number_label": _("存折号"),
        "printed_at": moment(at),
        "opening": oldest_first[0].balance_after - oldest_first[0].amount if oldest_first else 0,
        "url": url,
        "lines": [
            passbook_line(line, words[line.transaction_id]) | {"item": codes.get(line.subject, "")} for line in oldest_first
        ],
    }


def _passbook_page(lines: Sequence[Data], carried: int) -> dict[str, Any]:
    earned = sum(line["amount"] for line in lines if line["amount"] > 0)
    spent = -sum(line["amount"] for line in lines if line["amount"] < 0)
    shown = [
        {
            "day": line["day"],
            "words": _cut(line["words"], 19),
            "item": line.get("item") or "—",
            "earned": points.show_signed(line["amount"]) if line["amount"] > 0 else "",
            "spent": points.show(-line["amount"]) if line["amount"] < 0 else "",
            "balance": points.show(line["balance"]),
            "voucher": line["voucher"],
        }
        for line in lines
    ]
    blank = dict.fromkeys(("day", "words", "item", "earned", "spent", "balance", "voucher"), "")
    return {
        "lines": shown + [blank] * (LINES_A_PAGE - len(shown)),
        "count_words": _("本页合计　{count} 笔").format(count=len(lines)),
        "carried": points.show(carried),
        "balance": points.show(lines[-1]["balance"] if lines else carried),
        "earned": points.show(earned),
        "spent": points.show(spent),
    }


def passbook_line(line: Any, words: str) -> dict[str, Any]:
    """A line of a statement as the paper shows it, under the day on which it was posted, as on the screen."""
    return {
        "day": f"{clock.local_date(line.recorded_at):%Y-%m-%d}",
        "words": words,
        "amount": line.amount,
        "balance": line.balance_after,
        "voucher": voucher(line.public_id),
    }


def page_fingerprint(number: str, carried: int, lines: Sequence[Data]) -> str:
    """The first 16 hex digits of SHA-256 over the page's facts: passbook number, balance carried in, each line."""
    facts = [number, carried, *([line["day"], line["amount"], line["balance"], line["voucher"]] for line in lines)]
    canonical = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(canonical).hexdigest()[:FINGERPRINT_DIGITS]


def red_list_pdf(data: Data) -> bytes:
    """The red list or any notice, A3 or A4, as many sheets as the lines need, each with number, fingerprint and stamp place.

    Keys: place, number, lines, fingerprint (hex), url; optional title (文明红榜), paper ("a3"), black_only (for red paper),
    period, until (the last day for objections), order (how the lines are ordered), honours (up to three of title, name,
    words), demerits (list of words, count: shown as numbers of households, without names), phone, handlers (who takes
    objections), stamp, head (of the book when the sheet is printed).
    A line has: name (already masked), words, points.
    """
    paper = str(data.get("paper", "a3")).lower()
    entries = [
        {
            "name": line["name"],
            "words": _cut(line["words"], 10),
            "points": points.show_signed(line["points"]),
            "is_demerit": False,
        }
        for line in data["lines"]
    ]
    for one in data.get("demerits", ()):
        households = _("{count} 户").format(count=one["count"])
        entries.append({"name": _("减分"), "words": _cut(one["words"], 10), "points": households, "is_demerit": True})
    words = {
        "paper": paper,
        "black_only": bool(data.get("black_only")),
        "place": data["place"],
        "title": data.get("title") or _("文明红榜"),
        "number": data["number"],
        "summary": _red_list_summary(data),
        "line_height": _LINE_HEIGHT[paper],
        "pages": _red_list_pages(entries, list(data.get("honours", ()))[:3], paper),
        "fingerprint": in_fours(str(data["fingerprint"])[:FINGERPRINT_DIGITS]),
        **_printed(data.get("head")),
        "object_by": _("有不对的，{until}前提：").format(until=data["until"]) if data.get("until") else _("有不对的请提："),
        "object_how": _how_to_object(data),
        "stamp": data.get("stamp") or _("村务监督\n委员会\n盖章处"),
        "qr": qr_svg(data["url"]),
    }
    return _compile("redlist", words)


def _red_list_summary(data: Data) -> str:
    total = points.show_signed(sum(line["points"] for line in data["lines"]))
    parts = [data.get("period", ""), _("{count} 笔").format(count=len(data["lines"])), _("共 {total} 分").format(total=total)]
    if data.get("until"):
        parts.append(_("公示到 {until}").format(until=data["until"]))
    parts.append(data.get("order", ""))
    return (" · " if _is_english() else "\u3000").join(part for part in parts if part)


def _red_list_pages(entries: list[dict[str, Any]], honours: list[Data], paper: str) -> list[dict[str, Any]]:
    columns = _LIST_COLUMNS[paper]
    pages: list[dict[str, Any]] = []
    at = 0
    while at < len(entries) or not pages:
        shown = honours if not pages else []
        rows = _LIST_ROWS[paper] + (0 if shown else _HONOURS_TAKE)
        group = entries[at : at + rows * columns]
        at += rows * columns
        across, size = _fitting(len(group), rows, columns) if at >= len(entries) and not pages else (columns, 1.0)
        tall = min(rows, -(-len(group) // across))
        is_full = len(group) == rows * columns
        pages.append(
            {
                "honours": shown,
                "columns": [group[tall * place : tall * (place + 1)] for place in range(across)],
                "size": size,
                "tall": size if is_full else min(_AIRY * size, max(size, (rows - 1) / max(1, tall))),
                "sheet": "",
            }
        )
    if len(pages) > 1:
        for place, page in enumerate(pages, 1):
            page["sheet"] = _("第 {place} 张，共 {all} 张").format(place=place, all=len(pages))
    return pages


def _fitting(count: int, rows: int, columns: int) -> tuple[int, float]:
    """How many columns a sheet of few lines has, and how many times larger its type is than that of a full one: the largest
    that leaves every line its width and the sheet its height."""
    ways = {across: min(rows / max(1, -(-count // across)), columns / across, _LARGEST) for across in range(1, columns + 1)}
    across = max(ways, key=lambda one: (ways[one], one))
    return across, max(1.0, ways[across])


def _how_to_object(data: Data) -> str:
    ways = [_("扫码点“提意见”")]
    if data.get("handlers"):
        ways.append(_("找监督小组 {handlers}").format(handlers=data["handlers"]))
    if data.get("phone"):
        ways.append(_("打村务监督电话 {phone}").format(phone=data["phone"]))
    return _("{ways}。3 个工作日内答复，答复贴在榜旁边。").format(ways=_("，或").join(ways))


def _printed(head: Head | None) -> dict[str, str]:
    """The line of the sheet's foot with the whole root."""
    return {"root_label": head.label, "root": in_fours(head.root)} if head else {"root_label": "", "root": ""}


def day_sheet_pdf(data: Data) -> bytes:
    """The sheet of one day for the wall, in A4: what was written for each branch, the head of the book, how to compare.

    Keys: place, title, printed_at, rows, head, url. A row has: name, deeds, deposited, orders, redeemed, others (numbers of
    entries, points ready to show).
    """
    counts = {name: sum(row[name] for row in data["rows"]) for name in ("deeds", "orders", "others")}
    rows = [[row["name"], *(str(row[name]) for name in _DAY_COLUMNS)] for row in data["rows"]]
    words = {
        **{name: data[name] for name in ("place", "title", "printed_at")},
        "rows": rows,
        "summary": _("存入 {deeds} 笔，换走 {orders} 笔，别的 {others} 笔").format(**counts),
        **_printed(data["head"]),
        "qr": qr_svg(data["url"]),
    }
    return _compile("daysheet", words)


def slip_pdf(data: Data) -> bytes:
    """A redemption slip in A6: both sign it.

    Keys: place, number (voucher), moment, holder, goods, quantity, price, total, url; optional title (兑换凭条),
    household_number, balance (after this), code (pickup code), teller.
    """
    facts = [{"label": _("户名"), "value": data["holder"]}]
    if data.get("household_number"):
        facts.append({"label": _("户号"), "value": data["household_number"]})
    if data.get("teller"):
        facts.append({"label": _("经办"), "value": data["teller"]})
    balance = data.get("balance")
    words = {
        "title": data.get("title") or _("兑换凭条"),
        "place": data["place"],
        "number": data["number"],
        "moment": data["moment"],
        "facts": facts,
        "goods": _cut(data["goods"], 20),
        "quantity": str(data["quantity"]),
        "price": points.show(data["price"]),
        "total": points.show(data["total"]),
        "balance_words": _("用去 {total} 分，余额 {balance} 分。").format(
            total=points.show(data["total"]), balance=points.show(balance)
        )
        if balance is not None
        else _("用去 {total} 分。").format(total=points.show(data["total"])),
        "code": in_fours(data.get("code") or ""),
        "code_words": _("取货码，出示给柜员") if data.get("code") else _("扫码查这一笔"),
        "qr": qr_svg(data.get("code") or data["url"]),
    }
    return _compile("slip", words)


def activation_pdf(data: Data) -> bytes:
    """The slip that a depositor takes home from the counter to open a login.

    Keys: place, holder, login_names, code (8 digits), valid_until, printed_at, url; optional title (开通凭条).
    """
    words = {
        "title": data.get("title") or _("开通凭条"),
        "place": data["place"],
        "holder": data["holder"],
        "login_names": data["login_names"],
        "code": in_fours(data["code"]),
        "valid_words": _("有效到 {day}，只能用一次。").format(day=data["valid_until"]),
        "printed_at": data["printed_at"],
        "steps": [_("手机扫右边的码，点“第一次用”。"), _("填登录名和激活码。"), _("自己定一个密码，至少 8 位，记牢。")],
        "qr": qr_svg(data["url"]),
    }
    return _compile("activation", words)


def erasure_pdf(data: Data) -> bytes:
    """What somebody takes home who had everything about them erased: what went, what stays and why. Names nobody.

    Keys: place, number (of the erasure, random), erased_on (day), officer; optional title (注销证明), head (of the book).
    """
    words = {
        "title": data.get("title") or _("注销证明"),
        "place": data["place"],
        "number": in_fours(data["number"]),
        "erased_on": data["erased_on"],
        "officer": data["officer"],
        "gone": [
            _("姓名、性别、出生日子、身份证号、电话、亲属，连同能解开它们的钥匙"),
            _("登录名、密码、消息、担任的职务"),
            _("申报里写的话、拍的照片，提过的意见"),
            _("别人写的话里提到的名字（村里还有人同名的除外）"),
        ],
        "stays": [
            _("每一笔积分：只有随机编号和数字，没有名字"),
            _("贴过的榜：名字只露一部分"),
            _("操作日志：只有编号，没有名字和内容"),
        ],
        "books": [
            _("注销前后，账本每一笔、每个总指纹都一样，以前开的凭证照样核对得上。"),
            _("备份照规定最多留 30 天；要是用备份恢复，会照注销名单先清一遍。"),
        ],
        **_printed(data.get("head")),
    }
    return _compile("erasure", words)


def in_fours(text: str) -> str:
    """`9f3c71ae04d2b86e` → `9f3c 71ae 04d2 b86e`, to compare by eye."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def qr_svg(text: str) -> str:
    out = io.BytesIO()
    segno.make(text or "-", error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, svgns=True)
    return out.getvalue().decode()


@functools.lru_cache(maxsize=1)
def _fonts() -> Any:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


@functools.cache
def texts_of(template: str) -> tuple[str, ...]:
    """The Chinese words that stand in a template itself, to be translated like any other."""
    found: list[str] = []
    for name in ("common", template):
        found += re.findall(r'"([^"\n]{2,})"', (TEMPLATES / f"{name}.typ").read_text(encoding="utf-8"))
    return tuple(json.loads(f'"{text}"') for text in found if re.search("[\u4e00-\u9fff]", text))


def _is_english() -> bool:
    return (get_language() or "").startswith(ENGLISH)


def _compile(template: str, words: Data) -> bytes:
    shared = {
        "said": {text: _(text) for text in texts_of(template)},
        "is_english": _is_english(),
        "mark": MARK.read_text("utf-8"),
    }
    made = typst.compile(
        str(TEMPLATES / f"{template}.typ"),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps({**words, **shared}, ensure_ascii=False)},
        timestamp=int(clock.now().timestamp()),
    )
    assert isinstance(made, bytes)
    return made

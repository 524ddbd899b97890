"""One cell's text to a value: dates, points, names, phones, ID numbers. Every wrong cell gets a code and a way to mend it."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from stdnum import exceptions as stdnum_exceptions
from stdnum.cn import ric

from wenming.core import points
from wenming.core.errors import Refusal


class CellWrong(Exception):
    """What is wrong in one cell, and what may stand there instead: `is_sure` when it can mean nothing else. Caught row by
    row; never leaves the room."""

    def __init__(self, code: str, message: str | Promise, offer: Iterable[str] = (), *, is_sure: bool = False) -> None:
        self.code, self.message = code, str(message)
        self.offer, self.is_sure = tuple(offer), is_sure
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class When:
    """The year, and perhaps the month, that the sheet's title speaks of."""

    year: int | None = None
    month: int | None = None


FIRST_DAY = date(1900, 1, 1)
_SERIAL_START = date(1899, 12, 30)
_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_SPELT = {"": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_FULL = re.compile(r"(\d{4}|\d{2})[.\-/年](\d{1,2})[.\-/月](\d{1,2})[日号]?")
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_MONTH_DAY = re.compile(r"(\d{1,2})[月/\-](\d{1,2})[日号]?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})")
_DAY = re.compile(r"(\d{1,2})[日号]")
_CLOCK = re.compile(r"[ T]\d{1,2}[:时].*$")
_YEAR_IN_TITLE = re.compile(r"((?:19|20)\d{2})\s*[年\-./]?\s*(?:度)?\s*(?:(\d{1,2})\s*月)?")
_BLANKS = re.compile(r"\s+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\u061c\u00ad]")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{7,8}")
_POINTS_WORDS = str.maketrans({"分": "", "＋": "+", " ": ""})


def plain(text: str) -> str:
    """Full-width forms to plain ones, blanks trimmed."""
    return unicodedata.normalize("NFKC", text).strip()


def when_of(texts: list[str]) -> When:
    """The first year (and month) named in the title rows, the sheet's name or the file's name."""
    for text in texts:
        match = _YEAR_IN_TITLE.search(_year_digits(plain(text)))
        if match:
            month = int(match[2]) if match[2] and 1 <= int(match[2]) <= 12 else None
            return When(int(match[1]), month)
    return When()


def _year_digits(text: str) -> str:
    return re.sub(r"[〇零一二三四五六七八九]{4}(?=年)", lambda match: match[0].translate(_DIGITS), text)


@lru_cache(maxsize=8192)
def read_date(text: str, when: When, last_day: date | None = None) -> date:
    """2021-3-5, 2021.3.5, 2021年3月5日, 20210305, an Excel day number; 3月5日 and 5日 with the title's year and month."""
    tidy = _CLOCK.sub("", plain(text)).replace(" ", "").rstrip(".")
    year, month, day = _date_parts(tidy, when, last_day)
    try:
        found = date(year, month, day)
    except ValueError:
        raise CellWrong("date_impossible", _("没有“{text}”这一天，请看看写对没有。").format(text=text[:20])) from None
    if found < FIRST_DAY:
        raise CellWrong("date_too_early", _("“{text}”太早了，请看看年份。").format(text=text[:20]))
    if last_day is not None and found > last_day:
        earlier = _days((found.year - 1,), found.month, (found.day,), last_day)
        raise CellWrong("date_in_future", _("“{text}”还没到，请看看日期。").format(text=text[:20]), earlier)
    return found


def _days(years: Iterable[int], month: int, days: Iterable[int], last_day: date | None) -> list[str]:
    """Which of these days there are and were, as a sheet writes them."""
    found = []
    for year in years:
        for day in days:
            with contextlib.suppress(ValueError):
                found.append(date(year, month, day))
    return [one.isoformat() for one in found if last_day is None or one <= last_day]


def _date_parts(tidy: str, when: When, last_day: date | None) -> tuple[int, int, int]:
    match = _FULL.fullmatch(tidy) or _COMPACT.fullmatch(tidy)
    if match:
        year = int(match[1])
        return (year + 2000 if year < 100 else year), int(match[2]), int(match[3])
    if re.fullmatch(r"\d{5}(\.\d+)?", tidy) and 18_000 < float(tidy) < 80_000:
        found = _SERIAL_START + timedelta(days=int(float(tidy)))
        return found.year, found.month, found.day
    match = _MONTH_DAY.fullmatch(tidy) or _DOTTED.fullmatch(tidy)
    if match:
        if "." in tidy and match[2] in ("1", "2", "3") and len(match[2]) == 1:
            either = _days([when.year] if when.year else [], int(match[1]), (int(match[2]), int(match[2]) * 10), last_day)
            raise CellWrong("date_ambiguous", _("“{text}”看不出是几号，请写成 2021-03-10 这样。").format(text=tidy), either)
        if when.year is None:
            years = (last_day.year, last_day.year - 1) if last_day else ()
            near = _days(years, int(match[1]), (int(match[2]),), last_day)
            raise CellWrong("date_without_year", _("“{text}”看不出是哪一年，请写成 2021-03-05 这样。").format(text=tidy), near)
        return when.year, int(match[1]), int(match[2])
    match = _DAY.fullmatch(tidy)
    if match and when.year and when.month:
        return when.year, when.month, int(match[1])
    raise CellWrong("date_unreadable", _("日期“{text}”看不懂，请写成 2021-03-05 这样。").format(text=tidy[:20]))


@lru_cache(maxsize=8192)
def read_points(text: str, *, signed: bool = True, zero: bool = True) -> int:
    """Hundredths of a point: 3, +3分, 扣2分, −2, 1,234.5."""
    tidy = plain(text).translate(_POINTS_WORDS)
    if tidy[:1] in ("扣", "减"):
        tidy = "-" + tidy[1:].lstrip("-")
    elif tidy[:1] == "加":
        tidy = "+" + tidy[1:].lstrip("+")
    try:
        return points.parse(tidy, signed=signed, zero=zero)
    except Refusal as refusal:
        raise CellWrong(refusal.code.rpartition(".")[2], refusal.words) from None


@lru_cache(maxsize=4096)
def read_count(text: str, most: int = 100_000) -> int:
    """A whole number from 1; a trailing unit (2小时, 3次) is let through."""
    match = re.fullmatch(r"(\d+(?:\.0+)?)\D{0,4}", plain(text))
    try:
        return points.parse_count(match[1] if match else text, most=most)
    except Refusal as refusal:
        raise CellWrong(refusal.code.rpartition(".")[2], refusal.words, _spelt(text), is_sure=True) from None


def _spelt(text: str) -> list[str]:
    """A number from 1 to 99 spelt in Chinese, perhaps with its unit: 五题 → 5, 二十三次 → 23."""
    match = re.fullmatch(r"([一二两三四五六七八九]?)(十?)([一二三四五六七八九]?)[^一二两三四五六七八九十\d]{0,4}", plain(text))
    if match is None or not any(match.groups()) or (match[1] and match[3] and not match[2]):
        return []
    tens, ones = (_SPELT[match[1]] or 1, _SPELT[match[3]]) if match[2] else (0, _SPELT[match[1] or match[3]])
    return [str(tens * 10 + ones)]


def check_text(text: str, longest: int) -> str:
    """Plain text without control and direction marks (they make one name look like another)."""
    tidy = unicodedata.normalize("NFC", text).strip()
    if _INVISIBLE.search(tidy) or any(unicodedata.category(mark) == "Cc" and mark not in "\n\r\t" for mark in tidy):
        raise CellWrong("invisible_marks", _("这一格里有看不见的字符，请重新打一遍。"))
    if len(tidy) > longest:
        raise CellWrong("too_long", _("这一格太长了，最多 {longest} 个字。").format(longest=longest))
    return _BLANKS.sub(" ", tidy)


@lru_cache(maxsize=16384)
def read_name(text: str) -> str:
    """A name; the blanks that clerks put into two-character names to align them are dropped."""
    tidy = check_text(text, 60)
    if not tidy:
        raise CellWrong("name_missing", _("姓名没填。"))
    if not tidy.isascii():
        tidy = _BLANKS.sub("", tidy)
    if tidy[:1] in "=+-@" or tidy.replace(".", "").isdecimal():
        raise CellWrong("name_unreadable", _("“{text}”不像姓名，请看看是不是填错了列。").format(text=tidy[:20]))
    return tidy


def read_household_number(text: str) -> str:
    tidy = plain(text).replace(" ", "").replace("—", "-").replace("–", "-")
    if not re.fullmatch(r"[0-9A-Za-z\-\u4e00-\u9fff]{1,20}", tidy):
        raise CellWrong("household_number_unreadable", _("户号“{text}”看不懂，只能有数字、字母和短横线。").format(text=tidy[:20]))
    return tidy


def read_phone(text: str) -> str:
    tidy = re.sub(r"[\s\-()]", "", plain(text))
    tidy = tidy.removeprefix("+86") if tidy.startswith("+86") else tidy
    if not _PHONE.fullmatch(tidy):
        raise CellWrong("phone_unreadable", _("电话要写 11 位手机号或座机号，请核对。"))
    return tidy


def read_id_number(text: str, *, is_lossy: bool = False) -> str:
    """An ID number with its check digit; one that the spreadsheet kept as a number has lost its last digits for good."""
    if is_lossy:
        raise CellWrong("id_number_lost_digits", _("身份证号被存成了数字，后几位已经丢了。请把这一列设成“文本”再重填。"))
    tidy = plain(text).replace(" ", "").upper()
    try:
        return str(ric.validate(tidy))
    except stdnum_exceptions.ValidationError:
        raise CellWrong("id_number_wrong", _("身份证号不对，请照证件再核一遍 18 位。")) from None


def born_on_of(id_number: str) -> date:
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def sex_of(id_number: str) -> str:
    return "男" if int(id_number[16]) % 2 else "女"

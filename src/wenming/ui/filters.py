"""How amounts, days and codes read on a page. Amounts come as hundredths of a point, money as fen."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wenming.core import clock, days, points

OWN_TITLES: dict[str, Promise] = {"积分公示": _("{day}积分公示"), "登记公示": _("{day}登记公示")}
OWN_TITLE = re.compile(rf"(\d{{4}})年(\d{{1,2}})月(\d{{1,2}})日({'|'.join(OWN_TITLES)})")


def _date(value: date | datetime) -> date:
    return clock.local_date(value) if isinstance(value, datetime) else value


def day(value: date | datetime | None) -> str:
    """3月17日; with its year when that is not the present one."""
    if value is None:
        return ""
    found = _date(value)
    return days.short(found) if found.year == clock.local_date(clock.now()).year else days.full(found)


def full_day(value: date | datetime | None) -> str:
    """2026年3月17日, for papers and proofs."""
    if value is None:
        return ""
    return days.full(_date(value))


def weekday(value: date | datetime) -> str:
    """周六"""
    return days.weekday(_date(value))


def month(value: date | datetime) -> str:
    """2026年3月"""
    return days.of_year(_date(value))


def month_name(value: date | datetime) -> str:
    """3月, Mar"""
    return days.month(_date(value))


def notice_title(title: str) -> str:
    """The title of a notice; one that nobody typed but the system made of its day is in the language of the page."""
    own = OWN_TITLE.fullmatch(title)
    try:
        on = date(*map(int, own.groups()[:3])) if own else None
    except ValueError:
        on = None
    return str(OWN_TITLES[own[4]]).format(day=days.full(on)) if own and on else title


def short_day(value: date | datetime) -> str:
    """03-17, for the narrow column of a statement."""
    return f"{_date(value):%m-%d}"


def moment(value: datetime | None) -> str:
    """3月17日 16:42, village time."""
    return f"{day(value)} {value.astimezone(clock.ZONE):%H:%M}" if value else ""


def last_day(end: datetime) -> date:
    """The last village day of a period [start, end): what ends at midnight ran until the day before."""
    return clock.local_date(end - timedelta(microseconds=1))


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals: 123450 → 1,234.50; a true minus for negatives."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'−' if fen < 0 else ''}{whole:,}.{rest:02d}"


def voucher(public_id: str) -> str:
    """The short form of a transaction's public id, as printed: its last six digits, the random ones, as 7F3A-92."""
    return f"{public_id[-6:-2]}-{public_id[-2:]}".upper()


def groups(fingerprint: str | bytes) -> list[str]:
    """The first 16 hexadecimal digits in four groups, to compare by eye."""
    text = bytes(fingerprint).hex() if isinstance(fingerprint, (bytes, memoryview)) else fingerprint
    return [text[start : start + 4] for start in range(0, 16, 4)]


def hexadecimal(value: bytes | memoryview) -> str:
    return bytes(value).hex()


def spaced(code: str) -> str:
    """An 8-digit code in two halves: 4821 7703."""
    return f"{code[:4]} {code[4:]}"


FILTERS = {
    "points": points.show,
    "signed": points.show_signed,
    "day": day,
    "full_day": full_day,
    "short_day": short_day,
    "weekday": weekday,
    "month": month,
    "month_name": month_name,
    "notice_title": notice_title,
    "moment": moment,
    "last_day": last_day,
    "yuan": yuan,
    "voucher": voucher,
    "groups": groups,
    "hex": hexadecimal,
    "spaced": spaced,
}

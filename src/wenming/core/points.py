"""Amounts are whole numbers: hundredths of a point, and fen. One parser reads what people type.

Accepted: an optional sign, digits, at most two decimals, thousands commas in groups of three; full-width digits, signs
and points count as their plain forms; blanks around are dropped. Refused: everything else, named: empty, not a number
(also NaN, infinity, exponents), more than two decimals, zero, negative where only positive makes sense, too large.
"""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

from wenming.core.errors import Refusal

HUNDRED = 100
LARGEST = 100_000_000 * HUNDRED
_AMOUNT = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")
_MINUS = str.maketrans({"−": "-", "－": "-", "–": "-", "—": "-", "﹣": "-", "．": ".", "。": ".", "，": ",", "＋": "+"})


class NotANumber(Refusal):
    code, message = "points.not_a_number", _("请填数字，例如 3 或 0.5。")


class TooManyDecimals(Refusal):
    code, message = "points.too_many_decimals", _("最多填两位小数。")


class NotPositive(Refusal):
    code, message = "points.not_positive", _("要填大于 0 的数。")


class TooLarge(Refusal):
    code, message = "points.too_large", _("这个数太大了，请再看一遍。")


def parse(text: object, *, field: str = "", signed: bool = False, zero: bool = False) -> int:
    """Read an amount into hundredths. `signed` lets negatives through, `zero` lets zero through."""
    plain = _plain(text)
    match = _AMOUNT.fullmatch(plain)
    if match is None or len(plain) > 40:
        raise NotANumber(field=field)
    sign, whole, decimals = match.groups()
    decimals = (decimals or "").rstrip("0")
    if len(decimals) > 2:
        raise TooManyDecimals(field=field)
    amount = int(whole.replace(",", "")) * HUNDRED + int((decimals or "0").ljust(2, "0"))
    if amount > LARGEST:
        raise TooLarge(field=field)
    amount = -amount if sign == "-" else amount
    if (amount < 0 and not signed) or (amount == 0 and not zero):
        raise NotPositive(field=field)
    return amount


def parse_count(text: object, *, field: str = "", most: int = 100_000) -> int:
    """Read a whole number from 1 to `most`."""
    plain = _plain(text)
    if not re.fullmatch(r"\+?\d{1,12}(\.0+)?", plain):
        raise NotANumber(field=field)
    count = int(plain.split(".")[0])
    if count < 1:
        raise NotPositive(field=field)
    if count > most:
        raise TooLarge(field=field)
    return count


def _plain(text: object) -> str:
    if isinstance(text, bool) or text is None:
        return ""
    if isinstance(text, float):
        text = repr(text).removesuffix(".0")
    return unicodedata.normalize("NFKC", str(text)).translate(_MINUS).strip()


def show(amount: int) -> str:
    """Hundredths as a person writes them: 300 → 3, 50 → 0.5, 123456 → 1,234.56; a true minus for negatives."""
    whole, rest = divmod(abs(amount), HUNDRED)
    decimals = f"{rest:02d}".rstrip("0")
    return f"{'−' if amount < 0 else ''}{whole:,}{'.' + decimals if decimals else ''}"


def show_signed(amount: int) -> str:
    """The same, always with its sign: +3, −30."""
    return f"+{show(amount)}" if amount > 0 else show(amount)


def split(total: int, weights: list[int]) -> list[int]:
    """Share a whole number by weights, by largest remainder; ties go to the earlier share. The parts add up to the total."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in remainders[: total - sum(shares)]:
        shares[i] += 1
    return shares

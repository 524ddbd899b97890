"""What may be said of a person, and whether it can be true: names, dates, ID numbers, phones. Refusals name the field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from wenming.core import clock
from wenming.core.errors import Refusal, WrongInput
from wenming.domain.depositors.models import DepositorKind, IdentityClass, Sex

PERSON_NAME_MAX = 30
NAME_MAX = 60
GUARDIAN_AGE = 14
ADULT_AGE = 18
OLDEST = date(1900, 1, 1)
MOBILE = re.compile(r"1[3-9]\d{9}")
LANDLINE = re.compile(r"0\d{2,3}\d{7,8}")
NUMBER = re.compile(r"[0-9A-Za-z\u4e00-\u9fff](?:[0-9A-Za-z\u4e00-\u9fff\-]{0,18}[0-9A-Za-z\u4e00-\u9fff])?")
SEXES = {"": "", "男": Sex.MALE, "女": Sex.FEMALE, "m": Sex.MALE, "f": Sex.FEMALE, "1": Sex.MALE, "2": Sex.FEMALE}


class WrongName(Refusal):
    code, message, field = "depositors.wrong_name", _("姓名要填 1 到 {most} 个字，不能有数字、符号或看不见的字符。"), "name"


class OldIdNumber(Refusal):
    code, message, field = "depositors.old_id_number", _("这是 15 位的旧身份证号，请填 18 位的。"), "id_number"


class WrongIdNumber(Refusal):
    code, message, field = "depositors.wrong_id_number", _("身份证号不对，请照证件再看一遍，共 18 位。"), "id_number"


class WrongPhone(Refusal):
    code, message, field = "depositors.wrong_phone", _("电话号码不对。手机填 11 位，座机带区号。"), "phone"


class WrongBirthDate(Refusal):
    code, message, field = "depositors.wrong_birth_date", _("出生日期不对，或和身份证号对不上。"), "born_on"


class GuardianConsentMissing(Refusal):
    """Children under fourteen have a passbook only with a guardian's consent."""

    code, message = "depositors.guardian_consent_missing", _("不满 14 岁的孩子，要填同意开户的监护人姓名。")
    field = "guardian"


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What the counter writes down of one depositor. `guardian` is who consented, for a child under fourteen."""

    name: str
    sex: str = ""
    born_on: date | None = None
    id_number: str = ""
    phone: str = ""
    classes: Sequence[str] = ()
    guardian: str = ""


@dataclass(frozen=True, slots=True)
class EnrolRow:
    """One line of a roll: the depositor and the household it belongs to."""

    household_number: str = ""
    name: str = ""
    is_head: bool = False
    kind: str = DepositorKind.PERSON
    lane: str = ""
    village_code: str = ""
    resident_count: int | None = None
    sex: str = ""
    born_on: date | None = None
    id_number: str = ""
    phone: str = ""
    classes: Sequence[str] = ()
    guardian: str = ""
    joined_on: date | None = None


def age_on(born_on: date, on: date) -> int:
    """Full years lived on a day."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def is_minor(born_on: date | None, on: date) -> bool:
    return born_on is not None and age_on(born_on, on) < ADULT_AGE


def minors_after(born_on: date | None, at: datetime) -> date | None:
    """For a grown-up, the day after which everyone is born who is a minor at that instant; None for somebody who is one."""
    on = clock.local_date(at)
    if is_minor(born_on, on):
        return None
    is_leap_day = (on.month, on.day) == (2, 29)
    return date(on.year - ADULT_AGE, on.month, 28 if is_leap_day else on.day)


def grown_up_on(born_on: date) -> date:
    """The first day of being grown up; for the 29th of February that is the 1st of March."""
    try:
        return born_on.replace(year=born_on.year + ADULT_AGE)
    except ValueError:
        return date(born_on.year + ADULT_AGE, 3, 1)


def plain(text: str) -> str:
    """Digits and Latin letters in their plain forms, no blanks around."""
    return unicodedata.normalize("NFKC", str(text)).strip()


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LM" or 0x20000 <= ord(sign) <= 0x323AF


def clean_name(name: str, kind: str = DepositorKind.PERSON, field: str = "name") -> str:
    """A name in one normal form. Rare characters are welcome; control, direction and invisible ones are not."""
    text = unicodedata.normalize("NFC", str(name)).strip()
    most = PERSON_NAME_MAX if kind == DepositorKind.PERSON else NAME_MAX
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for sign in text):
        raise WrongName(field=field, most=most)
    text = re.sub(r"\s+", " ", text)
    if " " in text and all(ord(sign) >= 0x3400 for sign in text if sign != " "):
        text = text.replace(" ", "")
    if kind == DepositorKind.PERSON:
        text = re.sub(r"[•‧・．]", "·", text)
        if not all(_is_letter(sign) or sign in " ·-'’" for sign in text) or not any(map(_is_letter, text)):
            raise WrongName(field=field, most=most)
    if not 1 <= len(text) <= most or not any(_is_letter(sign) for sign in text):
        raise WrongName(field=field, most=most)
    return text


def clean_id_number(text: str) -> str:
    """A resident ID number after GB 11643: eighteen signs, a possible birth date, the right last sign. Empty stays empty."""
    number = plain(text).upper().replace(" ", "")
    if not number:
        return ""
    if re.fullmatch(r"\d{15}", number):
        raise OldIdNumber
    if not re.fullmatch(r"\d{17}[\dX]", number):
        raise WrongIdNumber
    try:
        ric.get_birth_date(number)
    except ValidationError as error:
        raise WrongIdNumber from error
    if ric.calc_check_digit(number) != number[17]:
        raise WrongIdNumber
    return number


def clean_phone(text: str) -> str:
    """A mobile number of eleven digits, or a landline with its area code, as digits only. Empty stays empty."""
    number = re.sub(r"[\s\-()]", "", plain(text))
    if not number:
        return ""
    number = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", number)
    if not MOBILE.fullmatch(number) and not LANDLINE.fullmatch(number):
        raise WrongPhone
    return number


def clean_number(text: str, field: str = "household_number") -> str:
    """A household number as the village writes it: up to 20 letters, digits and hyphens. Empty stays empty."""
    number = plain(text).upper()
    if number and not NUMBER.fullmatch(number):
        raise WrongInput(field=field, message=_("户号最多 20 位，用数字、字母和短横线。"))
    return number


def clean_words(text: str, field: str, most: int = 30) -> str:
    words = unicodedata.normalize("NFC", str(text)).strip()
    if len(words) > most or any(unicodedata.category(sign)[0] == "C" for sign in words):
        raise WrongInput(field=field, message=_("这一项太长，或有看不见的字符。"))
    return words


def clean_row(row: EnrolRow, on: date) -> EnrolRow:
    """The row in normal form, with birth date and sex filled in from the ID number. Refuses what can't be true on day `on`."""
    if row.kind not in DepositorKind.values:
        raise WrongInput(field="kind", message=_("储户种类要填个人、家庭、单位或集体。"))
    name = clean_name(row.name, row.kind)
    sex = SEXES.get(plain(row.sex).lower())
    if sex is None:
        raise WrongInput(field="sex", message=_("性别填男或女。"))
    id_number, born_on = clean_id_number(row.id_number), row.born_on
    if id_number:
        from_number = ric.get_birth_date(id_number)
        if born_on is not None and born_on != from_number:
            raise WrongBirthDate
        born_on = from_number
        sex = sex or (Sex.MALE if int(id_number[16]) % 2 else Sex.FEMALE)
    if born_on is not None and not OLDEST <= born_on <= on:
        raise WrongBirthDate
    unknown = [name for name in row.classes if name not in IdentityClass.values]
    if unknown:
        raise WrongInput(field="classes", message=_("没有这种身份：{unknown}"), unknown=_("、").join(unknown))
    joined_on = row.joined_on or on
    if not OLDEST <= joined_on <= on:
        raise WrongInput(field="joined_on", message=_("开户日期不能晚于今天。"))
    if row.resident_count is not None and not 1 <= row.resident_count <= 99:
        raise WrongInput(field="resident_count", message=_("家里人口填 1 到 99。"))
    guardian = clean_name(row.guardian, field="guardian") if row.guardian.strip() else ""
    if row.kind == DepositorKind.PERSON and born_on is not None and age_on(born_on, on) < GUARDIAN_AGE and not guardian:
        raise GuardianConsentMissing
    return replace(
        row,
        household_number=clean_number(row.household_number),
        name=name,
        lane=clean_words(row.lane, "lane"),
        sex=sex,
        born_on=born_on,
        id_number=id_number,
        phone=clean_phone(row.phone),
        classes=tuple(dict.fromkeys(row.classes)),
        guardian=guardian,
        joined_on=joined_on,
    )

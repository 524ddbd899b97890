"""Properties of names, numbers and the vault."""

from __future__ import annotations

import string
from datetime import date

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from wenming.core import vault
from wenming.core.errors import Refusal
from wenming.domain.depositors import facts, pinyin, queries
from wenming.domain.identity import queries as identity

DAYS = st.dates(date(1900, 1, 1), date(2026, 3, 12))
HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=30)


@given(HAN)
def test_han_names_are_kept_as_they_are(name: str) -> None:
    assert facts.clean_name(name) == name


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_is_refused_with_its_field(text: str) -> None:
    try:
        name = facts.clean_name(text)
    except Refusal as refusal:
        assert refusal.field == "name" and refusal.words
    else:
        assert 1 <= len(name) <= facts.PERSON_NAME_MAX and facts.clean_name(name) == name and name.isprintable()


@given(
    HAN,
    st.sampled_from(["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\x00", "\x7f", "\u2028", "\ue000"]),
    st.integers(0, 29),
)
def test_what_can_not_be_seen_is_refused(name: str, sign: str, place: int) -> None:
    place = 1 + place % max(len(name) - 1, 1)
    with pytest.raises(facts.WrongName):
        facts.clean_name(name[:place] + sign + name[place:] + "人")


@given(DAYS, st.integers(0, 999))
def test_id_numbers_stand_only_with_their_check_sign(born_on: date, serial: int) -> None:
    body = f"110105{born_on:%Y%m%d}{serial:03d}"
    right = ric.calc_check_digit(body + "0")
    assert facts.clean_id_number((body + right).lower()) == body + right
    row = facts.clean_row(facts.EnrolRow(name="王伟", id_number=body + right, guardian="王大"), date(2026, 3, 12))
    assert row.born_on == born_on and row.sex == ("m" if serial % 2 else "f")
    for wrong in "0123456789X":
        if wrong != right:
            with pytest.raises(facts.WrongIdNumber):
                facts.clean_id_number(body + wrong)


@given(st.text(string.digits + "+-() X", max_size=20))
def test_phones_are_digits_or_refused(text: str) -> None:
    try:
        phone = facts.clean_phone(text)
    except facts.WrongPhone:
        return
    assert phone == "" or (phone.isdigit() and 10 <= len(phone) <= 12 and facts.clean_phone(phone) == phone)


@given(DAYS, DAYS)
def test_ages_change_on_birthdays(born_on: date, on: date) -> None:
    age = facts.age_on(born_on, on)
    birthday = (on.month, on.day) >= (born_on.month, born_on.day)
    assert age == on.year - born_on.year - (0 if birthday else 1)
    if on >= born_on:
        assert age >= 0


@given(HAN)
def test_pinyin_is_plain_letters_and_initials_its_first_ones(name: str) -> None:
    full, initials = pinyin.of_name(name)
    assert full.isascii() and initials.isascii() and len(initials) <= len(full)
    assert full == full.lower() and " " not in full


@given(HAN, st.one_of(st.none(), DAYS))
def test_the_wall_never_shows_a_whole_name(name: str, born_on: date | None) -> None:
    shown = queries.public_name(name=name, kind="person", born_on=born_on, on=date(2026, 3, 12))
    assert shown == "未成年人" or ("*" in shown and name not in shown and len(shown) <= 4), shown


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_searches_by_a_beginning_are_a_range(start: str, rest: str) -> None:
    assert start.encode() <= (start + rest).encode() < queries._beyond(start).encode()


@given(st.text(string.ascii_letters + string.digits, min_size=1, max_size=12))
def test_log_in_names_are_one_however_they_are_written(name: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    assert identity.plain_name(f" {'-'.join(name)} ") == identity.plain_name(name) == identity.plain_name(wide.upper())


@settings(max_examples=30)
@given(st.text(max_size=40), st.sampled_from(["phone", "id_number"]))
def test_the_vault_gives_back_what_was_put_in_and_nothing_else(text: str, field: str) -> None:
    key, other = vault.new_key(), vault.new_key()
    sealed = vault.encrypt(key, field, text)
    assert vault.decrypt(key, field, sealed) == text
    for wrong_key, wrong_field in ((other, field), (key, field + "x")):
        with pytest.raises(InvalidTag):
            vault.decrypt(wrong_key, wrong_field, sealed)
    assert vault.digest(field, text) == vault.digest(field, text) != vault.digest(field + "x", text)

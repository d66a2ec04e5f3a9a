"""Identifiers: the published vectors hold, every single wrong digit is seen, and no error repeats what was given."""

import string
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.law.identifiers import (
    BadIdentifier,
    Wrong,
    check_credit_code,
    check_id_number,
    check_organisation_code,
    holds_id_number,
    make_credit_code,
    make_id_number,
    make_organisation_code,
    parse_credit_code,
    parse_id_number,
)

ID_NUMBERS = ("330102199003070019", "330212198512310029", "33010619950520000X", "331127196610104043")
CREDIT_CODES = ("91330100MA0TEXT128", "11330106TEXT00033F", "N2330106MF0TEXT10J")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATIONS = st.text(ALPHABET, min_size=8, max_size=8)
DIVISIONS = st.sampled_from(("330113", "330114", "330103", "330204", "330203"))

CHECKS = (check_id_number, check_credit_code, check_organisation_code)


def _refusal(check: Callable[[str], str], text: str) -> BadIdentifier | None:
    try:
        check(text)
    except BadIdentifier as refused:
        return refused
    return None


@pytest.mark.parametrize("number", ID_NUMBERS)
def test_valid_id_numbers_pass_also_in_lower_case(number: str) -> None:
    assert check_id_number(number) == check_id_number(number.lower()) == number


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_valid_credit_codes_pass_also_in_lower_case(code: str) -> None:
    assert check_credit_code(code) == check_credit_code(code.lower()) == code
    assert check_organisation_code(code[8:17]) == code[8:17]


def test_an_id_number_tells_birth_sex_and_division() -> None:
    read = parse_id_number("330102199003070019")
    assert (read.division, read.born, read.male) == ("330102", date(1990, 3, 7), True)
    assert not parse_id_number("330212198512310029").male


def test_a_credit_code_tells_registrar_division_and_organisation() -> None:
    read = parse_credit_code("N2330106MF0TEXT10J")
    assert (read.registrar, read.division, read.organisation) == ("N2", "330106", "MF0TEXT10")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("33010219900307001", Wrong.FORM),
        ("3301021990030700190", Wrong.FORM),
        ("33010219900307001A", Wrong.FORM),
        ("330102199003070019\n", Wrong.FORM),
        ("３３０１０２１９９００３０７００１９", Wrong.FORM),
        ("", Wrong.FORM),
        ("330102199002300019", Wrong.DATE),
        ("330102000003070019", Wrong.DATE),
        ("330102199013070019", Wrong.DATE),
        ("330102199003070018", Wrong.CHECK),
    ],
)
def test_a_bad_id_number_is_refused_with_what_is_wrong(text: str, wrong: Wrong) -> None:
    with pytest.raises(BadIdentifier) as refused:
        check_id_number(text)
    assert refused.value.wrong is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("91330100MA0TEXT12", Wrong.FORM),
        ("9133010IMA0TEXT128", Wrong.FORM),
        ("91330100MA0TEST128", Wrong.FORM),
        ("91330100MA0TEXT129", Wrong.CHECK),
        ("91330100MA0TEXT138", Wrong.CHECK),
    ],
)
def test_a_bad_credit_code_is_refused_with_what_is_wrong(text: str, wrong: Wrong) -> None:
    with pytest.raises(BadIdentifier) as refused:
        check_credit_code(text)
    assert refused.value.wrong is wrong


@given(DIVISIONS, st.dates(date(1900, 1, 1), date(2026, 12, 31)), st.integers(0, 999))
def test_made_id_numbers_are_valid_whenever_their_county_was_founded(
    division: str, born: date, sequence: int
) -> None:
    read = parse_id_number(make_id_number(division, born, sequence))
    assert (read.division, read.born, read.male) == (division, born, sequence % 2 == 1)


@given(st.sampled_from(("91", "11", "A1", "N2", "Y1")), DIVISIONS, ORGANISATIONS)
def test_made_credit_codes_are_valid(registrar: str, division: str, organisation: str) -> None:
    read = parse_credit_code(make_credit_code(registrar, division, organisation))
    assert read.organisation == make_organisation_code(organisation)


@given(st.sampled_from(ID_NUMBERS), st.integers(0, 16), st.sampled_from(string.digits))
def test_one_wrong_digit_of_an_id_number_is_always_seen(number: str, place: int, digit: str) -> None:
    spoilt = number[:place] + digit + number[place + 1 :]
    if spoilt != number:
        with pytest.raises(BadIdentifier):
            check_id_number(spoilt)


@given(st.sampled_from(CREDIT_CODES), st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_wrong_character_of_a_credit_code_is_always_seen(code: str, place: int, character: str) -> None:
    spoilt = code[:place] + character + code[place + 1 :]
    if spoilt != code:
        with pytest.raises(BadIdentifier):
            check_credit_code(spoilt)


@given(st.text(st.sampled_from(ALPHABET + "ISOVZ -x"), min_size=7, max_size=20))
def test_no_refusal_repeats_what_was_given(text: str) -> None:
    refusals = [refused for check in CHECKS if (refused := _refusal(check, text)) is not None]
    assert not any(text in str(refused) or refused.__context__ for refused in refusals)


def test_a_date_that_is_refused_carries_no_error_that_quotes_its_digits() -> None:
    with pytest.raises(BadIdentifier) as refused:
        check_id_number("330102199002300019")
    assert refused.value.__context__ is None


def test_what_was_read_keeps_the_number_out_of_its_printed_form() -> None:
    assert "19900307" not in repr(parse_id_number(ID_NUMBERS[0]))


@pytest.mark.parametrize("number", ID_NUMBERS)
def test_an_id_number_is_found_in_a_text_and_a_longer_number_is_none(number: str) -> None:
    wide = "".join(chr(ord(one) + 0xFEE0) for one in number)
    for text in (number, f"id{number}", f"核验{number.lower()}任职", f"a.eq.{number},b.eq.1", f"«{wide}»"):
        assert holds_id_number(text)
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    for text in ("", wrong, f"1{number}", number[:-1], *CREDIT_CODES):
        assert not holds_id_number(text)


#: Blanks, hyphens and characters that nobody sees, each as it is typed in either width.
_BETWEEN = (
    "",
    " ",
    "-",
    "\u3000",
    "\uff0d",
    "\u00a0",
    "\u2011",
    "\u2013",
    "\u200b",
    "\u00ad",
    "\u2060 \ufeff",
    "\u200b\u200d",
)
_numbers = st.builds(
    make_id_number,
    st.sampled_from(["330203", "110101"]),
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.integers(0, 999),
)


@given(
    _numbers,
    st.lists(st.sampled_from(_BETWEEN), min_size=17, max_size=17),
    st.booleans(),
    st.sampled_from(["", "核验", "3 ", "3\u200b", "2026-", "a."]),
    st.sampled_from(["", "任职", " 4", "\u200b4", "-2026", ".b"]),
)
def test_an_id_number_is_found_whatever_is_typed_between_its_digits(
    number: str, between: list[str], wide: bool, front: str, back: str
) -> None:
    typed = "".join(chr(ord(one) + 0xFEE0) for one in number) if wide else number
    written = "".join(one + gap for one, gap in zip(typed, [*between, ""], strict=True))
    assert holds_id_number(front + written + back)


@given(st.text(st.sampled_from("0123456789X -\u200b\u3000,年"), max_size=60))
def test_what_is_found_is_always_an_id_number_that_can_be_read_off(text: str) -> None:
    digits = "".join(one for one in text if one in "0123456789X")
    parts = (digits[begin : begin + 18] for begin in range(len(digits)))
    if not any(_refusal(check_id_number, one) is None for one in parts):
        assert not holds_id_number(text)


@pytest.mark.parametrize("number", ID_NUMBERS)
def test_numbers_beside_each_other_are_none(number: str) -> None:
    apart = (", ", "  ", " - ", "\n", "年", "/", ".")
    for text in (*(f"{number[:6]}{gap}{number[6:]}" for gap in apart), f"{number[:17]} 1{number[17:]}"):
        assert not holds_id_number(text)


@pytest.mark.parametrize("text", ["574871-8800-0515-1118", "0574-87180002 2026-05"])
def test_figures_of_no_division_and_of_no_year_of_today_are_no_id_number(text: str) -> None:
    assert parse_id_number("".join(one for one in text if one in string.digits)), "its check digit is right"
    assert not holds_id_number(text)


def test_a_word_after_seventeen_digits_is_no_check_character() -> None:
    [ends_in_x] = [one for one in ID_NUMBERS if one.endswith("X")][:1]
    assert holds_id_number(f"{ends_in_x[:17]} X")
    assert holds_id_number(f"{ends_in_x[:17]} x核验")
    assert not holds_id_number(f"{ends_in_x[:17]} Xiangshan")

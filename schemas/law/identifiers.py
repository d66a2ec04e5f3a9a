"""Resident ID numbers, credit codes and organisation codes: checked, read, and made up for synthetic data.

The check digits are python-stdnum's. Its `validate` is not used: it raises KeyError for two districts of Hangzhou,
refuses persons older than their county's code, and refuses credit codes that begin with A, N or Y.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from stdnum.cn import ric, uscc

_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
#: What may stand between two figures of a number and leaves it one to whoever reads: a blank or a hyphen, with what
#: nobody sees. Such characters are one zero-width space each time by then.
_UNSEEN, _BETWEEN = "\u200b", "\u200b?[ \u2010-\u2015\u2212-]?\u200b?"
#: Its figures before the last: no division begins with 0, and nobody was born before 1800 or after 2199.
_FIGURES = ("[1-9]", *["[0-9]"] * 5, "[12]", "[0189]", *["[0-9]"] * 9)
#: Where a number may stand in a text: not in a longer one, though beside one. Each place is tried, also within another.
_IN_TEXT = re.compile(
    f"(?<![0-9])(?=({_BETWEEN.join(_FIGURES)}(?:{_BETWEEN}[0-9](?![0-9])|[Xx]|{_BETWEEN}[Xx](?![0-9A-Za-z]))))"
)
_APART = re.compile("[^0-9Xx]+")
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ORGANISATION = re.compile(r"[0-9A-Z]{8}[0-9X]")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Wrong(StrEnum):
    """What can be wrong with an identifier."""

    FORM = "form"
    DATE = "date"
    CHECK = "check"


class BadIdentifier(ValueError):
    """The text is not such an identifier; says what is wrong (`wrong`, and in words), never what was given."""

    def __init__(self, wrong: Wrong, text: str) -> None:
        super().__init__(text)
        self.wrong = wrong


@dataclass(frozen=True, slots=True, repr=False)
class IdNumber:
    """A resident ID number read; `division` is where it was first given out, and may have ended long ago."""

    text: str
    division: str
    born: date
    male: bool


@dataclass(frozen=True, slots=True, repr=False)
class CreditCode:
    """A credit code read: who registered it (2 characters), where (a division), and the organisation code in it."""

    text: str
    registrar: str
    division: str
    organisation: str


def parse_id_number(text: str) -> IdNumber:
    """A resident ID number (GB 11643); raises BadIdentifier."""
    number = text.upper()
    if not _ID_NUMBER.fullmatch(number):
        raise BadIdentifier(Wrong.FORM, "an ID number has 17 digits and a check character")
    born = birth_date(number)
    if ric.calc_check_digit(number) != number[-1]:
        raise BadIdentifier(Wrong.CHECK, "the check character of the ID number is wrong")
    return IdNumber(number, number[:6], born, male=int(number[16]) % 2 == 1)


def check_id_number(text: str) -> str:
    """A resident ID number in capitals; raises BadIdentifier."""
    return parse_id_number(text).text


def holds_id_number(text: str) -> bool:
    """Whether a valid ID number stands in a text, also in the wide figures of Chinese typing, with single blanks or
    hyphens between its figures, or with characters that nobody sees."""
    return any(_is_id_number(_APART.sub("", one)) for one in _IN_TEXT.findall(_plain(text)))


def birth_date(id_number: str) -> date:
    """The date of birth that an ID number holds; raises BadIdentifier."""
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        pass  # raised anew outside, so that Python's own error, which may quote the digits, is not carried along
    raise BadIdentifier(Wrong.DATE, "the ID number holds no real date of birth")


def parse_credit_code(text: str) -> CreditCode:
    """A unified social credit code (GB 32100); raises BadIdentifier."""
    code = text.upper()
    if not _CREDIT_CODE.fullmatch(code):
        raise BadIdentifier(
            Wrong.FORM,
            "a credit code has 18 characters: 2, a 6-digit division, 9 of the organisation, a check",
        )
    organisation = check_organisation_code(code[8:17])
    if uscc.calc_check_digit(code[:17]) != code[17]:
        raise BadIdentifier(Wrong.CHECK, "the check character of the credit code is wrong")
    return CreditCode(code, code[:2], code[2:8], organisation)


def check_credit_code(text: str) -> str:
    """A unified social credit code in capitals; raises BadIdentifier."""
    return parse_credit_code(text).text


def check_organisation_code(text: str) -> str:
    """An organisation code (GB 11714) in capitals; raises BadIdentifier."""
    code = text.upper()
    if not _ORGANISATION.fullmatch(code):
        raise BadIdentifier(Wrong.FORM, "an organisation code has 8 characters and a check character")
    if _organisation_check(code[:8]) != code[8]:
        raise BadIdentifier(Wrong.CHECK, "the check character of the organisation code is wrong")
    return code


def make_id_number(division: str, born: date, sequence: int) -> str:
    """A valid ID number for synthetic data; `sequence` 0–999, odd for male."""
    front = f"{division}{born:%Y%m%d}{sequence:03d}"
    return front + ric.calc_check_digit(front + "0")


def make_organisation_code(eight: str) -> str:
    """A valid organisation code for synthetic data, from its first 8 characters."""
    return eight + _organisation_check(eight)


def make_credit_code(registrar: str, division: str, organisation: str) -> str:
    """A valid credit code for synthetic data: 2 characters, a division, 8 characters of an organisation code."""
    front = registrar + division + make_organisation_code(organisation)
    return front + uscc.calc_check_digit(front)


def _plain(text: str) -> str:
    """The text in narrow figures, with one zero-width space wherever there is something that nobody sees."""
    narrow = unicodedata.normalize("NFKC", text)
    seen = (_UNSEEN if unicodedata.category(one) == "Cf" else one for one in narrow)
    return re.sub(f"{_UNSEEN}+", _UNSEEN, "".join(seen))


def _is_id_number(text: str) -> bool:
    try:
        parse_id_number(text)
    except BadIdentifier:
        return False
    return True


def _organisation_check(eight: str) -> str:
    total = sum(
        _ALPHABET.index(char) * weight for char, weight in zip(eight, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]

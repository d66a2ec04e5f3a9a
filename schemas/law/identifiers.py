"""Resident ID numbers and unified social credit codes: checked, and made for synthetic data; used by contracts.

The check digits are python-stdnum's. Its `validate` is not used: it raises KeyError for two districts of Hangzhou,
refuses persons older than their county's code, and refuses credit codes that begin with A, N or Y.
"""

import re
from datetime import date

from stdnum.cn import ric, uscc

_ID_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_ORGANISATION = re.compile(r"[0-9A-Z]{8}[0-9X]", re.ASCII)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class BadIdentifier(ValueError):
    """The text is not such an identifier; says what is wrong, never what was given."""


def check_id_number(text: str) -> str:
    """A resident ID number (GB 11643) as it was given, in capitals; raises BadIdentifier."""
    number = text.upper()
    if not _ID_NUMBER.fullmatch(number):
        raise BadIdentifier("an ID number has 17 digits and a check character")
    birth_date(number)
    if ric.calc_check_digit(number) != number[-1]:
        raise BadIdentifier("the check character of the ID number is wrong")
    return number


def birth_date(id_number: str) -> date:
    """The date of birth that an ID number holds; raises BadIdentifier."""
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError as fault:
        raise BadIdentifier("the ID number holds no real date of birth") from fault


def check_credit_code(text: str) -> str:
    """A unified social credit code (GB 32100) in capitals; raises BadIdentifier."""
    code = text.upper()
    if not _CREDIT_CODE.fullmatch(code):
        raise BadIdentifier("a credit code has 18 characters: 2, a 6-digit division, 9 of the organisation, a check")
    check_organisation_code(code[8:17])
    if uscc.calc_check_digit(code[:17]) != code[17]:
        raise BadIdentifier("the check character of the credit code is wrong")
    return code


def check_organisation_code(text: str) -> str:
    """An organisation code (GB 11714) in capitals; raises BadIdentifier."""
    code = text.upper()
    if not _ORGANISATION.fullmatch(code):
        raise BadIdentifier("an organisation code has 8 characters and a check character")
    if _organisation_check(code[:8]) != code[8]:
        raise BadIdentifier("the check character of the organisation code is wrong")
    return code


def make_id_number(division: str, born: date, sequence: int) -> str:
    """A valid ID number for synthetic data; `sequence` 0–999, odd for male."""
    front = f"{division}{born:%Y%m%d}{sequence:03d}"
    return front + ric.calc_check_digit(front + "0")


def make_credit_code(registrar: str, division: str, organisation: str) -> str:
    """A valid credit code for synthetic data: 2 characters, a division, 8 characters of an organisation code."""
    front = registrar + division + organisation + _organisation_check(organisation)
    return front + uscc.calc_check_digit(front)


def _organisation_check(eight: str) -> str:
    total = sum(_ALPHABET.index(char) * weight for char, weight in zip(eight, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]

"""Persons and enterprises by number, the same on every machine; departments' seeders build their rows from them.

Department seeders are strangers to each other: that the market regulator's enterprise 7 and the tax office's
taxpayer 7 bear one credit code follows from this module alone.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.law import identifiers
from services.engine.synthetic import names

#: The day that synthetic histories end on; fixed so that every run gives the same rows.
TODAY = date(2026, 6, 30)

_HOUSEHOLD = 3
_BIRTH_DAYS = 20_000
#: Coprime to _BIRTH_DAYS: birth dates look scattered, and no two residents share date and sequence number.
_DAY_STEP = 7_919


@dataclass(frozen=True, slots=True)
class Size:
    """How many enterprises and residents there are."""

    enterprises: int = 2_000
    residents: int = 5_000

    def scaled(self, factor: float) -> "Size":
        """The same proportions, at least one household and one enterprise."""
        return Size(max(1, round(self.enterprises * factor)), max(_HOUSEHOLD, round(self.residents * factor)))


@dataclass(frozen=True, slots=True)
class Person:
    """One resident; `sex` is `male` or `female`, `household` the number of the household."""

    number: int
    id_number: str
    name: str
    sex: str
    born: date
    division: str
    address: str
    mobile: str
    household: int


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One enterprise; `representative` is the number of a person, `capital` in yuan."""

    number: int
    credit_code: str
    name: str
    division: str
    address: str
    established: date
    trade_code: str
    trade: str
    representative: int
    capital: int
    employees: int


def dice(*parts: object) -> random.Random:
    """Chance that depends on `parts` alone, so that one seeder's draws never move another's."""
    return random.Random(":".join(map(str, parts)))


def person(number: int) -> Person:
    """The resident of that number (from 0)."""
    chance = dice("person", number)
    sex = "male" if number % 2 == 0 else "female"
    household = number // _HOUSEHOLD
    division, county = names.COUNTIES[household % len(names.COUNTIES)]
    born = date(1950, 1, 1) + timedelta(days=number * _DAY_STEP % _BIRTH_DAYS)
    sequence = 2 * (number // _BIRTH_DAYS) + (sex == "male")
    given = names.GIVEN_MALE if sex == "male" else names.GIVEN_FEMALE
    return Person(
        number=number,
        id_number=identifiers.make_id_number(division, born, sequence),
        name=chance.choice(names.SURNAMES) + "".join(chance.choices(given, k=chance.randint(1, 2))),
        sex=sex,
        born=born,
        division=division,
        address=_address(county, household),
        mobile=f"1{chance.choice('3578')}{number % 10**9:09d}",
        household=household,
    )


def enterprise(number: int, size: Size) -> Enterprise:
    """The enterprise of that number (0 to 999,999); its representative is one of the residents."""
    chance = dice("enterprise", number)
    division, county = names.COUNTIES[number % len(names.COUNTIES)]
    trade_code, trade, ending = names.TRADES[number % len(names.TRADES)]
    shop = names.SHOP_WORDS[number // len(names.TRADES) % len(names.SHOP_WORDS)]
    organisation = f"MA{number:06d}"
    return Enterprise(
        number=number,
        credit_code=identifiers.make_credit_code("91", division, organisation),
        name=f"宁波{county}{shop}{number}号{ending}",
        division=division,
        address=_address(county, number),
        established=TODAY - timedelta(days=chance.randrange(200, 9_000)),
        trade_code=trade_code,
        trade=trade,
        representative=number * 7 % size.residents,
        capital=chance.choice((100_000, 500_000, 1_000_000, 5_000_000, 20_000_000)),
        employees=chance.randint(2, 400),
    )


def persons(size: Size) -> Iterator[Person]:
    """Every resident, in order."""
    return (person(number) for number in range(size.residents))


def enterprises(size: Size) -> Iterator[Enterprise]:
    """Every enterprise, in order."""
    return (enterprise(number, size) for number in range(size.enterprises))


def _address(county: str, number: int) -> str:
    road = names.ROADS[number % len(names.ROADS)]
    return f"浙江省宁波市{county}{road}{number % 997 + 1}号"

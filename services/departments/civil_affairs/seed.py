"""Synthetic rows of the civil affairs bureau's table; used by demo and tests."""

from collections.abc import Iterator
from datetime import timedelta

from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import NULL_MARK, Row, odd_date
from services.engine.synthetic.population import Person, Size, dice, person


def rows(size: Size) -> Iterator[Row]:
    """A marriage for about a third of the pairs of neighbours in number, who differ in sex."""
    for number in range(0, size.residents - 1, 2):
        if dice("marriage", number).random() < 0.35:
            yield "dw_nb_mz_hydjxx", _marriage(person(number), person(number + 1))


def _marriage(husband: Person, wife: Person) -> dict[str, Stored]:
    chance = dice("civil_affairs", husband.number)
    day = max(husband.born, wife.born) + timedelta(days=9_000 + chance.randrange(2_000))
    return {
        "djzh": f"J330200-{day.year}-{husband.number:06d}",
        "nfsfhm": husband.id_number,
        "nfxm": husband.name,
        "fnsfhm": wife.id_number,
        "fnxm": wife.name,
        "ywlb": chance.choices(("1", "2", "3"), weights=(85, 12, 3))[0],
        "djrq": odd_date(day),
        "djjg": "宁波市民政局婚姻登记处",
        "xzqh": husband.division,
        "bz": "当事人要求补办仪式" if chance.random() < 0.1 else NULL_MARK,
    }

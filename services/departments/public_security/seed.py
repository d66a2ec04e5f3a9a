"""Synthetic rows of the public security bureau's tables; used by demo and tests."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import NULL_MARK, Row, odd_date
from services.engine.synthetic.population import TODAY, Person, Size, dice, persons


def rows(size: Size) -> Iterator[Row]:
    """Every row of every table, resident by resident; a household stands with its first member."""
    seen: set[int] = set()
    for one in persons(size):
        if one.household not in seen:
            seen.add(one.household)
            yield "dw_nb_ga_hxx", _household(one)
        yield "dw_nb_ga_czrkxx", _resident(one)


def _resident(one: Person) -> dict[str, Stored]:
    chance = dice("public_security", one.number)
    moved = one.born + timedelta(days=chance.randrange(1, 7_000))
    return {
        "gmsfhm": one.id_number,
        "xm": one.name,
        "xb": "1" if one.sex == "male" else "2",
        "csrq": one.born,
        "mz": chance.choices(("汉族", "畲族", "回族"), weights=(97, 2, 1))[0],
        "hh": f"H{one.household:08d}",
        "zz": one.address,
        "xzqh": one.division,
        "hjzt": chance.choices(("10", "20", "30", "40"), weights=(94, 3, 2, 1))[0],
        "qrrq": odd_date(moved) if chance.random() < 0.5 else NULL_MARK,
        "lxdh": one.mobile,
        "gxsj": datetime.combine(
            TODAY - timedelta(days=chance.randrange(900)), time(chance.randrange(24), chance.randrange(60))
        ),
    }


def _household(head: Person) -> dict[str, Stored]:
    chance = dice("household", head.household)
    return {
        "hh": f"H{head.household:08d}",
        "hzsfhm": head.id_number,
        "hdz": head.address,
        "hlx": chance.choices(("1", "2"), weights=(95, 5))[0],
        "xzqh": head.division,
        "lhrq": odd_date(head.born + timedelta(days=9_000)),
    }

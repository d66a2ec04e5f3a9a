"""Synthetic rows of the natural resources bureau's table; used by demo and tests."""

from collections.abc import Iterator
from datetime import timedelta

from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import FOR_EVER, NULL_MARK, Row, odd_date
from services.engine.synthetic.population import TODAY, Person, Size, dice, persons


def rows(size: Size) -> Iterator[Row]:
    """A certificate or two for about two residents in five."""
    for owner in persons(size):
        chance = dice("property", owner.number)
        for turn in range(chance.choices((0, 1, 2), weights=(60, 33, 7))[0]):
            yield "dw_nb_zrzygh_bdcqzxx", _certificate(owner, turn)


def _certificate(owner: Person, turn: int) -> dict[str, Stored]:
    chance = dice("certificate", owner.number, turn)
    registered = TODAY - timedelta(days=chance.randrange(50, 6_000))
    area = chance.randrange(4_000, 22_000)
    return {
        "bdcqzh": f"浙（{registered.year}）宁波市不动产权第{owner.number:06d}{turn}号",
        "qlr": owner.name,
        "zjh": owner.id_number.lower(),
        "gyqk": chance.choices(("0", "1", "2"), weights=(60, 30, 10))[0],
        "zl": owner.address,
        "bdcdyh": f"{owner.division}001001GB{owner.number:05d}F{turn:04d}",
        "qllx": "国有建设用地使用权/房屋所有权",
        "qlxz": chance.choice(("出让/市场化商品房", "划拨/房改房")),
        "yt": "城镇住宅用地/住宅",
        "mj": chance.choice((f"{area / 100:.2f}", f"{area // 100}")),
        "syqx": odd_date(registered + timedelta(days=70 * 365)) if chance.random() < 0.9 else FOR_EVER,
        "djjg": "宁波市自然资源和规划局" if chance.random() < 0.95 else NULL_MARK,
        "djsj": odd_date(registered),
    }

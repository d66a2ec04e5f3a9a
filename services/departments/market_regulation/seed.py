"""Synthetic rows of the market regulator's tables, with the oddities found in such tables; used by demo and tests."""

from collections.abc import Iterator
from datetime import timedelta

from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import FOR_EVER, NO_DATE, NULL_MARK, Row, odd_date
from services.engine.synthetic.population import TODAY, Enterprise, Size, dice, enterprises, person

_STATES = {"1": 80, "01": 12, "2": 3, "02": 1, "3": 2, "4": 2}
_REASONS = ("未按规定公示年度报告", "通过登记的住所无法联系", "公示信息隐瞒真实情况")


def rows(size: Size) -> Iterator[Row]:
    """Every row of every table, enterprise by enterprise."""
    for one in enterprises(size):
        yield "dw_zj_scjdgl_scztxx", _enterprise(one)
        yield "dw_zj_scjdgl_fddbrxx", _representative(one)
        if one.number % 8 == 3:
            yield "dw_zj_scjdgl_fddbrxx", _foreign_manager(one)
        yield from (("dw_nb_scjdgl_xzxk", licence) for licence in _licences(one))
        yield from (("dw_zj_scjdgl_jyycmlxx", listing) for listing in _listings(one))


def _enterprise(one: Enterprise) -> dict[str, Stored]:
    chance = dice("market_regulation", one.number)
    representative = person(one.representative)
    for_ever = chance.random() < 0.6
    return {
        "main_identi_id": f"330200{one.number:010d}",
        "reg_org": f"宁波市市场监督管理局{one.division[-2:]}分局",
        "comp_type": chance.choice(("有限责任公司", "个人独资企业", "股份有限公司")),
        "reg_state": chance.choices(tuple(_STATES), weights=tuple(_STATES.values()))[0],
        "uni_social_crd_cd": one.credit_code.lower(),
        "comp_nm": one.name,
        "addr": one.address,
        "legal_repre": representative.name,
        "indv_code": one.trade_code,
        "indv_nm": one.trade,
        "reg_capt": f"{one.capital}" if chance.random() < 0.5 else f"{one.capital}.00",
        "capt_kind": chance.choices(("156", "840", "978"), weights=(96, 3, 1))[0],
        "opt_scop": f"许可项目：{one.trade}；一般项目：企业管理咨询。",
        "reg_no": f"3302{one.number:011d}",
        "appr_dt": odd_date(one.established + timedelta(days=3)) if chance.random() < 0.97 else NO_DATE,
        "est_dt": odd_date(one.established),
        "opt_from": odd_date(one.established),
        "opt_to": FOR_EVER if for_ever else odd_date(one.established + timedelta(days=20 * 365)),
        "domdi_strict": one.division,
        "pro_loc": one.address if chance.random() < 0.8 else NULL_MARK,
        "opt_strict": one.division if chance.random() < 0.9 else NULL_MARK,
        "postal_code": f"3150{one.number % 100:02d}" if chance.random() < 0.7 else NULL_MARK,
    }


def _representative(one: Enterprise) -> dict[str, Stored]:
    who = person(one.representative)
    return {
        "identi_no": f"{one.number:012d}",
        "personid": f"P{one.number:09d}",
        "lerep_sign": 1,
        "nm": who.name,
        "position_cn": "执行董事",
        "certype": "10",
        "cer_no": who.id_number,
        "country_cn": "中国",
        "mobtel": who.mobile,
        "email": NULL_MARK,
        "uni_social_crd_cd": one.credit_code.lower(),
        "comp_nm": one.name,
    }


def _foreign_manager(one: Enterprise) -> dict[str, Stored]:
    """A manager with a passport, of whom the register keeps neither telephone nor e-mail."""
    return {
        "identi_no": f"{one.number:012d}",
        "personid": f"M{one.number:09d}",
        "lerep_sign": 0,
        "nm": "测试·外籍经理",
        "position_cn": "经理",
        "certype": "414",
        "cer_no": f"E{one.number:08d}",
        "country_cn": NULL_MARK,
        "uni_social_crd_cd": one.credit_code.lower(),
        "comp_nm": one.name,
    }


def _licences(one: Enterprise) -> Iterator[dict[str, Stored]]:
    chance = dice("licences", one.number)
    for turn in range(chance.choice((0, 1, 1, 2))):
        begins = one.established + timedelta(days=30 + 400 * turn)
        yield {
            "lic_id": f"XK{one.number:08d}{turn}",
            "lic_no": f"JY1330{one.division[2:]}{one.number:06d}{turn}",
            "lic_nm": "食品经营许可证" if one.trade_code.startswith("62") else "特种设备使用登记",
            "lic_anth": "宁波市市场监督管理局",
            "lic_item": one.trade,
            "type": chance.choices(("1", "2", "3", "4"), weights=(90, 3, 2, 5))[0],
            "val_from": odd_date(begins),
            "val_to": FOR_EVER if chance.random() < 0.2 else odd_date(begins + timedelta(days=5 * 365)),
            "uni_social_crd_cd": one.credit_code.lower(),
        }


def _listings(one: Enterprise) -> Iterator[dict[str, Stored]]:
    chance = dice("listings", one.number)
    if chance.random() > 0.06:
        return
    listed = TODAY - timedelta(days=chance.randrange(30, 900))
    removed = chance.random() < 0.5
    yield {
        "busexclist_id": f"YC{one.number:08d}",
        "inclu_dt": odd_date(listed),
        "inclu_reason": chance.choice(_REASONS),
        "decorg_cn": "宁波市市场监督管理局",
        "remove_dt": odd_date(listed + timedelta(days=60)) if removed else NULL_MARK,
        "remexcpres_cn": "已补报年度报告" if removed else NULL_MARK,
        "redecorg_cn": "宁波市市场监督管理局" if removed else NULL_MARK,
        "uni_social_crd_cd": one.credit_code.lower(),
        "comp_nm": one.name,
    }

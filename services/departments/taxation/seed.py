"""Synthetic rows of the tax authority's tables, with the oddities found in such tables; used by demo and tests."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import FOR_EVER, NULL_MARK, Row, odd_date
from services.engine.synthetic.population import TODAY, Enterprise, Size, dice, enterprises

_TAXES = ("101", "102", "103", "104")


def rows(size: Size) -> Iterator[Row]:
    """Every row of every table, enterprise by enterprise; a few enterprises are not registered for tax."""
    for one in enterprises(size):
        if one.number % 50 == 49:
            continue
        yield "dw_nb_sw_nsrjcxx", _taxpayer(one)
        yield from (("dw_nb_sw_qsxx", owed) for owed in _arrears(one))
        yield from (("dw_nb_sw_nsxydjxx", rating) for rating in _ratings(one))


def _taxpayer(one: Enterprise) -> dict[str, Stored]:
    chance = dice("taxation", one.number)
    return {
        "uni_social_crd_cd": one.credit_code,
        "tax_payer_no": one.credit_code,
        "tax_reg_dt": odd_date(one.established + timedelta(days=15)),
        "tax_payer_state": chance.choices(("03", "05", "06", "07"), weights=(92, 3, 3, 2))[0],
        "comp_nm": one.name,
        "tax_office_no": f"133{one.division}01",
        "tax_office_nm": "第一税务所" if chance.random() < 0.95 else NULL_MARK,
        "tax_dept_no": f"133{one.division}00",
        "tax_dept_nm": "国家税务总局宁波市税务局",
    }


def _arrears(one: Enterprise) -> Iterator[dict[str, Stored]]:
    chance = dice("arrears", one.number)
    if chance.random() > 0.08:
        return
    for tax in chance.sample(_TAXES, k=chance.choice((1, 1, 2))):
        whole = chance.randrange(500, 900_000)
        yield {
            "tax_no": one.credit_code,
            "tax_nm": one.name,
            "opr_addr": one.address,
            "own_tax_type": tax,
            "cumu_own_amt": chance.choice((f"{whole}", f"{whole}.5", f"{whole}.05", f"{whole}.50")),
            "pub_dept": "国家税务总局宁波市税务局",
        }


def _ratings(one: Enterprise) -> Iterator[dict[str, Stored]]:
    chance = dice("ratings", one.number)
    for year in (2024, 2025):
        if year < one.established.year:
            continue
        day = date(year + 1, 4, 1) + timedelta(days=chance.randrange(40))
        last = day.year == TODAY.year
        yield {
            "uni_social_crd_cd": one.credit_code.lower() if chance.random() < 0.3 else one.credit_code,
            "tax_nm": one.name,
            "evalua_year": str(year),
            "tax_credit_level": chance.choices(("A", "B", "M", "C", "D"), weights=(30, 45, 15, 7, 3))[0],
            "evalua_dept": "国家税务总局宁波市税务局",
            "evalua_dt": odd_date(day),
            "evalua_result_start": odd_date(day),
            "evalua_result_end": FOR_EVER if last else odd_date(day + timedelta(days=365)),
            "evalua_score": Decimal(chance.randrange(400, 1000)) / 10 if chance.random() < 0.9 else None,
        }

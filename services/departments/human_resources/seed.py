"""Synthetic rows of the social security bureau's tables; used by demo and tests."""

from collections.abc import Iterator

from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import NULL_MARK, Row
from services.engine.synthetic.population import (
    Enterprise,
    Person,
    Size,
    dice,
    enterprise,
    enterprises,
    persons,
)

_MONTHS = ("202604", "202605", "202606")
_KINDS = ("110", "310")


def rows(size: Size) -> Iterator[Row]:
    """Head-counts of every enterprise for three months, then the enrolments of the residents who work."""
    for one in enterprises(size):
        yield from (("dw_nb_rlsb_qysbcbrsxx", _headcount(one, month)) for month in _MONTHS)
    for worker in persons(size):
        chance = dice("works", worker.number)
        if chance.random() < 0.6:
            employer = enterprise(chance.randrange(size.enterprises), size)
            yield from (("dw_nb_rlsb_sbjylyrycbxx", _enrolment(worker, employer, kind)) for kind in _KINDS)


def _headcount(one: Enterprise, month: str) -> dict[str, Stored]:
    chance = dice("headcount", one.number, month)
    return {
        "uni_social_crd_cd": one.credit_code,
        "corp_id": f"{one.number:010d}",
        "corp_nm": one.name,
        "rece_ym": month,
        "mon_insurd_prsons": max(1, one.employees + chance.randint(-3, 3)),
        "indv_class": one.trade,
        "econ_nature": "私营企业",
        "admin_region": one.division,
    }


def _enrolment(worker: Person, employer: Enterprise, kind: str) -> dict[str, Stored]:
    chance = dice("enrolment", worker.number, kind)
    return {
        "serial_num": f"{kind}{worker.number:010d}",
        "cert_no": worker.id_number,
        "nm": worker.name,
        "issue_type": kind,
        "issue_stat": chance.choices(("1", "2", "4"), weights=(90, 6, 4))[0],
        "corre_fee_period": _MONTHS[-1],
        "comp_nm": employer.name,
        "tax_reg_no": employer.credit_code.lower() if chance.random() < 0.95 else NULL_MARK,
        "unit_id": f"{employer.number:010d}",
        "admin_area": worker.division,
    }

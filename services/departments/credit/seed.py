"""Synthetic rows of the credit office's tables (penalties, judgment debtors); used by demo and tests."""

from collections.abc import Iterator
from datetime import timedelta

from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import FOR_EVER, NULL_MARK, Row, odd_date
from services.engine.synthetic.population import TODAY, Enterprise, Person, Size, dice, enterprises, persons

_VIOLATIONS = ("经营超过保质期的食品", "未按规定公示信息", "发布虚假广告", "安全生产管理不到位")


def rows(size: Size) -> Iterator[Row]:
    """Penalties and judgments of enterprises, then judgments of persons."""
    for one in enterprises(size):
        yield from (("dw_zj_fzgg_xzcfjdxx", penalty) for penalty in _penalties(one))
        if one.number % 97 == 5:
            yield (
                "dw_zj_fzgg_sxbzxrxx",
                _judgment(f"SXQ{one.number:08d}", one.name, NULL_MARK, one.credit_code.lower()),
            )
    for debtor in persons(size):
        if debtor.number % 83 == 11:
            yield "dw_zj_fzgg_sxbzxrxx", _of_person(debtor)


def _penalties(one: Enterprise) -> Iterator[dict[str, Stored]]:
    chance = dice("penalties", one.number)
    for turn in range(chance.choices((0, 1, 2), weights=(80, 15, 5))[0]):
        decided = TODAY - timedelta(days=chance.randrange(20, 1_500))
        violation = chance.choice(_VIOLATIONS)
        fine = chance.randrange(1, 400) * 500
        kind = chance.choices(("1", "2", "3"), weights=(30, 60, 10))[0]
        yield {
            "id": f"CF{one.number:08d}{turn}",
            "case_name": f"{one.name}{violation}案",
            "extend_1": violation,
            "punish_type": kind,
            "admin_punish_doc": f"甬市监处罚〔{decided.year}〕{one.number}{turn}号",
            "punish_content": "责令改正；警告" if kind == "1" else f"责令改正；罚款{fine}元",
            "law_basis": "食品安全法 第一百二十四条",
            "punish_money": NULL_MARK
            if kind == "1"
            else chance.choice((f"{fine}", f"{fine}.00", f"{fine}.5")),
            "illegality_money": f"{chance.randrange(100, 9_999)}" if kind == "3" else NULL_MARK,
            "punish_decide_tm": odd_date(decided),
            "public_deadline": FOR_EVER
            if chance.random() < 0.1
            else odd_date(decided + timedelta(days=1_095)),
            "cf_sjly": "宁波市市场监督管理局",
            "cf_xdr_mc": one.name,
            "cf_xdr_shxym": one.credit_code.lower() if turn else one.credit_code,
        }


def _of_person(debtor: Person) -> dict[str, Stored]:
    return _judgment(f"SXR{debtor.number:08d}", debtor.name, debtor.id_number.lower(), NULL_MARK)


def _judgment(number: str, name: str, id_number: str, credit_code: str) -> dict[str, Stored]:
    chance = dice("judgment", number)
    filed = TODAY - timedelta(days=chance.randrange(100, 2_000))
    published = filed + timedelta(days=60)
    return {
        "dishonest_id": number,
        "executed_nm": name,
        "identi_id": id_number,
        "uni_social_crd_cd": credit_code,
        "legal_repre": NULL_MARK,
        "executed_court": "宁波市鄞州区人民法院",
        "enforce_basis": f"（{filed.year}）浙0212民初{chance.randrange(1, 9_999)}号",
        "fil_dt": odd_date(filed),
        "case_no": f"（{filed.year}）浙0212执{chance.randrange(1, 9_999)}号",
        "effect_doc_obli": "支付货款及利息",
        "executed_perfor": chance.choice(("1", "2", "3")),
        "publish_dt": f"{published} {chance.randrange(8, 18):02d}:30:00",
    }

"""How the tax authority's tables show its contracts; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Amount, Coded, LooseDate, Text, Upper, Whole
from services.engine.mapping.model import Mapping

TAXPAYERS = table(
    "dw_nb_sw_nsrjcxx",
    key="uni_social_crd_cd",
    text="uni_social_crd_cd tax_payer_no tax_reg_dt tax_payer_state comp_nm tax_office_no tax_office_nm"
    " tax_dept_no tax_dept_nm",
)
ARREARS = table(
    "dw_nb_sw_qsxx",
    key="tax_no own_tax_type",
    text="tax_no tax_nm opr_addr own_tax_type cumu_own_amt pub_dept",
)
CREDIT_RATINGS = table(
    "dw_nb_sw_nsxydjxx",
    key="uni_social_crd_cd evalua_year",
    text="uni_social_crd_cd tax_nm evalua_year tax_credit_level evalua_dept evalua_dt evalua_result_start"
    " evalua_result_end",
    typed={"evalua_score": "numeric(5,1)"},
)

TAXPAYER_STATES = Coded({"03": "normal", "05": "suspended", "06": "abnormal", "07": "deregistered"})
TAXES = Coded({"101": "vat", "102": "income_tax", "103": "stamp_duty", "104": "land_use_tax"})
LEVELS = Coded({level: level for level in ("A", "B", "M", "C", "D")})

DAY = LooseDate(forever="9999-9-9")


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """Every contract of the tax authority over its table."""
    return (_taxpayers(catalogue), _arrears(catalogue), _credit_ratings(catalogue))


def _taxpayers(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("taxation.taxpayers"),
        TAXPAYERS,
        {
            "credit_code": ("uni_social_crd_cd", Upper()),
            "taxpayer_no": ("tax_payer_no", Upper()),
            "name": ("comp_nm", Text()),
            "status": ("tax_payer_state", TAXPAYER_STATES),
            "registered_on": ("tax_reg_dt", DAY),
            "office_no": ("tax_office_no", Text()),
            "office_name": ("tax_office_nm", Text()),
            "authority_no": ("tax_dept_no", Text()),
            "authority_name": ("tax_dept_nm", Text()),
        },
    )


def _arrears(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("taxation.arrears"),
        ARREARS,
        {
            "credit_code": ("tax_no", Upper()),
            "tax_type": ("own_tax_type", TAXES),
            "name": ("tax_nm", Text()),
            "operating_address": ("opr_addr", Text()),
            "balance": ("cumu_own_amt", Amount(2, text=True)),
            "published_by": ("pub_dept", Text()),
        },
    )


def _credit_ratings(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("taxation.credit_ratings"),
        CREDIT_RATINGS,
        {
            "credit_code": ("uni_social_crd_cd", Upper()),
            "year": ("evalua_year", Whole(text=True)),
            "name": ("tax_nm", Text()),
            "level": ("tax_credit_level", LEVELS),
            "rated_by": ("evalua_dept", Text()),
            "rated_on": ("evalua_dt", DAY),
            "valid_from": ("evalua_result_start", DAY),
            "valid_to": ("evalua_result_end", DAY),
            "score": ("evalua_score", Amount(1, text=False)),
        },
    )

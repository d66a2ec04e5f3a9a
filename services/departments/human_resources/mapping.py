"""How the social security bureau's tables show its contracts; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Coded, Text, Upper, Whole
from services.engine.mapping.model import Mapping

ENROLMENTS = table(
    "dw_nb_rlsb_sbjylyrycbxx",
    key="serial_num",
    text="serial_num cert_no nm issue_type issue_stat corre_fee_period comp_nm tax_reg_no unit_id admin_area",
    indexes=("cert_no", "tax_reg_no"),
)
HEADCOUNTS = table(
    "dw_nb_rlsb_qysbcbrsxx",
    key="uni_social_crd_cd rece_ym",
    text="uni_social_crd_cd corp_id corp_nm rece_ym indv_class econ_nature admin_region",
    typed={"mon_insurd_prsons": "bigint"},
)

INSURANCES = Coded(
    {"110": "pension", "310": "medical", "210": "unemployment", "410": "work_injury", "510": "maternity"}
)
ENROLMENT_STATES = Coded({"1": "active", "2": "paused", "4": "ended"})


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """Every contract of the social security bureau over its table."""
    return (_insurance_enrolments(catalogue), _employer_headcounts(catalogue))


def _insurance_enrolments(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("human_resources.insurance_enrolments"),
        ENROLMENTS,
        {
            "serial_no": ("serial_num", Text()),
            "id_number": ("cert_no", Upper()),
            "name": ("nm", Text()),
            "insurance": ("issue_type", INSURANCES),
            "status": ("issue_stat", ENROLMENT_STATES),
            "period": ("corre_fee_period", Text()),
            "employer_name": ("comp_nm", Text()),
            "employer_credit_code": ("tax_reg_no", Upper()),
            "unit_no": ("unit_id", Text()),
            "division": ("admin_area", Text()),
        },
    )


def _employer_headcounts(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("human_resources.employer_headcounts"),
        HEADCOUNTS,
        {
            "credit_code": ("uni_social_crd_cd", Upper()),
            "month": ("rece_ym", Text()),
            "name": ("corp_nm", Text()),
            "unit_no": ("corp_id", Text()),
            "headcount": ("mon_insurd_prsons", Whole(text=False)),
            "trade": ("indv_class", Text()),
            "economic_nature": ("econ_nature", Text()),
            "division": ("admin_region", Text()),
        },
    )

"""How the market regulator's tables show its contracts; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Amount, Coded, Flag, LooseDate, Text, Upper
from services.engine.mapping.model import Mapping

ENTERPRISES = table(
    "dw_zj_scjdgl_scztxx",
    key="uni_social_crd_cd",
    text="main_identi_id reg_org comp_type reg_state uni_social_crd_cd comp_nm addr legal_repre indv_code indv_nm"
    " reg_capt capt_kind opt_scop reg_no appr_dt est_dt opt_from opt_to domdi_strict pro_loc opt_strict postal_code",
)
REPRESENTATIVES = table(
    "dw_zj_scjdgl_fddbrxx",
    key="personid",
    text="identi_no personid nm position_cn certype cer_no country_cn mobtel email uni_social_crd_cd comp_nm",
    typed={"lerep_sign": "integer"},
    indexes=("uni_social_crd_cd", "cer_no"),
)
ABNORMAL_LISTINGS = table(
    "dw_zj_scjdgl_jyycmlxx",
    key="busexclist_id",
    text="busexclist_id inclu_dt inclu_reason decorg_cn remove_dt remexcpres_cn redecorg_cn uni_social_crd_cd comp_nm",
    indexes=("uni_social_crd_cd",),
)
LICENCES = table(
    "dw_nb_scjdgl_xzxk",
    key="lic_id",
    text="lic_id lic_no lic_nm lic_anth lic_item type val_from val_to uni_social_crd_cd",
    indexes=("uni_social_crd_cd",),
)

#: Two generations of the register's own program wrote one and two digits.
REGISTRATION_STATES = Coded(
    {
        "1": "operating",
        "01": "operating",
        "2": "suspended",
        "02": "suspended",
        "3": "revoked",
        "03": "revoked",
        "4": "deregistered",
        "04": "deregistered",
    }
)
#: GB/T 12406.
CURRENCIES = Coded({"156": "CNY", "840": "USD", "978": "EUR"})
#: GA/T 517.
DOCUMENTS = Coded({"10": "id_card", "414": "passport", "516": "permit"})
LICENCE_STATES = Coded({"1": "valid", "2": "suspended", "3": "revoked", "4": "expired"})
IN_FORCE = Flag(true=("1",), false=("2", "3", "4"))

DAY = LooseDate(forever="9999-9-9")


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """Every contract of the market regulator over its table."""
    return (
        _enterprises(catalogue),
        _legal_representatives(catalogue),
        _abnormal_listings(catalogue),
        _licences_v1(catalogue),
        _licences_v2(catalogue),
    )


def _enterprises(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("market_regulation.enterprises"),
        ENTERPRISES,
        {
            "credit_code": ("uni_social_crd_cd", Upper()),
            "name": ("comp_nm", Text()),
            "enterprise_type": ("comp_type", Text()),
            "status": ("reg_state", REGISTRATION_STATES),
            "address": ("addr", Text()),
            "division": ("domdi_strict", Text()),
            "business_address": ("pro_loc", Text()),
            "business_division": ("opt_strict", Text()),
            "legal_representative_name": ("legal_repre", Text()),
            "trade_code": ("indv_code", Text()),
            "trade": ("indv_nm", Text()),
            "registered_capital": ("reg_capt", Amount(2, text=True)),
            "currency": ("capt_kind", CURRENCIES),
            "scope": ("opt_scop", Text()),
            "registration_no": ("reg_no", Text()),
            "registering_authority": ("reg_org", Text()),
            "approved_on": ("appr_dt", DAY),
            "established_on": ("est_dt", DAY),
            "operates_from": ("opt_from", DAY),
            "operates_to": ("opt_to", DAY),
            "postal_code": ("postal_code", Text()),
        },
    )


def _legal_representatives(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("market_regulation.legal_representatives"),
        REPRESENTATIVES,
        {
            "person_id": ("personid", Text()),
            "credit_code": ("uni_social_crd_cd", Upper()),
            "enterprise_name": ("comp_nm", Text()),
            "is_legal_representative": ("lerep_sign", Flag(true=(1,), false=(0,))),
            "name": ("nm", Text()),
            "position": ("position_cn", Text()),
            "id_kind": ("certype", DOCUMENTS),
            "id_number": ("cer_no", Upper()),
            "nationality": ("country_cn", Text()),
            "mobile": ("mobtel", Text()),
            "email": ("email", Text()),
        },
    )


def _abnormal_listings(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("market_regulation.abnormal_listings"),
        ABNORMAL_LISTINGS,
        {
            "listing_id": ("busexclist_id", Text()),
            "credit_code": ("uni_social_crd_cd", Upper()),
            "enterprise_name": ("comp_nm", Text()),
            "listed_on": ("inclu_dt", DAY),
            "listed_because": ("inclu_reason", Text()),
            "listed_by": ("decorg_cn", Text()),
            "removed_on": ("remove_dt", DAY),
            "removed_because": ("remexcpres_cn", Text()),
            "removed_by": ("redecorg_cn", Text()),
        },
    )


def _licences_v1(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("market_regulation.licences", 1),
        LICENCES,
        {
            "licence_id": ("lic_id", Text()),
            "credit_code": ("uni_social_crd_cd", Upper()),
            "licence_no": ("lic_no", Text()),
            "name": ("lic_nm", Text()),
            "authority": ("lic_anth", Text()),
            "content": ("lic_item", Text()),
            "status": ("type", LICENCE_STATES),
            "valid_from": ("val_from", DAY),
            "valid_to": ("val_to", DAY),
        },
    )


def _licences_v2(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("market_regulation.licences", 2),
        LICENCES,
        {
            "licence_id": ("lic_id", Text()),
            "credit_code": ("uni_social_crd_cd", Upper()),
            "licence_no": ("lic_no", Text()),
            "licence_name": ("lic_nm", Text()),
            "authority": ("lic_anth", Text()),
            "content": ("lic_item", Text()),
            "valid_from": ("val_from", DAY),
            "valid_to": ("val_to", DAY),
            "in_force": ("type", IN_FORCE),
        },
    )

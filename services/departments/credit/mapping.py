"""How the credit office's tables show its contracts; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Amount, Coded, LooseDate, Text, TextTimestamp, Upper
from services.engine.mapping.model import Mapping

PENALTIES = table(
    "dw_zj_fzgg_xzcfjdxx",
    key="id",
    text="id case_name extend_1 punish_type admin_punish_doc punish_content law_basis punish_money illegality_money"
    " punish_decide_tm public_deadline cf_sjly cf_xdr_mc cf_xdr_shxym",
    indexes=("cf_xdr_shxym",),
)
JUDGMENT_DEBTORS = table(
    "dw_zj_fzgg_sxbzxrxx",
    key="dishonest_id",
    text="dishonest_id executed_nm identi_id uni_social_crd_cd legal_repre executed_court enforce_basis fil_dt"
    " case_no effect_doc_obli executed_perfor publish_dt",
    indexes=("identi_id", "uni_social_crd_cd"),
)

PENALTY_KINDS = Coded(
    {"1": "warning", "2": "fine", "3": "confiscation", "4": "suspension", "5": "revocation"}
)
PERFORMANCES = Coded({"1": "none", "2": "partial", "3": "full"})

DAY = LooseDate(forever="9999-9-9")


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """Every contract of the credit office over its table."""
    return (_penalties(catalogue), _judgment_debtors(catalogue))


def _penalties(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("credit.penalties"),
        PENALTIES,
        {
            "penalty_id": ("id", Text()),
            "credit_code": ("cf_xdr_shxym", Upper()),
            "party_name": ("cf_xdr_mc", Text()),
            "case_name": ("case_name", Text()),
            "violation": ("extend_1", Text()),
            "kind": ("punish_type", PENALTY_KINDS),
            "document_no": ("admin_punish_doc", Text()),
            "summary": ("punish_content", Text()),
            "legal_basis": ("law_basis", Text()),
            "fine": ("punish_money", Amount(2, text=True)),
            "confiscated": ("illegality_money", Amount(2, text=True)),
            "decided_on": ("punish_decide_tm", DAY),
            "public_until": ("public_deadline", DAY),
            "source_unit": ("cf_sjly", Text()),
        },
    )


def _judgment_debtors(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("credit.judgment_debtors"),
        JUDGMENT_DEBTORS,
        {
            "debtor_id": ("dishonest_id", Text()),
            "name": ("executed_nm", Text()),
            "id_number": ("identi_id", Upper()),
            "credit_code": ("uni_social_crd_cd", Upper()),
            "legal_representative_name": ("legal_repre", Text()),
            "court": ("executed_court", Text()),
            "basis_no": ("enforce_basis", Text()),
            "filed_on": ("fil_dt", DAY),
            "case_no": ("case_no", Text()),
            "obligation": ("effect_doc_obli", Text()),
            "performance": ("executed_perfor", PERFORMANCES),
            "published_at": ("publish_dt", TextTimestamp()),
        },
    )

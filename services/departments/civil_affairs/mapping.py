"""How the civil affairs bureau's table shows its contract; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Coded, LooseDate, Text, Upper
from services.engine.mapping.model import Mapping

MARRIAGES = table(
    "dw_nb_mz_hydjxx",
    key="djzh",
    text="djzh nfsfhm nfxm fnsfhm fnxm ywlb djrq djjg xzqh bz",
    indexes=("nfsfhm", "fnsfhm"),
)

KINDS = Coded({"1": "marriage", "2": "divorce", "3": "reissue"})


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """The contract of the civil affairs bureau over its table."""
    return (_marriages(catalogue),)


def _marriages(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("civil_affairs.marriages"),
        MARRIAGES,
        {
            "registration_no": ("djzh", Text()),
            "husband_id_number": ("nfsfhm", Upper()),
            "husband_name": ("nfxm", Text()),
            "wife_id_number": ("fnsfhm", Upper()),
            "wife_name": ("fnxm", Text()),
            "kind": ("ywlb", KINDS),
            "registered_on": ("djrq", LooseDate()),
            "authority": ("djjg", Text()),
            "division": ("xzqh", Text()),
            "registrar_note": ("bz", Text()),
        },
    )

"""How the natural resources bureau's table shows its contract; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Amount, Coded, LooseDate, Text, Upper
from services.engine.mapping.model import Mapping

CERTIFICATES = table(
    "dw_nb_zrzygh_bdcqzxx",
    key="bdcqzh",
    text="bdcqzh qlr zjh gyqk zl bdcdyh qllx qlxz yt mj syqx djjg djsj",
    indexes=("zjh",),
)

OWNERSHIPS = Coded({"0": "sole", "1": "joint", "2": "shared"})

DAY = LooseDate(forever="9999-9-9")


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """The contract of the natural resources bureau over its table."""
    return (_property_certificates(catalogue),)


def _property_certificates(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("natural_resources.property_certificates"),
        CERTIFICATES,
        {
            "certificate_no": ("bdcqzh", Text()),
            "owner_name": ("qlr", Text()),
            "owner_id_number": ("zjh", Upper()),
            "ownership": ("gyqk", OWNERSHIPS),
            "location": ("zl", Text()),
            "unit_no": ("bdcdyh", Text()),
            "right_kind": ("qllx", Text()),
            "right_nature": ("qlxz", Text()),
            "use": ("yt", Text()),
            "area": ("mj", Amount(2, text=True)),
            "use_until": ("syqx", DAY),
            "authority": ("djjg", Text()),
            "registered_on": ("djsj", DAY),
        },
    )

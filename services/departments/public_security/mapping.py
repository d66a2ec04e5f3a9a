"""How the public security bureau's tables show its contracts; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Coded, LooseDate, NativeDate, NativeTimestamp, Text, Upper
from services.engine.mapping.model import Mapping

RESIDENTS = table(
    "dw_nb_ga_czrkxx",
    key="gmsfhm",
    text="gmsfhm xm xb mz hh zz xzqh hjzt qrrq lxdh",
    typed={"csrq": "date", "gxsj": "timestamp"},
    indexes=("hh",),
)
HOUSEHOLDS = table(
    "dw_nb_ga_hxx",
    key="hh",
    text="hh hzsfhm hdz hlx xzqh lhrq",
    indexes=("hzsfhm",),
)

#: GB/T 2261.1.
SEXES = Coded({"1": "male", "2": "female"})
RESIDENT_STATES = Coded({"10": "registered", "20": "moved_out", "30": "deceased", "40": "cancelled"})
HOUSEHOLD_KINDS = Coded({"1": "family", "2": "collective"})


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """Every contract of the public security bureau over its table."""
    return (_residents(catalogue), _households(catalogue))


def _residents(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("public_security.residents"),
        RESIDENTS,
        {
            "id_number": ("gmsfhm", Upper()),
            "name": ("xm", Text()),
            "sex": ("xb", SEXES),
            "birth_date": ("csrq", NativeDate()),
            "ethnicity": ("mz", Text()),
            "household_no": ("hh", Text()),
            "address": ("zz", Text()),
            "division": ("xzqh", Text()),
            "status": ("hjzt", RESIDENT_STATES),
            "moved_in_on": ("qrrq", LooseDate()),
            "mobile": ("lxdh", Text()),
            "updated_at": ("gxsj", NativeTimestamp()),
        },
    )


def _households(catalogue: Catalogue) -> Mapping:
    return mapping(
        catalogue.contract("public_security.households"),
        HOUSEHOLDS,
        {
            "household_no": ("hh", Text()),
            "head_id_number": ("hzsfhm", Upper()),
            "address": ("hdz", Text()),
            "kind": ("hlx", HOUSEHOLD_KINDS),
            "division": ("xzqh", Text()),
            "registered_on": ("lhrq", LooseDate()),
        },
    )

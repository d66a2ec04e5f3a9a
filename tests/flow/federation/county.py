"""A made-up county: four kinds of department, six datasets linked both ways; tables and mappings.

One declaration of each dataset gives its table and its mapping here, its document in `contracts`, and the columns of
the one database in `one_database`; so both sides of the comparison speak of the same county, and share no code.
"""

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from functools import partial

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.model import Field, Mapping, PhysicalTable
from services.engine.node import Department
from tests.flow.federation import spellings as spelt
from tests.flow.federation.spellings import Spelling

DIVISION = "330200"


@dataclass(frozen=True)
class Relation:
    """A link as the contract that holds the reference declares it; `one` and `reverse_one` are its cardinalities."""

    name: str
    item: str
    target: str
    target_item: str
    one: bool
    reverse: str
    reverse_one: bool


@dataclass(frozen=True)
class Dataset:
    """One dataset: its items with their spellings (key items first in the contract's key order), and its links."""

    dataset: str
    key: tuple[str, ...]
    items: AbstractMapping[str, Spelling]
    relations: tuple[Relation, ...] = ()
    withheld: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        return self.dataset.partition(".")[0]

    @property
    def name(self) -> str:
        return self.dataset.partition(".")[2]

    @property
    def key_public(self) -> bool:
        return not self.personal.intersection(self.key)

    @property
    def table(self) -> str:
        return f"t_{self.name}"

    @staticmethod
    def column(item: str) -> str:
        """No department's column bears the item's name."""
        return f"c_{item}"


FIRMS = Dataset(
    "trade_office.firms",
    ("code",),
    {
        "code": spelt.CODE,
        "name": spelt.TEXT,
        "staff": spelt.WHOLE_TEXT,
        "capital": spelt.AMOUNT_TEXT,
        "founded_on": spelt.LOOSE_DAY,
        "active": spelt.FLAG,
        "colour": spelt.COLOUR,
        "parent_code": spelt.CODE,
        "changed_at": spelt.LEGAL_TIME,
        "remark": spelt.TEXT,
    },
    (Relation("parent", "parent_code", "trade_office.firms", "code", True, "branches", False),),
    withheld=frozenset({"remark"}),
)
PERMITS = Dataset(
    "permit_office.permits",
    ("firm_code", "permit_no"),
    {
        "firm_code": spelt.CODE,
        "permit_no": spelt.LABEL,
        "fee": spelt.AMOUNT,
        "valid_to": spelt.DAY,
        "revoked": spelt.FLAG,
        "note": spelt.TEXT,
    },
    (Relation("firm", "firm_code", "trade_office.firms", "code", True, "permits", False),),
)
VISITS = Dataset(
    "permit_office.visits",
    ("visit_no",),
    {
        "visit_no": spelt.NUMBER,
        "permit_no": spelt.LABEL,
        "visited_on": spelt.LOOSE_DAY,
        "result": spelt.COLOUR,
        "visitor_no": spelt.WHOLE_TEXT,
    },
    (
        Relation("permits", "permit_no", "permit_office.permits", "permit_no", False, "visits", False),
        Relation("visitor", "visitor_no", "roll_office.persons", "person_no", True, "visits", False),
    ),
)
ACCOUNTS = Dataset(
    "revenue_office.accounts",
    ("code",),
    {
        "code": spelt.CODE,
        "balance": spelt.AMOUNT_TEXT,
        "opened_on": spelt.DAY,
        "grade": spelt.COLOUR,
        "blocked": spelt.FLAG,
    },
    (Relation("firm", "code", "trade_office.firms", "code", True, "account", True),),
)
PAYMENTS = Dataset(
    "revenue_office.payments",
    ("year", "code"),
    {"year": spelt.NUMBER, "code": spelt.CODE, "amount": spelt.AMOUNT, "paid_on": spelt.LOOSE_DAY},
    (
        Relation("account", "code", "revenue_office.accounts", "code", True, "payments", False),
        Relation("firm", "code", "trade_office.firms", "code", True, "payments", False),
    ),
)
PERSONS = Dataset(
    "roll_office.persons",
    ("person_no",),
    {
        "person_no": spelt.NUMBER,
        "name": spelt.TEXT,
        "employer_code": spelt.CODE,
        "born_on": spelt.LOOSE_DAY,
        "joined_at": spelt.TIME,
        "favourite": spelt.COLOUR,
    },
    (
        Relation("employer", "employer_code", "trade_office.firms", "code", True, "employees", False),
        Relation(
            "visits_alike", "favourite", "permit_office.visits", "result", False, "persons_alike", False
        ),
    ),
    personal=frozenset({"person_no", "name"}),
)

DATASETS: AbstractMapping[str, Dataset] = {
    one.dataset: one for one in (FIRMS, PERMITS, VISITS, ACCOUNTS, PAYMENTS, PERSONS)
}


@dataclass(frozen=True)
class Place:
    """Where records of a kind are kept: one department's node."""

    kind: str
    division: str

    @property
    def member(self) -> str:
        return f"{self.division}.{self.kind}"

    @property
    def url(self) -> str:
        return f"http://{self.member}"


#: Two kinds are kept at two nodes each, so that answers must be merged; the gateway asks them in this order.
PLACES = (
    Place("trade_office", "330203"),
    Place("trade_office", "330205"),
    Place("permit_office", "330200"),
    Place("revenue_office", "330200"),
    Place("roll_office", "330206"),
    Place("roll_office", "330203"),
)


def places_of(kind: str) -> tuple[Place, ...]:
    """The nodes of a kind, in the order in which the gateway names them."""
    return tuple(one for one in PLACES if one.kind == kind)


def of_kind(kind: str) -> list[Dataset]:
    return [one for one in DATASETS.values() if one.kind == kind]


def department(kind: str) -> Department:
    """A department of the county as the engine takes it."""
    return Department(kind, partial(_mappings, kind))


def _mappings(kind: str, catalogue: Catalogue) -> tuple[Mapping, ...]:
    return tuple(
        Mapping(
            catalogue.contract(one.dataset),
            physical(one),
            {item: Field(item, one.column(item), spelling.codec) for item, spelling in one.items.items()},
        )
        for one in of_kind(kind)
    )


def physical(one: Dataset) -> PhysicalTable:
    """The department's own table."""
    columns = {one.column(item): spelling.column for item, spelling in one.items.items()}
    return PhysicalTable(one.table, columns, tuple(map(one.column, one.key)))

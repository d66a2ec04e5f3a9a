"""One ODCS relationship as a link; used by `load` alone."""

from open_data_contract_standard.model import Relationship

from schemas.contracts.custom import Blame, Custom
from schemas.contracts.model import Cardinality, Link

_NEEDED = ("name", "cardinality", "reverse", "reverseCardinality")


def link_of(one: Relationship, blame: Blame) -> Link | None:
    """The link from `<table>.<item>` to `<kind>.<dataset>.<item>`; None when something of it is missing."""
    custom = Custom(one.customProperties, frozenset(_NEEDED), blame)
    name, cardinality, reverse, reverse_cardinality = (custom.text(needed) for needed in _NEEDED)
    _, _, item = str(one.from_ or "").rpartition(".")
    target, _, target_item = str(one.to or "").rpartition(".")
    if not name or not reverse:
        blame("a relationship needs its name, and its reverse name")
    elif {cardinality, reverse_cardinality} - set(Cardinality):
        blame(f"link {name}: cardinality and reverseCardinality are one or many")
    elif not item or target.count(".") != 1 or not target_item:
        blame(f"link {name}: from is <table>.<item>, to is <kind>.<dataset>.<item>")
    else:
        there, back = Cardinality(cardinality), Cardinality(reverse_cardinality)
        return Link(name, item, target, target_item, there, reverse, back)
    return None

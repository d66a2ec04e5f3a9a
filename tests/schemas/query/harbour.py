"""Three small datasets with links between them, made for the tests of the query language."""

from collections.abc import Iterable

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Cardinality, Contract, Item, ItemType, Link, Sharing, SharingClass

_FREE = Sharing(SharingClass.UNCONDITIONAL)
BOATS = "harbour.boats"
PEOPLE = "police.people"
PERMITS = "harbour.permits"


def item(name: str, item_type: ItemType = ItemType.STRING, **more: object) -> Item:
    return Item(name, item_type, name, name, _FREE, **more)  # type: ignore[arg-type]


_BOAT_ITEMS = (
    item("number", unique=True, required=True),
    item("kind", values=("sail", "motor")),
    item("crew", ItemType.INTEGER),
    item("tonnage", ItemType.DECIMAL, scale=3),
    item("afloat", ItemType.BOOLEAN),
    item("launched_on", ItemType.DATE),
    item("seen_at", ItemType.TIMESTAMP),
    item("owner_id", personal=True, format="id-number"),
    item("remark", filterable=False, not_filterable_because="a long text"),
)
_PERMIT_ITEMS = (item("permit_no", unique=True), item("boat_number"), item("valid_to", ItemType.DATE))
_PERSON_ITEMS = (item("id_number", personal=True, unique=True), item("name", personal=True))
_OWNER = Link("owner", "owner_id", PEOPLE, "id_number", Cardinality.ONE, "boats", Cardinality.MANY)
_BOAT = Link("boat", "boat_number", BOATS, "number", Cardinality.ONE, "permits", Cardinality.MANY)
_AWAY = Link("surveyor", "permit_no", "survey.offices", "code", Cardinality.ONE, "permits", Cardinality.MANY)


def contract(
    dataset: str, items: Iterable[Item], links: tuple[Link, ...] = (), key: tuple[str, ...] | None = None
) -> Contract:
    by_name = {one.name: one for one in items}
    text = dict.fromkeys(
        "status title_zh title_en description legal_basis provider source_department format sharing_mode"
        " conditions_of_use update_frequency service_level retention grade".split(),
        "x",
    )
    return Contract(
        dataset=dataset,
        version="1.0.0",
        **text,
        sharing=_FREE,
        key=key or (next(iter(by_name)),),
        key_public=True,
        items=by_name,
        links=links,
        subjects=(),
        division_item=None,
        event_time_item=None,
        partitions=1,
    )


CATALOGUE = Catalogue(
    [
        contract(BOATS, _BOAT_ITEMS, (_OWNER,)),
        contract(PERMITS, _PERMIT_ITEMS, (_BOAT, _AWAY)),
        contract(PEOPLE, _PERSON_ITEMS),
    ]
)

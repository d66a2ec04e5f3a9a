"""Contracts from their files: an ODCS 3.1 document in, a checked Contract out; called at every process's start.

Where a property stands: names in `name` and `businessName`, key in `primaryKey`, links in the table's
`relationships`, update frequency, service level and retention in `slaProperties`, conditions of use in
`description.usage`, legal basis in `authoritativeDefinitions`, the grade in `customProperties` beside all that
ODCS has no place for (`sharing`, `open`, `personal`, `provider`, `format`, `sharingMode`, `subjects`…).
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty
from pydantic import ValidationError

from schemas.contracts import check
from schemas.contracts.custom import Custom
from schemas.contracts.document import ContractFault, Document, Fault, read
from schemas.contracts.items import item_of
from schemas.contracts.links import link_of
from schemas.contracts.model import Contract, Item, Link, Sharing

_ROOT = Path(__file__).parent.parent
_SUFFIX = ".odcs.yaml"
_DEFAULT_PARTITIONS = 3
_CUSTOM = frozenset(
    "titleEn provider sourceDepartment format sharingMode grade sharing keyPublic subjects divisionItem"
    " eventTimeItem partitions".split()
)


def load_file(path: Path) -> Contract:
    """The contract in one file; raises ContractFault with every fault of it."""
    return load(read(path))


def load_kind(kind: str, root: Path | None = None) -> tuple[Contract, ...]:
    """All contracts of one kind of department, by file name."""
    return tuple(load_file(path) for path in files(kind, root))


def load_all(root: Path | None = None) -> tuple[Contract, ...]:
    """All contracts, by kind and file name."""
    return tuple(load_file(path) for path in sorted((root or _ROOT).glob(f"*/*{_SUFFIX}")))


def load_readable(root: Path | None = None) -> tuple[Contract, ...]:
    """The contracts among all that can be read; for those who do not answer for the others."""
    found = []
    for path in sorted((root or _ROOT).glob(f"*/*{_SUFFIX}")):
        with suppress(ContractFault, OSError):
            found.append(load_file(path))
    return tuple(found)


def files(kind: str, root: Path | None = None) -> list[Path]:
    """The contract files of one kind."""
    return sorted((root or _ROOT).glob(f"{kind}/*{_SUFFIX}"))


def document_of(path: Path) -> dict[str, Any]:
    """A file's document in JSON form, as `/catalogue` carries it."""
    return dict(read(path).content)


def load_document(content: Mapping[str, Any], source: str = "document") -> Contract:
    """The contract in a document that came by wire; raises ContractFault."""
    return load(Document(source, content))


def load(document: Document) -> Contract:
    """The contract in a document; raises ContractFault."""
    try:
        model = OpenDataContractStandard(**document.content)
    except (ValidationError, TypeError) as fault:
        raise ContractFault(document.source, _structure_faults(document, fault)) from fault
    faults = document.unknown_fields(model.model_dump(by_alias=True, exclude_unset=True))
    contract = _contract(document, model, faults)
    if contract is not None:
        faults.extend(check.faults_of(contract, document))
    if faults or contract is None:
        raise ContractFault(document.source, faults)
    return contract


def _contract(document: Document, model: OpenDataContractStandard, faults: list[Fault]) -> Contract | None:
    """The contract; None when there is no list of items, or no sharing class for them."""
    custom = Custom(model.customProperties, _CUSTOM, lambda reason: faults.append(document.fault(reason)))
    sharing = custom.sharing("sharing")
    if sharing is None:
        faults.append(document.fault("the mandatory field `sharing class` is missing: sharing.class"))
    tables = model.schema_ or []
    if len(tables) != 1 or not tables[0].properties:
        reason = "the mandatory field `items` is missing: one table under schema, with properties"
        faults.append(document.fault(reason))
    elif sharing is not None:
        table = tables[0]
        items, links = _items(document, table, sharing, faults), _links(document, table, faults)
        return Contract(
            **_about(model, table),
            **_by_custom(custom),
            sharing=sharing,
            key=_key(document, table.properties or [], faults),
            items=items,
            links=links,
        )
    return None


def _about(model: OpenDataContractStandard, table: SchemaObject) -> dict[str, Any]:
    """What the standard itself has a place for."""
    levels = {one.property: one.value for one in model.slaProperties or () if one.property}
    laws = [one.description for one in model.authoritativeDefinitions or () if one.type == "law"]
    return {
        "dataset": f"{model.domain}.{table.name}",
        "version": model.version or "",
        "status": model.status or "",
        "title_zh": table.businessName or "",
        "description": (model.description and model.description.purpose) or "",
        "conditions_of_use": (model.description and model.description.usage) or "",
        "legal_basis": next(iter(laws), None) or "",
        "update_frequency": str(levels.get("frequency") or ""),
        "service_level": str(levels.get("availability") or ""),
        "retention": str(levels.get("retention") or ""),
    }


def _by_custom(custom: Custom) -> dict[str, Any]:
    """What the standard has no place for."""
    partitions = custom.whole("partitions")
    return {
        "title_en": custom.text("titleEn"),
        "provider": custom.text("provider"),
        "source_department": custom.text("sourceDepartment"),
        "format": custom.text("format"),
        "sharing_mode": custom.text("sharingMode"),
        "grade": custom.text("grade"),
        "key_public": custom.flag("keyPublic"),
        "subjects": custom.texts("subjects") or (),
        "division_item": custom.optional("divisionItem"),
        "event_time_item": custom.optional("eventTimeItem"),
        "partitions": _DEFAULT_PARTITIONS if partitions is None else partitions,
    }


def _key(document: Document, listed: list[SchemaProperty], faults: list[Fault]) -> tuple[str, ...]:
    marked = [one for one in listed if one.primaryKey]
    places = [one.primaryKeyPosition or 1 for one in marked]
    if sorted(places) != list(range(1, len(marked) + 1)):
        faults.append(document.fault("primaryKeyPosition counts the key's items from 1, each once"))
    return tuple(
        one.name or "" for _, one in sorted(zip(places, marked, strict=True), key=lambda pair: pair[0])
    )


def _items(document: Document, table: SchemaObject, default: Sharing, faults: list[Fault]) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for one in table.properties or ():
        name = one.name or ""

        def blame(reason: str, name: str = name) -> None:
            faults.append(document.fault(reason, name))

        item = item_of(one, default, blame)
        if item is not None and item.name in items:
            blame("this item stands here twice")
        elif item is not None:
            items[item.name] = item
    return items


def _links(document: Document, table: SchemaObject, faults: list[Fault]) -> tuple[Link, ...]:
    def blame(reason: str) -> None:
        faults.append(document.fault(reason))

    links = [link_of(one, blame) for one in table.relationships or ()]
    return tuple(link for link in links if link is not None)


def _structure_faults(document: Document, fault: ValidationError | TypeError) -> list[Fault]:
    if isinstance(fault, TypeError):
        return [document.fault("the document's fields are texts")]
    return [document.fault_at(one["loc"], one["msg"]) for one in fault.errors()]

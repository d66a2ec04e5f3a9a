"""Contracts from their files: an ODCS 3.1 document in, a checked Contract out; called at every process's start.

Where a property stands: names in `name` and `businessName`, key in `primaryKey`, links in the table's
`relationships`, update frequency, service level and retention in `slaProperties`, conditions of use in
`description.usage`, legal basis in `authoritativeDefinitions`, the grade in `customProperties` beside all that
ODCS has no place for (`sharing`, `open`, `personal`, `provider`, `format`, `sharingMode`, `subjects`…).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import CustomProperty, OpenDataContractStandard, SchemaObject
from pydantic import ValidationError

from schemas.contracts import check
from schemas.contracts.document import ContractFault, Document, Fault, read
from schemas.contracts.items import item_of
from schemas.contracts.model import Cardinality, Contract, Item, Link, Sharing, SharingClass

_ROOT = Path(__file__).parent.parent
_SUFFIX = ".odcs.yaml"
_DEFAULT_PARTITIONS = 3


def load_file(path: Path) -> Contract:
    """The contract in one file; raises ContractFault with every fault of it."""
    return load(read(path))


def load_kind(kind: str, root: Path | None = None) -> tuple[Contract, ...]:
    """All contracts of one kind of department, by file name."""
    return tuple(load_file(path) for path in files(kind, root))


def load_all(root: Path | None = None) -> tuple[Contract, ...]:
    """All contracts, by kind and file name."""
    return tuple(load_file(path) for path in sorted((root or _ROOT).glob(f"*/*{_SUFFIX}")))


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
    faults: list[Fault] = []
    contract = _contract(document, model, faults)
    if contract is not None:
        faults.extend(check.faults_of(contract, document))
    if faults or contract is None:
        raise ContractFault(document.source, faults)
    return contract


def properties(listed: list[CustomProperty] | None) -> dict[str, Any]:
    """Custom properties as a mapping."""
    return {one.property: one.value for one in listed or () if one.property}


def _contract(document: Document, model: OpenDataContractStandard, faults: list[Fault]) -> Contract | None:
    if not model.schema_ or len(model.schema_) != 1 or not model.schema_[0].properties:
        faults.append(
            document.fault("the mandatory field `items` is missing: one table under schema, with properties")
        )
        return None
    table = model.schema_[0]
    custom = properties(model.customProperties)
    levels = {one.property: one.value for one in model.slaProperties or () if one.property}
    sharing = sharing_of(custom.get("sharing"))
    if sharing is None:
        faults.append(
            document.fault("the mandatory field `sharing class` is missing: customProperties sharing.class")
        )
        return None
    keys = sorted(
        (one for one in table.properties or () if one.primaryKey), key=lambda one: one.primaryKeyPosition or 1
    )
    description = model.description
    return Contract(
        dataset=f"{model.domain}.{table.name}",
        version=model.version or "",
        status=model.status or "",
        title_zh=table.businessName or "",
        title_en=_text(custom, "titleEn"),
        description=(description.purpose if description else None) or "",
        legal_basis=next(
            (d.description or "" for d in model.authoritativeDefinitions or () if d.type == "law"), ""
        ),
        provider=_text(custom, "provider"),
        source_department=_text(custom, "sourceDepartment"),
        format=_text(custom, "format"),
        sharing_mode=_text(custom, "sharingMode"),
        conditions_of_use=(description.usage if description else None) or "",
        update_frequency=str(levels.get("frequency") or ""),
        service_level=str(levels.get("availability") or ""),
        retention=str(levels.get("retention") or ""),
        grade=_text(custom, "grade"),
        sharing=sharing,
        key=tuple(one.name or "" for one in keys),
        key_public=custom.get("keyPublic") is True,
        items=_items(document, table, sharing, faults),
        links=_links(document, table, faults),
        subjects=tuple(custom.get("subjects") or ()),
        division_item=custom.get("divisionItem"),
        event_time_item=custom.get("eventTimeItem"),
        partitions=int(custom.get("partitions") or _DEFAULT_PARTITIONS),
    )


def _items(document: Document, table: SchemaObject, default: Sharing, faults: list[Fault]) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for one in table.properties or ():
        try:
            item = item_of(one, default, properties(one.customProperties), sharing_of)
        except ValueError as fault:
            faults.append(document.fault(str(fault), one.name or ""))
            continue
        if item.name in items:
            faults.append(document.fault("this item stands here twice", item.name))
        items[item.name] = item
    return items


def _links(document: Document, table: SchemaObject, faults: list[Fault]) -> tuple[Link, ...]:
    links: list[Link] = []
    for one in table.relationships or ():
        custom = properties(one.customProperties)
        target, _, target_item = str(one.to or "").rpartition(".")
        try:
            links.append(
                Link(
                    name=custom["name"],
                    item=str(one.from_ or "").rpartition(".")[2],
                    target=target,
                    target_item=target_item,
                    cardinality=Cardinality(custom["cardinality"]),
                    reverse=custom["reverse"],
                    reverse_cardinality=Cardinality(custom["reverseCardinality"]),
                )
            )
        except (KeyError, ValueError) as fault:
            faults.append(
                document.fault(f"a relationship needs name, reverse and both cardinalities: {fault}")
            )
    return tuple(links)


def sharing_of(value: object) -> Sharing | None:
    """A sharing class from its custom property; None when it names none."""
    if not isinstance(value, Mapping) or value.get("class") not in list(SharingClass):
        return None
    return Sharing(
        SharingClass(value["class"]),
        scope=value.get("scope"),
        purpose=value.get("purpose"),
        reason=value.get("reason"),
        legal_basis=value.get("legalBasis"),
    )


def _text(custom: Mapping[str, Any], name: str) -> str:
    return str(custom.get(name) or "")


def _structure_faults(document: Document, fault: ValidationError | TypeError) -> list[Fault]:
    if isinstance(fault, TypeError):
        return [document.fault(str(fault))]
    return [document.fault(f"{'.'.join(map(str, one['loc']))}: {one['msg']}") for one in fault.errors()]

"""What a contract must state before it may be served; used by `load`. Government Data Sharing Regulation, 13–15."""

import re

from schemas.contracts.document import Document, Fault
from schemas.contracts.model import (
    RESERVED,
    SYSTEM_ITEMS,
    Contract,
    Item,
    ItemType,
    Link,
    Sharing,
    SharingClass,
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VERSION = re.compile(r"[1-9]\d*\.\d+\.\d+")
_WIDE = "shared unconditionally, and open where any item is"
_FORMATS = (None, "id-number", "credit-code", "division")
#: The nine fields that article 13 makes mandatory, but for items and sharing class, which `load` needs to go on.
_MANDATORY = (
    ("name", "title_zh"),
    ("provider", "provider"),
    ("format", "format"),
    ("update frequency", "update_frequency"),
    ("sharing mode", "sharing_mode"),
    ("conditions of use", "conditions_of_use"),
    ("classification grade", "grade"),
)


def faults_of(contract: Contract, document: Document) -> list[Fault]:
    """Every fault of the contract as a whole and of each item."""
    faults = [
        document.fault(f"the mandatory field `{name}` is missing")
        for name, attribute in _MANDATORY
        if not getattr(contract, attribute)
    ]
    faults += [document.fault(reason) for reason in _whole(contract)]
    for item in contract.items.values():
        faults += [document.fault(reason, item.name) for reason in _item(item)]
    for link in contract.links:
        faults += [document.fault(reason, link.item) for reason in _link(link, contract)]
    return faults


def _whole(contract: Contract) -> list[str]:
    reasons = []
    kind, _, name = contract.dataset.partition(".")
    if not (_NAME.fullmatch(kind) and _NAME.fullmatch(name)):
        reasons.append("domain and table name are small letters, digits and underscores")
    if not _VERSION.fullmatch(contract.version):
        reasons.append("version is major.minor.patch, major from 1")
    if not contract.key:
        reasons.append("no key: mark its items with primaryKey")
    reasons += _sharing(contract.sharing)
    if contract.partitions < 1:
        reasons.append("partitions is a whole number from 1")
    return [*reasons, *_places(contract)]


def _places(contract: Contract) -> list[str]:
    """What is wrong with the items that the contract points at."""
    named = {
        "subjects": contract.subjects,
        "divisionItem": (contract.division_item,),
        "eventTimeItem": (contract.event_time_item,),
    }
    reasons = [
        f"{place} names {one}, which is no item"
        for place, items in named.items()
        for one in items
        if one and one not in contract.items
    ]
    key = [contract.items[one] for one in contract.key if one in contract.items]
    if contract.key_public and any(item.personal for item in key):
        reasons.append("a key with a personal item cannot be public")
    if contract.key_public and not all(_as_wide_as_any(item, contract) for item in key):
        reasons.append(f"a public key stands on every topic, so its items are {_WIDE}")
    event_time = contract.items.get(contract.event_time_item or "")
    if event_time is not None and event_time.type not in (ItemType.DATE, ItemType.TIMESTAMP):
        reasons.append("the event-time item is a date or a timestamp")
    if event_time is not None and not _as_wide_as_any(event_time, contract):
        reasons.append(f"the event time stands on every topic, so its item is {_WIDE}")
    return reasons


def _as_wide_as_any(item: Item, contract: Contract) -> bool:
    """Whether whoever may see anything of the dataset may see this item."""
    unconditional = item.sharing.sharing_class is SharingClass.UNCONDITIONAL
    return unconditional and (item.open or not contract.open_items)


def _item(item: Item) -> list[str]:
    reasons = _sharing(item.sharing)
    if not _NAME.fullmatch(item.name):
        reasons.append("an item's name is small letters, digits and underscores")
    if item.name in SYSTEM_ITEMS or item.name in RESERVED:
        reasons.append("this name is kept for the engine's own item, or for the query grammar")
    if not item.title_zh:
        reasons.append("the Chinese name (businessName) is missing")
    if item.open_basis is not None and not str(item.open_basis).strip():
        reasons.append("open needs a legal basis")
    if item.open and item.sharing.sharing_class is not SharingClass.UNCONDITIONAL:
        reasons.append("an open item is shared unconditionally")
    if item.format not in _FORMATS:
        reasons.append("format is one of id-number, credit-code, division")
    if not item.filterable and not str(item.not_filterable_because or "").strip():
        reasons.append("notFilterable needs a reason")
    return reasons


def _link(link: Link, contract: Contract) -> list[str]:
    reasons = [
        f"the link's name {name} is no name of small letters, or a word of the query grammar"
        for name in (link.name, link.reverse)
        if not _NAME.fullmatch(name) or name in RESERVED
    ]
    if link.item not in contract.items:
        reasons.append(f"link {link.name} starts from an item that is not there")
    elif contract.items[link.item].sharing.sharing_class is SharingClass.WITHHELD:
        reasons.append(f"link {link.name} stands on a withheld item")
    return reasons


def _sharing(sharing: Sharing) -> list[str]:
    if sharing.sharing_class is SharingClass.CONDITIONAL and not (sharing.scope and sharing.purpose):
        return ["conditional sharing states scope and purpose"]
    if sharing.sharing_class is SharingClass.WITHHELD and not (sharing.reason and sharing.legal_basis):
        return ["withheld sharing states reason and legal basis"]
    return []

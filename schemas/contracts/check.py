"""What a contract must state before it may be served; used by `load`. Government Data Sharing Regulation, 13–15."""

import re

from schemas.contracts.document import Document, Fault
from schemas.contracts.model import SYSTEM_ITEMS, Contract, Item, Sharing, SharingClass

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VERSION = re.compile(r"[1-9]\d*\.\d+\.\d+")
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
        if link.item not in contract.items:
            faults.append(
                document.fault(f"link {link.name} starts from an item that is not there", link.item)
            )
        elif contract.items[link.item].sharing.sharing_class is SharingClass.WITHHELD:
            faults.append(document.fault(f"link {link.name} stands on a withheld item", link.item))
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
    named = {
        "subjects": contract.subjects,
        "divisionItem": (contract.division_item,),
        "eventTimeItem": (contract.event_time_item,),
    }
    for place, items in named.items():
        reasons += [
            f"{place} names {one}, which is no item" for one in items if one and one not in contract.items
        ]
    if contract.key_public and any(
        contract.items[one].personal for one in contract.key if one in contract.items
    ):
        reasons.append("a key with a personal item cannot be public")
    return reasons


def _item(item: Item) -> list[str]:
    reasons = _sharing(item.sharing)
    if not _NAME.fullmatch(item.name):
        reasons.append("an item's name is small letters, digits and underscores")
    if item.name in SYSTEM_ITEMS:
        reasons.append("this name is kept for the engine's own item")
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


def _sharing(sharing: Sharing) -> list[str]:
    if sharing.sharing_class is SharingClass.CONDITIONAL and not (sharing.scope and sharing.purpose):
        return ["conditional sharing states scope and purpose"]
    if sharing.sharing_class is SharingClass.WITHHELD and not (sharing.reason and sharing.legal_basis):
        return ["withheld sharing states reason and legal basis"]
    return []

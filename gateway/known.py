"""What the gateway knows of one node: its descriptor with the contracts in it read; kept by `watch`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.contracts.document import ContractFault
from schemas.contracts.load import load_document
from schemas.contracts.model import Contract
from schemas.wire.descriptor import Descriptor, Offering


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A contract with the document that it was read from."""

    contract: Contract
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """The last good catalogue of the node at `url`. `written` is by dataset and major; `fault` says why it is empty."""

    url: str
    descriptor: Descriptor
    written: Mapping[tuple[str, int], Written]
    fault: str = ""


class Reading:
    """Reads descriptors, each contract document once: counts change often, contracts seldom."""

    def __init__(self) -> None:
        self._read: dict[bytes, Written] = {}

    def known(self, url: str, descriptor: Descriptor) -> Known:
        """The node as it can be used; never raises."""
        written: dict[tuple[str, int], Written] = {}
        try:
            for document in descriptor.contracts:
                one = self._written(document, descriptor.node)
                written[one.contract.dataset, one.contract.major] = one
        except ContractFault as fault:
            return Known(url, descriptor, {}, str(fault))
        served = {(one.dataset, major) for one in descriptor.offerings for major in _majors(one)}
        return Known(url, descriptor, {key: one for key, one in written.items() if key in served})

    def keep_only(self, known: Iterable[Known]) -> None:
        """Forget the contracts that no node serves any more."""
        held = {id(one) for each in known for one in each.written.values()}
        self._read = {text: one for text, one in self._read.items() if id(one) in held}

    def _written(self, document: Mapping[str, Any], node: str) -> Written:
        text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        if text not in self._read:
            self._read[text] = Written(load_document(document, node), document)
        return self._read[text]


def _majors(one: Offering) -> Iterator[int]:
    """The majors that a node answers by, and those that it retired: it says so itself to whoever asks for them."""
    yield from one.majors
    yield from (ending.major for ending in one.retiring)

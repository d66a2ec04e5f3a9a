"""The gateway's area as a plain value: which node keeps which dataset, and all contracts; built from descriptors.

Made by `watch` whenever a node's descriptor changes; read by every call.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.known import Known, Written
from schemas.contracts.catalogue import Catalogue
from schemas.contracts.document import ContractFault
from schemas.wire.descriptor import Descriptor, Offering, Retiring

#: The same dataset as several nodes serve it: each one's contracts by major.
_Sides = tuple[Mapping[int, Written], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """One node's part in one dataset: asked at `url`, authoritative for its `coverage`, about `records` large."""

    node: str
    url: str
    dataset: str
    coverage: frozenset[str]
    providers: tuple[str, ...]
    records: int


@dataclass(frozen=True, slots=True)
class Area:
    """All that the nodes offer together. `offers` are by dataset, in the order of the settings' nodes; copies and
    refused claims are not among them. `catalogue` holds the versions that every node of a dataset serves.
    `refused` says which claims were not taken, and why; `ending` which majors of a dataset end, on the first day that
    one of its nodes says."""

    catalogue: Catalogue
    offers: Mapping[str, tuple[Offer, ...]] = field(default_factory=dict)
    offerings: tuple[Offering, ...] = ()
    documents: tuple[Mapping[str, Any], ...] = ()
    refused: tuple[str, ...] = ()
    ending: Mapping[tuple[str, int], Retiring] = field(default_factory=dict)

    def records(self, dataset: str) -> int:
        """About how many records all nodes of a dataset hold together."""
        return sum(one.records for one in self.offers.get(dataset, ()))


def build(me: str, known: Sequence[Known]) -> Area:
    """The area of the nodes known, in the settings' order; `me` is this gateway's node id.

    What cannot stand beside what was taken before is refused by itself: the rest of the area does not suffer.
    """
    area = _Building(me)
    for one in known:
        area.take(one)
    return area.built()


class _Building:
    """An area while nodes are added to it."""

    def __init__(self, me: str) -> None:
        self.me = me
        self.nodes: set[str] = {me}
        self.offers: dict[str, tuple[Offer, ...]] = {}
        self.sides: dict[str, _Sides] = {}
        self.offerings: list[Offering] = []
        self.refused: list[str] = []
        self.catalogue = Catalogue(())

    def take(self, known: Known) -> None:
        node = known.descriptor.node
        if node in self.nodes:
            self.refused.append(f"{known.url} calls itself {node}, as another node does")
            return
        self.nodes.add(node)
        if known.fault:
            self.refused.append(f"{node} serves a contract that cannot be read: {known.fault}")
            return
        taken = [one for one in _by_dataset(self.me, known.descriptor) if self._add(known, *one)]
        self.offerings += [_passed_on(node, one) for _, offerings in taken for one in offerings]

    def _add(self, known: Known, dataset: str, offerings: list[Offering]) -> bool:
        offer = _offer(known, dataset, offerings)
        before = self.offers.get(dataset, ())
        for other in before:
            if twice := sorted(offer.coverage & other.coverage):
                said = f"{offer.node} and {other.node} both claim {dataset} of {', '.join(twice)}"
                self.refused.append(f"{said}: {other.node} keeps it")
                return False
        if not offer.coverage:
            return True
        side = {major: one for (name, major), one in known.written.items() if name == dataset}
        if not self._fits(dataset, (*self.sides.get(dataset, ()), side), offer.node):
            return False
        self.offers[dataset] = (*before, offer)
        return True

    def _fits(self, dataset: str, sides: _Sides, node: str) -> bool:
        """Whether the dataset can stand in the catalogue with one more node serving it."""
        shared = _shared(sides)
        if not shared:
            self.refused.append(f"{node} serves {dataset} in no version that the nodes before it serve")
            return False
        tried = {**self.sides, dataset: sides}
        if shared != _shared(self.sides.get(dataset, ())):
            try:
                self.catalogue = Catalogue(one.contract for one in _all_shared(tried))
            except ContractFault as fault:
                self.refused.append(f"{node} serves a contract that does not fit the others: {fault}")
                return False
        self.sides = tried
        return True

    def built(self) -> Area:
        documents = tuple(one.document for one in _all_shared(self.sides))
        catalogue, offerings = self.catalogue.preferring(self._preferred()), tuple(self.offerings)
        ending = _ending(self.offerings)
        return Area(catalogue, self.offers, offerings, documents, tuple(self.refused), ending)

    def _preferred(self) -> dict[str, int]:
        """By which major a dataset is read where none is asked for: the lowest that fewest of its nodes retired. One
        that is retired everywhere stays known, so that whoever asks for it is told what became of it."""
        retired = Counter(
            (one.dataset, ended.major) for one in self.offerings for ended in one.retiring if ended.retired
        )
        return {
            dataset: min(self.catalogue.majors(dataset), key=lambda major: (retired[dataset, major], major))
            for dataset in {dataset for dataset, _ in retired}
            if self.catalogue.majors(dataset)
        }


def _by_dataset(me: str, descriptor: Descriptor) -> Iterator[tuple[str, list[Offering]]]:
    """Offerings by dataset, without those that came from ourselves, round a circle of gateways."""
    found: dict[str, list[Offering]] = {}
    for one in descriptor.offerings:
        if me not in one.via:
            found.setdefault(one.dataset, []).append(one)
    return iter(found.items())


def _offer(known: Known, dataset: str, offerings: list[Offering]) -> Offer:
    """A node's part in a dataset; a gateway offers it once for each node behind it. Copies are no part."""
    own = [one for one in offerings if one.copy_of is None]
    return Offer(
        node=known.descriptor.node,
        url=known.url,
        dataset=dataset,
        coverage=frozenset(division for one in own for division in one.coverage),
        providers=tuple(dict.fromkeys(one.provider for one in own)),
        records=sum(one.records for one in own),
    )


def _ending(offerings: Iterable[Offering]) -> dict[tuple[str, int], Retiring]:
    found: dict[tuple[str, int], Retiring] = {}
    for offering in offerings:
        for one in offering.retiring:
            key = offering.dataset, one.major
            found[key] = min(found.get(key, one), one, key=lambda one: one.ends_on)
    return found


def _passed_on(node: str, one: Offering) -> Offering:
    return one.model_copy(update={"via": (node, *one.via)})


def _all_shared(sides: Mapping[str, _Sides]) -> Iterator[Written]:
    return (one for each in sides.values() for one in _shared(each))


def _shared(sides: _Sides) -> list[Written]:
    """The majors that all nodes serve, each in the lowest version that one of them serves: within a major items
    are only added, so every node has all of that version's items."""
    majors = set.intersection(*(set(side) for side in sides)) if sides else set()
    return [min((side[major] for side in sides), key=_version) for major in sorted(majors)]


def _version(one: Written) -> tuple[int, ...]:
    return tuple(int(part) for part in one.contract.version.split("."))

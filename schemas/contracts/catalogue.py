"""All contracts known in one place, and the links between them in both directions; used by nodes and gateways."""

import difflib
from collections.abc import Iterable, Mapping
from copy import copy

from schemas.contracts.document import ContractFault, Fault
from schemas.contracts.model import Contract, Link, SharingClass
from schemas.wire.problem import Problem


class Catalogue:
    """Contracts by dataset and major; raises ContractFault when two links of a dataset bear one name."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        self._contracts: dict[str, dict[int, Contract]] = {}
        self._preferred: Mapping[str, int] = {}
        for contract in contracts:
            self._contracts.setdefault(contract.dataset, {})[contract.major] = contract
        self._links = self._both_directions()

    def datasets(self) -> tuple[str, ...]:
        return tuple(sorted(self._contracts))

    def majors(self, dataset: str) -> tuple[int, ...]:
        return tuple(sorted(self._contracts.get(dataset, ())))

    def contract(self, dataset: str, major: int | None = None) -> Contract:
        """The contract of that major, or of the preferred one, which is the lowest where nobody said otherwise; Problem
        `unknown-dataset`, `unknown-version`."""
        versions = self._versions(dataset)
        wanted = self._preferred.get(dataset, min(versions)) if major is None else major
        if wanted not in versions:
            raise Problem(
                "unknown-version",
                f"{dataset} is not served in version {wanted}",
                members={"versions": sorted(versions)},
            )
        return versions[wanted]

    def every(self, dataset: str) -> tuple[Contract, ...]:
        """The contracts of all its majors, the lowest first; Problem `unknown-dataset`."""
        return tuple(one for _, one in sorted(self._versions(dataset).items()))

    def preferring(self, majors: Mapping[str, int]) -> "Catalogue":
        """The same, with the major of some datasets by which they are read where none is asked for."""
        found = copy(self)
        found._preferred = majors
        return found

    def links(self, dataset: str) -> Mapping[str, Link]:
        """Every link that starts from a dataset, by name."""
        return self._links.get(dataset, {})

    def _versions(self, dataset: str) -> Mapping[int, Contract]:
        versions = self._contracts.get(dataset)
        if versions is None:
            raise Problem(
                "unknown-dataset",
                f"there is no dataset {_shown(dataset)}",
                members={"nearest": self._near(dataset)},
            )
        return versions

    def _both_directions(self) -> dict[str, dict[str, Link]]:
        found: dict[str, dict[str, Link]] = {}
        for versions in self._contracts.values():
            declared = {link.name: link for major in sorted(versions) for link in versions[major].links}
            for link in declared.values():
                source = next(iter(versions.values())).dataset
                self._add(found, source, link)
                if link.target in self._contracts:
                    self._check_ends(source, link)
                    self._add(found, link.target, reversed_link(source, link))
        return found

    def _check_ends(self, source: str, link: Link) -> None:
        """A link joins two items of one type, neither of them withheld, in every major that has them."""
        ends = [one.items.get(link.target_item) for one in self._contracts[link.target].values()]
        there = [item for item in ends if item is not None]
        if not there:
            raise ContractFault(
                source, [Fault(f"link {link.name}: {link.target} has no item {link.target_item}")]
            )
        if any(item.sharing.sharing_class is SharingClass.WITHHELD for item in there):
            raise ContractFault(source, [Fault(f"link {link.name} ends at a withheld item")])
        starts = [one.items[link.item] for one in self._contracts[source].values() if link.item in one.items]
        if len({item.type for item in [*starts, *there]}) > 1:
            raise ContractFault(source, [Fault(f"link {link.name} joins items of two types")])

    def _add(self, found: dict[str, dict[str, Link]], dataset: str, link: Link) -> None:
        links = found.setdefault(dataset, {})
        taken = any(link.name in contract.items for contract in self._contracts[dataset].values())
        if link.name in links or taken:
            raise ContractFault(
                dataset, [Fault(f"two links, or a link and an item, bear the name {link.name}")]
            )
        links[link.name] = link

    def _near(self, dataset: str) -> str | None:
        return next(iter(difflib.get_close_matches(dataset, self._contracts, n=1)), None)


def reversed_link(source: str, link: Link) -> Link:
    """The same link seen from its target."""
    return Link(
        name=link.reverse,
        item=link.target_item,
        target=source,
        target_item=link.item,
        cardinality=link.reverse_cardinality,
        reverse=link.name,
        reverse_cardinality=link.cardinality,
    )


def _shown(name: str) -> str:
    """A caller's text is repeated only where it looks like a name."""
    plain = name.replace(".", "_")
    return name if len(name) <= 64 and plain.isascii() and plain.isidentifier() else "of that name"

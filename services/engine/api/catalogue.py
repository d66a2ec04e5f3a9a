"""The descriptor that this node serves at /catalogue: its offerings and their contracts in full."""

from schemas.contracts.model import Contract
from schemas.query.estimate import told
from schemas.wire.descriptor import Descriptor, Offering, Retiring
from schemas.wire.projection import audiences
from schemas.wire.topics import Topic
from services.engine.node import Node


async def descriptor(node: Node) -> Descriptor:
    """Who this node is and what it offers, with counts that are seconds old at most."""
    settings = node.settings
    return Descriptor(
        node=settings.node_id,
        division=settings.division,
        offerings=tuple([await _offering(node, dataset) for dataset in node.catalogue.datasets()]),
        contracts=node.documents,
    )


async def _offering(node: Node, dataset: str) -> Offering:
    retiring, settings = _retiring(node, dataset), node.settings
    over = {one.major for one in retiring if one.retired}
    majors = tuple(one for one in node.catalogue.majors(dataset) if one not in over)
    counted, contracts = (
        await node.cost.known(dataset),
        [node.catalogue.contract(dataset, one) for one in majors],
    )
    return Offering(
        dataset=dataset,
        majors=majors,
        provider=settings.department,
        coverage=settings.covers,
        copy_of=settings.copy_of,
        records=told(counted.records, contracts),
        estimated_at=counted.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        max_rows=settings.max_rows,
        topics=_topics(node, contracts),
        retiring=retiring,
    )


def _retiring(node: Node, dataset: str) -> tuple[Retiring, ...]:
    """The majors of a dataset that end, or have ended, as the office said last."""
    now, majors = node.clock(), node.catalogue.majors(dataset)
    found = [one for one in node.gate.retiring.values() if one.dataset == dataset and one.major in majors]
    left = set(majors) - {one.major for one in found}
    return tuple(
        Retiring(
            major=one.major,
            noticed_at=one.noticed,
            ends_on=one.ends,
            retired=one.is_over(now),
            instead=max(left, default=None),
        )
        for one in sorted(found, key=lambda one: one.major)
    )


def _topics(node: Node, contracts: list[Contract]) -> dict[str, str]:
    """Topic names by `v<major>.<audience>`."""
    settings = node.settings
    return {
        f"v{one.major}.{audience}": str(
            Topic(settings.environment, settings.division, one.dataset, one.major, audience)
        )
        for one in contracts
        for audience in audiences(one)
    }

"""The port through which the gateway calls nodes; implemented by `http_nodes` over aiohttp, and by tests in process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What a node answered. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NodeFault(Exception):
    """A call that brought no answer. Its text holds no address and no value."""


class NodeAway(NodeFault):
    """Nobody listens there, or the connection broke."""


class NodeSlow(NodeFault):
    """No whole answer within the time given."""


class NodeGarbled(NodeFault):
    """What came is not HTTP, is cut short, or is larger than any answer may be."""


#: The further headers of one try.
Fresh = Callable[[], Mapping[str, str]]


class NodeClient(Protocol):
    """Calls nodes. One instance serves all calls of the process."""

    async def call(
        self,
        base_url: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,  # noqa: ASYNC109 a connection is to know its own limit
        fresh: Fresh = dict,
    ) -> NodeAnswer:
        """One call, `timeout` in seconds; `fresh` makes what no two tries may share, such as a signature. Raises
        NodeAway, NodeSlow or NodeGarbled."""
        ...

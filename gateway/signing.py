"""Each call to a node as a message of this gateway, for that node alone; used by `asking`."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.call import Gateway
from gateway.nodes import Fresh
from schemas.trust.message import Message, sign
from schemas.wire import headers as names


def signing(gateway: Gateway, node: str, call: Message) -> Fresh:
    """What makes each try a message of its own, for a second one under the first one's signature would be a replay.

    Nothing for a call without a token, which needs none: open items stay open whatever becomes of registry and keys.
    Nothing either where this gateway has no key; its nodes refuse members' calls then.
    """
    key = gateway.key
    if key is None or "authorization" not in call.headers:
        return dict
    target = {names.NODE: node}
    whole = replace(call, headers={**call.headers, **target})

    def fresh() -> Mapping[str, str]:
        return target | sign(whole, key, gateway.clock())

    return fresh

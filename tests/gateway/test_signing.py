"""Each sub-call is a message of the gateway: for the node that it goes to, over all that decides what is answered."""

from datetime import timedelta

from schemas.trust import registry
from schemas.trust.message import Message, check, is_signed
from schemas.trust.registry import Registry
from schemas.wire import headers as names
from tests.gateway.conftest import Door, nodes_of_town, open_door

_QUESTION = {"select": "code,permits(permit_no),owner(name)", "limit": 3}


def _registry(door: Door) -> Registry:
    gateway = {
        "id": "330200.gateway",
        "system": "330200.gateway",
        "role": "gateway",
        "keys": {door.key.key_id: door.key.public_hex},
    }
    expires = (door.clock.now + timedelta(days=1)).isoformat()
    return registry.from_document({"number": 1, "expires": expires, "members": [gateway]})


async def test_every_sub_call_of_a_member_is_a_message_for_its_node_alone(door: Door) -> None:
    assert (await door.ask("trade.shops", _QUESTION, **{"Langqiao-Case": "a.b.c"})).status_code == 200
    nonces, known = set(), _registry(door)
    for node, one in door.nodes.items():
        for method, path, headers, body in one.calls:
            message = Message(method, path, "", headers, body)
            sent = check(message, known, door.clock.now, node=node)
            nonces.add(sent.nonce)
            for name in (
                "authorization",
                names.OFFICER,
                names.PURPOSE,
                names.CASE,
                names.QUESTION,
                names.DEADLINE,
                names.HOPS,
            ):
                assert f'"{name}"' in headers["signature-input"]
    assert len(nonces) == sum(len(one.calls) for one in door.nodes.values()) >= 3


async def test_what_anybody_may_ask_goes_unsigned(door: Door) -> None:
    answer = await door.anonymous.get("/records/trade/shops?select=code&limit=1")
    assert answer.status_code == 200
    calls = [call for one in door.nodes.values() for call in one.calls]
    assert calls
    assert not any(is_signed(headers) for _, _, headers, _ in calls)


async def test_the_callers_own_signature_does_not_go_on(door: Door) -> None:
    signed = {
        "Signature": "langqiao=:AAAA:",
        "Signature-Input": "langqiao=()",
        "Langqiao-Node": "330203.trade",
    }
    assert (await door.ask("trade.shops", {"select": "code"}, **signed)).status_code == 200
    for node, one in door.nodes.items():
        for _, _, headers, _ in one.calls:
            assert headers["signature"] != signed["Signature"]
            assert headers["langqiao-node"] == node


async def test_a_gateway_without_a_key_says_so_and_signs_nothing() -> None:
    async with open_door(nodes_of_town(), key_file=None) as door:
        health = (await door.anonymous.get("/health")).json()
        assert health["ready"]
        assert health["reasons"] == ["key_file is unset: nodes refuse the calls of members"]
        assert (await door.ask("trade.shops", {"select": "code"})).status_code == 200
        assert not any(is_signed(call[2]) for one in door.nodes.values() for call in one.calls)

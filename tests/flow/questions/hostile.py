"""A gateway that is not honest: it has its key, a caller's token and the question that the caller signed, and asks real
departments over sockets whatever it likes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import yaml

from schemas.trust import keys
from schemas.trust.link_keys import ends_of, read_link_keys
from schemas.trust.message import Message, sign
from schemas.trust.sealing import Seal
from schemas.wire import headers as names
from tests.flow.federation.county import places_of
from tests.flow.questions.strict import Strict
from tests.link_keys import keys_file

TABLE = yaml.safe_load(Path(__file__).with_name("hostile.yaml").read_text(encoding="utf-8"))
STRANGER = keys.new_key()


@dataclass(frozen=True)
class Hostile:
    """The gateway that may do as it likes, over its connections to the departments."""

    strict: Strict
    client: httpx.AsyncClient

    def question(self, name: str, *, by: str = "caller", age: float = 0, **more: str) -> Message:
        """A question of the table as its caller signed it, or somebody else, some seconds ago."""
        said = TABLE["questions"][name]
        body = orjson.dumps(said["body"]) if "body" in said else b""
        to = {names.NODE: "330200.gateway", names.QUESTION: "q-1"}
        own = {**self.strict.headers, **to, **said.get("headers", {}), **more}
        own = {name: value for name, value in own.items() if value}
        asked = Message(said.get("method", "POST"), said["path"], said.get("query", ""), own, body)
        key = {"caller": self.strict.own, "gateway": self.strict.gateway, "stranger": STRANGER}[by]
        signed = sign(asked, key, datetime.now(UTC) - timedelta(seconds=age))
        return replace(asked, headers={**own, **signed})

    async def ask(self, at: str, asks: Any, handed: Any, **more: str) -> httpx.Response:
        """One call to the department that keeps the canaries, as a message of the gateway's own; `asks` as the table
        says it."""
        return await self.send(self.call(at, asks, handed, **more))

    def call(self, at: str, asks: Any, handed: Any, **more: str) -> tuple[str, Message]:
        """Where a call goes, and the call."""
        place = places_of(at.partition("/")[0])[0]
        asks = self._sealed(at, asks) if isinstance(asks, dict) else asks
        body = orjson.dumps({"asks": asks, "question": handed} if handed is not None else asks)
        own = {
            **self.strict.headers,
            names.QUESTION: "q-1",
            names.DEADLINE: "5000",
            names.NODE: place.member,
            "content-type": names.SUBCALL if handed is not None else names.JSON,
            **more,
        }
        call = Message("POST", f"/records/{at}", "", own, body)
        signed = sign(call, self.strict.gateway, datetime.now(UTC))
        return self.strict.addresses[place], replace(call, headers={**own, **signed})

    async def send(self, sent: tuple[str, Message]) -> httpx.Response:
        address, call = sent
        return await self.client.request(
            call.method, address + call.path, headers=dict(call.headers), content=call.body
        )

    def seal(self, one: str, other: str, question: str = "q-1") -> Seal:
        """What the departments of a link seal and open by, of which a gateway sees no more than what comes of it."""
        place = places_of(one.partition(".")[0])[0]
        keys = read_link_keys(keys_file(self.strict.folder, place.member).read_bytes())
        held = keys.of[ends_of(one, other)]
        return Seal(held, held[0], ends_of(one, other), question)

    def _sealed(self, at: str, asks: dict[str, Any]) -> dict[str, Any]:
        """What is asked, with the table's keys and columns as they travel."""
        if not asks.keys() & {"meet", "show"}:
            return asks
        dataset = ".".join(at.split("/")[:2])
        said: dict[str, Any] = {}
        said["show"] = {name: TABLE["ends"][end] for name, end in asks.get("show", {}).items()}
        said["meet"] = []
        for item, (end, *values) in asks.get("meet", {}).items():
            other = TABLE["ends"][end]
            seal = self.seal(f"{dataset}.{item}", other)
            said["meet"].append({"item": item, "for": other, "keys": [seal.seal(str(one)) for one in values]})
        return {name: one for name, one in asks.items() if name not in ("meet", "show")} | {"sealed": said}

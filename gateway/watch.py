"""Asks every node for its catalogue again and again, and keeps the area that they make together; run by `app`."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from gateway.area import Area, build
from gateway.known import Known, Reading
from gateway.nodes import NodeAnswer, NodeClient, NodeFault
from gateway.settings import Settings
from gateway.tls import Tls
from schemas.contracts.catalogue import Catalogue
from schemas.wire import headers as names
from schemas.wire.descriptor import Descriptor

_log = logging.getLogger("langqiao.gateway")
_KEPT = TypeAdapter(dict[str, Descriptor])


@dataclass(slots=True)
class Seen:
    """One node as it was last met: `trouble` says why it did not answer the last time, `at` when it last did."""

    url: str
    known: Known | None = None
    tag: str = ""
    at: float | None = None
    trouble: str = "not asked yet"


@dataclass(slots=True)
class Watch:
    """The nodes of the settings and the area they make. A node that is away stays a known source."""

    settings: Settings
    nodes: NodeClient
    tls: Tls
    clock: Callable[[], datetime]
    area: Area = field(default_factory=lambda: Area(Catalogue(())))
    seen: Mapping[str, Seen] = field(default_factory=dict)
    _reading: Reading = field(default_factory=Reading)
    _began: float = field(default_factory=monotonic)

    def recall(self) -> None:
        """Begin with the catalogues that the last run kept."""
        kept = _read(self.settings.catalogue_file)
        self.seen = {url: Seen(url, self._recalled(url, kept)) for url in self.settings.nodes}
        self._build()

    async def run(self) -> None:
        """Ask again and again until cancelled."""
        while True:
            await asyncio.sleep(self.settings.refresh_seconds)
            self.tls.refresh()
            try:
                await self.refresh()
            except Exception as fault:
                # A round that fails must not end the watch; the type alone, for texts may hold anything.
                _log.error("catalogue round failed: %s", type(fault).__name__)

    async def refresh(self) -> None:
        """Ask every node once, all at a time, and take up what changed."""
        changed = await asyncio.gather(*(self._ask(one) for one in self.seen.values()))
        if any(changed):
            self._build()
            _write(self.settings.catalogue_file, self._all_known())

    @property
    def unknown(self) -> list[str]:
        """Addresses of nodes that nothing is known of yet."""
        return [one.url for one in self.seen.values() if one.known is None]

    @property
    def ready(self) -> bool:
        """Whether every node is known; after a while, one is enough: a dead node must not keep the door shut."""
        patient = monotonic() - self._began < self.settings.start_patience_seconds
        return not self.unknown or (bool(self.area.offers) and not patient)

    def document(self) -> dict[str, Any]:
        """What `/health` shows."""
        now = monotonic()
        away = [f"{one.url}: {one.trouble}" for one in self.seen.values() if one.trouble]
        nodes = {
            one.url: {
                "node": one.known.descriptor.node if one.known else None,
                "ok": not one.trouble,
                "age_seconds": None if one.at is None else round(now - one.at, 3),
            }
            for one in self.seen.values()
        }
        unsigned = [] if self.settings.key_file else ["key_file is unset: nodes refuse the calls of members"]
        insecure = [f"tls: {reason}"] if (reason := self.tls.why_not(self.clock())) else []
        reasons = [*away, *self.area.refused, *unsigned, *insecure]
        return {"node": self.settings.node_id, "ready": self.ready, "reasons": reasons, "nodes": nodes}

    async def _ask(self, one: Seen) -> bool:
        """Whether what is known of a node changed."""
        try:
            said = {"accept": names.JSON, **({"if-none-match": one.tag} if one.tag else {})}
            seconds = self.settings.refresh_timeout_ms / 1_000
            answer = await self.nodes.call(one.url, "GET", "/catalogue", said, None, seconds)
        except NodeFault as fault:
            one.trouble = type(fault).__doc__ or ""
            return False
        if answer.status == 304:
            one.trouble, one.at = "", monotonic()
            return False
        return self._take(one, answer)

    def _take(self, one: Seen, answer: NodeAnswer) -> bool:
        if answer.status != 200:
            one.trouble = f"its catalogue answers {answer.status}"
            return False
        try:
            descriptor = Descriptor.model_validate_json(answer.body)
        except ValidationError:
            one.trouble = "its catalogue cannot be read"
            return False
        if not self._is_meant(one.url, descriptor):
            # Whatever was known of the address, another stands there now.
            one.known, one.tag, one.trouble = None, "", f"it is not {self.settings.node_ids[one.url]}"
            return True
        one.known = self._reading.known(one.url, descriptor)
        one.trouble, one.at, one.tag = "", monotonic(), answer.headers.get("etag", "")
        return True

    def _is_meant(self, url: str, descriptor: Descriptor) -> bool:
        """Whether the node is the one that the operator knows there."""
        return self.settings.node_ids.get(url, descriptor.node) == descriptor.node

    def _recalled(self, url: str, kept: Mapping[str, Descriptor]) -> Known | None:
        if url not in kept or not self._is_meant(url, kept[url]):
            return None
        return self._reading.known(url, kept[url])

    def _all_known(self) -> list[Known]:
        return [one.known for one in self.seen.values() if one.known is not None]

    def _build(self) -> None:
        known = self._all_known()
        self._reading.keep_only(known)
        before = self.area.refused
        self.area = build(self.settings.node_id, known)
        for reason in self.area.refused:
            if reason not in before:
                _log.warning("refused: %s", reason)


def _read(path: Path | None) -> dict[str, Descriptor]:
    if path is None or not path.exists():
        return {}
    try:
        return _KEPT.validate_json(path.read_bytes())
    except ValidationError:
        # Kept by another version: the nodes will say it all again.
        return {}


def _write(path: Path | None, known: list[Known]) -> None:
    if path is None:
        return
    text = orjson.dumps({one.url: one.descriptor.model_dump(mode="json") for one in known})
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_bytes(text)
    unfinished.replace(path)

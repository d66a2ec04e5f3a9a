"""Stand-ins for nodes that a person asks: small ASGI apps over the entries of a log in memory."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.trust.about import LAST, MANDATES, PATH, read_ask
from schemas.wire.descriptor import Descriptor
from schemas.wire.problem import MEDIA_TYPE, Problem

Entry = dict[str, Any]


@dataclass
class LogNode:
    """A department with a log; `entries` are told as they stand, `mandates` are what its register signs, None: it keeps
    none. `refusal` or `lie` is answered in place of all that."""

    node: str
    entries: list[Entry] = field(default_factory=list)
    mandates: list[str] | None = None
    refusal: Problem | None = None
    lie: dict[str, Any] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/catalogue", self._catalogue),
                Route(PATH, self._about, methods=["POST"]),
                Route(MANDATES, self._mandates, methods=["POST"]),
            ]
        )

    async def _catalogue(self, request: Request) -> Response:
        said = Descriptor(node=self.node, division=self.node[:6], offerings=(), contracts=())
        return Response(said.model_dump_json(), media_type="application/json")

    async def _about(self, request: Request) -> Response:
        self.asked.append(orjson.loads(await request.body()))
        if self.refusal is not None:
            return _refused(self.refusal)
        if self.lie is not None:
            return _json(self.lie)
        ask = read_ask(self.asked[-1])
        left = [one for one in self.entries if one["entry"] < ask.before.get(self.node, LAST)]
        more = {self.node: left[ask.limit - 1]["entry"]} if len(left) > ask.limit else None
        return _json({"entries": left[: ask.limit], "next": more})

    async def _mandates(self, request: Request) -> Response:
        if self.mandates is None:
            return _refused(Problem("unknown-path", "This department says of nobody whom they represent."))
        return _json({"mandates": self.mandates})


def entries(node: str, *times: int) -> list[Entry]:
    """Entries of a log, made at these seconds of one minute; the last first."""
    found = [
        {"node": node, "entry": number, "at": f"2026-03-01T08:00:{second:02d}.000000Z"}
        for number, second in enumerate(sorted(times), start=1)
    ]
    return found[::-1]


def _refused(problem: Problem) -> Response:
    return Response(problem.body(), problem.status, media_type=MEDIA_TYPE)


def _json(said: dict[str, Any]) -> Response:
    return Response(orjson.dumps(said), media_type="application/json")

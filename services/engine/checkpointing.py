"""The access log's checkpoints of a running node: signed, given to the witnesses over HTTP, told on a control topic;
used by `node` alone."""

from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager, nullcontext, suppress
from ssl import SSLContext
from typing import TYPE_CHECKING

from schemas.contracts.catalogue import Catalogue
from schemas.trust.entries import instant
from schemas.trust.registry import Registry
from schemas.trust.statements import Checkpoint
from schemas.wire import control
from schemas.wire import headers as names
from schemas.wire.projection import shows_members
from services.engine.beside import beside
from services.engine.capture import telling
from services.engine.capture.database import Database, DatabaseAway
from services.engine.log.access_log import AccessLog
from services.engine.log.checkpoints import Ask, Checkpoints, Contradicted, Publish, WitnessAway
from services.engine.settings import Settings

if TYPE_CHECKING:
    import httpx

#: Where a node takes the checkpoints of others.
PATH = "/log/checkpoints"
_PATIENCE_SECONDS = 10.0


@asynccontextmanager
async def checkpointing(
    log: AccessLog,
    settings: Settings,
    registry: Callable[[], Registry],
    publish: Publish,
    security: SSLContext | None,
) -> AsyncIterator[Checkpoints | None]:
    """Checkpoints made and witnessed beside the calls; None where the node has no key to sign them. `security` is by
    what witnesses are called, None: by the machine's own authorities."""
    if log.own is None:
        yield None
        return
    async with _client(security) if settings.witnesses else nullcontext() as http:
        checkpoints = Checkpoints(
            log=log,
            registry=registry,
            witnesses={url: asking(http, url) for url in settings.witnesses if http is not None},
            publish=publish,
            every_seconds=settings.log_checkpoint_seconds,
            every_entries=settings.log_checkpoint_entries,
        )
        async with beside(checkpoints.run()):
            yield checkpoints


def asking(http: "httpx.AsyncClient", url: str) -> Ask:
    """How one witness is asked."""
    import httpx

    async def ask(text: str) -> str:
        try:
            answer = await http.post(
                url.rstrip("/") + PATH, content=text, headers={"Content-Type": names.JOSE}
            )
        except httpx.TransportError as fault:
            raise WitnessAway(type(fault).__name__) from None
        if answer.status_code == httpx.codes.CONFLICT:
            raise Contradicted
        if answer.status_code != httpx.codes.OK:
            raise WitnessAway(f"it answered {answer.status_code}")
        return answer.text

    return ask


def telling_on_topic(
    database: Database, catalogue: Catalogue, over: Callable[[], Container[tuple[str, int]]]
) -> Publish:
    """Checkpoints as control records of the department's first major that is not `over`, so that its subscribers hold
    them too. While the database is away, or nothing is captured yet, one is passed over: the next covers it."""
    majors = majors_told_first(catalogue)

    async def publish(one: Checkpoint, text: str) -> None:
        ended = over()
        dataset, major = next((place for place in majors if place not in ended), majors[0])
        said = control.AccessCheckpoint(
            node=one.node, number=one.number, hash=one.hash, at=instant(one.at), signed=text
        )
        with suppress(DatabaseAway):
            await database.write(
                telling.control, dataset, major, control.ACCESS_CHECKPOINT, said.model_dump()
            )

    return publish


def majors_told_first(catalogue: Catalogue) -> list[tuple[str, int]]:
    """All majors, first of all those whose control topic every member may read."""
    known = (catalogue.contract(name, one) for name in catalogue.datasets() for one in catalogue.majors(name))
    ordered = sorted(known, key=lambda one: (not shows_members(one), one.dataset, one.major))
    return [(one.dataset, one.major) for one in ordered]


def _client(security: SSLContext | None) -> "httpx.AsyncClient":
    import httpx

    return httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False, verify=security or True)

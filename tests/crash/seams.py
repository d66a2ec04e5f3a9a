"""The seams of a relay process, watched: its transactions, their statements and commits, and what goes to the broker;
put on by `relay_process` before the relay is made."""

import asyncio
from functools import partial
from typing import Any, ParamSpec, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection
from sqlalchemy import Connection, Engine, event

from services.engine.capture import lease
from services.engine.capture.database import Database, Work
from services.engine.relay import kafka
from tests.crash import disk
from tests.crash.points import BEGUN, BROKER, Stage, Watch
from tests.crash.scenario import SQLITE

P = ParamSpec("P")
R = TypeVar("R")

#: Where a connection keeps the name of the work that it is used for.
_WORK = "crash.work"


class WatchedDatabase:
    """A database whose work is seen to begin and to end, and for whose file there may be no room."""

    def __init__(self, database: Database, url: str, watch: Watch) -> None:
        self.dialect = database.dialect
        self._url = url
        self._database = database
        self._watch = watch

    async def read(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        done: R = await self._watched(self._database.read, work, *args, **kwargs)
        return done

    async def read_at_one_moment(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        done: R = await self._watched(self._database.read_at_one_moment, work, *args, **kwargs)
        return done

    async def write(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        done: R = await self._watched(self._database.write, work, *args, **kwargs)
        return done

    async def _watched(self, way: Any, work: Any, *args: Any, **kwargs: Any) -> Any:
        room, what = _named(work, args)

        def noted(connection: Connection) -> Any:
            connection.info[_WORK] = room, what
            if self.dialect.name == SQLITE:
                driver: Any = connection.connection.driver_connection
                driver.execute(disk.pages(self._url)).close()
            return work(connection, *args, **kwargs)

        self._watch.visit(room, Stage.BEGIN, what)
        done = await way(noted)
        self._watch.visit(room, Stage.COMMITTED, what)
        return done

    async def changed(self) -> bool:
        return await self._database.changed()

    async def close(self) -> None:
        await self._database.close()


def _named(work: Any, args: tuple[Any, ...]) -> tuple[str, str]:
    """Module and function of the work; of what is done under the lease, not of the lease."""
    done = args[2] if work is lease.holding else work
    while isinstance(done, partial):
        done = done.func
    return done.__module__.rpartition(".")[2], done.__name__


def watch_statements(watch: Watch) -> None:
    """See every statement and every commit of the process."""

    @event.listens_for(Engine, "before_cursor_execute")
    def executing(connection: Connection, *_: object) -> None:
        room, what = connection.info.get(_WORK, ("", ""))
        watch.visit(room, Stage.STATEMENT, what)

    @event.listens_for(Engine, "commit")
    def committing(connection: Connection) -> None:
        room, what = connection.info.get(_WORK, ("", ""))
        watch.visit(room, Stage.COMMIT, what)


def watch_broker(watch: Watch) -> None:
    """See every message go, every request with messages leave, and every acknowledgement come."""

    class Producer(AIOKafkaProducer):  # type: ignore[misc]
        async def send(self, *args: Any, **kwargs: Any) -> "asyncio.Future[Any]":
            watch.visit(BROKER, Stage.SEND)
            future: asyncio.Future[Any] = await super().send(*args, **kwargs)
            future.add_done_callback(lambda _: watch.visit(BROKER, Stage.PARTLY))
            watch.visit(BROKER, Stage.SENT)
            return future

    class Broker(kafka.KafkaBroker):
        async def publish(self, messages: Any) -> Any:
            acks = await super().publish(messages)
            watch.visit(BROKER, Stage.ACKED)
            return acks

        async def tails(self, *args: Any, **kwargs: Any) -> Any:
            tails = await super().tails(*args, **kwargs)
            print(BEGUN, flush=True)
            return tails

    kafka.AIOKafkaProducer = Producer  # type: ignore[attr-defined]
    kafka.KafkaBroker = Broker  # type: ignore[misc]
    _watch_connections(watch)


def _watch_connections(watch: Watch) -> None:
    plain = AIOKafkaConnection.send

    def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        answer = plain(self, request, *args, **kwargs)
        if type(request).__name__.startswith("ProduceRequest"):
            # The loop writes when it has nothing else to do; so twice around.
            asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(_written, self))
        return answer

    def _written(connection: Any) -> None:
        watch.sever = connection.close
        watch.visit(BROKER, Stage.WRITTEN)

    AIOKafkaConnection.send = send

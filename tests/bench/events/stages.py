"""Where the relay's time goes: the stages of its rounds, watched from outside, and a line for each round with what each
of them took; put around a relay by `relay_process`, and read by `spent`."""

import time
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import orjson

Clock = Callable[[], int]
Work = Callable[..., Coroutine[Any, Any, Any]]


class Stage(StrEnum):
    """In the order in which a change meets them. `OTHER` is all that is none of the others: setting deletes aside, what
    is noted of acknowledgements, looking now and then what the broker holds."""

    RESTING = "resting until the next look"
    LOOKING = "looking whether anything waits"
    READING = "reading what waits"
    DECIDING = "deciding what is told to whom"
    NUMBERING = "numbering in the database"
    RENDERING = "rendering messages"
    PUBLISHING = "publishing until acknowledged"
    MARKING = "marking as sent in the database"
    OTHER = "the rest"


class Watch:
    """Charges each moment of the task that sends to the innermost stage in which that is: so their sum is all of its
    time. Its CPU is charged likewise, and that of the tasks beside it apart. Times are in ns; for one event loop.

    `put` gets a line for each round, and one for what lay between two.
    """

    def __init__(
        self,
        put: Callable[[bytes], object],
        wall: Clock = time.monotonic_ns,
        cpu: Clock = time.thread_time_ns,
        process: Clock = time.process_time_ns,
    ) -> None:
        self._put, self._wall, self._cpu, self._process = put, wall, cpu, process
        self._stages = [Stage.OTHER]
        self._sends_now = False
        self._since = self._charged = wall()
        self._cpu_charged, self._process_noted = 0, process()
        self._forget()

    def sending(self, work: Work) -> Work:
        """The task that sends, for as long as it does."""

        async def watched(*args: Any, **kwargs: Any) -> Any:
            return await _Steps(work(*args, **kwargs), self._goes_on, self._stops)

        return watched

    def beside(self, work: Work) -> Work:
        """A task beside it."""

        async def watched(*args: Any, **kwargs: Any) -> Any:
            began = 0

            def goes_on() -> None:
                nonlocal began
                began = self._cpu()

            def stops() -> None:
                self._beside += self._cpu() - began

            return await _Steps(work(*args, **kwargs), goes_on, stops)

        return watched

    def during(self, stage: Stage, work: Work) -> Work:
        """A call that is a stage where the task that sends makes it."""
        return self.by(lambda *_: stage, work)

    def by(self, stage_of: Callable[..., Stage | None], work: Work) -> Work:
        """The same, where its arguments tell the stage, or that it is none of its own."""

        async def watched(*args: Any, **kwargs: Any) -> Any:
            stage = stage_of(*args) if self._sends_now else None
            if stage is None:
                return await work(*args, **kwargs)
            with self._in(stage):
                return await work(*args, **kwargs)

        return watched

    def round(self, work: Work) -> Work:
        """A round: it gets a line, and so does what came before it."""

        async def watched(*args: Any, **kwargs: Any) -> Any:
            self._note(is_round=False)
            try:
                return await work(*args, **kwargs)
            finally:
                self._note(is_round=True)

        return watched

    def counting(self, work: Work) -> Work:
        """A call whose first argument are the changes of a round."""

        async def watched(changes: Any, *args: Any) -> Any:
            self._changes += len(changes)
            return await work(changes, *args)

        return watched

    @contextmanager
    def _in(self, stage: Stage) -> Iterator[None]:
        self._charge()
        self._stages.append(stage)
        self._entered.setdefault(stage, self._charged)
        try:
            yield
        finally:
            self._charge()
            self._stages.pop()

    def _goes_on(self) -> None:
        self._sends_now, self._cpu_charged = True, self._cpu()

    def _stops(self) -> None:
        self._charge()
        self._sends_now = False

    def _charge(self) -> None:
        stage, now = self._stages[-1], self._wall()
        self._taken[stage] += now - self._charged
        self._charged = now
        if self._sends_now:
            worked = self._cpu()
            self._worked[stage] += worked - self._cpu_charged
            self._cpu_charged = worked

    def _note(self, *, is_round: bool) -> None:
        self._charge()
        process = self._process()
        line = {
            "since": self._since,
            "until": self._charged,
            "is_round": is_round,
            "changes": self._changes,
            "published": self._entered.get(Stage.PUBLISHING),
            "wall": _plain(self._taken),
            "cpu": _plain(self._worked),
            "beside": self._beside,
            "process": process - self._process_noted,
        }
        self._put(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self._since, self._process_noted = self._charged, process
        self._forget()

    def _forget(self) -> None:
        self._taken: Counter[Stage] = Counter()
        self._worked: Counter[Stage] = Counter()
        self._entered: dict[Stage, int] = {}
        self._beside = self._changes = 0


class _Steps:
    """A coroutine, with a word before and after each stretch in which it runs without waiting."""

    def __init__(
        self, work: Coroutine[Any, Any, Any], goes_on: Callable[[], None], stops: Callable[[], None]
    ) -> None:
        self._work, self._goes_on, self._stops = work, goes_on, stops

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = lambda: self._work.send(None)  # noqa: E731
        while True:
            self._goes_on()
            try:
                waits_for = step()
            except StopIteration as done:
                return done.value
            finally:
                self._stops()
            try:
                came = yield waits_for
            except BaseException as fault:
                step = _throwing(self._work, fault)
            else:
                step = _sending(self._work, came)


def _sending(work: Coroutine[Any, Any, Any], came: Any) -> Callable[[], Any]:
    return lambda: work.send(came)


def _throwing(work: Coroutine[Any, Any, Any], fault: BaseException) -> Callable[[], Any]:
    return lambda: work.throw(fault)


def _plain(times: Mapping[Stage, int]) -> dict[str, int]:
    return {str(stage): taken for stage, taken in times.items()}

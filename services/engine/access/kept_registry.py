"""The member registry at this node: put there by a person, or brought by gateway or broker; checked, put on the disk,
in force, and told in /health. Owned by the gate; `api/registering` and `relay/registry_topic` hand in what comes."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from schemas.trust.authority import Authority
from schemas.trust.holding import Held, kept, nothing, taken
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import Problem
from services.engine.access.putting import put
from services.engine.followed_file import FollowedFile, State, state_of
from services.engine.settings import Settings

_NAME = re.compile(r"registry-(\d{12})\.jws")
_WORD = "word.jws"
_RETRY_SECONDS = "60"
_log = logging.getLogger("langqiao.engine")


@dataclass(slots=True)
class KeptRegistry:
    """`file` is what a person put there, None: nothing; `folder` holds every registry that came, by number, so that a
    restart and another process of this node know the newest, and old evidence its own.

    `refused` says why, and when, something that came was refused last. What was good stays in force until a better one
    comes.
    """

    file: InitVar[Path | None]
    folder: Path
    patience_seconds: float
    clock: Callable[[], datetime]
    held: Held
    refused: tuple[str, datetime] | None = None
    _file: FollowedFile = field(init=False)
    _folder_seen: State | None = None
    _one_at_a_time: Lock = field(default_factory=Lock)

    def __post_init__(self, file: Path | None) -> None:
        self._file = FollowedFile(file, "member registry")

    @property
    def value(self) -> Registry:
        return self.held.registry

    @property
    def authority(self) -> Authority:
        """Whose signature counts, for grants too."""
        return self.held.authority

    def refresh(self) -> None:
        """Take up what a person, or another process of this node, put there since; called at start and by the health
        checks. Not while something is being taken: what that leaves is taken up next time."""
        if self._one_at_a_time.acquire(blocking=False):
            try:
                self._look_at_folder()
                self._file.look(self._keep)
            finally:
                self._one_at_a_time.release()

    def take(self, text: str) -> Held:
        """What is held after a text has come, which is on the disk by then. Raises DocumentRefused, OSError; then all
        is as it was."""
        with self._one_at_a_time:
            self._look_at_folder()
            now = self.clock()
            try:
                found = taken(self.held, text, now)
            except DocumentRefused as fault:
                self.refused = (fault.reason, now)
                raise
            if found is not self.held:
                self._put(found)
                self.held = found
                _log.info("member registry: number %d is in force", found.registry.number)
            return found

    def why_not(self, now: datetime) -> str | None:
        """Why it is not to be relied on now; None when it is, or when there is to be none."""
        if self._file.fault is not None:
            return self._file.fault
        if self.value.number == 0:
            return None
        if self.value.expires <= now:
            return "expired"
        return self._silence(now)

    def require_word(self) -> None:
        """Problem registry-stale where nobody has confirmed for too long that this registry is the newest: whoever asks
        may be no member any more, and the node would not know."""
        if (silence := self._silence(self.clock())) is not None:
            raise Problem(
                "registry-stale",
                f"Nothing is given on a grant now: {silence}.",
                headers={"Retry-After": _RETRY_SECONDS},
            )

    def facts(self, now: datetime) -> Mapping[str, Any]:
        """What /health shows of it."""
        return self.held.facts(now, self.refused)

    def _silence(self, now: datetime) -> str | None:
        age = self.held.age_seconds(now)
        if age is not None and age <= self.patience_seconds:
            return None
        return "no word of the member registry for " + ("ever" if age is None else f"{age:.0f} s")

    def _keep(self, content: bytes) -> None:
        self.held = kept(self.held, content.decode().strip())

    def _look_at_folder(self) -> None:
        """The newest good registry that came, and the newest word. What is not good was good when it came: it is passed
        over, for an older one is better than none."""
        seen = state_of(self.folder)
        if seen in (None, self._folder_seen):
            return
        self._folder_seen = seen
        named = ((path, _NAME.fullmatch(path.name)) for path in self.folder.iterdir())
        numbers = {int(match.group(1)): path for path, match in named if match}
        for number in sorted(numbers, reverse=True):
            if number <= self.value.number or self._read(numbers[number], lambda text: kept(self.held, text)):
                break
        if (word := self.folder / _WORD).exists():
            self._read(word, lambda text: taken(self.held, text, self.clock()))

    def _read(self, path: Path, take: Callable[[str], Held]) -> bool:
        try:
            self.held = take(path.read_text())
        except (DocumentRefused, OSError, UnicodeDecodeError) as fault:
            _log.error("member registry: %s is not usable (%s)", path.name, fault)
            return False
        return True

    def _put(self, found: Held) -> None:
        if found.text != self.held.text:
            put(self.folder / f"registry-{found.registry.number:012d}.jws", found.text.encode())
        if found.word_text and found.word_text != self.held.word_text:
            put(self.folder / _WORD, found.word_text.encode())


def open_registry(settings: Settings, clock: Callable[[], datetime]) -> KeptRegistry:
    """The registry as the disk has it, which is read at once."""
    found = KeptRegistry(
        file=settings.registry_file,
        folder=settings.kept_registries,
        patience_seconds=settings.registry_word_seconds,
        clock=clock,
        held=nothing(settings.authority_keys),
    )
    found.refresh()
    return found

"""What a subscriber without a topic holds of a question's answer, and how it follows that: the body to send to a
department's `…/changes`, and the lines that come back; for integrators' programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


class Unfinished(Exception):
    """The answer has no end: the connection was cut. Nothing of it was taken in; ask again."""


@dataclass(frozen=True, slots=True)
class Event:
    """One record that was `created`, `updated` or `deleted` for whoever asks. `record` shows the items asked for, None
    of one that is deleted: it is no more, or no more among the records that the caller may see."""

    type: str
    record_id: str
    record: Mapping[str, Any] | None


@dataclass(slots=True)
class Holding:
    """Records by record id, and the version of each. Begin with none, and keep both while the question is followed."""

    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def body(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """What to send: the same question each time, and what is held."""
        return {**question, "held": self.versions}

    def take(self, answer: bytes) -> list[Event]:
        """Take in an answer, whole; the events in it. Raises Unfinished."""
        lines = [orjson.loads(line) for line in answer.splitlines()] if answer.endswith(b"\n") else []
        if not lines or "end" not in lines[-1]:
            raise Unfinished
        return [self._take(one) for one in lines[:-1]]

    def _take(self, said: Mapping[str, Any]) -> Event:
        event = Event(said["type"], said["record_id"], said.get("record"))
        if event.record is None:
            self.records.pop(event.record_id, None)
            self.versions.pop(event.record_id, None)
        else:
            self.records[event.record_id] = event.record
            self.versions[event.record_id] = said["record_version"]
        return event

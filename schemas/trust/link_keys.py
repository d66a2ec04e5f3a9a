"""The keys of links as a department holds them: for each link one that seals, and beside it those that still open or
are yet to begin. Read by nodes, written by the tool that makes and rotates them.

The file is JSON: `{"links": [{"ends": […, …], "keys": [{"key": <hex>, "begins": <time>, "until": <time>}]}]}`.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from schemas.trust.keys import BadKey

#: Both ends of a link as `<dataset>.<item>`, in the order of their texts: a link and its reverse have the same.
Ends = tuple[str, str]
_KEY_BYTES = 64
_ID_LENGTH = 8


def ends_of(one: str, other: str) -> Ends:
    """The ends of the link between two `<dataset>.<item>`."""
    return (one, other) if one <= other else (other, one)


@dataclass(frozen=True, slots=True)
class LinkKey:
    """One key of a link, which seals from `begins` on until another begins, and opens before `until` (None: always).
    Times are aware."""

    secret: bytes = field(repr=False)
    begins: datetime
    until: datetime | None = None
    key_id: str = field(init=False)
    cipher: AESSIV = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.secret) != _KEY_BYTES:
            raise BadKey(f"a link's key has {_KEY_BYTES} bytes")
        digest = hashlib.sha256(b"langqiao link key" + self.secret).hexdigest()
        object.__setattr__(self, "key_id", digest[:_ID_LENGTH])
        object.__setattr__(self, "cipher", AESSIV(self.secret))


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """All keys that a department holds, by link, each link's in the order in which they begin."""

    of: Mapping[Ends, tuple[LinkKey, ...]] = field(default_factory=dict)

    def held(self, ends: Ends, now: datetime) -> tuple[LinkKey, ...]:
        """The keys of a link that open now, or will."""
        return tuple(one for one in self.of.get(ends, ()) if one.until is None or now < one.until)

    def followed(self, ends: Ends, key: LinkKey, until: datetime, now: datetime) -> "LinkKeys":
        """With one more key of a link; those before it end `until` then at the latest, and those that ended are left
        out."""
        before = tuple(replace(one, until=min(one.until or until, until)) for one in self.held(ends, now))
        return LinkKeys({**self.of, ends: (*before, key)})


def seals(held: tuple[LinkKey, ...], now: datetime) -> LinkKey:
    """The one of a link's keys that seals now: the last that has begun, or else the first that will."""
    return next((one for one in reversed(held) if one.begins <= now), held[0])


def new_link_key(begins: datetime) -> LinkKey:
    """A fresh key."""
    return LinkKey(secrets.token_bytes(_KEY_BYTES), begins)


def read_link_keys(content: bytes) -> LinkKeys:
    """The keys in a file; raises BadKey."""
    try:
        links = orjson.loads(content)["links"]
        found = {ends_of(*one["ends"]): _in_order(one["keys"]) for one in links}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise BadKey("this is no file of links' keys") from None
    if len(found) != len(links):
        raise BadKey("a link stands twice in the file")
    return LinkKeys(found)


def write_link_keys(keys: LinkKeys) -> bytes:
    """A key file; whoever reads it can open what travels sealed, so its rights protect it."""
    links = [{"ends": ends, "keys": list(map(_written, held))} for ends, held in sorted(keys.of.items())]
    return orjson.dumps({"links": links}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _in_order(said: list[dict[str, Any]]) -> tuple[LinkKey, ...]:
    found = (
        LinkKey(
            bytes.fromhex(one["key"]),
            _moment(one["begins"]),
            _moment(one["until"]) if "until" in one else None,
        )
        for one in said
    )
    return tuple(sorted(found, key=lambda one: one.begins))


def _written(one: LinkKey) -> dict[str, str]:
    said = {"key": one.secret.hex(), "begins": one.begins.isoformat()}
    return said if one.until is None else {**said, "until": one.until.isoformat()}


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise BadKey("when a link's key begins and ends must be times with zone")
    return found

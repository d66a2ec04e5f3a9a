"""A record as each channel sees it, with the digest by which is known whether an audience was told so; pure, used by
`projection`, and wherever table and topic are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.contracts.model import Contract
from schemas.query.bound import Value
from schemas.query.values import to_wire
from schemas.wire.event import body_of
from services.engine.capture.fit import changed_column
from services.engine.capture.rows import Row, stored_row
from services.engine.capture.told import digest_of
from services.engine.mapping.model import Mapping as TableMapping
from services.engine.relay.feeds import Channel, Feed

Values = Mapping[str, Value]


class Unpublishable(Exception):
    """The change cannot become an event; says why, without a value."""


class Misfitting(Unpublishable):
    """The row is of a table that does not fit its mapping, or did not when it was captured; it never will."""


@dataclass(frozen=True, slots=True)
class View:
    """A record for one channel: the items that its events show, as JSON too, and the digest of all that the channel
    watches. Of a record that is gone `data` is None, and the rest empty."""

    contract: Contract
    channel: Channel
    values: Values
    data: dict[str, Any] | None
    body: bytes
    digest: str


def row_of(feed: Feed, text: str | None, dialect: str) -> Row | None:
    """A row of capture JSON for `views`, None for one that is gone. Raises Misfitting."""
    if text is None:
        return None
    row = stored_row(text, dialect)
    for major in feed.majors:
        column = changed_column(major.mapping, row, dialect)
        if column is not None:
            raise Misfitting(f"the column {column} has another type")
    return row


def views(feed: Feed, row: Row | None) -> tuple[View, ...]:
    """A row, None for one that is gone, for every channel that learns anything of the dataset. Raises Unpublishable."""
    found: list[View] = []
    for major in feed.majors:
        values = {} if row is None else _values(major.mapping, row)
        wire = {item: to_wire(value) for item, value in values.items()}
        found += [
            _view(major.mapping.contract, channel, values, wire)
            for channel in major.channels
            if channel.watched
        ]
    return tuple(found)


def digests(seen: tuple[View, ...]) -> dict[str, str]:
    """What is told of a record by its views: by channel label; nothing of one that is gone."""
    return {one.channel.label: one.digest for one in seen if one.data is not None}


def _view(contract: Contract, channel: Channel, values: Values, wire: Mapping[str, Any]) -> View:
    if not values:
        return View(contract, channel, values, None, b"", "")
    data = {item: wire[item] for item in channel.items}
    body = _body(data)
    watched = (
        body if channel.watched == channel.items else _body({item: wire[item] for item in channel.watched})
    )
    return View(contract, channel, values, data, body, digest_of(watched))


def _body(data: dict[str, Any]) -> bytes:
    try:
        return body_of(data) or b""
    except TypeError:
        # Half a surrogate pair, from a text that was never valid.
        raise Unpublishable("an item holds text that is no Unicode") from None


def _values(mapping: TableMapping, row: Row) -> Values:
    try:
        return {item: field.codec.decode(row[field.column]) for item, field in mapping.fields.items()}
    except KeyError as fault:
        raise Misfitting(f"the column {fault.args[0]} is gone") from None

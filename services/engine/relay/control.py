"""Control records: what a feed says of itself beside its records' changes; pure, used by `projection`."""

from typing import Any

import orjson

from schemas.contracts.model import Contract
from schemas.wire.event import body_of, event_id
from services.engine.capture.outbox import Change
from services.engine.relay.feeds import Feed
from services.engine.relay.views import Unpublishable


def attributes(feed: Feed, change: Change) -> tuple[str, dict[str, Any]] | None:
    """The control topic, and the event's attributes, all but its number; its kind is its key, so that the newest of
    each kind is what compaction keeps. None where its major has ended; raises Unpublishable where it is not offered."""
    said = orjson.loads(change.new or b"{}")
    if said["major"] in feed.ended:
        return None
    major = next((one for one in feed.majors if one.mapping.contract.major == said["major"]), None)
    if major is None:
        raise Unpublishable(f"major {said['major']} of the dataset is no longer offered here")
    contract: Contract = major.mapping.contract
    body = body_of(said["data"]) or b""
    deed = f"control.{said['kind'].partition('/')[0]}" + (".deleted" if said["data"] is None else "")
    return major.control_topic, {
        "id": event_id(feed.source, major.control_topic, said["kind"], change.id, body.decode()),
        "source": feed.source,
        "type": f"cn.gov.{contract.dataset}.{deed}",
        "subject": said["kind"],
        "time": change.at,
        "dataschema": f"urn:langqiao:control:{said['kind'].partition('/')[0]}",
        "recordepoch": change.epoch,
        "recordversion": change.version,
        "recordedtime": change.at,
        "dataclassification": contract.grade,
        "data": said["data"],
    }

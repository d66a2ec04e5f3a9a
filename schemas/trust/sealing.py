"""Join keys as they travel through a gateway: sealed for one link and one question by a key that the link's departments
hold, and the gateway does not. Sealed and opened by nodes; the gateway compares the texts, and reads nothing.

AES-SIV (RFC 5297): equal values make equal texts, which is what a join compares, and a text that was altered, or made
for another link or question, opens nowhere. A text is `<key id>.<base64url>`.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cryptography.exceptions import InvalidTag

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Link
from schemas.query.bound import Value
from schemas.query.values import to_wire
from schemas.trust.link_keys import Ends, LinkKey, ends_of

_WHAT = b"langqiao join key"
_TEXT = re.compile(r"(?P<key>[0-9a-f]{8})\.(?P<sealed>[A-Za-z0-9_-]{22,65536})")


class NotOpened(Exception):
    """A text opens under no key for this link and question. `key_id` is set where it names a key that is not held."""

    def __init__(self, key_id: str | None = None) -> None:
        self.key_id = key_id
        super().__init__(key_id or "altered")


def travels_sealed(catalogue: Catalogue, dataset: str, link: Link) -> bool:
    """Whether the keys of a link of this dataset are sealed: where an item that it joins is personal in any version."""
    return any(
        item in contract.items and contract.items[item].personal
        for name, item in ((dataset, link.item), (link.target, link.target_item))
        for contract in (catalogue.contract(name, major) for major in catalogue.majors(name))
    )


def sealed_links(catalogue: Catalogue) -> frozenset[Ends]:
    """The links of all datasets whose keys are sealed."""
    return frozenset(
        ends_of(f"{dataset}.{link.item}", f"{link.target}.{link.target_item}")
        for dataset in catalogue.datasets()
        for link in catalogue.links(dataset).values()
        if travels_sealed(catalogue, dataset, link)
    )


def key_id_in(text: str) -> str:
    """Which key sealed a text, as the text says itself."""
    return text.partition(".")[0]


@dataclass(slots=True)
class Seal:
    """One link's keys as one question uses them: `by` seals, all of `held` open. Each value is sealed once."""

    held: Sequence[LinkKey]
    by: LinkKey
    ends: Ends
    question: str
    _sealed: dict[Value, str] = field(init=False, repr=False, default_factory=dict)
    #: What a text is bound to beside its value.
    _bound: list[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._bound = [_WHAT, *(end.encode() for end in self.ends), self.question.encode()]

    def seal(self, value: Value) -> str | None:
        """A key as text; null stays null, which meets nothing."""
        if value is None:
            return None
        found = self._sealed.get(value)
        if found is None:
            raw = self.by.cipher.encrypt(_plain(value).encode(), self._bound)
            found = self._sealed[value] = _text(self.by, raw)
        return found

    def open(self, text: str) -> str:
        """The value that a text seals, as a query's text says it; raises NotOpened."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise NotOpened
        key = next((one for one in self.held if one.key_id == found["key"]), None)
        if key is None:
            raise NotOpened(found["key"])
        try:
            raw = base64.urlsafe_b64decode(found["sealed"] + "=" * (-len(found["sealed"]) % 4))
            plain = key.cipher.decrypt(raw, self._bound).decode()
        except (InvalidTag, ValueError):
            raise NotOpened from None
        if _text(key, raw) != text:
            # Its last character may hold bits that say nothing.
            raise NotOpened
        return plain


def _text(key: LinkKey, raw: bytes) -> str:
    return f"{key.key_id}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def _plain(value: Value) -> str:
    """A value's text, the same for all values that are equal."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    wire = to_wire(value)
    return ("true" if wire else "false") if isinstance(wire, bool) else str(wire)

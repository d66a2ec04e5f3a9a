"""Nodes with keys in a registry of their own, and the one checkpoint after another that they sign."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from schemas.trust.keys import KeyPair, new_key, write_private
from schemas.trust.model import Member
from schemas.trust.registry import Registry
from schemas.trust.statements import Checkpoint, sign_checkpoint
from schemas.trust.suites import ED25519, Suite
from services.engine.access.putting import put
from services.engine.log.witnessing import Witness
from services.engine.own_key import OwnKey, open_key
from tests.services.engine.log.desk import NODE, NOON

OTHERS = ("330203.taxation", "330203.credit", "330203.civil_affairs")
#: Further nodes of the workshop's member, and of the first other's.
SISTER, ANOTHER = f"{NODE}.second", f"{OTHERS[0]}.second"

#: When witnesses here hold what comes.
HELD_AT = NOON + timedelta(hours=1)


@dataclass
class Nodes:
    """The workshop's node and others, each with a key of the `suite`."""

    suite: Suite = ED25519
    keys: dict[str, KeyPair] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = {node: new_key(self.suite) for node in (NODE, *OTHERS, SISTER, ANOTHER)}

    @property
    def registry(self) -> Registry:
        members = {
            f"{node}/node": Member(node.removesuffix(".second"), f"{node}/node", {key.key_id: key.public_hex})
            for node, key in self.keys.items()
        }
        known = {key_id: (one, public) for one in members.values() for key_id, public in one.keys.items()}
        return Registry(1, NOON + timedelta(days=1), members, known)

    def own(self, folder: Path, node: str) -> OwnKey:
        """A node's key in a file."""
        path = folder / f"{node}.key.pem"
        put(path, write_private(self.keys[node]))
        return open_key(path, lambda: NOON)

    def witness(self, folder: Path, node: str = OTHERS[0]) -> Witness:
        return Witness(folder / node, node, lambda: self.keys[node], lambda: HELD_AT)

    def signed(self, number: int, digest: str = "a", *, minute: int = 0, node: str = NODE) -> str:
        at = NOON + timedelta(minutes=minute)
        return sign_checkpoint(Checkpoint(node, number, digest * 64, at), self.keys[node])

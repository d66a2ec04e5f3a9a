"""A caller's profile: who asks, with which key, where; read by the command line and by integrators' programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext

import orjson

from schemas.trust import keys, token
from schemas.trust.ring import read_ring
from schemas.wire import headers
from schemas.wire.tls import TlsFiles
from services.client.members import Members
from services.engine.relay.security import BadSecurityFile, secured
from services.engine.tls import BadTlsFile, open_tls


class BadProfile(Exception):
    """The profile cannot be used; says which file and why."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Where to ask and as whom. `key_file` is relative to the profile's own folder; None asks anonymously. `node` is
    the id of the gateway, for which alone calls are signed; empty: whoever answers at its address says who it is.

    `bootstrap` is the Kafka address for following topics; the `broker_…` files, relative too, secure the way there as
    a department's settings of these names do; so do the `tls_…` files the way to gateway and nodes. `purpose` is
    `grant:<id>`, with further ids after commas, or `case:<reference>`; `on_behalf` the member that the system acts for,
    empty where it is its own. `registry_file`, relative too, is the signed member registry by which receipts are looked
    at as answers come, and `authority_keys` who may sign it, key id -> public hex; None: receipts are not looked at.
    """

    gateway: str
    node: str = ""
    bootstrap: str = ""
    member: str = ""
    system: str = ""
    officer: str = ""
    purpose: str = ""
    on_behalf: str = ""
    key_file: str | None = None
    broker_ca_file: str | None = None
    broker_certificate_file: str | None = None
    broker_key_file: str | None = None
    tls_ca_file: str | None = None
    tls_certificate_file: str | None = None
    tls_key_file: str | None = None
    registry_file: str | None = None
    authority_keys: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()

    def with_purpose(self, purpose: str | None) -> "Profile":
        return replace(self, purpose=purpose) if purpose else self

    def key(self) -> keys.KeyPair | None:
        """The key that signs tokens and messages now; None for an anonymous profile. Raises BadProfile."""
        return None if self.key_file is None else self._read_key(self.folder / self.key_file)

    def token(self) -> str:
        """A fresh token, good for ten minutes."""
        key = self.key()
        if key is None:
            raise BadProfile("this profile names no key, so it can only ask anonymously")
        return token.make(
            key,
            system=self.system,
            member=self.member,
            now=datetime.now(UTC),
            on_behalf=self.on_behalf or None,
        )

    def headers(self) -> dict[str, str]:
        """The headers that make a call this caller's; none for an anonymous profile."""
        if self.key_file is None:
            return {}
        return {
            "Authorization": f"Bearer {self.token()}",
            headers.OFFICER: self.officer,
            headers.PURPOSE: self.purpose,
        }

    def members(self) -> Members | None:
        """Who is a member, for whoever looks at receipts; None: nobody does."""
        if self.registry_file is None:
            return None
        return Members(self.folder / self.registry_file, self.authority_keys)

    def security(self) -> SSLContext | None:
        """Who this is at the broker; None: nobody in particular, in plain text."""
        named = (self.broker_ca_file, self.broker_certificate_file, self.broker_key_file)
        try:
            return secured(*(None if one is None else self.folder / one for one in named))
        except BadSecurityFile as fault:
            raise BadProfile(str(fault)) from fault

    def tls(self) -> SSLContext | None:
        """By what gateway and nodes are called; None: as nobody, and by the machine's own authorities."""
        named = (self.tls_certificate_file, self.tls_key_file, self.tls_ca_file)
        try:
            certificate, key, ca = (None if one is None else self.folder / one for one in named)
            return open_tls(TlsFiles(certificate, key, ca)).client
        except BadTlsFile as fault:
            raise BadProfile(str(fault)) from fault

    @staticmethod
    def _read_key(path: Path) -> keys.KeyPair:
        try:
            return read_ring(path.read_bytes()).at(datetime.now(UTC))
        except (OSError, keys.BadKey) as fault:
            raise BadProfile(f"{path}: the key of this profile cannot be read: {_reason(fault)}") from fault

    def save(self, path: Path) -> None:
        """Write the profile; `folder` is not part of the file."""
        members = {name: value for name, value in asdict(self).items() if name != "folder"}
        path.write_bytes(orjson.dumps(members, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, path: Path) -> "Profile":
        """Read a profile file; raises BadProfile."""
        try:
            members = orjson.loads(path.read_bytes())
            return cls(**members, folder=path.parent)
        except FileNotFoundError as fault:
            raise BadProfile(f"{path}: there is no such profile; `langqiao up` makes some") from fault
        except OSError as fault:
            raise BadProfile(f"{path}: {_reason(fault)}") from fault
        except (orjson.JSONDecodeError, TypeError) as fault:
            raise BadProfile(f"{path}: not a profile: {fault}") from fault


def _reason(fault: Exception) -> str:
    return fault.strerror or type(fault).__name__ if isinstance(fault, OSError) else str(fault)

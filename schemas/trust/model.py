"""Callers, grants and decisions as plain values: what token checks make and the access stage reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Case:
    """An open case, as whoever keeps it refers to it: its pseudonymous number, the member that works on it, and whom it
    is about, as digests under `salt` (`schemas.trust.cases` makes and compares them)."""

    number: str
    member: str
    salt: bytes
    subjects: frozenset[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `member` is a department id (`330203.market_regulation`), `system` one of its programs,
    `officer` the acting person that the system names, `purpose` `grant:<id>`, with further ids after commas, or
    `case:<reference>`. `on_behalf` is the member for which the system acts, where that is not its own; `case` the open
    case that the call refers to, where it does.

    An anonymous caller has neither member nor system.
    """

    member: str | None = None
    system: str | None = None
    officer: str | None = None
    purpose: str | None = None
    on_behalf: str | None = None
    case: Case | None = None

    @property
    def anonymous(self) -> bool:
        return self.member is None

    @property
    def principal(self) -> str | None:
        """The member whose call it is: the one that is acted for, else the system's own."""
        return self.member if self.on_behalf is None else self.on_behalf


@dataclass(frozen=True, slots=True)
class Grant:
    """The permission that came of a request: `items` of `dataset` for `member`, for one `purpose` text.

    `rows` is a filter in the query grammar (`division=eq.330203`), None for all rows. `purpose` is the use
    that a call names by `grant:<id>`. `provider` is the one department that gives it, None any that keeps the
    dataset. `delegates` are the systems, of whatever member, that may use it for its member; those of the member
    itself need no naming. With `case_required` each use is for an open case, and about whom that is about. `untold` is
    the legal basis on which persons are not told of what is done under the grant, `told_after_days` how many days later
    they are, None: at once. `quota_per_day` and `calls_per_second` bound how often it may be leaned on at one node,
    None: not. Times are aware; the grant holds while not_before <= now < expires.
    """

    id: str
    member: str
    dataset: str
    items: tuple[str, ...]
    purpose: str
    not_before: datetime
    expires: datetime
    rows: str | None = None
    quota_per_day: int | None = None
    calls_per_second: int | None = None
    provider: str | None = None
    delegates: tuple[str, ...] = ()
    case_required: bool = False
    untold: str | None = None
    told_after_days: int | None = None


class Role(StrEnum):
    """What a system does. A gateway may send on, as messages of its own, what bears another system's token; a registrar
    may say that a registry is the one in force."""

    SYSTEM = "system"
    NODE = "node"
    GATEWAY = "gateway"
    REGISTRAR = "registrar"
    #: Signs the grants of the departments of its area.
    OFFICE = "office"
    #: Keeps cases, and signs references to them.
    CASES = "cases"
    #: Identifies persons, and says whom it has identified.
    CITIZEN_SERVICES = "citizen-services"
    #: The node of a department that says who represents an enterprise.
    ENTERPRISE_REGISTER = "enterprise-register"

    @property
    def asks(self) -> bool:
        """Whether such a system makes calls of its own. The keys of others sign what they are for, and no token: what a
        gateway asks bears its caller's."""
        return self not in (Role.GATEWAY, Role.REGISTRAR, Role.OFFICE)


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the member registry: a system of a member and its public keys (key id -> raw 32 bytes, hex).
    `clients` says which client of an OIDC issuer it is: issuer -> client id. `until` says of keys that another
    followed when they end (aware); what they signed before goes on to verify."""

    id: str
    system: str
    keys: dict[str, str]
    role: Role = Role.SYSTEM
    clients: Mapping[str, str] = field(default_factory=dict)
    until: Mapping[str, datetime] = field(default_factory=dict)

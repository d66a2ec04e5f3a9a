"""The one access stage of a node: from a call's headers to its caller, and to what this caller may have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from schemas.contracts.model import Contract
from schemas.query.bound import BoundQuery
from schemas.trust import grants, registry
from schemas.trust.access import decide, decide_write, leaned_on
from schemas.trust.grants import Grants
from schemas.trust.model import Caller, Grant
from schemas.trust.registry import Registry
from schemas.trust.token import TokenCache
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.access.trusted import SignedFile
from services.engine.settings import Settings

_ANONYMOUS = Caller()
_NOBODY = Registry(0, datetime.min.replace(tzinfo=UTC), {}, {})
_NONE = Grants()


@dataclass(frozen=True, slots=True)
class Gate:
    """Deny by default: what `decide` does not allow is refused. `owner` is this department's member id."""

    owner: str
    registry: SignedFile[Registry]
    grants: SignedFile[Grants]
    tokens: TokenCache
    clock: Callable[[], datetime]

    def refresh(self) -> None:
        """Take up changed files; called at start and by the health checks."""
        self.registry.refresh()
        self.grants.refresh()

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who calls; anonymous without Authorization. Problem bad-token."""
        authorization = headers.get("authorization")
        if authorization is None:
            return _ANONYMOUS
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise Problem("bad-token", "Authorization takes Bearer and a token.")
        caller = self.tokens.check(text.strip(), self.registry.value, self.clock())
        return replace(
            caller, officer=headers.get(names.OFFICER) or None, purpose=headers.get(names.PURPOSE) or None
        )

    def decide(self, query: BoundQuery, caller: Caller) -> BoundQuery:
        """What of the question this caller may have; Problem token-required, purpose-required, …"""
        return decide(query, caller, self.grants.value, self.clock(), owner=self.owner)

    def leaned_on(self, query: BoundQuery, caller: Caller) -> Grant | None:
        """The grant that a question which was decided owes its answer to."""
        return leaned_on(query, caller, self.grants.value, self.clock(), owner=self.owner)

    def decide_write(self, contract: Contract, caller: Caller) -> None:
        """Only the department's own systems write, and they too say who acts and what for."""
        decide_write(contract, caller, owner=self.owner)


def open_gate(settings: Settings, clock: Callable[[], datetime]) -> Gate:
    """The gate with its signed files read once; without files it knows no member and no grant."""
    trusted = settings.authority_keys
    gate = Gate(
        settings.department,
        SignedFile(settings.registry_file, trusted, registry.from_document, _NOBODY),
        SignedFile(settings.grants_file, trusted, grants.from_document, _NONE),
        TokenCache(settings.token_cache),
        clock,
    )
    gate.refresh()
    return gate

"""The one access stage of a node: from a call's headers to its caller, and to what this caller may have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.query.bound import BoundQuery
from schemas.trust.access import decide
from schemas.trust.grants import Grants
from schemas.trust.model import Caller
from schemas.trust.registry import Registry
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.access.tokens import TokenCache
from services.engine.access.trusted import SignedFile
from services.engine.settings import Settings

_ANONYMOUS = Caller()


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
        if self.registry.refresh():
            self.tokens.clear()
        self.grants.refresh()

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who calls; anonymous without Authorization. Problem bad-token."""
        authorization = headers.get("authorization")
        if authorization is None:
            return _ANONYMOUS
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise Problem("bad-token", "Authorization takes Bearer and a token.")
        caller = self.tokens.caller(text.strip(), self.registry.value, self.clock())
        return replace(caller, officer=headers.get(names.OFFICER) or None, purpose=headers.get(names.PURPOSE) or None)

    def decide(self, query: BoundQuery, caller: Caller) -> BoundQuery:
        """What of the question this caller may have; Problem token-required, purpose-required, …"""
        return decide(query, caller, self.grants.value, self.clock(), owner=self.owner)

    def admit_writer(self, caller: Caller) -> None:
        """Only the department's own systems write, and they too say who acts and what for."""
        if caller.anonymous:
            raise Problem("token-required", "Writing needs the token of one of the department's systems.")
        if not (caller.officer and caller.purpose):
            raise Problem("purpose-required", "A change names its officer and its purpose.")
        if caller.member != self.owner:
            raise Problem("not-owner", f"Only the systems of {self.owner} write here.")


def open_gate(settings: Settings, clock: Callable[[], datetime]) -> Gate:
    """The gate with its signed files read once; without files it knows no member and no grant."""
    trusted = settings.authority_keys
    gate = Gate(
        settings.department,
        SignedFile(settings.registry_file, trusted, Registry.from_document, Registry.empty()),
        SignedFile(settings.grants_file, trusted, Grants.from_document, Grants.empty()),
        TokenCache(settings.token_cache),
        clock,
    )
    gate.refresh()
    return gate

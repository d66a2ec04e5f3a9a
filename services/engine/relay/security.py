"""How a process reaches a broker: in plain text, or by TLS with a certificate that says who it is; used by all who open
a Kafka client, with the files that settings or a profile name."""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from ssl import SSLContext, SSLError, SSLObject, create_default_context
from typing import Any, Self

from services.engine.followed_file import State, state_of
from services.engine.tls import BadTlsFile, Followed, end_of, ending

_log = logging.getLogger("langqiao.relay")


class BadSecurityFile(Exception):
    """A file that should secure the connection to the broker cannot be used; says which one, and why."""


@dataclass(frozen=True, slots=True)
class _Files:
    """See `secured`; one of them at least is named."""

    ca: Path | None
    certificate: Path | None
    key: Path | None

    def state(self) -> tuple[State | None, ...]:
        named = (self.ca, self.certificate, self.key)
        return tuple(state_of(one) for one in named if one is not None)

    def context(self) -> tuple[SSLContext, datetime | None]:
        """By the files as they stand, and when the certificate that is shown ends; raises BadSecurityFile."""
        context = create_default_context() if self.ca is None else _trusting(self.ca)
        if self.certificate is None or self.key is None:
            return context, None
        _show(context, self.certificate, self.key)
        try:
            return context, end_of(self.certificate)
        except BadTlsFile as fault:
            raise BadSecurityFile(str(fault)) from None


class Renewed(Followed):
    """A Kafka client keeps the context that it was given, and opens connections for as long as it lives: each is made
    by the files as they stand then. Files that cannot be used change nothing; `fault` says why, the log says so once.
    """

    fault: str
    _ends: datetime | None
    _files: _Files
    _seen: tuple[State | None, ...] | None

    def __new__(cls, files: _Files) -> Self:
        # Before they are read: what changes meanwhile is another state at the next look.
        seen = files.state()
        context, ends = files.context()
        made = super().__new__(cls, context)
        made._files, made._seen, made.fault, made._ends = files, seen, "", ends
        return made

    def wrap_bio(self, *ends: Any, **said: Any) -> SSLObject:
        self.look()
        return super().wrap_bio(*ends, **said)

    def look(self) -> None:
        """Take up files that are others than at the last look, at the cost of a look at their dates."""
        seen = self._files.state()
        if seen == self._seen:
            return
        try:
            self.now, self._ends = self._files.context()
        except BadSecurityFile as fault:
            if str(fault) != self.fault:
                _log.error("the files for the broker are not usable, and those before stay: %s", fault)
            # Looked at again though they come back as they were.
            self._seen, self.fault = None, str(fault)
        else:
            _log.info("the files for the broker are taken up anew")
            self._seen, self.fault = seen, ""

    def why_not(self, now: datetime) -> str:
        """What a person should look at, by the files as they stand; empty when all is well."""
        self.look()
        return self.fault or ending(self._ends, now)


def secured(ca: Path | None, certificate: Path | None, key: Path | None) -> Renewed | None:
    """What speaks TLS to a broker, None for plain text where no file is named; raises BadSecurityFile.

    `ca` holds the authorities that may vouch for the broker (None: the machine's own), `certificate` the process's own
    certificate with its chain, `key` the private half; all PEM, and followed as they change. The broker's certificate
    must bear its address.
    """
    if (certificate is None) != (key is None):
        raise BadSecurityFile("a broker certificate and its key come together: one of the two is not named")
    if ca is None and certificate is None:
        return None
    return Renewed(_Files(ca, certificate, key))


def options(bootstrap: str, security: SSLContext | None) -> dict[str, Any]:
    """What each of aiokafka's clients is told of the way to a broker."""
    protocol = "PLAINTEXT" if security is None else "SSL"
    return {"bootstrap_servers": bootstrap, "security_protocol": protocol, "ssl_context": security}


def _trusting(ca: Path) -> SSLContext:
    try:
        return create_default_context(cafile=ca)
    except (OSError, SSLError) as fault:
        raise BadSecurityFile(
            f"{ca}: no authority's certificate can be read from it ({_why(fault)})"
        ) from None


def _show(context: SSLContext, certificate: Path, key: Path) -> None:
    try:
        # A key under a pass phrase would be asked for at a terminal that nobody sits at.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, SSLError, ValueError) as fault:
        raise BadSecurityFile(
            f"{certificate} and {key} cannot be used as a certificate and its key ({_why(fault)})"
        ) from None


def _why(fault: Exception) -> str:
    """The reason alone: OpenSSL's own text names places in its source."""
    if isinstance(fault, SSLError):
        return (fault.reason or "not PEM").replace("_", " ").lower()
    return (fault.strerror if isinstance(fault, OSError) else None) or type(fault).__name__

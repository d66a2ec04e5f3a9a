"""How a process reaches a broker: in plain text, or by TLS with a certificate that says who it is; used by all who open
a Kafka client, with the files that settings or a profile name."""

from pathlib import Path
from ssl import SSLContext, SSLError, create_default_context
from typing import Any


class BadSecurityFile(Exception):
    """A file that should secure the connection to the broker cannot be used; says which one, and why."""


def secured(ca: Path | None, certificate: Path | None, key: Path | None) -> SSLContext | None:
    """What speaks TLS to a broker, None for plain text where no file is named; raises BadSecurityFile.

    `ca` holds the authorities that may vouch for the broker (None: the machine's own), `certificate` the process's own
    certificate with its chain, `key` the private half; all PEM. The broker's certificate must bear its address.
    """
    if (certificate is None) != (key is None):
        raise BadSecurityFile("a broker certificate and its key come together: one of the two is not named")
    if ca is None and certificate is None:
        return None
    context = create_default_context()
    if ca is not None:
        context = _trusting(ca)
    if certificate is not None and key is not None:
        _show(context, certificate, key)
    return context


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

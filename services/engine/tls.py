"""How a department's service speaks TLS: as whom it answers, whom it lets in, as whom it calls others; made by `serve`.

The gateway has its twin, for the two share no code but what is in `schemas`, where no socket is wrapped.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from ssl import (
    CERT_REQUIRED,
    PROTOCOL_TLS_SERVER,
    SSLContext,
    SSLError,
    SSLObject,
    SSLSocket,
    create_default_context,
)
from typing import Any, Self, TypeVar

from cryptography import x509

from schemas.wire.tls import TlsFiles

_T = TypeVar("_T")

#: A certificate that ends sooner is worth a person's look.
_SOON = timedelta(days=14)
_log = logging.getLogger("langqiao.engine")


class BadTlsFile(Exception):
    """A file for TLS cannot be used; says which one, and why."""


class Followed(SSLContext):
    """A context as servers and clients hold it for as long as they live. Each connection is made by the one of the
    files as they stand, `now`; none can forget an authority that it was told of, so another one takes its place."""

    now: SSLContext

    def __new__(cls, now: SSLContext) -> Self:
        made = super().__new__(cls, now.protocol)
        made.now = now
        return made

    def wrap_bio(self, *ends: Any, **said: Any) -> SSLObject:
        return self.now.wrap_bio(*ends, **said)

    def wrap_socket(self, *ends: Any, **said: Any) -> SSLSocket:
        return self.now.wrap_socket(*ends, **said)


@dataclass(slots=True)
class Tls:
    """`server` answers, None: in plain text; `client` calls, None: as nobody, and by the machine's authorities.

    Both last as long as the process: what the files say anew holds from the next connection on, also of an authority
    that they no longer name. `fault` says why the files as they stand now cannot be used.
    """

    files: TlsFiles
    server: Followed | None
    client: Followed | None
    ends: datetime | None
    fault: str | None = None
    _seen: tuple[tuple[int, int], ...] = ()

    def refresh(self) -> None:
        """Take up files that have changed since they were looked at last; what cannot be used changes nothing."""
        try:
            seen = _state(self.files)
            if seen == self._seen:
                return
            server, client, self.ends = _made(self.files)
            for context, now in ((self.server, server), (self.client, client)):
                if context is not None and now is not None:
                    context.now = now
            self._seen, self.fault = seen, None
        except (BadTlsFile, OSError) as fault:
            reason = str(fault) if isinstance(fault, BadTlsFile) else type(fault).__name__
            if reason != self.fault:
                _log.error("TLS files not usable: %s", reason)
            self.fault = reason

    def why_not(self, now: datetime) -> str:
        """What a person should look at; empty when all is well."""
        return self.fault if self.fault is not None else ending(self.ends, now)


def ending(ends: datetime | None, now: datetime) -> str:
    """What is to be told of a certificate that ends soon; empty where it does not, or there is none."""
    return (
        f"the certificate ends at {ends:%Y-%m-%d %H:%M}" if ends is not None and ends <= now + _SOON else ""
    )


def end_of(certificate: Path) -> datetime:
    """When the first certificate of a file ends; raises BadTlsFile."""
    found = _usable(certificate, lambda: x509.load_pem_x509_certificates(certificate.read_bytes()))
    return found[0].not_valid_after_utc


def open_tls(files: TlsFiles) -> Tls:
    """TLS as the files say; raises BadTlsFile."""
    if files.certificate is None and (files.clients or files.key is not None):
        raise BadTlsFile("tls_certificate_file is not set, but another setting needs it")
    if files.clients and files.ca is None:
        raise BadTlsFile("tls_ca_file is not set: nobody would vouch for the callers' certificates")
    server, client, ends = _made(files)
    answering, calling = (None if one is None else Followed(one) for one in (server, client))
    return Tls(files, answering, calling, ends, _seen=_state(files))


def _made(files: TlsFiles) -> tuple[SSLContext | None, SSLContext | None, datetime | None]:
    if not files.named:
        return None, None, None
    # The authorities are named once more in `_fill`; to name them here leaves out the machine's own.
    client = _usable(files.ca, lambda: create_default_context(cafile=files.ca))
    server = None if files.certificate is None else SSLContext(PROTOCOL_TLS_SERVER)
    if server is not None and files.clients:
        server.verify_mode = CERT_REQUIRED
    for context in (server, client):
        if context is not None:
            _fill(context, files)
    return server, client, None if files.certificate is None else end_of(files.certificate)


def _fill(context: SSLContext, files: TlsFiles) -> None:
    if files.ca is not None:
        _usable(files.ca, lambda: context.load_verify_locations(files.ca))
    if files.certificate is not None:
        certificate, key = files.certificate, files.key
        # A key under a pass phrase would be asked for at a terminal that nobody sits at.
        _usable(certificate, lambda: context.load_cert_chain(certificate, key, password=lambda: ""))


def _usable(path: Path | None, use: Callable[[], _T]) -> _T:
    try:
        return use()
    except (OSError, ValueError) as fault:
        raise BadTlsFile(f"{path}: {_why(fault)}") from None


def _state(files: TlsFiles) -> tuple[tuple[int, int], ...]:
    return tuple((one.stat().st_mtime_ns, one.stat().st_size) for one in files.named)


def _why(fault: Exception) -> str:
    """The reason alone: OpenSSL's own text names places in its source."""
    if isinstance(fault, SSLError):
        return (fault.reason or "not PEM").replace("_", " ").lower()
    return (fault.strerror if isinstance(fault, OSError) else None) or "it cannot be used"

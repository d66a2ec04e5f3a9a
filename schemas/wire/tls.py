"""What settings say of TLS: its files, and who must show a certificate; a part of a department's settings and of a
gateway's. The files are read by whoever serves."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """`certificate` with its chain, and with its `key` where that is None; `ca`: who vouches for others, None: the
    machine's own authorities; `clients`: whether callers must show a certificate. All PEM."""

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    clients: bool = False

    @property
    def named(self) -> tuple[Path, ...]:
        return tuple(one for one in (self.certificate, self.key, self.ca) if one is not None)


class TlsSettings(BaseModel):
    """By what files a process speaks TLS."""

    tls_certificate_file: Path | None = Field(
        None,
        description="PEM of this process's certificate with its chain, by which it answers and calls, as `langqiao keys"
        " tls` makes it; taken up anew when it changes; unset: it serves plain HTTP.",
    )
    tls_key_file: Path | None = Field(
        None,
        description="PEM of that certificate's private key, without a pass phrase; unset: it stands in the same file.",
    )
    tls_ca_file: Path | None = Field(
        None,
        description="PEM of the authorities that vouch for other processes; unset: the machine's own.",
    )
    tls_client_certificates: bool = Field(
        False,
        description="Whether whoever calls must show a certificate that tls_ca_file vouches for (mutual TLS), for"
        " /health too; off, as tokens and messages say who calls.",
    )

    @property
    def tls(self) -> TlsFiles:
        """The files by which the process speaks TLS."""
        return TlsFiles(
            self.tls_certificate_file, self.tls_key_file, self.tls_ca_file, self.tls_client_certificates
        )

"""What a department's settings say of TLS, and of a second trust beside the registry; a part of `settings`."""

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from schemas.wire.tls import TlsSettings


class TrustSettings(TlsSettings):
    """By what files the service speaks TLS, whose tokens it takes, and by which keys join keys travel sealed."""

    link_keys_file: Path | None = Field(
        None,
        description="File of the keys by which join keys of personal items travel sealed, as `langqiao keys link` makes"
        " it; taken up anew when it changes; unset: such joins are refused here.",
    )
    require_sealed_keys: bool = Field(
        True,
        description="Whether a gateway that is held to a signed question gets and sends the join keys of personal items"
        " sealed alone; off only where its seal_keys is.",
    )
    issuer: str | None = Field(
        None,
        pattern=r"^https://\S+$",
        description="OpenID Connect issuer, as its tokens name it in iss, whose tokens this node takes beside the"
        " systems' own, for those systems that the registry lists as its clients; unset: there is none.",
    )
    issuer_audience: str = Field(
        "langqiao",
        description="What the issuer's tokens must be for (aud), so that none for another serves here.",
    )
    issuer_keys: str | None = Field(
        None,
        pattern=r"^(https:/)?/\S+$",
        validate_default=True,
        description="Where the issuer publishes its keys (jwks_uri): an https address, asked by tls_ca_file, or a file;"
        " set with issuer.",
    )
    issuer_officer_claim: str | None = Field(
        None,
        description="Claim by which the issuer says who the acting person is, such as sub; each of its tokens must have"
        " it then; unset: the call names the officer.",
    )
    issuer_pause_seconds: int = Field(
        30,
        ge=1,
        description="Least time between two fetches of the issuer's keys, in seconds: tokens of keys that nobody knows"
        " must not make this node a burden to it.",
    )

    @field_validator("issuer_keys")
    @classmethod
    def _together(cls, keys: str | None, said: ValidationInfo) -> str | None:
        if (keys is None) is not (said.data.get("issuer") is None):
            raise ValueError("issuer and issuer_keys come together")
        return keys

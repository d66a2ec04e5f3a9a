"""An OIDC issuer of one test: its keys, the set that it publishes, and the tokens that it makes; for suites of such
tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

NAME = "https://login.example/realms/city"
CLIENT = "approvals-window"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def key_of(algorithm: str) -> Private:
    """A new key for an algorithm."""
    if algorithm.startswith("ES"):
        curves = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
        return ec.generate_private_key(curves[algorithm]())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65_537, 2_048)


@dataclass
class OpenIdIssuer:
    """`keys` by id, each with its algorithm."""

    keys: dict[str, tuple[str, Private]] = field(default_factory=lambda: {"k1": ("ES256", key_of("ES256"))})

    def add(self, key_id: str, algorithm: str = "ES256") -> None:
        self.keys[key_id] = (algorithm, key_of(algorithm))

    def published(self, **further: Any) -> bytes:
        """The JWK set of the public keys; `further` stands in each of them."""
        listed = [
            {**_public(key), "kid": key_id, "alg": algorithm, "use": "sig", **further}
            for key_id, (algorithm, key) in self.keys.items()
        ]
        return orjson.dumps({"keys": listed})

    def token(
        self, now: datetime, key_id: str = "k1", header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token of five minutes for the client; a claim set to None is left out."""
        algorithm, key = self.keys[key_id]
        seconds = int(now.timestamp())
        said = {
            "iss": NAME,
            "aud": "langqiao",
            "azp": CLIENT,
            "sub": "f3a1",
            "iat": seconds,
            "exp": seconds + int(timedelta(minutes=5).total_seconds()),
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, key, algorithm, headers={"kid": key_id, **(header or {})})


def _public(key: Private) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        return dict(RSAAlgorithm.to_jwk(key.public_key(), as_dict=True))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return dict(ECAlgorithm.to_jwk(key.public_key(), as_dict=True))
    return dict(OKPAlgorithm.to_jwk(key.public_key(), as_dict=True))

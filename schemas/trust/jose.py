"""Compact JWS by whichever suite a key is of; used by signed documents and by tokens."""

from functools import lru_cache
from typing import Any, NoReturn

import jwt
from cryptography.exceptions import InvalidSignature
from jwt.algorithms import Algorithm

from schemas.trust.keys import KeyPair, public_key, suite_of
from schemas.trust.suites import SM2, Sm2Private, Sm2Public


def encode(content: bytes, key: KeyPair) -> str:
    """The content as one signed text, which names the key."""
    # PyJWT's annotations list the keys of its own algorithms only.
    private: Any = key.private
    return _jws().encode(content, private, key.suite.jose, headers={"kid": key.key_id})


def decode(text: str, public_hex: str) -> bytes:
    """The content, which that key signed by its own suite. Raises jwt.PyJWTError, BadKey."""
    key: Any = public_key(public_hex)
    content: bytes = _jws().decode(text, key, algorithms=[suite_of(public_hex).jose])
    return content


class _Sm2(Algorithm):
    """What PyJWT asks of an algorithm."""

    def prepare_key(self, key: Any) -> Any:
        if not isinstance(key, Sm2Private | Sm2Public):
            raise jwt.InvalidKeyError("this is no key of the suite")
        return key

    def sign(self, msg: bytes, key: Any) -> bytes:
        signature: bytes = key.sign(msg)
        return signature

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        try:
            key.verify(sig, msg)
        except InvalidSignature:
            return False
        return True

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        raise jwt.InvalidKeyError("keys of the suite travel as the registry lists them")

    @staticmethod
    def from_jwk(jwk: Any) -> NoReturn:
        raise jwt.InvalidKeyError("keys of the suite travel as the registry lists them")


@lru_cache(maxsize=1)
def _jws() -> jwt.PyJWS:
    made = jwt.PyJWS()
    made.register_algorithm(SM2.jose, _Sm2())
    return made

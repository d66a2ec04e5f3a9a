"""Signed documents (compact JWS): how registry and grants reach a node unaltered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
import orjson

from schemas.trust import jose
from schemas.trust.keys import BadKey, KeyPair

#: Longest text that is read, in bytes.
LONGEST = 16 * 1024 * 1024


class DocumentRefused(Exception):
    """A signed document that cannot be used; `reason` is stable: malformed, unknown-key, bad-signature, expired."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}")


def sign(document: Mapping[str, Any], key: KeyPair) -> str:
    """The document as one signed text."""
    return jose.encode(orjson.dumps(document), key)


def read(text: str, trusted: Mapping[str, str]) -> dict[str, Any]:
    """The document that a trusted key (key id -> public hex) signed; raises DocumentRefused."""
    if len(text) > LONGEST:
        raise DocumentRefused("malformed", f"longer than {LONGEST} bytes")
    try:
        kid = str(jwt.get_unverified_header(text).get("kid", ""))
        if kid not in trusted:
            raise DocumentRefused("unknown-key", "signed by a key that is not trusted here")
        content = jose.decode(text, trusted[kid])
    except jwt.InvalidSignatureError as fault:
        raise DocumentRefused("bad-signature", "the signature does not fit") from fault
    except (jwt.PyJWTError, BadKey) as fault:
        raise DocumentRefused("malformed", "not a signed document") from fault
    return _object(content)


def unchecked(text: str) -> dict[str, Any]:
    """The document, whoever signed it: for texts that were checked when they came. Raises DocumentRefused."""
    try:
        return _object(jwt.PyJWS().decode(text, options={"verify_signature": False}))
    except jwt.PyJWTError as fault:
        raise DocumentRefused("malformed", "not a signed document") from fault


def key_id_of(text: str) -> str:
    """The id of the key that a signed document names; empty when it names none."""
    try:
        return str(jwt.get_unverified_header(text).get("kid", ""))
    except jwt.PyJWTError:
        return ""


def moment(document: Mapping[str, Any], name: str) -> datetime:
    """A member that holds an aware time; raises DocumentRefused."""
    try:
        found = datetime.fromisoformat(str(document[name]))
        # At either end of the calendar a time may have no name in UTC, by which it is told on.
        found.astimezone(UTC)
    except (KeyError, ValueError, OverflowError) as fault:
        raise DocumentRefused("malformed", f"{name} must be a time with zone") from fault
    if found.tzinfo is None:
        raise DocumentRefused("malformed", f"{name} must be a time with zone")
    return found


def text_of(document: Mapping[str, Any], name: str) -> str:
    """A member that holds a text that is not empty; raises DocumentRefused."""
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise DocumentRefused("malformed", f"{name} must be a text")
    return found


def texts_of(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A member that holds a list of texts that are not empty, none where it is not said; raises DocumentRefused."""
    listed = document.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
        raise DocumentRefused("malformed", f"{name} must be a list of texts")
    return tuple(listed)


def bound_of(document: Mapping[str, Any], name: str) -> int | None:
    """A member that holds a whole number from 1, where it is said; raises DocumentRefused."""
    bound = document.get(name)
    if bound is not None and (type(bound) is not int or bound < 1):
        raise DocumentRefused("malformed", f"{name} is a whole number from 1")
    return bound


def number_of(document: Mapping[str, Any]) -> int:
    """Its member `number`; raises DocumentRefused."""
    number = document.get("number")
    if type(number) is not int or number < 1:
        raise DocumentRefused("malformed", "number must be a whole number from 1")
    return number


def numbered(document: Mapping[str, Any], listed: str) -> tuple[int, datetime, list[Mapping[str, Any]]]:
    """Number, expiry and the list of objects of a numbered document; raises DocumentRefused."""
    number, members = number_of(document), document.get(listed)
    if not isinstance(members, list) or not all(isinstance(one, dict) for one in members):
        raise DocumentRefused("malformed", f"{listed} must be a list of objects")
    return number, moment(document, "expires"), members


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise DocumentRefused("malformed", "not a signed document") from fault
    if not isinstance(found, dict):
        raise DocumentRefused("malformed", "the document is no object")
    return found

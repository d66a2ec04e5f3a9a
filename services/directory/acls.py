"""A broker's access list under one environment, brought into line with what `schemas.derived.acls` says; called by
`langqiao acls`, which loads it late: its library is the operator's alone."""

from collections.abc import Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from schemas.derived.acls import Right

_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_USER = "User:"
_KINDS = (ResourceType.TOPIC, ResourceType.GROUP)
_ALL_ALLOWED = (
    *(ResourceType.ANY, None, ResourcePatternType.ANY),
    *(None, None, AclOperation.ANY, AclPermissionType.ALLOW),
)


class CannotSync(Exception):
    """The broker does not answer, keeps no access list, or does not do what it is asked; says which."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Rights that the broker is to gain and to lose, each sorted."""

    added: list[Right]
    removed: list[Right]


def difference(wanted: Iterable[Right], found: Iterable[Right], environment: str) -> Difference:
    """What leads from the rights that a broker knows to those that are wanted.

    Every right on a topic or group under the environment is ours: one that is not wanted goes, whoever gave it.
    """
    ours = {one for one in found if one.name.startswith(f"{environment}.")}
    return Difference(sorted(set(wanted) - ours), sorted(ours - set(wanted)))


def open_admin(bootstrap: str, ca: Path | None, certificate: Path | None, key: Path | None) -> AdminClient:
    """An admin client that shows a certificate, all files PEM; plain text where none is named. Raises CannotSync."""
    files = {"ssl.ca.location": ca, "ssl.certificate.location": certificate, "ssl.key.location": key}
    named = {name: str(file) for name, file in files.items() if file is not None}
    protocol = {"security.protocol": "SSL"} if named else {}
    try:
        # It would write of each attempt to connect on standard error; what comes of them is said once, by us.
        return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, **protocol, **named})
    except KafkaException as fault:
        raise _fault(fault) from fault


def synchronise(
    admin: AdminClient, wanted: Collection[Right], environment: str, *, dry_run: bool
) -> Difference:
    """Take away what is not wanted under the environment, then add what is missing; raises CannotSync. Returns when it
    is in force at the broker that was asked; others follow it in a moment.

    What the broker denies, and what it allows under other names, is left alone: an operator's own rights stand there.
    """
    todo = difference(wanted, _found(admin), environment)
    if not dry_run:
        carry_out(admin, todo)
    return todo


def carry_out(admin: AdminClient, todo: Difference) -> None:
    """Remove and add rights, and wait until they are in force; raises CannotSync."""
    # Taking away comes first: should the rest fail, nobody may do too much.
    if todo.removed:
        gone = [AclBindingFilter(*_described(one)) for one in todo.removed]
        _done(admin.delete_acls(gone, request_timeout=_PATIENCE_SECONDS).values())
    if todo.added:
        new = [AclBinding(*_described(one)) for one in todo.added]
        _done(admin.create_acls(new, request_timeout=_PATIENCE_SECONDS).values())
    deadline = monotonic() + _PATIENCE_SECONDS
    while not _in_force(todo, set(_found(admin))):
        if monotonic() > deadline:
            raise CannotSync("the broker took the rights, but they are not in force there")
        sleep(_LOOK_SECONDS)


def _in_force(todo: Difference, found: set[Right]) -> bool:
    return found.issuperset(todo.added) and found.isdisjoint(todo.removed)


def _found(admin: AdminClient) -> list[Right]:
    """All that the broker allows anybody on topics and groups."""
    asked = admin.describe_acls(AclBindingFilter(*_ALL_ALLOWED), request_timeout=_PATIENCE_SECONDS)
    [answer] = _done([asked])
    return [_right(one) for one in answer if one.restype in _KINDS and one.principal.startswith(_USER)]


def _right(one: AclBinding) -> Right:
    return Right(
        one.restype.name.lower(),
        one.name,
        one.resource_pattern_type.name.lower(),
        one.principal.removeprefix(_USER),
        one.operation.name.lower(),
        one.host,
    )


def _described(one: Right) -> tuple[Any, ...]:
    return (
        ResourceType[one.resource.upper()],
        one.name,
        ResourcePatternType[one.pattern.upper()],
        f"{_USER}{one.principal}",
        one.host,
        AclOperation[one.operation.upper()],
        AclPermissionType.ALLOW,
    )


def _done(futures: Iterable["Future[Any]"]) -> list[Any]:
    try:
        return [one.result(_PATIENCE_SECONDS) for one in futures]
    except KafkaException as fault:
        raise _fault(fault) from fault
    except TimeoutError as fault:
        raise CannotSync("the broker does not answer") from fault


def _fault(fault: KafkaException) -> CannotSync:
    return CannotSync(f"the broker's access list cannot be kept: {fault.args[0].str()}")

"""What an operator's settings lead to: the departments with their contracts and grants, and the members; called by the
commands before they ask the broker."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.document import read
from schemas.contracts.load import files, load
from schemas.derived.acls import Publisher
from schemas.derived.topics import topics_of
from schemas.trust import grants
from schemas.trust.grants import Grants
from schemas.trust.holding import Held, kept, nothing
from schemas.trust.offices import granting
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.wire.topics import REGISTRY_PARTITIONS, registry_topic
from services.directory.settings import Operator
from services.engine.access.kept_registry import KeptRegistry

_Document = TypeVar("_Document")


class CannotKnow(Exception):
    """A department has no contracts, or a signed document cannot be relied on; says which, and why."""


def publishers(settings: Operator, issued: Mapping[str, Grants] | None = None) -> tuple[Publisher, ...]:
    """The departments, with their grants: those of files, and those that were `issued` by an office. Raises CannotKnow
    or ContractFault."""
    unknown = sorted(settings.grants_files.keys() - set(settings.departments))
    if unknown:
        raise CannotKnow(f"grants are named for {', '.join(unknown)}, which is no department here")
    return tuple(_publisher(one, settings, issued or {}) for one in settings.departments)


def wanted_topics(settings: Operator) -> dict[str, int]:
    """Partitions by topic, of all departments and the registry; raises CannotKnow or ContractFault."""
    departments = {
        str(topic): partitions
        for publisher in publishers(settings)
        for contract in publisher.contracts
        for topic, partitions in topics_of(contract, settings.environment, publisher.division).items()
    }
    return {**departments, registry_topic(settings.environment): REGISTRY_PARTITIONS}


def members(settings: Operator) -> Registry | None:
    """The member registry, None where there is to be none; raises CannotKnow."""
    if settings.registry_file is None and settings.registry_folder is None:
        return None
    return registered(settings).registry


def registered(settings: Operator) -> Held:
    """The registry with the authority's keys after all its handovers: the newer one of the file's and of those that
    came by the topic; without one, with the keys of the settings. Raises CannotKnow."""
    return (
        _put_there(settings)
        if settings.registry_folder is None
        else followed(settings, settings.registry_folder).held
    )


def followed(settings: Operator, folder: Path) -> KeptRegistry:
    """The same, to be handed what comes by the topic, which the folder keeps; raises CannotKnow."""
    kept_there = KeptRegistry(
        file=None,
        folder=folder,
        patience_seconds=0,
        clock=lambda: datetime.now(UTC),
        held=_put_there(settings),
    )
    try:
        kept_there.refresh()
    except OSError as fault:
        raise CannotKnow(f"{folder} cannot be read ({type(fault).__name__})") from fault
    return kept_there


def _put_there(settings: Operator) -> Held:
    """The file's, as a person has put it there."""
    told = nothing(settings.authority_keys)
    path = settings.registry_file
    return told if path is None else _read(path, lambda text: kept(told, text))


def _publisher(department: str, settings: Operator, issued: Mapping[str, Grants]) -> Publisher:
    kind = department.partition(".")[2]
    contracts = tuple(load(read(path)) for path in files(kind, settings.contracts_dir))
    if not contracts:
        raise CannotKnow(f"there is no contract of {kind}, which {department} should publish")
    Catalogue(contracts)
    given = settings.grants_files.get(department)
    honoured = issued.get(department, Grants()) if given is None else _granted(given, department, settings)
    return Publisher(department, contracts, honoured)


def _granted(path: Path, department: str, settings: Operator) -> Grants:
    """As the department itself reads them: signed by the authority, or by an office above the department."""
    held = registered(settings)
    trusted = granting(held.authority, held.registry, department)
    return _read(path, lambda text: grants.from_document(trusted.read(text), department))


def _read(path: Path, make: Callable[[str], _Document]) -> _Document:
    try:
        return make(path.read_text().strip())
    except DocumentRefused as fault:
        raise CannotKnow(f"{path}: {fault}") from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise CannotKnow(f"{path} cannot be read ({type(fault).__name__})") from fault

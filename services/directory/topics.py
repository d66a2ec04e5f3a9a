"""The topics of all departments at a broker: what must be made or changed, what cannot be; for `langqiao topics`."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from services.engine.relay.broker import CannotPublish
from services.engine.relay.topics import configuration, described, make

_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05
#: A configuration's source, in Kafka's protocol: said of this very topic.
_OF_THE_TOPIC = 1


class CannotApply(Exception):
    """The broker does not answer, or does not do what it is asked; says which."""


@dataclass(frozen=True, slots=True)
class Found:
    """A topic that is there: `configuration` is all that holds of it, `own` what was said of it alone."""

    partitions: int
    replicas: int
    configuration: Mapping[str, str]
    own: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: partitions by topic to be made, configuration by topic to be changed, and reasons by topic
    that cannot be brought into line."""

    made: Mapping[str, int]
    changed: Mapping[str, Mapping[str, str]]
    refused: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.made or self.changed or self.refused)


def plan(wanted: Mapping[str, int], found: Mapping[str, Found], replicas: int) -> Plan:
    """What leads from the topics that are there to those that are wanted, partitions by topic."""
    there = {topic: found[topic] for topic in sorted(wanted.keys() & found.keys())}
    refused = {topic: _refusal(wanted[topic], one, replicas) for topic, one in there.items()}
    changed = {topic: _differing(one) for topic, one in there.items()}
    return Plan(
        made={topic: wanted[topic] for topic in sorted(wanted.keys() - found.keys())},
        changed={topic: entries for topic, entries in changed.items() if entries},
        refused={topic: reason for topic, reason in refused.items() if reason},
    )


async def apply(wanted: Mapping[str, int], replicas: int, way: Mapping[str, Any], *, dry_run: bool) -> Plan:
    """Make and change topics; where anything is refused, or on a dry run, nothing is touched. Returns when the broker
    shows them so. Raises CannotApply.

    `way` is what `security.options` gives. Topics that no contract asks for stay as they are.
    """
    admin = AIOKafkaAdminClient(**way)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await admin.start()
            found = await _look(admin, wanted)
            todo = plan(wanted, found, replicas)
            if not dry_run and not todo.refused:
                await _carry_out(admin, todo, found, replicas)
                await _until_shown(admin, wanted, replicas)
            return todo
    except CannotPublish as fault:
        raise CannotApply(str(fault)) from fault
    except (KafkaError, OSError, TimeoutError) as fault:
        raise CannotApply(
            f"the broker at {way['bootstrap_servers']} does not do its work ({type(fault).__name__})"
        ) from fault
    finally:
        await admin.close()


def _refusal(partitions: int, found: Found, replicas: int) -> str:
    if found.partitions != partitions:
        return (
            f"has {found.partitions} partitions, its contract says {partitions}; they are fixed for life,"
            " another number needs a new major"
        )
    if found.replicas < replicas:
        return f"has {found.replicas} replicas, not {replicas}; give it more with Kafka's own tools"
    return ""


#: What may be more than we ask for: more safety, or more time to notice a delete.
_AT_LEAST = ("delete.retention.ms", "min.insync.replicas")


def _differing(found: Found) -> dict[str, str]:
    """What is to change. Of what may be more, nothing is taken away."""
    wanted, has = configuration(found.replicas), found.configuration
    return {
        name: value
        for name, value in wanted.items()
        if has.get(name) != value and not _more(name, has, value)
    }


def _more(name: str, has: Mapping[str, str], value: str) -> bool:
    return name in _AT_LEAST and has.get(name, "").isdecimal() and int(has[name]) > int(value)


async def _look(admin: Any, wanted: Collection[str]) -> dict[str, Found]:
    there = sorted(set(wanted) & set(await admin.list_topics()))
    partitions = await described(admin, there)
    configured = await _configurations(admin, there)
    return {
        topic: Found(
            partitions=len(partitions[topic]),
            replicas=min(len(one["replicas"]) for one in partitions[topic]),
            configuration={name: value for name, value, _ in configured[topic]},
            own={name: value for name, value, source in configured[topic] if source == _OF_THE_TOPIC},
        )
        for topic in there
    }


async def _configurations(admin: Any, topics: Collection[str]) -> dict[str, list[tuple[str, str, int]]]:
    """Name, value and source of each entry, by topic."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    answers = await admin.describe_configs(asked) if asked else []
    resources = [one for answer in answers for one in answer.resources]
    _check((name, code) for code, _, _, name, _ in resources)
    return {name: [(entry[0], entry[1], entry[3]) for entry in entries] for *_, name, entries in resources}


async def _carry_out(admin: Any, todo: Plan, found: Mapping[str, Found], replicas: int) -> None:
    if todo.made:
        await make(admin, todo.made, replicas)
    # What is not repeated here falls back to the broker's default.
    altered = [
        ConfigResource(ConfigResourceType.TOPIC, topic, {**found[topic].own, **entries})
        for topic, entries in todo.changed.items()
    ]
    answers = await admin.alter_configs(altered) if altered else []
    _check((name, code) for answer in answers for code, _, _, name in answer.resources)


async def _until_shown(admin: Any, wanted: Mapping[str, int], replicas: int) -> None:
    while True:
        if not plan(wanted, await _look(admin, wanted), replicas):
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _check(answered: Iterable[tuple[str, int]]) -> None:
    for topic, code in answered:
        if code:
            raise CannotApply(f"the broker refuses the topic {topic} ({for_code(code).__name__})")

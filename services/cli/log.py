"""`langqiao log`: hold a node's access log against itself and against what others hold of it, show it, prune it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from schemas.law.identifiers import BadIdentifier, check_credit_code, check_id_number
from schemas.trust.about import MOST
from schemas.wire.answer import MISSING
from services.cli import show as showing
from services.cli.caller import DEFAULT_PROFILE, REFUSED, ProfileFile, calling, load_profile
from services.cli.configured import configured
from services.engine.settings import Settings

if TYPE_CHECKING:
    from schemas.trust.registry import Registry
    from services.engine.log.verifying import Evidence, Verified

app = typer.Typer(help="A node's access log: who was told what of whom, and why.", no_args_is_help=True)

_Folder = Annotated[
    Path, typer.Argument(help="The log's folder, or a copy of it.", exists=True, file_okay=False)
]


#: What the table shows of an entry.
_ABOUT = ("at", "node", "entry", "act", "member", "unit", "purpose", "dataset", "items", "searched", "found")


@app.callback()
def group() -> None:
    """A node's access log: who was told what of whom, and why."""


@app.command()
def verify(
    folder: _Folder,
    registry: Annotated[
        list[Path] | None,
        typer.Option(
            "--registry", help="Signed member registry, for whose keys are whose; older ones beside it."
        ),
    ] = None,
    authority: Annotated[
        str, typer.Option("--authority", help="Public keys that may sign the registry, JSON: key id -> hex.")
    ] = "{}",
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoints", help="What a witness holds: a file of its folder `witnessed`, or a copy."
        ),
    ] = None,
    receipts: Annotated[
        list[Path] | None, typer.Option("--receipts", help="Receipts that callers kept, one a line.")
    ] = None,
    as_lines: Annotated[bool, typer.Option("--json", help="Each finding as a line of JSON.")] = False,
) -> None:
    """Find entries that were altered, removed, inserted, reordered or never written, and say where.

    It needs nobody's leave and no network: whoever has a copy of the log can run it. What was written anew as a whole
    shows only against checkpoints or receipts that others hold. Exit code 1 when anything is found.
    """
    from services.engine.log.verifying import verify as verified

    evidence = _evidence(folder, registry or [], authority, checkpoints or [], receipts or [])
    found = verified(folder, evidence)
    _report(found, evidence, as_lines)
    raise typer.Exit(REFUSED if found.findings else 0)


@app.command()
def show(
    folder: _Folder,
    member: Annotated[str | None, typer.Option("--member", help="Of this member alone.")] = None,
    officer: Annotated[str | None, typer.Option("--officer", help="Of this officer alone.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Of this dataset alone.")] = None,
    act: Annotated[str | None, typer.Option("--act", help="read, lookup, verify, count, write …")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="About whom, as the log writes it: a pseudonym.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="The last so many.")] = 20,
) -> None:
    """Entries as lines of JSON, the last ones of those asked for. Nothing is checked here."""
    wanted = {"member": member, "officer": officer, "dataset": dataset, "act": act}
    asked = {name: value for name, value in wanted.items() if value is not None}

    def fits(said: dict[str, Any]) -> bool:
        about = subject is None or subject in said.get("subjects", ())
        return about and all(said.get(name) == value for name, value in asked.items())

    for one in deque((said for said in _entries(folder) if fits(said)), maxlen=count):
        typer.echo(showing.as_line(one))


@app.command()
def about(
    person: Annotated[
        typer.FileText,
        typer.Argument(help="File that holds the person's ID number; -: standard input.", metavar="PERSON"),
    ],
    profile: ProfileFile = DEFAULT_PROFILE,
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="How the person was identified: identified:<reference>.")
    ] = None,
    enterprise: Annotated[
        str | None,
        typer.Option("--enterprise", help="Credit code of an enterprise that the person represents."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=MOST, help="The newest so many.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with the state of every source.")
    ] = False,
) -> None:
    """What all departments were asked about a person, by a system that has identified that person.

    The ID number stands in no argument, for those are seen by everybody on a machine.
    """
    number = _checked(check_id_number, person.read().strip(), "PERSON")
    code = None if enterprise is None else _checked(check_credit_code, enterprise, "--enterprise")
    with calling(load_profile(profile).with_purpose(purpose)) as bridge:
        found = bridge.about(number, enterprise=code, limit=count)
    if as_json:
        typer.echo(showing.as_json(found))
        return
    rows = [{name: one.get(name) for name in _ABOUT} for one in found["entries"]]
    showing.console().print(showing.as_table(rows))
    lost = [f"{one['node']} ({one['state']})" for one in found["sources"] if one["state"] in MISSING]
    typer.echo(
        f"There are older entries: --count {2 * count} shows more." if found["next"] else "That is all."
    )
    if lost:
        typer.echo(f"Missing: {', '.join(lost)}.", err=True)


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and leave it.")] = False,
) -> None:
    """Take away files of which every entry is older than LANGQIAO_LOG_KEEP_DAYS; an entry tells of it.

    The LANGQIAO_… settings say whose. The log has one writer, so the service must rest meanwhile.
    """
    from services.engine.log import pruning
    from services.engine.log.files import LogUnavailable
    from services.engine.log.store import Store

    settings, now = configured(Settings, secrets=False), datetime.now(UTC)
    store = Store(settings.access_log, settings.node_id, lambda: now)
    keep = timedelta(days=settings.log_keep_days)
    try:
        found = pruning.old(store, keep, now) if dry_run else pruning.prune(store, keep, now)
    except (LogUnavailable, OSError) as fault:
        typer.echo(f"Nothing was pruned: {fault}.", err=True)
        raise typer.Exit(REFUSED) from None
    finally:
        store.close()
    for one in found:
        typer.echo(
            f"{one.segment.path.name}: entries {one.segment.first} to {one.number}, the last of {one.at}"
        )
    typer.echo(f"{len(found)} files {'would go' if dry_run else 'are gone'}.")


def _checked(check: Callable[[str], str], text: str, hint: str) -> str:
    try:
        return check(text)
    except BadIdentifier as fault:
        raise typer.BadParameter(str(fault), param_hint=hint) from None


def _evidence(
    folder: Path, registries: list[Path], authority: str, checkpoints: list[Path], receipts: list[Path]
) -> "Evidence | None":
    from services.engine.log.verifying import Evidence, node_of

    if not registries:
        if checkpoints or receipts:
            raise typer.BadParameter("is needed to know who signed them", param_hint="--registry")
        return None
    evidence = Evidence(node_of(folder), _members(registries, authority))
    for path in checkpoints:
        evidence.take_checkpoints(path.name, path.read_text().splitlines())
    for path in receipts:
        evidence.take_receipts(path.name, path.read_text().splitlines())
    return evidence


def _members(paths: list[Path], authority: str) -> "Registry":
    """Whose keys are whose, by all of these registries: what was signed before a rotation stays evidence."""
    from schemas.trust import registry, signed
    from schemas.trust.authority import read_registry

    try:
        trusted = orjson.loads(authority)
        found = [registry.from_document(read_registry(path.read_text().strip(), trusted)) for path in paths]
    except (orjson.JSONDecodeError, signed.DocumentRefused) as fault:
        raise typer.BadParameter(str(fault), param_hint="--registry") from None
    keys = {key_id: whose for one in found for key_id, whose in one.keys.items()}
    return replace(found[-1], keys=keys)


def _report(found: "Verified", evidence: "Evidence | None", as_lines: bool) -> None:
    for why in evidence.unusable if evidence is not None else ():
        typer.echo(f"proves nothing: {why}", err=True)
    rows = [
        {"fault": one.fault.value, "entry": one.number, "to": one.last, "detail": one.detail}
        for one in found.findings
    ]
    if as_lines:
        for row in rows:
            typer.echo(showing.as_line(row))
        return
    if rows:
        showing.console().print(showing.as_table(rows))
    held = (len(evidence.checkpoints), len(evidence.receipts)) if evidence is not None else (0, 0)
    typer.echo(
        f"{found.lines} lines, the last entry is {found.last} ({found.hash or 'unreadable'}); held against"
        f" {held[0]} checkpoints and {held[1]} receipts: {len(rows)} faults."
    )


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    from services.engine.log.files import lines, segments

    for segment in segments(folder):
        for line in lines(segment):
            try:
                yield orjson.loads(line)["entry"]
            except (orjson.JSONDecodeError, KeyError, TypeError):
                typer.echo(f"{segment.path.name} holds a line that is no entry: see `log verify`", err=True)

"""`langqiao log`: hold a node's access log against itself and against what others hold of it, show it, prune it."""

from collections import deque
from collections.abc import Callable, Iterator
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
from services.cli.registries import history_of
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.log.verifying import Evidence, Held, Verified

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
    node: Annotated[
        str | None,
        typer.Option("--node", help="Whose log it is: the node's id. Needed where files speak of several."),
    ] = None,
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
    shows only against checkpoints or receipts that others hold; whose log it must be is said by --node or by these, and
    a file that holds nothing of it is a fault. Exit code 1 when anything is found.
    """
    from services.engine.log.verifying import verify as verified

    evidence = _evidence(registry or [], authority, checkpoints or [], receipts or [])
    held = _held(evidence, node)
    found = verified(folder, held, datetime.now(UTC))
    _notes(evidence, held)
    _report(found, held, as_lines)
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
    registries: list[Path], authority: str, checkpoints: list[Path], receipts: list[Path]
) -> "Evidence | None":
    from services.engine.log.verifying import Evidence

    if not registries:
        if checkpoints or receipts:
            raise typer.BadParameter("is needed to know who signed them", param_hint="--registry")
        return None
    # What was signed before a key ended, or was taken away, stays evidence.
    evidence = Evidence(history_of(registries, authority).ending)
    for path in checkpoints:
        evidence.take_checkpoints(path.name, path.read_text().splitlines())
    for path in receipts:
        evidence.take_receipts(path.name, path.read_text().splitlines())
    return evidence


def _held(evidence: "Evidence | None", node: str | None) -> "Held":
    """What is held of the log that is meant; a wrong use where the files speak of several and nobody says which."""
    from services.engine.log.verifying import Held

    if evidence is None:
        return Held(node or "")
    if node is None and len(evidence.nodes) > 1:
        raise typer.BadParameter(f"is needed: one of {', '.join(evidence.nodes)}", param_hint="--node")
    return evidence.of(node or "".join(evidence.nodes))


def _notes(evidence: "Evidence | None", held: "Held") -> None:
    for why in evidence.unusable if evidence is not None else ():
        typer.echo(f"proves nothing: {why}", err=True)
    if held.others:
        typer.echo(f"not looked at: what is held of the logs of {', '.join(held.others)}", err=True)


def _report(found: "Verified", held: "Held", as_lines: bool) -> None:
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
    typer.echo(
        f"{found.lines} lines, the last entry is {found.last} ({found.hash or 'unreadable'}); held against"
        f" {len(held.checkpoints) + len(held.words)} checkpoints and {len(held.receipts)} receipts: {len(rows)} faults."
    )


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    from services.engine.log.files import lines, segments

    for segment in segments(folder):
        for line in lines(segment):
            try:
                yield orjson.loads(line)["entry"]
            except (orjson.JSONDecodeError, KeyError, TypeError):
                typer.echo(f"{segment.path.name} holds a line that is no entry: see `log verify`", err=True)

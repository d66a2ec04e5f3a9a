"""`langqiao contract`: check contract files, compare two versions of one, and write what follows from them."""

from pathlib import Path
from typing import Annotated

import typer

import schemas
from schemas.contracts.catalogue import Catalogue
from schemas.contracts.compatibility import differences
from schemas.contracts.document import ContractFault
from schemas.contracts.load import load_all, load_file
from schemas.contracts.model import Contract
from schemas.derived.documents import documents

app = typer.Typer(help="Contract files.", no_args_is_help=True)


@app.command()
def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files; none: all that are installed.", exists=True)
    ] = None,
) -> None:
    """Say every fault of each file with its line and item; 1 when there is any."""
    failed = 0
    for file in files or []:
        failed += _one(file) is None
    if not files:
        failed += _all()
    raise typer.Exit(1 if failed else 0)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The version in use.", exists=True)],
    new: Annotated[Path, typer.Argument(help="The version to come.", exists=True)],
) -> None:
    """List what differs; 1 when a reader of the old version would break inside the same major."""
    before, after = _one(old), _one(new)
    if before is None or after is None:
        raise typer.Exit(2)
    found = differences(before, after)
    for one in found:
        typer.echo(f"{'breaking' if one.breaking else 'harmless'}  {one.item or '(dataset)'}: {one.text}")
    breaking = any(one.breaking for one in found)
    if not found:
        typer.echo("no difference")
    elif breaking and before.major != after.major:
        typer.echo(f"allowed: a new major ({before.major} -> {after.major})")
    raise typer.Exit(1 if breaking and before.major == after.major else 0)


@app.command()
def generate(
    into: Annotated[
        Path | None, typer.Option("--into", help="Folder to write to; none: schemas/generated beside them.")
    ] = None,
) -> None:
    """Write the documents that follow from the installed contracts, and remove those that no longer do."""
    folder = into or Path(schemas.__path__[0]) / "generated"
    wanted = {folder / name: content for name, content in documents(load_all()).items()}
    for file in sorted({*folder.glob("*.*"), *folder.glob("events/*.*")} - wanted.keys()):
        file.unlink()
        typer.echo(f"removed  {file.relative_to(folder)}")
    for file, content in wanted.items():
        if not file.exists() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            typer.echo(f"written  {file.relative_to(folder)}")


def _one(file: Path) -> Contract | None:
    try:
        contract = load_file(file)
    except ContractFault as fault:
        typer.echo(str(fault), err=True)
        return None
    typer.echo(f"ok  {contract.dataset} {contract.version}  {len(contract.items)} items")
    return contract


def _all() -> int:
    try:
        contracts = load_all()
        Catalogue(contracts)
    except ContractFault as fault:
        typer.echo(str(fault), err=True)
        return 1
    for contract in contracts:
        typer.echo(f"ok  {contract.dataset} {contract.version}  {len(contract.items)} items")
    return 0

"""`langqiao keys`: make the keys that systems and authorities sign with."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.trust import keys
from schemas.trust.model import Role
from schemas.trust.suites import ED25519
from services.cli import show, tls
from services.cli.files import using
from services.cli.linking import link
from services.cli.pseudonyms import retire
from services.cli.rotating import SuiteName, new_key, rotate
from services.client.profile import Profile
from services.engine.access.putting import put

app = typer.Typer(help="Keys of systems and authorities.", no_args_is_help=True)
app.add_typer(tls.app, name="tls")
app.command()(rotate)
app.command()(retire)
app.command()(link)


@app.callback()
def group() -> None:
    """Keys of systems and authorities."""


@app.command()
def new(
    out: Annotated[Path, typer.Option("--out", help="Folder for the key; made when missing.")],
    name: Annotated[str, typer.Option("--name", help="The files' name.")] = "system",
    member: Annotated[str, typer.Option("--member", help="Member id, such as 330200.approvals.")] = "",
    system: Annotated[str, typer.Option("--system", help="System id, such as 330200.approvals/window.")] = "",
    role: Annotated[
        Role,
        typer.Option("--role", help="What the system does: it asks, is a node or a gateway, keeps cases, …"),
    ] = Role.SYSTEM,
    suite: SuiteName = ED25519.name,
    gateway: Annotated[str, typer.Option("--gateway", help="Address for the profile beside the key.")] = "",
) -> None:
    """Make a key. The private half goes to NAME.key.pem, the public half is printed for the registry."""
    private = out / f"{name}.key.pem"
    if private.exists():
        raise typer.BadParameter(f"{private} exists; a key is never overwritten", param_hint="--name")
    key = new_key(suite)
    with using(private, "--out"):
        out.mkdir(parents=True, exist_ok=True)
        put(private, keys.write_private(key))
        if gateway:
            profile = Profile(gateway=gateway, member=member, system=system, key_file=private.name)
            profile.save(out / f"{name}.json")
    line: dict[str, object] = {"id": member, "system": system, "keys": {key.key_id: key.public_hex}}
    if role is not Role.SYSTEM:
        line["role"] = role.value
    show.console().print(show.as_json(line), markup=False, soft_wrap=True)

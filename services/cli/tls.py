"""`langqiao keys tls`: an authority for TLS, and certificates for nodes, gateways and callers; a noun under `keys`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from services.cli import certificates
from services.cli.certificates import Authority, BadCertificate
from services.cli.files import using
from services.engine.access.putting import put

app = typer.Typer(help="Certificates for TLS between processes.", no_args_is_help=True)

_CA, _KEY, _BRIDGING, _ENDING = "ca.pem", "ca.key.pem", "ca.bridging.pem", ".tls.pem"
#: Certificates are for everybody to read.
_SHOWN = 0o644

Folder = Annotated[Path, typer.Option("--authority", help="The authority's folder.", exists=True)]
Days = Annotated[int, typer.Option("--days", min=1, max=825, help="How long it is good, in days.")]


@app.callback()
def group() -> None:
    """Certificates for TLS between processes."""


@app.command()
def authority(
    out: Annotated[Path, typer.Option("--out", help="Folder for the authority; made when missing.")],
    name: Annotated[str, typer.Option("--name", help="The authority's name.")] = "Langqiao",
    days: Annotated[int, typer.Option("--days", min=1, help="How long it is good, in days.")] = 1_826,
    renew: Annotated[
        bool, typer.Option("--renew", help="Let a new key of the authority follow the one that stands there.")
    ] = False,
) -> None:
    """Make an authority: ca.pem is for all who trust it, ca.key.pem is its own and stays on a machine of its own."""
    now, lifetime = datetime.now(UTC), timedelta(days=days)
    if (out / _CA).exists() is not renew:
        said = "there is none yet" if renew else "one stands there; --renew lets another follow it"
        raise typer.BadParameter(f"{out / _CA}: {said}", param_hint="--out")
    with _sure():
        before = _load(out, "--out") if renew else None
        made = (
            certificates.successor(before, now, lifetime)
            if before
            else certificates.first(name, now, lifetime)
        )
    with using(out, "--out"):
        out.mkdir(parents=True, exist_ok=True)
        trusted = certificates.still_good((out / _CA).read_bytes(), now) if renew else b""
        # The key last: whenever this ends early, what stands there is one whole authority still.
        put(out / _CA, certificates.write(made.certificate) + trusted, _SHOWN)
        if made.bridging is not None:
            put(out / _BRIDGING, certificates.write(made.bridging), _SHOWN)
        put(out / _KEY, certificates.write_key(made.key))
    typer.echo(f"{out / _CA}: good until {made.certificate.not_valid_after_utc:%Y-%m-%d}")


@app.command()
def issue(
    authority: Folder,
    name: Annotated[
        str,
        typer.Option(
            "--name", help="Whose it is: a node, gateway, member or system, such as 330200.taxation."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the certificate; made when missing.")],
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host", help="Name or address by which others call it; may be repeated. None: it only calls."
        ),
    ] = None,
    days: Days = 90,
) -> None:
    """Make a certificate with its key, NAME.tls.pem, for one process: to answer by at its hosts, and to call by."""
    file = out / f"{name.replace('/', '-')}{_ENDING}"
    if file.exists():
        raise typer.BadParameter(f"{file} exists; `langqiao keys tls renew` renews it", param_hint="--name")
    now = datetime.now(UTC)
    with _sure():
        made = certificates.issue(
            _load(authority, "--authority"), name, host or (), now, timedelta(days=days)
        )
    with using(file, "--out"):
        out.mkdir(parents=True, exist_ok=True)
        _put(file, made, authority)


@app.command()
def renew(
    authority: Folder,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Certificates that `issue` made.", exists=True)
    ],
    days: Days = 90,
    within: Annotated[
        int, typer.Option("--within", min=0, help="Only those that end within so many days; 0: all.")
    ] = 0,
) -> None:
    """Renew certificates, each with a new key, while their processes run: they take them up within seconds."""
    now = datetime.now(UTC)
    vouching = _load(authority, "--authority")
    for file in files:
        with using(file, "FILE"):
            pem = file.read_bytes()
            if within and certificates.ends(pem) > now + timedelta(days=within):
                continue
            _put(file, certificates.renew(vouching, pem, now, timedelta(days=days)), authority)


def _put(file: Path, made: bytes, authority: Path) -> None:
    """The certificate, and beside it whom its process is to trust."""
    put(file.parent / _CA, (authority / _CA).read_bytes(), _SHOWN)
    put(file, made)
    typer.echo(f"{file}: good until {certificates.ends(made):%Y-%m-%d}")


def _load(folder: Path, option: str) -> Authority:
    with using(folder, option):
        try:
            bridging = (folder / _BRIDGING).read_bytes() if (folder / _BRIDGING).exists() else None
            return certificates.read_authority(
                (folder / _CA).read_bytes(), (folder / _KEY).read_bytes(), bridging
            )
        except OSError as fault:
            raise BadCertificate(f"it holds no authority ({fault.strerror})") from None


@contextmanager
def _sure() -> Iterator[None]:
    """Names and hosts of no use for a certificate are a wrong use of the tool."""
    try:
        yield
    except BadCertificate as fault:
        raise typer.BadParameter(str(fault)) from None

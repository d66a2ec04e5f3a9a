"""`langqiao keys rotate`: another key for a system, node or gateway, while all of them run; a command of `keys`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.trust import keys, signed
from schemas.trust.handing import text_of
from schemas.trust.keys import BadKey, KeyPair
from schemas.trust.registry import check_document
from schemas.trust.ring import KeyRing, read_ring, write_ring
from schemas.trust.suites import SUITES
from services.cli import show
from services.cli.files import using
from services.cli.pseudonyms import PSEUDONYM, follow_pseudonym
from services.cli.signing import private_key
from services.engine.access.putting import put


@dataclass(frozen=True, slots=True)
class Times:
    """When the new key begins to sign, and when what came before it ends."""

    now: datetime
    begins: datetime
    ends: datetime


System = Annotated[
    str,
    typer.Argument(help="System id as the registry lists it, such as 330200.taxation/node; or pseudonym."),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Its key file, to which the new key is added.", exists=True)
]
PublicHalf = Annotated[
    str, typer.Option("--public", help="In place of --key: the public half that its owner sent, in hex.")
]
SignedRegistry = Annotated[
    Path | None, typer.Option("--registry", help="The signed registry, which is written anew.", exists=True)
]
AuthorityKey = Annotated[
    Path | None, typer.Option("--authority", help="The authority's private key.", exists=True)
]
SuiteName = Annotated[
    str,
    typer.Option(
        "--suite", help=f"The new key's algorithms: {' or '.join(SUITES)}; none: the usual, or the old."
    ),
]
Lead = Annotated[
    int, typer.Option("--lead", min=0, help="Seconds until it signs: longer than a registry takes to all.")
]
Overlap = Annotated[
    float, typer.Option("--overlap", min=0, help="Hours that the old key is good for after that.")
]


def rotate(
    system: System,
    key: KeyFile = None,
    public: PublicHalf = "",
    registry: SignedRegistry = None,
    authority: AuthorityKey = None,
    suite: SuiteName = "",
    lead: Lead = 60,
    overlap: Overlap = 24.0,
) -> None:
    """Let another key follow: beside the old one in the registry, which ends later, and in the key file of its owner.

    With --registry and --authority the registry is signed anew, with a higher number, for `registry publish`. Where
    owner and authority are two, the owner runs it with --key alone and sends what it prints, and the authority with
    --public.

    In place of a system, `pseudonym` adds a key to the file of a department's pseudonym keys, which the relay takes
    in while it runs.
    """
    if system == PSEUDONYM:
        follow_pseudonym(key)
        return
    if (key is None) is not bool(public) or (registry is None) is not (authority is None):
        raise typer.BadParameter("name one of --key and --public, and --registry together with --authority")
    if public and registry is None:
        raise typer.BadParameter(
            "--public needs the registry in which it is to stand", param_hint="--registry"
        )
    now = datetime.now(UTC).replace(microsecond=0)
    begins = now + timedelta(seconds=lead)
    times = Times(now, begins, begins + timedelta(hours=overlap))
    following = None if key is None else _following(key, suite, times)
    public_hex = _public(public) if following is None else following.keys[-1][1].public_hex
    # The registry first: a key that is listed and does not sign yet does no harm.
    if registry is not None and authority is not None:
        _list(registry, private_key(authority, "--authority"), system, public_hex, times)
    if key is not None and following is not None:
        with using(key, "--key"):
            put(key, write_ring(following.keys))
    said = {"system": system, "keys": {keys.key_id_of(public_hex): public_hex}, "begins": begins.isoformat()}
    show.console().print(show.as_json(said), markup=False, soft_wrap=True)


def new_key(suite: str) -> KeyPair:
    """A fresh key of a suite; a wrong use of --suite where there is none of that name."""
    if suite not in SUITES:
        raise typer.BadParameter(f"one of {', '.join(SUITES)}", param_hint="--suite")
    try:
        return keys.new_key(SUITES[suite])
    except BadKey as fault:
        raise typer.BadParameter(str(fault), param_hint="--suite") from None


def _following(path: Path, suite: str, times: Times) -> KeyRing:
    """The key that signs now, and after it a new one; those before it are of no more use."""
    with using(path, "--key"):
        ring = read_ring(path.read_bytes())
    new = new_key(suite or ring.at(times.now).suite.name)
    return ring.followed(new, times.begins, times.now)


def _public(said: str) -> str:
    try:
        keys.public_key(said)
    except BadKey as fault:
        raise typer.BadParameter(str(fault), param_hint="--public") from None
    return said


def _list(path: Path, authority: KeyPair, system: str, public_hex: str, times: Times) -> None:
    """The new key in the system's line, and an end for those that had none."""
    with using(path, "--registry"):
        document = signed.read(text_of(path.read_bytes()), {authority.key_id: authority.public_hex})
        check_document(document)
        [line] = [one for one in document["members"] if one["system"] == system] or [None]
        if line is None:
            raise typer.BadParameter(f"{path}: the registry lists no system {system}")
        _add(line, public_hex, times)
        document |= {"number": document["number"] + 1, "issued": times.now.isoformat()}
        check_document(document)
        put(path, signed.sign(document, authority).encode(), 0o644)


def _add(line: dict[str, Any], public_hex: str, times: Times) -> None:
    ends = dict(line.get("until", {}))
    for key_id in line["keys"]:
        ends.setdefault(key_id, times.ends.isoformat())
    line["until"] = ends
    line["keys"][keys.key_id_of(public_hex)] = public_hex

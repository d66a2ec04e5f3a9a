"""`langqiao registry`: sign the member registry, show it, publish it, confirm that it is the newest, and hand the
authority's key over to the next."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from schemas.trust import keys, signed
from schemas.trust.authority import Authority, hand_over
from schemas.trust.handing import text_of
from schemas.trust.registry import check_document
from schemas.trust.signed import DocumentRefused, number_of
from schemas.trust.word import Word, sign_word
from services.cli.caller import REFUSED
from services.cli.files import using
from services.cli.publishing import Target, targets
from services.cli.signing import check_follows, private_key, put_signed, signing
from services.client.registry import Publication
from services.engine.own_key import open_key

app = signing("member registry", check_document)

_SOON_SECONDS = 5.0

SignedFile = Annotated[Path, typer.Argument(metavar="FILE", help="The signed registry.", exists=True)]
Gateways = Annotated[
    list[str] | None,
    typer.Option("--gateway", help="Address of a gateway, or of a node; may be given again."),
]
Topic = Annotated[
    bool,
    typer.Option(
        "--topic", help="Put it on the topic too; the LANGQIAO_OPERATOR_… settings name the broker."
    ),
]
Authorities = Annotated[
    Path | None,
    typer.Option("--tls-ca", help="PEM of who vouches for the gateways; none: the machine's own."),
]
Certificate = Annotated[
    Path | None,
    typer.Option(
        "--tls-certificate", help="PEM of our own certificate with its key, where they ask for one."
    ),
]


@app.command()
def publish(
    file: SignedFile,
    gateway: Gateways = None,
    topic: Topic = False,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", help="The authority's or a registrar's private key: confirms it at once.", exists=True
        ),
    ] = None,
    tls_ca: Authorities = None,
    tls_certificate: Certificate = None,
) -> None:
    """Bring a signed registry to gateways, which hand it on to their nodes, and to the topic that nodes follow."""
    one = _publication(file, None if key is None else private_key(key))
    with targets(gateway or [], topic, tls_ca, tls_certificate) as found:
        code = max(told.bring(one) for told in found)
    raise typer.Exit(code)


@app.command()
def confirm(
    file: SignedFile,
    key: Annotated[
        Path, typer.Option("--key", help="The authority's or a registrar's private key.", exists=True)
    ],
    gateway: Gateways = None,
    topic: Topic = False,
    every: Annotated[
        float | None,
        typer.Option("--every", min=1, help="Again after so many seconds, until told to end; none: once."),
    ] = None,
    tls_ca: Authorities = None,
    tls_certificate: Certificate = None,
) -> None:
    """Say that a registry is the newest, and bring it where it is not in force yet. Nodes that hear nothing of the kind
    for an hour give nothing on grants."""
    with using(key, "--key"):
        own = open_key(key, lambda: datetime.now(UTC))
    with targets(gateway or [], topic, tls_ca, tls_certificate) as found:
        while True:
            code = _confirmed(file, own.now(), found)
            if every is None:
                raise typer.Exit(code)
            time.sleep(min(every, _SOON_SECONDS) if code else every)


@app.command()
def show(file: SignedFile) -> None:
    """Print what a signed registry says, as the JSON from which the next one is made: `keys rotate` and others who sign
    for the authority change the signed file alone."""
    with using(file):
        content = signed.unchecked(text_of(file.read_bytes()))
        check_document(content)
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


@app.command()
def rotate(
    document: Annotated[
        Path, typer.Argument(help="The registry's JSON, which is brought up to date.", exists=True)
    ],
    key: Annotated[Path, typer.Option("--key", help="The authority's private key in use.", exists=True)],
    following: Annotated[
        Path, typer.Option("--next", help="The next one, as `keys new` makes it.", exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", help="Where the signed registry goes.")],
    overlap: Annotated[
        float, typer.Option("--overlap", min=0, help="Days for which the key in use still signs as well.")
    ] = 30.0,
) -> None:
    """Hand the authority's key over to the next one: a registry with a higher number says so, signed by the key in use.

    Whoever knows the key in use takes the next one's signature from then on, over registry and grants; what either
    signed stays verifiable. Keep the list `authority` in the JSON.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    old, new = private_key(key), private_key(following, "--next")
    with using(document):
        content = _handed_over(document, old, new, now, now + timedelta(days=overlap))
    with using(out, "--out"):
        check_follows(out, content["number"])
        put_signed(out, signed.sign(content, old))
    with using(document):
        document.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    typer.echo(f"signed {out}: number {content['number']} hands over from {old.key_id} to {new.key_id}")


def _handed_over(
    document: Path, old: keys.KeyPair, new: keys.KeyPair, now: datetime, until: datetime
) -> dict[str, Any]:
    before = orjson.loads(document.read_bytes())
    check_document(before)
    statement = hand_over(old, new.key_id, new.public_hex, until)
    content: dict[str, Any] = {
        **before,
        "number": number_of(before) + 1,
        "issued": now.isoformat(),
        "authority": [*before.get("authority", []), statement],
    }
    check_document(content)
    # A key that handed over before does not do so again.
    Authority({old.key_id: old.public_hex}).after(content["authority"])
    return content


def _confirmed(file: Path, key: keys.KeyPair, found: list[Target]) -> int:
    one = _publication(file, key)
    return max(told.bring(one) for told in found)


def _publication(file: Path, key: keys.KeyPair | None) -> Publication:
    try:
        text = file.read_text().strip()
        content = signed.unchecked(text)
        check_document(content)
    except (DocumentRefused, OSError, UnicodeDecodeError) as fault:
        typer.echo(f"{file}: {fault}", err=True)
        raise typer.Exit(REFUSED) from None
    number = number_of(content)
    word = None if key is None else sign_word(Word(number, datetime.now(UTC)), key)
    return Publication(text, number, word)

"""Where a registry is published: gateways and nodes over HTTP, and the topic; each says what came of it. Used by
`langqiao registry`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import typer

from schemas.wire.tls import TlsFiles
from services.cli.caller import MISUSED, REFUSED, UNREACHED, unreached
from services.cli.configured import configured
from services.client.bridge import Refused
from services.client.registry import Publication, bring
from services.directory.settings import Operator
from services.engine.relay.security import BadSecurityFile, options, secured
from services.engine.tls import BadTlsFile, open_tls

_PATIENCE_SECONDS = 5.0


class Target(Protocol):
    """Somewhere a registry is brought to."""

    def bring(self, one: Publication) -> int:
        """Bring it, say what came of it, and give the exit code that goes with that."""
        ...


@dataclass(frozen=True, slots=True)
class _Address:
    url: str
    http: httpx.Client

    def bring(self, one: Publication) -> int:
        try:
            number = bring(self.http, self.url, one)
        except Refused as fault:
            reason, held = fault.members.get("reason", fault), fault.members.get("number")
            known = f"; number {held} is in force there" if held is not None else ""
            typer.echo(f"refused  {self.url}: {reason}{known}", err=True)
            return REFUSED
        except httpx.TransportError as fault:
            return unreached(self.url, fault).exit_code
        typer.echo(f"told     {self.url}: number {number} is in force")
        return 0


@dataclass(frozen=True, slots=True)
class _Topic:
    operator: Operator

    def bring(self, one: Publication) -> int:
        # Loaded late: whoever tells gateways alone needs no client of a broker.
        from services.directory.registry import CannotPublish, publish

        told = self.operator
        texts = {"registry": one.text} | ({} if one.word is None else {"word": one.word})
        try:
            security = secured(told.broker_ca_file, told.broker_certificate_file, told.broker_key_file)
            way = options(told.bootstrap_servers, security)
            asyncio.run(publish(texts, told.environment, told.replication_factor, way))
        except BadSecurityFile as fault:
            typer.echo(f"refused  topic: {fault}", err=True)
            return MISUSED
        except CannotPublish as fault:
            typer.echo(f"Not on the topic: {fault}.", err=True)
            return UNREACHED
        typer.echo(f"told     topic: number {one.number}")
        return 0


@contextmanager
def targets(
    gateways: list[str], topic: bool, ca: Path | None, certificate: Path | None
) -> Iterator[list[Target]]:
    """Everywhere that was named, the topic last; a wrong use where nothing was."""
    if not gateways and not topic:
        raise typer.BadParameter("name a --gateway, or --topic")
    try:
        tls = open_tls(TlsFiles(certificate, None, ca))
    except BadTlsFile as fault:
        raise typer.BadParameter(str(fault)) from None
    on_topic: list[Target] = [_Topic(configured(Operator))] if topic else []
    with httpx.Client(timeout=_PATIENCE_SECONDS, trust_env=False, verify=tls.client or True) as http:
        yield [*(_Address(url, http) for url in gateways), *on_topic]

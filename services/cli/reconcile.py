"""`langqiao reconcile`: compare a department's tables with its topics, and mend what differs."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import show
from services.cli.caller import REFUSED, UNREACHED
from services.cli.configured import configured
from services.cli.feeds import feeds_read
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.relay.feeds import Feed
    from services.engine.relay.mending import Mended
    from services.engine.relay.reconciled import Outcome, Side

app = typer.Typer()


@app.command()
def reconcile(
    dataset: Annotated[
        str | None, typer.Argument(help="Such as taxation.arrears; none: every dataset of the department.")
    ] = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="Have the relay tell anew what differs, and retract what is gone.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Mend also where more records would be deleted than a setting says.")
    ] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Longest wait for changes on their way, in seconds.")
    ] = 10.0,
    as_lines: Annotated[
        bool, typer.Option("--json", help="One line of JSON for each dataset, for programs.")
    ] = False,
) -> None:
    """Compare tables with what subscribers were told, by count and hash, and name each record that differs.

    The LANGQIAO_… settings say whose. Changes that are still on their way are waited for, and counted as moving if
    they do not arrive. Exit code 1 when something differs and is not mended.
    """
    settings = configured(Settings)
    feeds = feeds_read(settings)
    chosen = [one for one in feeds if dataset in (None, one.dataset)]
    if not chosen:
        raise typer.BadParameter(f"{settings.kind} has no dataset {dataset}", param_hint="DATASET")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    work = _Work(settings, feeds, wait, mend, None if yes else settings.hold_deletes, as_lines)
    raise typer.Exit(work.run(chosen))


class _Work:
    """One use of the command."""

    def __init__(
        self,
        settings: Settings,
        feeds: "Sequence[Feed]",
        wait: float,
        mend: bool,
        most_deletes: int | None,
        as_lines: bool,
    ) -> None:
        self._settings, self._wait, self._mend, self._most_deletes = settings, wait, mend, most_deletes
        from services.engine.relay.feeds import majors_of

        self._majors = majors_of(feeds)
        self._as_lines = as_lines

    def run(self, feeds: "Sequence[Feed]") -> int:
        """The exit code."""
        from services.engine.capture.database import DatabaseAway, DatabaseRefuses
        from services.engine.relay.broker import CannotPublish
        from services.engine.relay.reconciling import CannotCompare
        from services.engine.relay.security import BadSecurityFile

        try:
            return asyncio.run(self._each(feeds))
        except (DatabaseRefuses, CannotCompare, BadSecurityFile) as fault:
            typer.echo(f"The table and its topics cannot be compared: {fault}.", err=True)
            return REFUSED
        except DatabaseAway as fault:
            typer.echo(f"The department's database does not answer ({fault}).", err=True)
        except CannotPublish as fault:
            typer.echo(f"The topics cannot be read: {fault}.", err=True)
        return UNREACHED

    async def _each(self, feeds: "Sequence[Feed]") -> int:
        from services.cli.at_database import opened
        from services.engine.capture import naming, retired
        from services.engine.relay.feeds import going_on, keys_of
        from services.engine.relay.kafka_topics import KafkaTopics
        from services.engine.relay.reconciling import Comparison

        topics = KafkaTopics(self._settings)
        worst = 0
        async with opened(self._settings) as database:
            stand = await database.read(naming.stand)
            keys_of(feeds).follow(stand.turns, stand.epoch)
            # What its office has ended is told no more, and so not compared.
            for feed in going_on(feeds, await database.read(retired.over)):
                found = await Comparison(database, feed, topics, self._wait).run()
                mended = await self._mended(found, database) if self._mend and found.findings else None
                self._show(found, mended)
                if found.findings and mended is None:
                    worst = REFUSED
        return worst

    async def _mended(self, found: "Outcome", database: Any) -> "Mended | None":
        from services.engine.relay.mending import TooManyDeletes, mend

        try:
            return await mend(found, self._majors, database, database, self._most_deletes)
        except TooManyDeletes as why:
            typer.echo(f"{found.dataset} is as it was: {why}. Say --yes if that is meant.", err=True)
            return None

    def _show(self, found: "Outcome", mended: "Mended | None") -> None:
        if self._as_lines:
            typer.echo(show.as_line(_line(found, mended)))
            return
        console = show.console()
        console.print(show.as_table([_of(side) for side in found.sides]))
        if found.findings:
            console.print(show.as_table(_findings(found)))
        typer.echo(_sentence(found))
        if mended is not None:
            typer.echo(_of_mending(mended))


def _of(side: "Side") -> dict[str, Any]:
    from services.engine.relay.folding import CHUNKS

    return {
        "topic": side.topic,
        "in_table": side.in_table.contents.count,
        "on_topic": side.on_topic.contents.count,
        "chunks": CHUNKS,
        "chunks_differing": len(side.differing),
    }


def _findings(found: "Outcome") -> list[dict[str, Any]]:
    return [{"record": one.record, "topic": one.topic, "what": one.what} for one in found.findings]


def _line(found: "Outcome", mended: "Mended | None") -> dict[str, Any]:
    return {
        "dataset": found.dataset,
        "records": found.records,
        "differing": found.differing,
        "moving": found.moving,
        "more": found.more,
        "topics": [_of(side) for side in found.sides],
        "findings": _findings(found),
        "mended": None
        if mended is None
        else {"told": mended.told, "retracted": mended.retracted, "new_epoch": mended.new_epoch},
    }


def _sentence(found: "Outcome") -> str:
    differing = f"{found.differing} or more" if found.more else str(found.differing)
    on_way = f"{found.moving} are on their way"
    return f"{found.dataset}: {found.records} records in the table, {differing} differ, {on_way}."


def _of_mending(mended: "Mended") -> str:
    if mended.new_epoch:
        return "A new epoch begins, in which every record is told anew; then compare again."
    return (
        f"{mended.told} records are told anew, and {mended.retracted} retracted, as soon as the relay works."
    )

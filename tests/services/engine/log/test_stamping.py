"""Signed answers are named in the log at a checkpoint, and what a witness holds of it is their time token."""

from pathlib import Path

from schemas.trust import evidence_time
from schemas.trust.evidence_time import TimeToken
from services.engine.log.access_log import AccessLog
from services.engine.log.stamping import WAITING, Stamps
from tests.services.engine.log.desk import NODE, entry, findings
from tests.services.engine.log.test_checkpoints import Town
from tests.services.engine.log.witnesses import HELD_AT, OTHERS, Nodes
from tests.waiting import until

_FIRST, _SECOND = "1" * 64, "2" * 64


def _stamps(log: AccessLog) -> Stamps:
    assert log.stamps is not None
    return log.stamps


async def _tokens(log: AccessLog, digest: str, count: int) -> list[TimeToken]:
    return await until(lambda: found if len(found := _stamps(log).tokens([digest])[digest]) >= count else [])


async def test_each_witness_gives_a_token_that_names_the_signature(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path)
    async with town.running() as (log, made):
        await log.append(entry())
        _stamps(log).wait(_FIRST)
        tokens = await _tokens(log, _FIRST, 2)
        held = [evidence_time.check(one, _FIRST, NODE, town.nodes.registry) for one in tokens]
        assert {one.witness for one in held} == set(OTHERS[:2])
        assert [one.at for one in held] == [HELD_AT, HELD_AT]
        await until(lambda: made.waiting_seconds == 0)
        assert _stamps(log).next() == (), "what somebody holds waits no longer"
        assert (tmp_path / "log" / WAITING).read_text() == ""
    assert findings(tmp_path / "log") == []


async def test_signatures_are_named_though_no_other_entry_came(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path)
    async with town.running() as (log, made):
        await log.append(entry())
        await until(lambda: made.newest is not None and made.waiting_seconds == 0)
        _stamps(log).wait(_FIRST)
        await _tokens(log, _FIRST, 1)


async def test_a_log_at_rest_names_nothing_again(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path, away=set(OTHERS))
    async with town.running() as (log, made):
        await log.append(entry())
        for digest in (_FIRST, _SECOND):
            _stamps(log).wait(digest)
            await until(lambda: made.newest is not None and _stamps(log).all_named)
        town.away.clear()
        await _tokens(log, _SECOND, 2)
        assert log.appender.head.number == 4, "it begins, is written to, and names twice"


async def test_what_waits_while_witnesses_are_away_is_named_until_one_holds_it(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path, away=set(OTHERS))
    async with town.running() as (log, _):
        await log.append(entry())
        _stamps(log).wait(_FIRST)
        await until(lambda: town.published)
        _stamps(log).wait(_SECOND)
        assert _stamps(log).next() == (_FIRST, _SECOND)
        town.away.clear()
        for digest in (_FIRST, _SECOND):
            (token, *_) = await _tokens(log, digest, 1)
            evidence_time.check(token, digest, NODE, town.nodes.registry)


async def test_what_a_killed_process_left_is_named_by_the_next(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path, away=set(OTHERS))
    async with town.running() as (log, _):
        await log.append(entry())
        _stamps(log).wait(_FIRST)
    town.away.clear()
    async with town.running() as (log, _):
        assert _stamps(log).next() == (_FIRST,)
        await until(lambda: _stamps(log).next() == ())
    async with town.running() as (log, _):
        assert _stamps(log).tokens([_FIRST])[_FIRST]
        assert _stamps(log).next() == ()

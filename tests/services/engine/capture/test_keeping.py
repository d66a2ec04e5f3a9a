"""What a backup holds, and what a restore refuses."""

import hashlib
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson
import pytest

from services.engine.capture import archive, keeping, restoring, state
from services.engine.capture.archive import BadArchive, Manifest
from services.engine.capture.attach import attach
from services.engine.capture.database import DatabaseAway
from services.engine.capture.keeping import CannotKeep, Owner
from services.engine.pseudonym_keys import fingerprint
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.stores import Store

_OWNER = Owner("330203.workshop", fingerprint(workshop.SECRET), {"workshop.tools.v1": "1.0.0"})


@pytest.fixture
async def shop(store: Store) -> Store:
    """The captured workshop with two tools, of which one waits to be told."""
    await create_tables(store.url, workshop.MAPPINGS)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
    for number in ("t1", "t2"):
        await store.program.insert("ws_tool", no=number, nm="名字")
    await store.program.execute(f"UPDATE {store.engine('outbox')} SET sent_at = 1 WHERE id = 1")
    return store


async def _backup(shop: Store, folder: Path, **secrets: bytes) -> Path:
    await keeping.backup(shop.database, _OWNER, secrets, folder / "state.zip")
    return folder / "state.zip"


async def _restore(shop: Store, file: Path, owner: Owner = _OWNER, *, over: bool = True) -> int:
    with archive.opened(file) as found:
        return await restoring.restore(
            shop.database, workshop.MAPPINGS, found, owner, over=over, outbox_limit=1_000
        )


async def test_a_backup_holds_what_waits_and_not_what_was_sent(shop: Store, tmp_path: Path) -> None:
    with archive.opened(await _backup(shop, tmp_path)) as found:
        manifest = found.manifest
        assert {name: part.rows for name, part in manifest.parts.items()} == {
            **dict.fromkeys(("record", "outbox", "told", "alias", "dirty", "idempotency"), 0),
            "record": 2,
            "outbox": 1,
            "state": manifest.parts["state"].rows,
        }
        assert (manifest.epoch, manifest.last_id, manifest.secrets) == (1, 2, ())
        assert dict(zip(found.columns("outbox"), next(found.rows("outbox")), strict=True))["id"] == 2


async def test_a_backup_is_for_its_owners_eyes_and_replaces_an_older_one_as_a_whole(
    shop: Store, tmp_path: Path
) -> None:
    (tmp_path / "state.zip").write_bytes(b"older")
    file = await _backup(shop, tmp_path, pseudonym_key_file=workshop.SECRET)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*state*")) == [file]
    with archive.opened(file) as found:
        assert found.secret("pseudonym_key_file") == workshop.SECRET


async def test_a_failed_backup_leaves_what_was_there(store: Store, tmp_path: Path) -> None:
    (tmp_path / "state.zip").write_bytes(b"older")
    with pytest.raises(CannotKeep, match="department attach"):
        await _backup(store, tmp_path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.glob("*state*")] == [("state.zip", b"older")]


async def test_what_was_kept_is_there_again_in_a_new_epoch(shop: Store, tmp_path: Path) -> None:
    await shop.database.write(state.put, {"epoch": "4", "position.a": "{}", "sequence.workshop.tools": "9"})
    file = await _backup(shop, tmp_path)
    await shop.program.execute(f"DELETE FROM {shop.engine('record')}")
    await shop.database.write(state.put, {"epoch": "6", "sequence.workshop.tools": "12"})
    assert await _restore(shop, file) == 7
    said = await shop.database.read(state.get_all, ["position.a", "sequence.workshop.tools"])
    assert said == {"sequence.workshop.tools": "12"}
    kept = "SELECT raw_key, epoch, version FROM {} ORDER BY raw_key"
    assert await shop.program.rows(kept.format(shop.engine("record"))) == [('["t1"]', 1, 1), ('["t2"]', 1, 1)]
    await shop.program.execute("UPDATE ws_tool SET nm = 'goes on' WHERE no = 't1'")
    newest = f"SELECT id, epoch, version FROM {shop.engine('outbox')} ORDER BY id DESC LIMIT 1"
    [(number, epoch, version)] = await shop.program.rows(newest)
    assert number > 2
    assert (epoch, version) == (7, 2)


async def test_state_that_stands_is_replaced_only_when_that_is_meant(shop: Store, tmp_path: Path) -> None:
    file = await _backup(shop, tmp_path)
    with pytest.raises(CannotKeep, match="--over"):
        await _restore(shop, file, over=False)


async def test_nothing_is_restored_under_a_relay_at_work(shop: Store, tmp_path: Path) -> None:
    file = await _backup(shop, tmp_path)
    until = "INSERT INTO {} (name, holder, fence, until) VALUES ('relay', 'one', 1, 9999999999)"
    await shop.program.execute(until.format(shop.engine("lease")))
    with pytest.raises(CannotKeep, match="a relay is at work"):
        await _restore(shop, file)


@pytest.mark.parametrize(
    ("owner", "reason"),
    [
        (replace(_OWNER, node="330203.other"), "is of the node 330203.workshop, and this is 330203.other"),
        (replace(_OWNER, pseudonym_key=fingerprint(b"x" * 32)), "pseudonym key"),
    ],
)
async def test_a_backup_of_somebody_else_is_refused(
    sqlite_shop: Store, tmp_path: Path, owner: Owner, reason: str
) -> None:
    file = await _backup(sqlite_shop, tmp_path)
    with pytest.raises(CannotKeep, match=reason):
        await _restore(sqlite_shop, file, owner)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revision": "9999"}, "newer release"),
        ({"database": "postgresql"}, "the backup is of postgresql, and the database here is sqlite"),
    ],
)
async def test_a_backup_for_another_database_or_release_is_refused(
    sqlite_shop: Store, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    file = await _backup(sqlite_shop, tmp_path)
    _rewritten(file, lambda name, text: _changed(text, change) if name == "manifest.json" else text)
    with pytest.raises(CannotKeep, match=reason):
        await _restore(sqlite_shop, file)


async def test_a_part_that_is_not_as_it_was_written_is_refused(sqlite_shop: Store, tmp_path: Path) -> None:
    file = await _backup(sqlite_shop, tmp_path)
    _rewritten(file, lambda name, text: text.replace(b"t1", b"t9"))
    with pytest.raises(BadArchive, match="the checksum of record is wrong"):
        await _restore(sqlite_shop, file)


@pytest.mark.parametrize("bite", [0, 10, 400, -40])
async def test_what_is_no_backup_is_said_to_be_none(sqlite_shop: Store, tmp_path: Path, bite: int) -> None:
    file = await _backup(sqlite_shop, tmp_path)
    file.write_bytes(file.read_bytes()[:bite])
    with pytest.raises(BadArchive):
        await _restore(sqlite_shop, file)


async def test_where_loading_fails_state_and_capture_are_as_they_were(
    sqlite_shop: Store, tmp_path: Path
) -> None:
    file = await _backup(sqlite_shop, tmp_path)
    doubled = {**orjson.loads(_part(file, "manifest.json"))}
    lines = (
        _part(file, "tables/record.ndjson")
        + _part(file, "tables/record.ndjson").splitlines(keepends=True)[-1]
    )
    doubled["parts"]["record"] = {"rows": 3, "sha256": hashlib.sha256(lines).hexdigest()}
    parts = {"manifest.json": orjson.dumps(doubled), "tables/record.ndjson": lines}
    _rewritten(file, lambda name, text: parts.get(name, text))
    with pytest.raises(DatabaseAway, match="IntegrityError"):
        await _restore(sqlite_shop, file)
    await sqlite_shop.program.execute("UPDATE ws_tool SET nm = 'goes on' WHERE no = 't1'")
    newest = "SELECT epoch, version FROM lq_outbox ORDER BY id DESC LIMIT 1"
    assert await sqlite_shop.program.rows(newest) == [(1, 2)]


@pytest.fixture
async def sqlite_shop(sqlite_store: Store) -> Store:
    await create_tables(sqlite_store.url, workshop.MAPPINGS)
    await attach(sqlite_store.database, workshop.MAPPINGS, outbox_limit=1_000)
    await sqlite_store.program.insert("ws_tool", no="t1", nm="名字")
    return sqlite_store


def _part(file: Path, name: str) -> bytes:
    with ZipFile(file) as zipped:
        return zipped.read(name)


def _rewritten(file: Path, change: Callable[[str, bytes], bytes]) -> None:
    with ZipFile(file) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    with ZipFile(file, "w") as zipped:
        for name, content in parts.items():
            zipped.writestr(name, change(name, content))


def _changed(manifest: bytes, change: dict[str, Any]) -> bytes:
    return Manifest(**{**orjson.loads(manifest), **change}).model_dump_json().encode()

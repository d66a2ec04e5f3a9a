"""A service in a process of its own, to be killed; started by the tests of this folder."""

import os
import signal
from pathlib import Path
from typing import Any

import orjson

from schemas.trust import keys
from services.engine.api import plane
from services.engine.api.serve import serve
from services.engine.settings import Settings
from tests.services.engine.api import office


def settings_of(folder: Path, port: int) -> Settings:
    """The settings of the service whose world `make` made."""
    said = orjson.loads((folder / "trust" / "authority.json").read_bytes())
    return Settings(
        kind=office.KIND,
        division=office.DIVISION,
        contracts_dir=folder / "contracts",
        database_url=f"sqlite:///{folder / 'office.sqlite'}",
        registry_file=folder / "trust" / "registry.jws",
        grants_file=folder / "trust" / "grants.jws",
        authority_keys=said,
        pseudonym_key_file=folder / "pseudonym.key",
        node_key_file=folder / "node.key.pem",
        # Issued yesterday, and nobody confirms it here.
        registry_word_seconds=7 * 86_400,
        follow_registry=False,
        require_cases=False,
        port=port,
    )


def write_node_key(folder: Path, key: keys.KeyPair) -> None:
    (folder / "node.key.pem").write_bytes(keys.write_private(key))


def _kill_before_answer(number: int) -> None:
    """Between entry and answer: the entry is durable, and not a byte of the answer has left."""
    send, entered = plane.send_reply, 0

    async def killing(*args: Any, **said: Any) -> None:
        nonlocal entered
        entered += 1
        if entered == number:
            os.kill(os.getpid(), signal.SIGKILL)
        await send(*args, **said)

    plane.send_reply = killing


def run(folder: Path, port: int, kill_at: int) -> int:
    """Serve; kill itself when the answer of that number is in the log and not yet sent, 0 for never."""
    if kill_at:
        _kill_before_answer(kill_at)
    return serve(office.DEPARTMENT, settings_of(folder, port))

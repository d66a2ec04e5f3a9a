"""A log with what others hold of it, in a test's own folder; for the tests of `langqiao log`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from typer.testing import Result

from schemas.trust import signed
from schemas.trust.entries import Act, Entry, Head, salted
from schemas.trust.keys import KeyPair, new_key
from schemas.trust.receipts import Receipt, Signer
from schemas.trust.statements import Checkpoint, sign_checkpoint
from services.engine.log.files import segments
from services.engine.log.store import Store
from tests import registered
from tests.services.cli.tool import run

NODE, OTHER = "330200.credit", "330200.taxation"
SALT = b"s" * 16


@dataclass
class Kept:
    """A log, and what others hold of it: files beside it."""

    folder: Path
    log: Path
    now: datetime
    authority: KeyPair
    node: KeyPair
    other: KeyPair

    @property
    def trusted(self) -> tuple[str, str]:
        return "--authority", orjson.dumps({self.authority.key_id: self.authority.public_hex}).decode()

    def verify(self, *arguments: str) -> Result:
        return run("log", "verify", str(self.log), *arguments)

    def by(self, *arguments: str) -> Result:
        """By the registry of the day."""
        return self.verify("--registry", str(self.folder / "registry.jws"), *self.trusted, *arguments)

    def held(self, *arguments: str) -> Result:
        """Against everything that others hold."""
        held = (
            "--checkpoints",
            str(self.folder / "checkpoints"),
            "--receipts",
            str(self.folder / "receipts"),
        )
        return self.by(*held, *arguments)


def keep(tmp_path: Path) -> Kept:
    """A log of seven entries with two checkpoints and six receipts, signed by a key that an expired registry lists."""
    authority, node, other = new_key(), new_key(), new_key()
    now = datetime.now(UTC)
    members = [registered.line(f"{NODE}/node", node), registered.line(f"{OTHER}/node", other)]
    dates = {"issued": now.isoformat(), "expires": (now - timedelta(days=1)).isoformat()}
    document = {"number": 1, **dates, "members": members}
    (tmp_path / "registry.jws").write_text(signed.sign(document, authority))
    entries = [entry(now, place) for place in range(6)]
    log = Store(tmp_path / "log", NODE, lambda: now, segment_bytes=900)
    heads = [log.write([one])[0] for one in entries]
    log.close()
    points = [Checkpoint(NODE, head.number, head.hash, now) for head in (heads[2], heads[5])]
    (tmp_path / "checkpoints").write_text("\n".join(sign_checkpoint(one, node) for one in points))
    receipts = [Signer(node).sign(receipt_of(*pair)) for pair in zip(entries, heads, strict=True)]
    (tmp_path / "receipts").write_text("\n".join(receipts))
    return Kept(tmp_path, tmp_path / "log", now, authority, node, other)


def entry(at: datetime, place: int) -> Entry:
    asked, answered = salted(SALT, b"GET"), salted(SALT, str(place).encode())
    officer = f"officer-{place % 2}"
    return Entry(
        at, NODE, Act.READ, officer=officer, dataset="credit.penalties", request=asked, answer=answered
    )


def receipt_of(one: Entry, head: Head) -> Receipt:
    assert one.request is not None
    assert one.answer is not None
    return Receipt(NODE, head.number, head.hash, one.request, one.answer, SALT.hex(), one.at)


def lines(log: Path) -> list[bytes]:
    return [line for one in segments(log) for line in one.path.read_bytes().splitlines(keepends=True)]


def write_as_one(log: Path, lines: list[bytes]) -> None:
    first = segments(log)[0].path
    for one in segments(log):
        one.path.unlink()
    first.write_bytes(b"".join(lines))

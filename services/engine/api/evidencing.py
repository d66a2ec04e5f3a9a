"""Answers as evidence: signed by the node's key where the caller asks for that, to be named in the access log with the
next checkpoint; used by `plane` when all else of an answer is settled."""

from collections.abc import AsyncIterator
from contextlib import suppress

from schemas.trust import evidence_answer
from schemas.trust.evidence_answer import Answered
from schemas.trust.evidence_chunks import Chain, sha256
from schemas.trust.keys import KeyPair
from schemas.trust.message import Message
from schemas.wire import headers as names
from services.engine.api.call import Call, Reply
from services.engine.log.access_log import AccessLog

_BODILESS = frozenset({204, 304})


def attested(call: Call, reply: Reply) -> Reply:
    """The reply, signed where that is asked for. What bears no receipt, as most refusals, tells nothing of records and
    is not signed; neither is anything by a node that has no key."""
    key = call.node.log.node_key
    if key is None or not evidence_answer.wanted(call.headers):
        return reply
    streamed = not isinstance(reply.body, bytes)
    if streamed or names.RECEIPT in reply.headers:
        said = evidence_answer.sign(_answered(call, reply), key, call.node.clock())
        reply.headers |= said
        _follow(call.node.log, key, reply, said["signature"])
    return reply


def _follow(log: AccessLog, key: KeyPair, reply: Reply, signature: str) -> None:
    if isinstance(reply.body, bytes):
        _wait(log, sha256(signature))
    else:
        reply.body = _chained(log, reply.body, Chain(key, sha256(signature)))


def _answered(call: Call, reply: Reply) -> Answered:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    if reply.media_type is not None:
        headers["content-type"] = reply.media_type
    asked = Message(call.method, call.path, call.query.decode("utf-8", "replace"), call.headers, call.sent)
    bodiless = call.method == "HEAD" or reply.status in _BODILESS
    body = reply.body if isinstance(reply.body, bytes) and not bodiless else None
    return Answered(asked, reply.status, headers, body)


async def _chained(log: AccessLog, pieces: AsyncIterator[bytes], chain: Chain) -> AsyncIterator[bytes]:
    """Each piece with the line that signs it, then the line that signs the end."""
    async for piece in pieces:
        yield piece + chain.line(piece)
    end = chain.line(b"", end=True)
    _wait(log, chain.previous)
    yield end


def _wait(log: AccessLog, digest: str) -> None:
    if log.stamps is not None:
        # A disk that is full is the log's trouble already; a token can be asked for later.
        with suppress(OSError):
            log.stamps.wait(digest)

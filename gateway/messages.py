"""Whether a call is a message for this gateway, unaltered and once, of its token's own system or of another gateway;
asked by `plane` before anything else is done with the call.

What the gateway asks of nodes bears its own signature, and the caller's token, officer and purpose. So nobody who was
asked a part of a question may have the gateway ask the rest of it, or the same once more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.caller import caller_of, system_of
from gateway.registry import MemberRegistry
from schemas.trust import message
from schemas.trust.message import Message, MessageRefused, Sent
from schemas.trust.model import Role
from schemas.trust.registry import Registry
from schemas.trust.replay import Replays
from schemas.wire.problem import Problem


@dataclass(slots=True)
class Messages:
    """The messages that came since `began`, in memory alone: what was made before counts as having come. `required`
    says that every call that bears a token must be one."""

    node: str
    required: bool
    registry: MemberRegistry
    clock: Callable[[], datetime]
    began: datetime
    _came: Replays = field(default_factory=Replays)

    def needs_check(self, headers: Mapping[str, str]) -> bool:
        """Whether the call must be taken as a message: what bears a token, and what is signed even where that need not
        be. Problem bad-message where it is not signed and must be."""
        if message.is_signed(headers):
            # Where nobody told us yet whose keys are whose, and need not, nodes judge it alone.
            return self.required or self._known.number > 0
        if self.required and "authorization" in headers:
            raise _refused("missing")
        return False

    def take(self, said: Message) -> None:
        """Take a message, which has come now. Problem bad-message, bad-token."""
        system = system_of(caller_of(said.headers), self._known)
        # One moment for both: what is still valid is still remembered.
        now = self.clock()
        try:
            sent = message.check(said, self._known, now, node=self.node)
        except MessageRefused as refused:
            raise _refused(refused.reason) from None
        if system is not None and sent.sender.role is not Role.GATEWAY and sent.sender.system != system:
            raise _refused("wrong-sender")
        if self._is_older(sent):
            raise _refused("expired")
        if not self._came.first(sent, now):
            raise _refused("replayed")

    @property
    def _known(self) -> Registry:
        return self.registry.held.registry

    def _is_older(self, sent: Sent) -> bool:
        """Whether it was made before this process began, which knows nothing of what came then."""
        return sent.created < self.began.replace(microsecond=0)


def _refused(reason: str) -> Problem:
    return Problem("bad-message", f"the message is refused: {reason}", members={"reason": reason})

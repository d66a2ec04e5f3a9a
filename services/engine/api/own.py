"""An answer at an address outside /records that the data plane gives all the same: with its deadline, its problems and
its access log; used by routes of the engine and of departments."""

from fastapi import Response
from starlette.types import Receive, Scope, Send

from services.engine.api.plane import Action, DataPlane


class Told(Response):
    """Returned by a route; what is answered is what the action says."""

    def __init__(self, plane: DataPlane, action: Action) -> None:
        super().__init__()
        self._plane, self._action = plane, action

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._plane.handle(scope, receive, send, self._action)

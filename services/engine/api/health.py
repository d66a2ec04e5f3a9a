"""Whether this node can do its work, and if not why: checks run beside the calls, `/health` shows the last of each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

#: Longest that one check may take, in seconds; past it the check has failed.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `needed` says that without it the node is not ready; else it is only worse off."""

    ok: bool
    reason: str = ""
    needed: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[[], Awaitable[Finding]]


@dataclass(slots=True)
class Health:
    """The last finding of every check, with its age."""

    node: str
    checks: Mapping[str, Check]
    _found: dict[str, tuple[float, Finding]] = field(default_factory=dict)

    async def run(self, every_seconds: float) -> None:
        """Check again and again until cancelled."""
        while True:
            await self.check_all()
            await asyncio.sleep(every_seconds)

    async def check_all(self) -> None:
        """Run every check once, all at a time."""
        async with asyncio.TaskGroup() as group:
            for name in self.checks:
                group.create_task(self._check(name))

    @property
    def ready(self) -> bool:
        return len(self._found) == len(self.checks) and not any(
            finding.needed and not finding.ok for _, finding in self._found.values()
        )

    def document(self) -> dict[str, Any]:
        """What `/health` shows."""
        now = monotonic()
        reasons = [
            f"{name}: {finding.reason}" for name, (_, finding) in self._found.items() if not finding.ok
        ]
        reasons += [f"{name}: not checked yet" for name in self.checks if name not in self._found]
        checks = {
            name: {
                "ok": finding.ok,
                "needed": finding.needed,
                "age_seconds": round(now - at, 3),
                **finding.facts,
            }
            for name, (at, finding) in self._found.items()
        }
        return {"node": self.node, "ready": self.ready, "reasons": reasons, "checks": checks}

    async def _check(self, name: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                finding = await self.checks[name]()
        except TimeoutError:
            finding = Finding(False, f"no answer within {_PATIENCE:.0f} s", needed=self._was_needed(name))
        except Exception as fault:
            # The type alone: a driver's text may hold an address or a value.
            finding = Finding(False, type(fault).__name__, needed=self._was_needed(name))
        self._found[name] = (monotonic(), finding)

    def _was_needed(self, name: str) -> bool:
        known = self._found.get(name)
        return known is None or known[1].needed

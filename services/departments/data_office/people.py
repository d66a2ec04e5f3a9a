"""Who takes a step, as the call says it; made by `calls`, read by the desks."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class People:
    """The member whose system calls, the officer that the system names, and the second named person, who consents or
    approves; empty where the step needs none."""

    member: str
    officer: str
    second: str = ""
    system: str = ""

    def with_second(self, second: str) -> "People":
        return replace(self, second=second)

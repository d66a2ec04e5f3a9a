"""Deliberate mistakes, put into a relay process of the harness at its seams, so that the harness is seen to find them;
known to `relay_process` by name."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A mistake: how it is put in, and the stores on which it shows."""

    install: Callable[[], None]
    stores: tuple[str, ...]


BUGS: dict[str, Bug] = {}

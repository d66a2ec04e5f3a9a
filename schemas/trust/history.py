"""Whose a key was at a moment, by the member registries that are at hand; pure, used by whoever checks evidence of
another day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from schemas.trust.model import Member
from schemas.trust.registry import Registry, from_document
from schemas.trust.signed import DocumentRefused, moment


@dataclass(frozen=True, slots=True)
class Issue:
    """One registry and since when it is in force (aware)."""

    registry: Registry
    issued: datetime


def issue(document: Mapping[str, Any]) -> Issue:
    """The registry that a document holds, with its day; raises DocumentRefused."""
    return Issue(from_document(document), moment(document, "issued"))


class History:
    """Registries of several days; at each moment the one with the highest number of those issued by then is in force.

    What a registry that is not at hand would say, nobody can know here: a key that it took away still counts.
    """

    def __init__(self, issues: Sequence[Issue]) -> None:
        if not issues:
            raise DocumentRefused("malformed", "there is no registry")
        self._issues = sorted(issues, key=lambda one: one.registry.number)
        for one, after in pairwise(self._issues):
            if one.registry.number == after.registry.number and one != after:
                raise DocumentRefused("contradicts", "two registries of one number say different things")
        keys = {key_id: whose for one in self._issues for key_id, whose in one.registry.keys.items()}
        #: All keys that any of them lists, the newest's word where they differ: to read what was signed. Whether the
        #: key held at the time, `why_not` says.
        self.every: Registry = replace(self._issues[-1].registry, keys=keys)

    @property
    def ending(self) -> Registry:
        """All keys as `every` has them, each with its end: the one that stands beside it, or the day of the first
        registry after those that list it. So what says its own time counts only from before."""
        keys = {
            key_id: (self._ending(key_id, one), public) for key_id, (one, public) in self.every.keys.items()
        }
        return replace(self.every, keys=keys)

    def whose(self, key_id: str) -> Member | None:
        """The member whose key it is, or was."""
        found = self.every.key(key_id)
        return found[0] if found is not None else None

    def why_not(self, key_id: str, at: datetime) -> str | None:
        """Why the key was nobody's at that moment: unknown-key, not-yet-valid, revoked, ended, expired; None: it
        held."""
        before = [one for one in self._issues if one.issued <= at]
        listed = [one for one in self._issues if one.registry.key(key_id) is not None]
        if not listed:
            return "unknown-key"
        if not before or (before[-1] not in listed and all(one not in listed for one in before)):
            return "not-yet-valid"
        if before[-1] not in listed:
            return "revoked"
        if before[-1].registry.key(key_id, at) is None:
            return "ended"
        return "expired" if at >= before[-1].registry.expires else None

    def number_at(self, at: datetime) -> int | None:
        """The number of the registry that was in force; None before all of them."""
        return max((one.registry.number for one in self._issues if one.issued <= at), default=None)

    def _ending(self, key_id: str, member: Member) -> Member:
        last = max(place for place, one in enumerate(self._issues) if key_id in one.registry.keys)
        if last + 1 == len(self._issues):
            return member
        left_out = self._issues[last + 1].issued
        return replace(
            member, until={**member.until, key_id: min(left_out, member.until.get(key_id, left_out))}
        )

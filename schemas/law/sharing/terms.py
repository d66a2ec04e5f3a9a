"""What is asked for and agreed on beside items, rows and days: how often, by whose systems, for cases alone, and when
persons are told; read by `application` and `request`, and as the record of a request says it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

#: Largest number that is agreed on, and most days after which persons are told: a hundred years.
MOST, MOST_DAYS = 1_000_000_000, 36_500
#: Most systems that one grant names.
MOST_DELEGATES = 50
#: A system id, in what a token and a header can say; one with a comma could not be told from two.
_SYSTEM = re.compile(r"[!-+\--~]{1,100}")


@dataclass(frozen=True, slots=True)
class Terms:
    """As a grant says them (`schemas.trust.model.Grant`). A number that could not be read is 0, and a system of which
    that is so is empty: neither is ever granted."""

    quota_per_day: int | None = None
    calls_per_second: int | None = None
    delegates: tuple[str, ...] = ()
    case_required: bool = False
    untold: str = ""
    told_after_days: int | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Terms":
        """What a form says of them."""
        listed = said.get("delegates") or []
        few = isinstance(listed, list) and len(listed) <= MOST_DELEGATES
        delegates = tuple(map(_system, listed)) if few else ("",)
        untold = said.get("untold")
        return cls(
            _number(said, "quota_per_day", MOST),
            _number(said, "calls_per_second", MOST),
            delegates,
            said.get("case_required") is True,
            untold.strip() if isinstance(untold, str) else "",
            _number(said, "told_after_days", MOST_DAYS),
        )

    @property
    def hides(self) -> bool:
        """Whether persons are told later than at once, or never."""
        return bool(self.untold) or self.told_after_days is not None

    @property
    def bounds(self) -> dict[str, int | None]:
        """How often, by name."""
        return {"quota_per_day": self.quota_per_day, "calls_per_second": self.calls_per_second}

    def narrowed(self, agreed: "Terms") -> "Terms":
        """These, with what the department that keeps the data agreed to in their place: never more."""
        return replace(
            self,
            quota_per_day=agreed.quota_per_day or self.quota_per_day,
            calls_per_second=agreed.calls_per_second or self.calls_per_second,
            case_required=self.case_required or agreed.case_required,
        )


def lacking(terms: Terms) -> Iterator[tuple[str, str]]:
    """The terms that nobody can be granted, by name, each with what to do about it."""
    for name in ("quota_per_day", "calls_per_second", "told_after_days"):
        if getattr(terms, name) == 0:
            yield name, "write a whole number from 1, or leave it empty"
    if "" in terms.delegates:
        known = "name systems as the registry lists them, such as 330200.approvals/window"
        yield "delegates", f"{known}, and no more than {MOST_DELEGATES}"
    if terms.untold and terms.told_after_days is not None:
        yield "untold", "persons are told later or never: ask for one of the two"


def beyond(asked: Terms, agreed: Terms) -> list[str]:
    """Of what bounds the use, what an agreement would give beyond what was asked."""
    pairs = {name: (bound, agreed.bounds[name]) for name, bound in asked.bounds.items()}
    return [name for name, (most, said) in pairs.items() if most is not None and (said or 0) > most]


def _number(said: Mapping[str, Any], name: str, most: int) -> int | None:
    number = said.get(name)
    if number is None:
        return None
    return number if type(number) is int and 1 <= number <= most else 0


def _system(one: object) -> str:
    return one if isinstance(one, str) and _SYSTEM.fullmatch(one) else ""

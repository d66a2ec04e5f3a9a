"""Which records of a department say who represents an enterprise: told by the department whose register it is, read by
its node's answers to persons."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Representation:
    """Records of `dataset` whose item `person` holds an ID number and `enterprise` a credit code, where they meet
    further conditions in the query grammar, by item: `{"is_legal_representative": "is.true"}`."""

    dataset: str
    person: str
    enterprise: str
    where: Mapping[str, str]

"""What is left of a request that nobody agreed to, once its dataset has changed."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from schemas.contracts.model import Contract, Sharing, SharingClass
from services.departments.data_office.agreed import of_itself
from services.departments.data_office.granted import Unlisted, of_requests
from services.departments.data_office.matters import Record
from tests.services.departments.data_office.conftest import FREE, PROVIDER, REQUESTER

_DATASET = str(FREE["dataset"])
_CONTRACTS = Catalogue(load_all())
_MAJORS = frozenset((_DATASET, one.major) for one in _CONTRACTS.every(_DATASET))


def _request(items: str | None) -> Record:
    nothing = dict.fromkeys(
        (
            "rows",
            "quota_per_day",
            "calls_per_second",
            "delegates",
            "case_required",
            "untold",
            "told_after_days",
        )
    )
    its = {"request_id": "R-1", "grant_id": "R-1", "requester": REQUESTER, "provider": PROVIDER}
    what = {"dataset": _DATASET, "items": items, "purpose": "核验"}
    return {
        **nothing,
        **its,
        **what,
        "delivered_at": datetime(2026, 5, 4, tzinfo=UTC),
        "until": date(2036, 1, 1),
    }


def _on_condition(contract: Contract) -> Contract:
    sharing = Sharing(SharingClass.CONDITIONAL, "本市部门", "核验")
    return replace(
        contract, items={name: replace(one, sharing=sharing) for name, one in contract.items.items()}
    )


@pytest.mark.parametrize(
    ("contracts", "over"),
    [
        (_CONTRACTS, _MAJORS),
        (Catalogue([_on_condition(one) for one in _CONTRACTS.every(_DATASET)]), frozenset()),
        (Catalogue([]), frozenset()),
    ],
    ids=["has ended", "is shared on condition alone", "is gone"],
)
def test_nothing_is_left_of_a_request_for_what_nobody_may_have_any_more(
    contracts: Catalogue, over: frozenset[tuple[str, int]]
) -> None:
    assert of_itself(_request("credit_code,position"), contracts, over) is None


def test_a_request_that_names_nothing_stays_one_that_makes_no_grant() -> None:
    left = of_itself(_request(None), _CONTRACTS, ())
    assert left is not None
    unlisted = Unlisted()
    assert of_requests([left], unlisted) == []
    assert unlisted.by_reason == {"no-grant": ["R-1"]}

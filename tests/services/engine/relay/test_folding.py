"""What a topic folds to, held in a few dozen bytes a record."""

import random
import sys
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire.control import THIN, Reconciled
from schemas.wire.event import Event, to_kafka
from services.client.folding import is_whole
from services.engine.capture.told import digest_of
from services.engine.relay.broker import Kept
from services.engine.relay.folding import GONE, WENT_BACK, Entry, Fold, Tally, chunk_of

_VERSIONS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 5), st.booleans()))


def event(subject: str, epoch: int, version: int, *, deleted: bool = False, **shown: object) -> Event:
    return Event(
        id="id",
        source="330203.workshop",
        type=f"cn.gov.workshop.tools.{'deleted' if deleted else 'updated'}",
        subject=subject,
        time="2026-01-31T00:00:00Z",
        dataschema="urn:langqiao:contract:workshop.tools:1",
        sequence="7",
        recordepoch=epoch,
        recordversion=version,
        recordedtime="2026-01-31T00:00:00Z",
        dataclassification="L1",
        data=None if deleted or not shown else dict(shown),
        dataref=None if deleted or shown else f"/records/workshop/tools/{subject}",
    )


def kept(events: Iterable[Event]) -> list[Kept]:
    return [Kept(("topic", 0), offset, *to_kafka(one)) for offset, one in enumerate(events)]


def reconciled(whole: Tally) -> Reconciled:
    """A control record that counts this on the audience `shared`'s topic."""
    counted = {"shared": whole.contents}
    return Reconciled(
        started_at="2026-01-31T00:00:00Z", records=0, differing=0, moving=0, audiences=counted, offsets={}
    )


@given(_VERSIONS)
def test_a_fold_is_what_a_subscriber_has(said: list[tuple[str, int, int, bool]]) -> None:
    """Where the topic ends with the newest event of each record."""
    fold = Fold()
    copy: dict[str, tuple[tuple[int, int], str | None]] = {}
    newest = {subject: (epoch, version, deleted) for subject, epoch, version, deleted in sorted(said)}
    again = [(subject, *one) for subject, one in newest.items()]
    for subject, epoch, version, deleted in [*said, *again]:
        fold.take(kept([event(subject, epoch, version, deleted=deleted, name=f"{epoch}.{version}")]))
        if subject not in copy or (epoch, version) >= copy[subject][0]:
            copy[subject] = (epoch, version), None if deleted else f"{epoch}.{version}"
    shown = {one: (order, name) for one, (order, name) in copy.items() if name is not None}
    assert {one: entry.order for one, entry in fold.live()} == {
        one: order for one, (order, _) in shown.items()
    }
    whole = Tally()
    for subject, entry in fold.live():
        whole.add(subject, entry.digest)
    data = {subject: {"name": name} for subject, (_, name) in shown.items()}
    assert is_whole(data, reconciled(whole), "shared")


@given(_VERSIONS)
def test_a_fold_says_of_which_records_a_broker_that_compacts_would_keep_another_event_than_the_newest(
    said: list[tuple[str, int, int, bool]],
) -> None:
    fold = Fold()
    fold.take(kept(event(subject, *order, deleted=deleted) for subject, *order, deleted in said))
    last = {subject: (epoch, version) for subject, epoch, version, _ in said}
    newest = {one: max((epoch, version) for of, epoch, version, _ in said if of == one) for one in last}
    assert {one: entry.order for one, entry in fold.entries.items()} == newest
    assert {one for one, entry in fold.entries.items() if entry.digest == WENT_BACK} == {
        one for one in last if last[one] != newest[one]
    }


def test_an_entry_is_small_however_large_the_body() -> None:
    fold = Fold()
    fold.take(kept(event(f"record {number}", 1, 1, name="x" * 60_000) for number in range(20)))
    sizes = [
        sum(map(sys.getsizeof, (subject, entry, entry.order, *entry.order, entry.digest)))
        for subject, entry in fold.entries.items()
    ]
    assert len(sizes) == 20
    assert max(sizes) < 400


def test_deletes_thin_events_and_what_is_no_event() -> None:
    fold = Fold()
    fold.take(kept([event("a", 1, 2), event("b", 1, 9, name="older"), event("b", 2, 1, deleted=True)]))
    fold.take(
        [Kept(("topic", 0), 3, b"c", b"{}", []), Kept(("topic", 0), 4, None, b"", [("ce_sequence", b"x")])]
    )
    assert fold.entries == {"a": Entry((1, 2), THIN), "b": Entry((2, 1), GONE)}
    assert (fold.epoch, fold.number) == (2, 7)


def test_what_is_not_wanted_is_not_kept() -> None:
    fold = Fold(lambda subject: subject == "b")
    fold.take(kept([event("a", 3, 1, name="x"), event("b", 1, 1, name="x")]))
    assert list(fold.entries) == ["b"]
    assert fold.epoch == 3


@pytest.mark.parametrize("change", ["left out", "other", "added"])
def test_a_tally_tells_in_which_chunk_records_differ_whatever_their_order(change: str) -> None:
    records = {f"record {number}": digest_of(str(number).encode()) for number in range(1_000)}
    one, other = Tally(), Tally()
    for subject, digest in records.items():
        one.add(subject, digest)
    shuffled = random.Random(3).sample(list(records.items()), len(records))
    for subject, digest in shuffled:
        other.add(subject, digest)
    assert (one.differing(other), one.contents) == (set(), other.contents)
    changed = dict(shuffled)
    subject = "added" if change == "added" else "record 7"
    if change == "left out":
        del changed[subject]
    else:
        changed[subject] = digest_of(change.encode())
    third = Tally()
    for name, digest in changed.items():
        third.add(name, digest)
    assert one.differing(third) == {chunk_of(subject)}
    assert one.contents != third.contents


def test_a_copy_that_lacks_a_record_is_not_whole() -> None:
    whole = Tally()
    whole.add("a", THIN)
    whole.add("b", digest_of(b'{"name":"x"}'))
    said = reconciled(whole)
    assert is_whole({"a": None, "b": {"name": "x"}}, said, "shared")
    assert not is_whole({"b": {"name": "x"}}, said, "shared")
    assert not is_whole({"a": None, "b": {"name": "y"}}, said, "shared")
